"""SkateFormer's four partitioned attentions, in pieces that stay in the cache, keeping little for the backward pass.

Spec sheet ``skateformer``, section 2. Symbols: R channels, B clips, T frames, W tokens of a frame, h heads, d channels
of a head, (a, b) frames and joints of a window, A = a b, n windows of all clips.

Channels come first here, (R, B, T, W): the partition is then a view, and a window's rows are runs of joints.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

from mmskel.models.layers.by_hand import by_hand
from mmskel.models.layers.dropout import Drops, drop_, keep_share
from mmskel.skeleton import SKATE_TYPES

# scores computed at once on a CPU, such that they and what is made of them fit the second-level cache: 1 MB in float32
AT_ONCE = 2**18
# scores up to here in size go through the exponential as they are: e^60, and a window's sum of it, is far from overflow
SMALL = 60.


def partition_view(x: Tensor, kind: int, size: tuple[int, int]) -> Tensor:
    """The windows of a Skate-Type as a view: (..., T, W) -> (..., T / a, W / b, a, b).

    The same as :func:`mmskel.skeleton.skate_partition`, without an index. Needs T and W to divide.
    """
    (a, b), (far_joints, far_frames) = size, SKATE_TYPES[kind]
    frames, tokens = x.shape[-2:]
    x = x.unflatten(-1, (b, tokens // b) if far_joints else (tokens // b, b))
    if far_joints:
        x = x.transpose(-1, -2)
    x = x.unflatten(-3, (a, frames // a) if far_frames else (frames // a, a))  # (..., T, T, W / b, b)
    if far_frames:
        x = x.transpose(-3, -4)
    return x.transpose(-3, -2)


def skate_attention(beside: Sequence[Tensor], qkv: Tensor, biases: Sequence[Tensor], sizes: Sequence[tuple[int, int]],
                    scale: float, dropout: float = 0.) -> Tensor:
    """Attention of the four Skate-Types, behind the results of the other branches.

    Args:
        beside: Tensors (., B, T, W), which come first in the result.
        qkv: (4 * 3 h d, B, T, W): per type queries, keys and values, each heads before channels.
        biases: Four tensors (h, A, A), added to the scores.
        sizes: Four (a, b).
        scale: Of the scores.
        dropout: Of the attention weights.

    Returns:
        (sum of those beside + 4 h d, B, T, W).
    """
    if getattr(torch.compiler, 'is_compiling', lambda: False)():
        return _plain(beside, qkv, biases, sizes, scale, dropout)
    biases = [bias.to(qkv.dtype) for bias in biases]  # autocast does not look into a backward pass
    beside = [part.to(qkv.dtype) for part in beside]
    if by_hand(qkv):
        return _SkateAttention.apply(len(beside), sizes, scale, dropout, qkv, *biases, *beside)
    return _attend(beside, qkv, biases, sizes, scale, dropout)


def _windows(x: Tensor, kind: int, size: tuple[int, int], parts: int, heads: int) -> Tensor:
    """(parts h d, B, T, W) -> (parts, n h, d, A), a copy."""
    x = partition_view(x.unflatten(0, (parts, heads, -1)), kind, size)
    depth, area = x.shape[2], x.shape[-2] * x.shape[-1]
    return x.permute(0, 3, 4, 5, 1, 2, 6, 7).reshape(parts, -1, depth, area)


def _put(windows: Tensor, into: Tensor, kind: int, size: tuple[int, int], parts: int, heads: int) -> None:
    """The inverse of :func:`_windows`, written into a tensor (parts h d, B, T, W)."""
    view = partition_view(into.unflatten(0, (parts, heads, -1)), kind, size).permute(0, 3, 4, 5, 1, 2, 6, 7)
    view.copy_(windows.view(view.shape))


def _pieces(windows: int, area: int, heads: int, device: torch.device) -> list[slice]:
    """Slices of the first axis of (n h, ., .)."""
    many = windows if device.type != 'cpu' else max(1, AT_ONCE // (heads * area**2)) * heads
    return [slice(at, at + many) for at in range(0, windows, many)]


def _all_small(query: Tensor, key: Tensor, bias: Tensor) -> bool:
    """Whether no score is so large that a softmax must first subtract a row's largest: two passes over all scores less.

    A bound by the largest entries. On a GPU, which would have to be waited for, False.
    """
    if query.device.type != 'cpu' or query.dtype == torch.float16:
        return False
    in_query, in_key, in_bias = (max(-low, high) for low, high in (map(float, x.aminmax()) for x in (query, key, bias)))
    return query.shape[1] * in_query * in_key + in_bias < SMALL


def _attend(beside, qkv, biases, sizes, scale, dropout, kept=None) -> Tensor:
    """All types; ``kept`` gathers what the backward pass needs per type: (logarithm of the sums, drops per piece)."""
    heads = len(biases[0])
    first, depth = sum(map(len, beside)), len(qkv) // (12 * heads)
    out = qkv.new_empty(first + len(qkv) // 3, *qkv.shape[1:])
    if beside:
        torch.cat(list(beside), out=out[:first])
    results = out[first:].chunk(4)
    for kind, part, bias, size, result in zip(SKATE_TYPES, qkv.chunk(4), biases, sizes, results):
        query, key, value = _windows(part, kind, size, 3, heads)
        value = torch.cat([value, torch.ones_like(value[:, :1])], 1)  # its last row adds up the weights
        done, logsum, drops = torch.empty_like(query), query.new_empty(len(query), 1, query.shape[-1]), []
        query, toward = query * scale, bias.transpose(1, 2).contiguous()
        shifted = not _all_small(query, key, bias)
        for piece in _pieces(len(query), bias.shape[-1], heads, query.device):
            weight = torch.bmm(key[piece].transpose(1, 2), query[piece])
            weight.view(-1, *bias.shape).add_(toward)
            peak = weight.amax(1, keepdim=True) if shifted else None
            if shifted:
                weight.sub_(peak)
            weight.exp_()
            if dropout:
                total = weight.sum(1, keepdim=True)
                drops.append(Drops(weight.numel(), dropout, weight.device))
                share = torch.bmm(value[piece, :depth], drop_(weight, drops[-1].mask(weight)))
                torch.div(share, total * keep_share(dropout), out=done[piece])
            else:
                share = torch.bmm(value[piece], weight)
                total = share[:, depth:]
                torch.div(share[:, :depth], total, out=done[piece])
            if kept is not None:
                torch.log(total, out=logsum[piece])
                if shifted:
                    logsum[piece].add_(peak)
        if kept is not None:
            kept.append((logsum, drops))
        _put(done[None], result, kind, size, 1, heads)
    return out


class _SkateAttention(Function):
    """Keeps its input and output, the logarithm of every row's sum and the bits of the dropout; scores, five times as
    large as all these, are computed again."""

    @staticmethod
    def forward(ctx, num_beside, sizes, scale, dropout, qkv, *more):
        biases, beside, kept = more[:4], more[4:], []
        out = _attend(beside, qkv, biases, sizes, scale, dropout, kept)
        ctx.save_for_backward(qkv, out, *biases, *(logsum for logsum, _ in kept))
        ctx.drops = [drops for _, drops in kept]
        ctx.widths, ctx.sizes, ctx.scale, ctx.dropout = [len(part) for part in beside], sizes, scale, dropout
        return out

    @staticmethod
    def backward(ctx, grad):
        qkv, out, *more = ctx.saved_tensors
        first, to_qkv, to_biases = sum(ctx.widths), torch.empty_like(qkv), []
        parts = zip(SKATE_TYPES, *(x.chunk(4) for x in (qkv, out[first:], grad[first:], to_qkv)), ctx.sizes, more[:4],
                    more[4:], ctx.drops)
        for kind, part, done, into, to_part, size, bias, logsum, drops in parts:
            heads = len(bias)
            windows = _backward(_windows(part, kind, size, 3, heads), _windows(done, kind, size, 1, heads)[0],
                                _windows(into, kind, size, 1, heads)[0], bias, logsum, drops, ctx.scale, ctx.dropout)
            _put(windows[0], to_part, kind, size, 3, heads)
            to_biases.append(windows[1])
        return None, None, None, None, to_qkv, *to_biases, *grad[:first].split(ctx.widths)


def _backward(qkv, done, grad, bias, logsum, drops, scale, dropout) -> tuple[Tensor, Tensor]:
    """Gradients of the windows (3, n h, d, A) and of the bias."""
    query, key, value = qkv
    to_query, to_key, to_value = to_qkv = torch.empty_like(qkv)
    to_bias = torch.zeros_like(bias, dtype=torch.promote_types(bias.dtype, torch.float32))
    slope = (done * grad).sum(1, keepdim=True)
    query, toward = query * scale, bias.transpose(1, 2).contiguous()
    # one more row each, and the product is the logarithm of the weight
    query_row, key_row = torch.cat([query, -logsum], 1), torch.cat([key, torch.ones_like(key[:, :1])], 1)
    if dropout:
        grad = grad / keep_share(dropout)
    for place, piece in enumerate(_pieces(len(query), bias.shape[-1], len(bias), query.device)):
        weight = torch.bmm(key_row[piece].transpose(1, 2), query_row[piece])
        weight.view(-1, *bias.shape).add_(toward)
        weight.exp_()
        to_score = torch.bmm(value[piece].transpose(1, 2), grad[piece])
        if dropout:
            mask = drops[place].mask(weight)
            drop_(to_score, mask).sub_(slope[piece]).mul_(weight)
            drop_(weight, mask)
        else:
            to_score.sub_(slope[piece]).mul_(weight)
        torch.bmm(grad[piece], weight.transpose(1, 2), out=to_value[piece])
        to_bias += to_score.view(-1, *bias.shape).sum(0)
        torch.bmm(key[piece], to_score, out=to_query[piece])
        torch.bmm(query[piece], to_score.transpose(1, 2), out=to_key[piece])
    to_query.mul_(scale)
    return to_qkv, to_bias.transpose(1, 2).to(bias.dtype)


def _plain(beside, qkv, biases, sizes, scale, dropout) -> Tensor:
    """The same for a compiler."""
    heads, outs = len(biases[0]), list(beside)
    for kind, part, bias, size in zip(SKATE_TYPES, qkv.chunk(4), biases, sizes):
        query, key, value = _windows(part, kind, size, 3, heads).transpose(2, 3).unflatten(1, (-1, heads))
        done = functional.scaled_dot_product_attention(query, key, value, bias.to(query.dtype)[None], dropout,
                                                       scale=scale)
        clips, frames, tokens = part.shape[1:]
        done = done.reshape(clips, -1, tokens // size[1], heads, *size, done.shape[-1]).permute(3, 6, 0, 1, 4, 2, 5)
        far_joints, far_frames = SKATE_TYPES[kind]
        if far_frames:
            done = done.transpose(3, 4)
        if far_joints:
            done = done.transpose(5, 6)
        outs.append(done.reshape(-1, clips, frames, tokens))
    return torch.cat(outs)
