"""From tracked frames to the dense arrays of a clip: who is kept, in which slot."""
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from mmskel.pose.poses import Poses

ORDERS = ('importance', 'entry')


@dataclass(frozen=True)
class TrackArrays:
    """M persons over T frames; a frame without the person is zero, scores included. M may be 0.

    Args:
        keypoint: (M, T, V, 2) float32 pixels.
        score: (M, T, V) float32.
        track_id: (M,) int64 numbers given by the tracker.
        boxes: (M, T, 4) float32 x1, y1, x2, y2.
        box_score: (M, T) float32.
    """
    keypoint: np.ndarray
    score: np.ndarray
    track_id: np.ndarray
    boxes: np.ndarray
    box_score: np.ndarray

    @property
    def present(self) -> np.ndarray:
        """(M, T) bool: whether the person was found in the frame."""
        return self.box_score > 0


def tracks_to_clip(frames: Sequence[Poses], numbers: Sequence[np.ndarray], max_persons: int | None = None,
                   confirmed: Collection[int] | None = None, order: str = 'importance') -> TrackArrays:
    """Dense arrays of the most important tracks.

    A track's importance is its length times its mean score: the sum over its frames of the mean score of the joints
    (of the score of the box, if there are no joints).

    Args:
        frames: T frames, in order.
        numbers: T arrays (n,) as :meth:`mmskel.pose.tracking.Tracker.update` returned them; -1: nobody.
        max_persons: At most so many, the most important. Default: all.
        confirmed: Only these tracks, e.g. ``tracker.confirmed``. Default: all.
        order: Slots by ``'importance'``, so that a recogniser that reads the first few slots reads the main persons,
            or by ``'entry'`` into the picture. Ties: the smaller number first.

    Raises:
        ValueError: If there are no frames, lengths do not agree, frames differ in their number of joints, a number
            occurs twice in a frame, or an option is unknown.
    """
    if not len(frames) or len(frames) != len(numbers):
        raise ValueError(f'{len(frames)} frames and numbers for {len(numbers)}; expected as many, at least one')
    if max_persons is not None and max_persons < 1:
        raise ValueError(f'max_persons is {max_persons}; expected at least 1, or None for all')
    if order not in ORDERS:
        raise ValueError(f"order is '{order}'; expected one of {', '.join(ORDERS)}")
    joints = sorted({found.num_joints for found in frames if len(found)}) or [max(f.num_joints for f in frames)]
    if len(joints) > 1:
        raise ValueError(f'frames with {joints} joints; expected one number of joints')
    importance: dict[int, float] = {}
    entry: dict[int, int] = {}
    for t, (found, given) in enumerate(zip(frames, numbers)):
        given = np.asarray(given)
        if given.shape != (len(found), ):
            raise ValueError(f'frame {t}: {len(found)} persons and numbers of shape {given.shape}')
        kept = given[given >= 0]
        if len(np.unique(kept)) != len(kept):
            raise ValueError(f'frame {t}: a track occurs twice: {sorted(kept.tolist())}')
        worth = found.score.mean(1) if joints[0] else found.box_scores
        for number, value in zip(given.tolist(), worth.tolist()):
            if number >= 0 and (confirmed is None or number in confirmed):
                importance[number] = importance.get(number, 0.0) + value
                entry.setdefault(number, t)
    chosen = sorted(importance, key=lambda number: (-importance[number], number))[:max_persons]
    if order == 'entry':
        chosen.sort(key=lambda number: (entry[number], number))
    return _fill(frames, numbers, chosen, joints[0])


def _fill(frames: Sequence[Poses], numbers: Sequence[np.ndarray], chosen: list[int], V: int) -> TrackArrays:
    M, T = len(chosen), len(frames)
    arrays = TrackArrays(np.zeros((M, T, V, 2), np.float32), np.zeros((M, T, V), np.float32),
                         np.array(chosen, np.int64), np.zeros((M, T, 4), np.float32), np.zeros((M, T), np.float32))
    slot = {number: m for m, number in enumerate(chosen)}
    for t, (found, given) in enumerate(zip(frames, numbers)):
        for i, number in enumerate(np.asarray(given).tolist()):
            if number in slot:
                m = slot[number]
                arrays.keypoint[m, t], arrays.score[m, t] = found.keypoint[i], found.score[i]
                arrays.boxes[m, t], arrays.box_score[m, t] = found.boxes[i], found.box_scores[i]
    return arrays
