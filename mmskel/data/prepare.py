"""Converts any benchmark format to one annotation file: whole or not at all, and nothing is left out silently."""
from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmskel.data.annotation_file import AnnotationError, AnnotationFile, save_annotation_file
from mmskel.data.converting import check_output
from mmskel.data.foreign import foreign_folder
from mmskel.data.readers import READERS, Reader, ReadError, options_of
from mmskel.data.readers.reader import some
from mmskel.data.store import AnnotationStore, ColumnarStore, StoreError, StoreWriter, is_store, write_store
from mmskel.files.atomic import atomic_path
from mmskel.files.errors import UserError
from mmskel.files.progress import progress_bar
from mmskel.files.text import printable
from mmskel.parallel.shards import Shard
from mmskel.skeleton import Clip, ClipError
from mmskel.skeleton.scores import non_negative


class PrepareError(UserError):
    """A data set that could not be prepared; nothing was written."""


def prepare(format: str, source: str | Path, out: str | Path, *, keep_going: bool = False, progress: bool = True,
            options: Mapping[str, Any] | None = None, numbers: str | None = None,
            shard: Shard = Shard()) -> AnnotationFile | ColumnarStore:
    """Reads a data set and writes it as one annotation file, or as a store if memory cannot hold it.

    A broken input file stops everything and is named, unless ``keep_going``: then it is skipped and listed in
    ``<out>.skipped.txt`` (name, tab, reason). A list of an earlier run is removed when nothing is skipped.

    Args:
        format: A name of :data:`~mmskel.data.readers.READERS`.
        source: Folder, archive or file in that format.
        out: Annotation file to write, ``.pkl``, or columnar store, ``.mmsk``, into which clips go one by one.
        keep_going: Whether to skip broken files instead of stopping.
        progress: Whether to show a progress bar (on a terminal) and print the summary.
        options: Options of the reader by name.
        numbers: Precision of a store's coordinates, a key of :data:`~mmskel.data.store.NUMBERS`.
        shard: Part of the clips to read; ``mmskel store merge`` joins the parts.

    Returns:
        What was written.

    Raises:
        PrepareError: If the format or an option is unknown, the source is not such a data set, or a clip is broken.
        OutputError: If the output cannot be written, or is what is read.
        FileNotFoundError: If there is no such source.

    Example:
        >>> file = prepare('ntu', 'nturgb+d_skeletons', 'data/ntu60_3d.pkl',  # doctest: +SKIP
        ...                options=dict(denoise='pyskl'))
        >>> len(file.annotations), sorted(file.split)  # doctest: +SKIP
        (56578, ['xsub_train', 'xsub_val', 'xview_train', 'xview_val'])
    """
    out = Path(out)
    inputs = (path for path in (source, *(options or {}).values())
                       if isinstance(path, (str, Path)) and '\0' not in str(path) and Path(path).is_file())
    check_output(out, *inputs)
    if numbers is not None and not is_store(out):
        raise PrepareError(f"numbers={numbers!r} is for stores, .mmsk; '{out}' is an annotation file")
    reader = open_reader(format, source, options or {})
    if shard.count > 1 and reader.whole:
        reader.close()
        raise PrepareError(f"the splits of '{format}' compare all clips with each other, so it cannot be read in parts")
    skipped: dict[str, str] = {}
    writer = StoreWriter(out, numbers=numbers, replace=True) if is_store(out) else _FileWriter(out, source)
    raised: dict[str, int] = {}
    try:
        for item in progress_bar(_part(reader.items(), shard), f'prepare {format}', wanted=progress):
            try:
                writer.add(_read(reader, item, raised))
            except (ReadError, ClipError) as error:
                if not keep_going:
                    raise PrepareError(f'{error}. Nothing was written; repair or remove the file, or skip broken ones '
                                       'with keep_going=True') from None
                skipped[item] = str(error)
        if not len(writer.ids):
            raise PrepareError(f"none of the {len(skipped)} clips of '{source}' can be read"
                               f'{"; the first: " + next(iter(skipped.values())) if skipped else ""}')
        splits = _splits(reader, list(writer.ids), str(source))
        # keep what a file of ours already says about its origin
        meta = {'format': format, 'notes': reader.notes(), 'options': _set_options(reader), **reader.meta()}
        if raised:
            meta['notes'] = [*meta['notes'], f'{sum(raised.values())} scores in {len(raised)} clips are a little below '
                                             f'0 and became 0: {some(list(raised))}']
        if skipped:
            meta['skipped'] = {**meta.get('skipped', {}), **skipped}
        file = _with_list(out, skipped, lambda: writer.finish(splits, meta))
    except (ReadError, StoreError) as error:
        raise PrepareError(str(error)) from None
    finally:
        reader.close()
        writer.close()
    if progress:
        print(printable(summary(file)))
    return file


def _part(items: Sequence[str], shard: Shard) -> Sequence[str]:
    part = items if shard.count == 1 else list(shard.of(items))
    if shard.count > 1 and not part:
        raise PrepareError(f'shard {shard.number}/{shard.count} is empty: there are {len(items)} clips')
    return part


class _FileWriter:
    """The clips of an annotation file to be; what :class:`~mmskel.data.store.StoreWriter` is for a store."""

    def __init__(self, out: Path, source: str | Path):
        self.out, self.source, self.clips = out, source, []

    @property
    def ids(self) -> list[str]:
        return [clip.id for clip in self.clips]

    def add(self, clip: Clip) -> None:
        self.clips.append(clip)

    def finish(self, splits: dict[str, list[str]], meta: dict[str, Any]) -> AnnotationFile:
        return save_annotation_file(self.out, self.clips, splits, meta)

    def close(self) -> None:
        self.clips = []


