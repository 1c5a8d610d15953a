"""The files of body models: SMPL (version 1) and SKEL (version 1.1.1), ``.npz`` or ``.pkl``.

The models are licensed for non-commercial research: users bring their own files, from https://smpl.is.tue.mpg.de and
https://skel.is.tue.mpg.de. A pickle is read without running anything in it; the chumpy objects and sparse matrices
inside are stand-ins whose numbers are taken out (docs/body.md, "Model files").
"""
from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from mmskel.body.errors import BodyError
from mmskel.body.pickled_values import value_of
from mmskel.files.arrays import load_npz
from mmskel.files.atomic import atomic_path
from mmskel.files.pickled_objects import object_names
from mmskel.files.restricted_pickle import read_pickle

NUM_BETAS = 10
"""Shape numbers that are used; SMPL's files hold up to 300."""
_SKEL_VERSION = '1.1.1'
_SMPL_KEYS = ('v_template', 'f', 'shapedirs', 'posedirs', 'J_regressor', 'weights', 'kintree_table')
_SKEL_KEYS = ('skin_template_v', 'skin_template_f', 'shapedirs', 'posedirs', 'J_regressor_osim', 'per_joint_rot',
              'skin_weights', 'apose_rel_transfo', 'osim_kintree_table')
_BONE_KEYS = ('skel_template_v', 'skel_template_f', 'skel_weights', 'skel_weights_rigid')
# what a file has instead -> what it is and what to use
_OTHERS = {55: 'SMPL-X; the parameters of its body are not those of SMPL: convert the sequences with the authors\' '
               'transfer_model, or download SMPL or SMPL+H versions',
           52: 'SMPL+H, whose hands are not modelled here; use an SMPL file: it takes the same shape and body pose',
           16: 'MANO, a hand; use an SMPL file'}


@dataclass(frozen=True)
class SMPLFile:
    """The content of an SMPL file. V vertices, 24 joints, F triangles.

    Args:
        template: (V, 3) skin at rest, metres; x to the body's left, y up, z forward.
        faces: (F, 3) triangles.
        shapedirs: (V, 3, 10) offsets per unit of a shape number.
        posedirs: (V, 3, 207) offsets per entry of R_j - 1, joints 1 to 23, row by row.
        joint_regressor: (24, V) joints of the skin at rest.
        weights: (V, 24) skinning weights.
        parents: (24,) parent of each joint, -1 of the root.
        name: File it came from, for messages.
    """
    template: np.ndarray
    faces: np.ndarray
    shapedirs: np.ndarray
    posedirs: np.ndarray
    joint_regressor: np.ndarray
    weights: np.ndarray
    parents: tuple[int, ...]
    name: str = 'SMPL'


@dataclass(frozen=True)
class SKELFile:
    """The content of a SKEL file. V vertices of the skin, K of the bones, 24 joints.

    Args:
        template, faces, shapedirs, posedirs: Skin, as in :class:`SMPLFile`.
        joint_regressor: (24, V) anatomical joints of the skin.
        weights: (V, 24) skinning weights of the anatomical joints.
        bone_frames: (24, 3, 3) rotation from the frame of a bone (x forward, y up, z to the right) to SMPL's.
        a_pose: (24, 4, 4) transformation of each bone relative to its parent in the A pose.
        parents: (24,) parent of each joint, -1 of the root.
        bone_template, bone_faces: (K, 3), (F, 3) bones, each in its own frame; None if the file has none.
        bone_weights: (K, 24) skinning weights of the bones; None if the file has none.
        bone_owner: (K,) bone of each vertex; None if the file has none.
        name: File it came from, for messages.
    """
    template: np.ndarray
    faces: np.ndarray
    shapedirs: np.ndarray
    posedirs: np.ndarray
    joint_regressor: np.ndarray
    weights: np.ndarray
    bone_frames: np.ndarray
    a_pose: np.ndarray
    parents: tuple[int, ...]
    bone_template: np.ndarray | None = None
    bone_faces: np.ndarray | None = None
    bone_weights: np.ndarray | None = None
    bone_owner: np.ndarray | None = None
    name: str = 'SKEL'


def load_body(path: str | Path) -> SMPLFile | SKELFile:
    """Reads an SMPL or SKEL file; nothing in it is run, and chumpy is not needed.

    Args:
        path: ``.pkl`` as the authors publish it, or ``.npz`` with the same arrays (a sparse matrix X as ``X.row``,
            ``X.col``, ``X.data``, ``X.shape``, or dense).

    Raises:
        BodyError: No such file, another model, another version, missing or misshapen arrays; names the file.
        UnsafePickleError, UnreadablePickleError, ArrayFileError: A file that is damaged or holds anything else.

    Example:
        >>> body = load_body('skel_male.pkl')  # doctest: +SKIP
        >>> SKEL(body).joints(angles, betas, trans)  # doctest: +SKIP
    """
    path = Path(path)
    if not path.is_file():
        raise BodyError(f"there is no body model '{path}'; download SMPL or SKEL from its authors, or use "
                        "body='tube', the made-up body of the tests")
    if path.suffix.lower() == '.npz':
        return body_from_arrays(load_npz(path), str(path))
    return body_from_arrays(_content(path.read_bytes(), str(path)), str(path))


