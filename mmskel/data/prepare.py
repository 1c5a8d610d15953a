"""Converts any benchmark format to one annotation file: whole or not at all, and nothing is left out silently."""
from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmskel.data.annotation_file import AnnotationError, AnnotationFile, save_annotation_file
from mmskel.data.class_names import read_class_names, renumber
from mmskel.data.foreign import foreign_folder
from mmskel.data.readers import READERS, Reader, ReadError, options_of
from mmskel.data.readers.reader import some
from mmskel.files.atomic import atomic_path, output_path
from mmskel.files.errors import UserError
from mmskel.files.progress import progress_bar
from mmskel.files.text import printable
from mmskel.skeleton import Clip, ClipError
from mmskel.skeleton.scores import non_negative


class PrepareError(UserError):
    """A data set that could not be prepared; nothing was written."""


def prepare(format: str, source: str | Path, out: str | Path, *, keep_going: bool = False, progress: bool = True,
            class_names: str | Path | None = None, options: Mapping[str, Any] | None = None) -> AnnotationFile:
    """Reads a data set and writes it as one annotation file.

    A broken input file stops everything and is named, unless ``keep_going``: then it is skipped and listed in
    ``<out>.skipped.txt`` (name, tab, reason). A list of an earlier run is removed when nothing is skipped.

    Args:
        format: A name of :data:`~mmskel.data.readers.READERS`.
        source: Folder, archive or file in that format.
        out: Annotation file to write, ``.pkl``.
        keep_going: Whether to skip broken files instead of stopping.
        progress: Whether to show a progress bar (on a terminal) and print the summary.
        class_names: Text file with the names of the classes, one per line, in the order of their numbers. Clips whose
            classes have names are numbered by it; to numbers it gives names. Default: the reader's order and names.
        options: Options of the reader by name.

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
    if out.is_dir() or out.suffix not in ('.pkl', '.pickle'):
        raise PrepareError(f"cannot write to '{out}': expected the name of a file that ends in .pkl")
    output_path(out, *(path for path in (source, class_names, *(options or {}).values())
                       if isinstance(path, (str, Path)) and '\0' not in str(path) and Path(path).is_file()))
    names = None if class_names is None else read_class_names(class_names)
    reader = open_reader(format, source, options or {})
    skipped: dict[str, str] = {}
    clips: list[Clip] = []
    raised: dict[str, int] = {}
    try:
        for item in progress_bar(reader.items(), f'prepare {format}', wanted=progress):
            try:
                clips.append(_read(reader, item, raised))
            except (ReadError, ClipError) as error:
                if not keep_going:
                    raise PrepareError(f'{error}. Nothing was written; repair or remove the file, or skip broken ones '
                                       'with keep_going=True') from None
                skipped[item] = str(error)
        if not clips:
            raise PrepareError(f"none of the {len(skipped)} clips of '{source}' can be read"
                               f'{"; the first: " + next(iter(skipped.values())) if skipped else ""}')
        repeated = [name for name, times in Counter(clip.id for clip in clips).items() if times > 1]
        if repeated:
            raise PrepareError(f"'{source}' has {len(repeated)} clip ids that occur twice, e.g. '{repeated[0]}'")
        splits = _splits(reader, clips, str(source))
        # keep what a file of ours already says about its origin
        meta = {'format': format, 'notes': reader.notes(), 'options': _set_options(reader), **reader.meta()}
        if names is not None:
            renumber(clips, meta.get('class_names'), names, class_names)
            meta['class_names'] = names
            meta['notes'] = [*(note for note in meta['notes'] if not note.startswith('labels are ')),
                             f"classes are numbered as in '{Path(class_names).name}'"]
        if raised:
            meta['notes'] = [*meta['notes'], f'{sum(raised.values())} scores in {len(raised)} clips are a little below '
                                             f'0 and became 0: {some(list(raised))}']
        if skipped:
            meta['skipped'] = {**meta.get('skipped', {}), **skipped}
    except ReadError as error:
        raise PrepareError(str(error)) from None
    finally:
        reader.close()
    file = save_with_skipped(out, clips, splits, meta, skipped)
    if progress:
        print(printable(summary(file)))
    return file


def _splits(reader: Reader, clips: list[Clip], source: str) -> dict[str, list[str]]:
    """The splits that have clips.

    Raises:
        PrepareError: If the source has splits, but none of them names a clip that was read.
    """
    splits = reader.splits([clip.id for clip in clips])
    if splits and not any(splits.values()):
        raise PrepareError(f"'{source}' has the splits {', '.join(splits)}, but none of them names one of its "
                           f'{len(clips)} clips; the ids in the splits are spelt in another way')
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


def summary(file: AnnotationFile) -> str:
    """A summary of a prepared file, in a few lines."""
    lengths = sorted(item['total_frames'] for item in file.annotations)
    persons = max(item['keypoint'].shape[0] for item in file.annotations)
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
                      skipped: dict[str, str]) -> AnnotationFile:
    """Writes an annotation file and, beside it ``<out>.skipped.txt``, the list of what is not in it (name, tab,
    reason).

    Args:
        out, clips, splits, meta: See :func:`~mmskel.data.annotation_file.save_annotation_file`.
        skipped: Name -> reason; nothing: a list of an earlier run is removed.
    """
    listing = _skipped_path(out)
    # the list first: a file with skipped clips never exists without it
    if skipped:
        with atomic_path(listing) as temporary:
            temporary.write_text(''.join(f'{name}\t{" ".join(why.split())}\n' for name, why in skipped.items()),
                                 encoding='utf-8', errors='backslashreplace')
    try:
        file = save_annotation_file(out, clips, splits, meta)
    except BaseException:
        if skipped:
            listing.unlink(missing_ok=True)
        raise
    if not skipped:
        listing.unlink(missing_ok=True)
    return file


def _skipped_path(out: str | Path) -> Path:
    return Path(f'{out}.skipped.txt')


def _set_options(reader: Reader) -> dict[str, Any]:
    """The options that have a value, fit for a file that is shared: of a path only the name."""
    values = {name: (item.kind, getattr(reader, name)) for name, item in options_of(type(reader)).items()}
    return {name: Path(value).name if kind == 'path' else value for name, (kind, value) in values.items()
            if value is not None}
