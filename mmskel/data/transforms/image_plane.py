"""Skeletons in the image plane: crops, resizing and mirroring, which change ``img_shape`` with the coordinates.

PoseC3D's steps before the heatmaps (``docs/published/posec3d.md``, D6 to D8), with the numbers of MMAction2's
``PoseCompact``, ``Resize``, ``RandomResizedCrop``, ``CenterCrop`` and ``Flip``; all randomness is drawn from the
sample's own generator, and left and right come from the layout. The images of a sample, ``imgs`` (n, H, W, 3) uint8,
if there are any, are cropped, scaled and mirrored by the same box, size and draw as its joints.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import COORDINATES, SCORES, SkeletonTransform
from mmskel.data.transforms.images import cut_out, scaled
from mmskel.files.errors import UserError
from mmskel.skeleton import get_layout

_WHOLE = (0., 0., 1., 1.)


class ImageTransform(SkeletonTransform):
    """Transform of pixel coordinates, of the image's size and of the images themselves."""
    reads = ('keypoint', 'img_shape')
    writes = (*COORDINATES, 'img_shape', 'crop_quadruple', 'imgs')
    coords = (2, )


def cropped(sample: dict[str, Any], box: tuple[int, int, int, int], keep_zero: bool) -> dict[str, Any]:
    """The entries of a sample after cutting out a rectangle.

    Args:
        sample: Sample with pixel coordinates and, where present, images.
        box: (left, top, right, bottom) in whole pixels.
        keep_zero: Whether coordinates that are exactly zero, which mark missing joints, stay zero, x and y each.
    """
    left, top, right, bottom = box
    height, width = sample['img_shape']
    corner = np.array([left, top], np.float32)
    changed: dict[str, Any] = dict(img_shape=(bottom - top, right - left))
    for key in COORDINATES:
        if key in sample:
            moved = sample[key] - corner
            changed[key] = np.where(sample[key] == 0, sample[key], moved) if keep_zero else moved
    if 'imgs' in sample:
        changed['imgs'] = cut_out(sample['imgs'], box)
    x, y, w, h = sample.get('crop_quadruple', _WHOLE)
    changed['crop_quadruple'] = (x + left / width * w, y + top / height * h, (right - left) / width * w,
                                 (bottom - top) / height * h)
    return changed


