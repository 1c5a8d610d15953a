"""3-D skeletons as a camera sees them."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import SkeletonTransform
from mmskel.files.errors import UserError


@TRANSFORMS.register_module()
class ProjectToImage(SkeletonTransform):
    """Joints in metres, in the space of a Kinect, become pixels of its image: 2-D clips for networks that need them.

    ``u = W / 2 - focal * x / z``, ``v = H / 2 - focal * y / z``: a pinhole camera without distortion, x to the left of
    the image, y up, z away from the camera (the space of Kinect's SDK, of N-UCLA, NTU RGB+D and of mmskel's lifters).
    Joints that are missing (all zero) or not in front of the camera are zero with score 0, other joints keep their
    score or have 1.

    Args:
        focal: Focal length in pixels; default: that of Kinect v1's depth camera in Microsoft's SDK, at 640 x 480.
        size: (H, W) of the image in pixels.
    """
    writes = ('keypoint', 'keypoint_score', 'img_shape', 'original_shape')
    coords = (3, )
    makes_coords = 2

    def __init__(self, focal: float = 571.26, size: Sequence[int] = (480, 640)):
        if not focal > 0 or len(size) != 2:
            raise UserError(f'focal = {focal}, size = {size}; expected a positive number of pixels and (H, W)')
        self.focal, self.size = focal, tuple(size)

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """(M, T, V, 3) metres -> (M, T, V, 2) pixels."""
        keypoint = sample['keypoint']
        height, width = self.size
        depth = keypoint[..., 2]
        seen = (depth > 0) & keypoint.any(-1)
        ratio = self.focal / np.where(seen, depth, 1)
        pixels = np.stack([width / 2 - ratio * keypoint[..., 0], height / 2 - ratio * keypoint[..., 1]], -1)
        score = sample.get('keypoint_score', np.ones(seen.shape, np.float32))
        return dict(keypoint=np.where(seen[..., None], pixels, 0).astype(np.float32),
                    keypoint_score=np.where(seen, score, 0).astype(np.float32),
                    img_shape=self.size, original_shape=self.size)
