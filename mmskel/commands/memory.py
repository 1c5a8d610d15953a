"""How the process of a command asks the system for memory."""
from __future__ import annotations

import ctypes
import os
import sys

# of <malloc.h>
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Makes glibc keep what the process frees, for the next tensor.

    A network on a CPU frees and asks for the same large blocks over and over. By default, glibc maps every block above
    32 MB afresh, smaller ones at first, too, and returns the top of its heap; the kernel then zeroes every page again
    (docs/training.md, "On a CPU"). The price is that the process stays as large as it once was.

    Returns:
        Whether it does now: not with other C libraries, nor where the user has tuned ``malloc`` by the environment.
    """
    tuned = any(name.startswith('MALLOC_') for name in os.environ) or 'malloc' in os.environ.get('GLIBC_TUNABLES', '')
    if tuned or not sys.platform.startswith('linux'):
        return False
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    return mallopt is not None and bool(mallopt(_M_TRIM_THRESHOLD, -1)) and bool(mallopt(_M_MMAP_MAX, 0))
