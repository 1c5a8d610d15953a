"""Writes columnar stores: file by file, each step whole or not at all."""
from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmskel.data.annotation_file import split_and_meta
from mmskel.data.store.columnar import (
    KIND,
    MANIFEST,
    VERSION,
    ColumnarStore,
    arrow,
    index_checksum,
    read_manifest,
    schema,
)
from mmskel.data.store.protocol import ClipStore
from mmskel.data.store.rows import NUMBERS, StoreError, row_of
from mmskel.files.atomic import atomic_path
from mmskel.files.errors import OutputError
from mmskel.files.locks import lock_file
from mmskel.skeleton import Clip

CLIPS_PER_FILE, CLIPS_PER_BLOCK = 2000, 250


class StoreWriter:
    """Writes or extends a store, one process at a time.

    Clips are kept file by file: when a process is killed, the store is as it was after the last whole file, and what
    the process left behind is removed by the next one. With ``replace`` an existing store stays as it is until
    :meth:`finish`.

    Args:
        path: Folder of the store; named ``.mmsk``, it is known as a store before it has content.
        layout: Joint order of clips that do not name their own; default: that of the existing store, or of the first
            clip.
        meta: Facts about all clips, as in an annotation file; default: those of the existing store.
        numbers: Exactness of coordinates and scores, a key of :data:`~mmskel.data.store.rows.NUMBERS`; default: that of
            the existing store, or float32.
        replace: Whether to start again rather than to extend what is there.
        clips_per_file: Number of clips after which a file is written.

    Raises:
        OutputError: The path is something other than a store or a name that is free.
        InUseError: Another process is writing to it.
        StoreError: An existing store that cannot be extended.

    Example:
        >>> from mmskel.data.store import open_store
        >>> from mmskel.synthetic.motions import make_motion_clips
        >>> with StoreWriter('motions.mmsk') as writer:
        ...     for clip in make_motion_clips(num_per_class=2):
        ...         writer.add(clip)
        >>> store = open_store('motions.mmsk')
        >>> len(store), store.clip(3).keypoint.shape == tuple(store.shapes[3])
        (20, True)
    """

    def __init__(self, path: str | Path, layout: str = '', meta: Mapping[str, Any] | None = None,
                 numbers: str | None = None, replace: bool = False, clips_per_file: int = CLIPS_PER_FILE):
        self.folder, self.replace, self.clips_per_file = Path(path), replace, clips_per_file
        if numbers is not None and numbers not in NUMBERS:
            raise StoreError(f"unknown numbers '{numbers}'; known: {', '.join(NUMBERS)}")
        arrow()
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir()) and
                                     not (self.folder / MANIFEST).is_file() and not _is_left_over(self.folder)):
            raise OutputError(f"cannot write a store to '{path}': it is something else; give the name of a new folder")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = lock_file(self.folder / 'lock', f"'{path}' is being written by another process")
        try:
            self._begin(layout, meta, numbers)
        except BaseException:
            self.close()
            raise

    def _begin(self, layout: str, meta: Mapping[str, Any] | None, numbers: str | None) -> None:
        self._before = ColumnarStore(str(self.folder)) if (self.folder / MANIFEST).is_file() else None
        old = None if self.replace else self._before
        if old is not None and numbers not in (None, old.numbers):
            raise StoreError(f"'{self.folder}' keeps numbers as {old.numbers}, not {numbers}")
        self.numbers = numbers or (old.numbers if old else 'float32')
        self.meta = dict(old.meta if meta is None and old else meta or {})
        self.layout = layout or self.meta.get('layout') or (old.layout if old else '')
        self._ids = dict.fromkeys(old.ids if old else ())
        self._files = list(old.manifest['files']) if old else []
        self.splits = {name: list(ids) for name, ids in old.split.items()} if old else {}
        self._rows: list[dict[str, Any]] = []
        for file in self.folder.glob('*.arrow'):
            if self._before is None or file.name not in _files_of(self._before.manifest):
                file.unlink()

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(self, kind, error, traceback) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self.close()

    @property
    def ids(self) -> Iterable[str]:
        """Ids of all clips in the store and of those that were added."""
        return self._ids.keys()

    def add(self, clip: Clip) -> None:
        """Checks a clip and adds it.

        Raises:
            ClipError: A clip that is wrong.
            StoreError: Two clips with one id, or one that the store cannot hold.
        """
        clip.check()
        if clip.id in self._ids:
            raise StoreError(f"'{self.folder}': two clips are called '{clip.id}'; ids must differ")
        self.layout = self.layout or clip.layout
        self._rows.append(row_of(clip, self.layout, self.numbers))
        self._ids[clip.id] = None
        if len(self._rows) >= self.clips_per_file:
            self._write_file()
            if not self.replace:
                self._write_manifest()

    def _write_file(self) -> None:
        if not self._rows:
            return
        pa = arrow()
        name = f'clips-{secrets.token_hex(6)}.arrow'
        with atomic_path(self.folder / name) as temporary, pa.OSFile(str(temporary), 'wb') as sink, \
                pa.ipc.new_file(sink, schema()) as file:
            for start in range(0, len(self._rows), CLIPS_PER_BLOCK):
                block = pa.RecordBatch.from_pylist(self._rows[start:start + CLIPS_PER_BLOCK], schema())
                file.write_batch(block, custom_metadata={'index_crc': str(index_checksum(block))})
        self._files.append(dict(name=name, clips=len(self._rows)))
        self._rows = []

    def _write_manifest(self) -> None:
        meta = dict(self.meta, layout=self.layout)
        if wrong := split_and_meta(dict(split=self.splits, meta=meta))[2]:
            raise StoreError(f"'{self.folder}': {wrong[0]}")
        manifest = dict(kind=KIND, version=VERSION, numbers=self.numbers, meta=meta, files=self._files,
                        splits=self._write_splits())
        with atomic_path(self.folder / MANIFEST) as temporary:
            temporary.write_text(json.dumps(manifest, indent=1, ensure_ascii=False, default=str), encoding='utf-8')

    def _write_splits(self) -> str | None:
        if not self.splits:
            return None
        pa = arrow()
        row = {name: place for place, name in enumerate(self._ids)}
        for split, members in self.splits.items():
            if unknown := [one for one in members if one not in row]:
                raise StoreError(f"'{self.folder}': split '{split}' names unknown clips, e.g. {unknown[0]}")
        table = pa.table(dict(name=pa.array(list(self.splits), pa.string()),
                              rows=pa.array([[row[one] for one in ids] for ids in self.splits.values()],
                                            pa.list_(pa.int64()))))
        name = f'splits-{secrets.token_hex(6)}.arrow'
        with atomic_path(self.folder / name) as temporary, pa.OSFile(str(temporary), 'wb') as sink, \
                pa.ipc.new_file(sink, table.schema) as file:
            file.write_table(table)
        return name

    def finish(self, splits: Mapping[str, Sequence[str]] | None = None, meta: Mapping[str, Any] | None = None
               ) -> ColumnarStore:
        """Writes what is left and the manifest, and removes files that no longer count.

        Args:
            splits: Split name -> clip ids; default: those of the attribute ``splits``.
            meta: Facts about all clips, in place of the constructor's.

        Raises:
            StoreError: A split that names an unknown clip, or facts of the wrong kind; the store stays as it was.
        """
        self.splits = self.splits if splits is None else {name: list(ids) for name, ids in splits.items()}
        self.meta = self.meta if meta is None else dict(meta)
        self._write_file()
        self._write_manifest()
        self._tidy()
        return ColumnarStore(str(self.folder))

    def _tidy(self) -> None:
        """Removes files that no manifest lists; without a manifest, the folder."""
        known = (self.folder / MANIFEST).is_file()
        kept = _files_of(read_manifest(self.folder)) if known else set()
        for file in self.folder.glob('*.arrow'):
            if file.name not in kept:
                file.unlink()
        if not known and _is_left_over(self.folder):
            (self.folder / 'lock').unlink(missing_ok=True)
            if not any(self.folder.iterdir()):
                self.folder.rmdir()

    def close(self) -> None:
        """Lets other processes write; clips that were not yet in a file are dropped."""
        if self._lock is not None:
            self._tidy()
            os.close(self._lock)
            self._lock = None


