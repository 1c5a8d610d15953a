"""Joints drawn as small heatmaps: the input volume of PoseC3D's networks.

H. Duan, Y. Zhao, K. Chen, D. Lin, B. Dai, "Revisiting Skeleton-based Action Recognition" (PoseC3D), CVPR 2022,
arXiv 2104.13586. Official code: github.com/kennymckormick/pyskl (Apache-2.0) and MMAction2. See
``docs/published/posec3d.md``, D10 and D11. Ours: only the pixels near a joint are computed, all of them at once, where
the joints are (CPU or GPU).

Values are those of MMAction2's ``GeneratePoseTarget``: joints on a CPU to the last bit (exponentials are NumPy's there,
torch's differ in last bits), limbs within 3e-6, since it squares scalars by a power function that
rounds one in a thousand differently. Joints that are NaN, which it cannot draw, are left out.
"""
from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmskel.files.errors import UserError

_LEAST = 1e-4  # joints of a smaller score are not drawn
_FAR = 1e6  # a pixel outside of every image
_LIMBS_AT_ONCE = 2048  # on a CPU: their pixels, a hundred each, stay in the cache


def heatmap_size(size: Sequence[int], scaling: float = 1.) -> tuple[int, int]:
    """(H, W) of the heatmaps of an image, rounded half up."""
    return int(size[0] * scaling + 0.5), int(size[1] * scaling + 0.5)


def heatmap_volume(keypoint: Tensor, score: Tensor | None, size: Sequence[int], *, sigma: float = 0.6,
                   scaling: float = 1., joints: bool = True, limbs: Sequence[tuple[int, int]] = ()) -> Tensor:
    """Heatmaps of joints and limbs; persons share the channels, by the maximum.

    Args:
        keypoint: (N, M, T, V, 2) x and y in pixels. M may be 0.
        score: (N, M, T, V) heights of the peaks; below 1e-4 a joint is not drawn. None: 1 for every joint, those at
            (0, 0) included (``docs/published/posec3d.md``, D6).
        size: (H, W) of the image.
        sigma: Standard deviation of the Gaussians, in pixels of the heatmap; they are cut at 3 sigma.
        scaling: Heatmap pixels per image pixel.
        joints: Whether joints are drawn, as V channels.
        limbs: Pairs of joints to draw as lines, L channels after those of the joints. (MMAction2 writes limbs over the
            joints' channels if both are requested: ``docs/published/posec3d.md``, D1.)

    Returns:
        (N, C, T, H', W') float32, C = V + L, contiguous.

    Raises:
        UserError: Shapes that do not fit; nothing to draw.
    """
    if keypoint.ndim != 5 or keypoint.shape[-1] != 2:
        raise UserError(f'heatmaps are drawn from keypoints (N, M, T, V, 2), not of {tuple(keypoint.shape)}')
    if score is not None and score.shape != keypoint.shape[:-1]:
        raise UserError(f'scores {tuple(score.shape)} do not fit keypoints {tuple(keypoint.shape)}')
    if not joints and not limbs:
        raise UserError('neither joints nor limbs were requested')
    keypoint = keypoint.float() if scaling == 1 else keypoint.float() * scaling
    score = torch.ones_like(keypoint[..., 0]) if score is None else score.float()
    drawn = (score >= _LEAST) & ~keypoint.isnan().any(-1)  # False where the score is NaN
    score = torch.where(drawn, score, torch.zeros_like(score))
    keypoint = torch.nan_to_num(keypoint).clamp(-_FAR, _FAR)
    ends = torch.tensor(limbs, device=keypoint.device).reshape(-1, 2).T
    height, width = heatmap_size(size, scaling)
    if torch.onnx.is_in_onnx_export() or torch.compiler.is_compiling():
        return _dense(keypoint, score, (height, width), sigma, joints, ends)
    clips, _, frames, num_joints, _ = keypoint.shape
    points = torch.stack(keypoint.unbind(-1))  # x of all, then y of all
    channels = num_joints * joints + len(limbs)
    volume = _zeros(clips * channels * frames * height * width, keypoint.device)
    # the number of every (clip, channel, frame)'s plane, in the order of the joints: (N, 1, T, C)
    plane = torch.arange(clips * channels * frames, device=keypoint.device).view(clips, 1, channels, frames).mT
    if joints:
        _draw_points(volume, plane[..., :num_joints].expand(score.shape).flatten(), points.flatten(1), score.flatten(),
                     height, width, sigma)
    if limbs:
        start, end = points.index_select(-1, ends[0]), points.index_select(-1, ends[1])
        plane = plane[..., -len(limbs):].expand(start.shape[1:])
        flat = (plane.flatten(), start.flatten(1), end.flatten(1), score.index_select(-1, ends[0]).flatten(),
                score.index_select(-1, ends[1]).flatten())
        many = _LIMBS_AT_ONCE if volume.device.type == 'cpu' else plane.numel()
        for piece in zip(*(part.split(many, -1) for part in flat)):
            _draw_lines(volume, *piece, height, width, sigma)
    return volume.view(clips, channels, frames, height, width)


