"""Coordinates made comparable: the normalisations of the published pipelines."""
from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import CoordinateTransform, SkeletonTransform, sample_name
from mmskel.files.errors import UserError
from mmskel.skeleton import get_layout


@TRANSFORMS.register_module()
class CentreOnJoint(CoordinateTransform):
    """Subtracts one joint of one person in one frame from everything.

    Args:
        joint: Index, or name if ``layout`` is given.
        layout: Joint order, to give ``joint`` by name.
        frame: Index of the frame whose joint is taken.
        keep_missing: Whether joints that are exactly zero stay zero. N-UCLA's published feeders do not (False).
    """

    def __init__(self, joint: int | str, layout: str | None = None, frame: int = 0, keep_missing: bool = True):
        if isinstance(joint, str) and layout is None:
            raise UserError(f"CentreOnJoint: joint '{joint}' by name needs the layout")
        self.joint = get_layout(layout).index(joint) if isinstance(joint, str) else joint
        self.frame, self.keep_missing = frame, keep_missing

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """The origin, from ``keypoint``, so that all coordinate arrays move alike."""
        return dict(origin=sample['keypoint'][0, self.frame, self.joint].copy())

    def move(self, keypoint: np.ndarray, origin: np.ndarray) -> np.ndarray:
        """``keypoint - origin``; (M, T, V, C), origin (C,)."""
        moved = keypoint - origin
        if self.keep_missing:
            moved *= (keypoint != 0).any(-1, keepdims=True)
        return moved


