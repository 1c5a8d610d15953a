"""Scenes of several persons made from clips of one: couples, such as a player and their marker, and one ball.

A scene's class is who has the ball and with whom: the holder's action and their partner's. The order of the
persons says who belongs together, and their positions do not: a partner beside the holder would be recognisable by the
distance from the ball, for each person alone. Every scene of ``2 c`` persons has the same actions and the same couples
and differs only in who has the ball, so that neither who is there, nor how often an action is done, nor which actions
meet reveals a scene's class:

* without the ball all classes look alike (chance);
* with the ball, but without knowing who belongs together, the holder's action is known, the partner's is not (half of
  the gain over chance for two actions);
* with both, both actions are.

NumPy only. Symbols: M persons, T frames, V joints.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmskel.skeleton import Clip, Layout, LayoutError, get_layout

_SIZE = (720, 1280)  # of the image, height and width
_HEIGHT = 150.  # of a person in pixels
_HANDS = (('right_hand', 'right_wrist'), ('left_hand', 'left_wrist'))  # the ball is at one of the first there is


def couples_of(actions: int) -> list[tuple[int, int]]:
    """The couples of every scene: each pair of actions once, in the order 00, 01, 11 (for two)."""
    return [(a, b) for a in range(actions) for b in range(a, actions)]


def flat(clip: Clip, frames: int) -> np.ndarray:
    """(T', V, 2): the clip's first person seen from the front, evenly in ``frames`` frames, y down, one unit tall, its
    mean place at 0."""
    at = np.linspace(0, clip.num_frames - 1, frames).round().astype(int)
    points = np.array(clip.keypoint[0, at, :, :2], np.float64)
    if clip.keypoint.shape[-1] == 3:
        points[..., 1] *= -1  # up in metres, down in pixels
    seen = clip.score[0, at] > 0
    if not seen.any():
        return np.zeros(points.shape)
    inside = points[seen]
    height = np.median(np.ptp(np.where(seen[..., None], points, inside.mean(0)), axis=1)[:, 1])
    return np.where(seen[..., None], (points - inside.mean(0)) / max(height, 1e-6), 0)


def mirrored(points: np.ndarray, layout: Layout) -> np.ndarray:
    """(..., V, 2) seen in a mirror: x negated, left and right joints exchanged."""
    turned = points[..., layout.swap, :].copy()
    turned[..., 0] *= -1
    return turned


def compose(name: str, cast: Sequence[tuple[Clip, Clip]], holder: tuple[int, int], label: int, frames: int,
            rng: np.random.Generator) -> Clip:
    """A scene from its cast.

    Everybody stands at a random place in a row and may be mirrored. Person 2 i and 2 i + 1 are a couple, in a
    random order. The ball is at a hand of the holder, not seen in about a tenth of the frames.

    Args:
        name: Id of the scene.
        cast: Clips of one person, couple by couple; of one layout.
        holder: Couple and person in it that hold the ball, before they are shuffled.
        label: Label of the scene.
        frames: Number of frames, T.
        rng: Generator of all randomness.

    Returns:
        (2 c, T, V, 2) in pixels, with ``objects['ball']``.

    Raises:
        LayoutError: A layout without hands or wrists.
    """
    layout = get_layout(cast[0][0].layout)
    hands = [next((layout.joints.index(joint) for joint in side if joint in layout.joints), None) for side in _HANDS]
    if None in hands:
        raise LayoutError(f"layout '{layout.name}' has neither hands nor wrists, where a ball could be")
    number = 2 * len(cast)
    width, height = _SIZE[1], _SIZE[0]
    keypoint = np.zeros((number, frames, layout.num_joints, 2), np.float32)
    ball = np.zeros((frames, 3), np.float32)
    order = [(int(couple), who) for couple in rng.permutation(len(cast)) for who in rng.permutation(2).tolist()]
    for person, (couple, who), place in zip(range(number), order, rng.permutation(number)):
        points = flat(cast[couple][who], frames)
        seen = points.any(-1)
        if rng.integers(2):
            points, seen = mirrored(points, layout), seen[..., layout.swap]
        middle = np.array([(place + .5) / number * width, height / 2]) + rng.normal(0, (12, 40))
        points = points * _HEIGHT * rng.uniform(.85, 1.15) + middle
        keypoint[person] = np.where(seen[..., None], points + rng.normal(0, 1, points.shape), 0)
        if (couple, who) == holder:
            ball[:, :2] = points[:, hands[int(rng.integers(2))]] + rng.normal(0, 3, (frames, 2))
            ball[:, 2] = 1
    ball[rng.random(frames) < .1] = 0
    return Clip(name, keypoint, (keypoint != 0).any(-1).astype(np.float32), layout.name, 'pixel', _SIZE, 25., label,
                objects=dict(ball=ball))


def scene_of(name: str, label: int, by_action: Sequence[Sequence[Clip]], frames: int, rng: np.random.Generator) -> Clip:
    """A scene of class ``holder's action * A + partner's action``.

    Args:
        name: Id of the scene.
        label: Class of the scene.
        by_action: Lists of clips to choose from, one for each of A actions.
        frames: Number of frames, T.
        rng: Generator of all randomness.
    """
    held, partner = divmod(label, len(by_action))
    couples = couples_of(len(by_action))
    couple = couples.index((min(held, partner), max(held, partner)))
    who = int(rng.integers(2)) if held == partner else couples[couple].index(held)
    pick = [[by_action[action][rng.integers(len(by_action[action]))] for action in pair] for pair in couples]
    return compose(name, [(a, b) for a, b in pick], (couple, who), label, frames, rng)