def mirrored(volume: Tensor, swap: Tensor) -> Tensor:
    """The mirror image: pixel x becomes W - 1 - x, left and right channels are exchanged.

    Args:
        volume: (..., C, T, H, W).
        swap: (C,) the channel that each is taken from.
    """
    return volume.index_select(-4, swap).flip(-1)


def limb_swap(limbs: Sequence[tuple[int, int]], swap: Sequence[int]) -> list[int]:
    """The limb on the other side for every limb, by the layout's exchange of joints; one without a counterpart stays.

    Args:
        limbs: L pairs of joints.
        swap: (V,) :attr:`~mmskel.skeleton.Layout.swap`.
    """
    place = {frozenset(limb): at for at, limb in enumerate(limbs)}
    return [place.get(frozenset(int(swap[joint]) for joint in limb), at) for at, limb in enumerate(limbs)]


def _zeros(count: int, device: torch.device) -> Tensor:
    # NumPy requests zero pages from the system and touches none of them; torch writes zeros into all
    return torch.from_numpy(np.zeros(count, np.float32)) if device.type == 'cpu' else torch.zeros(count, device=device)


def _exp(x: Tensor) -> Tensor:
    if x.device.type == 'cpu' and not x.requires_grad:
        return torch.from_numpy(np.exp(x.numpy()))
    return x.exp()


def _window(low: Tensor, high: Tensor, height: int, width: int, sigma: float) -> tuple[Tensor, Tensor]:
    """First pixel, and one past the last, (2, K) floats, of boxes from ``low`` to ``high`` grown by 3 sigma.

    Truncation is towards zero, so the window reaches further to the left than to the right
    (``docs/published/posec3d.md``, D11).
    """
    first = (low - 3 * sigma).trunc_().clamp_(min=0)
    behind = (high + 3 * sigma).trunc_().add_(1)
    return first, torch.minimum(behind, low.new_tensor([[width], [height]]))


def _draw_points(volume: Tensor, plane: Tensor, centre: Tensor, value: Tensor, height: int, width: int,
                 sigma: float) -> None:
    """All patches at once. ``plane``, ``value``: (K,); ``centre``: (2, K)."""
    side = math.floor(6 * sigma) + 2  # of the largest patch
    first, behind = _window(centre, centre, height, width, sigma)
    at = first[:, None] + torch.arange(side, device=centre.device)[:, None]  # (2, side, K), many last: long inner loops
    squared = (at - centre[:, None]).square_()
    squared.masked_fill_(at >= behind[:, None], torch.inf)  # whose exponential is 0
    patch = _exp((squared[0] + squared[1, :, None]).div_(-2 * sigma**2)).mul_(value)
    at = at.long()
    row = at[1].clamp_(max=height - 1).add_(plane * height).mul_(width)
    index = row[:, None] + at[0].clamp_(max=width - 1)
    volume.scatter_reduce_(0, index.flatten(), patch.flatten(), 'amax')


