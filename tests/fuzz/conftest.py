"""How many inputs a fuzzer tries, and where its files lie."""
import random
from pathlib import Path

import pytest


@pytest.fixture
def inputs(request):
    """A function: the numbers of the inputs of a test, ``usual`` of them, or as many as ``--fuzz-inputs`` says."""
    asked = request.config.getoption('--fuzz-inputs')
    return lambda usual: range(asked or usual)


@pytest.fixture
def rng_of(request):
    """A function: a generator of its own for every input, the same in every run."""
    return lambda number: random.Random(f'{request.node.name}:{number}')


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A function: an empty folder with some files, and the current one."""
    def make(files) -> Path:
        folder = tmp_path / 'now'
        monkeypatch.chdir(tmp_path)
        _clear(folder)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode('utf-8', 'surrogatepass') if isinstance(content, str) else content)
        monkeypatch.chdir(folder)
        return folder
    monkeypatch.delenv('MMSKEL_DEBUG', raising=False)
    return make


def _clear(folder: Path) -> None:
    import shutil
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
