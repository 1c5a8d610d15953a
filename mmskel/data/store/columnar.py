"""The columnar store: a folder of Arrow files that are mapped into memory, and one small manifest.

``store.json`` lists the files; a file holds blocks of clips. A file is written whole and never changed; the store grows
by files, and each step is the replacement of the manifest. Reading needs no lock, and processes share the memory.
Arrow files are read by pandas, polars, DuckDB and Ray, too (docs/store.md).
"""
from __future__ import annotations

import os
import zlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mmskel.data.annotation_file import split_and_meta
from mmskel.data.store.rows import NUMBERS, StoreError, annotation_of, checksum
from mmskel.files.json_text import JsonError, read_json
from mmskel.skeleton import Clip

MANIFEST = 'store.json'
KIND, VERSION = 'mmskel clips', 1
_FACTS = ('id', 'label', 'shape', 'scored', 'ranges', 'facts', 'arrays', 'crc')


def arrow():
    """pyarrow, which the extra ``mmskel[store]`` installs.

    Raises:
        StoreError: It is not installed.
    """
    try:
        import pyarrow
        import pyarrow.ipc
    except ImportError:
        raise StoreError("a store of clips needs pyarrow; install it with pip install 'mmskel[store]'") from None
    return pyarrow


def schema():
    """The columns of a file."""
    pa = arrow()
    array = pa.struct([('dtype', pa.string()), ('shape', pa.list_(pa.int64())), ('data', pa.large_binary())])
    return pa.schema([
        ('id', pa.string()), ('label', pa.int32()), ('shape', pa.list_(pa.int32(), 4)), ('scored', pa.bool_()),
        ('ranges', pa.list_(pa.float64())), ('keypoint', pa.large_binary()), ('score', pa.large_binary()),
        ('facts', pa.string()), ('arrays', pa.list_(array)), ('crc', pa.uint32())])


def is_store(path: Path) -> bool:
    """Whether a path is a folder with a manifest, or named like one."""
    return path.suffix == '.mmsk' or (path / MANIFEST).is_file()


def index_checksum(batch) -> int:
    """CRC-32 of the columns that are known without reading a clip."""
    value = zlib.crc32('\0'.join(batch.column('id').to_pylist()).encode('utf-8', 'surrogatepass'))
    for numbers in (batch.column('label').fill_null(-1), batch.column('shape').flatten(), batch.column('scored')):
        value = zlib.crc32(numbers.to_numpy(zero_copy_only=False).tobytes(), value)
    return value


