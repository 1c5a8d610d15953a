"""The published SKEL and SMPL behind their inputs and outputs: forward, bones, gradients, alignment.

Bodies have no checkpoints: the "state" is a model file's content. See docs/published/skel.md.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmskel.body.align import anatomical_joints, fit_skin
from mmskel.body.model_files import SKELFile, SMPLFile, body_from_arrays, smpl_from_pickle
from mmskel.body.skel import SKEL
from mmskel.body.smpl import SMPL, SMPL_PARENTS
from mmskel.body.stages import STAGES, first_angles, held, stage_terms
from mmskel.interop.system import ConversionError, System

_LENGTH = 7  # frames of the sequence that the published terms are divided by
_KNOWN = ('gender', 'pose_dep_bs', 'poses_type', 'skelmesh', 'model', 'num_betas')


class PublishedBody(nn.Module):
    """A body behind the published inputs; gradients are those by the inputs."""

    def __init__(self):
        super().__init__()
        self._gradients: dict[str, Callable[[], Tensor]] = {}

    def published_parameters(self) -> int:
        """None: a body learns nothing."""
        return 0

    def published_gradients(self) -> dict[str, Tensor]:
        """Gradients of the losses of the last call by its inputs: ``poses``, ``betas``, ``trans``, ``stage0_poses``."""
        return {name: gradient() for name, gradient in self._gradients.items()}

    def _remember(self, loss: Tensor, inputs: Mapping[str, Tensor]) -> None:
        found = torch.autograd.grad(loss, list(inputs.values()), retain_graph=True, allow_unused=True)
        for (name, value), gradient in zip(inputs.items(), found):
            gradient = torch.zeros_like(value) if gradient is None else gradient
            self._gradients[name] = gradient.clone


class PublishedSMPL(PublishedBody):
    """SMPL's forward pass and the reader of its files."""

    def __init__(self, body: SMPLFile):
        super().__init__()
        self.body = SMPL(body)

    def forward(self, poses: Tensor, betas: Tensor, trans: Tensor, pickled: Tensor | None = None) -> dict[str, Tensor]:
        """Everything about posed bodies, and the content of a model file.

        Args:
            poses: (B, 72).
            betas: (B, 10).
            trans: (B, 3).
            pickled: Bytes of a model file of SMPL 1.x; read without chumpy.

        Returns:
            The outputs of :class:`~mmskel.body.SMPLOutput`, named ``out_...``; ``out_grad_loss`` of frames from the
            third on, without translation; ``out_chumpy_...``, the arrays of the file.
        """
        outputs = {f'out_{key}': value for key, value in self.body(poses, betas, trans)._asdict().items()}
        with torch.enable_grad():
            leaves = {name: value[2:].detach().clone().requires_grad_()
                      for name, value in (('poses', poses), ('betas', betas))}
            found = self.body(leaves['poses'], leaves['betas'])
            loss = (found.joints - 0.1).square().sum() + found.vertices.square().mean()
            self._remember(loss, leaves)
        outputs['out_grad_loss'] = loss
        if pickled is not None:
            arrays = smpl_from_pickle(pickled.cpu().numpy().tobytes(), 'the pickle')
            outputs.update({f'out_chumpy_{key}': torch.from_numpy(value) for key, value in arrays.items()})
        return outputs


class PublishedSKEL(PublishedBody):
    """SKEL's forward pass, with the bones if asked for."""

    def __init__(self, body: SKELFile, bones: bool):
        super().__init__()
        self.body, self.bones = SKEL(body, published_gradient=True), bones

    def forward(self, poses: Tensor, betas: Tensor, trans: Tensor, dJ: Tensor | None = None,
                vertex_ids: Tensor | None = None) -> dict[str, Tensor]:
        """Everything about posed bodies.

        Args:
            poses: (B, 46).
            betas: (B, 10).
            trans: (B, 3).
            dJ: (B, 24, 3) offsets of the joints, for the outputs ``out_dJ_...``.
            vertex_ids: Vertices of the skin to return; default: all.

        Returns:
            The outputs of :class:`~mmskel.body.SKELOutput`, named ``out_...``; ``out_shared_...`` with the second
            frame's betas for all; ``out_dJ_...``; ``out_grad_loss`` of frames 1 to 3.
        """
        ids = slice(None) if vertex_ids is None else vertex_ids.long()

        def named(prefix: str, betas: Tensor, offsets: Tensor | None = None) -> dict[str, Tensor]:
            found = self.body(poses, betas, trans, offsets, bones=self.bones)._asdict()
            return {f'out_{prefix}{key}': value[:, ids] if key in ('skin_verts', 'v_shaped', 'pose_offsets') else value
                    for key, value in found.items() if value is not None}

        outputs = dict(named('', betas), out_local_rot=self.body.local_rotations(poses))
        outputs.update(named('shared_', betas[1:2].expand(len(poses), -1)) if len(betas) > 1 else {})
        outputs.update(named('dJ_', betas, dJ) if dJ is not None else {})
        with torch.enable_grad():
            leaves = {name: value[1:4].detach().clone().requires_grad_()
                      for name, value in (('poses', poses), ('betas', betas), ('trans', trans))}
            found = self.body(leaves['poses'], leaves['betas'], leaves['trans'])
            loss = (found.joints - 0.1).square().sum() + found.skin_verts[:, ids].square().mean()
            self._remember(loss, leaves)
        outputs['out_grad_loss'] = loss
        return outputs