def _splits(reader: Reader, ids: list[str], source: str) -> dict[str, list[str]]:
    """The splits that have clips.

    Raises:
        PrepareError: If the source has splits, but none of them names a clip that was read.
    """
    splits = reader.splits(ids)
    if splits and not any(splits.values()):
        raise PrepareError(f"'{source}' has the splits {', '.join(splits)}, but none of them names one of its "
                           f'{len(ids)} clips; the ids in the splits are spelt in another way')
    return {name: ids for name, ids in splits.items() if ids}


def _read(reader: Reader, item: str, raised: dict[str, int]) -> Clip:
    """The checked clip of one item; any error that a damaged file causes names the item.

    Scores that are a little below 0, as filters and networks leave them, become 0.

    Args:
        reader, item: Reader and the item to read.
        raised: Takes up, by clip, how many scores were raised.
    """
    try:
        clip = reader.read(item)
        clip.score, count = non_negative(clip.score)
        if count:
            raised[clip.id] = count
        return clip.check()
    except UserError:
        raise
    except (ValueError, TypeError, LookupError, ArithmeticError, EOFError, RecursionError, MemoryError,
            struct.error) as error:
        raise ReadError(f"'{item}' cannot be read: {type(error).__name__}: {str(error)[:200]}") from error


def open_reader(format: str, source: str | Path, options: Mapping[str, Any]) -> Reader:
    """The reader of a format, opened on a source.

    Raises:
        PrepareError: If the format or an option is unknown or the source is not such a data set.
    """
    if format not in READERS:
        raise PrepareError(f"unknown format '{format}'; known: {', '.join(READERS)}. Any other data: save arrays and a "
                           "table of labels and use 'numpy'")
    known = options_of(READERS[format])
    unknown = [name for name in options if name not in known]
    if unknown:
        listed = '; '.join(f'{o.name} ({o.help})' for o in known.values()) or 'none'
        raise PrepareError(f"format '{format}' has no option {', '.join(map(repr, unknown))}; its options: {listed}")
    try:
        return READERS[format](source, **options)
    except (ReadError, AnnotationError) as error:
        other = foreign_folder(source) if Path(source).is_dir() else ''
        raise PrepareError(f'{error}. {other}' if other and other not in str(error) else str(error)) from None
    except (ValueError, TypeError, LookupError, ArithmeticError, EOFError, RecursionError, struct.error) as error:
        if isinstance(error, UserError):
            raise
        raise PrepareError(f"'{source}' is not a {format} data set that can be read: {type(error).__name__}: "
                           f'{str(error)[:200]}') from error


def summary(written: AnnotationFile | ColumnarStore) -> str:
    """A summary of a prepared file or store, in a few lines."""
    file = AnnotationStore(written) if isinstance(written, AnnotationFile) else written
    lengths, persons = sorted(file.shapes[:, 1].tolist()), int(file.shapes[:, 0].max())
    lines = [f"{len(lengths)} clips of {len(file.class_names)} classes -> '{file.path}'",
             f'  layout {file.layout}, up to {persons} person{"s" * (persons > 1)}, '
             f'{lengths[0]} to {lengths[-1]} frames (median {lengths[len(lengths) // 2]})']
    shown = list(file.split.items())[:12]
    lines += [f'  split {name}: {len(ids)} clips' for name, ids in shown]
    if len(file.split) > len(shown):
        lines.append(f'  and {len(file.split) - len(shown)} more splits')
    lines += [f'  {note}' for note in file.meta.get('notes', ())]
    if _skipped_path(file.path).is_file():
        lines.append(f"  skipped as broken: {len(file.meta['skipped'])}, see '{_skipped_path(file.path)}'")
    return '\n'.join(lines)


def save_with_skipped(out: Path, clips: list[Clip], splits: dict[str, list[str]], meta: dict[str, Any],
                      skipped: dict[str, str]) -> AnnotationFile | ColumnarStore:
    """Writes an annotation file, or a store, and, beside it ``<out>.skipped.txt``, the list of what is not in it
    (name, tab, reason).

    Args:
        out, clips, splits, meta: See :func:`~mmskel.data.annotation_file.save_annotation_file`.
        skipped: Name -> reason; nothing: a list of an earlier run is removed.
    """
    write = write_store if is_store(out) else save_annotation_file
    return _with_list(out, skipped, lambda: write(out, clips, splits, meta))


def _with_list(out: Path, skipped: dict[str, str], write: Callable[[], Any]) -> Any:
    """Writes ``<out>.skipped.txt``, then the rest; no list if that fails."""
    listing = _skipped_path(out)
    # the list first: a file with skipped clips never exists without it
    if skipped:
        with atomic_path(listing) as temporary:
            temporary.write_text(''.join(f'{name}\t{" ".join(why.split())}\n' for name, why in skipped.items()),
                                 encoding='utf-8', errors='backslashreplace')
    try:
        written = write()
    except BaseException:
        if skipped:
            listing.unlink(missing_ok=True)
        raise
    if not skipped:
        listing.unlink(missing_ok=True)
    return written


def _skipped_path(out: str | Path) -> Path:
    return Path(f'{out}.skipped.txt')


def _set_options(reader: Reader) -> dict[str, Any]:
    """The options that have a value, fit for a file that is shared: of a path only the name."""
    values = {name: (item.kind, getattr(reader, name)) for name, item in options_of(type(reader)).items()}
    return {name: Path(value).name if kind == 'path' else value for name, (kind, value) in values.items()
            if value is not None}
