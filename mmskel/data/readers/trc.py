"""Marker trajectories (``.trc``) of Sports2D and Pose2Sim, a file per person.

Formats: OpenSim's ``.trc``; https://github.com/davidpagnon/Sports2D, https://github.com/perfanalytics/pose2sim (BSD-3).
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.label_table import LabelTable
from mmskel.data.readers.reader import Reader, ReadError, option, some
from mmskel.skeleton import Clip, LayoutError, get_layout
from mmskel.skeleton.tables import LAYOUTS

_PERSON = re.compile(r'(.+)_person_?(\d{1,9})')
_CANDIDATES = ('coco17', 'halpe26', 'openpose25', 'coco_wholebody133')
_METRES = {'m': 1., 'mm': 1e-3, 'cm': 1e-2}
_WORDS = {'hip': 'pelvis', 'midhip': 'pelvis'}


@dataclass
class TRC(Reader):
    """Reads ``<video>_person00.trc``, ``<video>_person01.trc``, ... as one clip of several persons, any other file as a
    clip of one. Joints are matched by the names of the markers; those that a file lacks have score 0. In pixels
    (``px``) a clip has x and y, in metres x, y and z; the directions of the axes stay as they are."""
    labels: str | Path | None = option('path', None, "table of labels: csv with a header 'id,label' and, optionally, "
                                       "'split', 'subject', 'fps'; default: clips without labels")
    layout: str | None = option('text', None, "the joint order to fill; default: the smallest of coco17, halpe26, "
                                'openpose25 that has all markers')
    what: ClassVar[str] = 'folder or zip archive of marker trajectories, .trc, or one such file'

    def __post_init__(self):
        super().__post_init__()
        try:
            self.layout = None if self.layout is None else get_layout(self.layout).name
        except LayoutError as error:
            raise ReadError(str(error)) from None
        single = self.source.is_file() and self.source.suffix.lower() == '.trc'
        self._tree = FileTree(self.source.parent if single else self.source)
        places = {self.source.name: self.source.name} if single else self._tree.below('.trc')
        clips: dict[str, list[str]] = {}
        for path, place in places.items():
            match = _PERSON.fullmatch(path.removesuffix('.trc'))
            clips.setdefault(match[1] if match else path.removesuffix('.trc'), []).append(place)
        if not clips:
            raise ReadError(f"'{self.source}' holds no .trc file; expected a {self.what}")
        self._table = LabelTable(self.labels, '.trc') if self.labels is not None else None
        self._files = clips if self._table is None else self._table.named(clips, self.source)
        self._layouts: dict[str, None] = {}

    def items(self) -> list[str]:
        if self._table is None:
            return list(self._files)
        return [*self._table.rows, *(name for name in self._files if name not in self._table.rows)]

    def read(self, item: str) -> Clip:
        table = self._table
        if table is not None and item not in table.rows:
            raise ReadError(f"'{item}' has no line in '{table.path.name}'; add one: {item},<label>")
        if item not in self._files:
            raise ReadError(f"'{table.path.name}' has a line for '{item}', but '{self.source}' has no such file")
        persons = [_read_trc(self._tree.read_text(place), place) for place in self._files[item]]
        units = {unit for _, unit, _, _ in persons}
        if len(units) > 1:
            raise ReadError(f"'{item}': files in {' and '.join(sorted(units))}; expected one unit for all persons")
        layout = self.layout or _layout_of(item, [name for names, *_ in persons for name in names])
        joints = get_layout(layout).joints
        first = min(min(points) for *_, points in persons)
        last = max(max(points) for *_, points in persons)
        if last - first >= 1_000_000:
            raise ReadError(f"'{item}': frames are numbered from {first} to {last}; expected those of a video")
        keypoint = np.zeros((len(persons), last - first + 1, len(joints), 3), np.float32)
        for m, (names, _, _, points) in enumerate(persons):
            at = [joints.index(name) if name in joints else -1 for name in names]
            for t, row in points.items():
                for joint, place in zip(row, at):
                    if place >= 0 and np.isfinite(joint).all():
                        keypoint[m, t - first, place] = joint
        unit = units.pop()
        keypoint = keypoint[..., :2] if unit == 'px' else keypoint * np.float32(_METRES[unit])
        self._layouts[layout] = None
        rate = persons[0][2]
        return Clip(item, keypoint, layout=layout, unit='pixel' if unit == 'px' else 'metre',
                    label=None if table is None else table.label(item),
                    fps=rate if table is None else table.fps(item, rate),
                    extra={} if table is None else table.extra(item))

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return {} if self._table is None else self._table.splits(ids)

    def meta(self) -> dict[str, Any]:
        if len(self._layouts) > 1:
            raise ReadError(f"'{self.source}' mixes clips of {' and '.join(self._layouts)}; name one joint order with "
                            "the option 'layout'")
        names = None if self._table is None else self._table.class_names
        return dict(layout=next(iter(self._layouts), ''), source=self.source.resolve().name,
                    **({} if names is None else dict(class_names=names)))

    def notes(self) -> list[str]:
        return ['no table of labels: the clips have none' if self._table is None else self._table.note()]

    def close(self) -> None:
        self._tree.close()


def joint_name(marker: str) -> str:
    """Our name of a marker: ``RBigToe`` -> ``right_big_toe``, ``Hip`` -> ``pelvis``; names of ours stay."""
    side = {'R': 'right_', 'L': 'left_'}.get(marker[:1], '') if marker[1:2].isupper() else ''
    word = re.sub(r'(?<=[a-z])(?=[A-Z])', '_', marker[1:] if side else marker).lower()
    return side + word if side else _WORDS.get(word, word)


def _layout_of(item: str, names: list[str]) -> str:
    fits = [one for one in _CANDIDATES if set(names) <= set(LAYOUTS[one].joints)]
    fits += [one for one, layout in LAYOUTS.items() if one not in _CANDIDATES and set(names) <= set(layout.joints)]
    if not fits:
        raise ReadError(f"'{item}': no known joint order has all of its markers: {some(names, 40)}; name one with the "
                        "option 'layout', which takes those that it knows")
    return fits[0]


def _read_trc(text: str, place: str) -> tuple[list[str], str, float, Mapping[int, np.ndarray]]:
    """Joint names, unit, frames per second, and frame -> (markers, 3); empty cells are NaN."""
    lines = text.splitlines()
    try:
        head = dict(zip(lines[1].split('\t'), lines[2].split('\t')))
        rate, unit = float(head['DataRate']), head['Units'].strip()
        names = [joint_name(cell.strip()) for cell in lines[3].split('\t')[2:] if cell.strip()]
    except (LookupError, ValueError):
        raise ReadError(f"'{place}': expected the header of a .trc file: DataRate, Units, and names of "
                        'markers') from None
    if unit not in (*_METRES, 'px') or not 0 < rate < 1e6 or not names or len(set(names)) < len(names):
        raise ReadError(f"'{place}': unit '{unit[:20]}', {rate:g} frames per second, markers {some(names)}; "
                        'expected px, m, cm or mm, a positive rate, and markers of different names')
    points = {}
    for number, line in enumerate(lines[5:], 6):
        cells = line.split('\t')
        if not line.strip():
            continue
        cells = [cell.strip() for cell in cells[:2 + 3 * len(names)]] + [''] * (2 + 3 * len(names) - len(cells))
        try:
            row = np.array([float(cell) if cell else np.nan for cell in cells[2:]]).reshape(-1, 3)
            points[int(cells[0])] = row
        except ValueError:
            raise ReadError(f"'{place}', line {number}: expected the number of a frame, the time, and x, y, z of "
                            f'{len(names)} markers') from None
    if not points:
        raise ReadError(f"'{place}' has no frames")
    return names, unit, rate, points
