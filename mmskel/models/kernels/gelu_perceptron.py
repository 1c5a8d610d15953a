"""The perceptron of a transformer block: two linear layers with a GELU between them."""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional

from mmskel.models.kernels.custom_backward import wants_custom_backward
from mmskel.models.kernels.linear import linear

# rows at a time when no gradient is needed, so that the wide layer stays in the cache
ROWS_AT_ONCE = 1536


class GELUPerceptron(nn.Module):
    """``Linear(GELU(Linear(x)))``; only the input of the GELU is kept for the backward pass.

    Args:
        channels: C of input and output.
        hidden: Width of the inner layer.
    """

    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(channels, hidden), nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(rows, C) -> (rows, C)."""
        return gelu_linear(self.fc1(x), self.fc2.weight, self.fc2.bias)

    def add_to_(self, residual: Tensor, x: Tensor) -> Tensor:
        """``residual + self(x)`` of (rows, C), in place and in pieces, when no gradient is needed."""
        for into, rows in zip(residual.split(ROWS_AT_ONCE), x.split(ROWS_AT_ONCE)):
            hidden = linear(rows, self.fc1.weight, self.fc1.bias, gelu=True)
            into += linear(hidden, self.fc2.weight, self.fc2.bias)
        return residual


def gelu_linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """``linear(gelu(x), weight, bias)`` of (rows, hidden); the exact GELU, computed again in the backward pass."""
    weight, bias = weight.to(x.dtype), bias.to(x.dtype)  # autocast does not reach into a custom backward pass
    if wants_custom_backward(x):
        return _GELULinear.apply(x, weight, bias)
    return functional.linear(functional.gelu(x), weight, bias)


class _GELULinear(Function):

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return functional.linear(functional.gelu(x), weight, bias)

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        of_weight = grad.t() @ functional.gelu(x)
        return torch.ops.aten.gelu_backward(grad @ weight, x), of_weight, grad.sum(0)
