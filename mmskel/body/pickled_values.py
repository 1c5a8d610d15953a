"""The numbers of chumpy's objects and SciPy's sparse matrices, without either library's own unpickling."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmskel.body.errors import BodyError
from mmskel.files.pickled_objects import PickledObject

_MOST = 5_000_000_000  # entries of a dense matrix: a made-up shape asks for more memory than there is


def value_of(arrays: Mapping[str, Any], key: str) -> np.ndarray:
    """The array of an entry, whatever form it has.

    Args:
        arrays: Key -> array, sparse matrix or stand-in of an object; ``key.row``, ``key.col``, ``key.data`` and
            ``key.shape`` together are one, too.
        key: Entry that is wanted.

    Raises:
        BodyError: If it is something else, or its parts do not fit together.
    """
    if key not in arrays:
        parts = [np.asarray(arrays[f'{key}.{part}']) for part in ('data', 'row', 'col', 'shape')]
        return _dense(*parts[:3], parts[3].tolist())
    value = arrays[key]
    if isinstance(value, PickledObject):
        return _array_of(value)
    return np.asarray(value.todense() if hasattr(value, 'todense') else value)


def _array_of(value: Any) -> np.ndarray:
    """Numbers of a stand-in: chumpy's Ch holds them, Select picks from another one, a sparse matrix lists them."""
    if isinstance(value, np.ndarray):
        return value
    if not isinstance(value, PickledObject):
        raise BodyError(f'it holds a {type(value).__name__}')
    state, kind = value.state, value.kind
    if kind.startswith('scipy.sparse.'):
        return _sparse(kind.rpartition('.')[2], state)
    if 'x' in state:
        return _array_of(state['x'])
    if kind.endswith('.Select') and {'a', 'idxs', 'preferred_shape'} <= set(state):
        flat, index = _array_of(state['a']).reshape(-1), np.asarray(state['idxs'])
        if index.dtype.kind not in 'iu' or index.size and not 0 <= index.min() <= index.max() < flat.size:
            raise BodyError(f'{kind} picks entries that do not exist')
        return flat[index.reshape(-1)].reshape(state['preferred_shape'])
    raise BodyError(f'it is a {kind} without numbers of its own')


def _sparse(kind: str, state: Mapping[str, Any]) -> np.ndarray:
    form, shape = kind[:3], state.get('_shape', state.get('shape'))
    if not isinstance(shape, (tuple, list)) or len(shape) != 2:
        raise BodyError(f'{kind} has the shape {shape!r:.80}')
    if form == 'coo':
        coords = state.get('coords') or (state.get('row'), state.get('col'))
        return _dense(_numbers(state, 'data'), *map(np.asarray, coords), shape)
    if form not in ('csc', 'csr'):
        raise BodyError(f'it is a sparse matrix of the kind {kind}; expected coo, csc or csr')
    starts, minor = _numbers(state, 'indptr'), _numbers(state, 'indices')
    counts = np.diff(starts)
    if len(starts) != shape[form == 'csc'] + 1 or (counts < 0).any() or counts.sum() != len(minor):
        raise BodyError(f'the index of {kind} does not fit its shape {tuple(shape)}')
    major = np.repeat(np.arange(len(counts)), counts)
    row, col = (minor, major) if form == 'csc' else (major, minor)
    return _dense(_numbers(state, 'data'), row, col, shape)


def _numbers(state: Mapping[str, Any], key: str) -> np.ndarray:
    if not isinstance(state.get(key), np.ndarray):
        raise BodyError(f"a sparse matrix without an array '{key}'")
    return state[key]


def _dense(data: np.ndarray, row: np.ndarray, col: np.ndarray, shape: Any) -> np.ndarray:
    rows, cols = (int(n) for n in shape)
    if not 0 <= rows * cols <= _MOST or not data.shape == row.shape == col.shape or data.ndim != 1:
        raise BodyError(f'a sparse matrix of shape {(rows, cols)} with {data.shape}, {row.shape}, {col.shape} entries')
    for index, size in ((row, rows), (col, cols)):
        if index.dtype.kind not in 'iu' or index.size and not 0 <= index.min() <= index.max() < size:
            raise BodyError('a sparse matrix with an index outside of its shape')
    dense = np.zeros((rows, cols), data.dtype)
    np.add.at(dense, (row, col), data)
    return dense
