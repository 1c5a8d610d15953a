"""Lists of videos: their ids, classes and splits."""
from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
    """
    id: str
    path: str
    label: str = ''
    split: str = ''


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


def class_names(items: Sequence[VideoItem]) -> list[str]:
    """The classes in alphabetical order; a class's position is its label."""
    return sorted({item.label for item in items if item.label})


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
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.strip() and not line.startswith('#'):
            video = path.parent / line.strip()
            if not video.exists():
                raise VideoError(f"'{path}', line {number}: there is no '{video}'; expected a path, relative to the "
                                 'list')
            items.append(VideoItem(Path(line.strip()).with_suffix('').as_posix(), str(video)))
    if not items:
        raise VideoError(f"'{path}': the list names no video; expected one path per line")
    return items


def _labelled(items: Sequence[VideoItem], table: Path) -> list[VideoItem]:
    try:
        with table.open(newline='') as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise VideoError(f"'{table}' is not a table of labels that can be read: {error}") from None
    if not rows or 'label' not in rows[0] or not {'id', 'path'} & set(rows[0]):
        found = ', '.join(filter(None, rows[0])) if rows else 'nothing'
        raise VideoError(f"'{table}': expected a header with id (or path) and label; found {found}")
    key = 'id' if 'id' in rows[0] else 'path'
    by_name = {Path(row[key]).with_suffix('').as_posix() if key == 'path' else row[key]: row for row in rows}
    known = {item.id for item in items}
    unknown = [name for name in by_name if name not in known]
    if unknown:
        raise VideoError(f"'{table}': {len(unknown)} rows name no video, e.g. '{unknown[0]}'; an id is the path below "
                         f"the folder without the suffix, e.g. '{items[0].id}'")
    missing = [item.id for item in items if item.id not in by_name]
    if missing:
        raise VideoError(f"'{table}': {len(missing)} videos have no row, e.g. '{missing[0]}'")
    return [VideoItem(item.id, item.path, by_name[item.id]['label'].strip(),
                      (by_name[item.id].get('split') or item.split).strip()) for item in items]
