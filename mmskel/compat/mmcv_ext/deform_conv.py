"""Deformable convolution (Dai et al., ICCV 2017) and its modulated form (Zhu et al., CVPR 2019).

Shapes: input ``(N, C, H, W)``, weight ``(O, C / group, kh, kw)``, offset
``(N, deformable_group * kh * kw * 2, H', W')`` with y before x, mask
``(N, deformable_group * kh * kw, H', W')``, output ``(N, O, H', W')``.
"""
from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mmskel.compat.mmcv_ext.gradient import add_gradients


class _Geometry(NamedTuple):
    """The positions of the kernel; pairs are height, width."""
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    group: int
    deformable_group: int


def _deform_conv(x: Tensor, weight: Tensor, bias: Tensor | None, offset: Tensor,
                 mask: Tensor | None, geometry: _Geometry) -> Tensor:
    """Sample the input at each tap of the kernel, then multiply by the weights."""
    (n, c, h, w), (c_out, _, kh, kw) = x.shape, weight.shape
    stride, padding, dilation, group, groups = geometry
    h_out, w_out = offset.shape[-2:]
    taps = kh * kw
    offset = offset.reshape(n * groups, taps, 2, h_out, w_out)
    kind = dict(device=x.device, dtype=x.dtype)
    tap_y = (torch.arange(kh, **kind) * dilation[0] - padding[0]).repeat_interleave(kw)
    tap_x = (torch.arange(kw, **kind) * dilation[1] - padding[1]).repeat(kh)
    rows, columns = torch.arange(h_out, **kind) * stride[0], torch.arange(w_out, **kind) * stride[1]
    ys = offset[:, :, 0] + tap_y[:, None, None] + rows[:, None]
    xs = offset[:, :, 1] + tap_x[:, None, None] + columns
    grid = torch.stack(((2 * xs + 1) / w - 1, (2 * ys + 1) / h - 1), -1)
    sampled = F.grid_sample(
        x.reshape(n * groups, c // groups, h, w),
        grid.reshape(n * groups, taps * h_out, w_out, 2),
        align_corners=False).reshape(n * groups, c // groups, taps, h_out, w_out)
    if mask is not None:
        sampled = sampled * mask.reshape(n * groups, 1, taps, h_out, w_out)
    out = torch.einsum('ngkl,gok->ngol',
                       sampled.reshape(n, group, c // group * taps, h_out * w_out),
                       weight.reshape(group, c_out // group, -1))
    out = out.reshape(n, c_out, h_out, w_out)
    return out if bias is None else out + bias[:, None, None]


def modulated_deform_conv_forward(input: Tensor, weight: Tensor, bias: Tensor, ones: Tensor,
                                  offset: Tensor, mask: Tensor, output: Tensor, columns: Tensor,
                                  kernel_h: int, kernel_w: int, stride_h: int, stride_w: int,
                                  pad_h: int, pad_w: int, dilation_h: int, dilation_w: int,
                                  group: int, deformable_group: int, with_bias: bool) -> None:
    """Write the modulated deformable convolution into ``output``; ``ones`` and ``columns`` are
    the compiled operator's buffers and stay empty."""
    geometry = _Geometry((stride_h, stride_w), (pad_h, pad_w), (dilation_h, dilation_w), group,
                         deformable_group)
    output.copy_(
        _deform_conv(input, weight, bias if with_bias else None, offset, mask, geometry))


def modulated_deform_conv_backward(input: Tensor, weight: Tensor, bias: Tensor, ones: Tensor,
                                   offset: Tensor, mask: Tensor, columns: Tensor,
                                   grad_input: Tensor, grad_weight: Tensor, grad_bias: Tensor,
                                   grad_offset: Tensor, grad_mask: Tensor, grad_output: Tensor,
                                   kernel_h: int, kernel_w: int, stride_h: int, stride_w: int,
                                   pad_h: int, pad_w: int, dilation_h: int, dilation_w: int,
                                   group: int, deformable_group: int, with_bias: bool) -> None:
    """Write the gradients of :func:`modulated_deform_conv_forward` into the ``grad_`` tensors."""
    geometry = _Geometry((stride_h, stride_w), (pad_h, pad_w), (dilation_h, dilation_w), group,
                         deformable_group)
    if with_bias:
        grad_bias.add_(grad_output.sum((0, 2, 3)))
    add_gradients(lambda x, w, o, m: _deform_conv(x, w, None, o, m, geometry),
                  (input, weight, offset, mask), grad_output,
                  (grad_input, grad_weight, grad_offset, grad_mask))


def deform_conv_forward(input: Tensor, weight: Tensor, offset: Tensor, output: Tensor,
                        columns: Tensor, ones: Tensor, kW: int, kH: int, dW: int, dH: int,
                        padW: int, padH: int, dilationW: int, dilationH: int, group: int,
                        deformable_group: int, im2col_step: int) -> None:
    """Write the deformable convolution into ``output``; ``columns`` and ``ones`` are the compiled
    operator's buffers and stay empty."""
    geometry = _Geometry((dH, dW), (padH, padW), (dilationH, dilationW), group, deformable_group)
    output.copy_(_deform_conv(input, weight, None, offset, None, geometry))


def deform_conv_backward_input(input: Tensor, offset: Tensor, grad_output: Tensor,
                               grad_input: Tensor, grad_offset: Tensor, weight: Tensor,
                               columns: Tensor, kW: int, kH: int, dW: int, dH: int, padW: int,
                               padH: int, dilationW: int, dilationH: int, group: int,
                               deformable_group: int, im2col_step: int) -> None:
    """Write the gradients for input and offset of :func:`deform_conv_forward`."""
    geometry = _Geometry((dH, dW), (padH, padW), (dilationH, dilationW), group, deformable_group)
    add_gradients(lambda x, o: _deform_conv(x, weight, None, o, None, geometry), (input, offset),
                  grad_output, (grad_input, grad_offset))


def deform_conv_backward_parameters(input: Tensor, offset: Tensor, grad_output: Tensor,
                                    grad_weight: Tensor, columns: Tensor, ones: Tensor, kW: int,
                                    kH: int, dW: int, dH: int, padW: int, padH: int,
                                    dilationW: int, dilationH: int, group: int,
                                    deformable_group: int, scale: float,
                                    im2col_step: int) -> None:
    """Write the gradient for the weight of :func:`deform_conv_forward`, times ``scale``."""
    geometry = _Geometry((dH, dW), (padH, padW), (dilationH, dilationW), group, deformable_group)
    # The convolution is linear in its weight: any weight gives the same gradient.
    add_gradients(lambda w: _deform_conv(input, w, None, offset, None, geometry),
                  (grad_weight, ), grad_output * scale, (grad_weight, ))
