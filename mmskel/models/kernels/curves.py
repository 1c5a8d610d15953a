"""Links between neighbouring frames, the curves they form, and sums along curves.

Symbols: T frames, B clips times persons, V joints, k links of a joint, c channels. Time comes first, so that the frames
before and after are slices; ``P = T - 1`` pairs of frames.

J. Lee et al., "Leveraging Spatio-Temporal Dependency for Skeleton-Based Action Recognition", ICCV 2023, arXiv
2212.04761; the exact form is ours, docs/published/stc_net.md.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function

from mmskel.models.kernels.custom_backward import eager, wants_custom_backward


class Links(NamedTuple):
    """The nearest joints of the neighbouring frames, nearest first.

    Attributes:
        forward: (P, B, V, k) joints of frame t + 1 for every joint of frame t.
        backward: (P, B, V, k) joints of frame t for every joint of frame t + 1.
    """
    forward: Tensor
    backward: Tensor


def frame_distances(query: Tensor, key: Tensor) -> Tensor:
    """Squared distances of every joint to every joint of the next frame, over the number of channels.

    Always in float32 at least: in half precision the nearest joints would differ.

    Args:
        query, key: (T, B, V, e).

    Returns:
        (P, B, V, V): ``|query[t, b, u] - key[t + 1, b, v]|^2 / e``.
    """
    with torch.autocast(query.device.type, enabled=False):
        exact = torch.promote_types(query.dtype, torch.float32)
        here, there = query[:-1].to(exact).flatten(0, 1), key[1:].to(exact).flatten(0, 1)
        width = query.shape[-1]
        squares = here.square().sum(-1)[:, :, None] + there.square().sum(-1)[:, None]
        distance = torch.baddbmm(squares, here, there.transpose(1, 2), beta=1 / width, alpha=-2 / width)
        # rounding may leave a negative number
        return distance.relu_().view(len(query) - 1, *query.shape[1:3], query.shape[2])


@torch.no_grad()
def nearest_links(distance: Tensor, k: int) -> Links:
    """The k nearest joints of both neighbouring frames; a joint is never linked to itself.

    Among equally near joints the first is taken, on every device.

    Args:
        distance: (P, B, V, V), at least 0, see :func:`frame_distances`.
        k: Number of links of a joint, at most V - 1.
    """
    joints = distance.shape[-1]
    this = torch.arange(joints, device=distance.device)
    if torch.onnx.is_in_onnx_export():  # ONNX cannot read the bits of a number, but its TopK takes the first
        distance = distance.masked_fill(this == this[:, None], torch.inf)
        return Links(distance.topk(k, -1, largest=False).indices,
                     distance.transpose(-1, -2).topk(k, -1, largest=False).indices)
    # non-negative numbers are ordered as their bits are, and float64 has room for the joint after those of
    # float32: no two keys are equal
    room = 1 << max(joints - 1, 1).bit_length()
    keys = distance.to(torch.float64, copy=True).view(torch.int64).bitwise_and_(-room)
    keys.diagonal(dim1=-2, dim2=-1).fill_(torch.iinfo(torch.int64).max - room)
    return Links(*(_smallest(part, k) & (room - 1) for part in (keys + this, keys.transpose(-1, -2) + this)))


def _smallest(keys: Tensor, k: int) -> Tensor:
    """The k smallest of the last axis, in order."""
    if keys.device.type == 'cpu' and eager():  # short rows are sorted by vector instructions, five times as fast
        return torch.from_numpy(np.sort(keys.numpy(), -1)[..., :k])
    return keys.topk(k, -1, largest=False).values


def link_weights(distance: Tensor, links: Links) -> tuple[Tensor, Tensor]:
    """Softmax over the links of every joint, as matrices of all pairs.

    A gradient flows through the weights to the distances; the choice of the linked joints has none.

    Args:
        distance: (P, B, V, V).
        links: See :func:`nearest_links`.

    Returns:
        Forward (P, B, V, V), the weight of joint v of frame t + 1 for joint u of frame t at [u, v]; backward, the
        weight of joint u of frame t for joint v of frame t + 1 at [v, u].
    """
    def matrix(away: Tensor, to: Tensor) -> Tensor:
        near = away.gather(-1, to)
        # softmax, several times as fast as PyTorch's for short rows
        weight = torch.exp(near[..., :1].detach() - near)
        # not zeros_like, whose shape an exporter fixes
        return away.new_zeros(away.shape).scatter(-1, to, weight / weight.sum(-1, keepdim=True))
    return matrix(distance, links.forward), matrix(distance.transpose(-1, -2), links.backward)


def link_features(neighbour: Tensor, centre: Tensor, forward: Tensor, backward: Tensor) -> Tensor:
    """``LeakyReLU(sum of linked neighbours + centre)``, averaged over the frame after and the frame before.

    Args:
        neighbour, centre: (T, B, V, c), T at least 2.
        forward, backward: (P, B, V, V) weights, see :func:`link_weights`.

    Returns:
        (T, B, V, c). The first frame has none before it, and the last none after it.
    """
    forward, backward = forward.flatten(0, 1).to(centre.dtype), backward.flatten(0, 1).to(centre.dtype)
    after = torch.baddbmm(centre[:-1].flatten(0, 1), forward, neighbour[1:].flatten(0, 1))
    before = torch.baddbmm(centre[1:].flatten(0, 1), backward, neighbour[:-1].flatten(0, 1))
    after, before = (torch.nn.functional.leaky_relu_(part, 0.2).view(-1, *centre.shape[1:]) for part in (after, before))
    return torch.cat([after[:1], (after[1:] + before[:-1]) / 2, before[-1:]])


def curve_joints(links: Links, radius: int) -> Tensor:
    """The positions of the curve through every joint of every frame, up to ``radius`` frames before and after.

    A curve continues to the nearest joint of the next frame, and back to the nearest of the one before; where the clip
    ends it stays.

    Args:
        links: Links of T - 1 pairs of frames.
        radius: Radius in frames, r.

    Returns:
        (2 r + 1, T, B, V) joints, from frame t - r to frame t + r.
    """
    following, preceding = links.forward[..., 0], links.backward[..., 0]
    stay = torch.arange(following.shape[-1], device=following.device).expand_as(following[:1])
    following, preceding = torch.cat([following, stay]), torch.cat([stay, preceding])
    frames = torch.arange(len(following), device=following.device)
    middle = stay.expand_as(following)
    ahead, behind = [middle], [middle]
    for step in range(radius):
        ahead.append(following[(frames + step).clamp(max=len(frames) - 1)].gather(-1, ahead[-1]))
        behind.append(preceding[(frames - step).clamp(min=0)].gather(-1, behind[-1]))
    return torch.stack([*behind[:0:-1], *ahead])


def full_curves(following: Tensor) -> Tensor:
    """The curves that begin at the joints of frame 0.

    Args:
        following: (P, B, V) nearest joint of the next frame.

    Returns:
        (T, B, V) joints: the position of each of them in every frame.
    """
    curve = [torch.arange(following.shape[-1], device=following.device).expand(following.shape[1:])]
    for step in following:
        curve.append(step.gather(-1, curve[-1]))
    return torch.stack(curve)


def along_curves(taps: Tensor, joints: Tensor) -> Tensor:
    """Sums the values of every tap at its position on the curve: a convolution along the curves whose taps were applied
    before.

    Args:
        taps: (T, B, V, (2 r + 1) c), blocks ordered from frame t - r to t + r.
        joints: (2 r + 1, T, B, V), see :func:`curve_joints`.

    Returns:
        (T, B, V, c).
    """
    frames, persons, nodes, channels = taps.shape
    count = len(joints)
    width = channels // count
    at = torch.arange(frames, device=taps.device)
    shifts = torch.arange(count, device=taps.device)[:, None] - count // 2
    at = (at + shifts).clamp(0, frames - 1)[:, :, None] * persons + torch.arange(persons, device=taps.device)
    rows = ((at[..., None] * nodes + joints) * count).flatten(1) + torch.arange(count, device=taps.device)[:, None]
    flat = taps.reshape(-1, width)
    out = _AlongCurves.apply(flat, rows) if wants_custom_backward(taps) else _sum_of_rows(flat, rows)
    return out.view(frames, persons, nodes, width)


def _sum_of_rows(flat: Tensor, rows: Tensor) -> Tensor:
    out = flat.index_select(0, rows[0])
    for places in rows[1:]:
        out = out + flat.index_select(0, places)
    return out


class _AlongCurves(Function):
    """Accumulates the gradient in one tensor instead of one per tap."""

    @staticmethod
    def forward(ctx, flat, rows):
        ctx.save_for_backward(rows)
        ctx.size = len(flat)
        return _sum_of_rows(flat, rows)

    @staticmethod
    def backward(ctx, grad):
        rows, = ctx.saved_tensors
        to_flat = grad.new_zeros(ctx.size, grad.shape[1])
        for places in rows:
            to_flat.index_add_(0, places, grad)
        return to_flat, None