def _draw_lines(volume: Tensor, plane: Tensor, start: Tensor, end: Tensor, start_value: Tensor, end_value: Tensor,
                height: int, width: int, sigma: float) -> None:
    """All limbs at once: a flat list of the rows of their rectangles, and one of the pixels of the rows.

    The order of operations is the published one, since rounding would differ by more than 1e-6 in any other.
    """
    value = torch.minimum(start_value, end_value)
    first, behind = _window(torch.minimum(start, end), torch.maximum(start, end), height, width, sigma)
    along = end - start
    length = along.square().sum(0)  # squared
    visible = (value > 0) & (behind > first).all(0)
    short = (visible & (length < 1)).nonzero()[:, 0]
    if len(short):  # published: a point with the start's own score
        _draw_points(volume, plane[short], start[:, short], start_value[short], height, width, sigma)
    kept = (visible & (length >= 1)).nonzero()[:, 0]
    limbs = torch.cat([first, behind, start, end, along, length[None], value[None]]).index_select(1, kept)
    limb, y = _spread((limbs[3] - limbs[1]).long())
    corner = plane.index_select(0, kept) * (height * width) + (limbs[1] * width + limbs[0]).long()
    rows = limbs.index_select(1, limb)
    place = corner.index_select(0, limb) + y * width
    across = rows[1] + y
    rows = torch.cat([rows, across[None], (across - rows[5]).square_()[None], (across - rows[7]).square_()[None]])
    row, x = _spread((rows[2] - rows[0]).long())
    rows = rows[[0, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14]].index_select(1, row)
    left, start_x, start_y, end_x, along_x, along_y, length, value, across, to_start, to_end = rows
    column = left.add_(x)
    to_start.add_((column - start_x).square_())
    to_end.add_((column - end_x).square_())
    r = (to_start - to_end).add_(length).div_(length.mul_(2))  # the position along the limb, 0 to 1
    squared = column.sub_(along_x.mul_(r).add_(start_x)).square_()
    squared.add_(across.sub_(along_y.mul_(r).add_(start_y)).square_())
    squared = torch.where(r <= 0, to_start, torch.where(r >= 1, to_end, squared))
    index = place.index_select(0, row).add_(x)
    volume.scatter_reduce_(0, index, _exp(squared.div_(-2 * sigma**2)).mul_(value), 'amax')


def _spread(counts: Tensor) -> tuple[Tensor, Tensor]:
    """(3, 2) -> owners (0, 0, 0, 1, 1) and positions within the owner's (0, 1, 2, 0, 1)."""
    owner = torch.repeat_interleave(counts)
    return owner, torch.arange(len(owner), device=counts.device) - (counts.cumsum(0) - counts).index_select(0, owner)


def _dense(keypoint: Tensor, score: Tensor, size: tuple[int, int], sigma: float, joints: bool, ends: Tensor) -> Tensor:
    """Every pixel of every channel, by operations that ONNX has. Shapes as in :func:`heatmap_volume`."""
    height, width = size
    x = torch.arange(width, device=keypoint.device, dtype=torch.float32)
    y = torch.arange(height, device=keypoint.device, dtype=torch.float32)[:, None]
    persons = []
    for points, value in zip(keypoint.unbind(1), score.unbind(1)):
        parts = []
        if joints:
            parts.append(_dense_points(points, value, x, y, sigma))
        if ends.shape[1]:
            start, end = points[..., ends[0], :], points[..., ends[1], :]
            parts.append(_dense_lines(start, end, value[..., ends[0]], value[..., ends[1]], x, y, sigma))
        persons.append(torch.cat(parts, 2))  # (N, T, C, H, W)
    return torch.stack(persons).amax(0).transpose(1, 2)


def _inside(low: Tensor, high: Tensor, x: Tensor, y: Tensor, sigma: float) -> Tensor:
    first, behind = (low - 3 * sigma).trunc()[..., None, None], ((high + 3 * sigma).trunc() + 1)[..., None, None]
    return ((x >= first[..., 0, :, :]) & (x < behind[..., 0, :, :])
            & (y >= first[..., 1, :, :]) & (y < behind[..., 1, :, :]))


def _dense_points(points: Tensor, value: Tensor, x: Tensor, y: Tensor, sigma: float) -> Tensor:
    by_column = torch.exp((x - points[..., 0, None]).square() / (-2 * sigma**2))  # separable: H + W exponentials
    by_row = torch.exp((y[:, 0] - points[..., 1, None]).square() / (-2 * sigma**2)) * value[..., None]
    return by_row[..., None] * by_column[..., None, :] * _inside(points, points, x, y, sigma)


def _dense_lines(start: Tensor, end: Tensor, start_value: Tensor, end_value: Tensor, x: Tensor, y: Tensor,
                 sigma: float) -> Tensor:
    along = end - start
    length = along.square().sum(-1)
    dx, dy = x - start[..., 0, None, None], y - start[..., 1, None, None]
    ax, ay = along[..., 0, None, None], along[..., 1, None, None]
    r = ((dx * ax + dy * ay) / length.clamp(min=1)[..., None, None]).clamp(0, 1)
    value = torch.minimum(start_value, end_value)
    line = torch.exp(((dx - r * ax).square() + (dy - r * ay).square()) / (-2 * sigma**2)) * value[..., None, None]
    line = line * _inside(torch.minimum(start, end), torch.maximum(start, end), x, y, sigma)
    point = _dense_points(start, torch.where(value > 0, start_value, torch.zeros_like(value)), x, y, sigma)
    return torch.where((length < 1)[..., None, None], point, line)
