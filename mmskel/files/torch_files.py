"""Files written by ``torch.save``, read without running anything in them.

``weights_only=True`` is written out, so that neither an old PyTorch nor ``TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD`` lets a
file run code.
"""
from __future__ import annotations

import os
import re
import tarfile
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import torch

from mmskel.files.atomic import atomic_path
from mmskel.files.errors import OutputError, UserError
from mmskel.files.numpy_parts import plain

_BOMB = 100 * 2**20, 10  # bytes, and multiples of the file's size: whatever unpacks to more than both is refused


class CheckpointError(UserError):
    """A checkpoint that cannot be used; the message names file or URL, what was found and what to do."""


def read_data(source: str | Path | BinaryIO, map_location: Any = 'cpu', keep_config: bool = False) -> Any:
    """Everything a file holds, as ``torch.save`` wrote it, without running anything in it.

    Args:
        source: File to read.
        map_location: Device of the tensors.
        keep_config: Whether ``meta['config']`` stays, which MMEngine runs as code when it resumes; for readers that
            run nothing.

    Raises:
        CheckpointError: No such file, a damaged one, or one that asks for code.
    """
    named = isinstance(source, (str, os.PathLike))
    name = f"'{source}'" if named else 'a file'
    if named:
        if '\0' in str(source) or not Path(source).is_file():
            raise CheckpointError(f'there is no checkpoint {str(source)!r}' if '\0' in str(source) else
                                  f'there is no checkpoint {name}')
        name = f'{name} ({Path(source).stat().st_size} bytes)'
        if other := _other_format(Path(source)):
            raise CheckpointError(f'{name} is not a checkpoint that can be read safely: {other}')
    _let_history_pass()
    try:
        data = plain(torch.load(source, map_location=map_location, weights_only=True))
    except Exception as error:  # damaged files and forbidden content raise all kinds of errors
        raise CheckpointError(f'{name} is not a checkpoint that can be read safely: {_why(error)}') from None
    if not keep_config and isinstance(data, dict) and isinstance(data.get('meta'), dict):
        data['meta'].pop('config', None)
    return data


def write_data(path: str | Path, data: Any) -> None:
    """Writes a file as ``torch.save`` does, whole or not at all.

    Raises:
        OutputError: See :func:`~mmskel.files.atomic.atomic_path`; also a disk that is full.
    """
    with atomic_path(path) as temporary:
        try:
            torch.save(data, temporary)
        except RuntimeError as error:  # PyTorch's writer has no error of its own
            raise OutputError(f"'{path}' cannot be written: {str(error).splitlines()[0]}. Is the disk full?") from error


def _why(error: Exception) -> str:
    """The reason in one line; PyTorch's own advice is to load the file unsafely."""
    text = str(error)
    if asked := re.search(r'GLOBAL (\S+) was not an allowed|load (\S+) .*is blocked|class (\S+) from', text):
        name = next(filter(None, asked.groups()))
        return f"it asks for '{name}', which is neither tensors nor plain data; nothing was run"
    text = text.rpartition('WeightsUnpickler error: ')[2] or text
    lines = [line for line in text.strip().splitlines()
             if line and not line.startswith(('Weights only', 'Check the doc'))]
    return f'{type(error).__name__}: {lines[0].strip()}' if lines else type(error).__name__


def _let_history_pass() -> None:
    """MMEngine's histories are known to be safe once their module is imported, see :mod:`mmskel.compat`."""
    import mmengine.logging.history_buffer  # noqa: F401


def _other_format(path: Path) -> str:
    """A description of what a file is instead of a checkpoint, and what to do; '' if it may be one."""
    with path.open('rb') as file:
        head = file.read(64)
    if not head:
        return 'it is empty'
    if head.lstrip()[:1] == b'<':
        return 'it is a web page, not a file of weights; download it again'
    if head.startswith(b'version https://git-lfs'):
        return 'it is a pointer of Git LFS, not the file itself; run `git lfs pull`'
    if head.startswith(b'PK'):
        try:
            with zipfile.ZipFile(path) as archive:
                parts = archive.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
            return 'it is cut off or damaged'
        if any(Path(part.filename).name == 'constants.pkl' for part in parts):
            return ('it is a TorchScript archive, which holds code; save its weights alone: '
                    'torch.save(torch.jit.load(FILE).state_dict(), "weights.pth")')
        total = sum(part.file_size for part in parts)
        if total > max(_BOMB[0], _BOMB[1] * path.stat().st_size):
            return f'it would unpack to {total} bytes'
    elif path.suffix in ('.tar', '.pth', '.pt') and tarfile.is_tarfile(path):
        return 'it is a tar archive, the format of PyTorch before 0.1.10; load and save it again with a newer PyTorch'
    return ''
