"""Ten everyday actions as tracks of joint angles: the poses that :mod:`mmskel.synthetic.motions` gives its figures.

An action takes a standing pose and changes its angles over time, as if the person were right-handed; the
figure's handedness, its proportions, its place and its view are handled elsewhere. ``T`` frames.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SIDES = ('right', 'left')


@dataclass
class Pose:
    """What a figure does over T frames, as if it were right-handed.

    Args:
        angles: Segment -> (T, 3) degrees: flexion (forwards; of knees and the trunk: backwards, forwards), sideways
            (outwards), twist (inwards).
        rise: (T,) metres between the lower foot and the floor.
        travel: (T,) metres walked forwards.
        support: Foot or feet the figure stands on: ``'both'`` feet, the ``'left'`` one, or ``''`` (the hips are the
            anchor).
    """
    angles: dict[str, np.ndarray]
    rise: np.ndarray
    travel: np.ndarray
    support: str = 'both'

    def blend(self, segment: str, weight: np.ndarray | float, flex=0., side=0., twist=0.) -> None:
        """Moves a segment from its current angles towards others (numbers or (T,)) by ``weight`` in [0, 1]."""
        for axis, angle in enumerate((flex, side, twist)):
            track = self.angles[segment][:, axis]
            track += weight * (angle - track)

    def add(self, segment: str, flex=0., side=0., twist=0.) -> None:
        """Adds angles to those of a segment."""
        for axis, angle in enumerate((flex, side, twist)):
            self.angles[segment][:, axis] += angle


@dataclass
class Take:
    """One recording of an action: its clock (T,) in seconds, its own randomness, and how large and fast it is."""
    rng: np.random.Generator
    seconds: np.ndarray
    size: float
    speed: float

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def wave(self, low: float, high: float) -> np.ndarray:
        """(T,) sine of a frequency drawn between two (Hz), times the speed, at a random phase."""
        return np.sin(2 * np.pi * (self.between(low, high) * self.speed * self.seconds + self.rng.random()))

    def progress(self) -> np.ndarray:
        """(T,) 0 to 1: when the action happens within the clip; still before and after."""
        last = len(self.seconds) - 1
        first, end = self.between(0, .3) * last, self.between(.7, 1) * last
        return np.clip((np.arange(last + 1) - first) / (end - first), 0, 1)

    def held(self) -> np.ndarray:
        """(T,) 0 to 1: a posture taken up (in half of the clips before they begin), and perhaps given up at the end."""
        place = np.linspace(0, 1, len(self.seconds))
        up = ease(place / self.between(.12, .3)) if self.rng.random() < .5 else 1.
        down = ease((1 - place) / self.between(.12, .25)) if self.rng.random() < .3 else 1.
        return np.minimum(up, down) * np.ones_like(place)


def ease(x: np.ndarray) -> np.ndarray:
    """(T,) 0 to 1 with a soft start and stop; clipped outside."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def through(progress: np.ndarray, *points: tuple[float, float]) -> np.ndarray:
    """(T,) values that pass softly through (progress, value) points and rest before the first and after the last."""
    at, value = np.array(points, float).T
    place = np.clip(np.searchsorted(at, progress, side='right') - 1, 0, len(at) - 2)
    share = ease((progress - at[place]) / (at[place + 1] - at[place]))
    return value[place] + share * (value[place + 1] - value[place])


def _wave(pose: Pose, take: Take, sides: tuple[str, ...] = ('right', )) -> None:
    held, lift, bent = take.held(), take.between(50, 125), take.between(55, 85)
    swing = take.size * take.between(20, 34) * take.wave(1.1, 2.3)
    mirrored = take.rng.random() < .5
    for side in sides:
        phase = -1 if side == 'left' and mirrored else 1
        pose.blend(f'{side}_shoulder', held, take.between(0, 25), lift, take.between(-95, -70))
        pose.blend(f'{side}_elbow', held, np.maximum(bent - .3 * (lift - 70) + phase * swing, 0))


def _wave_both(pose: Pose, take: Take) -> None:
    _wave(pose, take, SIDES)


def _clap(pose: Pose, take: Take) -> None:
    held, forward, bent = take.held(), take.between(15, 60), take.between(55, 95)
    # a twist that brings hand to hand, and an opening that does not cross the arms
    closed, open_ = take.between(30, 38), take.size * take.between(18, 34)
    twist = closed - open_ * (.5 + .5 * take.wave(1.3, 2.6))
    for side in SIDES:
        pose.blend(f'{side}_shoulder', held, forward, 6, twist)
        pose.blend(f'{side}_elbow', held, bent)


def _throw(pose: Pose, take: Take) -> None:
    when, size = take.progress(), take.size
    away, back, follow = take.between(.3, .42), size * take.between(75, 105), take.between(20, 60)
    release = away + take.between(.14, .22)
    busy = through(when, (0, 0), (.12, 1), (.85, 1), (1, 0))
    pose.blend('right_shoulder', busy, through(when, (0, 0), (away, -25), (release, size * 95), (.8, follow), (1, 0)),
               through(when, (0, 5), (away, 80), (release, 25), (.8, -5), (1, 5)),
               through(when, (0, 0), (away, -back), (release, -20), (.8, 15), (1, 0)))
    pose.blend('right_elbow', busy, through(when, (0, 15), (away, size * 95), (release, 5), (1, 15)))
    pose.add('left_shoulder', through(when, (0, 0), (away, take.between(10, 50)), (release, -10), (1, 0)))
    pose.add('trunk', through(when, (0, 0), (away, -8), (release, size * 18), (1, 0)), 0,
             through(when, (0, 0), (away, -size * 25), (release, size * 25), (1, 0)))
    pose.add('right_hip', through(when, (0, 0), (release, -10), (1, 0)))


