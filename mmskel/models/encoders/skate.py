"""The door of SkateFormer: a stream of the joints, and the time of every frame."""
from __future__ import annotations

import torch
from mmaction.registry import MODELS
from torch import Tensor

from mmskel.models.encoders.streams import StreamEncoder
from mmskel.skeleton import skate_bone_origins


@MODELS.register_module()
class SkateEncoder(StreamEncoder):
    """Joints to the (N, clips, M, T, V, C + 1) input of ``SkateFormer``; the last channel is the frame's time.

    Bones begin where SkateFormer's do (:func:`mmskel.skeleton.skate_bone_origins`). Motion is that of the picked
    frames. The order of the joints stays the layout's: streams need joints that the network then leaves out.

    Args:
        layout: Joint order.
        stream: ``'joint'``, ``'bone'``, ``'joint_motion'`` or ``'bone_motion'``.
        with_score: Append the confidence as a channel, before the time.
    """

    def __init__(self, layout: str, stream: str = 'joint', with_score: bool = False):
        super().__init__(layout, stream, with_score)
        self.origins.copy_(torch.tensor(skate_bone_origins(layout)))

    def append_time(self, x: Tensor, time: Tensor | None) -> Tensor:
        """(..., M, T, V, C) and (..., T) in [-1, 1] -> (..., M, T, V, C + 1); without a time, x as it is."""
        if time is None:
            return x
        time = time[..., None, :, None, None].expand(*x.shape[:-1], 1)
        return torch.cat([x, time.to(x.dtype)], -1)

    def forward(self, data: dict, training: bool = False) -> dict:
        """As :class:`StreamEncoder`, with ``frame_time`` (clips, T) of ``inputs`` where the sampling wrote it."""
        encoded = super().forward(data, training)
        time = data['inputs'].get('frame_time') if isinstance(data['inputs'], dict) else None
        if time is not None:
            time = self.cast_data(time)
            time = torch.stack(time) if isinstance(time, (list, tuple)) else time
        return dict(encoded, inputs=self.append_time(encoded['inputs'], time))
