"""MATLAB's version 5 files, as far as data sets need them: numbers and text; nothing in the file is trusted.

SciPy reads more (cells, structures, sparse matrices), but in C code that crashes on damaged files. Format: MathWorks,
"MAT-File Format", version 5.
"""
from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Iterator
from math import prod

import numpy as np

from mmskel.files.errors import UserError

_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4', 7: 'f4', 9: 'f8', 12: 'i8', 13: 'u8'}
_TEXT = {2: 'latin-1', 4: 'utf-16', 16: 'utf-8', 17: 'utf-16', 18: 'utf-32'}
_CHAR, _NUMERIC = 4, range(6, 16)  # classes of arrays
_LARGEST = 256 * 2**20  # largest size of a compressed array in bytes


class MatFileError(UserError):
    """Data that is not a MATLAB 5 file, or a damaged one."""


def read_mat(data: bytes, names: Collection[str] | None = None) -> dict[str, np.ndarray | str]:
    """The arrays with some names: numbers as they are (at least two axes), character arrays of one row as text.

    Args:
        data: Content of the file.
        names: Names of the wanted variables; default: all. Variables of other kinds, and names that the file lacks,
            are left out.

    Raises:
        MatFileError: Says what is wrong, without the file's name.
    """
    order = {b'IM': '<', b'MI': '>'}.get(data[126:128])
    if order is None or data[:1] == b'\0':
        raise MatFileError('expected a MATLAB 5 file, which says so in its first 128 bytes')
    found: dict[str, np.ndarray | str] = {}
    for kind, content in _elements(data[128:], order):
        if kind == _COMPRESSED:
            kind, content = next(_elements(_unpacked(content), order), (0, b''))
        if kind != _MATRIX:
            raise MatFileError(f'element of kind {kind}; expected an array')
        name, value = _array(content, order, names)
        if value is not None:
            found[name] = value
    return found


def _unpacked(content: bytes) -> bytes:
    machine = zlib.decompressobj()
    try:
        data = machine.decompress(content, _LARGEST)
    except zlib.error as error:
        raise MatFileError(f'a compressed array is damaged: {error}') from None
    if machine.unconsumed_tail or not machine.eof:
        raise MatFileError('a compressed array is cut off, or too large')
    return data


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Kind and content of one element after another."""
    at = 0
    while at < len(data):
        if at + 8 > len(data):
            raise MatFileError('the file ends within an element')
        kind, size = struct.unpack_from(f'{order}II', data, at)
        if kind >> 16:  # a short element: size and kind in four bytes, the content in the next four
            kind, size, start, end = kind & 0xffff, kind >> 16, at + 4, at + 8
        else:
            start = at + 8
            end = start + size + (-size % 8 if kind != _COMPRESSED else 0)
        if start + size > len(data) or (end == at + 8 and size > 4 and start == at + 4):
            raise MatFileError(f'an element of {size} bytes is cut off')
        yield kind, data[start:start + size]
        at = end


def _array(content: bytes, order: str, names: Collection[str] | None) -> tuple[str, np.ndarray | str | None]:
    parts = list(_elements(content, order))
    if len(parts) < 3 or len(parts[0][1]) != 8 or parts[1][0] != 5 or len(parts[1][1]) % 4:
        raise MatFileError('an array without flags, shape and name')
    flags = struct.unpack(f'{order}I', parts[0][1][:4])[0]
    shape = struct.unpack(f'{order}{len(parts[1][1]) // 4}i', parts[1][1])
    name = parts[2][1].decode('latin-1')
    if names is not None and name not in names:
        return name, None
    kind, raw = parts[3] if len(parts) > 3 else (0, b'')
    if flags & 0xff == _CHAR and kind in _TEXT:
        try:
            codec = _TEXT[kind] + {'<': '-le', '>': '-be'}[order] * _TEXT[kind].startswith(('utf-16', 'utf-32'))
            return name, raw.decode(codec)
        except UnicodeDecodeError as error:
            raise MatFileError(f"'{name}' is not text: {error.reason}") from None
    if flags & 0xff not in _NUMERIC or kind not in _NUMBERS:
        return name, None
    values = np.frombuffer(raw, order + _NUMBERS[kind]) if len(raw) % int(_NUMBERS[kind][1]) == 0 else None
    if values is None or any(n < 0 for n in shape) or prod(shape) != len(values) or len(shape) > 32:
        raise MatFileError(f"'{name}' has the shape {shape}, which does not fit its {len(raw)} bytes")
    return name, values.reshape(shape, order='F').astype(values.dtype.newbyteorder('='))
