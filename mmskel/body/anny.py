"""An open body with SKEL's joints and angles: the skin of Anny (optional extra ``mmskel[body]``).

R. Brégier, G. Fiche, L. Bravo-Sánchez, T. Lucas, M. Armando, P. Weinzaepfel, G. Rogez, F. Baradel, "Human Mesh Modeling
for Anny Body", arXiv 2511.03589; code github.com/naver/anny (Apache-2.0), data CC0, inside the package. Anny has a rig
of its own; here its rest skin, its skinning weights and its six traits of shape are brought into the format of a SKEL
file, so that whoever takes SKEL takes it. Only the kinematics are SKEL's: no part of its licensed files is used.
"""
from __future__ import annotations

from functools import cache

import numpy as np

from mmskel.body.errors import BodyError
from mmskel.body.model_files import SKELFile
from mmskel.body.tube import skel_file

ANNY = 'anny'
TRAITS = ('gender', 'age', 'muscle', 'weight', 'height', 'proportions')
"""The first six shape numbers: each unit is a step of 0.1 in one of Anny's traits, from their middle, 0.5."""
_STEP, _NEAR = 0.1, 60
# beginning of a bone's name -> anatomical joint (left, right) that moves its part of the skin
_MOVED_BY = (('upperleg', 6, 1), ('lowerleg', 7, 2), ('foot', 9, 4), ('toe', 10, 5), ('clavicle', 19, 14),
             ('shoulder', 19, 14), ('upperarm', 20, 15), ('lowerarm01', 21, 16), ('lowerarm02', 22, 17),
             ('wrist', 23, 18), ('finger', 23, 18), ('metacarpal', 23, 18), ('spine02', 12, 12), ('spine01', 12, 12),
             ('spine', 11, 11), ('neck', 13, 13), ('head', 13, 13), ('eye', 13, 13), ('root', 0, 0), ('pelvis', 0, 0))
# anatomical joint of the midline or the left half -> bone at whose head it lies
_AT = {0: 'root', 6: 'upperleg01', 7: 'lowerleg01', 8: 'foot', 10: 'toe3-1', 11: 'spine04', 12: 'spine02', 13: 'neck01',
       19: 'shoulder01', 20: 'upperarm01', 21: 'lowerarm01', 23: 'wrist'}
_RIGHT = {6: 1, 7: 2, 8: 3, 9: 4, 10: 5, 19: 14, 20: 15, 21: 16, 22: 17, 23: 18}
_HEEL, _RADIUS = (0., -.04, -.03), (.01, 0., 0.)  # of the ankle and of the elbow, metres


@cache
def anny_body() -> SKELFile:
    """The body. The first call of all makes Anny's own cache, which takes about a minute (``ANNY_CACHE_DIR``).

    Raises:
        BodyError: The package is not installed.
    """
    try:
        import anny
    except ImportError:
        raise BodyError("model 'anny' needs the package anny, an open body; install it with pip install "
                        "'mmskel[body]', or take 'tube'") from None
    import torch
    model = anny.Anny()
    labels = list(model.bone_labels)
    with torch.no_grad():
        rests = [model(phenotype_kwargs=_traits(None))] + [model(phenotype_kwargs=_traits(one)) for one in TRAITS]
    skins, heads = ([_upright(rest[key][0].numpy()) for rest in rests] for key in ('rest_vertices', 'rest_bone_heads'))
    weights = np.zeros((len(skins[0]), len(labels)))
    np.add.at(weights, (np.arange(len(weights))[:, None], model.vertex_bone_indices.numpy()),
              model.vertex_bone_weights.numpy())
    parents = np.asarray(model.bone_parents).tolist()
    posed = [_arms_sideways(skin, head, weights, labels, parents) for skin, head in zip(skins, heads)]
    (template, head), joints = posed[0], np.zeros((24, 3))
    for joint, bone in _AT.items():
        joints[joint] = head[labels.index(bone if bone in labels else f'{bone}.L')]
    joints[9], joints[22] = joints[8] + _HEEL, joints[21] + _RADIUS
    for left, right in _RIGHT.items():
        joints[right] = joints[left] * (-1, 1, 1)
    dirs = np.zeros((*template.shape, 10), np.float32)
    for place, (skin, _) in enumerate(posed[1:]):
        dirs[..., place] = skin - template
    anatomical = np.zeros((len(template), 24), np.float32)
    for place, bone in enumerate(labels):
        left, right = next(moved[1:] for moved in _MOVED_BY if bone.startswith(moved[0]))
        anatomical[:, right if bone.endswith('.R') else left] += weights[:, place]
    return skel_file(template.astype(np.float32), model.get_triangular_faces().numpy().astype(np.int64), anatomical,
                     _regressor(joints, template), dirs, np.zeros((len(template), 3, 207), np.float32), ANNY)


def _traits(changed: str | None) -> dict[str, float]:
    return {one: 0.5 + _STEP * (one == changed) for one in TRAITS}


def _upright(points: np.ndarray) -> np.ndarray:
    """Anny's axes, x to the left, z up, y backward, become SMPL's: x to the left, y up, z forward."""
    return np.stack((points[:, 0], points[:, 2], -points[:, 1]), 1).astype(float)


def _arms_sideways(skin: np.ndarray, heads: np.ndarray, weights: np.ndarray, labels: list[str],
                   parents: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Skin and heads of the bones in a T pose: Anny rests with the arms lowered."""
    turns, moved = np.tile(np.eye(3), (len(labels), 1, 1)), heads.copy()
    for side, out in (('L', 1.), ('R', -1.)):
        at = {bone: labels.index(f'{bone}.{side}') for bone in ('upperarm01', 'lowerarm01', 'wrist')}
        for bone, end in (('upperarm01', 'lowerarm01'), ('lowerarm01', 'wrist')):
            turns[at[bone]] = _turn(heads[at[end]] - heads[at[bone]], np.array([out, 0., 0.]))
    fixed = {labels.index(f'{bone}.{side}') for bone in ('upperarm01', 'lowerarm01') for side in 'LR'}
    for bone, parent in enumerate(parents):
        if parent < 0:
            continue
        if bone not in fixed:
            turns[bone] = turns[parent]
        moved[bone] = turns[parent] @ (heads[bone] - heads[parent]) + moved[parent]
    shift = moved - np.einsum('bij,bj->bi', turns, heads)
    mixed = np.einsum('vb,bij->vij', weights, turns)
    return np.einsum('vij,vj->vi', mixed, skin) + weights @ shift, moved


def _turn(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The smallest rotation of one direction onto another."""
    a, b = start / np.linalg.norm(start), end / np.linalg.norm(end)
    axis, cosine = np.cross(a, b), a @ b
    cross = np.array([(0, -axis[2], axis[1]), (axis[2], 0, -axis[0]), (-axis[1], axis[0], 0)])
    return np.eye(3) + cross + cross @ cross / (1 + cosine)


def _regressor(joints: np.ndarray, template: np.ndarray) -> np.ndarray:
    """(24, V): every joint as the smallest affine combination of the vertices around it."""
    regressor = np.zeros((24, len(template)), np.float32)
    for row, joint in zip(regressor, joints):
        near = np.argsort(np.linalg.norm(template - joint, axis=1), kind='stable')[:_NEAR]
        around = np.concatenate((template[near] - joint, np.ones((_NEAR, 1))), 1)
        row[near] = np.linalg.lstsq(around.T, np.array([0., 0., 0., 1.]), rcond=None)[0]
    return regressor
