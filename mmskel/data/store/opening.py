"""Opens the store that fits a path."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from weakref import WeakValueDictionary

from mmskel.data.store.annotations import AnnotationStore
from mmskel.data.store.columnar import MANIFEST, ColumnarStore, is_store
from mmskel.data.store.protocol import ClipStore

KINDS: list[tuple[Callable[[Path], bool], Callable[[str], ClipStore]]] = [
    (is_store, ColumnarStore), (lambda path: True, AnnotationStore)]
"""A kind of store: a test of the path, and the function that opens it; the first match is used."""

_OPEN: WeakValueDictionary = WeakValueDictionary()


def open_store(path: str | Path) -> ClipStore:
    """Opens a data set. The loaders of a training share one store: a file is read once as long as someone uses it.

    Raises:
        AnnotationError, FileNotFoundError, ValueError: If it cannot be opened; names the file.
    """
    file = Path(path)
    key = None
    if file.exists():
        manifest = file / MANIFEST
        state = (manifest if manifest.is_file() else file).stat()
        key = (str(path), str(file.resolve()), state.st_mtime_ns, state.st_size)
        if key in _OPEN:
            return _OPEN[key]
    store = next(opens for fits, opens in KINDS if fits(file))(str(path))
    if key is not None:
        _OPEN[key] = store
    return store
