"""A body of tubes that everybody may use: in the format of SMPL or SKEL, made from a table of joints, 414 vertices.

No part of it comes from a licensed model. The skeleton has a person's proportions (1.7 m), the shape numbers scale its
height, legs, arms and width; the offsets of the pose are small bulges. For tests, demonstrations, and for SKEL's
kinematics without its skin: joint angles of a fit to points (docs/body.md, "The tube body").
"""
from __future__ import annotations

import numpy as np

from mmskel.body.errors import BodyError
from mmskel.body.model_files import SKELFile, SMPLFile
from mmskel.body.skel_joints import PARENTS as SKEL_PARENTS
from mmskel.body.smpl import SMPL_PARENTS as _PARENTS

_RINGS, _SIDES, _NEAREST = 3, 6, 8
# left half and midline of SMPL's joints at rest (T pose), metres: x to the left, y up, z forward
_MIDDLE = {0: (0., -.22, .02), 3: (0., -.11, 0.), 6: (0., .02, .01), 9: (0., .08, .03), 12: (0., .29, -.02),
           15: (0., .37, .03)}
_LEFT = {1: (.08, -.32, 0.), 4: (.11, -.70, 0.), 7: (.10, -1.10, -.04), 10: (.11, -1.16, .08), 13: (.08, .21, 0.),
         16: (.18, .22, -.02), 18: (.44, .21, -.04), 20: (.69, .21, -.04), 22: (.77, .20, -.05)}
_PAIRS = {1: 2, 4: 5, 7: 8, 10: 11, 13: 14, 16: 17, 18: 19, 20: 21, 22: 23}
_RADII = {**dict.fromkeys((1, 2, 3), .10), **dict.fromkeys((6, 9), .12), **dict.fromkeys((4, 5), .07),
          **dict.fromkeys((7, 8), .05), **dict.fromkeys((13, 14), .08), 12: .06, 15: .08}
# the same for SKEL's anatomical joints
_SKEL_MIDDLE = {0: (0., -.22, .02), 11: (0., -.09, 0.), 12: (0., .06, -.01), 13: (0., .31, -.02)}
_SKEL_LEFT = {6: (.08, -.32, 0.), 7: (.11, -.70, 0.), 8: (.10, -1.10, -.04), 9: (.105, -1.14, -.06),
              10: (.11, -1.16, .06), 19: (.15, .24, -.03), 20: (.18, .22, -.02), 21: (.44, .21, -.04),
              22: (.45, .20, -.035), 23: (.69, .21, -.04)}
_SKEL_PAIRS = {6: 1, 7: 2, 8: 3, 9: 4, 10: 5, 19: 14, 20: 15, 21: 16, 22: 17, 23: 18}
# SMPL joint -> anatomical joint that moves its part of the skin
_MOVED_BY = (0, 6, 1, 11, 7, 2, 12, 8, 3, 12, 10, 5, 13, 19, 14, 13, 20, 15, 21, 16, 23, 18, 23, 18)


def tube_body(kind: str = 'smpl', seed: int = 0) -> SMPLFile | SKELFile:
    """The body of tubes.

    Args:
        kind: ``'smpl'`` or ``'skel'``.
        seed: Seed of the pose offsets and of the smaller shape offsets; both kinds with the same seed have the same
            skin at rest.

    Raises:
        BodyError: If the kind is unknown.
    """
    if kind not in ('smpl', 'skel'):
        raise BodyError(f"there is no tube body '{kind}'; known: smpl, skel")
    rng = np.random.default_rng(seed)
    rest = _mirrored(_MIDDLE, _LEFT, _PAIRS)
    template, faces, weights = _tubes(rest)
    shapedirs = _shapes(template, rng)
    posedirs = (rng.standard_normal((len(template), 3, 207)) * 5e-4).astype(np.float32)
    regressor = _regressor(rest, template)
    if kind == 'smpl':
        return SMPLFile(template, faces, shapedirs, posedirs, regressor, weights, _PARENTS, 'tube')
    joints = _mirrored(_SKEL_MIDDLE, _SKEL_LEFT, _SKEL_PAIRS)
    regressor = _regressor(joints, template)
    anatomical = np.zeros_like(weights)
    for smpl, skel in enumerate(_MOVED_BY):
        anatomical[:, skel] += weights[:, smpl]
    return skel_file(template, faces, anatomical, regressor, shapedirs, posedirs, 'tube')


