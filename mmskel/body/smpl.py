"""SMPL: a skinned body of 24 ball joints and 10 shape numbers.

M. Loper, N. Mahmood, J. Romero, G. Pons-Moll, M. J. Black, "SMPL: A Skinned Multi-Person Linear Model", ACM
Transactions on Graphics 34(6), 2015. Written from the formulas of the paper; the licensed model file is the user's own.
"""
from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from mmskel.body.errors import BodyError
from mmskel.body.model_files import NUM_BETAS, SMPLFile
from mmskel.body.rotations import Chain, components_first, rotation_matrices
from mmskel.body.skinning import blend, pose_directions, shaped_by

SMPL_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)
"""Parent of each of SMPL's joints, -1 of the pelvis."""


class SMPLOutput(NamedTuple):
    """Everything :meth:`SMPL.forward` computes.

    Args:
        vertices: (B, V, 3) posed skin.
        joints: (B, 24, 3) posed joints.
        joints_rest: (B, 24, 3) joints at rest.
        v_shaped: (B, V, 3) skin at rest.
        v_posed: (B, V, 3) skin at rest with pose offsets.
        rotations: (B, 24, 3, 3) local rotations.
    """
    vertices: Tensor
    joints: Tensor
    joints_rest: Tensor
    v_shaped: Tensor
    v_posed: Tensor
    rotations: Tensor


class SMPL(nn.Module):
    """A body of one SMPL file.

    Args:
        body: Content of the file, see :func:`~mmskel.body.load_body`.

    Example:
        >>> import torch
        >>> from mmskel.body import SMPL, tube_body
        >>> body = SMPL(tube_body('smpl'))
        >>> body.joints(torch.zeros(5, 72), torch.zeros(5, 10)).shape
        torch.Size([5, 24, 3])
    """

    def __init__(self, body: SMPLFile):
        super().__init__()
        self.name, self.parents, self._chain = body.name, body.parents, Chain(body.parents)
        for key in ('template', 'faces', 'joint_regressor', 'weights'):
            self.register_buffer(key, torch.as_tensor(getattr(body, key)), persistent=False)
        self.register_buffer('shapedirs', torch.as_tensor(body.shapedirs), persistent=False)
        self.register_buffer('posedirs', pose_directions(body.posedirs), persistent=False)
        self.register_buffer('joint_template', self.joint_regressor @ self.template, persistent=False)
        self.register_buffer('joint_dirs', torch.einsum('jv,vck->jck', self.joint_regressor, self.shapedirs),
                             persistent=False)

    def joints(self, poses: Tensor, betas: Tensor, trans: Tensor | None = None) -> Tensor:
        """The posed joints without the skin.

        Args:
            poses: (B, 72) axis-angle, radians.
            betas: (B, 10) or (1, 10).
            trans: (B, 3) translation, metres; default: none.

        Returns:
            (B, 24, 3).

        Raises:
            BodyError: If a shape is wrong.
        """
        check_parameters(poses, betas, trans, 72)
        rest = shaped_by(self.joint_template, self.joint_dirs, betas)
        _, joints = self._chain(components_first(self._rotations(poses)), self._offsets(rest, len(poses)))
        joints = joints.permute(2, 1, 0)
        return joints if trans is None else joints + trans[:, None]

    def forward(self, poses: Tensor, betas: Tensor, trans: Tensor | None = None) -> SMPLOutput:
        """Skin and joints; arguments as for :meth:`joints`."""
        check_parameters(poses, betas, trans, 72)
        shaped = shaped_by(self.template, self.shapedirs, betas)
        rest = shaped_by(self.joint_template, self.joint_dirs, betas)
        rotations = self._rotations(poses)
        turned = rotations[:, 1:] - torch.eye(3, dtype=poses.dtype, device=poses.device)
        offsets = (turned.flatten(1) @ self.posedirs).unflatten(1, (3, -1))
        world, joints = self._chain(components_first(rotations), self._offsets(rest, len(poses)))
        vertices = blend(self.weights, world, joints, rest, shaped, offsets)
        joints = joints.permute(2, 1, 0)
        if trans is not None:
            vertices, joints = vertices + trans[:, None], joints + trans[:, None]
        grow = (len(poses), -1, -1)
        return SMPLOutput(vertices, joints, rest.expand(grow), shaped.expand(grow), shaped + offsets.mT,
                          rotations)

    def _rotations(self, poses: Tensor) -> Tensor:
        return rotation_matrices(poses.unflatten(1, (24, 3)))

    def _offsets(self, rest: Tensor, batch: int) -> Tensor:
        offsets = torch.cat((rest[:, :1], rest[:, 1:] - rest[:, list(self.parents[1:])]), 1)
        return offsets.permute(2, 1, 0).expand(-1, -1, batch)


def check_parameters(poses: Tensor, betas: Tensor, trans: Tensor | None, num_angles: int) -> None:
    """Raises for parameters of the wrong shape.

    Raises:
        BodyError: If ``poses`` is not (B, num_angles), ``betas`` not (B, 10) or (1, 10), or ``trans`` not (B, 3).
    """
    if poses.ndim != 2 or poses.shape[1] != num_angles:
        hint = ''
        if poses.ndim == 2 and {46, 72} == {poses.shape[1], num_angles}:
            hint = '; 46 angles are those of SKEL, 72 those of SMPL'
        raise BodyError(f'poses has shape {tuple(poses.shape)}; expected (B, {num_angles}), radians{hint}')
    batch = len(poses)
    if betas.ndim != 2 or betas.shape[0] not in (1, batch) or betas.shape[1] != NUM_BETAS:
        raise BodyError(f'betas has shape {tuple(betas.shape)}; expected ({batch}, {NUM_BETAS}) or (1, {NUM_BETAS})')
    if trans is not None and trans.shape != (batch, 3):
        raise BodyError(f'trans has shape {tuple(trans.shape)}; expected ({batch}, 3), metres')
