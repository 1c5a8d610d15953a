"""Rotations and chains of joints, batched; every function has clean derivatives at zero angles."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_SMALL = 1e-6  # squared angle below which a series of three terms is exact in float32


def cross_matrix(vectors: Tensor) -> Tensor:
    """(..., 3) -> (..., 3, 3): the matrix [v]x with [v]x w = v x w."""
    x, y, z = vectors.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack((zero, -z, y, z, zero, -x, -y, x, zero), -1).unflatten(-1, (3, 3))


def rotation_matrices(vectors: Tensor) -> Tensor:
    """(..., 3) axis times angle, in radians -> (..., 3, 3), by Rodrigues' formula; a series near 0."""
    square = (vectors * vectors).sum(-1)
    small = square < _SMALL
    safe = torch.where(small, torch.ones_like(square), square)
    angle = safe.sqrt()
    sine = torch.where(small, 1 - square / 6 + square * square / 120, angle.sin() / angle)
    versine = torch.where(small, 0.5 - square / 24 + square * square / 720, (1 - angle.cos()) / safe)
    cross = cross_matrix(vectors)
    eye = torch.eye(3, dtype=vectors.dtype, device=vectors.device)
    return eye + sine[..., None, None] * cross + versine[..., None, None] * (cross @ cross)


def rotation_between(source: Tensor, target: Tensor) -> Tensor:
    """(..., 3), (..., 3) -> (..., 3, 3): the smallest rotation that takes one direction to another."""
    a = source / source.norm(dim=-1, keepdim=True)
    b = target / target.norm(dim=-1, keepdim=True)
    cross = cross_matrix(torch.linalg.cross(*torch.broadcast_tensors(a, b)))
    cosine = (a * b).sum(-1)[..., None, None]
    eye = torch.eye(3, dtype=a.dtype, device=a.device)
    return eye + cross + cross @ cross / (1 + cosine)


def levels(parents: Sequence[int]) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """The joints of a tree by depth, each with their parents: ``((joints, parents), ...)``, the root left out."""
    depth = [0] * len(parents)
    for joint, parent in enumerate(parents):
        depth[joint] = depth[parent] + 1 if parent >= 0 else 0
    at = [tuple(j for j, d in enumerate(depth) if d == level) for level in range(1, max(depth) + 1)]
    return tuple((joints, tuple(parents[j] for j in joints)) for joints in at)


def components_first(matrices: Tensor) -> Tensor:
    """(B, J, m, n) -> (m, n, J, B): the form in which :func:`product` and :class:`Chain` are quick."""
    return matrices.permute(2, 3, 1, 0)


def batch_first(matrices: Tensor) -> Tensor:
    """(m, n, J, B) -> (B, J, m, n)."""
    return matrices.permute(3, 2, 0, 1)


def product(a: Tensor, b: Tensor) -> Tensor:
    """Products of many small matrices, components first: (3, 3, ...) and (3, n, ...) -> (3, n, ...).

    Nine long vectors instead of many tiny matrices: a batched matrix product of 3 x 3 takes several times as long.
    """
    found = a[:, 0, None] * b[None, 0]
    found = torch.addcmul(found, a[:, 1, None], b[None, 1])
    return torch.addcmul(found, a[:, 2, None], b[None, 2])


class Chain:
    """Forward kinematics of one tree, level by level.

    Args:
        parents: Parent of each joint, -1 of the root, which is first.
    """

    def __init__(self, parents: Sequence[int]):
        order = [0, *(j for joints, _ in levels(parents) for j in joints)]
        place = {joint: i for i, joint in enumerate(order)}
        self._order, self._back = torch.tensor(order), torch.tensor(order).argsort()
        self._levels, start = [], 0
        for joints, heads in levels(parents):
            above = torch.tensor([place[head] - start for head in heads])  # counted within the level above
            start = place[joints[0]]
            self._levels.append((start, start + len(joints), above))

    def __call__(self, rotations: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
        """World rotations and positions.

        Args:
            rotations: (3, 3, J, B) of each joint relative to its parent.
            offsets: (3, J, B) of each joint from its parent, in the parent's frame; of the root: its position.

        Returns:
            (3, 3, J, B), (3, J, B).
        """
        device = rotations.device
        local = torch.cat((rotations, offsets[:, None]), 1).index_select(2, self._order.to(device))
        level = local[:, :, :1]
        world = [level]
        for start, stop, heads in self._levels:
            above = level.index_select(2, heads.to(device))
            moved = product(above[:, :3], local[:, :, start:stop])
            level = torch.cat((moved[:, :3], moved[:, 3:] + above[:, 3:]), 1)
            world.append(level)
        found = torch.cat(world, 2).index_select(2, self._back.to(device))
        return found[:, :3], found[:, 3]
