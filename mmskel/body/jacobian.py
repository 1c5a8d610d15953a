"""How joints and skin of SKEL move with its angles: the Jacobian in closed form.

A turn by an angle moves everything below its joint about an axis through it; shoulder blades and spine slide as well.
The change of the pose offsets is left out of the Jacobian, which gives the curvature of a least-squares step, and
stands in a gradient of its own, so that the step's gradient is exact.
"""
from __future__ import annotations

from math import pi
from typing import NamedTuple

import torch
from torch import Tensor

from mmskel.body.skel import BENDING, EXTENSION, SCAPULAE, SKEL
from mmskel.body.skel_joints import ANGLE_JOINT, PARENTS
from mmskel.body.skel_shape import SkelShape

_JOINT = list(ANGLE_JOINT)
_PARENT = [max(PARENTS[joint], 0) for joint in ANGLE_JOINT]
# angles applied after each one at the same joint
_LATER = [[m for m in range(n + 1, len(_JOINT)) if _JOINT[m] == joint] for n, joint in enumerate(_JOINT)]


def _below() -> Tensor:
    """(24, 24): 1 where the column's joint hangs on the row's, or is it."""
    below = torch.eye(24)
    for joint in range(23, 0, -1):
        below[PARENTS[joint]] += below[joint]
    return below


BELOW = _below()


class Motion(NamedTuple):
    """Pose and its first derivatives.

    Args:
        rotations: (3, 3, 24, B) local rotations.
        world: (3, 3, 24, B) world rotations.
        joints: (3, 24, B) joints, without translation.
        turned: (B, 46, 3) axis of each angle in the frame of its joint's parent.
        axes: (B, 46, 3) the same in the world.
        slides: (B, 46, 3) what each angle adds to the position of its joint.
    """
    rotations: Tensor
    world: Tensor
    joints: Tensor
    turned: Tensor
    axes: Tensor
    slides: Tensor


def motion(skel: SKEL, poses: Tensor, shape: SkelShape) -> Motion:
    """The pose and how it moves.

    Args:
        skel: Body.
        poses: (B, 46) angles.
        shape: Its shape, of one person or of each frame.
    """
    rotations = skel.rotations(poses, shape)
    world, joints = skel.chain(rotations, skel.offsets(poses, shape))
    axes = skel.rest_axes(shape).permute(2, 1, 0).expand(-1, -1, len(poses)).clone()  # (3, 46, B)
    each = skel.each_turn(poses, shape)
    for n in reversed(range(len(_JOINT))):
        for later in _LATER[n]:
            axes[:, n] = (each[:, :, later] * axes[None, :, n]).sum(1)
    above = world[:, :, _PARENT].clone()
    above[:, :, :3] = torch.eye(3, dtype=poses.dtype, device=poses.device)[..., None, None]  # of the root: the world
    turned, axes = axes, (above * axes[None]).sum(1)
    slides = torch.zeros_like(axes)
    for n, slope in _slopes(poses.T, shape).items():
        slides[:, n] = (above[:, :, n] * slope[None]).sum(1)
    return Motion(rotations, world, joints, *(one.permute(2, 1, 0) for one in (turned, axes, slides)))


def _slopes(poses: Tensor, shape: SkelShape) -> dict[int, Tensor]:
    """Angle -> (3, B) derivative of its joint's local translation, see :meth:`SKEL.offsets`; (46, B) angles."""
    found = {}
    for _, abduction, elevation, side in SCAPULAE:
        alpha, eps = side * poses[abduction], side * poses[elevation] - pi / 4
        quarter, half, none = shape.width / 4, shape.height / 2, torch.zeros_like(alpha)
        found[abduction] = torch.stack((quarter * eps.cos() * alpha.sin(), none, side * quarter * alpha.cos()))
        found[elevation] = torch.stack((quarter * eps.sin() * alpha.cos(), -side * half * eps.cos(), none))
    for place, (bending, extension) in enumerate(zip(BENDING, EXTENSION)):
        length, none = shape.spine[:, place], torch.zeros_like(poses[bending])
        (side, up), (forth, up_too) = _arc_slopes(poses[bending]), _arc_slopes(poses[extension])
        found[bending] = length * torch.stack((-side, up, none))
        found[extension] = length * torch.stack((none, up_too, -forth))
    return found