def smpl_from_pickle(data: bytes, name: str) -> dict[str, np.ndarray]:
    """The arrays of an SMPL file by the keys of the file, from its bytes.

    Raises:
        BodyError, UnsafePickleError, UnreadablePickleError: See :func:`load_body`.
    """
    content = _content(data, name)
    _need(content, _SMPL_KEYS, name, 'SMPL')
    try:
        return {key: value_of(content, key) for key in _SMPL_KEYS}
    except (ValueError, TypeError, LookupError) as error:
        raise BodyError(f"'{name}' holds something other than arrays: {error}") from None


def _content(data: bytes, name: str) -> dict[str, Any]:
    content = read_pickle(io.BytesIO(data), name, len(data), 'an SMPL or SKEL model', object_names(_known_class))
    if not isinstance(content, dict):
        raise BodyError(f"'{name}' holds a {type(content).__name__}; expected an SMPL or SKEL model, a dictionary")
    return content


def _known_class(name: str) -> bool:
    return name.startswith('chumpy.') or name.startswith('scipy.sparse.') and name.endswith(('_matrix', '_array'))


def body_from_arrays(arrays: Mapping[str, Any], name: str = 'these arrays') -> SMPLFile | SKELFile:
    """A body from the entries of its file.

    Args:
        arrays: Key of the published file -> array, sparse matrix or stand-in; further entries are ignored. The parts
            of a sparse matrix X may stand under ``X.row``, ``X.col``, ``X.data`` and ``X.shape``.
        name: Origin, for messages.

    Raises:
        BodyError: See :func:`load_body`.
    """
    if 'skin_template_v' in arrays or 'per_joint_rot' in arrays:
        return _skel(arrays, name)
    if 'v_template' in arrays:
        return _smpl(arrays, name)
    listed = ', '.join(sorted(map(str, arrays))[:8]) or 'nothing'
    hint = ': a sequence of poses; it is an input of a body, not a body' if 'poses' in arrays else ''
    raise BodyError(f"'{name}' is neither an SMPL model (v_template, ...) nor a SKEL model (skin_template_v, ...); it "
                    f'holds {listed}{hint}')


def _smpl(arrays: Mapping[str, Any], name: str) -> SMPLFile:
    _need(arrays, _SMPL_KEYS, name, 'SMPL')
    tree = _tree(arrays['kintree_table'], name)
    template = _array(arrays, 'v_template', (None, 3), name)
    verts = len(template)
    return SMPLFile(
        template, _faces(arrays, 'f', verts, name), _shapedirs(arrays, verts, name),
        _array(arrays, 'posedirs', (verts, 3, 207), name), _array(arrays, 'J_regressor', (24, verts), name),
        _array(arrays, 'weights', (verts, 24), name), tree, name)


def _skel(arrays: Mapping[str, Any], name: str) -> SKELFile:
    version = str(np.asarray(arrays.get('version', '')))
    if version != _SKEL_VERSION:
        raise BodyError(f"'{name}' is a SKEL model of version {version or 'unknown'}; expected {_SKEL_VERSION}: "
                        'download the current files')
    _need(arrays, _SKEL_KEYS, name, 'SKEL')
    template = _array(arrays, 'skin_template_v', (None, 3), name)
    verts, bones = len(template), {}
    if all(_has(arrays, key) for key in _BONE_KEYS):
        points = _array(arrays, 'skel_template_v', (None, 3), name)
        bones = dict(bone_template=points, bone_faces=_faces(arrays, 'skel_template_f', len(points), name),
                     bone_weights=_array(arrays, 'skel_weights', (len(points), 24), name),
                     bone_owner=_array(arrays, 'skel_weights_rigid', (len(points), 24), name).argmax(1))
    frames = _rotations(_array(arrays, 'per_joint_rot', (24, 3, 3), name), 'per_joint_rot', name)
    a_pose = _array(arrays, 'apose_rel_transfo', (24, 4, 4), name)
    _rotations(a_pose[:, :3, :3], 'apose_rel_transfo', name)
    return SKELFile(
        template, _faces(arrays, 'skin_template_f', verts, name), _shapedirs(arrays, verts, name),
        _array(arrays, 'posedirs', (verts, 3, 207), name), _array(arrays, 'J_regressor_osim', (24, verts), name),
        _array(arrays, 'skin_weights', (verts, 24), name), frames, a_pose, _tree(arrays['osim_kintree_table'], name),
        name=name, **bones)


def _has(arrays: Mapping[str, Any], key: str) -> bool:
    return key in arrays or f'{key}.data' in arrays


