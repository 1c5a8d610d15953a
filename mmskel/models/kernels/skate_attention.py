"""SkateFormer's four partitioned attentions, in pieces that stay in the cache, keeping little for the backward pass.

J. Do, M. Kim, ECCV 2024, arXiv 2403.09508; ``docs/published/skateformer.md``, D1 and D2. Symbols: R channels, B clips,
T frames, W tokens of a frame, h heads, d channels of a head, (a, b) frames and joints of a window, A = a b, n windows
of all clips.

Channels come first here, (R, B, T, W): the partition is then a view, and a window's rows are runs of joints.
"""
from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

from mmskel.models.kernels.custom_backward import wants_custom_backward
from mmskel.models.layers.dropout import Drops, drop_, keep_share
from mmskel.skeleton import SKATE_TYPES

# scores computed at once on a CPU, such that they and their results fit the second-level cache: 1 MB in float32
AT_ONCE = 2**18
# scores are in bits, as powers of two: exp goes through MKL, three times as slow as PyTorch's own exp2 on an AMD EPYC
BITS = math.log2(math.e)
# while all sums of a row's exponentials lie between these, a softmax need not subtract the row's largest score first,
# two passes over all scores: nothing has overflowed, and what has underflowed is too small to matter in the sum
SUMS = (1e-20, 1e30)


