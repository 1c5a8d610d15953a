"""The encoders of networks that look at images: bytes come from the loader, floats are made on the device."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor

from mmskel.files.errors import UserError
from mmskel.models.encoders.base import SkeletonEncoder
from mmskel.models.encoders.heatmap_encoder import HeatmapEncoder

# ImageNet's, of pixels from 0 to 255, red first
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@MODELS.register_module()
class PictureEncoder(SkeletonEncoder):
    """Turns images into the (N, views, 3, T, H, W) input of ``Recognizer3D``.

    Args:
        mean, std: Mean and standard deviation of red, green and blue, of pixels from 0 to 255.
    """
    coords = (2, )
    needs_video = True
    channel_axis = -4

    def __init__(self, mean: Sequence[float] = MEAN, std: Sequence[float] = STD):
        super().__init__()
        for name, value in (('mean', mean), ('std', std)):
            self.register_buffer(name, torch.tensor(value, dtype=torch.float32).view(-1, 1, 1, 1), persistent=False)

    def channels(self, coords: int = 2) -> int:
        """Red, green and blue."""
        return 3

    def normalize(self, images: Tensor) -> Tensor:
        """(..., T, H, W, 3) uint8 RGB -> (..., 3, T, H, W) float32, a pure function."""
        planes = images.movedim(-1, -4).to(torch.float32, memory_format=torch.contiguous_format)
        return planes.sub_(self.mean).div_(self.std)

    def encode(self, batch: Mapping[str, Tensor], samples: Sequence = ()) -> Tensor:
        """Computes the network's input; a pure function.

        Args:
            batch: ``imgs`` (N, views, T, H, W, 3) uint8 RGB.
            samples: Data samples; ignored.

        Returns:
            (N, views, 3, T, H, W) float32.

        Raises:
            UserError: If there are no images.
        """
        if 'imgs' not in batch:
            raise UserError('the network looks at images, and the samples have none; the pipeline needs '
                            'SampleVideoAndPose and LoadClipFrames before PackSkeleton')
        return self.normalize(batch['imgs'])


@MODELS.register_module()
class RGBPoseEncoder(SkeletonEncoder):
    """Turns images and joints into the inputs of ``MMRecognizer3D`` with ``RGBPoseConv3D``: ``imgs`` (N, views, 3, T,
    H, W) and ``heatmap_imgs`` (N, views, V, T', H', W').

    Args:
        layout: Joint order.
        sigma, scaling, use_score: Arguments of the heatmaps, see :class:`~mmskel.models.encoders.HeatmapEncoder`; a
            quarter of the image's size, as the RGB pathway's stem makes of the image.
        mean, std: Mean and standard deviation of the images, see :class:`PictureEncoder`.
    """
    coords = (2, )
    needs_video = True
    channel_axis = -4
    pathway = 'pose_pathway'

    def __init__(self, layout: str, sigma: float = 0.7, scaling: float = 0.25, use_score: bool = True,
                 mean: Sequence[float] = MEAN, std: Sequence[float] = STD):
        super().__init__()
        self.images = PictureEncoder(mean, std)
        self.heatmaps = HeatmapEncoder(layout, sigma=sigma, scaling=scaling, use_score=use_score)

    def channels(self, coords: int = 2) -> int:
        """Channels of the heatmaps; the other pathway's are always three."""
        return self.heatmaps.channels(coords)

    def encode(self, batch: Mapping[str, Tensor], samples: Sequence = ()) -> dict[str, Tensor]:
        """Computes the network's inputs; a pure function.

        Args:
            batch: ``imgs`` as for :class:`PictureEncoder`, the joints as for
                :class:`~mmskel.models.encoders.HeatmapEncoder`.
            samples: Data samples, which say ``img_shape``.

        Raises:
            UserError: If there are no images, or images of different sizes in one batch.
        """
        return dict(imgs=self.images.encode(batch), heatmap_imgs=self.heatmaps.encode(batch, samples))

    def stack(self, name: str, values: Sequence[Tensor]) -> Tensor:
        """Clips may differ in their number of persons."""
        return self.heatmaps.stack(name, values)
