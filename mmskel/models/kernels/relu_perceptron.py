"""The feed-forward part of the classic transformer layer: two linear layers, a ReLU and dropout between them."""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional

from mmskel.models.kernels.custom_backward import only_result, wants_custom_backward
from mmskel.models.kernels.gelu_perceptron import ROWS_AT_ONCE
from mmskel.models.kernels.linear import linear
from mmskel.models.layers.dropout import keep_mask, keep_share


def relu_perceptron(x: Tensor, first: nn.Linear, second: nn.Linear, dropout: float = 0.) -> Tensor:
    """``second(dropout(relu(first(x))))``; a single tensor of the wide layer is kept for the backward pass.

    A number of the wide layer that is zero passes no gradient, whether because of the ReLU or the dropout, and one that
    is not was multiplied by a constant: the output of the dropout is all that the backward pass needs.

    Args:
        x: (rows, C).
        first, second: Layers from C to the hidden width, and back.
        dropout: Probability to be dropped; 0 in evaluation.

    Returns:
        (rows, C).
    """
    if not wants_custom_backward(x):
        if dropout:
            hidden = functional.dropout(linear(x, first.weight, first.bias, relu=True), dropout)
            return linear(hidden, second.weight, second.bias)
        # in pieces when nothing else is needed, so that the wide layer stays in the cache
        pieces = [linear(linear(rows, first.weight, first.bias, relu=True), second.weight, second.bias)
                  for rows in (x.split(ROWS_AT_ONCE) if only_result(x) else [x])]
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces)
    hidden = first(x)
    # autocast does not reach into a custom backward pass
    return _DropLinear.apply(hidden, second.weight.to(hidden.dtype), second.bias.to(hidden.dtype), dropout)


class _DropLinear(Function):

    @staticmethod
    def forward(ctx, x, weight, bias, dropout):
        x = x.relu()
        ctx.scale = _drop_(x, dropout)
        ctx.save_for_backward(x, weight)
        return functional.linear(x, weight, bias)

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        of_x = torch.ops.aten.threshold_backward((grad * ctx.scale) @ weight, x, 0)
        return of_x, grad.t() @ x, grad.sum(0), None


def _drop_(x: Tensor, p: float) -> float:
    """Dropout in place; returns the factor of what is kept."""
    if p == 0:
        return 1.
    if x.device.type == 'cpu' and p < 1:
        x.mul_(keep_mask(x.shape, p, x.dtype))
        return 1 / keep_share(p)
    functional.dropout(x, p, inplace=True)
    return 1 / (1 - p) if p < 1 else 0.
