"""Any clip as MMAction2's and PYSKL's data sets hold one: the first step of their pipelines for other clips."""
from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import COORDINATES, SCORES, SkeletonTransform, sample_name
from mmskel.files.errors import UserError


@TRANSFORMS.register_module()
class PublishedClip2D(SkeletonTransform):
    """Gives every joint a confidence, which ``GenSkeFeat`` makes the third channel, and asks for the image's size.

    Args:
        squeeze: Whether frames in which nobody is seen are dropped, as ``DecompressPose`` does for Kinetics.
    """
    writes = (*COORDINATES, *SCORES, 'total_frames')
    coords = (2, )

    def __init__(self, squeeze: bool = False):
        self.squeeze = squeeze

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Adds scores of 1 where there are none, and drops empty frames."""
        if 'img_shape' not in sample:
            raise UserError(f"clip '{sample_name(sample)}' does not say how large its images are, and the recogniser "
                            'takes joints relative to the image; give img_shape=(height, width)')
        keypoint = sample['keypoint']
        score = sample.get('keypoint_score')
        changed = dict(keypoint_score=np.ones(keypoint.shape[:-1], np.float32) if score is None else score)
        seen = (changed['keypoint_score'] > 0).any((0, 2))
        if self.squeeze and seen.any() and not seen.all():
            changed.update(keypoint=keypoint[:, seen], keypoint_score=changed['keypoint_score'][:, seen],
                           total_frames=int(seen.sum()))
        return changed


@TRANSFORMS.register_module()
class PublishedClip3D(SkeletonTransform):
    """Takes the confidence from joints in 3-D, which those data sets do not have and ``GenSkeFeat`` would append."""
    writes = None
    coords = (3, )
    replaces = True

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """The sample without scores."""
        return {key: value for key, value in sample.items() if key not in SCORES}
