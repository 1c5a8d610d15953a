"""MANs' view-invariant coordinates: every person's own axes, from the trunk in the first frame.

C. Xie et al., "Memory Attention Networks for Skeleton-based Action Recognition", IJCAI 2018, arXiv 1804.08254;
docs/published/mans.md.
"""
from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import CoordinateTransform, sample_name
from mmskel.skeleton import get_layout

_TRUNK = ('pelvis', 'spine', 'left_shoulder', 'right_shoulder', 'left_hip', 'right_hip', 'spine_shoulder')
# foot and what it stands in front of
_FEET = tuple((f'{side}_foot', f'{side}_ankle') for side in ('left', 'right'))


@TRANSFORMS.register_module()
class AlignTrunk3D(CoordinateTransform):
    """Every person in axes of their own: x to the right, y forward, z up along the trunk, the origin between the hips.

    Axes and origin are those of the first frame in which the person is seen, and stay, so the way through the room is
    kept. The direction of the trunk is the first principal axis of pelvis, spine, shoulders and hips, as far as the
    layout has them. The sign of a principal axis is arbitrary, so three rules look at the first person and negate an
    axis of everybody: z, if the left shoulder lies below the hips in the first frame; y, if a foot points backwards on
    average; x, if the right hip lies to the left of the left one on average. Averages are over all frames, empty ones
    included, as published. A misled rule mirrors the body. Without feet, y is negated with z, which mirrors nothing.

    A person whose first frame gives no axes (all joints in one place) is only moved. Absent persons and empty frames
    stay zero; if the first person is never seen, everything is zero, as published.

    Args:
        layout: Joint order; needs hips and the left shoulder.
    """

    def __init__(self, layout: str):
        joints = get_layout(layout).joints
        self.layout = layout
        self._hips = tuple(map(get_layout(layout).index, ('left_hip', 'right_hip')))
        self._shoulder = get_layout(layout).index('left_shoulder')
        self._trunk = [joints.index(joint) for joint in _TRUNK if joint in joints]
        self._feet = [tuple(map(joints.index, pair)) for pair in _FEET if set(pair) <= set(joints)]

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """Per person the origin (M, 3), the matrix (M, 3, 3) for row vectors, and the signs of the axes (3,).

        Raises:
            ValueError: Clips in two dimensions; named.
        """
        keypoint = sample['keypoint']
        if keypoint.shape[-1] != 3:
            raise ValueError(f"clip '{sample_name(sample)}': AlignTrunk3D needs 3 coordinates, found keypoint "
                             f'{keypoint.shape}; 2-D clips do without it')
        seen = (keypoint != 0).any((2, 3))
        first = seen.argmax(1)
        poses = keypoint[np.arange(len(keypoint)), first].astype(np.float64)
        origin = poses[:, self._hips].mean(1)
        turn = np.stack([self._axes(pose - start) for pose, start in zip(poses, origin)])
        if not seen[0].any():
            return dict(origin=origin, turn=turn, signs=np.zeros(3))
        main = self._placed(keypoint[:1], origin[:1], turn[:1])[0]
        left, right = self._hips
        signs = np.ones(3)
        signs[0] = -1 if (main[:, right, 0] - main[:, left, 0]).mean() < 0 else 1
        signs[2] = -1 if main[0, self._shoulder, 2] < 0 else 1
        signs[1] = signs[2] if not self._feet else -1 if any(
            (main[:, foot, 1] - main[:, ankle, 1]).mean() < 0 for foot, ankle in self._feet) else 1
        return dict(origin=origin, turn=turn, signs=signs)

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

    def move(self, keypoint: np.ndarray, origin: np.ndarray, turn: np.ndarray, signs: np.ndarray) -> np.ndarray:
        """(M, T, V, 3), shape kept."""
        return (self._placed(keypoint, origin, turn) * signs).astype(np.float32)