def skel_file(template: np.ndarray, faces: np.ndarray, weights: np.ndarray, regressor: np.ndarray,
              shapedirs: np.ndarray, posedirs: np.ndarray, name: str) -> SKELFile:
    """A skin in a T pose as the content of a SKEL file: SKEL's tree and axes, and bones as long as this skin's.

    Args:
        template, faces, weights, regressor, shapedirs, posedirs: See :class:`~mmskel.body.model_files.SKELFile`.
        name: Name of the body.
    """
    frames = _bone_frames()
    at_rest = regressor @ template
    a_pose = np.tile(np.eye(4, dtype=np.float32), (24, 1, 1))
    for joint, parent in enumerate(SKEL_PARENTS):
        a_pose[joint, :3, 3] = at_rest[joint] if parent < 0 else frames[parent].T @ (at_rest[joint] - at_rest[parent])
    return SKELFile(template, faces, shapedirs, posedirs, regressor, weights, frames, a_pose, SKEL_PARENTS, name=name)


def _mirrored(middle: dict, left: dict, pairs: dict) -> np.ndarray:
    """(24, 3) joints from the midline and the left half."""
    joints = np.zeros((24, 3), np.float32)
    for joint, place in {**middle, **left}.items():
        joints[joint] = place
    for one, other in pairs.items():
        joints[other] = joints[one] * (-1, 1, 1)
    return joints


def _tubes(rest: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, triangles and weights: rings of points around every bone, moved by its parent joint, which hands over
    to the child at the far end."""
    vertices, faces, weights = [], [], []
    for joint in range(1, 24):
        start, stop = rest[_PARENTS[joint]], rest[joint]
        along = (stop - start) / np.linalg.norm(stop - start)
        across = np.cross(along, (0., 0., 1.)) * (-1 if joint in _PAIRS.values() else 1)  # mirrored, too
        across /= np.linalg.norm(across)
        first = len(vertices)
        for ring in range(_RINGS):
            for side in range(_SIDES):
                turn = 2 * np.pi * side / _SIDES
                round_ = np.cos(turn) * across + np.sin(turn) * np.cross(along, across)
                share = ring / (_RINGS - 1)
                vertices.append(start + share * (stop - start) + _RADII.get(joint, .04) * round_)
                row = np.zeros(24)
                row[joint] = max(0., share - 0.5)
                row[_PARENTS[joint]] = 1 - row[joint]
                weights.append(row)
        for ring in range(_RINGS - 1):
            for side in range(_SIDES):
                a, b = first + ring * _SIDES + side, first + ring * _SIDES + (side + 1) % _SIDES
                faces += [(a, b, a + _SIDES), (b, b + _SIDES, a + _SIDES)]
        last = first + (_RINGS - 1) * _SIDES
        faces += [(first, first + k + 1, first + k) for k in range(1, _SIDES - 1)]
        faces += [(last, last + k, last + k + 1) for k in range(1, _SIDES - 1)]
    return np.array(vertices, np.float32), np.array(faces), np.array(weights, np.float32)


def _shapes(template: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(V, 3, 10): height, legs, arms, width, depth, and five small random ones, per unit of a shape number."""
    x, y, z = template.T
    dirs = np.zeros((*template.shape, 10), np.float32)
    dirs[..., 0] = 0.04 * template
    dirs[:, 1, 1] = 0.05 * np.minimum(y + 0.32, 0)
    dirs[:, 0, 2] = 0.05 * np.sign(x) * np.maximum(np.abs(x) - 0.18, 0)
    dirs[:, 0, 3] = 0.06 * x * (np.abs(x) < 0.3)
    dirs[:, 2, 4] = 0.08 * z
    dirs[..., 5:] = rng.standard_normal((*template.shape, 5)) * 2e-3
    return dirs


def _regressor(joints: np.ndarray, template: np.ndarray) -> np.ndarray:
    """(24, V): every joint is the mean of the nearest vertices, as many on each side of it as possible."""
    regressor = np.zeros((24, len(template)), np.float32)
    mirrored = np.linalg.norm(template[:, None] * (-1, 1, 1) - template[None], axis=2).argmin(1)
    for row, joint in zip(regressor, joints):
        if joint[0] >= 0:
            row[np.argsort(np.linalg.norm(template - joint, axis=1), kind='stable')[:_NEAREST]] = 1 / _NEAREST
    for row, joint in zip(regressor, joints):  # the body is symmetric, to the last bit of a tie
        other = regressor[np.linalg.norm(joints - joint * (-1, 1, 1), axis=1).argmin()][mirrored]
        row[:] = (row + other) / 2 if joint[0] == 0 else row if joint[0] > 0 else other
    return regressor


def _bone_frames() -> np.ndarray:
    """(24, 3, 3) from a bone's frame (x forward, y up along it, z to the right) to SMPL's; arms point sideways."""
    upright = np.array([(0, 0, -1), (0, 1, 0), (1, 0, 0)], np.float32)
    frames = np.tile(upright, (24, 1, 1))
    frames[15:19] = np.array([(0, 1, 0), (0, 0, 1), (1, 0, 0)], np.float32)  # right: up the arm is to the left
    frames[20:24] = np.array([(0, -1, 0), (0, 0, -1), (1, 0, 0)], np.float32)
    return frames
