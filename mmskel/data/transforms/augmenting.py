"""Random changes of the coordinates, all driven by the sample's own generator and by the layout."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import COORDINATES, SCORES, CoordinateTransform, SkeletonTransform
from mmskel.files.errors import UserError
from mmskel.skeleton import get_layout
from mmskel.skeleton.coordinates import rotation_xyz


@TRANSFORMS.register_module()
class RandomRotation3D(CoordinateTransform):
    """Turns the whole clip about the origin.

    Args:
        degrees: Largest angle about x, y and z; each is drawn uniformly from [-d, d].
        integer: Whether whole degrees are drawn, as by the N-UCLA feeders.
        order: Axes of the first, second and third rotation. N-UCLA's feeders: ``'yxz'``; the NTU feeders of
            CTR-GCN and HD-GCN: ``'xyz'``.
        one_axis: Whether it turns about one axis only, which is drawn (SkateFormer on NTU).
        probability: Share of the clips that are changed.
    """
    coords = (2, 3)

    def __init__(self, degrees: Sequence[float] = (17, 17, 17), integer: bool = False, order: str = 'yxz',
                 one_axis: bool = False, probability: float = 1.):
        if sorted(order) != ['x', 'y', 'z']:
            raise UserError(f"RandomRotation3D: order must be the letters x, y and z in some order, not '{order}'")
        self.degrees, self.integer, self.order = tuple(degrees), integer, order
        self.one_axis, self.probability = one_axis, probability

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """Three angles in degrees."""
        if self.one_axis:
            axis = np.arange(3) == rng.integers(3)
            return dict(angles=rng.uniform(-1, 1) * axis * self.degrees)
        if self.integer:
            limits = np.array(self.degrees, int)
            return dict(angles=rng.integers(-limits, limits + 1))
        return dict(angles=rng.uniform(-1, 1, 3) * self.degrees)

    def move(self, keypoint: np.ndarray, angles: np.ndarray) -> np.ndarray:
        """Rotates (M, T, V, 3); 2-D clips turn about z alone."""
        angles = np.deg2rad(np.asarray(angles, float))
        if keypoint.shape[-1] == 2:
            return keypoint @ rotation_xyz((0, 0, angles[2]))[:2, :2].astype(np.float32)
        return keypoint @ rotation_xyz(angles, self.order).astype(np.float32)


@TRANSFORMS.register_module()
class RandomScale(CoordinateTransform):
    """Scales the clip about the origin.

    Args:
        low, high: Range of the factor, uniform.
        per_axis: Whether there is one factor per axis instead of one for all.
        probability: Share of the clips that are changed.
    """

    def __init__(self, low: float = 0.5, high: float = 1.5, per_axis: bool = False, probability: float = 1.):
        self.low, self.high, self.per_axis, self.probability = low, high, per_axis, probability

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """The factor(s)."""
        size = sample['keypoint'].shape[-1] if self.per_axis else None
        return dict(factor=rng.uniform(self.low, self.high, size))

    def move(self, keypoint: np.ndarray, factor: float | np.ndarray) -> np.ndarray:
        """``keypoint * factor``."""
        return keypoint * np.asarray(factor, np.float32)


@TRANSFORMS.register_module()
class RandomShear(CoordinateTransform):
    """Shears the clip: ``x' = x . S`` with ones on the diagonal and uniform [-amount, amount] elsewhere.

    Args:
        amount: Largest off-diagonal entry.
        probability: Share of the clips that are changed.
    """

    def __init__(self, amount: float = 0.3, probability: float = 1.):
        self.amount, self.probability = amount, probability

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """The (C, C) matrix."""
        size = sample['keypoint'].shape[-1]
        matrix = rng.uniform(-self.amount, self.amount, (size, size))
        np.fill_diagonal(matrix, 1)
        return dict(matrix=matrix)

    def move(self, keypoint: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        """``keypoint @ matrix``."""
        return keypoint @ np.asarray(matrix, np.float32)


@TRANSFORMS.register_module()
class RandomMirror(SkeletonTransform):
    """Mirrors the person: negates x and exchanges left and right joints. Coordinates must be centred first.

    Args:
        layout: Joint order, for the left/right pairs.
        probability: Share of the clips that are changed.
        negate: Whether x is negated. False: left and right joints are exchanged and nothing else (SkateFormer's
            "spatial flip").
    """
    writes = (*COORDINATES, *SCORES)

    def __init__(self, layout: str, probability: float = 0.5, negate: bool = True):
        self.layout, self.probability, self.negate = layout, probability, negate
        self._swap = get_layout(layout).swap

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Mirrors coordinates and scores."""
        changed = {}
        for key in COORDINATES:
            if key in sample:
                changed[key] = sample[key][..., self._swap, :]  # fancy indexing copies
                if self.negate:
                    changed[key][..., 0] *= -1
        changed.update({key: sample[key][..., self._swap] for key in SCORES if key in sample})
        return changed


@TRANSFORMS.register_module()
class RandomMove(CoordinateTransform):
    """ST-GCN's camera move on x and y: rotation, scale and shift change linearly from one key frame to the next.

    Missing joints and absent persons move too, as published (``docs/published/st_gcn.md``, D5).

    Args:
        degrees, scales, shifts: Values each key frame draws from.
        key_frames: Number of key frames; 2: first and last frame.
    """

    def __init__(self, degrees: Sequence[float] = (-10, -5, 0, 5, 10), scales: Sequence[float] = (0.9, 1.0, 1.1),
                 shifts: Sequence[float] = (-0.2, -0.1, 0.0, 0.1, 0.2), key_frames: int = 2):
        self.degrees, self.scales, self.shifts = tuple(degrees), tuple(scales), tuple(shifts)
        self.key_frames = key_frames

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """Angle, scale, x and y shift of every key frame, (key_frames,) each."""
        draw = (self.degrees, self.scales, self.shifts, self.shifts)
        return dict(zip(('degrees', 'scale', 'shift_x', 'shift_y'),
                        (rng.choice(values, self.key_frames) for values in draw)))

    def move(self, keypoint: np.ndarray, degrees: np.ndarray, scale: np.ndarray, shift_x: np.ndarray,
             shift_y: np.ndarray) -> np.ndarray:
        """Rotates, scales and shifts x and y of every frame by the interpolated values."""
        frames = keypoint.shape[1]
        keys = np.linspace(0, max(frames - 1, 1), len(degrees))
        at = [np.interp(np.arange(frames), keys, values) for values in (degrees, scale, shift_x, shift_y)]
        angle = np.deg2rad(at[0])
        cos, sin = np.cos(angle) * at[1], np.sin(angle) * at[1]
        turn = np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], -2)  # (T, 2, 2), for row vectors
        moved = keypoint.copy()
        moved[..., :2] = keypoint[..., :2] @ turn + np.stack(at[2:], -1)[:, None]
        return moved
