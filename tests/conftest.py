"""What all tests share."""
import os
from pathlib import Path

import pytest

import mmskel  # noqa: F401  (repairs the stack before any test module imports a part of it)

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser):
    parser.addoption('--fuzz-inputs', type=int, metavar='N', help='inputs of every fuzzer in tests/fuzz, instead of the few '
                     'that each tries by default')


@pytest.fixture(scope='session')
def shared() -> Path:
    """The folder of real data beside the repository (``MMSKEL_SHARED``); tests that need it skip where it is absent."""
    folder = Path(os.environ.get('MMSKEL_SHARED', ROOT.parent / 'shared'))
    if not (folder / 'data').is_dir():
        pytest.skip(f'real data is not at hand: no folder {folder}/data (set MMSKEL_SHARED)')
    return folder
