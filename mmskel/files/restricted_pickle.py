"""Reading pickles of strangers: NumPy arrays and plain containers, nothing else, and no code is run."""
from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, BinaryIO

# everything PYSKL's, MMAction2's and our own annotation files are made of
_ALLOWED = {
    ('collections', 'OrderedDict'), ('numpy', 'dtype'), ('numpy', 'ndarray'),
    *((f'numpy.{core}.multiarray', name) for core in ('core', '_core') for name in ('_reconstruct', 'scalar')),
    *((f'numpy.{core}.numeric', '_frombuffer') for core in ('core', '_core')),
    ('_codecs', 'encode'),
    *((builtins, name) for builtins in ('builtins', '__builtin__') for name in ('set', 'frozenset', 'bytes')),
}
_NUMBERS = {'float16', 'float32', 'float64', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32',
            'uint64', 'bool_', 'str_'}


class UnsafePickleError(pickle.UnpicklingError):
    """A pickle asks for something that is no array and no plain container."""


class _RestrictedUnpickler(pickle.Unpickler):

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED or (module == 'numpy' and name in _NUMBERS):
            if module.startswith('numpy.core'):  # the name until NumPy 1; the new one does not warn
                try:
                    return super().find_class(module.replace('numpy.core', 'numpy._core'), name)
                except (ImportError, AttributeError):
                    pass
            return super().find_class(module, name)
        raise UnsafePickleError(f"the pickle asks for '{module}.{name}', which is no NumPy array and no plain "
                                'container; nothing was run. Only annotation data is read here: if you trust the '
                                'file, load it yourself and save arrays, lists, dicts, numbers and strings')


def load_pickle(path: str | Path) -> Any:
    """Loads a pickle that may hold NumPy arrays, dicts, lists, tuples, sets, numbers, strings and None.

    Raises:
        UnsafePickleError: If it asks for anything else; no code of the file is run.
        ValueError: If the file is empty, cut off or no pickle; names the file.
        FileNotFoundError: If there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file '{path}'")
    with path.open('rb') as file:
        return read_pickle(file, str(path), path.stat().st_size, "an annotation file with 'split' and 'annotations'")


def read_pickle(file: BinaryIO, name: str, size: int, expected: str) -> Any:
    """Loads a pickle from an open file, as :func:`load_pickle` does.

    Args:
        file: At its beginning.
        name, size, expected: What it is called, how many bytes it has and what should be in it; for messages.

    Raises:
        UnsafePickleError, ValueError: See :func:`load_pickle`.
    """
    try:
        return _RestrictedUnpickler(file).load()
    except UnsafePickleError as error:
        raise UnsafePickleError(f"'{name}': {error}") from None
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise ValueError(f"'{name}' ({size} bytes) is no readable pickle: {type(error).__name__}: {error}; expected "
                         f'{expected}') from None
