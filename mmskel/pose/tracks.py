"""From tracked frames to the dense arrays of a clip: who is kept, in which slot."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from mmskel.files.errors import UserError
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


class TrackRecord:
    """The findings along a video, frame by frame, as plain arrays: some hundred bytes per person and frame.

    Attributes:
        num_frames: Number of frames so far, T.
    """
    _BLOCK = 256  # frames whose arrays are joined

    def __init__(self):
        self.num_frames = 0
        self._recent: list[tuple[np.ndarray, ...]] = []
        self._blocks: list[tuple[np.ndarray, ...]] = []
        self._joints, self._most_joints = None, 0  # V: of frames with persons; of any
        self._importance: dict[int, float] = {}
        self._entry: dict[int, int] = {}

    def add(self, found: Poses, numbers: np.ndarray) -> None:
        """Takes in the next frame.

        Args:
            found: Persons of the frame, n.
            numbers: (n,) as :meth:`mmskel.pose.tracking.Tracker.update` returned them; -1: nobody.

        Raises:
            UserError: If lengths do not agree, a number occurs twice, or the number of joints changed.
        """
        t, numbers = self.num_frames, np.asarray(numbers)
        if numbers.shape != (len(found), ):
            raise UserError(f'frame {t}: {len(found)} persons and numbers of shape {numbers.shape}')
        kept = numbers[numbers >= 0]
        if len(np.unique(kept)) != len(kept):
            raise UserError(f'frame {t}: a track occurs twice: {sorted(kept.tolist())}')
        self._most_joints = max(self._most_joints, found.num_joints)
        if len(found):
            if self._joints not in (None, found.num_joints):
                raise UserError(f'frame {t} has {found.num_joints} joints and those before {self._joints}; expected '
                                'one number of joints')
            self._joints = found.num_joints
        worth = found.score.mean(1) if self._joints else found.box_scores
        for number, value in zip(numbers.tolist(), worth.tolist()):
            if number >= 0:
                self._importance[number] = self._importance.get(number, 0.0) + value
                self._entry.setdefault(number, t)
        if len(kept):
            rows = numbers >= 0
            self._recent.append((np.full(len(kept), t), kept, found.keypoint[rows], found.score[rows],
                                 found.boxes[rows], found.box_scores[rows]))
        self.num_frames += 1
        if len(self._recent) == self._BLOCK:
            self._join()

    def _join(self) -> None:
        if self._recent:
            self._blocks.append(tuple(np.concatenate(column) for column in zip(*self._recent)))
            self._recent = []

    def arrays(self, max_persons: int | None = None, confirmed: Collection[int] | None = None,
               order: str = 'importance') -> TrackArrays:
        """Dense arrays of the most important tracks.

        A track's importance is its length times its mean score: the sum over its frames of the mean score of the
        joints (of the score of the box, if there are no joints).

        Args:
            max_persons: Maximum number of persons, the most important ones. Default: all.
            confirmed: Tracks to keep, e.g. ``tracker.confirmed``. Default: all.
            order: Order of the slots: by ``'importance'``, so that a recogniser that reads the first few slots reads
                the main persons, or by ``'entry'`` into the image. Ties: the smaller number first.

        Raises:
            UserError: If there are no frames or an option is unknown.
        """
        if not self.num_frames:
            raise UserError('there are no frames; expected at least one')
        if max_persons is not None and max_persons < 1:
            raise UserError(f'max_persons is {max_persons}; expected at least 1, or None for all')
        if order not in ORDERS:
            raise UserError(f"order is '{order}'; expected one of {', '.join(ORDERS)}")
        self._join()
        wanted = self._importance if confirmed is None else self._importance.keys() & set(confirmed)
        chosen = sorted(wanted, key=lambda number: (-self._importance[number], number))[:max_persons]
        if order == 'entry':
            chosen.sort(key=lambda number: (self._entry[number], number))
        M, T, V = len(chosen), self.num_frames, self._most_joints if self._joints is None else self._joints
        dense = TrackArrays(np.zeros((M, T, V, 2), np.float32), np.zeros((M, T, V), np.float32),
                            np.array(chosen, np.int64), np.zeros((M, T, 4), np.float32), np.zeros((M, T), np.float32))
        for frame, number, keypoint, score, boxes, box_score in self._blocks:
            for m, one in enumerate(chosen):
                rows = number == one
                t = frame[rows]
                dense.keypoint[m, t], dense.score[m, t] = keypoint[rows], score[rows]
                dense.boxes[m, t], dense.box_score[m, t] = boxes[rows], box_score[rows]
        return dense
