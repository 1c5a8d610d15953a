"""Clips with a fitted body as input of any recogniser: points, or joint angles in the place of coordinates."""
from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.body.skel_joints import ANGLE_JOINT, ANGLES, mirror
from mmskel.data.transforms.base import SkeletonTransform, sample_name
from mmskel.files.errors import UserError
from mmskel.skeleton import get_layout

# place of each angle among those of its joint: the channel it becomes
_CHANNEL = np.array([ANGLE_JOINT[:n].count(joint) for n, joint in enumerate(ANGLE_JOINT)])
_FEATURES = ('points', 'angles')


@TRANSFORMS.register_module()
class BodyToSkeleton(SkeletonTransform):
    """Chooses what of a fitted body a recogniser sees, and mirrors it at random; the first step of a pipeline.

    Angles take the place of coordinates: the up to three angles of each joint are its three channels, zeros where a
    joint has fewer, so every graph recogniser of 3-D skeletons runs unchanged. They are unwrapped along time. Steps
    that turn, scale or centre coordinates make no sense for angles and have to be left out.

    A mirror image exchanges left and right by names: of points as of angles (:func:`mmskel.body.mirror`).

    Args:
        feature: ``'points'`` or ``'angles'``.
        flip: Probability that a clip is mirrored; 0 for testing.

    Raises:
        UserError: If an argument is wrong, or a clip has no angles of SKEL; make them with ``mmskel fit``.
    """
    reads = ('keypoint', )
    writes = ('keypoint', 'keypoint_score', 'angles')
    coords = (3, )

    def __init__(self, feature: str = 'points', flip: float = 0.):
        if feature not in _FEATURES or not 0 <= flip <= 1:
            raise UserError(f"BodyToSkeleton(feature='{feature}', flip={flip}); expected feature "
                            f"{' or '.join(_FEATURES)}, flip from 0 to 1")
        self.feature, self.flip = feature, flip

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """Whether to mirror."""
        return dict(mirrored=bool(self.flip and rng.random() < self.flip))

    def transform(self, sample: dict[str, Any], mirrored: bool = False) -> dict[str, Any]:
        """``keypoint`` (M, T, 24, 3), its scores, and ``angles``."""
        keypoint, angles, score = sample['keypoint'], sample.get('angles'), sample.get('keypoint_score')
        if angles is not None and tuple(sample.get('angle_names', ())) != ANGLES or \
                angles is None and self.feature == 'angles':
            raise UserError(f"clip '{sample_name(sample)}' has no joint angles of SKEL; fit a body with mmskel fit")
        if mirrored:
            swap = get_layout(sample.get('layout', 'skel24')).swap
            keypoint = (keypoint * np.array((-1, 1, 1), keypoint.dtype))[:, :, swap]
            score = None if score is None else score[:, :, swap]
            angles = None if angles is None else mirror(angles)
        if self.feature == 'angles':
            keypoint = angles_as_joints(angles)
        changed = dict(keypoint=keypoint, keypoint_score=score, angles=angles)
        return {key: value for key, value in changed.items() if value is not None}


def angles_as_joints(angles: np.ndarray) -> np.ndarray:
    """(M, T, 46) angles -> (M, T, 24, 3) float32: those of each joint as its channels, unwrapped along time."""
    out = np.zeros((*angles.shape[:2], 24, 3), np.float32)
    out[:, :, ANGLE_JOINT, _CHANNEL] = np.unwrap(angles, axis=1)
    return out
