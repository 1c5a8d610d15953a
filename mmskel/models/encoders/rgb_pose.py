"""The doors of networks that look at pictures: bytes come from the loader, floats are made on the device."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from mmskel.models.encoders.heatmap_encoder import HeatmapEncoder

# ImageNet's, of pixels from 0 to 255, red first (spec sheet ``posec3d``, section 4)
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@MODELS.register_module()
class PictureEncoder(BaseDataPreprocessor):
    """Pictures to the (N, views, 3, T, H, W) input of ``Recognizer3D``.

    Args:
        mean, std: Of red, green and blue, of pixels from 0 to 255.
    """

    def __init__(self, mean: Sequence[float] = MEAN, std: Sequence[float] = STD):
        super().__init__()
        for name, value in (('mean', mean), ('std', std)):
            self.register_buffer(name, torch.tensor(value, dtype=torch.float32).view(-1, 1, 1, 1), persistent=False)

    def encode(self, pictures: Tensor) -> Tensor:
        """(..., T, H, W, 3) uint8 RGB -> (..., 3, T, H, W) float32, a pure function."""
        planes = pictures.movedim(-1, -4).to(torch.float32, memory_format=torch.contiguous_format)
        return planes.sub_(self.mean).div_(self.std)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Stacks the batch, moves it to the device, normalises.

        Args:
            data: ``inputs``: dictionary with ``imgs``, a list of (views, T, H, W, 3) uint8 RGB or one tensor, as
                ``PackSkeleton`` packs them.

        Raises:
            ValueError: No pictures, or pictures of several sizes in one batch.
        """
        data = self.cast_data(data)
        return dict(inputs=self.encode(stacked_pictures(data['inputs'])), data_samples=data.get('data_samples'))


@MODELS.register_module()
class RGBPoseEncoder(BaseDataPreprocessor):
    """Pictures and joints to the inputs of ``MMRecognizer3D`` with ``RGBPoseConv3D``: ``imgs`` (N, views, 3, T, H, W)
    and ``heatmap_imgs`` (N, views, V, T', H', W').

    Args:
        layout: Joint order.
        sigma, scaling, use_score: Of the heatmaps, see :class:`~mmskel.models.encoders.HeatmapEncoder`; a quarter of
            the picture's size, as the RGB pathway's stem makes of the picture.
        mean, std: Of the pictures, see :class:`PictureEncoder`.
    """
    coordinates = 2

    def __init__(self, layout: str, sigma: float = 0.7, scaling: float = 0.25, use_score: bool = True,
                 mean: Sequence[float] = MEAN, std: Sequence[float] = STD):
        super().__init__()
        self.pictures = PictureEncoder(mean, std)
        self.heatmaps = HeatmapEncoder(layout, sigma=sigma, scaling=scaling, use_score=use_score)

    @property
    def num_channels(self) -> int:
        """Channels of the heatmaps, the pose pathway's ``in_channels``."""
        return self.heatmaps.num_channels

    def forward(self, data: dict, training: bool = False) -> dict:
        """Stacks the batch, moves it to the device, normalises pictures and draws joints.

        Args:
            data: ``inputs``: dictionary of ``imgs`` and the joints, as ``PackSkeleton`` packs them; ``data_samples``,
                which say ``img_shape``.

        Raises:
            ValueError: No pictures, or several sizes in one batch.
        """
        data = self.cast_data(data)
        joints = {key: value for key, value in data['inputs'].items() if key != 'imgs'}
        pictures = self.pictures.encode(stacked_pictures(data['inputs']))
        heatmaps = self.heatmaps(dict(inputs=joints, data_samples=data.get('data_samples')))['inputs']
        return dict(inputs=dict(imgs=pictures, heatmap_imgs=heatmaps), data_samples=data.get('data_samples'))


def stacked_pictures(inputs: dict) -> Tensor:
    """``imgs`` of a collated batch as one tensor (N, views, T, H, W, 3).

    Raises:
        ValueError: There are none, or several sizes.
    """
    pictures = inputs.get('imgs') if isinstance(inputs, dict) else None
    if pictures is None:
        raise ValueError('the network looks at pictures, and the samples have none; the pipeline needs '
                         'SampleVideoAndPose and LoadClipFrames before PackSkeleton')
    if isinstance(pictures, Tensor):
        return pictures
    if len({tuple(one.shape) for one in pictures}) > 1:
        sizes = ', '.join(sorted({str(tuple(one.shape)) for one in pictures}))
        raise ValueError(f'a batch holds pictures of several shapes (views, T, H, W, 3): {sizes}; end the pipeline '
                         'with ResizeImage(size=(H, W))')
    return torch.stack(tuple(pictures))
