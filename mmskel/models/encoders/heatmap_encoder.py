"""PoseC3D's encoder: joints, a few kilobytes, come from the loader, and volumes are made on the network's device."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor

from mmskel.files.errors import UserError
from mmskel.models.encoders.base import SkeletonEncoder
from mmskel.models.encoders.heatmap import heatmap_volume, limb_swap, mirrored
from mmskel.skeleton import get_layout

VOLUME_STREAMS = ('joint', 'limb', 'joint_limb')


@MODELS.register_module()
class HeatmapEncoder(SkeletonEncoder):
    """Turns joints into the (N, views, C, T, H, W) input of ``Recognizer3D``.

    Args:
        layout: Joint order; defines the limbs and the left/right pairs of a mirror image.
        stream: Kind of volume: ``'joint'``: a channel per joint; ``'limb'``: one per limb; ``'joint_limb'``: both,
            joints first.
        size: Size (H, W) of the images if the samples have no ``img_shape``.
        sigma, scaling: See :func:`~mmskel.models.encoders.heatmap.heatmap_volume`.
        use_score: Whether scores are the peaks' heights; False: 1 for every joint, missing ones included (published).
        limbs: Pairs of joints instead of the layout's. PYSKL's NTU120 checkpoints may need the list that its transform
            has by default (``docs/published/posec3d.md``, D9 and D12).

    Example:
        >>> encoder = HeatmapEncoder('coco17', stream='joint_limb', size=(64, 64), scaling=0.5)
        >>> batch = dict(keypoint=64 * torch.rand(2, 1, 1, 8, 17, 2), keypoint_score=torch.ones(2, 1, 1, 8, 17))
        >>> encoder.encode(batch).shape  # 17 joints and 17 limbs
        torch.Size([2, 1, 34, 8, 32, 32])
    """
    streams = VOLUME_STREAMS
    ensemble = ('joint', 'limb')
    coords = (2, )
    channel_axis = -4

    def __init__(self, layout: str, stream: str = 'joint', size: Sequence[int] | None = None, sigma: float = 0.6,
                 scaling: float = 1., use_score: bool = True, limbs: Sequence[Sequence[int]] | None = None):
        super().__init__()
        if stream not in VOLUME_STREAMS:
            raise UserError(f"unknown stream '{stream}'; known: {', '.join(VOLUME_STREAMS)}")
        table = get_layout(layout)
        self.layout, self.stream, self.num_joints = table.name, stream, table.num_joints
        self.size, self.sigma, self.scaling, self.use_score = size and tuple(size), sigma, scaling, use_score
        self.joints = stream != 'limb'
        self.limbs = tuple(map(tuple, limbs or table.limbs)) if stream != 'joint' else ()
        swap = list(table.swap) if self.joints else []
        swap += [len(swap) + limb for limb in limb_swap(self.limbs, table.swap)]
        self.register_buffer('swap', torch.tensor(swap), persistent=False)

    def channels(self, coords: int = 2) -> int:
        """The number of drawn channels: joints, limbs or both."""
        return len(self.swap)

    def draw(self, keypoint: Tensor, score: Tensor | None = None, size: Sequence[int] | None = None) -> Tensor:
        """Volumes of joints, a pure function, also used in exported networks.

        Args:
            keypoint: (..., M, T, V, C); x and y are used.
            score: (..., M, T, V).
            size: (H, W) of the image; default: the encoder's own.

        Returns:
            (..., channels, T, H, W) float32.

        Raises:
            UserError: If the joint count is not the layout's, or no size is known.
        """
        size = size or self.size
        if keypoint.shape[-2] != self.num_joints:
            raise UserError(f"the clips have {keypoint.shape[-2]} joints, but the encoder's layout '{self.layout}' "
                            f'has {self.num_joints}; give the data set layout={self.layout!r}')
        if size is None:
            raise UserError("heatmaps need the image's size: samples with 'img_shape' (PackSkeleton keeps it), or "
                            'HeatmapEncoder(size=(H, W))')
        clips = math.prod(keypoint.shape[:-4])
        volume = heatmap_volume(
            keypoint[..., :2].reshape(clips, *keypoint.shape[-4:-1], 2),
            score.reshape(clips, *score.shape[-3:]) if score is not None and self.use_score else None,
            size, sigma=self.sigma, scaling=self.scaling, joints=self.joints, limbs=self.limbs)
        return volume.view(*keypoint.shape[:-4], *volume.shape[1:])

    def views(self, keypoint: Tensor, score: Tensor | None, size: Sequence[int] | None, frames: Tensor | None = None,
              mirror: bool = False) -> Tensor:
        """Volumes of several clips of every sample; a frame that many of them show is drawn once.

        Args:
            keypoint: (N, clips, M, T, V, C).
            score: (N, clips, M, T, V).
            size: (H, W) of the image; default: the encoder's own.
            frames: (N, clips, T) numbers of the frames: equal numbers in a sample are equal frames. None: all differ.
            mirror: If true, also draws the mirror image of every clip, after the plain ones: pixel x becomes W - 1 - x
                (published: ``docs/published/posec3d.md``, D13).

        Returns:
            (N, views, channels, T, H, W), views = clips or 2 * clips.
        """
        samples, clips, persons, length = keypoint.shape[:4]
        if clips == 1:  # clips share nothing, and an exported network needs known shapes
            drawn = self.draw(keypoint, score, size)
            return torch.cat([drawn, mirrored(drawn, self.swap)], 1) if mirror else drawn
        frames = torch.arange(clips * length, device=keypoint.device).view(clips, length).expand(samples, -1, -1) \
            if frames is None else frames
        start = torch.arange(samples, device=frames.device)[:, None, None] * (frames.max() + 1)
        distinct, which = torch.unique(frames + start, return_inverse=True)
        chosen = torch.empty_like(distinct).scatter_(
            0, which.flatten(), torch.arange(which.numel(), device=which.device))
        # the distinct frames as one clip: (1, M, D, V, C)
        keypoint = keypoint.transpose(2, 3).flatten(0, 2)[chosen].transpose(0, 1)[None]
        if score is not None:
            score = score.transpose(2, 3).flatten(0, 2)[chosen].transpose(0, 1)[None]
        drawn = self.draw(keypoint, score, size)[0]
        sides = drawn.new_zeros(1, len(drawn), dtype=torch.int64) + torch.arange(len(drawn), device=drawn.device)
        if mirror:
            drawn = torch.cat([drawn, drawn.flip(-1)])
            sides = torch.cat([sides, self.swap.to(sides.device)[None] + len(self.swap)])
        # the row of (channel, distinct frame) that every (sample, side, clip, channel, frame) shows
        rows = sides[None, :, None, :, None] * len(chosen) + which[:, None, :, None]
        volume = drawn.flatten(2).flatten(0, 1).index_select(0, rows.flatten())
        return volume.view(samples, -1, len(self.swap), length, *drawn.shape[-2:])

    def encode(self, batch: Mapping[str, Tensor], samples: Sequence = ()) -> Tensor:
        """Computes the network's input; a pure function.

        Args:
            batch: ``keypoint`` (N, clips, M, T, V, C) and, optional, ``keypoint_score`` (N, clips, M, T, V) and
                ``frame_inds`` (N, clips, T).
            samples: Data samples, which say ``img_shape`` and, if mirrored views are wanted, ``mirror_views``.

        Returns:
            (N, views, channels, T, H, W) float32, see :meth:`views`.

        Raises:
            UserError: Images of different sizes in one batch.
        """
        mirror = any(sample is not None and sample.get('mirror_views') for sample in samples)
        return self.views(batch['keypoint'], batch.get('keypoint_score'), self._size(samples), batch.get('frame_inds'),
                          mirror)

    def stack(self, name: str, values: Sequence[Tensor]) -> Tensor:
        """Stacks clips with different numbers of persons; absent persons are zero and not drawn."""
        if not name.startswith('keypoint'):
            return super().stack(name, values)
        persons = max(value.shape[1] for value in values)
        stacked = values[0].new_zeros(len(values), len(values[0]), persons, *values[0].shape[2:])
        for row, value in zip(stacked, values):
            row[:, :value.shape[1]] = value
        return stacked

    def _size(self, samples: Sequence) -> tuple[int, int] | None:
        sizes = {tuple(sample.img_shape) for sample in samples if sample is not None and 'img_shape' in sample}
        if len(sizes) > 1:
            raise UserError(f'a batch holds images of the sizes {", ".join(map(str, sorted(sizes)))} (H, W); end the '
                            'pipeline with ResizeImage(size=(H, W)) or CropCentre(size)')
        return sizes.pop() if sizes else self.size
