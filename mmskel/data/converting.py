"""Annotation files and stores, one made of the other."""
from __future__ import annotations

from pathlib import Path

from mmskel.data.annotation_file import AnnotationFile, save_annotation_file
from mmskel.data.store import ColumnarStore, is_store, merge_stores, open_store
from mmskel.files.atomic import output_path
from mmskel.files.errors import OutputError, UserError


def check_output(out: str | Path, *inputs: str | Path) -> None:
    """Raises for a path that no data set can be written to.

    Args:
        out: Annotation file or store to write.
        inputs: Files that are read.

    Raises:
        OutputError: Neither an annotation file nor a store by its name; otherwise see
            :func:`~mmskel.files.atomic.output_path`.
    """
    out = Path(out)
    if is_store(out):
        return
    if out.is_dir() or out.suffix not in ('.pkl', '.pickle'):
        raise OutputError(f"cannot write to '{out}': expected the name of a file that ends in .pkl, or of a store, "
                          '.mmsk')
    output_path(out, *inputs)


def convert(source: str | Path, out: str | Path, numbers: str | None = None) -> AnnotationFile | ColumnarStore:
    """Writes an annotation file as a store, a store as an annotation file, or either again.

    Args:
        source: Annotation file or store.
        out: File or store to write.
        numbers: Precision of a store's coordinates, a key of :data:`~mmskel.data.store.NUMBERS`.

    Raises:
        AnnotationError, ClipError, OutputError, UserError: A source that cannot be read, an output that cannot be
            written or is the source, or numbers for an annotation file.
    """
    check_output(out, source)
    if Path(out).exists() and Path(out).samefile(source):
        raise UserError(f"'{out}' is the source; give another name for the output")
    store = open_store(source)
    if is_store(Path(out)):
        return merge_stores(out, [store], numbers)
    if numbers is not None:
        raise UserError(f"numbers={numbers!r} is for stores, .mmsk; '{out}' is an annotation file")
    meta = {**store.meta, 'layout': store.layout, 'class_names': list(store.class_names)}
    return save_annotation_file(out, [store.clip(row) for row in range(len(store))], store.split, meta)