def _kick(pose: Pose, take: Take) -> None:
    when, size = take.progress(), take.size
    away = take.between(.25, .4)
    hit = away + take.between(.15, .25)
    pose.support = 'left'
    pose.add('right_hip', through(when, (0, 0), (away, -22 * size), (hit, size * take.between(50, 85)), (1, 0)))
    pose.add('right_knee', through(when, (0, 0), (away, 70 * size), (hit, take.between(0, 15)), (1, 0)))
    pose.add('left_knee', through(when, (0, 0), (hit, 12), (1, 0)))
    pose.add('left_hip', through(when, (0, 0), (hit, 6), (1, 0)))
    pose.add('trunk', through(when, (0, 0), (away, 10), (hit, -size * take.between(4, 16)), (1, 0)))
    arms = take.between(15, 45)
    for side in SIDES:
        pose.add(f'{side}_shoulder', through(when, (0, 0), (hit, -arms if side == 'right' else arms), (1, 0)),
                 through(when, (0, 0), (hit, take.between(5, 30)), (1, 0)))


def _walk(pose: Pose, take: Take) -> None:
    pace, start = take.between(.75, 1.15) * take.speed, take.rng.random()
    turn = 2 * np.pi * (pace * take.seconds + start)
    step, arms, lift = take.size * take.between(18, 28), take.between(12, 35), take.between(40, 60)
    for side, shift in (('right', 0.), ('left', np.pi)):
        pose.add(f'{side}_hip', step * np.sin(turn + shift) + 4)
        # the knee bends while its leg swings forwards
        pose.add(f'{side}_knee', 6 + lift * np.maximum(np.cos(turn + shift), 0)**2)
        pose.add(f'{side}_shoulder', -arms * np.sin(turn + shift))
        pose.add(f'{side}_elbow', 8 - .3 * arms * np.sin(turn + shift))
    pose.add('trunk', 3, 0, -4 * np.sin(turn))
    on_the_spot = take.rng.random() < .3
    pose.support = ''
    pose.travel = pose.travel + (0 if on_the_spot else 1) * 4 * .82 * np.sin(np.radians(step)) * pace * take.seconds


def _jump(pose: Pose, take: Take) -> None:
    when, depth = take.progress(), take.size * take.between(35, 60)
    low, off, land = take.between(.22, .3), take.between(.4, .46), take.between(.62, .7)
    crouch = through(when, (0, 0), (low, depth), (off, 0), (land, 4), (land + .1, .7 * depth), (1, 0))
    swing = through(when, (0, 0), (low, -40), (off, take.between(20, 140)), (land, 25), (1, 0))
    for side in SIDES:
        pose.add(f'{side}_hip', crouch)
        pose.add(f'{side}_knee', 1.7 * crouch)
        pose.add(f'{side}_shoulder', swing)
    pose.add('trunk', .55 * crouch)
    air = np.clip((when - off) / (land - off), 0, 1)
    pose.rise = pose.rise + 4 * take.size * take.between(.14, .3) * air * (1 - air)


def _bow(pose: Pose, take: Take) -> None:
    when, deep, hanging = take.progress(), min(take.size * take.between(32, 85), 95), take.rng.random()
    lean = through(when, (0, 0), (take.between(.25, .45), deep), (take.between(.5, .75), deep), (1, 0))
    pose.add('trunk', lean)
    pose.add('head', .25 * lean)
    for side in SIDES:
        pose.add(f'{side}_shoulder', hanging * lean)
        pose.add(f'{side}_hip', -.08 * lean)


def _sit_down(pose: Pose, take: Take, backwards: bool = False) -> None:
    when = take.progress()
    down = ease(1 - when if backwards else when)
    lean = take.between(22, 42) * np.sin(np.pi * down) + take.between(-4, 8) * down
    hands, seat = take.between(0, 1), take.between(78, 95)
    for side in SIDES:
        pose.add(f'{side}_hip', seat * down)
        pose.add(f'{side}_knee', (seat + take.between(-8, 8)) * down)
        pose.add(f'{side}_shoulder', hands * 25 * down + .5 * lean)
        pose.add(f'{side}_elbow', hands * 45 * down)
    pose.add('trunk', lean)


def _stand_up(pose: Pose, take: Take) -> None:
    _sit_down(pose, take, backwards=True)


ACTIONS: dict[str, Callable[[Pose, Take], None]] = dict(
    wave=_wave, wave_both=_wave_both, clap=_clap, throw=_throw, kick=_kick, walk=_walk, jump=_jump, bow=_bow,
    sit_down=_sit_down, stand_up=_stand_up)
"""Name -> function that changes a pose; in label order."""
