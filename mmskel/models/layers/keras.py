"""The layers of Keras 2 and TensorFlow 1 where PyTorch's layers compute something else.

"Same" padding that puts the odd zero at the end, norms with TensorFlow's constants, the truncated He normal
initialisation, and GRUs by both definitions. Symbols: N batch, C channels, T frames, G independent GRUs, H their width.
"""
from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmskel.files.errors import UserError

EPS, MOMENTUM = 1e-3, 0.01  # Keras' batch norms; its momentum of 0.99 is PyTorch's 0.01
GRU_KINDS = ('torch', 'keras')


def same_padding(length: int, kernel: int, stride: int = 1) -> tuple[int, int]:
    """Numbers of zeros before and after an axis so that a convolution gives ``ceil(length / stride)`` numbers.

    TensorFlow's rule: ``max((ceil(L / s) - 1) s + k - L, 0)`` zeros, half of them, rounded down, before.
    """
    total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2


class SameConv1d(nn.Conv1d):
    """``nn.Conv1d`` with TensorFlow's "same" padding: (N, C, T) -> (N, C', ceil(T / stride))."""

    def forward(self, x: Tensor) -> Tensor:
        """The zeros that both ends need come with the convolution; a copy is made only for the extra one at the end."""
        before, behind = same_padding(int(x.shape[-1]), self.kernel_size[0], self.stride[0])
        if behind != before:
            x = functional.pad(x, (0, behind - before))
        return functional.conv1d(x, self.weight, self.bias, self.stride, before, 1, self.groups)


class SameConv2d(nn.Conv2d):
    """``nn.Conv2d`` with TensorFlow's "same" padding: (N, C, H, W) -> (N, C', ceil(H / stride), ceil(W / stride))."""

    def forward(self, x: Tensor) -> Tensor:
        """As :class:`SameConv1d`, axis by axis."""
        ends = [same_padding(int(size), kernel, stride)
                for size, kernel, stride in zip(x.shape[-2:], self.kernel_size, self.stride)]
        (top, bottom), (left, right) = ends
        if (bottom, right) != (top, left):
            x = functional.pad(x, (0, right - left, 0, bottom - top))
        return functional.conv2d(x, self.weight, self.bias, self.stride, (top, left), 1, self.groups)


def keras_norm1d(channels: int) -> nn.BatchNorm1d:
    """``nn.BatchNorm1d`` with Keras' constants."""
    return nn.BatchNorm1d(channels, EPS, MOMENTUM)


def keras_norm2d(channels: int) -> nn.BatchNorm2d:
    """``nn.BatchNorm2d`` with Keras' constants."""
    return nn.BatchNorm2d(channels, EPS, MOMENTUM)


def he_normal_(weight: Tensor) -> Tensor:
    """Fills a kernel (C', C, ...) as Keras 2's ``he_normal``: std ``sqrt(2 / fan_in)``, cut off at two of them.

    Keras 2.1 does not compensate for the variance that the cut removes; later versions do.
    """
    std = math.sqrt(2 / weight[0].numel())
    return nn.init.trunc_normal_(weight, 0., std, -2 * std, 2 * std)


def tanh(x: Tensor) -> Tensor:
    """As ``x.tanh()``, by way of the logistic function: PyTorch's own takes MKL's, which on an AMD EPYC needs eight
    times as long."""
    half = (x + x).sigmoid()
    return half + half - 1


def hard_sigmoid(x: Tensor) -> Tensor:
    """Keras 2's: ``clip(0.2 x + 0.5, 0, 1)``. Those of PyTorch and Keras 3 have a slope of 1/6."""
    return (0.2 * x + 0.5).clamp(0, 1)