def _arc_slopes(angle: Tensor) -> tuple[Tensor, Tensor]:
    """Derivatives of (1 - cos a) / a and of sin a / a; a series near 0."""
    small, square = angle.abs() < 0.05, angle * angle
    safe = torch.where(small, torch.ones_like(angle), angle)
    across = torch.where(small, 0.5 - square / 8 * (1 - square / 18), (safe * safe.sin() - 1 + safe.cos()) / safe**2)
    along = torch.where(small, -angle / 3 * (1 - square / 10), (safe * safe.cos() - safe.sin()) / safe**2)
    return across, along


def joint_jacobian(found: Motion) -> Tensor:
    """(B, 46, 3, 24): how each joint moves with each angle."""
    joints = found.joints.permute(2, 0, 1)  # (B, 3, 24)
    arms = joints[:, None] - joints.permute(0, 2, 1)[:, _JOINT, :, None]
    below = BELOW.to(joints)[_JOINT][None, :, None]
    return (_cross(found.axes[..., None], arms) + found.slides[..., None]) * below


def skin_jacobian(found: Motion, weights: Tensor, rest: Tensor, points: Tensor) -> Tensor:
    """(B, 46, 3, V): how each vertex moves with each angle.

    Args:
        found: Motion.
        weights: (V, 24) skinning weights of the vertices.
        rest: (B, 24, 3) or (1, 24, 3) joints at rest.
        points: (B, 3, V) vertices at rest, with pose offsets.
    """
    shift = found.joints - (found.world * rest.permute(2, 1, 0)).sum(1)
    moves = found.world.permute(3, 2, 0, 1)  # (B, 24, 3, 3)
    each = moves @ points[:, None] + shift.permute(2, 1, 0)[..., None]  # (B, 24, 3, V): where each joint would put it
    each = each * weights.T[None, :, None]
    below = BELOW.to(points)
    summed = (below @ each.flatten(2)).unflatten(2, (3, -1))
    share = (below @ weights.T)[None, :, None]
    arms = summed - share * found.joints.permute(2, 1, 0)[..., None]
    return _cross(found.axes[..., None], arms[:, _JOINT]) + share[:, _JOINT] * found.slides[..., None]


def offsets_gradient(skel: SKEL, found: Motion, weights: Tensor, residual: Tensor,
                     vertices: Tensor | None = None) -> Tensor:
    """The gradient by the angles, (B, 46), that goes through the pose offsets.

    Args:
        skel: Body.
        found: Motion.
        weights: (V, 24) skinning weights of the vertices.
        residual: (B, 3, V) gradient by the posed vertices.
        vertices: Indices of the vertices in the body; default: all.
    """
    mixed = (found.world.permute(3, 0, 1, 2) @ weights.T)  # (B, 3, 3, V)
    at_rest = (mixed * residual[:, :, None]).sum(1)
    dirs = skel.posedirs.unflatten(1, (3, -1))
    dirs = dirs if vertices is None else dirs[..., vertices]
    of_rotation = (at_rest.flatten(1) @ dirs.flatten(1).T).unflatten(1, (-1, 3, 3))
    turned = found.rotations.index_select(2, skel.followed).permute(3, 2, 0, 1)
    torque = residual.new_zeros(len(residual), 24, 3)
    torque[:, skel.followed] = torch.linalg.cross(turned, of_rotation, dim=2).sum(3)
    return (found.turned * torque[:, _JOINT]).sum(2)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    """Cross product along the third axis of (B, n, 3, k)."""
    (ax, ay, az), (bx, by, bz) = a.unbind(2), b.unbind(2)
    return torch.stack((ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx), 2)
