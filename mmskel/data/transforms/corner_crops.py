"""Crops at fixed places, images and joints alike: TSN's, as Gate-Shift-Pose has them; and steps for images alone."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import COORDINATES, SCORES, SkeletonTransform, sample_name
from mmskel.data.transforms.image_plane import ImageTransform, cropped
from mmskel.files.errors import UserError
from mmskel.skeleton import get_layout

# (left, top) in quarters of what is left over: corners and centre, the middles of the sides, the points between
_PLACES = ((0, 0), (4, 0), (0, 4), (4, 4), (2, 2), (0, 2), (4, 2), (2, 4), (2, 0), (1, 1), (3, 1), (1, 3), (3, 3))


@TRANSFORMS.register_module()
class CropAtCorner(ImageTransform):
    """Cuts a random one of some sizes at a random one of 13 places (``MultiScaleCrop``).

    Args:
        scales: Sides as shares of the image's shorter side, descending; width and height are drawn together.
        max_distort: Largest difference between the ranks of width and height in ``scales``.
    """

    def __init__(self, scales: Sequence[float] = (1, .875, .75, .66), max_distort: int = 1):
        if not scales or min(scales) <= 0 or max(scales) > 1 or max_distort < 0:
            raise UserError(f'CropAtCorner: scales must be in (0, 1] and max_distort at least 0; found {tuple(scales)} '
                            f'and {max_distort}')
        self.scales, self.max_distort = tuple(scales), max_distort

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """The rectangle (left, top, right, bottom)."""
        height, width = sample['img_shape']
        sides = [int(min(height, width) * scale) for scale in self.scales]
        sizes = [(w, h) for i, h in enumerate(sides) for j, w in enumerate(sides) if abs(i - j) <= self.max_distort]
        w, h = sizes[rng.integers(len(sizes))]
        across, down = _PLACES[rng.integers(len(_PLACES))]
        left, top = across * ((width - w) // 4), down * ((height - h) // 4)
        return dict(box=(left, top, left + w, top + h))

    def transform(self, sample: dict[str, Any], box: tuple[int, int, int, int]) -> dict[str, Any]:
        """Moves the origin; missing joints, at (0, 0), stay missing."""
        return cropped(sample, box, keep_zero=True)


@TRANSFORMS.register_module()
class TenCrops(ImageTransform):
    """Ten views of every clip: four corners and the centre, and the mirror image of each (``GroupOverSample``).

    The views of a place follow each other: its clips, then their mirror images, as the released code stacks them.

    Args:
        size: Side of the square crops in pixels.
        layout: Joint order, for the left/right pairs.
    """
    writes = (*ImageTransform.writes, *SCORES, 'num_clips', 'total_frames')

    def __init__(self, size: int, layout: str):
        self.size, self.layout = size, layout
        self._swap = get_layout(layout).swap

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """(M, clips T, V, C) -> (M, 10 clips T, V, C), and the images alike.

        Raises:
            UserError: An image that is smaller than the crops.
        """
        height, width = sample['img_shape']
        if min(height, width) < self.size:
            raise UserError(f"clip '{sample_name(sample)}': TenCrops of {self.size} pixels do not fit into an image of "
                            f'{width} x {height}; put ResizeImage before it')
        views = []
        for across, down in _PLACES[:5]:
            left, top = across * ((width - self.size) // 4), down * ((height - self.size) // 4)
            view = cropped(sample, (left, top, left + self.size, top + self.size), keep_zero=True)
            views += [{**sample, **view}, self._mirrored({**sample, **view})]
        changed = {key: np.concatenate([view[key] for view in views], 0 if key == 'imgs' else 1)
                   for key in (*COORDINATES, *SCORES, 'imgs') if key in sample}
        return dict(changed, img_shape=(self.size, self.size), num_clips=10 * sample.get('num_clips', 1),
                    total_frames=10 * sample['keypoint'].shape[1])

    def _mirrored(self, view: dict[str, Any]) -> dict[str, Any]:
        turned = dict(view)
        for key in COORDINATES:
            if key in view:
                moved = view[key][..., self._swap, :]
                seen = (moved != 0).any(-1)
                moved[..., 0] = np.where(seen, self.size - 1 - moved[..., 0], 0)
                turned[key] = moved
        turned.update({key: view[key][..., self._swap] for key in SCORES if key in view})
        if 'imgs' in view:
            turned['imgs'] = view['imgs'][:, :, ::-1]
        return turned


@TRANSFORMS.register_module()
class ImagesAlone(SkeletonTransform):
    """Applies steps of the image plane to the images and leaves the joints where they are in the whole image.

    The released code's late fusion crops and mirrors images, but not joints (``docs/published/gate_shift_pose.md``,
    D5). ``img_shape`` goes on to be the size of the image that the joints lie in.

    Args:
        transforms: Steps such as ``CropAtCorner``, ``ResizeImage`` and ``MirrorImage``.
    """
    reads = ('keypoint', 'img_shape')
    writes = ('imgs', 'keypoint', 'keypoint_score', 'num_clips', 'total_frames')
    coords = (2, )

    def __init__(self, transforms: Sequence[Mapping[str, Any]]):
        self.transforms = tuple(TRANSFORMS.build(one) if isinstance(one, Mapping) else one for one in transforms)

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """The images after all steps; if these made several views, the joints once for each of them."""
        after = dict(sample)
        for one in self.transforms:
            after = one(after)
        before, clips = sample.get('num_clips', 1), after.get('num_clips', 1)
        changed = {key: after[key] for key in ('imgs', ) if key in after}
        if clips != before:
            changed.update({key: np.tile(sample[key], (1, clips // before, *(1, ) * (sample[key].ndim - 2)))
                            for key in ('keypoint', 'keypoint_score') if key in sample}, num_clips=clips,
                           total_frames=sample['keypoint'].shape[1] * clips // before)
        return changed