def windows_view(x: Tensor, kind: int, size: tuple[int, int], parts: int = 1, heads: int = 1) -> Tensor:
    """The windows of a Skate-Type as a view: (parts h d, B, T, W) -> (parts, B, T / a, W / b, h, d, a, b).

    The same as :func:`mmskel.skeleton.skate_partition`, without an index. Needs T and W to divide.
    """
    (a, b), (far_joints, far_frames), (rows, clips, frames, tokens) = size, SKATE_TYPES[kind], x.shape
    frames = (a, frames // a) if far_frames else (frames // a, a)
    joints = (b, tokens // b) if far_joints else (tokens // b, b)
    x = x.view(parts, heads, rows // (parts * heads), clips, *frames, *joints)
    return x.permute(0, 3, 4 + far_frames, 6 + far_joints, 1, 2, 5 - far_frames, 7 - far_joints)


def skate_attention(beside: Sequence[Tensor], qkv: Tensor, biases: Sequence[Tensor], sizes: Sequence[tuple[int, int]],
                    scale: float, dropout: float = 0.) -> Tensor:
    """Attention of the four Skate-Types, after the results of the other branches.

    Args:
        beside: Tensors (., B, T, W), which come first in the result.
        qkv: (4 * 3 h d, B, T, W): per type queries, keys and values, each heads before channels.
        biases: Four tensors (h, A, A), added to the scores.
        sizes: Four (a, b).
        scale: Factor of the scores.
        dropout: Dropout of the attention weights.

    Returns:
        (sum of those beside + 4 h d, B, T, W).
    """
    if getattr(torch.compiler, 'is_compiling', lambda: False)():
        return _plain(beside, qkv, biases, sizes, scale, dropout)
    biases = [bias.to(qkv.dtype) for bias in biases]  # autocast does not reach into a custom backward pass
    beside = [part.to(qkv.dtype) for part in beside]
    if any(map(wants_custom_backward, (qkv, *biases, *beside))):
        return _SkateAttention.apply(len(beside), sizes, scale, dropout, qkv, *biases, *beside)
    out, own = _behind(beside, qkv)
    attend_into(own, qkv, [prepared(bias) for bias in biases], sizes, scale, dropout)
    return out


def prepared(bias: Tensor) -> Tensor:
    """A bias in the order of the scores in memory: keys before queries, in bits."""
    return bias.transpose(1, 2).contiguous() * BITS


def attend_into(out: Tensor, qkv: Tensor, biases: Sequence[Tensor], sizes: Sequence[tuple[int, int]], scale: float,
                dropout: float = 0., kept: list[tuple[Tensor, list[Drops]]] | None = None) -> None:
    """:func:`skate_attention` without gradients, into a tensor (4 h d, B, T, W).

    Args:
        out: Tensor to write to.
        qkv, sizes, scale, dropout: Arguments as there.
        biases: Four :func:`prepared` ones.
        kept: List that gathers what the backward pass needs per type: (logarithm of the sums, to base 2; drops per
            piece).
    """
    room, = _rooms(qkv, biases)
    careful = qkv.device.type != 'cpu' or qkv.dtype == torch.float16  # otherwise the CPU would wait for the GPU
    places: dict[int, _Windows] = {}
    for kind, part, bias, size, result in zip(SKATE_TYPES, qkv.chunk(4), biases, sizes, out.chunk(4)):
        windows = places.get(bias.shape[1])
        if windows is None:
            windows = places[bias.shape[1]] = _Windows(part, bias, room)
        windows.take(part, kind, size)
        drops, peak = windows.attend(bias, scale, dropout, careful)
        if not careful and not _within(windows.total):
            drops, peak = windows.attend(bias, scale, dropout, True)
        if kept is not None:
            logsum = windows.total.log2()
            kept.append((logsum if peak is None else logsum.add_(peak), drops))
        if dropout:
            windows.total.mul_(keep_share(dropout))
        view = windows_view(result, kind, size, heads=len(bias))
        torch.div(windows.summed.view(view.shape), windows.total.view(*view.shape[:5], 1, *size), out=view)


class _Windows:
    """Windows of one area, in memory that all types with such windows use in turn.

    Args:
        x: First tensor (3 h d, B, T, W) with such windows.
        bias: (h, A, A).
        room: Memory for the scores of a piece.
    """

    def __init__(self, x: Tensor, bias: Tensor, room: Tensor):
        self.heads, area, _ = bias.shape
        depth = len(x) // (3 * self.heads)
        memory = x.new_empty(4, x[0].numel() // area * self.heads, depth + 1, area)
        memory[2, :, depth] = 1  # one more channel of the values, which sums up the weights
        self.inside = memory[:3, :, :depth]
        (query, key, _), value, summed = self.inside.unbind(), memory[2], memory[3]
        self.summed, self.total = summed[:, :depth], summed[:, depth:]
        self.pieces = [(weight, weight.view(-1, *bias.shape), *parts) for weight, *parts in _pieces(
            bias, [room], query, key.transpose(1, 2), value, summed, self.total)]

    def take(self, x: Tensor, kind: int, size: tuple[int, int]) -> None:
        """Copies the windows of (3 h d, B, T, W)."""
        view = windows_view(x, kind, size, 3, self.heads)
        self.inside.view(view.shape).copy_(view)

    def attend(self, bias: Tensor, scale: float, dropout: float, careful: bool) -> tuple[list[Drops], Tensor | None]:
        """Weighted sums of the values into ``summed`` (n h, d, A), sums of the weights into ``total`` (n h, 1, A).

        Returns:
            The drops; what was subtracted from a row's scores (n h, 1, A), if ``careful``.
        """
        drops, peaks = [], []
        for weight, by_head, query, key, value, summed, total in self.pieces:
            by_head.copy_(bias)
            weight.baddbmm_(key, query, alpha=scale * BITS)
            if careful:
                peaks.append(weight.amax(1, keepdim=True))
                weight.sub_(peaks[-1])
            weight.exp2_()
            if dropout:
                undropped = weight.sum(1, keepdim=True)
                drops.append(Drops(weight.numel(), dropout, weight.device))
                drop_(weight, drops[-1].mask(weight))
            torch.bmm(value, weight, out=summed)
            if dropout:
                total.copy_(undropped)
        return drops, torch.cat(peaks) if careful else None


def _behind(beside: Sequence[Tensor], qkv: Tensor) -> tuple[Tensor, Tensor]:
    """The tensors beside, with room after them for the attentions' results; and that room."""
    first = sum(map(len, beside))
    out = qkv.new_empty(first + len(qkv) // 3, *qkv.shape[1:])
    if beside:
        torch.cat(list(beside), out=out[:first])
    return out, out[first:]


def _windows(x: Tensor, kind: int, size: tuple[int, int], parts: int, heads: int) -> Tensor:
    """(parts h d, B, T, W) -> (parts, n h, d + 1, A), a copy; the last row of every window is for the caller."""
    view = windows_view(x, kind, size, parts, heads)
    depth, area = view.shape[5], size[0] * size[1]
    windows = x.new_empty(parts, x[0].numel() // area * heads, depth + 1, area)
    windows.narrow(2, 0, depth).view(view.shape).copy_(view)
    return windows


def _at_once(rows: int, bias: Tensor) -> int:
    """The number of windows, times heads, to attend to at once: pieces of about the same size."""
    if bias.device.type != 'cpu':
        return rows
    heads, area, _ = bias.shape
    pieces = -(-rows * area**2 // AT_ONCE)
    return -(-rows // (heads * pieces)) * heads


def _rooms(x: Tensor, biases: Sequence[Tensor], many: int = 1) -> Sequence[Tensor]:
    """Memory for the scores of any piece: the same for all, so that it stays in the cache."""
    rows, most = x[0].numel() * len(biases[0]), 0
    for bias in biases:
        area = bias.shape[1]
        most = max(most, _at_once(rows // area, bias) * area**2)
    return x.new_empty(many, most).unbind()


def _pieces(bias: Tensor, rooms: Sequence[Tensor], *parts: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Pieces of tensors (n h, ., .), before them a place for their scores (., A, A) in every room."""
    rows, (_, area, _) = len(parts[0]), bias.shape
    many = _at_once(rows, bias)
    places = [room.narrow(0, 0, many * area**2).view(many, area, area) for room in rooms]
    if many == rows:
        yield *places, *parts
        return
    for pieces in zip(*(part.split(many) for part in parts)):
        here = len(pieces[0])
        yield *(places if here == many else (place.narrow(0, 0, here) for place in places)), *pieces


def _within(sums: Tensor) -> bool:
    """Whether none of the sums is out of :data:`SUMS`, or NaN."""
    low, high = sums.aminmax()
    return SUMS[0] < low.item() and high.item() < SUMS[1]


class _SkateAttention(Function):
    """Keeps its input and output, the logarithm of every row's sum and the bits of the dropout; scores, five times as
    large as all these, are computed again."""

    @staticmethod
    def forward(ctx, num_beside, sizes, scale, dropout, qkv, *more):
        biases, beside, kept = more[:4], more[4:], []
        out, own = _behind(beside, qkv)
        attend_into(own, qkv, [prepared(bias) for bias in biases], sizes, scale, dropout, kept)
        ctx.save_for_backward(qkv, out, *biases, *(logsum for logsum, _ in kept))
        ctx.drops = [drops for _, drops in kept]
        ctx.widths, ctx.sizes, ctx.scale, ctx.dropout = [len(part) for part in beside], sizes, scale, dropout
        return out

    @staticmethod
    def backward(ctx, grad):
        qkv, out, *more = ctx.saved_tensors
        first, to_qkv, to_biases = sum(ctx.widths), torch.empty_like(qkv), []
        rooms = _rooms(qkv, more[:4], 2)
        parts = zip(SKATE_TYPES, *(x.chunk(4) for x in (qkv, out[first:], grad[first:], to_qkv)), ctx.sizes, more[:4],
                    more[4:], ctx.drops)
        for kind, part, done, into, to_part, size, bias, logsum, drops in parts:
            heads = len(bias)
            windows = [_windows(x, kind, size, x.shape[0] // len(done), heads) for x in (part, done, into)]
            to_windows, to_bias = _backward(*windows, bias, rooms, logsum, drops, ctx.scale, ctx.dropout)
            to_view = windows_view(to_part, kind, size, 3, heads)
            to_view.copy_(to_windows.view(to_view.shape))
            to_biases.append(to_bias)
        return None, None, None, None, to_qkv, *to_biases, *grad[:first].split(ctx.widths)


def _backward(windows, done, grad, bias, rooms, logsum, drops, scale, dropout) -> tuple[Tensor, Tensor]:
    """Gradients of the windows (3, n h, d, A) and of the bias."""
    depth = windows.shape[2] - 1
    query, key, value = windows[:, :, :depth]
    done, grad = done[0, :, :depth], grad[0, :, :depth]
    to_windows = windows.new_empty(windows[:, :, :depth].shape)
    to_bias = torch.zeros_like(bias, dtype=torch.promote_types(bias.dtype, torch.float32))
    slope = (done * grad).sum(1, keepdim=True)
    query.mul_(scale * BITS)
    windows[0, :, depth:], windows[1, :, depth] = -logsum, 1  # so the product of rows is the logarithm of the weight
    toward, drops = prepared(bias), iter(drops)
    if dropout:
        grad.div_(keep_share(dropout))
    parts = windows[0], windows[1].transpose(1, 2), query, key, value.transpose(1, 2), grad, slope, *to_windows
    for weight, to_score, query_row, key_row, query, key, value, grad, slope, *to in _pieces(bias, rooms, *parts):
        weight.view(-1, *bias.shape).copy_(toward)
        weight.baddbmm_(key_row, query_row)
        weight.exp2_()
        torch.bmm(value, grad, out=to_score)
        if dropout:
            mask = next(drops).mask(weight)
            drop_(to_score, mask).sub_(slope).mul_(weight)
            drop_(weight, mask)
        else:
            to_score.sub_(slope).mul_(weight)
        to_bias += to_score.view(-1, *bias.shape).sum(0)
        to_query, to_key, to_value = to
        torch.bmm(key, to_score, out=to_query)
        torch.bmm(query, to_score.transpose(1, 2), out=to_key)
        torch.bmm(grad, weight.transpose(1, 2), out=to_value)
    to_windows[0].mul_(scale)
    to_windows[1].div_(BITS)
    return to_windows, to_bias.transpose(1, 2).to(bias.dtype)


def _plain(beside, qkv, biases, sizes, scale, dropout) -> Tensor:
    """The same in terms that a compiler understands."""
    heads, outs = len(biases[0]), list(beside)
    for kind, part, bias, size in zip(SKATE_TYPES, qkv.chunk(4), biases, sizes):
        query, key, value = windows_view(part, kind, size, 3, heads).flatten(6).flatten(1, 3).transpose(3, 4)
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
