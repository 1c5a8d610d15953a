"""The skin and the bones of a fitted body, whose bones have the lengths of a person."""
from __future__ import annotations

import numpy as np
import torch

from mmskel.body.errors import BodyError
from mmskel.body.fit_points import person_shape
from mmskel.body.skel import SKEL
from mmskel.body.skel_bones import bone_scale, posed_bones
from mmskel.body.skinning import blend


def posed_meshes(skel: SKEL, poses: np.ndarray, joints: np.ndarray,
                 fitted: np.ndarray | None = None) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The surfaces of a fitted person.

    The skin follows the fitted joints bone by bone, without offsets of shape or pose: it shows the fit, and is no
    measurement of the person.

    Args:
        skel: Body that was fitted.
        poses: (T, 46) angles in radians.
        joints: (T, 24, 3) fitted joints.
        fitted: (T,) bool, frames that were fitted; default: all.

    Returns:
        ``'skin'`` and, if the file has them, ``'bones'`` -> (T, P, 3) points, NaN in frames that were not fitted, and
        (F, 3) triangles.

    Raises:
        BodyError: Arrays of another shape, or no fitted frame.
    """
    fitted = np.ones(len(poses), bool) if fitted is None else np.asarray(fitted, bool)
    if poses.shape != (len(fitted), 46) or joints.shape != (len(fitted), 24, 3) or not fitted.any():
        raise BodyError(f'poses and joints have shapes {poses.shape} and {joints.shape}; expected (T, 46) and '
                        '(T, 24, 3), with at least one fitted frame')
    shape, _ = person_shape(skel, joints[fitted], np.ones((fitted.sum(), 24), bool), np.eye(24, dtype=np.float32))
    found = {}
    with torch.no_grad():
        angles = torch.from_numpy(poses[fitted]).to(skel.template)
        world, at = skel.chain(skel.rotations(angles, shape), skel.offsets(angles, shape))
        moved = torch.from_numpy(joints[fitted]).to(skel.template).permute(2, 1, 0)
        shift = (moved - at).mean(1, keepdim=True)  # the translation
        rest = skel.shape(torch.zeros(1, 10).to(skel.template)).joints
        skin = blend(skel.weights, world, at + shift, rest, skel.template[None])
        found['skin'] = skin.numpy(), skel.faces.numpy()
        if skel.has_bones and len(skel.template) == 6890:
            scale = bone_scale(shape.offsets, skel.a_pose[:, :3, 3], skel.template[None], skel.template)
            bones = posed_bones(skel.bone_template, skel.bone_weights, skel.bone_owner, scale, shape, world, at + shift)
            found['bones'] = bones.numpy(), skel.bone_faces.numpy()
    return {name: (_with_gaps(points, fitted), faces) for name, (points, faces) in found.items()}


def _with_gaps(points: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    whole = np.full((len(fitted), *points.shape[1:]), np.nan, np.float32)
    whole[fitted] = points
    return whole