@TRANSFORMS.register_module()
class CropToPersons(ImageTransform):
    """Cuts out the box around everybody in all frames (``PoseCompact``); NaN becomes 0, the mark of a missing joint.

    Published: x and y are treated separately, so a joint with x = 0 counts as missing in x alone; scores are ignored,
    so a misplaced joint without confidence stretches the box (``docs/published/posec3d.md``, D7).

    Args:
        padding: Share by which the box grows.
        threshold: Size in pixels below which a box, in width or height, is left alone.
        hw_ratio: Smallest height over width, or (smallest, largest); None: any.
        allow_imgpad: Whether the box may extend beyond the image.
        corrected: Whether a joint is missing only where both coordinates are zero or its score is below 1e-4, and such
            joints are ignored; missing joints get score 0, so that no heatmap shows them
            (``docs/published/posec3d.md``, D6 and D7).
    """
    writes = (*ImageTransform.writes, 'keypoint_score')

    def __init__(self, padding: float = 0.25, threshold: float = 10, hw_ratio: float | Sequence[float] | None = None,
                 allow_imgpad: bool = True, corrected: bool = False):
        if padding < 0:
            raise UserError(f'CropToPersons: padding must not be negative, not {padding}')
        self.padding, self.threshold, self.allow_imgpad, self.corrected = padding, threshold, allow_imgpad, corrected
        self.hw_ratio = (hw_ratio, hw_ratio) if isinstance(hw_ratio, (int, float)) else hw_ratio and tuple(hw_ratio)

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Cleans, measures and crops."""
        clean = {key: np.nan_to_num(np.asarray(sample[key], np.float32), nan=0., posinf=np.inf, neginf=-np.inf)
                 for key in COORDINATES if key in sample}  # files hold float16
        keypoint = clean['keypoint']
        counted = [keypoint[..., axis][keypoint[..., axis] != 0] for axis in range(2)]
        if self.corrected:
            seen = (keypoint != 0).any(-1)
            if 'keypoint_score' in sample:
                seen &= sample['keypoint_score'] >= 1e-4
            score = sample.get('keypoint_score', np.ones(seen.shape, np.float32))
            clean['keypoint_score'] = np.where(seen, score, 0).astype(np.float32)
            counted = [keypoint[..., axis][seen] for axis in range(2)]
        box = self._box(counted, sample['img_shape'])
        return clean if box is None else {**clean, **cropped({**sample, **clean}, box, keep_zero=True)}

    def _box(self, counted: Sequence[np.ndarray], size: tuple[int, int]) -> tuple[int, int, int, int] | None:
        if any(values.size == 0 or values.max() - values.min() < self.threshold for values in counted):
            return None
        (min_x, max_x), (min_y, max_y) = ((values.min(), values.max()) for values in counted)
        middle = (max_x + min_x) / 2, (max_y + min_y) / 2
        half_w, half_h = ((high - low) / 2 * (1 + self.padding) for low, high in ((min_x, max_x), (min_y, max_y)))
        if self.hw_ratio is not None:
            half_h = max(self.hw_ratio[0] * half_w, half_h)
            half_w = max(1 / self.hw_ratio[1] * half_h, half_w)
        box = middle[0] - half_w, middle[1] - half_h, middle[0] + half_w, middle[1] + half_h
        if not self.allow_imgpad:
            height, width = size
            box = max(0, box[0]), max(0, box[1]), min(width, box[2]), min(height, box[3])
        left, top, right, bottom = map(int, box)
        return (left, top, right, bottom) if right > left and bottom > top else None


@TRANSFORMS.register_module()
class ResizeImage(ImageTransform):
    """Scales the image (``Resize``).

    Args:
        size: Size (H, W); or one number, the length of the shorter side, which keeps the aspect.
    """

    def __init__(self, size: int | Sequence[int]):
        self.size = size if isinstance(size, int) else tuple(size)

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Multiplies by the ratios of the sizes, in float32."""
        height, width = sample['img_shape']
        if isinstance(self.size, int):
            factor = self.size / min(height, width)
            size = int(height * factor + 0.5), int(width * factor + 0.5)
        else:
            size = self.size
        ratio = np.array([size[1] / width, size[0] / height], np.float32)
        changed: dict[str, Any] = {key: sample[key] * ratio for key in COORDINATES if key in sample}
        if 'imgs' in sample:
            changed['imgs'] = scaled(sample['imgs'], size)
        return dict(changed, img_shape=size)