def _files_of(manifest: Mapping[str, Any]) -> set[str]:
    return {one['name'] for one in manifest['files']} | {manifest['splits']}


def _is_left_over(folder: Path) -> bool:
    """Whether a folder holds nothing but what a killed writer leaves of a new store."""
    return all(file.name == 'lock' or file.suffix == '.arrow' or '.mmskel-' in file.name for file in folder.iterdir())


def write_store(path: str | Path, clips: Iterable[Clip], split: Mapping[str, Sequence[str]], meta: Mapping[str, Any],
                numbers: str | None = None) -> ColumnarStore:
    """Writes clips as a new store, whole or not at all; one that is there is replaced at the end.

    Args:
        path: Folder of the store.
        clips: Clips, read one after another.
        split: Split name -> clip ids.
        meta: Facts about all clips; see :func:`~mmskel.data.annotation_file.save_annotation_file`.
        numbers: See :class:`StoreWriter`.

    Raises:
        ClipError, StoreError, OutputError, InUseError: See :class:`StoreWriter`.
    """
    writer = StoreWriter(path, meta=meta, numbers=numbers, replace=True)
    try:
        for clip in clips:
            writer.add(clip)
        return writer.finish(split)
    finally:
        writer.close()


def merge_stores(path: str | Path, stores: Sequence[ClipStore], numbers: str | None = None,
                 progress: bool = True) -> ColumnarStore:
    """Writes the clips of several stores as one; splits of the same name are joined.

    Raises:
        StoreError: Stores of different layouts or classes, two clips with one id, or nothing to merge.
    """
    from mmskel.files.progress import progress_bar
    if not stores:
        raise StoreError('no stores to merge')
    first, split = stores[0], {}
    for store in stores:
        if store.layout != first.layout:
            raise StoreError(f"'{store.path}' has layout '{store.layout}', '{first.path}' has '{first.layout}'")
        if list(store.meta.get('class_names', ())) != list(first.meta.get('class_names', ())):
            raise StoreError(f"'{store.path}' names other classes than '{first.path}'")
        for name, ids in store.split.items():
            split.setdefault(name, []).extend(ids)
    rows = ((store, row) for store in stores for row in range(len(store)))
    clips = (store.clip(row) for store, row in
             progress_bar(rows, 'merge', total=sum(map(len, stores)), wanted=progress))
    meta = {**first.meta, 'layout': first.layout}
    if len(stores) > 1:
        notes = [note for store in stores for note in store.meta.get('notes', ())]
        meta.update(notes=list(dict.fromkeys(notes)))
    return write_store(path, clips, split, meta, numbers)


def verify(store: ColumnarStore, progress: bool = True) -> int:
    """Reads every clip of a store and compares it with its checksum; returns their number.

    Raises:
        StoreError: The first damaged clip; names file and block.
    """
    from mmskel.files.progress import progress_bar
    for row in progress_bar(range(len(store)), 'verify', wanted=progress):
        store.annotation(row)
    return len(store)
