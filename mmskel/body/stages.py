"""The four stages of the published alignment of SKEL to SMPL: what moves, what counts, how much.

Table and loss of github.com/MarilynKeller/SKEL (docs/published/skel.md, "Alignment").
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmskel.body.skel_joints import ANGLES

_ALL = tuple(range(24))


@dataclass(frozen=True)
class Stage:
    """One stage.

    Args:
        name: Description in a few words.
        angles: Angles that move; the others keep their values.
        moves_root: Whether the translation moves, too.
        parts: SMPL joints whose vertices count: those with more than half of their weight on one of them.
        inverted: Whether the vertices of all other joints count instead.
        joints: Anatomical joints that count.
        vertex_weight, joint_weight, pose_weight: Weights of the three terms.
    """
    name: str
    angles: tuple[int, ...]
    moves_root: bool
    parts: tuple[int, ...]
    inverted: bool
    joints: tuple[int, ...]
    vertex_weight: float
    joint_weight: float
    pose_weight: float

    def angle_mask(self) -> np.ndarray:
        """(46,) bool: the angles that move."""
        return np.isin(np.arange(len(ANGLES)), self.angles)

    def vertex_mask(self, smpl_weights: np.ndarray) -> np.ndarray:
        """(V,) bool: the vertices that count, from SMPL's skinning weights (V, 24)."""
        near = (np.asarray(smpl_weights)[:, list(self.parts)] > 0.5).any(1)
        return ~near if self.inverted else near

    def joint_mask(self) -> np.ndarray:
        """(24,) bool: the joints that count."""
        return np.isin(np.arange(24), self.joints)


STAGES = (
    Stage('root', (0, 1, 2), True, (0, 3), False, _ALL, 300., 0., 0.),
    Stage('upper limbs', tuple(i for i in range(3, 46) if i != 19), False, (0, 1, 2, 3, 6, 9, 12, 15, 16, 17), False,
          tuple(j for j in _ALL if j not in (3, 4, 5, 8, 9, 10, 18, 23)), 600., 500., 1e-4),
    Stage('body', tuple(range(3, 46)), False, (1, 2, 16, 17), True, _ALL, 600., 1000., 1e-4),
    Stage('free', tuple(range(46)), False, (), True, (14, 19), 600., 1000., 1e-4),
)
"""The published stages in their order. Despite its name the last one does not move the translation."""


def first_angles(smpl_poses: Tensor) -> Tensor:
    """(T, 72) SMPL axis-angle -> (T, 46): the published start, the root's axis-angle with a negated first number."""
    start = smpl_poses.new_zeros(len(smpl_poses), len(ANGLES))
    start[:, :3] = smpl_poses[:, :3] * smpl_poses.new_tensor((-1., 1., 1.))
    return start


def stage_terms(stage: Stage, skin: Tensor, joints: Tensor, angles: Tensor, target: Tensor, target_joints: Tensor,
                vertices: Tensor, length: int | None = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The published loss of a stage, term by term; their sum is minimised.

    Args:
        stage: Stage.
        skin: (B, V, 3) skin of SKEL.
        joints: (B, 24, 3) its joints.
        angles: (B, 46).
        target: (B, V, 3) posed vertices of SMPL.
        target_joints: (B, 24, 3) anatomical joints of the target.
        vertices: (V,) bool, see :meth:`Stage.vertex_mask`.
        length: Number of frames of the whole sequence, by which the published code divides; default: B.

    Returns:
        Vertices, joints, smoothness over time (published with weight 0), pose.
    """
    skin_error = (skin - target)[:, vertices].square().sum() / (int(vertices.sum()) * (length or len(skin)))
    counted = torch.as_tensor(stage.joint_mask(), device=joints.device)
    joint_error = ((joints - target_joints) * counted[:, None]).square().mean()
    pose = stage.pose_weight * torch.linalg.matrix_norm(angles[:, 3:], 2) if stage.pose_weight else skin_error * 0
    return stage.vertex_weight * skin_error, stage.joint_weight * joint_error, skin_error * 0, pose


def held(stage: Stage, angles: Tensor, start: Tensor) -> Tensor:
    """The angles with those that do not move in the stage at their values at its start, (B, 46) each."""
    return torch.where(torch.as_tensor(stage.angle_mask(), device=angles.device), angles, start)
