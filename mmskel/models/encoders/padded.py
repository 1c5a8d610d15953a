"""The encoder of networks that take clips at full length: a batch is padded to its longest clip."""
from __future__ import annotations

from collections.abc import Sequence

from mmaction.registry import MODELS
from torch import Tensor
from torch.nn import functional

from mmskel.models.encoders.streams import StreamEncoder

# the frame axis of what PackSkeleton packs, counted from the end
_FRAMES = dict(keypoint=-3, keypoint_next=-3, keypoint_score=-2, keypoint_score_next=-2, frame_time=-1)


@MODELS.register_module()
class PaddedStreamEncoder(StreamEncoder):
    """Like :class:`StreamEncoder`, for clips of different lengths: zero frames follow the shorter ones.

    Streams are computed after the padding; ``'joint'`` and ``'bone'`` of a zero frame are zero.

    Args:
        layout, stream, with_score: See :class:`StreamEncoder`.
    """

    def stack(self, name: str, values: Sequence[Tensor]) -> Tensor:
        """One tensor of the samples' tensors, the frames of shorter clips followed by zeros."""
        return super().stack(name, pad_frames(values, _FRAMES[name]) if name in _FRAMES else values)


def pad_frames(clips: Sequence[Tensor], axis: int) -> list[Tensor]:
    """Pads clips to the length of the longest with trailing zeros.

    Args:
        clips: Tensors with frames on the same axis.
        axis: The frame axis, negative.
    """
    longest = max(clip.shape[axis] for clip in clips)
    behind = (0, ) * (2 * (-axis - 1))
    return [functional.pad(clip, (*behind, 0, longest - clip.shape[axis])) for clip in clips]
