"""The persons that a detector and a pose model found in one frame: the tracker's input."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmskel.files.errors import UserError


def _array(what: str, value, shape: tuple[int | str, ...]) -> np.ndarray:
    """``value`` as float32 of this shape; a letter in the shape stands for any length.

    Raises:
        UserError: If the shape is different, or a value is NaN or infinite.
    """
    value = np.asarray(value, np.float32)
    if value.size == 0 and value.ndim < len(shape) and shape[0] in ('n', 0):
        value = value.reshape(tuple(0 if isinstance(length, str) else length for length in shape))
    if value.ndim != len(shape) or any(have != want for have, want in zip(value.shape, shape) if isinstance(want, int)):
        raise UserError(f'{what} has shape {value.shape}; expected ({", ".join(map(str, shape))})')
    if not np.isfinite(value).all():
        raise UserError(f'{what} holds NaN or infinity')
    return value


@dataclass(frozen=True)
class Poses:
    """The n persons found in one frame; n may be 0. Pixels, any order.

    Args:
        boxes: (n, 4) x1, y1, x2, y2.
        box_scores: (n,) confidence of the boxes, in [0, 1].
        keypoint: (n, V, 2). Default: none, V = 0; boxes alone can be tracked.
        score: (n, V) confidence of the joints. Default: 1 everywhere.

    Raises:
        UserError: If a shape is wrong, a value is not finite, or a box ends before it begins.
    """
    boxes: np.ndarray
    box_scores: np.ndarray
    keypoint: np.ndarray | None = None
    score: np.ndarray | None = None

    def __post_init__(self):
        boxes = _array('boxes', self.boxes, ('n', 4))
        n = len(boxes)
        box_scores = _array('box_scores', self.box_scores, (n, ))
        keypoint = self.keypoint if self.keypoint is not None else np.zeros((n, 0, 2), np.float32)
        keypoint = _array('keypoint', keypoint, (n, 'V', 2))
        V = keypoint.shape[1]
        score = _array('score', self.score if self.score is not None else np.ones((n, V), np.float32), (n, V))
        if (boxes[:, 2:] < boxes[:, :2]).any():
            wrong = int(np.flatnonzero((boxes[:, 2:] < boxes[:, :2]).any(1))[0])
            raise UserError(f'box {wrong} is {boxes[wrong].tolist()}; expected x1, y1, x2, y2 with x1 <= x2 and '
                            'y1 <= y2. Was it x, y, width, height?')
        for name, value in (('boxes', boxes), ('box_scores', box_scores), ('keypoint', keypoint), ('score', score)):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        """n, the number of persons."""
        return len(self.boxes)

    @property
    def num_joints(self) -> int:
        """V, the number of joints; 0 for boxes alone."""
        return self.keypoint.shape[1]

    def take(self, order: np.ndarray) -> Poses:
        """The persons at these indices or where this mask holds."""
        return Poses(self.boxes[order], self.box_scores[order], self.keypoint[order], self.score[order])

    def canonical_order(self) -> np.ndarray:
        """(n,) permutation: best score first, then by box and skeleton; the same set gives the same sequence."""
        skeletons = self.keypoint.reshape(len(self), 2 * self.num_joints)
        rows = np.concatenate([-self.box_scores[:, None], self.boxes, skeletons], 1).tolist()
        return np.array(sorted(range(len(self)), key=rows.__getitem__), int)
