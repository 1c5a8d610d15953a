"""NumPy arrays in PyTorch's restricted pickles, rebuilt from checked parts.

``torch.load(weights_only=True)`` reads no NumPy arrays by itself. Allowing NumPy's own reconstructors would let a file
set the internal state of a type or an array at will, and so read and write memory outside of it. The objects in
:data:`SAFE_GLOBALS` stand for them under NumPy's names: they take numbers, booleans and text in exactly as many bytes
as the shape says, and nothing else.
"""
from __future__ import annotations

from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

import numpy as np

from mmskel.files.pickled_parts import ArrayType, checked_bytes, scalar


class CheckedArray(np.ndarray):
    """Stands in for a ``numpy.ndarray`` while a file is read; when pickled or copied it is a plain array."""

    def __new__(cls, *state):
        """Refused: arrays of a file are made by ``_reconstruct``."""
        raise UnpicklingError('refused to make a NumPy array in a way that NumPy does not save one')

    def __setstate__(self, state: Any) -> None:
        """Takes shape, type, order and exactly as many bytes as they need."""
        if not isinstance(state, tuple) or len(state) != 5:
            raise UnpicklingError('refused to load a NumPy array with an unexpected state')
        _, shape, kind, fortran, data = state
        data = checked_bytes(data, kind, shape)
        super().__setstate__((1, shape, kind.dtype, bool(fortran), data))

    def __reduce_ex__(self, protocol):
        """As a plain array."""
        return self.view(np.ndarray).__reduce_ex__(protocol)

    def __deepcopy__(self, memo: dict) -> np.ndarray:
        """As a plain array."""
        return self.view(np.ndarray).copy()


def _reconstruct(kind: type, shape: Any, code: Any) -> CheckedArray:
    if kind is not CheckedArray:
        raise UnpicklingError(f'refused to load {kind!r} as a NumPy array')
    return np.ndarray.__new__(CheckedArray, (0, ), 'b')


def _no_bytes() -> bytes:
    return b''


def named(function: Callable, path: str) -> Callable:
    """A function under the dotted name that a pickle calls it by: all versions of PyTorch read the name from it."""
    def stand_in(*arguments):
        return function(*arguments)
    stand_in.__module__, _, stand_in.__name__ = path.rpartition('.')
    stand_in.__qualname__ = stand_in.__name__
    return stand_in


def plain(value: Any) -> Any:
    """The same containers with plain arrays in place of :class:`CheckedArray`; containers change in place."""
    if isinstance(value, CheckedArray):
        return value.view(np.ndarray)
    if isinstance(value, dict):
        for key, item in value.items():
            value[key] = plain(item)
    elif isinstance(value, list):
        value[:] = map(plain, value)
    elif type(value) is tuple:
        return tuple(map(plain, value))
    return value


CheckedArray.__module__, CheckedArray.__qualname__ = 'numpy', 'ndarray'
SAFE_GLOBALS = (
    ArrayType, CheckedArray, named(ArrayType, 'numpy.dtype'), named(_no_bytes, 'builtins.bytes'),
    # known by two names, for files written with NumPy 1 and 2
    *(named(function, f'numpy.{core}.multiarray.{name}') for core in ('core', '_core')
      for function, name in ((_reconstruct, '_reconstruct'), (scalar, 'scalar'))))
"""For ``torch.serialization.add_safe_globals``."""
