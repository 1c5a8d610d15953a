"""The door of networks that take clips at their full length: a batch is padded to its longest clip."""
from __future__ import annotations

import torch
from mmaction.registry import MODELS
from torch import Tensor
from torch.nn import functional

from mmskel.models.encoders.streams import StreamEncoder

# the frame axis of what PackSkeleton packs, counted from the end
_FRAMES = dict(keypoint=-3, keypoint_next=-3, keypoint_score=-2, keypoint_score_next=-2, frame_time=-1)


@MODELS.register_module()
class PaddedStreamEncoder(StreamEncoder):
    """As :class:`StreamEncoder`, for clips of several lengths: zero frames follow the shorter ones.

    Streams are computed after the padding; ``'joint'`` and ``'bone'`` of a zero frame are zero.

    Args:
        layout, stream, with_score: See :class:`StreamEncoder`.
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        """Pads, stacks, moves to the device, encodes; ``data`` as of :class:`StreamEncoder`."""
        inputs = data['inputs'] if isinstance(data['inputs'], dict) else dict(keypoint=data['inputs'])
        padded = {key: pad_frames(value, _FRAMES[key]) if key in _FRAMES else value for key, value in inputs.items()}
        return super().forward(dict(data, inputs=padded), training)


def pad_frames(clips: list[Tensor] | Tensor, axis: int) -> Tensor:
    """Clips of several lengths as one tensor, zeros behind the shorter ones; a tensor is handed back.

    Args:
        clips: Tensors that differ in nothing but the size of ``axis``.
        axis: The frame axis, negative.
    """
    if isinstance(clips, Tensor):
        return clips
    longest = max(clip.shape[axis] for clip in clips)
    behind = (0, ) * (2 * (-axis - 1))
    return torch.stack([functional.pad(clip, (*behind, 0, longest - clip.shape[axis])) for clip in clips])
