"""The base of every encoder, which turns a batch of joints into a network's input on the device.

An encoder of your own derives from :class:`SkeletonEncoder`, declares by its class attributes what it takes, and is
registered into MMAction2's ``MODELS``; configs, training, prediction and export need nothing else from it.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from mmskel.files.errors import UserError


class SkeletonEncoder(BaseDataPreprocessor):
    """Base class: stacks a batch, moves it to the device, and lets :meth:`encode` make the network's input from it.

    A subclass with streams takes a constructor argument ``stream``, one with a joint order an argument ``layout``, and
    one that can append the confidence as a channel an argument ``with_score``; configs and ``fit_to_data`` set them.

    Attributes:
        streams: Values of the constructor's ``stream``; () without such an argument.
        ensemble: Streams that ``mmskel train --streams all`` trains.
        coords: Numbers of coordinates per joint, without the confidence, that the encoder takes.
        needs_video: Whether clips need the video that they came from, since the network looks at its images.
        channel_axis: Axis of the input that holds the channels: -1 of graphs (..., M, T, V, C), -4 of volumes and
            images (..., C, T, H, W).
        pathway: Name of the part of the backbone's config that takes ``in_channels``; ``''``: the backbone itself.

    Example:
        >>> class Speed(SkeletonEncoder):  # with @MODELS.register_module() above it, for any config
        ...     coords = (2, 3)
        ...
        ...     def channels(self, coords=3):
        ...         return 1
        ...
        ...     def encode(self, batch, samples=()):
        ...         keypoint = batch['keypoint']  # (N, clips, M, T, V, C)
        ...         return keypoint.diff(dim=3, append=keypoint[:, :, :, -1:]).norm(dim=-1, keepdim=True)
        >>> Speed().encode(dict(keypoint=torch.rand(2, 1, 1, 16, 17, 2))).shape
        torch.Size([2, 1, 1, 16, 17, 1])
    """
    streams: tuple[str, ...] = ()
    ensemble: tuple[str, ...] = ()
    coords: tuple[int, ...] = (2, 3)
    needs_video: bool = False
    channel_axis: int = -1
    pathway: str = ''

    def channels(self, coords: int = 3) -> int:
        """Number of channels of the input that :meth:`encode` makes, which is the network's ``in_channels``.

        Args:
            coords: Number of coordinates per joint, one of :attr:`coords`.
        """
        raise NotImplementedError(f'{type(self).__name__} does not say how many channels it makes; define channels()')

    def backbone_arguments(self, coords: int = 3) -> dict[str, Any]:
        """Arguments of the backbone that follow from the encoder; by default ``in_channels``, from :meth:`channels`.

        Args:
            coords: Number of coordinates per joint, one of :attr:`coords`.
        """
        return dict(in_channels=self.channels(coords))

    def encode(self, batch: Mapping[str, Tensor], samples: Sequence = ()) -> Any:
        """Computes the network's input; a pure function.

        Args:
            batch: Tensors by the names that ``PackSkeleton`` gives them: ``keypoint`` (N, clips, M, T, V, C), and
                where present ``keypoint_score`` (N, clips, M, T, V), ``keypoint_next`` and ``keypoint_score_next``,
                ``frame_time`` and ``frame_inds`` (N, clips, T), ``imgs`` (N, clips, T, H, W, 3).
            samples: Data samples of the batch, for facts that the arrays lack (``img_shape``); may be empty.
        """
        raise NotImplementedError

    def stack(self, name: str, values: Sequence[Tensor]) -> Tensor:
        """One tensor of the samples' tensors.

        Args:
            name: Name of the entry, e.g. ``'keypoint'``.
            values: Tensor of every sample.

        Raises:
            UserError: Tensors of different shapes.
        """
        shapes = {tuple(value.shape) for value in values}
        if len(shapes) > 1:
            found = ', '.join(map(str, sorted(shapes)))
            raise UserError(f"a batch holds samples with '{name}' of different shapes: {found}; let the pipeline give "
                            'all clips the same number of persons (SetPersons), frames (SampleUniformly, '
                            'ResampleFrames) and pixels (ResizeImage)')
        return torch.stack(tuple(values))

    def forward(self, data: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Stacks the batch, moves it to the device, encodes.

        Args:
            data: ``inputs``: dictionary of lists (or stacked tensors) as ``PackSkeleton`` packs them; or, from a
                stock MMAction2 pipeline, a list of (clips, M, T, V, C) tensors. ``data_samples`` (optional).
            training: Whether the network is in training; is ignored.

        Returns:
            ``inputs`` of :meth:`encode`, and ``data_samples``.
        """
        data = self.cast_data(data)
        inputs, samples = data['inputs'], data.get('data_samples')
        if not isinstance(inputs, Mapping):
            inputs = dict(keypoint=inputs)
        batch = {}
        for name, value in inputs.items():
            value = self.stack(name, value) if isinstance(value, (list, tuple)) else value
            batch[name] = value.float() if value.is_floating_point() or name.startswith('keypoint') else value
        return dict(inputs=self.encode(batch, samples or ()), data_samples=samples)
