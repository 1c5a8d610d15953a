"""Files that are whole or absent, and outputs that respect existing files."""
from __future__ import annotations

import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmskel.files.errors import OutputError

_TAG = '.mmskel-'  # temporary files are named .<stem>.mmskel-<random><suffix>
_STALE = 24 * 3600.
"""Seconds after which a temporary file counts as abandoned: its process was killed."""


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yields a temporary path beside ``path`` that replaces it when the block ends and is deleted if it raises.

    The temporary name keeps the suffix, since writers choose the format by the suffix. A symbolic link stays a link:
    what it points to is replaced. The mode of a replaced file is kept. Temporary files that a killed process left
    behind for this path are removed.

    Raises:
        OutputError: If the path is a folder, a device, a pipe or a loop of links.
    """
    path = output_path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(path)
    handle, name = tempfile.mkstemp(prefix=f'.{path.stem[:100]}{_TAG}', suffix=path.suffix[:40], dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        temporary.chmod(_mode(path))  # mkstemp's 0600 is meant for secrets
        yield temporary
        with temporary.open('rb') as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def output_path(path: str | Path, *inputs: str | Path) -> Path:
    """The path to write to: the path itself, or the target of a symbolic link there.

    Args:
        path: Output that is wanted.
        inputs: Files that are being read and must not be replaced.

    Raises:
        OutputError: If the path is a folder, a device, a pipe or a loop of links, is inside a file, or is one of the
            inputs.
    """
    if '\0' in str(path):
        raise OutputError(f'cannot write to {str(path)!r}: a name has no NUL character')
    try:
        real = Path(path).resolve() if Path(path).is_symlink() else Path(path)
        kind = real.stat().st_mode if real.exists() else None
        same = [one for one in inputs if kind is not None and Path(one).exists() and real.samefile(one)]
    except (OSError, RuntimeError) as error:
        raise OutputError(f"cannot write to '{path}': {error}") from None
    if kind is not None and not stat.S_ISREG(kind):
        what = 'a folder' if stat.S_ISDIR(kind) else 'a device or pipe'
        raise OutputError(f"cannot write to '{path}': it is {what}; give the name of a file")
    parent = real.parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    if not parent.is_dir():
        raise OutputError(f"cannot write to '{path}': '{parent}' is a file, not a folder")
    if same:
        raise OutputError(f"'{path}' is an input and would be overwritten by the result; give another name for the "
                          "output")
    return real


def _mode(path: Path) -> int:
    """The mode of a file to be replaced, or of a new file."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _remove_stale(path: Path) -> None:
    """Removes what killed processes left beside a path, if a day old: another process may still be writing."""
    before = time.time() - _STALE
    for file in path.parent.iterdir():
        if file.name.startswith(f'.{path.stem[:100]}{_TAG}') and file.suffix == path.suffix[:40]:
            try:
                if file.lstat().st_mtime < before:
                    file.unlink()
            except OSError:  # another process was faster, or the file is not ours to remove
                pass
