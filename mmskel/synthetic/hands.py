"""Made-up hands in the poses of HaGRID's gestures: 21 joints, as MediaPipe and mmpose number them, in pixels.

Enough to see whether a recogniser of gestures does what it should; not a data set to report results on. A hand is drawn
flat, in units of its palm's length, x to the right and y upwards, as a camera sees the palm of a left hand; then it
varies in handedness, size, place, tilt and proportions, and every frame in noise.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmskel.files.errors import UserError
from mmskel.skeleton import Clip

IMAGE_SIZE = (720, 1280)
FPS = 10.
_FINGERS = ('index', 'middle', 'ring', 'little')
# knuckle; lengths of the three bones after it; degrees that a spread finger leans outwards
_HAND = dict(index=((-.26, .95), (.45, .27, .22), -12), middle=((-.02, 1.), (.5, .3, .24), -2),
             ring=((.2, .93), (.46, .28, .23), 8), little=((.4, .8), (.36, .2, .2), 20))
# thumbs: four joints from the wrist on
_THUMBS = dict(out=((-.22, .18), (-.45, .42), (-.62, .66), (-.76, .88)),
               in_palm=((-.22, .18), (-.38, .45), (-.2, .62), (.02, .66)),
               along=((-.22, .2), (-.42, .45), (-.5, .75), (-.52, 1.)),
               aside=((-.25, .18), (-.52, .36), (-.8, .5), (-1.05, .62)))
# gesture -> fingers that are stretched, thumb, share of the spread, tilt in degrees
_POSES = {
    'fist': ((), 'in_palm', 1., 0), 'palm': (_FINGERS, 'out', 1., 0), 'stop sign': (_FINGERS, 'along', .2, 0),
    'one': (('index', ), 'in_palm', 1., 0), 'peace': (('index', 'middle'), 'in_palm', 1., 0),
    'two up': (('index', 'middle'), 'in_palm', .1, 0), 'three (middle)': (_FINGERS[:3], 'in_palm', 1., 0),
    'three (left)': (('index', 'middle'), 'out', 1., 0), 'four': (_FINGERS, 'in_palm', 1., 0),
    'rock': (('index', 'little'), 'in_palm', 1., 0), 'call': (('little', ), 'aside', 1., -65)}
# a fist from its side, thumb up: knuckles below each other, fingers folded towards the camera
_SIDE_THUMB = ((.18, .2), (.42, .42), (.55, .72), (.6, 1.))
_SIDE_KNUCKLES = ((.9, .35), (.9, .1), (.85, -.15), (.75, -.36))
_SIDE_FINGER = ((0, 0), (.25, -.02), (.02, -.1), (-.15, -.08))

GESTURES = (*_POSES, 'like', 'dislike')
"""The gestures that :func:`make_hand_clips` knows, by their names in HaGRID's recogniser."""


def hand_pose(gesture: str) -> np.ndarray:
    """One hand in a gesture, without any variation.

    Args:
        gesture: One of :data:`GESTURES`.

    Returns:
        (21, 2) in units of the palm's length; the wrist is the origin, y points upwards.

    Raises:
        UserError: An unknown gesture.
    """
    if gesture in ('like', 'dislike'):
        fingers = np.add(np.array(_SIDE_KNUCKLES)[:, None], _SIDE_FINGER).reshape(-1, 2)
        hand = np.concatenate([np.zeros((1, 2)), _SIDE_THUMB, fingers])
        return hand if gesture == 'like' else hand * (1, -1)
    if gesture not in _POSES:
        raise UserError(f"unknown gesture '{gesture}'; known: {', '.join(GESTURES)}")
    stretched, thumb, spread, tilt = _POSES[gesture]
    joints = [(0, 0), *_THUMBS[thumb]]
    for finger in _FINGERS:
        knuckle, lengths, lean = _HAND[finger]
        angle = np.deg2rad(lean * spread)
        steps = [np.array((np.sin(angle), np.cos(angle))) * length for length in lengths]
        if finger not in stretched:  # up a little, and back down into the palm
            steps = [np.array((0, step)) for step in (.56 * lengths[0], -.3, -.18)]
        joints += [knuckle, *(np.array(knuckle) + np.cumsum(steps, 0))]
    return _turned(np.array(joints, np.float64), tilt)


def _turned(hand: np.ndarray, degrees: float) -> np.ndarray:
    """Turned about the wrist; to the left if positive."""
    angle = np.deg2rad(degrees)
    return hand @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def make_hand_clips(num_per_gesture: int = 4, seed: int = 0, gestures: Sequence[str] = GESTURES, *,
                    num_frames: int = 10, noise: float = .015) -> list[Clip]:
    """Clips of held gestures.

    Args:
        num_per_gesture: Number of clips per gesture: every second one is of a right hand.
        seed: Seed of everything random.
        gestures: Members of :data:`GESTURES`.
        num_frames: Number of frames T.
        noise: Standard deviation per frame, joint and coordinate in palm lengths.

    Returns:
        The clips, gesture by gesture, with ids like ``'fist_1'`` and labels by their place in ``gestures``:
        (1, T, 21, 2) pixels of an image of 720 x 1280.

    Raises:
        UserError: An unknown gesture.

    Example:
        >>> clips = make_hand_clips(1, gestures=('fist', 'palm'))
        >>> clips[1].id, clips[1].layout, clips[1].keypoint.shape, clips[1].unit
        ('palm_0', 'hand21', (1, 10, 21, 2), 'pixel')
    """
    clips = []
    for label, gesture in enumerate(gestures):
        pose = hand_pose(gesture)
        for number in range(num_per_gesture):
            rng = np.random.default_rng([seed, label, number])
            hand = _turned(pose * rng.uniform(.92, 1.08, 2), rng.uniform(-8, 8))
            hand = hand * (-1, -1) if number % 2 else hand * (1, -1)  # images have y downwards
            frames = hand + rng.normal(0, noise, (num_frames, 21, 2))
            wrist = np.array(IMAGE_SIZE[::-1]) * rng.uniform((.35, .6), (.65, .8))
            joints = wrist + frames * rng.uniform(.12, .18) * IMAGE_SIZE[0]
            clips.append(Clip(f'{gesture}_{number}', joints[None].astype(np.float32), layout='hand21',
                              image_size=IMAGE_SIZE, fps=FPS, label=label))
    return clips
