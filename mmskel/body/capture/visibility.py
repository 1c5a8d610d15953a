"""Which vertices a camera sees, and the vertex nearest to every pixel: same results as the published searches, sooner.

The published code casts a ray through the centre of a triangle and meets it with all triangles in space. The ray meets
a triangle exactly where the projected centre lies inside the projected triangle, so the search is one in the plane, and
only triangles whose box holds the centre are looked at. See docs/published/motion_capture.md, D5 and D6.
"""
from __future__ import annotations

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

_PAIRS = 4_000_000  # pairs of rays and triangles that are compared at a time


def visible_vertices(vertices: Tensor, faces: Tensor, step: int = 1) -> Tensor:
    """The vertices whose triangles are the first that a ray to their centre meets.

    Args:
        vertices: (V, 3) in camera coordinates. Triangles with a vertex behind the camera neither hide nor are seen.
        faces: (F, 3) triangles.
        step: Distance of the triangles that are looked at: every ``step``-th; vertices of the others alone are
            invisible. Published: 6 in training.

    Returns:
        (V,) boolean.
    """
    points = vertices.detach().cpu().double().numpy()
    triangles = faces.cpu().numpy()
    depth = points[triangles, 2]
    ahead = np.flatnonzero((depth > 0).all(1))
    centres = points[triangles[::step]].mean(1)
    aimed = np.arange(0, len(triangles), step)
    kept = (depth[aimed] > 0).all(1)
    aimed, centres = aimed[kept], centres[kept]
    flat = centres[:, :2] / centres[:, 2:]
    order = np.argsort(flat[:, 0], kind='stable')
    aimed, flat, near = aimed[order], flat[order], 1 / centres[order, 2]
    safe = np.where(points[:, 2:] > 0, points[:, 2:], 1)
    corners = (points[:, :2] / safe)[triangles[ahead]]
    lowest, highest = corners.min(1), corners.max(1)
    first = np.searchsorted(flat[:, 0], lowest[:, 0], 'left')
    count = np.searchsorted(flat[:, 0], highest[:, 0], 'right') - first
    hidden = np.zeros(len(aimed), bool)
    for part in _parts(count):
        triangle = np.repeat(part, count[part])
        start = np.cumsum(count[part]) - count[part]
        ray = np.arange(len(triangle)) - np.repeat(start - first[part], count[part])
        y = flat[ray, 1]
        inside = (y >= lowest[triangle, 1]) & (y <= highest[triangle, 1]) & (ahead[triangle] != aimed[ray])
        triangle, ray = triangle[inside], ray[inside]
        hit, inverse = _meets(corners[triangle], 1 / depth[ahead[triangle]], flat[ray])
        hidden[ray[hit & (inverse > near[ray])]] = True
    seen = np.zeros(len(points), bool)
    seen[triangles[aimed[~hidden]].ravel()] = True
    return torch.from_numpy(seen).to(vertices.device)


def _parts(count: np.ndarray) -> list[np.ndarray]:
    """The triangles in blocks of a bounded number of pairs."""
    if not count.sum():
        return []
    block = np.cumsum(count) // _PAIRS
    return np.split(np.arange(len(count)), np.flatnonzero(np.diff(block)) + 1)


def _meets(corners: np.ndarray, inverse: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether points lie in projected triangles, and the inverse depth of the triangles there.

    Args:
        corners: (P, 3, 2).
        inverse: (P, 3) inverse depths of the corners.
        points: (P, 2).
    """
    away = corners - points[:, None]
    after = away[:, (1, 2, 0)]
    share = (away[..., 0] * after[..., 1] - away[..., 1] * after[..., 0])[:, (1, 2, 0)]  # opposite of each corner
    total = share.sum(1)
    hit = ((share >= 0).all(1) | (share <= 0).all(1)) & (total != 0)
    return hit, (share * inverse).sum(1) / np.where(total == 0, 1, total)


def nearest_vertex(points: Tensor, height: int, width: int) -> Tensor:
    """The index of the nearest of V points for every pixel: (N, V, 2) -> (N, height, width), without gradient."""
    pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).reshape(-1, 2)
    found = [cKDTree(one).query(pixels)[1] for one in points.detach().cpu().double().numpy()]
    return torch.from_numpy(np.stack(found)).view(-1, height, width).to(points.device)


def nearest_vertex_map(points: Tensor, height: int, width: int) -> Tensor:
    """The distance from every pixel to the nearest of some points.

    The search has no gradient; the one distance per pixel has.

    Args:
        points: (N, V, 2) in pixels of the map.
        height, width: Size of the map.

    Returns:
        (N, height, width), at least 1e-3.
    """
    index = nearest_vertex(points, height, width).flatten(1)
    away = _chosen(points, index) - _pixels(points, height, width)
    return away.square().sum(-1).clamp_min(1e-6).sqrt().unflatten(1, (height, width))


def _pixels(points: Tensor, height: int, width: int) -> Tensor:
    grid = torch.meshgrid(torch.arange(height), torch.arange(width), indexing='ij')
    return torch.stack(grid[::-1], -1).flatten(0, 1).to(points)


def _chosen(points: Tensor, index: Tensor) -> Tensor:
    return points.gather(1, index[..., None].expand(-1, -1, 2))
