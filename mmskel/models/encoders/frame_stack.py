"""The encoders of Gate-Shift-Pose: images with one heatmap of all joints as their fourth channel, or beside joints.

E. Bianchi, O. Lanz, arXiv 2503.04470; the released code's way of feeding them is the default, the paper's is an option
(docs/published/gate_shift_pose.md, D1, D2 and D5). Ours: the heatmap is drawn on the device, at the size that the
network sees, as one product of columns and rows, and images stay bytes until then.

Symbols: N clips, M persons, T frames, V joints, H and W of the images.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor

from mmskel.files.errors import UserError
from mmskel.models.encoders.base import SkeletonEncoder
from mmskel.models.encoders.rgb_pose import MEAN, STD
from mmskel.skeleton import get_layout

FRAME_STREAMS = ('rgb_heatmap', 'rgb')
_NO_IMAGES = ('the network looks at images, and the samples have none; the pipeline needs SampleSegments and '
              'LoadClipFrames before PackSkeleton')


def joint_heatmap(keypoint: Tensor, size: Sequence[int], sigma: float = 10.) -> Tensor:
    """All joints in one heatmap per frame: the sum of Gaussians of height 1, cut off at 1.

    Coordinates are truncated to whole pixels, a Gaussian ends 3 sigma from its joint, and joints in the image's first
    row or column, or outside of it, are not drawn; neither are missing ones, which lie at (0, 0).

    Args:
        keypoint: (..., T, V, 2) x and y in pixels; of several persons, give their joints as one axis.
        size: (H, W) of the images.
        sigma: Standard deviation in pixels.

    Returns:
        (..., T, H, W) float32, in [0, 1].
    """
    keypoint = torch.nan_to_num(keypoint.float(), posinf=-1., neginf=-1.).trunc()
    bounds = keypoint.new_tensor([size[1], size[0]])
    drawn = ((keypoint > 0) & (keypoint < bounds)).all(-1, keepdim=True)
    window = int(6 * sigma + 1)
    low, high = -(window // 2), window - window // 2
    sides = []
    for axis, length in ((1, size[0]), (0, size[1])):
        away = torch.arange(length, device=keypoint.device, dtype=keypoint.dtype) - keypoint[..., axis, None]
        inside = (away >= low) & (away < high) & drawn
        sides.append(torch.exp(away.square() / (-2 * sigma**2)) * inside)
    rows, columns = sides  # (..., T, V, H) and (..., T, V, W)
    return torch.matmul(rows.mT, columns).clamp(max=1)


def masked_by_heatmap(images: Tensor, heatmap: Tensor) -> Tensor:
    """Images as an RGBA image has them after a resize in Pillow, whose alpha channel is the heatmap.

    Colours are multiplied by alpha for the resize and divided by it afterwards, in bytes: black where the heatmap is
    zero, and coarse where it is small (``docs/published/gate_shift_pose.md``, D1).

    Args:
        images: (..., H, W, 3) colours from 0 to 255.
        heatmap: (..., H, W) whole numbers from 0 to 255.

    Returns:
        (..., H, W, 3) float32 whole numbers from 0 to 255.
    """
    alpha = heatmap.float()[..., None]
    # Pillow's x alpha / 255 in whole numbers: rounded to the nearest
    multiplied = (images.float() * alpha / 255 + 0.5).floor_()
    return torch.where(alpha > 0, (multiplied * 255 / alpha.clamp(min=1)).floor_().clamp_(max=255), 0.)


def normalize_cyclically(channels: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """The released code's normalisation: mean and deviation of three colours, repeated over all stacked channels.

    With four channels per frame, green is normalised as red, blue as green, and so on; the last channels, if their
    number is no multiple of three, stay as they are (``docs/published/gate_shift_pose.md``, D2).

    Args:
        channels: (..., S, H, W) all channels of all frames (and views), from 0 to 1.
        mean, std: Mean and standard deviation of red, green and blue.

    Returns:
        A tensor of the same shape.
    """
    stacked = channels.shape[-3]
    repeats, left = divmod(stacked, len(mean))
    shift = channels.new_tensor([*mean] * repeats + [0.] * left)[:, None, None]
    scale = channels.new_tensor([*std] * repeats + [1.] * left)[:, None, None]
    return (channels - shift) / scale


@MODELS.register_module()
class FrameStackEncoder(SkeletonEncoder):
    """Turns images and joints into the (N, views, 4, T, H, W) input of ``Recognizer3D`` with ``GSFResNet``.

    Args:
        layout: Joint order.
        stream: ``'rgb_heatmap'``: images and a heatmap of all joints as their fourth channel; ``'rgb'``: images alone.
        sigma: Standard deviation of the Gaussians, in pixels of the images that the network sees. Published: 10 on
            images of 640 x 360, which are then scaled to 455 x 256.
        mask_rgb: Whether images are black where the heatmap is zero, as the released code feeds them; the paper
            describes whole images (``docs/published/gate_shift_pose.md``, D1).
        cyclic: Whether colours are normalised as in the released code, see :func:`normalize_cyclically`; if not, each
            by its own mean and deviation, and the heatmap stays in [0, 1].
        mean, std: Mean and standard deviation of red, green and blue, of pixels from 0 to 255.
    """
    streams = FRAME_STREAMS
    ensemble = FRAME_STREAMS
    coords = (2, )
    needs_video = True
    channel_axis = -4

    def __init__(self, layout: str, stream: str = 'rgb_heatmap', sigma: float = 7., mask_rgb: bool = True,
                 cyclic: bool = True, mean: Sequence[float] = MEAN, std: Sequence[float] = STD):
        super().__init__()
        if stream not in FRAME_STREAMS:
            raise UserError(f"unknown stream '{stream}'; known: {', '.join(FRAME_STREAMS)}")
        if sigma <= 0:
            raise UserError(f'FrameStackEncoder: sigma must be above 0, not {sigma}')
        table = get_layout(layout)
        self.layout, self.num_joints, self.sigma = table.name, table.num_joints, sigma
        self.stream, self.heatmap, self.mask_rgb, self.cyclic = stream, stream == 'rgb_heatmap', mask_rgb, cyclic
        self.mean, self.std = (tuple(value / 255 for value in values) for values in (mean, std))

    def channels(self, coords: int = 2) -> int:
        """Red, green, blue, and the heatmap."""
        return 3 + self.heatmap

    def draw(self, keypoint: Tensor, size: Sequence[int]) -> Tensor:
        """(N, views, M, T, V, C) -> heatmaps (N, views, T, H, W) of everybody, whole numbers from 0 to 255.

        Raises:
            UserError: If the joint count is not the layout's.
        """
        if keypoint.shape[-2] != self.num_joints:
            raise UserError(f"the clips have {keypoint.shape[-2]} joints, but the encoder's layout '{self.layout}' has "
                            f'{self.num_joints}; give the data set layout={self.layout!r}')
        joints = keypoint[..., :2].transpose(2, 3).flatten(3, 4)
        return (joint_heatmap(joints, size, self.sigma) * 255).floor_()

    def encode(self, batch: Mapping[str, Tensor], samples: Sequence = ()) -> Tensor:
        """Computes the network's input; a pure function.

        Args:
            batch: ``imgs`` (N, views, T, H, W, 3) uint8 RGB and, for the heatmap, ``keypoint`` (N, views, M, T, V, C)
                in pixels of the images.
            samples: Data samples; ignored.

        Returns:
            (N, views, channels, T, H, W) float32; the frames of a view follow each other in memory.

        Raises:
            UserError: If there are no images, or joints of another number of frames.
        """
        if 'imgs' not in batch:
            raise UserError(_NO_IMAGES)
        images = batch['imgs']
        if not self.heatmap:
            return self.normalize(images.movedim(-1, -3).float()).transpose(2, 3)
        keypoint = batch['keypoint']
        if keypoint.shape[3] != images.shape[2]:
            raise UserError(f'{keypoint.shape[3]} skeletons for {images.shape[2]} images; SampleSegments draws both '
                            'from the same frames')
        drawn = self.draw(keypoint, images.shape[3:5])
        colours = masked_by_heatmap(images, drawn) if self.mask_rgb else images.float()
        return self.normalize(torch.cat([colours.movedim(-1, -3), drawn.unsqueeze(-3)], -3)).transpose(2, 3)

    def normalize(self, channels: Tensor) -> Tensor:
        """(N, views, T, 3 or 4, H, W), from 0 to 255, shape kept."""
        channels = channels / 255
        if self.cyclic:
            stacked = channels.flatten(1, 3)  # over all views of a clip, one after another
            return normalize_cyclically(stacked, self.mean, self.std).view(channels.shape)
        rest = channels.shape[-3] - 3
        shift = channels.new_tensor([*self.mean] + [0.] * rest)[:, None, None]
        scale = channels.new_tensor([*self.std] + [1.] * rest)[:, None, None]
        return (channels - shift) / scale


@MODELS.register_module()
class FramesAndPoseEncoder(SkeletonEncoder):
    """Turns images and joints into the inputs of ``MMRecognizer3D`` with ``GSFLateFusion``: ``imgs`` (N, views, 3, T,
    H, W) and ``pose`` (N, views, T, V * 2), x and y of joint after joint.

    Args:
        layout: Joint order.
        scale_pose: Whether coordinates are divided by the image's size and shifted, to [-1, 1]; published, they are
            pixels (``docs/published/gate_shift_pose.md``, D5). Missing joints, at (0, 0), stay there.
        mean, std: Mean and standard deviation of red, green and blue, of pixels from 0 to 255.
    """
    coords = (2, )
    needs_video = True
    channel_axis = -4

    def __init__(self, layout: str, scale_pose: bool = False, mean: Sequence[float] = MEAN,
                 std: Sequence[float] = STD):
        super().__init__()
        self.images = FrameStackEncoder(layout, 'rgb', cyclic=False, mean=mean, std=std)
        self.layout, self.num_joints, self.scale_pose = self.images.layout, self.images.num_joints, scale_pose

    def channels(self, coords: int = 2) -> int:
        """Red, green and blue; the joints are an input of their own."""
        return 3

    def backbone_arguments(self, coords: int = 2) -> dict[str, int]:
        """Nothing follows from this encoder: the network always has three colours and two coordinates."""
        return {}

    def encode(self, batch: Mapping[str, Tensor], samples: Sequence = ()) -> dict[str, Tensor]:
        """Computes the network's inputs; a pure function.

        Args:
            batch: ``imgs`` (N, views, T, H, W, 3) uint8 RGB, ``keypoint`` (N, views, M, T, V, C), of which the first
                person is used.
            samples: Data samples, whose ``img_shape`` says the size of the image that the joints lie in; without one it
                is that of ``imgs``.

        Raises:
            UserError: If there are no images, or joints of another number or of another number of frames.
        """
        imgs = self.images.encode(batch)
        keypoint, frames = batch['keypoint'], batch['imgs'].shape[2]
        if tuple(keypoint.shape[3:5]) != (frames, self.num_joints):
            raise UserError(f'{keypoint.shape[3]} skeletons of {keypoint.shape[4]} joints for {frames} images and the '
                            f"layout '{self.layout}' of {self.num_joints} joints; SampleSegments draws both from the "
                            'same frames')
        pose = keypoint[:, :, 0, ..., :2]
        if self.scale_pose:
            sizes = [sample.img_shape for sample in samples if sample is not None and 'img_shape' in sample]
            size = pose.new_tensor(sizes if len(sizes) == len(pose) else [batch['imgs'].shape[3:5]]).flip(-1)
            scaled = 2 * pose / size[:, None, None, None] - 1
            pose = torch.where((pose == 0).all(-1, keepdim=True), 0., scaled)
        return dict(imgs=imgs, pose=pose.flatten(3))
