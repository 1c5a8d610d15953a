"""The computations of published pipelines on coordinates, as functions of arrays. NumPy only.

Symbols: M persons, T frames, V joints, C coordinates.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

PERSON_RULES = ('absolute_sum', 'motion', 'largest')


def rotation_xyz(angles: Sequence[float], order: str = 'yxz') -> np.ndarray:
    """(3, 3) matrix for row vectors, ``x' = x . Ry(b) . Rx(a) . Rz(c)``, angles (a, b, c) in radians.

    ``order`` gives the axes of the first, second and third rotation.

    The N-UCLA protocol's convention: Rx has rows (1,0,0), (0,cos a,sin a), (0,-sin a,cos a); Ry rows
    (cos b,0,-sin b), (0,1,0), (sin b,0,cos b); Rz rows (cos c,sin c,0), (-sin c,cos c,0), (0,0,1).
    """
    (ca, cb, cc), (sa, sb, sc) = np.cos(angles), np.sin(angles)
    turn_x = np.array([[1, 0, 0], [0, ca, sa], [0, -sa, ca]])
    turn_y = np.array([[cb, 0, -sb], [0, 1, 0], [sb, 0, cb]])
    turn_z = np.array([[cc, sc, 0], [-sc, cc, 0], [0, 0, 1]])
    first, second, third = (dict(x=turn_x, y=turn_y, z=turn_z)[axis] for axis in order)
    return first @ second @ third


def valid_frames(keypoint: np.ndarray) -> int:
    """Frames of (M, T, V, C) whose coordinates do not sum to exactly zero; all, if there are none."""
    return int((keypoint.sum((0, 2, 3)) != 0).sum()) or keypoint.shape[1]


def middle_part(valid: int, share: float) -> tuple[int, int]:
    """First frame and number of frames of a share of the valid frames, cut from the middle as test pipelines do."""
    start = int((1 - share) * valid / 2)
    return start, valid - 2 * start


def stretch_frames(x: np.ndarray, frames: int) -> np.ndarray:
    """Linear interpolation of the second axis, (M, T, ...) -> (M, frames, ...) float32.

    Half-pixel centres: the first and last new frames lie half a step inside if there are fewer of them than T.
    """
    length = x.shape[1]
    at = np.clip((np.arange(frames) + 0.5) * length / frames - 0.5, 0, length - 1)
    before = at.astype(np.int64)
    after = np.minimum(before + 1, length - 1)
    weight = (at - before).astype(np.float32).reshape(-1, *(1, ) * (x.ndim - 2))
    return x[:, before] * (1 - weight) + x[:, after] * weight


def chosen_person(keypoint: np.ndarray, rule: str = 'absolute_sum') -> int:
    """The person of (M, T, V, C) that a rule keeps; the first on a tie.

    Args:
        keypoint: Coordinates; zeros if nobody is seen.
        rule: Criterion. ``'absolute_sum'``: the largest sum of absolute coordinates over the clip. Since coordinates
            are relative to somebody's first position, a person who stands still far away wins; published results of
            CascadeFormer come from it. ``'motion'``: the largest variance over time, summed over joints and
            coordinates, of the frames in which the person is seen, as its paper has it. ``'largest'``: the largest
            extent (width times height, in the image), summed over the frames: whoever is near and seen for long.
    """
    if rule == 'absolute_sum':
        return int(np.abs(keypoint).sum((1, 2, 3)).argmax())
    if rule == 'largest':
        known = (keypoint != 0).any(-1, keepdims=True)
        spans = np.where(known, keypoint, -np.inf).max(2) - np.where(known, keypoint, np.inf).min(2)
        return int(np.where(np.isfinite(spans), spans, 0)[..., :2].prod(-1).sum(1).argmax())
    seen = (keypoint != 0).any((2, 3))
    return int(np.argmax([person[frames].var(0).sum() if frames.any() else 0.
                          for person, frames in zip(keypoint, seen)]))
