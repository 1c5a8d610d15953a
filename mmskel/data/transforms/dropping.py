"""Augmentation by leaving out: a coordinate axis, some joints in some frames (SkateFormer)."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import COORDINATES, SCORES, CoordinateTransform, SkeletonTransform


@TRANSFORMS.register_module()
class RandomDropAxis(CoordinateTransform):
    """Sets one coordinate axis of the clip to zero.

    Args:
        probability: Share of the clips that are changed.
    """

    def __init__(self, probability: float = 0.5):
        self.probability = probability

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """The axis."""
        return dict(axis=int(rng.integers(sample['keypoint'].shape[-1])))

    def move(self, keypoint: np.ndarray, axis: int) -> np.ndarray:
        """(M, T, V, C) with an axis at zero."""
        moved = keypoint.copy()
        moved[..., axis] = 0
        return moved


@TRANSFORMS.register_module()
class RandomDropJoints(SkeletonTransform):
    """Sets some joints to zero in some frames, for all persons alike.

    Args:
        joints: Smallest and largest number of joints.
        frames: Smallest and largest number of frames.
        probability: Share of the clips that are changed.
    """
    writes = (*COORDINATES, *SCORES)

    def __init__(self, joints: Sequence[int] = (5, 15), frames: Sequence[int] = (16, 32), probability: float = 0.5):
        self.joints, self.frames, self.probability = tuple(joints), tuple(frames), probability

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """The joints and frames, at most all of them."""
        _, frames, joints, _ = sample['keypoint'].shape
        many = [min(int(rng.integers(low, high + 1)), there)
                for (low, high), there in ((self.joints, joints), (self.frames, frames))]
        return dict(joints=rng.choice(joints, many[0], replace=False),
                    frames=rng.choice(frames, many[1], replace=False))

    def transform(self, sample: dict[str, Any], joints: np.ndarray, frames: np.ndarray) -> dict[str, Any]:
        """Zeroes every one of the joints in every one of the frames, scores included."""
        changed = {key: sample[key].copy() for key in (*COORDINATES, *SCORES) if key in sample}
        for value in changed.values():
            value[:, frames[:, None], joints] = 0
        return changed
