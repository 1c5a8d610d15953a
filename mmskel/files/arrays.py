"""NumPy's ``.npy`` files, checked before memory is allocated for them."""
from __future__ import annotations

import io
import math

import numpy as np

from mmskel.files.errors import UserError


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
    try:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
        if read is None:
            raise ValueError(f'version {version}')
        shape, _, dtype = read(file)
        size = math.prod(shape) * dtype.itemsize
    except Exception as error:  # a damaged header can raise nearly anything
        hint = ' (an .npz archive of several arrays)' if data[:2] == b'PK' else ''
        raise ArrayFileError(f"'{name}' is not a plain array{hint} (nothing in it was run): {error}; write it with "
                             'np.save(path, array) from an array of numbers') from None
    if dtype.hasobject:
        raise ArrayFileError(f"'{name}' is not a plain array (nothing in it was run): it holds Python objects; write "
                             'it with np.save(path, array) from an array of numbers')
    rest = len(data) - file.tell()
    if rest != size or any(not isinstance(n, int) or n < 0 for n in shape):
        what = 'it is cut off' if rest < size else 'a second array, or something else, follows'
        raise ArrayFileError(f"'{name}' is not a plain array: {rest} bytes follow its header, and {dtype} {shape} "
                             f'needs {size}; {what}. Write one array with np.save(path, array)')
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)