class BidirectionalGRUs(nn.Module):
    """G independent bidirectional GRUs of the same size as one batch; the two directions are summed.

    * ``'torch'``, the definition of ``nn.GRU``: logistic gates, the reset gate after the product with the state,
      ``n = tanh(W x + b + r (U h + c))``. On a GPU, cuDNN computes it if there is no dropout.
    * ``'keras'``, Keras 2's default: hard sigmoids, the reset gate before the product, ``n = tanh(W x + b + U (r h))``,
      one bias.

    Parameters are ``nn.GRU``'s (rows r, z, n), stacked: ``weight_ih`` (G, 2, 3H, D), ``weight_hh`` (G, 2, 3H, H),
    ``bias_ih`` and, of ``'torch'``, ``bias_hh`` (G, 2, 3H); the second axis is the direction, forward first.

    Args:
        groups: Number of groups, G.
        in_channels: Number of input features, D.
        channels: Width, H.
        kind: One of ``GRU_KINDS``.
        dropout: Share of the inputs dropped in training: one mask per sequence and gate, the same in all frames.
        recurrent_dropout: The same of the state.
    """

    def __init__(self, groups: int, in_channels: int, channels: int, kind: str = 'torch', dropout: float = 0.,
                 recurrent_dropout: float = 0.):
        super().__init__()
        if kind not in GRU_KINDS:
            raise UserError(f"a GRU must be one of {', '.join(GRU_KINDS)}, not {kind!r}")
        self.groups, self.channels, self.kind = groups, channels, kind
        self.dropout, self.recurrent_dropout = dropout, recurrent_dropout
        self.weight_ih = nn.Parameter(torch.empty(groups, 2, 3 * channels, in_channels))
        self.weight_hh = nn.Parameter(torch.empty(groups, 2, 3 * channels, channels))
        self.bias_ih = nn.Parameter(torch.zeros(groups, 2, 3 * channels))
        self.bias_hh = nn.Parameter(torch.zeros(groups, 2, 3 * channels)) if kind == 'torch' else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Orthogonal kernels, zero biases."""
        for weight in (self.weight_ih, self.weight_hh):
            for one in weight.flatten(0, 1).unbind():
                nn.init.orthogonal_(one)
        nn.init.zeros_(self.bias_ih)
        if self.bias_hh is not None:
            nn.init.zeros_(self.bias_hh)

    def forward(self, x: Tensor) -> Tensor:
        """(G, N, T, D) -> (G, N, T, H)."""
        dropping = self.training and (self.dropout or self.recurrent_dropout)
        if x.is_cuda and self.kind == 'torch' and not dropping:
            return self.by_library(x)
        return self.by_frame(x)

    def by_library(self, x: Tensor) -> Tensor:
        """One call of PyTorch's (cuDNN's) GRU after another; ``'torch'`` without dropout only."""
        found = []
        for group, inputs in enumerate(x.unbind()):
            weights = [part[group, direction] for direction in (0, 1)
                       for part in (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)]
            start = inputs.new_zeros(2, inputs.shape[0], self.channels)
            both = torch.gru(inputs, start, weights, True, 1, 0., self.training, True, True)[0]
            found.append(both[..., :self.channels] + both[..., self.channels:])
        return torch.stack(found)

    def by_frame(self, x: Tensor) -> Tensor:
        """Frame by frame, all GRUs and directions in one product."""
        groups, clips, frames, width = x.shape
        x = x.transpose(1, 2)
        x = torch.stack([x, x.flip(1)], 1).flatten(0, 1)  # (2G, T, N, D): time runs forward in both directions
        gates = self._input_gates(x)  # (2G, T, N, 3H)
        step = self._step(x.new_ones(2 * groups, 3, clips, self.channels))
        state, states = gates[:, 0, :, :self.channels] * 0, []
        for frame in gates.unbind(1):
            state = step(frame, state)
            states.append(state)
        both = torch.stack(states, 2).view(groups, 2, clips, frames, self.channels)
        return both[:, 0] + both[:, 1].flip(2)

    def _input_gates(self, x: Tensor) -> Tensor:
        """(2G, T, N, D) -> W x + b, (2G, T, N, 3H)."""
        weight, bias = self.weight_ih.flatten(0, 1), self.bias_ih.flatten(0, 1)
        if self.kind == 'torch':  # the state's biases of r and z are added here, once for all frames
            bias = bias + functional.pad(self.bias_hh.flatten(0, 1)[:, :2 * self.channels], (0, self.channels))
        if self.training and self.dropout:
            rows, frames, clips, width = x.shape
            mask = functional.dropout(x.new_ones(rows, 3, 1, clips, width), self.dropout)
            masked = (x[:, None] * mask).flatten(2, 3)  # (2G, 3, T N, D)
            gates = masked @ weight.unflatten(1, (3, -1)).mT
            return gates.transpose(1, 2).reshape(rows, frames, clips, -1) + bias[:, None, None]
        return torch.baddbmm(bias[:, None], x.flatten(1, 2), weight.mT).unflatten(1, x.shape[1:3])

    def _step(self, ones: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """The function (W x + b of a frame, state) -> state, both (2G, N, ...); of one pass, whose masks it keeps."""
        width, weight = self.channels, self.weight_hh.flatten(0, 1).mT.contiguous()  # (2G, H, 3H)
        mask = functional.dropout(ones, self.recurrent_dropout) if self.training and self.recurrent_dropout else None

        bias = self.bias_hh.flatten(0, 1)[:, None, 2 * width:] if self.kind == 'torch' else None

        def product(state: Tensor, first: int, last: int) -> Tensor:
            """U h of the gates from ``first`` to before ``last``, (2G, N, gates H)."""
            columns = weight[..., first * width:last * width]
            if mask is None:
                return state @ columns
            masked = state[:, None] * mask[:, first:last]
            return (masked @ columns.unflatten(2, (-1, width)).transpose(1, 2)).transpose(1, 2).flatten(2)

        def torch_step(frame: Tensor, state: Tensor) -> Tensor:
            hidden = product(state, 0, 3)
            reset, update = (frame[..., :2 * width] + hidden[..., :2 * width]).sigmoid().chunk(2, -1)
            new = tanh(torch.addcmul(frame[..., 2 * width:], reset, hidden[..., 2 * width:] + bias))
            return torch.lerp(new, state, update)

        def keras_step(frame: Tensor, state: Tensor) -> Tensor:
            reset, update = hard_sigmoid(frame[..., :2 * width] + product(state, 0, 2)).chunk(2, -1)
            new = tanh(frame[..., 2 * width:] + product(reset * state, 2, 3))
            return torch.lerp(new, state, update)

        return torch_step if self.kind == 'torch' else keras_step
