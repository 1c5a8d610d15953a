"""NumPy's ``.npy`` files, checked before memory is allocated for them."""
from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from mmskel.files.errors import UserError

_BOMB = 256 * 2**20, 200  # bytes, and multiples of the packed size: whatever unpacks to more than both is not read


class ArrayFileError(UserError):
    """A ``.npy`` file that is damaged, or that holds something other than one array of numbers or text."""


def read_npy(data: bytes, name: str) -> np.ndarray:
    """The array of a ``.npy`` file; objects are refused, nothing in the file is run.

    Args:
        data: Content of the file.
        name: Name of the file, for messages.

    Raises:
        ArrayFileError: No such file, objects, fewer bytes than the header says, or more than one array.
    """
    file = io.BytesIO(data)
    _check(file, len(data), name)
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def _check(file: BinaryIO, total: int, name: str) -> None:
    """Reads the header of a ``.npy`` file of ``total`` bytes and checks that one plain array follows."""
    head = file.read(2)
    file.seek(0)
    try:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
        if read is None:
            raise ValueError(f'version {version}')
        shape, _, dtype = read(file)
        size = math.prod(shape) * dtype.itemsize
    except Exception as error:  # a damaged header can raise nearly anything
        hint = ' (an .npz archive of several arrays)' if head == b'PK' else ''
        raise ArrayFileError(f"'{name}' is not a plain array{hint} (nothing in it was run): {error}; write it with "
                             'np.save(path, array) from an array of numbers') from None
    if dtype.hasobject:
        raise ArrayFileError(f"'{name}' is not a plain array (nothing in it was run): it holds Python objects; write "
                             'it with np.save(path, array) from an array of numbers')
    rest = total - file.tell()
    if rest != size or any(not isinstance(n, int) or n < 0 for n in shape):
        what = 'it is cut off' if rest < size else 'a second array, or something else, follows'
        raise ArrayFileError(f"'{name}' is not a plain array: {rest} bytes follow its header, and {dtype} {shape} "
                             f'needs {size}; {what}. Write one array with np.save(path, array)')


def open_npy(path: str | Path) -> np.ndarray:
    """The array of a ``.npy`` file on disk, which is read only where it is looked at.

    Raises:
        ArrayFileError: See :func:`read_npy`; also a file that is missing or cannot be read.
    """
    if '\0' in str(path) or not Path(path).is_file():
        raise ArrayFileError(f'there is no file {str(path)!r}')
    try:
        with Path(path).open('rb') as file:
            _check(file, Path(path).stat().st_size, str(path))
        return np.load(path, mmap_mode='r', allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ArrayFileError(f"'{path}' cannot be read: {error}") from None


def load_npy(path: str | Path) -> np.ndarray:
    """The array of a ``.npy`` file on disk, see :func:`read_npy`.

    Raises:
        ArrayFileError: See :func:`read_npy`; also a file that is missing or cannot be read.
    """
    return read_npy(_content(path), str(path))


def load_npz(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of a ``.npz`` archive by name, each checked as by :func:`read_npy`.

    Raises:
        ArrayFileError: No such file, a damaged archive, two members with the same name, one that would unpack to far
            more than the file, or one that is not a plain array.
    """
    data, arrays = _content(path), {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                if member.file_size > _BOMB[0] and member.file_size > _BOMB[1] * max(member.compress_size, 1):
                    raise ArrayFileError(f"'{path}': '{member.filename}' would unpack {member.compress_size} bytes to "
                                         f'{member.file_size}')
                name = member.filename.removesuffix('.npy')
                if name in arrays:
                    raise ArrayFileError(f"'{path}' holds '{name}' twice")
                arrays[name] = read_npy(archive.read(member), f'{path}, {member.filename}')
    except ArrayFileError:
        raise
    except (zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, NotImplementedError, ValueError, EOFError,
            OSError) as error:
        raise ArrayFileError(f"'{path}' is not a whole .npz archive of arrays: {error}") from None
    return arrays


def _content(path: str | Path) -> bytes:
    if '\0' in str(path) or not Path(path).is_file():
        raise ArrayFileError(f'there is no file {str(path)!r}')
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ArrayFileError(f"'{path}' cannot be read: {error.strerror}") from None
