"""Locks between processes: one writer at a time."""
from __future__ import annotations

import os
from pathlib import Path

from mmskel.files.errors import UserError


class InUseError(UserError):
    """Something is being written by another process."""


def lock_file(path: str | Path, what: str) -> int:
    """A lock that ends with the process, however it ends; the file says which process has it.

    Args:
        path: Lock file, made if it is not there; it stays.
        what: Beginning of the message for others, e.g. ``"'mine.pkl' is being written by another extraction"``.

    Returns:
        A file descriptor; closing it ends the lock. Windows has other locks: nothing is guarded there.

    Raises:
        InUseError: If another process has the lock.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        import fcntl
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        return handle
    except OSError:
        who = os.read(handle, 20).decode('ascii', 'replace')
        os.close(handle)
        raise InUseError(f'{what} (process {who}); wait for it, or give another output') from None
    os.truncate(handle, 0)
    os.write(handle, str(os.getpid()).encode())
    return handle
