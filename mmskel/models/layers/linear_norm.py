"""A 1 x 1 convolution with batch norm, on tensors whose channels come last."""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class LinearNorm(nn.Module):
    """``BatchNorm(Linear(x))`` over the last axis; the statistics run over all other axes.

    The same function as a 1 x 1 convolution and a 2-D batch norm, without their copies between memory layouts. If
    the norm does not learn (evaluation, frozen norms) it is folded into the weight, which stays differentiable.

    Args:
        in_channels, out_channels: Numbers of channels before and after.
        group_size: Fan-out of one published convolution, where several are stacked in one; for the initialisation.
    """

    def __init__(self, in_channels: int, out_channels: int, group_size: int | None = None):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.norm = nn.BatchNorm1d(out_channels)
        self.fan_out = group_size or out_channels
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Kaiming normal by fan-out, bias 0."""
        nn.init.normal_(self.weight, 0, (2 / self.fan_out)**0.5)
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., Cin) -> (..., Cout)."""
        if self.norm.training:
            return normalize(functional.linear(x, self.weight, self.bias), self.norm)
        scale, shift = affine_of(self.norm)
        return functional.linear(x, self.weight * scale[:, None], self.bias * scale + shift)


def normalize(x: Tensor, norm: nn.BatchNorm1d, plus: Tensor | None = None, activate: bool = False) -> Tensor:
    """Batch norm over the last axis of (..., C), then :func:`finish`."""
    return finish(norm(x.reshape(-1, x.shape[-1])), plus, activate).view(x.shape)


def finish(out: Tensor, plus: Tensor | None, activate: bool) -> Tensor:
    """Adds a shortcut ``plus`` of the same shape, then a ReLU, in place: neither makes a new tensor.

    ``out`` is the result of an operation that does not need it for its gradient, and not a view.
    """
    if plus is not None:
        out.add_(plus.reshape(out.shape))
    return functional.relu_(out) if activate else out


def affine_of(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """The effect of a batch norm with fixed statistics: (scale, shift), each (C,)."""
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale
