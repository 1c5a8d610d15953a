"""Graph convolution with several fixed-size kernels at once, with a custom backward pass that keeps little.

Symbols: V joints, B clips times persons, T frames, W windows, S subsets of a window, c channels of a window.
"""
from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd import Function

from mmskel.models.kernels.custom_backward import only_result, wants_custom_backward


def add_graph_convs(plus: Tensor, x: Tensor, graph: Tensor, weight: Tensor) -> Tensor:
    """``plus`` and, for every window w in its own channels, ``sum over s of A[w, s] (x weight[w, s])``.

    The 1 x 1 convolutions of all windows and subsets are one product, and so are their graphs.

    Args:
        plus: Tensor (V, B, T, W c), contiguous; overwritten. The result of an operation that does not need it for its
            gradient.
        x: (V, B, T, Cin).
        graph: (W, S, V, V), receiving joint before sending joint.
        weight: (W, S, Cin, c).

    Returns:
        ``plus``.
    """
    with torch.autocast(x.device.type, enabled=False):  # which does not reach into a custom backward pass
        x, graph, weight = (part.to(plus.dtype) for part in (x, graph, weight))
        if wants_custom_backward(plus):
            return _AddGraphConvs.apply(plus, x, graph, weight)
        out = _product(_projected(x, weight), graph)
        return _add_windows(plus, out) if only_result(plus) else plus + _windows_last(out, plus).reshape(plus.shape)


def _projected(x: Tensor, weight: Tensor) -> Tensor:
    """The 1 x 1 convolutions: (W, S V, B T c)."""
    windows, subsets, channels, width = weight.shape
    rows = x.reshape(-1, channels)
    out = torch.bmm(rows.expand(windows * subsets, -1, -1), weight.flatten(0, 1))
    return out.view(windows, subsets * len(x), -1)


def _senders_last(graph: Tensor) -> Tensor:
    """(W, V, S V)."""
    return graph.transpose(1, 2).flatten(2)


def _product(projected: Tensor, graph: Tensor) -> Tensor:
    """(W, V, B T c)."""
    return torch.bmm(_senders_last(graph), projected)


def _windows_last(out: Tensor, like: Tensor) -> Tensor:
    """(W, V, B T c) -> (V, B T, W, c), a view; ``like`` is (V, B, T, W c)."""
    windows, joints, _ = out.shape
    return out.view(windows, joints, -1, like.shape[-1] // windows).permute(1, 2, 0, 3)


def _add_windows(plus: Tensor, out: Tensor) -> Tensor:
    windows = _windows_last(out, plus)
    plus.view(windows.shape).add_(windows)
    return plus


class _AddGraphConvs(Function):
    """Gradients of all 1 x 1 convolutions as two products, not as two per convolution and a sum."""

    @staticmethod
    def forward(ctx, plus, x, graph, weight):
        projected = _projected(x, weight)
        ctx.save_for_backward(x, graph, weight, projected)
        ctx.mark_dirty(plus)
        return _add_windows(plus, _product(projected, graph))

    @staticmethod
    def backward(ctx, grad):
        x, graph, weight, projected = ctx.saved_tensors
        windows, subsets, channels, width = weight.shape
        joints, rows = len(x), x.reshape(-1, channels)
        of_windows = grad.reshape(joints, -1, windows, width).permute(2, 0, 1, 3).reshape(windows, joints, -1)
        of_graph = torch.bmm(of_windows, projected.transpose(1, 2))
        of_graph = of_graph.view(windows, joints, subsets, joints).transpose(1, 2)
        spread = torch.bmm(_senders_last(graph).transpose(1, 2), of_windows)
        spread = spread.view(windows * subsets, -1, width).transpose(0, 1).reshape(len(rows), -1)
        of_weight = (rows.t() @ spread).view(channels, windows, subsets, width).permute(1, 2, 0, 3)
        of_x = None
        if ctx.needs_input_grad[1]:
            of_x = (spread @ weight.transpose(2, 3).reshape(-1, channels)).view_as(x)
        return grad, of_x, of_graph, of_weight
