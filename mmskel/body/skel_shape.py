"""What of a SKEL body depends on its shape alone: rest joints, bone orientations, lengths (docs/published/skel.md)."""
from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mmskel.body.rotations import rotation_between
from mmskel.body.skel_joints import CHILDREN, ENDS, PARENTS

_TURNED = [j for j in range(24) if j not in ENDS]
_ULNAE = (16, 21)
_THORAX, _LUMBAR = 12, 11
# (joint, parent) of the bending spine
SPINE = ((11, 0), (12, 11), (13, 12))


class SkelShape(NamedTuple):
    """The constants of one shape, or of a batch of shapes; B is 1 if all frames share it.

    Args:
        joints: (B, 24, 3) joints at rest.
        offsets: (B, 24, 3) of each joint from its parent; of the root: its position.
        orientation: (B, 24, 3, 3) rotation K from the frame of each bone to SMPL's, at rest.
        width: (B,) distance between the shoulder blades.
        height: (B,) distance between lumbar joint and thorax.
        spine: (B, 3) vertical lengths of the bending joints.
    """
    joints: Tensor
    offsets: Tensor
    orientation: Tensor
    width: Tensor
    height: Tensor
    spine: Tensor


def bone_vectors(offsets: Tensor, a_pose: Tensor) -> tuple[Tensor, Tensor]:
    """The vector along each bone, at rest and in the A pose.

    Args:
        offsets: (B, 24, 3) rest offsets of the joints from their parents.
        a_pose: (24, 3) the same in the A pose, in the parent's own frame.

    Returns:
        (B, 24, 3) and (24, 3); an ulna's reaches to the wrist, the thorax has the lumbar bone's at rest.
    """
    children = list(CHILDREN)
    target, source = offsets[:, children].clone(), a_pose[children].clone()
    for ulna in _ULNAE:
        target[:, ulna] = target[:, ulna] + target[:, ulna + 1]
        source[ulna] = source[ulna] + source[ulna + 1]
    target[:, _THORAX] = offsets[:, _THORAX]
    return target, source


def skel_shape(joints: Tensor, frames: Tensor, a_pose: Tensor) -> SkelShape:
    """The constants of a shape.

    Args:
        joints: (B, 24, 3) joints at rest.
        frames: (24, 3, 3) learned rotation P of each bone.
        a_pose: (24, 4, 4) transformation of each bone relative to its parent in the A pose.
    """
    offsets = torch.cat((joints[:, :1], joints[:, 1:] - joints[:, list(PARENTS[1:])]), 1)
    target, source = bone_vectors(offsets, a_pose[:, :3, 3])
    source = (frames @ source[..., None])[..., 0]
    # only where it is used: the ends have no bone, and the direction of a zero vector has no derivative
    turned = rotation_between(source[_TURNED], target[:, _TURNED])
    turn = torch.eye(3, dtype=joints.dtype, device=joints.device).repeat(len(joints), 24, 1, 1)
    turn[:, _TURNED] = turned
    spine = torch.stack([(joints[:, j, 1] - joints[:, p, 1]).abs() for j, p in SPINE], 1)
    return SkelShape(joints, offsets, turn @ frames, (joints[:, 19] - joints[:, 14]).norm(dim=-1),
                     (joints[:, _THORAX] - joints[:, _LUMBAR]).norm(dim=-1), spine)