def _need(arrays: Mapping[str, Any], keys: Sequence[str], name: str, model: str) -> None:
    if missing := [key for key in keys if not _has(arrays, key)]:
        raise BodyError(f"'{name}' is not a whole {model} model: it has no {', '.join(missing)}")


def _array(arrays: Mapping[str, Any], key: str, shape: tuple[int | None, ...], name: str) -> np.ndarray:
    """Finite float32 numbers of a shape; None: any length."""
    try:
        values = np.ascontiguousarray(value_of(arrays, key), np.float32)
    except (ValueError, TypeError, LookupError) as error:
        raise BodyError(f"'{name}': {key} is not an array of numbers: {error}") from None
    if len(values.shape) != len(shape) or any(n not in (None, m) for n, m in zip(shape, values.shape)):
        wanted = ', '.join('any' if n is None else str(n) for n in shape)
        raise BodyError(f"'{name}': {key} has shape {values.shape}; expected ({wanted})")
    if not np.isfinite(values).all():
        raise BodyError(f"'{name}': {key} holds NaN or infinity; the file is damaged")
    return values


def _shapedirs(arrays: Mapping[str, Any], verts: int, name: str) -> np.ndarray:
    values = _array(arrays, 'shapedirs', (verts, 3, None), name)
    if values.shape[2] < NUM_BETAS:
        raise BodyError(f"'{name}': shapedirs has {values.shape[2]} shape directions; expected at least {NUM_BETAS}")
    return np.ascontiguousarray(values[..., :NUM_BETAS])


def _faces(arrays: Mapping[str, Any], key: str, verts: int, name: str) -> np.ndarray:
    faces = _array(arrays, key, (None, 3), name).astype(np.int64)
    if faces.size and not 0 <= faces.min() <= faces.max() < verts:
        raise BodyError(f"'{name}': {key} names vertex {faces.max()}; there are {verts}")
    return faces


def _tree(table: Any, name: str) -> tuple[int, ...]:
    table = np.asarray(table)
    if table.ndim != 2 or table.shape[0] != 2 or table.dtype.kind not in 'iuf':
        raise BodyError(f"'{name}': the tree of the joints has shape {table.shape}; expected (2, 24)")
    if table.shape[1] != 24:
        other = _OTHERS.get(table.shape[1])
        raise BodyError(f"'{name}' has {table.shape[1]} joints; expected 24" + (f'. It is {other}' if other else ''))
    parents = tuple(int(p) if 0 <= p < 24 else -1 for p in table[0].tolist())
    if parents[0] != -1 or any(not 0 <= p < j for j, p in enumerate(parents) if j):
        raise BodyError(f"'{name}': the joints do not form a tree whose parents come first: {parents}")
    return parents


def _rotations(values: np.ndarray, key: str, name: str) -> np.ndarray:
    off = np.abs(values @ values.transpose(0, 2, 1) - np.eye(3)).max()
    if off > 1e-3 or np.linalg.det(values).min() < 0:
        raise BodyError(f"'{name}': {key} holds matrices that are not rotations (off by {off:.3g})")
    return values


def save_body(path: str | Path, body: SMPLFile | SKELFile) -> None:
    """Writes a body as ``.npz``, with the keys of the published file; :func:`load_body` reads it.

    Raises:
        OutputError: If the path cannot be written.
    """
    with atomic_path(path) as temporary, temporary.open('wb') as file:
        np.savez_compressed(file, **body_arrays(body))


def body_arrays(body: SMPLFile | SKELFile) -> dict[str, np.ndarray]:
    """The arrays of a body under the keys of the published file, matrices dense."""
    tree = np.array([body.parents, range(24)])
    shared = dict(shapedirs=body.shapedirs, posedirs=body.posedirs)
    if isinstance(body, SMPLFile):
        return dict(shared, v_template=body.template, f=body.faces, J_regressor=body.joint_regressor,
                    weights=body.weights, kintree_table=tree)
    arrays = dict(shared, version=np.array(_SKEL_VERSION), skin_template_v=body.template, skin_template_f=body.faces,
                  J_regressor_osim=body.joint_regressor, per_joint_rot=body.bone_frames, skin_weights=body.weights,
                  apose_rel_transfo=body.a_pose, osim_kintree_table=tree)
    if body.bone_template is not None:
        arrays.update(skel_template_v=body.bone_template, skel_template_f=body.bone_faces,
                      skel_weights=body.bone_weights, skel_weights_rigid=np.eye(24, dtype=np.float32)[body.bone_owner])
    return arrays


def facts(body: SMPLFile | SKELFile) -> str:
    """A body in one line, for summaries."""
    present = [one.name for one in fields(body) if one.name == 'bone_template' and body.bone_template is not None]
    return (f'{type(body).__name__.removesuffix("File")} with {len(body.template)} vertices'
            + (f', {len(body.bone_template)} of bones' if present else ''))