class PublishedAlignment(PublishedBody):
    """The published alignment of SKEL to SMPL: terms and masks of the stages, and a whole fit (ours)."""

    def __init__(self, body: SKELFile, smpl: SMPLFile):
        super().__init__()
        self.body, self.smpl = SKEL(body, published_gradient=True), SMPL(smpl)

    def forward(self, smpl_poses: Tensor, smpl_betas: Tensor, smpl_trans: Tensor, smpl_vertices: Tensor, poses: Tensor,
                poses_init: Tensor) -> dict[str, Tensor]:
        """Stages at a given point, and the fit.

        Args:
            smpl_poses, smpl_betas, smpl_trans: (T, 72), (1, 10), (T, 3) parameters of SMPL. The published fit writes
                its own translation into SMPL's, so the one of the stages is taken from the vertices.
            smpl_vertices: (T, V, 3) its posed skin.
            poses, poses_init: (T, 46) a point, and the start of the stage.

        Returns:
            ``out_anatomical_joints``, ``out_init_poses``; of stage k ``out_stage<k>_`` ``loss``, ``terms``,
            ``pose_mask``, ``verts_mask``, ``joint_mask``; of the fit ``out_fit_`` ``poses``, ``trans``, ``joints``,
            ``mean_vertex_error``, ``joint_error``.
        """
        wanted = anatomical_joints(self.body, smpl_vertices)
        with torch.no_grad():
            trans = (smpl_vertices - self.smpl(smpl_poses, smpl_betas).vertices).mean(1)
        outputs = dict(out_anatomical_joints=wanted, out_init_poses=first_angles(smpl_poses))
        for number, stage in enumerate(STAGES):
            name, weights = f'stage{number}', self.smpl.weights.numpy()
            vertices = torch.from_numpy(stage.vertex_mask(weights))
            with torch.enable_grad():
                leaves = {f'{name}_{key}': value.detach().clone().requires_grad_()
                          for key, value in (('poses', poses), ('trans', trans))}
                angles = held(stage, leaves[f'{name}_poses'], poses_init)
                found = self.body(angles, smpl_betas, leaves[f'{name}_trans'])
                terms = stage_terms(stage, found.skin_verts, found.joints, angles, smpl_vertices, wanted, vertices,
                                    _LENGTH)
                loss = sum(terms)
                self._remember(loss, leaves)
            outputs.update({f'out_{name}_loss': loss, f'out_{name}_terms': torch.stack(terms),
                            f'out_{name}_pose_mask': torch.from_numpy(stage.angle_mask()),
                            f'out_{name}_verts_mask': vertices,
                            f'out_{name}_joint_mask': torch.from_numpy(stage.joint_mask())})
        fit = fit_skin(self.body, self.smpl.weights, smpl_vertices, smpl_poses, smpl_betas, trans)
        outputs.update(out_fit_poses=fit.poses, out_fit_trans=fit.trans, out_fit_joints=fit.joints,
                       out_fit_mean_vertex_error=fit.vertex_error.mean(), out_fit_joint_error=fit.joint_error.mean())
        return outputs


def _part(arguments: Mapping[str, Any], state: Mapping[str, Any]) -> nn.Module:
    if unknown := sorted(set(arguments) - set(_KNOWN)):
        raise ConversionError(f'bodies: unknown arguments {", ".join(unknown)}; known: {", ".join(_KNOWN)}')
    if arguments.get('poses_type', 'skel') != 'skel' or not arguments.get('pose_dep_bs', True):
        raise ConversionError("only poses_type='skel' with pose_dep_bs=True exists: the published code computes wrong "
                              'angles for another type and fails without the offsets')
    arrays = {key.removeprefix('model_'): value for key, value in state.items()
              if not key.startswith(('in_', 'out_', 'grad_', 'buf_'))}
    arrays = {key: value.numpy() if isinstance(value, Tensor) else value for key, value in arrays.items()}
    weights = arrays.pop('smpl_lbs_weights', None)
    body = body_from_arrays(arrays, 'the state')
    if isinstance(body, SMPLFile):
        return PublishedSMPL(body)
    if weights is not None:
        keys = dict(v_template='skin_template_v', f='skin_template_f', shapedirs='shapedirs', posedirs='posedirs')
        smpl = {key: arrays[theirs] for key, theirs in keys.items()}
        smpl.update({key: value for key, value in arrays.items() if key.partition('.')[0] == 'J_regressor'})
        smpl.update(weights=weights, kintree_table=np.array([SMPL_PARENTS, range(24)]))
        return PublishedAlignment(body, body_from_arrays(smpl, 'the state'))
    return PublishedSKEL(body, bool(arguments.get('skelmesh')))


def _no_checkpoint(*given: Any) -> Any:
    raise ConversionError('a body model is no checkpoint and needs no conversion; commands and mmskel.body.load_body '
                          'read the official file')


def _no_load(path: Path, read: Callable[[Path], dict[str, Tensor]]) -> dict[str, Tensor]:
    return _no_checkpoint(path)


SKEL_SYSTEM = System('skel', _no_checkpoint, _no_checkpoint, _no_checkpoint, _no_checkpoint, part=_part, load=_no_load)
SMPL_SYSTEM = System('smpl', _no_checkpoint, _no_checkpoint, _no_checkpoint, _no_checkpoint, part=_part, load=_no_load)
