"""RoI Align (He et al., ICCV 2017)."""
from __future__ import annotations

import math

import torch
from torch import Tensor

from mmskel.compat.mmcv_ext.gradient import add_gradients
from mmskel.compat.mmcv_ext.torchvision_ops import torchvision_ops

AVERAGE = 1  # mmcv's pool_mode; 0 is the maximum


def _roi_align(features: Tensor, rois: Tensor, size: tuple[int, int], scale: float, ratio: int,
               pool_mode: int, aligned: bool) -> Tensor:
    """``(N, C, H, W)`` features and ``(R, 5)`` rois to ``(R, C, *size)``."""
    ops = torchvision_ops()
    if ops is not None and pool_mode == AVERAGE:
        return ops.roi_align(features, rois, scale, *size, ratio, aligned)
    shift = 0.5 if aligned else 0.0
    pooled = []
    for index, *corners in rois.tolist():
        x1, y1, x2, y2 = (corner * scale - shift for corner in corners)
        width, height = x2 - x1, y2 - y1
        if not aligned:
            width, height = max(width, 1.0), max(height, 1.0)
        bins = []
        for start, length, cells in ((y1, height, size[0]), (x1, width, size[1])):
            samples = ratio if ratio > 0 else max(math.ceil(length / cells), 1)
            steps = torch.arange(cells * samples, device=features.device, dtype=features.dtype)
            bins.append((start + (steps + 0.5) * (length / (cells * samples)), samples))
        (ys, rows), (xs, columns) = bins
        values = _bilinear(features[int(index)], ys, xs)
        values = values.reshape(-1, size[0], rows, size[1], columns)
        pooled.append(values.mean((2, 4)) if pool_mode == AVERAGE else values.amax((2, 4)))
    return torch.stack(pooled) if pooled else features.new_zeros(0, features.shape[1], *size)


def _bilinear(image: Tensor, ys: Tensor, xs: Tensor) -> Tensor:
    """``(C, H, W)`` sampled at all pairs of ``ys`` and ``xs``: ``(C, len(ys), len(xs))``.

    Positions up to one pixel outside take the border's value, those beyond are zero.
    """
    height, width = image.shape[-2:]
    inside_y, inside_x = (ys >= -1) & (ys <= height), (xs >= -1) & (xs <= width)
    ys, xs = ys.clamp(0, height - 1), xs.clamp(0, width - 1)
    top, left = ys.long(), xs.long()
    bottom, right = (top + 1).clamp(max=height - 1), (left + 1).clamp(max=width - 1)
    dy, dx = (ys - top)[:, None], xs - left
    upper = image[:, top][..., left] * (1 - dx) + image[:, top][..., right] * dx
    lower = image[:, bottom][..., left] * (1 - dx) + image[:, bottom][..., right] * dx
    values = upper * (1 - dy) + lower * dy
    return values * (inside_y[:, None] & inside_x).to(values.dtype)


def roi_align_forward(input: Tensor, rois: Tensor, output: Tensor, argmax_y: Tensor,
                      argmax_x: Tensor, aligned_height: int, aligned_width: int,
                      spatial_scale: float, sampling_ratio: int, pool_mode: int,
                      aligned: bool) -> None:
    """Write the pooled regions into ``output``.

    Args:
        input: ``(N, C, H, W)`` features.
        rois: ``(R, 5)`` image index and box in image pixels.
        output: ``(R, C, aligned_height, aligned_width)``.
        argmax_y: Not filled: the maximum has no backward pass here.
        argmax_x: Column of the maximum, shaped as ``argmax_y``.
        aligned_height: Rows of the output.
        aligned_width: Columns of the output.
        spatial_scale: Feature pixels per image pixel.
        sampling_ratio: Samples per bin and axis, as many as the bin has pixels if 0.
        pool_mode: 1 for the average of the samples, 0 for their maximum.
        aligned: Whether pixel centres lie at half coordinates.
    """
    output.copy_(
        _roi_align(input, rois, (aligned_height, aligned_width), spatial_scale, sampling_ratio,
                   pool_mode, aligned))


def roi_align_backward(grad_output: Tensor, rois: Tensor, argmax_y: Tensor, argmax_x: Tensor,
                       grad_input: Tensor, aligned_height: int, aligned_width: int,
                       spatial_scale: float, sampling_ratio: int, pool_mode: int,
                       aligned: bool) -> None:
    """Write the gradient of average pooling into ``grad_input``, ``(N, C, H, W)``.

    Raises:
        NotImplementedError: ``pool_mode`` is the maximum.
    """
    if pool_mode != AVERAGE:
        raise NotImplementedError("RoI Align with pool_mode 'max' has no backward pass in the "
                                  "PyTorch stand-in; use 'avg' or install the full mmcv")
    size = (aligned_height, aligned_width)
    # Average pooling is linear: any input gives the same gradient.
    add_gradients(
        lambda x: _roi_align(x, rois, size, spatial_scale, sampling_ratio, pool_mode, aligned),
        (grad_input, ), grad_output, (grad_input, ))
