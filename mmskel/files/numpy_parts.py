"""NumPy arrays in PyTorch's restricted pickles, rebuilt from checked parts.

``torch.load(weights_only=True)`` reads no NumPy arrays by itself. Allowing NumPy's own reconstructors would let a file
set the internal state of a type or an array at will, and so read and write memory outside of it. The objects in
:data:`SAFE_GLOBALS` stand for them under NumPy's names: they take numbers, booleans and text in exactly as many bytes
as the shape says, and nothing else.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from math import prod
from pickle import UnpicklingError
from typing import Any

import numpy as np

_KINDS = re.compile(r'\?|[biuf][1248]|f2|[SU]\d{1,6}')


class CheckedDtype:
    """Stands in for a ``numpy.dtype`` while a file is read.

    Args:
        code: NumPy's code without byte order, e.g. ``'f4'``.
        align, copy: Ignored; they are part of NumPy's pickles.
    """

    def __init__(self, code: str, align: bool = False, copy: bool = True):
        if not isinstance(code, str) or not _KINDS.fullmatch(code):
            raise UnpicklingError(f'refused to load a NumPy type {code!r}; expected numbers, booleans or text')
        self.dtype = np.dtype(code)

    def __setstate__(self, state: Any) -> None:
        """Takes the byte order; fields, sub-arrays and flags are refused."""
        sizes = (-1, self.dtype.itemsize)
        if not isinstance(state, tuple) or len(state) != 8 or state[0] != 3 or state[1] not in ('<', '>', '|', '=') \
                or state[2:5] != (None, None, None) or state[5] not in sizes or state[7] != self.dtype.flags:
            raise UnpicklingError(f'refused to load a NumPy type with the state {state!r:.200}')
        if state[1] in '<>':
            self.dtype = self.dtype.newbyteorder(state[1])


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
        if isinstance(data, str) and not data:  # Python 2's empty bytes
            data = b''
        if not isinstance(kind, CheckedDtype) or not isinstance(data, bytes) or not isinstance(shape, tuple) \
                or not all(type(size) is int and 0 <= size < 2**62 for size in shape) or len(shape) > 32 \
                or prod(shape) * kind.dtype.itemsize != len(data):
            size = len(data) if isinstance(data, bytes) else type(data).__name__
            raise UnpicklingError(f'refused to load a NumPy array of shape {shape!r:.200} made of {size} bytes')
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


def _scalar(kind: Any, data: Any = None) -> np.generic:
    if not isinstance(kind, CheckedDtype) or not isinstance(data, bytes) or len(data) != kind.dtype.itemsize \
            or not data:
        raise UnpicklingError('refused to load a NumPy number with an unexpected state')
    return np.frombuffer(data, kind.dtype)[0]


def _no_bytes() -> bytes:
    return b''


def _dtype(code: Any, align: Any = False, copy: Any = True) -> CheckedDtype:
    return CheckedDtype(code)


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
    CheckedDtype, CheckedArray, named(_dtype, 'numpy.dtype'), named(_no_bytes, 'builtins.bytes'),
    # known by two names, for files written with NumPy 1 and 2
    *(named(function, f'numpy.{core}.multiarray.{name}') for core in ('core', '_core')
      for function, name in ((_reconstruct, '_reconstruct'), (_scalar, 'scalar'))))
"""For ``torch.serialization.add_safe_globals``."""
