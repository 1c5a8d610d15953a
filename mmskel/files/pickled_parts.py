"""The names that a pickle of data may call: NumPy's arrays, types and scalars, and plain containers, rebuilt from
parts.

Every part is checked here; none of it reaches NumPy's own ``__setstate__``, which trusts a crafted state.
"""
from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from mmskel.files.errors import UserError

_KINDS = 'biufSU'
_SCALAR_NAMES = {'float16', 'float32', 'float64', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32',
                 'uint64', 'bool_', 'str_'}


class UnsafePickleError(UserError, pickle.UnpicklingError):
    """A pickle asks for something that is neither an array nor a plain container."""


class ArrayType:
    """A NumPy dtype that is being read; ``__setstate__`` of the real one trusts whatever it is told."""

    def __init__(self, text: Any, *flags: Any):
        text = text.decode('ascii') if isinstance(text, bytes) else text
        dtype = np.dtype(text) if isinstance(text, str) and len(text) <= 12 else None
        if dtype is None or dtype.kind not in _KINDS or dtype.fields or dtype.subdtype:
            raise UnsafePickleError(f'the pickle holds an array of type {text!r}; nothing was run. Only arrays of '
                                    'numbers, booleans and strings are read; save ragged data as lists')
        self.dtype = dtype

    def __setstate__(self, state: Any) -> None:
        """Takes the byte order of a state (version, order, subtype, names, fields, size, alignment, flags)."""
        if not isinstance(state, tuple) or len(state) < 7:
            raise UnsafePickleError(f'the pickle describes the type {self.dtype} by {state!r:.80}; nothing was run')
        order = state[1].decode('ascii') if isinstance(state[1], bytes) else state[1]
        size, flags = state[5], state[7] if len(state) > 7 else 0
        if order not in ('<', '>', '|', '=') or any(part is not None for part in state[2:5]) or flags not in (0, 8) \
                or size not in (-1, self.dtype.itemsize):
            raise UnsafePickleError(f'the pickle describes the type {self.dtype} by {state!r:.80}, which does not fit '
                                    'it; nothing was run')
        if order in '<>':
            self.dtype = self.dtype.newbyteorder(order)


class PendingArray:
    """An array whose state has not been read yet, and the place where the pickle remembers it."""

    def __init__(self):
        self.keys: list[int] = []


def array_of(data: Any, kind: Any, shape: Any, order: str) -> np.ndarray:
    """An array from its parts, which must agree; see :func:`checked_bytes`."""
    data = checked_bytes(data, kind, shape)
    flat = np.frombuffer(bytearray(data), kind.dtype) if len(data) else np.zeros(0, kind.dtype)
    return flat.reshape(shape, order=order)


def checked_bytes(data: Any, kind: Any, shape: Any) -> bytes:
    """The bytes of an array: exactly as many as its shape needs, and numbers, truth values or text that there are."""
    data = data.encode('latin-1') if isinstance(data, str) else data  # Python 2 wrote strings
    if not isinstance(kind, ArrayType) or not isinstance(data, (bytes, bytearray)) or not isinstance(shape, tuple) \
            or not all(type(n) is int and 0 <= n < 2**62 for n in shape) or len(shape) > 32:
        raise UnsafePickleError('the pickle holds an array whose type, shape or bytes are not what NumPy writes; '
                                'nothing was run')
    dtype, count = kind.dtype, prod(shape)
    if count * dtype.itemsize != len(data) or (count and not dtype.itemsize):
        raise UnsafePickleError(f'the pickle holds an array of shape {shape} and type {dtype} in {len(data)} bytes, '
                                f'which need {count * dtype.itemsize}; nothing was run')
    if dtype.kind == 'b' and data.translate(None, b'\0\1'):
        raise UnsafePickleError('the pickle holds booleans other than 0 and 1; nothing was run')
    if dtype.kind == 'U' and count and np.frombuffer(data, dtype.byteorder + 'u4').max() > 0x10ffff:
        raise UnsafePickleError('the pickle holds text beyond the last character there is; nothing was run')
    return bytes(data)


def _from_buffer(data: Any, kind: Any, shape: Any, order: Any) -> np.ndarray:
    return array_of(data, kind, shape, 'F' if order == 'F' else 'C')


def scalar(kind: Any, data: Any) -> np.generic:
    """A single number or text."""
    return array_of(data, kind, (), 'C')[()]


def _number(name: str) -> Callable[[Any], np.generic]:
    def build(value: Any) -> np.generic:
        if type(value) not in (bool, int, float, str):
            raise UnsafePickleError(f'the pickle makes a numpy.{name} of a {type(value).__name__}; nothing was run')
        return getattr(np, name)(value)
    return build


def _reconstruct(kind: Any, shape: Any, letter: Any) -> PendingArray:
    if kind is not PendingArray:
        raise UnsafePickleError('the pickle reconstructs an array of another class; nothing was run')
    return PendingArray()


def _encode(text: str, codec: str = 'latin1') -> bytes:
    if codec not in ('latin1', 'latin-1'):
        raise UnsafePickleError(f"the pickle encodes by '{codec}'; nothing was run")
    return text.encode('latin-1')


def _bytes(*given: Any) -> bytes:
    if given and type(given[0]) not in (bytes, list, tuple):
        raise UnsafePickleError(f'the pickle makes bytes of a {type(given[0]).__name__}; nothing was run')
    return bytes(*given)


BUILDERS: dict[tuple[str, str], Any] = {
    ('collections', 'OrderedDict'): lambda *pairs: dictionary(OrderedDict(), *pairs),
    ('numpy', 'dtype'): ArrayType, ('numpy', 'ndarray'): PendingArray, ('_codecs', 'encode'): _encode,
    **{('numpy', name): _number(name) for name in _SCALAR_NAMES},
    **{(f'numpy.{core}.multiarray', '_reconstruct'): _reconstruct for core in ('core', '_core')},
    **{(f'numpy.{core}.multiarray', 'scalar'): scalar for core in ('core', '_core')},
    **{(f'numpy.{core}.numeric', '_frombuffer'): _from_buffer for core in ('core', '_core')},
    **{(module, 'bytes'): _bytes for module in ('builtins', '__builtin__')},
    **{(module, kind.__name__): lambda items=(), kind=kind: kind(hashable(item) for item in items)
       for module in ('builtins', '__builtin__') for kind in (set, frozenset)},
}
"""The names that a pickle may call, and what each gets instead: all that PYSKL, MMAction2 and our own files need."""


def hashable(key: Any) -> Any:
    """The key, unless it is deeply nested: hashing tuples of tuples of tuples can take exponential time."""
    if isinstance(key, tuple) and any(isinstance(part, tuple) and any(isinstance(p, tuple) for p in part)
                                      for part in key):
        raise UnsafePickleError('the pickle has a key of deeply nested tuples; nothing was run')
    return key


def dictionary(into: dict, pairs: Any = ()) -> dict:
    """Puts pairs of key and value into a dictionary; every key is checked."""
    for key, value in pairs:
        into[hashable(key)] = value
    return into
