"""Plain transcriptions of what motion capture computes: rays against triangles in space, every vertex at every pixel.

Written from Tung et al., NeurIPS 2017, and docs/published/motion_capture.md; independent of ``mmskel.body.capture``.
"""
import torch


def plain_visible(vertices, faces, step, chunk=64):
    """(V,) boolean: rays from the camera through the centre of every ``step``-th triangle, met with all triangles."""
    corners = vertices[faces]
    origin, first, second = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    aimed = torch.arange(0, len(faces), step)
    seen = torch.zeros(len(vertices), dtype=torch.bool)
    for part in aimed.split(chunk):
        rays = corners[part].mean(1)
        turned = torch.linalg.cross(rays[:, None], second[None].expand(len(rays), -1, -1))
        scale = (first * turned).sum(-1)
        u = (-origin * turned).sum(-1) / scale
        other = torch.linalg.cross(-origin, first).expand(len(rays), -1, -1)
        v = (rays[:, None] * other).sum(-1) / scale
        t = (second * other).sum(-1) / scale
        hit = (u >= 0) & (v >= 0) & (u + v <= 1) & (t >= 0)
        nearest = torch.where(hit, t, torch.inf).argmin(1)
        seen[faces[part[nearest == part]].flatten()] = True
    return seen


def plain_nearest_map(points, height, width):
    """(N, V, 2) -> (N, height, width): the distance to the nearest vertex, with the gradient of a minimum over all."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing='ij')
    pixels = torch.stack((x, y), -1).flatten(0, 1).to(points)
    return (pixels[None, :, None] - points[:, None]).norm(dim=-1).clamp_min(1e-3).min(-1)[0].view(-1, height, width)


def plain_maps(keypoints, size):
    """(N, J, 2) -> (N, J, size, size): heat maps pixel by pixel."""
    grid = torch.arange(size, dtype=keypoints.dtype)
    x, y = keypoints[..., 0, None, None], keypoints[..., 1, None, None]
    maps = torch.exp(-((grid[None, :] - x)**2 + (grid[:, None] - y)**2) / (2 * 0.25**2 * 7**2))
    return maps / maps.sum((2, 3), keepdim=True).clamp_min(1e-9)