@TRANSFORMS.register_module()
class RangeNormalize(CoordinateTransform):
    """Scales each axis of a clip so that the range of all persons, frames and joints becomes [-1, 1] (N-UCLA protocol,
    step 3).

    Cancels any centring and scaling before it, and stretches the body to a cube. An axis without extent becomes 0.

    Args:
        keep_missing: Whether joints that are exactly zero do not count for the range and stay zero. N-UCLA's published
            feeders treat them like any other (False).
    """

    def __init__(self, keep_missing: bool = True):
        self.keep_missing = keep_missing

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """Smallest and largest value of each axis, (C,)."""
        points = sample['keypoint'].reshape(-1, sample['keypoint'].shape[-1])
        if self.keep_missing:
            seen = (points != 0).any(-1)
            points = points[seen] if seen.any() else points
        return dict(low=points.min(0), high=points.max(0))

    def move(self, keypoint: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """``2 (x - low) / (high - low) - 1``."""
        extent = high - low
        flat = extent == 0
        scaled = (keypoint - low) / np.where(flat, 1, extent) * 2 - 1
        scaled[..., flat] = 0
        if self.keep_missing:
            scaled *= (keypoint != 0).any(-1, keepdims=True)
        return scaled.astype(np.float32, copy=False)


def rotation_onto(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(3, 3) float64 rotation R with ``R @ source`` along ``target``; the identity if either is zero or they agree.

    Rodrigues' formula about the common normal. Opposite vectors have no unique rotation: the identity, as published.
    Unit vectors keep the precision of ``source``, since the angle of nearly parallel vectors depends on it and the
    published pipelines compute in float32.
    """
    if np.abs(source).sum() < 1e-6 or np.abs(target).sum() < 1e-6:
        return np.eye(3)
    axis = np.cross(source, target).astype(np.float64)
    if np.abs(axis).sum() < 1e-6:
        return np.eye(3)
    angle = np.arccos(np.clip(source / np.linalg.norm(source) @ (target / np.linalg.norm(target)), -1, 1))
    if abs(angle) < 1e-6:
        return np.eye(3)
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def _refuse_successors(transform: SkeletonTransform, sample: dict[str, Any]) -> None:
    if 'keypoint_next' in sample:
        raise UserError(f"clip '{sample_name(sample)}': {type(transform).__name__} belongs before the sampling of "
                        'frames with their successors (with_next=True)')


@TRANSFORMS.register_module()
class AlignBody3D(SkeletonTransform):
    """PYSKL's and MMAction2's 3-D pre-normalisation (``PreNormalize3D``), vectorised; same numbers.

    Frames in which the main person is missing are dropped (the person seen in more frames becomes person 0); the
    origin moves to ``centre`` of person 0 in the first frame; the body turns so that bottom -> top is the z axis and
    right -> left shoulder the x axis, both in the first frame. Missing joints stay zero.

    Args:
        layout: Joint order; names the joints below.
        centre: Joint of the origin.
        spine: (bottom, top) joints of the z axis.
        shoulders: (right, left) joints of the x axis.
        align_centre, align_spine, align_shoulders: Whether each step is done.
    """
    writes = ('keypoint', 'keypoint_score', 'total_frames')
    coords = (3, )

    def __init__(self, layout: str, centre: str = 'spine', spine: tuple[str, str] = ('pelvis', 'spine'),
                 shoulders: tuple[str, str] = ('right_shoulder', 'left_shoulder'), align_centre: bool = True,
                 align_spine: bool = True, align_shoulders: bool = True):
        at = get_layout(layout).index
        self.layout, self.centre = layout, at(centre)
        self.spine, self.shoulders = tuple(map(at, spine)), tuple(map(at, shoulders))
        self.align_centre, self.align_spine, self.align_shoulders = align_centre, align_spine, align_shoulders

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Drops empty frames, then centres and turns."""
        _refuse_successors(self, sample)
        keypoint, score = sample['keypoint'], sample.get('keypoint_score')
        seen = (np.abs(keypoint) > 1e-8).any((2, 3))
        if not seen.any():
            return {}
        counts = seen[:2].sum(1)
        main = int(len(counts) > 1 and counts[1] > counts[0])
        order = np.r_[main, np.delete(np.arange(len(keypoint)), main)]
        keypoint = keypoint[order][:, seen[main]]
        changed: dict[str, Any] = {}
        if score is not None:
            changed['keypoint_score'] = score[order][:, seen[main]]
        turn = np.eye(3)
        first = keypoint[0, 0]
        if self.align_centre:
            missing = (keypoint == 0).all(-1)
            keypoint = keypoint - keypoint[0, 0, self.centre]
            keypoint[missing] = 0
            first = keypoint[0, 0]
        if self.align_spine:
            bottom, top = self.spine
            turn = rotation_onto(first[top] - first[bottom], np.array([0., 0., 1.]))
        if self.align_shoulders:
            right, left = self.shoulders
            across = turn @ (first[right] - first[left])
            turn = rotation_onto(across, np.array([1., 0., 0.])) @ turn
        keypoint = keypoint @ turn.T.astype(np.float32)
        return dict(changed, keypoint=keypoint, total_frames=keypoint.shape[1])


@TRANSFORMS.register_module()
class NormalizePixels(CoordinateTransform):
    """Pixels to [-1, 1] about the image's middle, per axis (``PreNormalize2D`` of PYSKL and MMAction2).

    Args:
        image_size: Size (height, width) if the sample has no ``img_shape``.
        keep_missing: Whether joints that are exactly zero stay zero. The published transform moves them to (-1, -1)
            (False).
    """

    def __init__(self, image_size: tuple[int, int] = (1080, 1920), keep_missing: bool = False):
        self.image_size, self.keep_missing = tuple(image_size), keep_missing

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """Half width and half height, (2,)."""
        height, width = sample.get('img_shape') or self.image_size
        return dict(half=np.array([width / 2, height / 2], np.float32))

    def move(self, keypoint: np.ndarray, half: np.ndarray) -> np.ndarray:
        """``(x - half) / half`` on the first two coordinates."""
        moved = keypoint.copy()
        moved[..., :2] = (keypoint[..., :2] - half) / half
        if self.keep_missing:
            moved *= (keypoint != 0).any(-1, keepdims=True)
        return moved


@TRANSFORMS.register_module()
class FractionsOfImage(CoordinateTransform):
    """Pixels as fractions of the image's width and height; clips of fractions stay as they are.

    A clip is in pixels if both x and y have a range of more than 10 over all joints and frames
    (``docs/published/pyskl.md``, D3).

    Args:
        image_size: Size (height, width) if the sample has no ``img_shape``.
        own_range: Whether pixels are brought to [-1, 1] by the clip's own smallest and largest x and y instead, missing
            joints included (``PreNormalize2D`` of PYSKL in mode ``'auto'``).
    """
    coords = (2, )

    def __init__(self, image_size: tuple[int, int] | None = None, own_range: bool = False):
        self.image_size, self.own_range = image_size, own_range

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """Origin and unit of each axis, (2,), from ``keypoint``, so that all coordinate arrays move alike."""
        points = sample['keypoint'].reshape(-1, 2)
        low, extent = points.min(0), np.ptp(points, 0)
        if not (extent > 10).all():
            return dict(origin=np.zeros(2, np.float32), unit=np.ones(2, np.float32))
        if self.own_range:
            return dict(origin=low + extent / 2, unit=extent / 2)
        size = sample.get('img_shape') or self.image_size
        if size is None:
            raise UserError(f"clip '{sample_name(sample)}' is in pixels and does not say the size of its image; give "
                            'image_size to FractionsOfImage')
        return dict(origin=np.zeros(2, np.float32), unit=np.array(size[::-1], np.float32))

    def move(self, keypoint: np.ndarray, origin: np.ndarray, unit: np.ndarray) -> np.ndarray:
        """``(x - origin) / unit``."""
        return ((keypoint - origin) / unit).astype(np.float32, copy=False)


@TRANSFORMS.register_module()
class CentreImage(SkeletonTransform):
    """Kinetics-Skeleton as ST-GCN reads it: subtract 0.5 from fractions of the image, zero where the score is 0."""
    reads = ('keypoint', 'keypoint_score')
    coords = (2, )

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """(M, T, V, 2) in [0, 1] -> [-0.5, 0.5]."""
        _refuse_successors(self, sample)
        return dict(keypoint=(sample['keypoint'] - np.float32(0.5)) * (sample['keypoint_score'] != 0)[..., None])
