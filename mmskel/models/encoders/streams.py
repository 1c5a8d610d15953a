"""Joint, bone and motion streams: the input of every graph network, computed on the network's device.

Symbols: ``...`` any leading axes (batch, clips, persons), T frames, V joints, C coordinates.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from mmaction.registry import MODELS
from torch import Tensor

from mmskel.files.errors import UserError
from mmskel.models.encoders.base import SkeletonEncoder
from mmskel.skeleton import get_layout

STREAMS = ('joint', 'bone', 'joint_motion', 'bone_motion')


def bones(x: Tensor, origins: Tensor, score_channel: bool = False) -> Tensor:
    """Bone vectors ``x[v] - x[origin of v]``.

    Args:
        x: (..., T, V, C).
        origins: (V,) joint where every joint's bone begins; a joint that is its own origin gets zeros.
        score_channel: Whether the last channel is a confidence; the mean of both ends' is kept (PYSKL, 2-D).
    """
    other = x.index_select(-2, origins)
    out = x - other
    if score_channel:
        out = torch.cat([out[..., :-1], (x[..., -1:] + other[..., -1:]) / 2], -1)
    return out


def motion(x: Tensor, following: Tensor | None = None, score_channel: bool = False) -> Tensor:
    """Difference to the following frame, ``x[t + 1] - x[t]``; the last frame's is zero.

    Args:
        x: (..., T, V, C).
        following: Successors (..., T, V, C) of every frame in the source, for clips of picked frames. The source's
            last frame must follow itself.
        score_channel: Whether the last channel is a confidence; the mean of both frames' is kept, zero for the last
            frame (``following`` says so by the negative confidence).
    """
    if following is None:
        last = x[..., -1:, :, :]
        if score_channel:  # the published code leaves the last frame all zero, its confidence included
            last = torch.cat([last[..., :-1], -last[..., -1:]], -1)
        following = torch.cat([x[..., 1:, :, :], last], -3)
    out = following - x
    if score_channel:
        out = torch.cat([out[..., :-1], (following[..., -1:] + x[..., -1:]) / 2], -1)
    return out


def encode_stream(keypoint: Tensor, stream: str, origins: Tensor, following: Tensor | None = None,
                  score_channel: bool = False) -> Tensor:
    """One stream of (..., T, V, C) coordinates; bone motion is the motion of the bones. Shape is kept."""
    if stream.startswith('bone'):
        keypoint = bones(keypoint, origins, score_channel)
        following = None if following is None else bones(following, origins, score_channel)
    if stream.endswith('motion'):
        keypoint = motion(keypoint, following, score_channel)
    return keypoint


@MODELS.register_module()
class StreamEncoder(SkeletonEncoder):
    """Turns joints into the (N, clips, M, T, V, C) input of ``RecognizerGCN``.

    Args:
        layout: Joint order, which defines where bones begin.
        stream: Stream to make: ``'joint'``, ``'bone'``, ``'joint_motion'`` or ``'bone_motion'``.
        with_score: Whether to append the confidence as a channel (2-D sets: C becomes 3). Where a clip has none, 1 for
            joints that are not zero.

    Example:
        >>> encoder = StreamEncoder('coco17', stream='bone', with_score=True)
        >>> batch = dict(keypoint=torch.rand(2, 1, 1, 16, 17, 2), keypoint_score=torch.ones(2, 1, 1, 16, 17))
        >>> encoder.encode(batch).shape, encoder.channels(2)
        (torch.Size([2, 1, 1, 16, 17, 3]), 3)
    """
    streams = ensemble = STREAMS

    def __init__(self, layout: str, stream: str = 'joint', with_score: bool = False):
        super().__init__()
        if stream not in STREAMS:
            raise UserError(f"unknown stream '{stream}'; known: {', '.join(STREAMS)}")
        self.layout, self.stream, self.with_score = get_layout(layout).name, stream, with_score
        self.register_buffer('origins', torch.tensor(get_layout(layout).bone_origins), persistent=False)

    def channels(self, coords: int = 3) -> int:
        """Coordinates and, with ``with_score``, the confidence."""
        return coords + self.with_score

    def encode(self, batch: Mapping[str, Tensor], samples: Sequence = ()) -> Tensor:
        """Computes the network's input; a pure function of any leading axes.

        Args:
            batch: ``keypoint`` (..., M, T, V, C) and, optional, ``keypoint_score`` (..., M, T, V); ``keypoint_next``
                and ``keypoint_score_next``, the successor in the source of every frame, see :func:`motion`.
            samples: Data samples; ignored.

        Returns:
            (..., M, T, V, C), with ``with_score`` (..., M, T, V, C + 1).

        Raises:
            UserError: If the joint count is not the layout's.
        """
        keypoint, following = batch['keypoint'], batch.get('keypoint_next')
        if keypoint.shape[-2] != len(self.origins):
            raise UserError(f"the clips have {keypoint.shape[-2]} joints, but the encoder's layout '{self.layout}' "
                            f'has {len(self.origins)}; give the data set layout={self.layout!r}')
        if self.with_score:
            keypoint = _with_score(keypoint, batch.get('keypoint_score'))
            if following is not None:
                following = _with_score(following, batch.get('keypoint_score_next'))
        return encode_stream(keypoint, self.stream, self.origins, following, self.with_score)


def _with_score(keypoint: Tensor, score: Tensor | None) -> Tensor:
    """(..., C) with the confidence as an additional channel; without one, 1 for joints that are not zero."""
    score = (keypoint != 0).any(-1).to(keypoint.dtype) if score is None else score
    return torch.cat([keypoint, score[..., None]], -1)
