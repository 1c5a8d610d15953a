"""MANs' view-invariant coordinates: every person's own axes, from the trunk in the first frame.

C. Xie et al., "Memory Attention Networks for Skeleton-based Action Recognition", IJCAI 2018, arXiv 1804.08254;
docs/published/mans.md.
"""
from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import CoordinateTransform
from mmskel.skeleton.trunk import Axes, TrunkAxes


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
    coords = (3, )

    def __init__(self, layout: str):
        self.layout = layout
        self._axes = TrunkAxes(layout)

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """The axes of every person, :class:`~mmskel.skeleton.trunk.Axes`."""
        return dict(axes=self._axes.find(sample['keypoint']))

    def move(self, keypoint: np.ndarray, axes: Axes) -> np.ndarray:
        """(M, T, V, 3), shape kept."""
        return self._axes.place(keypoint, axes)
