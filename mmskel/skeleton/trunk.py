"""The trunk's own axes: view-invariant coordinates of every person, from the first frame in which it is seen.

C. Xie et al., "Memory Attention Networks for Skeleton-based Action Recognition", IJCAI 2018, arXiv 1804.08254;
docs/published/mans.md. NumPy only. Symbols: M persons, T frames, V joints.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mmskel.skeleton.tables import get_layout

_TRUNK = ('pelvis', 'spine', 'left_shoulder', 'right_shoulder', 'left_hip', 'right_hip', 'spine_shoulder')
# foot and what it stands in front of
_FEET = tuple((f'{side}_foot', f'{side}_ankle') for side in ('left', 'right'))


class Axes(NamedTuple):
    """Where every person's axes are.

    Attributes:
        origin: (M, 3), between the hips.
        turn: (M, 3, 3), matrices for row vectors; their columns are x, y and z.
        signs: (3,), of the axes of everybody.
    """
    origin: np.ndarray
    turn: np.ndarray
    signs: np.ndarray


class TrunkAxes:
    """Finds the axes of persons of one layout, and places joints in them.

    Args:
        layout: Joint order; needs hips and the left shoulder.
    """

    def __init__(self, layout: str):
        table = get_layout(layout)
        self._hips = table.index('left_hip'), table.index('right_hip')
        self._shoulder = table.index('left_shoulder')
        self._trunk = [table.joints.index(joint) for joint in _TRUNK if joint in table.joints]
        self._feet = [tuple(map(table.joints.index, pair)) for pair in _FEET if set(pair) <= set(table.joints)]

    def find(self, keypoint: np.ndarray) -> Axes:
        """The axes of (M, T, V, 3)."""
        seen = (keypoint != 0).any((2, 3))
        first = seen.argmax(1)
        poses = keypoint[np.arange(len(keypoint)), first].astype(np.float64)
        origin = poses[:, self._hips].mean(1)
        turn = np.stack([self._axes(pose - start) for pose, start in zip(poses, origin)])
        if not seen[0].any():
            return Axes(origin, turn, np.zeros(3))
        main = self._placed(keypoint[:1], origin[:1], turn[:1])[0]
        left, right = self._hips
        signs = np.ones(3)
        signs[0] = -1 if (main[:, right, 0] - main[:, left, 0]).mean() < 0 else 1
        signs[2] = -1 if main[0, self._shoulder, 2] < 0 else 1
        signs[1] = signs[2] if not self._feet else -1 if any(
            (main[:, foot, 1] - main[:, ankle, 1]).mean() < 0 for foot, ankle in self._feet) else 1
        return Axes(origin, turn, signs)

    def place(self, keypoint: np.ndarray, axes: Axes) -> np.ndarray:
        """(M, T, V, 3) in everyone's axes, float32; empty frames stay zero."""
        return (self._placed(keypoint, axes.origin, axes.turn) * axes.signs).astype(np.float32)

    def _axes(self, pose: np.ndarray) -> np.ndarray:
        """(V, 3) about the hips -> (3, 3), whose columns are x, y and z; the identity where there are none."""
        trunk = pose[self._trunk] - pose[self._trunk].mean(0)
        up = np.linalg.svd(trunk)[2][0]
        left, right = self._hips
        forward = np.cross(pose[left] - pose[right], up)
        across = np.cross(forward, up)
        axes = np.stack([across, forward, up], 1)
        length = np.linalg.norm(axes, axis=0)
        return axes / length if length.min() > 1e-8 else np.eye(3)

    @staticmethod
    def _placed(keypoint: np.ndarray, origin: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """(M, T, V, 3) in everyone's axes; empty frames stay zero."""
        seen = (keypoint != 0).any((2, 3), keepdims=True)
        return (keypoint - origin[:, None, None]) @ turn[:, None] * seen
