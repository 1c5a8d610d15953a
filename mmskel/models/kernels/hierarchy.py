"""The two large products of HD-GCN, with custom backward passes that keep little.

Symbols: L layers of the hierarchy, V joints, B clips times persons, T frames, c channels.
"""
from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd import Function

from mmskel.models.kernels.custom_backward import equal, wants_custom_backward


def hierarchical_conv(x: Tensor, graph: Tensor, weight: Tensor) -> Tensor:
    """``W[l, s] (A[l, s] x[l])`` for every layer l and subset s.

    Args:
        x: (L, V, B, T, c).
        graph: (L, S, V, V), target joint before source joint.
        weight: (L S, c, c), output channel before input channel.

    Returns:
        (V, B, T, L S c), contiguous.
    """
    graph, weight = graph.to(x.dtype), weight.to(x.dtype)  # autocast does not reach into a custom backward pass
    if wants_custom_backward(x):
        return _HierarchicalConv.apply(x, graph, weight)
    return _convolve(_spread(x, graph), weight, x.shape)


def _spread(x: Tensor, graph: Tensor) -> Tensor:
    """The graph product: (L S, V B T, c)."""
    layers, subsets, joints, _ = graph.shape
    out = torch.bmm(graph.reshape(layers, subsets * joints, joints), x.flatten(2))
    return out.view(layers * subsets, -1, x.shape[-1])


def _convolve(spread: Tensor, weight: Tensor, shape: torch.Size) -> Tensor:
    out = torch.bmm(spread, weight.transpose(1, 2))
    return out.transpose(0, 1).reshape(*shape[1:4], -1)


class _HierarchicalConv(Function):
    """Keeps x and computes the graph product, three times as large, again in the backward pass."""

    @staticmethod
    def forward(ctx, x, graph, weight):
        ctx.save_for_backward(x, graph, weight)
        return _convolve(_spread(x, graph), weight, x.shape)

    @staticmethod
    def backward(ctx, grad):
        x, graph, weight = ctx.saved_tensors
        layers, subsets, joints, _ = graph.shape
        grad = grad.view(-1, layers * subsets, x.shape[-1]).transpose(0, 1).contiguous()
        of_weight = torch.bmm(grad.transpose(1, 2), _spread(x, graph))
        spread = torch.bmm(grad, weight).view(layers, subsets * joints, -1)
        flat = graph.reshape(layers, subsets * joints, joints)
        of_graph = torch.bmm(spread, x.flatten(2).transpose(1, 2)).view_as(graph)
        return torch.bmm(flat.transpose(1, 2), spread).view_as(x), of_graph, of_weight


def temporal_max(x: Tensor) -> tuple[Tensor, Link | None]:
    """The largest of all frames, and a link for :func:`weighted_sum` of the same tensor.

    Args:
        x: (V, B, T, L, C).

    Returns:
        (V, B, L, C); the link, None when no gradients are needed.
    """
    if not wants_custom_backward(x):
        return x.amax(2), None
    link = Link()
    peak, link.handle = _TemporalMax.apply(x, link.gradients)
    return peak, link


def weighted_sum(x: Tensor, gates: Tensor, link: Link | None = None) -> Tensor:
    """``sum over l of gates[b, l] * x[v, b, t, l]``, without the product as a tensor of its own.

    Args:
        x: (V, B, T, L, C).
        gates: (B, L, C).
        link: Link from :func:`temporal_max` of ``x``: both gradients of ``x`` are then computed as one.

    Returns:
        (V, B, T, C).
    """
    gates = gates.to(x.dtype)
    if link is None:
        return _accumulate(x, gates)
    return _WeightedSum.apply(x.detach(), gates, link.handle, link.gradients)


class Link:
    """The link of a sum to the maximum of the same tensor: an empty tensor that puts the sum's backward pass
    before the maximum's, and that holds the gradient of the first for the second."""

    def __init__(self):
        self.handle: Tensor | None = None
        self.gradients: list[tuple[Tensor, Tensor]] = []


def _accumulate(x: Tensor, gates: Tensor) -> Tensor:
    out = x[:, :, :, 0] * gates[:, None, 0]
    for layer in range(1, x.shape[3]):
        out = out.addcmul_(x[:, :, :, layer], gates[:, None, layer])
    return out


class _TemporalMax(Function):

    @staticmethod
    def forward(ctx, x, gradients):
        peak = x.amax(2)
        ctx.save_for_backward(x, peak)
        ctx.gradients = gradients
        return peak, x.new_empty(0)

    @staticmethod
    def backward(ctx, grad, _):
        x, peak = ctx.saved_tensors
        at_peak = equal(x, peak[:, :, None])
        share = (grad / at_peak.sum(2))[:, :, None]  # frames that are equally large share it, as in amax
        if not ctx.gradients:
            return at_peak.mul_(share), None
        of_sum, gates = ctx.gradients.pop()
        return (of_sum[:, :, :, None] * gates[:, None]).addcmul_(at_peak, share), None


class _WeightedSum(Function):

    @staticmethod
    def forward(ctx, x, gates, handle, gradients):
        ctx.save_for_backward(x, gates)
        ctx.gradients = gradients
        return _accumulate(x, gates)

    @staticmethod
    def backward(ctx, grad):
        x, gates = ctx.saved_tensors
        ctx.gradients.append((grad, gates))
        # one axis after another: a sum over both at once takes three times as long on a CPU
        of_gates = (x * grad[:, :, :, None]).sum(2).sum(0)
        return None, of_gates, grad.new_empty(0), None
