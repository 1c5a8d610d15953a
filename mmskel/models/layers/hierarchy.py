"""The two large products of HD-GCN, with backward passes that keep little.

Symbols: L layers of the hierarchy, V joints, B clips times persons, T frames, c channels.
"""
from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd import Function


def hierarchical_conv(x: Tensor, graph: Tensor, weight: Tensor) -> Tensor:
    """``W[l, s] (A[l, s] x[l])`` for every layer l and subset s.

    Args:
        x: (L, V, B, T, c).
        graph: (L, S, V, V), target joint before source joint.
        weight: (L S, c, c), output channel before input channel.

    Returns:
        (V, B, T, L S c), contiguous.
    """
    kind = torch.get_autocast_dtype(x.device.type) if torch.is_autocast_enabled(x.device.type) else x.dtype
    x, graph, weight = (part.to(kind) for part in (x, graph, weight))
    if torch.is_grad_enabled():
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


def weighted_sum(x: Tensor, gates: Tensor) -> Tensor:
    """``sum over l of gates[b, l] * x[v, b, t, l]``, without the product as a tensor of its own.

    Args:
        x: (V, B, T, L, C).
        gates: (B, L, C).

    Returns:
        (V, B, T, C).
    """
    gates = gates.to(x.dtype)
    return _WeightedSum.apply(x, gates) if torch.is_grad_enabled() else _accumulate(x, gates)


def _accumulate(x: Tensor, gates: Tensor) -> Tensor:
    out = x[:, :, :, 0] * gates[:, None, 0]
    for layer in range(1, x.shape[3]):
        out.addcmul_(x[:, :, :, layer], gates[:, None, layer])
    return out


class _WeightedSum(Function):

    @staticmethod
    def forward(ctx, x, gates):
        ctx.save_for_backward(x, gates)
        return _accumulate(x, gates)

    @staticmethod
    def backward(ctx, grad):
        x, gates = ctx.saved_tensors
        of_gates = torch.stack([(x[:, :, :, layer] * grad).sum((0, 2)) for layer in range(x.shape[3])], 1)
        return grad[:, :, :, None] * gates[:, None], of_gates