@TRANSFORMS.register_module()
class CropCentre(ImageTransform):
    """Cuts out the middle (``CenterCrop``); missing joints move like any other, as published.

    Args:
        size: (H, W) in pixels, or one number for both.
    """

    def __init__(self, size: int | Sequence[int]):
        self.size = (size, size) if isinstance(size, int) else tuple(size)

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Moves the origin."""
        height, width = sample['img_shape']
        left, top = (width - self.size[1]) // 2, (height - self.size[0]) // 2
        return cropped(sample, (left, top, left + self.size[1], top + self.size[0]), keep_zero=False)


@TRANSFORMS.register_module()
class CropAtRandom(ImageTransform):
    """Cuts out a random rectangle (``RandomResizedCrop``); missing joints move like any other, as published.

    Args:
        area: Smallest and largest share of the image's area, uniform.
        aspect: Smallest and largest width over height, log-uniform.
        attempts: Number of rectangles to draw; the first that fits is used, else the largest square in the middle.
    """

    def __init__(self, area: Sequence[float] = (0.56, 1.0), aspect: Sequence[float] = (3 / 4, 4 / 3),
                 attempts: int = 10):
        if not 0 < area[0] <= area[1] <= 1 or not 0 < aspect[0] <= aspect[1]:
            raise UserError(f'CropAtRandom: area must be in (0, 1] and aspect above 0, ascending; not {area}, {aspect}')
        self.area, self.aspect, self.attempts = tuple(area), tuple(aspect), attempts

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """The rectangle (left, top, right, bottom)."""
        height, width = sample['img_shape']
        aspects = np.exp(rng.uniform(*np.log(self.aspect), self.attempts))
        areas = rng.uniform(*self.area, self.attempts) * height * width
        for w, h in np.round([np.sqrt(areas * aspects), np.sqrt(areas / aspects)]).astype(int).T.tolist():
            if h <= height and w <= width:
                left, top = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
                return dict(box=(left, top, left + w, top + h))
        side = min(height, width)
        left, top = (width - side) // 2, (height - side) // 2
        return dict(box=(left, top, left + side, top + side))

    def transform(self, sample: dict[str, Any], box: tuple[int, int, int, int]) -> dict[str, Any]:
        """Moves the origin."""
        return cropped(sample, box, keep_zero=False)


@TRANSFORMS.register_module()
class MirrorImage(SkeletonTransform):
    """Mirrors the image at random (``Flip``): x becomes W - x where it is not zero, left and right are exchanged.

    Args:
        layout: Joint order, for the left/right pairs.
        probability: Share of the clips that are mirrored.
        corrected: Whether x becomes W - 1 - x, as images and heatmaps are mirrored; published, joints land one pixel
            beside the image's (``docs/published/posec3d.md``, D8).
    """
    reads = ('keypoint', 'img_shape')
    writes = (*COORDINATES, *SCORES, 'imgs')
    coords = (2, )

    def __init__(self, layout: str, probability: float = 0.5, corrected: bool = False):
        self.layout, self.probability, self.corrected = layout, probability, corrected
        self._swap = get_layout(layout).swap

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Mirrors coordinates, scores and images."""
        changed, width = {}, sample['img_shape'][1] - self.corrected
        for key in COORDINATES:
            if key in sample:
                moved = sample[key][..., self._swap, :]  # fancy indexing copies
                moved[..., 0] = np.where(moved[..., 0] == 0, 0, width - moved[..., 0])
                changed[key] = moved
        changed.update({key: sample[key][..., self._swap] for key in SCORES if key in sample})
        if 'imgs' in sample:
            changed['imgs'] = sample['imgs'][:, :, ::-1]
        return changed


@TRANSFORMS.register_module()
class FitIntoImage(ImageTransform):
    """Makes an image that the clip just fits into, looking along z from a distance: x to the right, y downwards.

    For networks that look at images, on 3-D clips in any unit and orientation, and on 2-D ones that
    are not in pixels; :class:`~mmskel.data.transforms.ProjectToImage` is what Kinect's own camera sees. The clip's
    smallest x and y lie on the image's border, missing joints (all zero) stay zero and get score 0.

    Args:
        size: Length of the larger side in pixels.
        up: Whether y points upwards (Kinect). 2-D clips keep their y.
    """
    reads = ('keypoint', )
    writes = (*ImageTransform.writes, *SCORES)
    coords = (2, 3)
    makes_coords = 2

    def __init__(self, size: int = 256, up: bool = True):
        self.size, self.up = size, up

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """Corner and scale, from ``keypoint``, so that all coordinate arrays move alike; nothing random."""
        points = self._plane(sample['keypoint'])[(sample['keypoint'] != 0).any(-1)]
        if not len(points):
            return dict(corner=np.zeros(2, np.float32), scale=1., extent=(0., 0.))
        low, high = points.min(0), points.max(0)
        scale = (self.size - 2) / max(float((high - low).max()), 1e-6)  # a pixel of border: 0 means missing
        return dict(corner=low - np.float32(1 / scale), scale=scale, extent=tuple(((high - low) * scale).tolist()))

    def transform(self, sample: dict[str, Any], corner: np.ndarray, scale: float,
                  extent: tuple[float, float]) -> dict[str, Any]:
        """(M, T, V, C) -> (M, T, V, 2) pixels."""
        seen = (sample['keypoint'] != 0).any(-1)
        score = np.asarray(sample.get('keypoint_score', np.ones(seen.shape)), np.float32)
        changed: dict[str, Any] = dict(
            img_shape=(round(extent[1]) + 2, round(extent[0]) + 2), keypoint_score=score * seen)
        for key in COORDINATES:
            if key in sample:
                pixels = (self._plane(sample[key]) - corner) * np.float32(scale)
                changed[key] = pixels * (sample[key] != 0).any(-1, keepdims=True)
        return changed

    def _plane(self, keypoint: np.ndarray) -> np.ndarray:
        plane = keypoint[..., :2]
        return plane * np.array([1, -1], np.float32) if self.up and keypoint.shape[-1] == 3 else plane
