"""SKEL fitted to the skin of SMPL: by a matrix (joints alone) or in the four published stages (joints and angles).

The stages, their masks and weights are the published ones (:mod:`mmskel.body.stages`); the optimiser is not. With the
published weights nothing couples the frames but a term of 1e-4, so every frame is a problem of 49 unknowns of its own,
with a Jacobian in closed form, and the start comes from SMPL's rotations instead of zeros. See docs/published/skel.md.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmskel.body.errors import BodyError
from mmskel.body.jacobian import joint_jacobian, motion, offsets_gradient, skin_jacobian
from mmskel.body.least_squares import Local, minimise
from mmskel.body.skel import NUM_ANGLES, SKEL
from mmskel.body.skel_shape import SkelShape
from mmskel.body.skinning import blend, shaped_by
from mmskel.body.smpl import check_parameters
from mmskel.body.stages import STAGES, Stage
from mmskel.body.start import angles_of_rotations, smpl_rotations
from mmskel.files.progress import progress_bar

_BLOCK = 60_000  # vertices of all frames in one step: their Jacobian takes some 30 MB
_FARTHEST = 1000.
_STEPS, _TOLERANCE = 40, 1e-6
_FAR = 0.05  # mean distance of the joints in metres from which on a frame is tried from another start


@dataclass(frozen=True)
class SkinFit:
    """A sequence of SKEL fitted to SMPL.

    Args:
        poses: (T, 46) angles in radians, unwrapped along time.
        trans: (T, 3) translations, metres.
        joints: (T, 24, 3) joints.
        vertex_error: (T,) mean distance of the vertices, metres.
        joint_error: (T,) mean distance of the joints from the anatomical joints of the target, metres.
    """
    poses: Tensor
    trans: Tensor
    joints: Tensor
    vertex_error: Tensor
    joint_error: Tensor


def anatomical_joints(skel: SKEL, smpl_vertices: Tensor) -> Tensor:
    """The 24 anatomical joints of posed SMPL vertices, (T, V, 3) -> (T, 24, 3), without any fitting; no angles.

    Raises:
        BodyError: If the skin has another number of vertices than the body's.
    """
    _check_target(skel, smpl_vertices)
    return skel.joint_regressor @ smpl_vertices


def fit_skin(skel: SKEL, smpl_weights: Tensor, target: Tensor, smpl_poses: Tensor, betas: Tensor, trans: Tensor,
             progress: bool = False) -> SkinFit:
    """Fits angles and translation of every frame to posed SMPL vertices.

    Args:
        skel: Body, of the same sex as SMPL's.
        smpl_weights: (V, 24) skinning weights of SMPL, which say which vertices count in a stage.
        target: (T, V, 3) posed SMPL vertices, metres.
        smpl_poses: (T, 72) SMPL axis-angle, for the start.
        betas: (1, 10) or (T, 10) shape, shared by SMPL and SKEL; kept.
        trans: (T, 3) SMPL translation, for the start.
        progress: Whether to show a progress bar.

    Raises:
        BodyError: If a shape is wrong, a number is not finite, or there is no frame.
    """
    _check_target(skel, target)
    check_parameters(smpl_poses, betas, trans, 72)
    if len(target) != len(smpl_poses) or smpl_weights.shape != (target.shape[1], 24):
        raise BodyError(f'{len(target)} frames of vertices, {len(smpl_poses)} of poses, weights '
                        f'{tuple(smpl_weights.shape)}; expected as many frames of both and ({target.shape[1]}, 24)')
    for name, values in (('target', target), ('smpl_poses', smpl_poses), ('betas', betas), ('trans', trans)):
        if not bool(values.isfinite().all()) or bool(values.abs().max() > _FARTHEST):
            raise BodyError(f'{name} holds NaN, infinity or a number beyond {_FARTHEST:.0f}; drop or interpolate such '
                            'frames first')
    size = max(1, _BLOCK // target.shape[1])
    starts = range(0, len(target), size)
    parts = []
    with torch.no_grad():
        for start in progress_bar(starts, 'fit', unit='block', wanted=progress):
            rows = slice(start, start + size)
            of_block = betas if len(betas) == 1 else betas[rows]
            parts.append(_fit_block(skel, smpl_weights, target[rows], smpl_poses[rows], of_block, trans[rows]))
    poses, moved, joints, skin_error, joint_error = (torch.cat(part) for part in zip(*parts))
    return SkinFit(torch.as_tensor(unwrapped(poses.cpu().numpy())).to(poses), moved, joints, skin_error, joint_error)


def _fit_block(skel: SKEL, smpl_weights: Tensor, target: Tensor, smpl_poses: Tensor, betas: Tensor,
               trans: Tensor) -> tuple[Tensor, ...]:
    shape = skel.shape(betas)
    shaped = shaped_by(skel.template, skel.shapedirs, betas)
    wanted = skel.joint_regressor @ target
    guess = angles_of_rotations(skel, smpl_rotations(smpl_poses), shape)
    trans = wanted[:, 0] - shape.joints[:, 0]
    upright = torch.zeros_like(guess)
    upright[:, :3] = guess[:, :3]

    def problem(stage: Stage, rows: Tensor) -> _SkinProblem:
        of_rows = shape if len(shape.joints) == 1 else SkelShape(*(one[rows] for one in shape))
        return _SkinProblem(skel, stage, smpl_weights, target[rows], wanted[rows], of_rows,
                            shaped if len(shaped) == 1 else shaped[rows])

    everyone = torch.arange(len(target), device=target.device)
    root, limbs, body, free = STAGES
    poses, trans, _ = problem(root, everyone).solve(upright, trans)  # only this stage moves the root
    turned = torch.cat((poses[:, :3], guess[:, 3:]), 1)
    for stage in (limbs, body):
        poses, _, loss = problem(stage, everyone).solve(poses, trans)
    # from 0 a wide kick may end in the wrong bend: those frames again, from SMPL's rotations
    joints = skel.joints(poses, shape, trans)
    if len(far := ((joints - wanted).norm(dim=-1).mean(1) > _FAR).nonzero()[:, 0]):
        start = turned[far]
        for stage in (limbs, body):
            start, _, again = problem(stage, far).solve(start, trans[far])
        poses[far] = torch.where((again < loss[far])[:, None], start, poses[far])
    poses, trans, _ = problem(free, everyone).solve(poses, trans)
    found = skel(poses, betas, trans)
    return (poses, trans, found.joints, (found.skin_verts - target).norm(dim=-1).mean(1),
            (found.joints - wanted).norm(dim=-1).mean(1))


class _SkinProblem:
    """One stage as a least-squares problem of each frame."""

    def __init__(self, skel: SKEL, stage: Stage, smpl_weights: Tensor, target: Tensor, wanted: Tensor,
                 shape: SkelShape, shaped: Tensor):
        self.skel, self.stage, self.shape = skel, stage, shape
        counted = torch.as_tensor(stage.vertex_mask(smpl_weights.cpu().numpy()), device=target.device)
        self.vertices = counted.nonzero()[:, 0]
        self.weights = skel.weights[self.vertices]
        self.shaped, self.target = shaped[:, self.vertices].mT, target[:, self.vertices].mT
        self.wanted = wanted.mT
        self.counted = torch.as_tensor(stage.joint_mask()).to(target)
        columns = [3 + angle for angle in stage.angles]
        self.free = torch.tensor([*range(3), *columns] if stage.moves_root else columns, device=target.device)

    def solve(self, poses: Tensor, trans: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Angles, translation and loss (B,) of the stage's minimum, from a start."""
        self.start = torch.cat((trans, poses), 1)
        found, loss = minimise(self.evaluate, self.start[:, self.free], _STEPS, _TOLERANCE)
        x = self.start.clone()
        x[:, self.free] = found
        return x[:, 3:], x[:, :3], loss

    def evaluate(self, free: Tensor, rows: Tensor) -> Local:
        """Loss, gradient and curvature by the unknowns that are free."""
        x = self.start[rows]
        x[:, self.free] = free
        trans, poses = x[:, :3, None], x[:, 3:]
        shape = self.shape if len(self.shape.joints) == 1 else SkelShape(*(one[rows] for one in self.shape))
        shaped = self.shaped if len(self.shaped) == 1 else self.shaped[rows]
        stage, count = self.stage, 3 + NUM_ANGLES
        found = motion(self.skel, poses, shape)
        offsets = self.skel.pose_offsets(found.rotations, self.vertices)
        skin = blend(self.weights, found.world, found.joints, shape.joints, shaped.mT, offsets).mT
        by_skin = stage.vertex_weight / len(self.vertices)
        residual = skin + trans - self.target[rows]
        loss = by_skin * residual.square().sum((1, 2)) + stage.pose_weight * poses.square().sum(1)
        jacobian = _with_trans(skin_jacobian(found, self.weights, shape.joints, shaped + offsets))
        gradient = 2 * by_skin * (jacobian @ residual.flatten(1)[..., None])[..., 0]
        curvature = 2 * by_skin * (jacobian @ jacobian.mT)
        gradient[:, 3:] += offsets_gradient(self.skel, found, self.weights, 2 * by_skin * residual, self.vertices)
        if stage.joint_weight:
            by_joint = stage.joint_weight / (24 * 3)
            residual = (found.joints.permute(2, 0, 1) + trans - self.wanted[rows]) * self.counted
            loss = loss + by_joint * residual.square().sum((1, 2))
            jacobian = _with_trans(joint_jacobian(found) * self.counted)
            gradient += 2 * by_joint * (jacobian @ residual.flatten(1)[..., None])[..., 0]
            curvature += 2 * by_joint * (jacobian @ jacobian.mT)
        if stage.pose_weight:  # keeps what nothing else holds, in place of the published norm over all frames
            gradient[:, 3:] += 2 * stage.pose_weight * poses
            curvature += 2 * stage.pose_weight * torch.eye(count, dtype=curvature.dtype, device=curvature.device)
        return Local(loss, gradient[:, self.free], curvature[:, self.free][:, :, self.free])


def _with_trans(jacobian: Tensor) -> Tensor:
    """(B, 46, 3, k) -> (B, 49, 3 k): before the angles the translation, which moves every point."""
    eye = torch.eye(3, dtype=jacobian.dtype, device=jacobian.device)
    return torch.cat((eye[None, :, :, None].expand(len(jacobian), -1, -1, jacobian.shape[3]), jacobian), 1).flatten(2)


def unwrapped(angles: np.ndarray) -> np.ndarray:
    """(T, 46) angles without jumps by full turns along time, as near to 0 as whole turns allow."""
    angles = np.unwrap(np.asarray(angles), axis=0)
    return angles - 2 * np.pi * np.round(np.median(angles, axis=0) / (2 * np.pi)) if len(angles) else angles


def _check_target(skel: SKEL, vertices: Tensor) -> None:
    expected = len(skel.template)
    if vertices.ndim != 3 or vertices.shape[1:] != (expected, 3) or not len(vertices):
        raise BodyError(f"vertices have shape {tuple(vertices.shape)}; expected (T, {expected}, 3) with at least one "
                        f"frame, the topology of '{skel.name}'")
