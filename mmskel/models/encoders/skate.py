"""The encoder of SkateFormer: a stream of the joints, and the time of every frame."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor

from mmskel.models.encoders.streams import StreamEncoder
from mmskel.skeleton import skate_bone_origins


@MODELS.register_module()
class SkateEncoder(StreamEncoder):
    """Turns joints into the (N, clips, M, T, V, C + 1) input of ``SkateFormer``; the last channel is the frame's time.

    Bones begin where SkateFormer's begin (:func:`mmskel.skeleton.skate_bone_origins`). Motion is that of the picked
    frames. The order of the joints stays the layout's: streams need joints that the network then leaves out.

    Args:
        layout: Joint order.
        stream: Stream to make: ``'joint'``, ``'bone'``, ``'joint_motion'`` or ``'bone_motion'``.
        with_score: Whether to append the confidence as a channel, before the time.
    """

    def __init__(self, layout: str, stream: str = 'joint', with_score: bool = False):
        super().__init__(layout, stream, with_score)
        self.origins.copy_(torch.tensor(skate_bone_origins(layout)))

    def encode(self, batch: Mapping[str, Tensor], samples: Sequence = ()) -> Tensor:
        """Like :class:`StreamEncoder`, with ``frame_time`` (..., T) in [-1, 1] of the batch as the last channel.

        ``channels()`` leaves the time out: ``SkateFormer`` takes it off its input before the first layer.

        Returns:
            (..., M, T, V, C + 1); without times, C channels.
        """
        encoded, time = super().encode(batch), batch.get('frame_time')
        return encoded if time is None else self.append_time(encoded, time)

    def append_time(self, x: Tensor, time: Tensor) -> Tensor:
        """(..., M, T, V, C) and (..., T) in [-1, 1] -> (..., M, T, V, C + 1)."""
        time = time[..., None, :, None, None].expand(*x.shape[:-1], 1)
        return torch.cat([x, time.to(x.dtype)], -1)
