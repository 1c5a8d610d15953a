"""Lists of videos: their ids, classes and splits."""
from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mmskel.files.tables import TableError, are_class_numbers, read_table, read_text
from mmskel.video.kinds import VIDEO_SUFFIXES, Kind, kind_of
from mmskel.video.sources import VideoError

SPLITS = ('train', 'val', 'test')


@dataclass(frozen=True)
class VideoItem:
    """A video to extract.

    Args:
        id: Unique id of the clip that it becomes.
        path: Path of the file.
        label: Name of its class, '' if unknown.
        split: ``'train'``, ``'val'``, ``'test'`` or any other name, '' if none.
        numbered: Whether ``label`` is the class's number, not its name.
    """
    id: str
    path: str
    label: str = ''
    split: str = ''
    numbered: bool = False


def list_videos(source: str | Path, labels: str | Path | None = None) -> list[VideoItem]:
    """The videos of a file, a folder or a list, sorted by id.

    A folder is searched recursively; ids are paths below it without the suffix. The folder that holds a video is
    its class; if the outermost folders are called ``train``, ``val`` or ``test``, they are the splits. A ``.txt``
    list holds one path per line, relative to the list. A table of labels (``.csv`` with a header: ``id`` or ``path``,
    ``label`` and, optionally, ``split``) takes precedence.

    Raises:
        VideoError: No videos, a line or row that names no video, or two videos with the same id.
    """
    source = Path(source)
    kind = kind_of(source)
    if kind is Kind.ANNOTATIONS:
        raise VideoError(f"'{source}': an annotation file holds skeletons already; expected a video, a folder of "
                         'videos or a .txt list')
    if source.is_dir():
        items = _of_folder(source)
    else:
        items = _of_list(source) if kind is Kind.LIST else [VideoItem(source.stem, str(source))]
    twice = [name for name, times in Counter(item.id for item in items).items() if times > 1]
    if twice:
        paths = [item.path for item in items if item.id == twice[0]]
        raise VideoError(f"'{source}': {len(twice)} ids occur twice, e.g. '{twice[0]}': {', '.join(paths[:2])}; rename "
                         'one of them')
    if labels is not None:
        items = _labelled(items, Path(labels))
    return sorted(items, key=lambda item: item.id)


def classes_of(items: Sequence[VideoItem]) -> tuple[dict[str, int], list[str]]:
    """The number of every label, and the names of the classes; no names where a table has numbers.

    Classes are numbered in alphabetical order of their names, or by value where all names are numbers.
    """
    labels = {item.label for item in items if item.label}
    if any(item.numbered for item in items):
        return {label: int(label) for label in labels}, []
    names = sorted(labels, key=(lambda one: (int(one), one)) if all(map(str.isdecimal, labels)) else None)
    return {name: number for number, name in enumerate(names)}, names


def splits_of(items: Sequence[VideoItem]) -> dict[str, list[str]]:
    """Split -> ids."""
    names = [name for name in SPLITS if any(item.split == name for item in items)]
    names += sorted({item.split for item in items if item.split} - set(names))
    return {name: [item.id for item in items if item.split == name] for name in names}


def _of_folder(folder: Path) -> list[VideoItem]:
    files = sorted(path for path in folder.rglob('*') if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()
                   and not path.name.startswith('.'))
    if not files:
        raise VideoError(f"'{folder}': a folder without videos; expected files that end in {', '.join(VIDEO_SUFFIXES)}")
    relative = [path.relative_to(folder) for path in files]
    with_splits = {path.parts[0] for path in relative} <= set(SPLITS)
    items = []
    for path, below in zip(files, relative):
        folders = below.parts[:-1]
        split = folders[0] if with_splits else ''
        inner = folders[1:] if with_splits else folders
        items.append(VideoItem(below.with_suffix('').as_posix(), str(path), inner[-1] if inner else '', split))
    return items


def _of_list(path: Path) -> list[VideoItem]:
    items = []
    try:
        lines = read_text(path, 'list of videos').splitlines()
    except TableError as error:
        raise VideoError(str(error)) from None
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith('#'):
            video = path.parent / line.strip()
            if len(line) > 4000 or not os.path.exists(video):
                labelled = re.fullmatch(r'(.*\S)[\s,;]+\d+', line.strip())
                hint = (f". The '{line.split()[-1]}' at its end looks like a label: a list holds paths alone; labels "
                        'stand in a table with the header path,label (--labels)' if labelled
                        and os.path.exists(path.parent / labelled[1]) else '')
                raise VideoError(f"'{path}', line {number}: there is no '{str(video)[:200]}'; expected a path, "
                                 f'relative to the list{hint}')
            items.append(VideoItem(Path(line.strip()).with_suffix('').as_posix(), str(video)))
    if not items:
        raise VideoError(f"'{path}': the list names no video; expected one path per line")
    return items


def _labelled(items: Sequence[VideoItem], table: Path) -> list[VideoItem]:
    try:
        rows = read_table(table, 'table of labels', [('id', 'path'), 'label'])
    except TableError as error:
        raise VideoError(str(error)) from None
    key = 'id' if 'id' in rows[0][1] else 'path'
    by_name: dict[str, dict[str, str]] = {}
    for line, row in rows:
        name = row[key].replace('\\', '/')
        name = PurePosixPath(name).with_suffix('').as_posix() if key == 'path' and PurePosixPath(name).name else name
        if not name or name in by_name:
            raise VideoError(f"'{table}', line {line}: "
                             + (f"a second row for '{name}'; a video has one" if name else f'an empty {key}'))
        by_name[name] = row
    known = {item.id for item in items}
    unknown = [name for name in by_name if name not in known]
    if unknown:
        raise VideoError(f"'{table}': {len(unknown)} rows name no video, e.g. '{unknown[0]}'; an id is the path below "
                         f"the folder without the suffix, e.g. '{items[0].id}'")
    missing = [item.id for item in items if item.id not in by_name]
    if missing:
        raise VideoError(f"'{table}': {len(missing)} videos have no row, e.g. '{missing[0]}'")
    try:
        numbered = are_class_numbers(table, [row['label'] for row in by_name.values()])
    except TableError as error:
        raise VideoError(str(error)) from None
    out = []
    for item in items:
        row = by_name[item.id]
        label = str(int(float(row['label']))) if numbered and row['label'] else row['label']
        out.append(VideoItem(item.id, item.path, label, row.get('split') or item.split, numbered))
    return out
