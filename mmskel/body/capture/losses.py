"""The losses of motion capture as pure functions: as published, and corrected for use.

Equations of the published forms: Tung et al., NeurIPS 2017, section 3; what its code does differently from the paper,
and what ours corrects, stands in docs/published/motion_capture.md.
"""
from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor
from torch.nn import functional

from mmskel.body.capture.camera import BodyParameters
from mmskel.body.capture.visibility import nearest_vertex_map
from mmskel.body.errors import BodyError


def supervised_loss(found: BodyParameters, wanted: BodyParameters) -> Tensor:
    """Squared errors of pose, shape (0.05), rotation and translation (0.1), as published; both (N, ...)."""
    mse = functional.mse_loss
    return mse(found.pose, wanted.pose) + 0.05 * mse(found.betas, wanted.betas) \
        + mse(found.rotation, wanted.rotation) + 0.1 * mse(found.trans, wanted.trans)


def published_keypoint_loss(projected: Tensor, detected: Tensor) -> Tensor:
    """(N, J, 2), (N, J, 2) pixels -> (N,) mean squared error of each frame; the published training keeps the last."""
    return (projected - detected).square().flatten(1).mean(1)


def keypoint_loss(projected: Tensor, detected: Tensor, score: Tensor, size: int) -> Tensor:
    """Squared error over all frames, weighted by the detector's scores.

    Args:
        projected, detected: (N, J, 2) pixels of the crop.
        score: (N, J); 0 for a missing keypoint.
        size: Side of the crop, which the errors are divided by.
    """
    error = torch.where(score > 0, ((projected - detected) / size).square().mean(-1), 0.)
    return (error * score).sum() / score.sum().clamp_min(1e-6)


def published_flow_loss(first: Tensor, second: Tensor, flow: Tensor, visible: Tensor) -> Tensor:
    """Mean over all vertices and both axes of the absolute error of a displacement, 0 where invisible.

    Args:
        first, second: (V, 2) vertices in the frames of a pair, pixels.
        flow: (V, 2) observed displacement of the vertices.
        visible: (V,) whether a vertex is seen in the first frame.
    """
    return (visible[:, None] * (flow - (second - first))).abs().mean()


def flow_loss(first: Tensor, second: Tensor, field: Tensor, visible: Tensor, size: int) -> Tensor:
    """Mean absolute error of a displacement over the vertices that are seen, as in the paper.

    Args:
        first, second: (V, 2) vertices in the frames of a pair, pixels of the crop.
        field: (size, size, 2) optical flow of the crop; sampled at the vertices.
        visible: (V,) whether a vertex is seen in the first frame.
        size: Side of the crop, which the error is divided by.
    """
    inside = visible & ((first >= 0) & (first <= size - 1)).all(1)
    if not inside.any():
        return (first - second).sum() * 0.
    observed = sample(field.permute(2, 0, 1), first[inside].detach()).T
    return (observed - (second - first)[inside]).abs().mean() / size


def published_silhouette_maps(points: Tensor, size: int, scale: float = 0.5) -> tuple[Tensor, Tensor]:
    """Maps of the distance to a body and of its inside, made from vertices alone.

    Args:
        points: (N, V, 2) vertices, pixels of the crop.
        size: Side of the crop.
        scale: Pixels of the maps per pixel of the crop.

    Returns:
        (N, s, s) distance where it is more than 0.51, else 0; distance + 0.5 where it is less than 0.5, else 0.
    """
    side = round(size * scale)
    distance = nearest_vertex_map(points * scale, side, side)
    return torch.where(distance > 0.51, distance, 0.), torch.where(distance < 0.5, distance + 0.5, 0.)


def published_silhouette_loss(points: Tensor, mask: Tensor, distance: Tensor, alpha: float = 0.5,
                              scale: float = 0.5) -> Tensor:
    """The published mask term, summed over frames.

    Args:
        points: (N, V, 2) vertices, pixels of the crop.
        mask: (N, S, S) mask of the person, 0 or 1.
        distance: (N, s, s) distance of every pixel of the smaller mask to it, see :func:`distance_to_mask`.
        alpha: Weight of the body outside the mask.
        scale: Pixels of the maps per pixel of the crop.
    """
    away, inside = published_silhouette_maps(points, mask.shape[-1], scale)
    every = round(1 / scale)
    small = mask[:, ::every, ::every].to(points)
    return (alpha * inside * distance + (1 - alpha) * small * away).square().flatten(1).mean(1).sum()


def silhouette_loss(points: Tensor, mask: Tensor, distance: Tensor) -> Tensor:
    """Both directions of the chamfer distance between a body and a mask, over the side of the crop.

    Args:
        points: (N, V, 2) vertices, pixels of the crop.
        mask: (N, S, S) mask of the person, boolean; frames with an empty one are left out.
        distance: (N, S, S) distance of every pixel to the mask, see :func:`distance_to_mask`.
    """
    size, total = mask.shape[-1], points.sum() * 0.
    shown = [n for n in range(len(mask)) if mask[n].any()]
    half = mask[:, ::2, ::2]
    for n in shown:
        # vertices outside the crop are pulled to its border, and from there on to the mask
        within = points[n].clamp(0, size - 1)
        stray = sample(distance[n, None], within)[0] + (points[n] - within).norm(dim=-1)
        cover = nearest_vertex_map(points[n, None] / 2, *half.shape[1:])[0][half[n]] * 2
        total = total + stray.mean() + (cover.mean() if cover.numel() else 0.)
    return total / (size * max(1, len(shown)))


def prior_loss(body: BodyParameters) -> Tensor:
    """Mean squares of shape and pose, the root left out: keypoints alone say nothing about depth."""
    return body.betas.square().mean() + body.pose[:, 1:].square().mean()


def distance_to_mask(mask: Tensor) -> Tensor:
    """(N, H, W) masks -> (N, H, W) exact Euclidean distance of every pixel to the mask, 0 on it; 0 if it is empty."""
    found = [distance_transform_edt(~one) if one.any() else np.zeros(one.shape) for one in mask.bool().cpu().numpy()]
    return torch.from_numpy(np.stack(found)).float().to(mask.device)


def sample(field: Tensor, points: Tensor) -> Tensor:
    """A field at points between its pixels, bilinear.

    Args:
        field: (C, H, W).
        points: (P, 2) pixels, x and y; outside, the value at the border is taken.

    Returns:
        (C, P).

    Raises:
        BodyError: If a shape is wrong.
    """
    if field.ndim != 3 or points.ndim != 2 or points.shape[1] != 2:
        raise BodyError(f'field {tuple(field.shape)} and points {tuple(points.shape)}; expected (C, H, W) and (P, 2)')
    size = points.new_tensor((field.shape[2], field.shape[1]))
    grid = (2 * points / (size - 1).clamp_min(1) - 1)[None, None]
    return functional.grid_sample(field[None], grid, padding_mode='border', align_corners=True)[0, :, 0]
