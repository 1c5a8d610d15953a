"""Fixtures of the compat tests."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='session')
def run_python():
    """``run_python(*args, path=())`` runs this Python on ``args`` in a process of its own.

    The folders of ``path`` come first in its module search path, the repository after them.
    """

    def run(*args: str, path: tuple = (), timeout: float = 120) -> subprocess.CompletedProcess:
        search = os.pathsep.join(str(p) for p in (*path, ROOT, os.environ.get('PYTHONPATH', '')))
        environment = dict(os.environ, PYTHONPATH=search, OMP_NUM_THREADS='1')
        return subprocess.run([sys.executable, *map(str, args)], env=environment, text=True,
                              capture_output=True, timeout=timeout)

    return run


@pytest.fixture(scope='session')
def repaired():
    """The OpenMMLab stack in this process, with every repair installed."""
    from mmskel import compat
    compat.install()
    return compat
