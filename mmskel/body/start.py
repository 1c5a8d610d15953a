"""Closed-form starts of a fit: the angles of given rotations, and SMPL's rotations as those of SKEL's joints."""
from __future__ import annotations

import torch
from torch import Tensor

from mmskel.body.rotations import rotation_matrices
from mmskel.body.skel import SKEL
from mmskel.body.skel_joints import ANGLE_JOINT
from mmskel.body.skel_shape import SkelShape

_SWEEPS = 12
# anatomical joint -> SMPL joints whose rotations, in this order from the parent, it makes together
_ROTATIONS_OF = {0: (0, ), 1: (2, ), 2: (5, ), 3: (8, ), 6: (1, ), 7: (4, ), 8: (7, ), 11: (3, ), 12: (6, 9),
                 13: (12, 15), 14: (14, ), 15: (17, ), 16: (19, ), 18: (21, ), 19: (13, ), 20: (16, ), 21: (18, ),
                 23: (20, )}
_ANGLES_OF = [[n for n, joint in enumerate(ANGLE_JOINT) if joint == j] for j in range(24)]


def angles_of_rotations(skel: SKEL, rotations: Tensor, shape: SkelShape) -> Tensor:
    """The angles whose joint rotations come closest to given ones.

    The root's, about perpendicular axes, in closed form; for the others, each angle in turn is set to the exact optimum
    given the others of its joint. A joint with fewer angles than a rotation takes the part that it can make.

    Args:
        skel: Body.
        rotations: (B, 24, 3, 3) local rotations in SMPL's frame at rest.
        shape: Shape, of one person or of each frame.

    Returns:
        (B, 46).
    """
    K, a_rot = shape.orientation, skel.a_pose[:, :3, :3]
    own = a_rot @ K.mT @ rotations @ K @ a_rot.mT  # L, in the frame of the bone
    angles = rotations.new_zeros(len(rotations), len(ANGLE_JOINT))
    for joint, columns in enumerate(_ANGLES_OF):
        L = own[:, joint]
        if joint == 0:
            angles[:, 0] = torch.atan2(L[:, 1, 0], L[:, 1, 1])
            angles[:, 1] = -torch.asin(L[:, 1, 2].clamp(-1, 1))
            angles[:, 2] = torch.atan2(L[:, 0, 2], L[:, 2, 2])
            continue
        for _ in range(_SWEEPS if len(columns) > 1 else 1):
            for place, column in enumerate(columns):
                turns = [rotation_matrices(angles[:, c, None] * skel.axes[c]) for c in columns]
                # L = later Rot(axis, q) earlier: what Rot(axis, q) should be
                wanted = L
                for turn in turns[:place]:
                    wanted = wanted @ turn.mT
                for turn in reversed(turns[place + 1:]):
                    wanted = turn.mT @ wanted
                angles[:, column] = _angle_about(wanted, skel.axes[column])
    return angles


def _angle_about(rotations: Tensor, axis: Tensor) -> Tensor:
    """(B, 3, 3) -> (B,): the angle about an axis whose rotation is closest."""
    axis = axis / axis.norm()
    skew = torch.stack((rotations[:, 2, 1] - rotations[:, 1, 2], rotations[:, 0, 2] - rotations[:, 2, 0],
                        rotations[:, 1, 0] - rotations[:, 0, 1]), 1)
    along = (axis @ rotations @ axis)
    return torch.atan2(skew @ axis, rotations.diagonal(dim1=1, dim2=2).sum(1) - along)


def smpl_rotations(smpl_poses: Tensor) -> Tensor:
    """(B, 72) SMPL axis-angle -> (B, 24, 3, 3) rotations of the anatomical joints that correspond; 1 elsewhere."""
    turns = rotation_matrices(smpl_poses.unflatten(1, (24, 3)))
    found = torch.eye(3, dtype=turns.dtype, device=turns.device).repeat(len(turns), 24, 1, 1)
    for joint, parts in _ROTATIONS_OF.items():
        for part in parts:
            found[:, joint] = found[:, joint] @ turns[:, part]
    return found
