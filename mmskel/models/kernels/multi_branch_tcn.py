"""Multi-branch temporal convolution: two dilated convolutions, a pooling and a shortcut, side by side.

As in CTR-GCN (Y. Chen et al., ICCV 2021, arXiv 2107.12213) and HD-GCN (J. Lee et al., ICCV 2023, arXiv 2208.10741).
"""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional

from mmskel.files.errors import UserError
from mmskel.models.kernels.custom_backward import equal, wants_custom_backward
from mmskel.models.layers.linear_norm import LinearNorm, affine_of, finish, normalize


class MultiBranchTCN(nn.Module):
    """Four branches of a quarter of the channels: 1 x 1 + dilated convolutions, 1 x 1 + max pooling, strided 1 x 1.

    The 1 x 1 convolutions of the first three branches are one matrix product, the last norms of all four are one.

    Args:
        channels: Number of channels, C, kept.
        stride: Stride over time; the output has ceil(T / stride) frames.
        kernel_size: Number of taps of the dilated convolutions.
        dilations: Dilations, one branch each.
    """

    def __init__(self, channels: int, stride: int = 1, kernel_size: int = 5, dilations: tuple[int, ...] = (1, 2)):
        super().__init__()
        branches = len(dilations) + 2
        if channels % branches:
            raise UserError(f'{channels} channels do not divide into {branches} branches')
        self.stride, self.dilations, self.width = stride, tuple(dilations), channels // branches
        self.reduce = LinearNorm(channels, (branches - 1) * self.width, self.width)
        self.convs = nn.ParameterList(nn.Parameter(torch.empty(self.width, self.width, kernel_size, 1))
                                      for _ in dilations)
        self.conv_bias = nn.Parameter(torch.zeros(len(dilations) * self.width))
        self.shortcut = nn.Linear(channels, self.width)
        self.norm = nn.BatchNorm1d(channels)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The published initialisation: convolutions Kaiming normal by fan-out, biases 0, norm gains N(1, 0.02)."""
        self.reduce.reset_parameters()
        for weight in self.convs:
            nn.init.kaiming_normal_(weight, mode='fan_out')
        nn.init.kaiming_normal_(self.shortcut.weight, mode='fan_out')
        for bias in (self.conv_bias, self.shortcut.bias):
            nn.init.zeros_(bias)
        for norm in (self.reduce.norm, self.norm):
            nn.init.normal_(norm.weight, 1, 0.02)
            nn.init.zeros_(norm.bias)

    def forward(self, x: Tensor, plus: Tensor | None = None, activate: bool = False) -> Tensor:
        """(V, B, T, C) -> (V, B, ceil(T / stride), C), then :func:`finish` with ``plus`` of that shape."""
        joints, batch, frames, _ = x.shape
        scale, shift = affine_of(self.norm) if not self.norm.training else (torch.ones_like(self.norm.weight), None)
        reduced = functional.relu(self.reduce(x))
        *inputs, pooled = reduced.split(self.width, -1)
        taps, outputs = self.convs[0].shape[2] if self.convs else 0, []
        for i, (part, weight, dilation) in enumerate(zip(inputs, self.convs, self.dilations)):
            at = slice(i * self.width, (i + 1) * self.width)
            # (V B, c, T, 1) with channels last in memory, as the convolution prefers it
            part = part.reshape(joints * batch, frames, self.width).transpose(1, 2)[..., None]
            out = functional.conv2d(part, weight * scale[at, None, None, None], self.conv_bias[at] * scale[at],
                                    (self.stride, 1), ((taps - 1) // 2 * dilation, 0), (dilation, 1))
            outputs.append(out.squeeze(3).transpose(1, 2).reshape(joints, batch, -1, self.width))
        outputs.append(max_of_three(pooled, self.stride))
        last = scale[-self.width:]
        outputs.append(functional.linear(x[:, :, ::self.stride], self.shortcut.weight * last[:, None],
                                         self.shortcut.bias * last))
        if shift is None:
            return normalize(torch.cat(outputs, -1), self.norm, plus, activate)
        outputs[-2] = outputs[-2] * scale[-2 * self.width:-self.width]
        return finish(torch.cat(outputs, -1).add_(shift), plus, activate)


def max_of_three(x: Tensor, stride: int = 1) -> Tensor:
    """The largest of each frame and its two neighbours, of non-negative numbers.

    The same as max pooling, which is many times slower on a CPU if channels come last.

    Args:
        x: (V, B, T, C), at least 0.

    Returns:
        (V, B, ceil(T / stride), C).
    """
    padded = functional.pad(x, (0, 0, 1, 1))
    return _MaxOfThree.apply(padded, stride) if wants_custom_backward(padded) else _largest(padded, stride)


def _windows(padded: Tensor, stride: int) -> tuple[Tensor, ...]:
    frames = padded.shape[2] - 2
    return tuple(padded[:, :, shift:shift + frames:stride] for shift in range(3))


def _largest(padded: Tensor, stride: int) -> Tensor:
    before, here, after = _windows(padded, stride)
    return torch.maximum(torch.maximum(before, here), after)


class _MaxOfThree(Function):
    """The gradient goes to the first of equals, as in max pooling."""

    @staticmethod
    def forward(ctx, padded, stride):
        out = _largest(padded, stride)
        ctx.save_for_backward(padded, out)
        ctx.stride = stride
        return out

    @staticmethod
    def backward(ctx, grad):
        padded, out = ctx.saved_tensors
        to_padded = torch.zeros_like(padded)
        before, here, _ = _windows(padded, ctx.stride)
        first = equal(out, before).mul_(grad)
        rest = grad - first
        second = equal(out, here).mul_(rest)
        for part, window in zip((first, second, rest - second), _windows(to_padded, ctx.stride)):
            window += part
        return to_padded, None