class ColumnarStore:
    """Clips of a columnar store; see :class:`~mmskel.data.store.protocol.ClipStore`.

    Args:
        path: Folder of the store.

    Raises:
        StoreError: Not a store, one of a later version, or a damaged one; names the file, and the block.
        FileNotFoundError: There is no such folder.
    """
    in_memory = False

    def __init__(self, path: str):
        self.path = str(path)
        self.manifest = read_manifest(path)
        self.numbers = self.manifest['numbers']
        self._blocks: list[tuple[str, int, Any]] = []  # file, number of the block in it, the block
        self._data: list[dict[str, tuple[int, int, np.ndarray]]] = []  # per block: descriptor, place, offsets
        self._open: list[int] = []
        for entry in self.manifest['files']:
            self._map(Path(path) / entry['name'], entry['clips'])
        self._starts = np.cumsum([0, *(block.num_rows for *_, block in self._blocks)])

    def _map(self, file: Path, clips: int) -> None:
        pa = arrow()
        found = 0
        try:
            source = pa.memory_map(str(file))
            reader, begin = pa.ipc.open_file(source), source.read_buffer().address
            self._open.append(os.open(file, os.O_RDONLY))
            if reader.schema != schema():
                raise StoreError(f"'{file}': its columns are {', '.join(reader.schema.names)}; expected those of a "
                                 'store of clips')
            for number in range(reader.num_record_batches):
                block, said = reader.get_batch_with_custom_metadata(number)
                block.validate(full=True)
                if int(said[b'index_crc']) != index_checksum(block):
                    raise StoreError(f"'{file}', block {number}: ids, labels or shapes are not those that were "
                                     'written; the file is damaged')
                self._blocks.append((str(file), number, block))
                self._data.append({name: self._places(block.column(name), begin) for name in ('keypoint', 'score')})
                found += block.num_rows
        except FileNotFoundError:
            raise StoreError(f"'{file}' is missing; '{self.path}' lists it") from None
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"'{file}', block {len(self._blocks)}: not a readable Arrow file: {str(error)[:200]}") \
                from None
        if found != clips:
            raise StoreError(f"'{file}' holds {found} clips; '{self.path}' lists {clips}")

    def _places(self, column, begin: int) -> tuple[int, int, np.ndarray]:
        """Where the bytes of a column lie in the open file, and where each row's begin."""
        _, offsets, data = column.buffers()
        starts = np.frombuffer(offsets, np.int64)[column.offset:column.offset + len(column) + 1]
        return self._open[-1], 0 if data is None else data.address - begin, starts

    def __del__(self):
        for handle in getattr(self, '_open', ()):
            os.close(handle)

    def __reduce__(self):
        return ColumnarStore, (self.path, )  # a worker process opens it itself

    def __len__(self) -> int:
        """n."""
        return int(self._starts[-1])

    def _column(self, name: str) -> list[Any]:
        return [block.column(name) for *_, block in self._blocks]

    @cached_property
    def ids(self) -> Sequence[str]:
        """The n clip ids."""
        ids = [name for column in self._column('id') for name in column.to_pylist()]
        if len(set(ids)) < len(ids):
            seen: set[str] = set()
            twice = next(name for name in ids if name in seen or seen.add(name))
            raise StoreError(f"'{self.path}' has two clips called '{twice}'; ids must differ")
        return ids

    @cached_property
    def labels(self) -> np.ndarray:
        """(n,) int64; -1 for a clip without a label."""
        return self._numbers([column.fill_null(-1).to_numpy(zero_copy_only=False) for column in self._column('label')])

    @cached_property
    def scored(self) -> np.ndarray:
        """(n,) bool."""
        return self._numbers([column.to_numpy(zero_copy_only=False) for column in self._column('scored')]).astype(bool)

    @cached_property
    def shapes(self) -> np.ndarray:
        """(n, 4): M, T, V, C."""
        return self._numbers([column.flatten().to_numpy() for column in self._column('shape')]).reshape(-1, 4)

    def _numbers(self, parts: list[np.ndarray]) -> np.ndarray:
        return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int64)

    @cached_property
    def split(self) -> Mapping[str, Sequence[str]]:
        """Split name -> clip ids."""
        if not self.manifest['splits']:
            return {}
        file = Path(self.path) / self.manifest['splits']
        pa = arrow()
        try:
            with pa.memory_map(str(file)) as source:
                table = pa.ipc.open_file(source).read_all()
            table.validate(full=True)
            rows = {name: np.asarray(part, np.int64) for name, part in
                    zip(table.column('name').to_pylist(), table.column('rows').to_pylist(), strict=True)}
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"'{file}' is not a readable file of splits: {str(error)[:200]}") from None
        for name, part in rows.items():
            if len(part) and not 0 <= part.min() <= part.max() < len(self):
                raise StoreError(f"'{file}': split '{name}' names clip {part.max()} of {len(self)}")
        return {name: [self.ids[row] for row in part.tolist()] for name, part in rows.items()}

    @cached_property
    def meta(self) -> dict[str, Any]:
        """Facts about all clips, as in an annotation file."""
        _, meta, wrong = split_and_meta(dict(meta=self.manifest['meta']))
        if wrong:
            raise StoreError(f"'{self.path}/{MANIFEST}': {wrong[0]}")
        return meta

    @property
    def class_names(self) -> Sequence[str]:
        """Names by label, ``class 0`` ... if the store has none."""
        return self.meta.get('class_names') or [f'class {i}' for i in range(int(self.labels.max(initial=-1)) + 1)]

    @property
    def layout(self) -> str:
        """The layout in the manifest; '' if it has none."""
        return self.meta.get('layout', '')

    def has_clip(self, row: int) -> bool:
        """Always true: clips are checked before they are written."""
        return True

    def annotation(self, row: int) -> dict[str, Any]:
        """The annotation of a row, as an annotation file has it.

        Raises:
            StoreError: A damaged clip; names file and block.
        """
        place = int(np.searchsorted(self._starts, row, 'right')) - 1
        file, number, block = self._blocks[place]
        at = row - int(self._starts[place])
        parts = {name: block.column(name)[at].as_py() for name in _FACTS}
        # read, not mapped: pages that were touched would count as this process's memory
        for name, (handle, begin, starts) in self._data[place].items():
            size = int(starts[at + 1] - starts[at])
            parts[name] = os.pread(handle, size, begin + int(starts[at])) if size else b''
        if checksum(parts) != parts['crc']:
            raise StoreError(f"'{file}', block {number}: clip '{parts['id']}' is not what was written; the file is "
                             'damaged')
        try:
            return annotation_of(parts, self.numbers)
        except StoreError as error:
            raise StoreError(f"'{file}', block {number}: {error}") from None

    def clip(self, row: int) -> Clip:
        """The clip of a row; arrays kept as float32 are read-only."""
        return Clip.from_annotation(self.annotation(row), layout=self.layout)


class StoredAnnotations(Sequence):
    """The annotations of a store, read one by one when they are looked at."""

    def __init__(self, store: ColumnarStore):
        self.store = store

    def __len__(self) -> int:
        return len(self.store)

    def __getitem__(self, row: int) -> dict[str, Any]:
        return self.store.annotation(row)


def read_manifest(path: str | Path) -> dict[str, Any]:
    """The manifest of a store.

    Raises:
        StoreError, FileNotFoundError: See :class:`ColumnarStore`.
    """
    file = Path(path) / MANIFEST
    if not Path(path).exists():
        raise FileNotFoundError(f"there is no store '{path}'")
    if not file.is_file():
        raise StoreError(f"'{path}' is not a store of clips: it has no '{MANIFEST}'; `mmskel store convert` makes one "
                         'of an annotation file')
    try:
        manifest = read_json(file.read_bytes())
    except JsonError as error:
        raise StoreError(f"'{file}' is not the manifest of a store: {error}") from None
    if not isinstance(manifest, dict) or manifest.get('kind') != KIND:
        raise StoreError(f"'{file}' is not the manifest of a store of clips")
    if manifest.get('version') != VERSION:
        raise StoreError(f"'{path}' is a store of version {manifest.get('version')!r:.20}; this mmskel reads version "
                         f'{VERSION}; update mmskel')
    files = manifest.get('files')
    sound = isinstance(files, list) and all(
        isinstance(one, dict) and isinstance(one.get('name'), str) and _is_plain(one['name'])
        and type(one.get('clips')) is int for one in files)
    splits = manifest.get('splits')
    if not sound or manifest.get('numbers') not in NUMBERS or not isinstance(manifest.get('meta'), dict) \
            or not (splits is None or isinstance(splits, str) and _is_plain(splits)):
        raise StoreError(f"'{file}' is damaged: its files, numbers, splits or facts are not those of a store")
    return manifest


def _is_plain(name: str) -> bool:
    """Whether a name is that of a file in the store's own folder."""
    return name.endswith('.arrow') and '\0' not in name and Path(name).name == name
