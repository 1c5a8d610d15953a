"""Annotation pickles of MMAction2 and PYSKL: validated, and rewritten with the facts that they lack."""
from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from mmskel.data.annotation_file import AnnotationFile, annotations_in, load_annotation_pickle
from mmskel.data.readers.reader import Reader, ReadError, option
from mmskel.files.errors import UserError
from mmskel.skeleton import Clip, clip_id

_SUFFIXES = ('.pkl', '.pickle')


@dataclass
class Pickled(Reader):
    """Reads a pickle of annotations (a dict with ``split`` and ``annotations``, or a list of annotations), or a folder
    of such pickles and of pickles that hold the annotation of one video each.

    Files are read without running code. Splits are kept as they are; a clip that a split names and the file does
    not have is an error that names it. In a folder, the clips of a file without splits become a split that bears the
    file's name, less the beginning that all such files share: ``my_train.pkl`` and ``my_val.pkl`` are ``train`` and
    ``val``.
    """
    layout: str | None = option('text', None, 'joint order, if the file does not say; default: the one its joint '
                                'count makes likely (17: coco17, 25 in 3-D: ntu25, ...)')
    what: ClassVar[str] = 'annotation pickle (.pkl) of MMAction2, PYSKL or mmskel, or a folder of them'

    def __post_init__(self):
        super().__post_init__()
        try:
            if not self.source.is_dir():
                files = {self.source: annotations_in(load_annotation_pickle(self.source), self.source)}
            else:
                files = dict(self._folder())
        except UserError as error:  # no pickle, no annotations
            raise ReadError(str(error)) from None
        self._read(files)
        self._lost = {str(i): name for name, members in self._split.items() for i in members
                      if str(i) not in self._annotations}
        self._layouts: dict[str, None] = {}

    def _folder(self) -> Iterator[tuple[Path, tuple[AnnotationFile, dict[str, str]]]]:
        """Every pickle of the folder itself, and its annotations."""
        paths = sorted(path for path in self.source.iterdir() if path.suffix in _SUFFIXES and path.is_file())
        if not paths:
            raise ReadError(f"'{self.source}' is a folder without a pickle; expected files that end in .pkl")
        lists = []
        for path in paths:
            data = load_annotation_pickle(path)
            if isinstance(data, Mapping) and 'keypoint' in data:  # one video
                yield path, annotations_in([data], path)
                continue
            file, odd = annotations_in(data, path)
            if not file.split:
                lists.append((path, file))
            yield path, (file, odd)
        shared = os.path.commonprefix([path.stem for path, _ in lists]) if len(lists) > 1 else ''
        shared = max((shared.rpartition(mark)[0] + mark for mark in '_-. ' if mark in shared), key=len, default='')
        for path, file in lists:
            file.split[path.stem.removeprefix(shared)] = [clip_id(item) for item in file.annotations]

    def _read(self, files: Mapping[Path, tuple[AnnotationFile, dict[str, str]]]) -> None:
        """Joins the annotations, splits and facts of all files."""
        self._annotations: dict[str, tuple[Mapping[str, Any], str]] = {}
        self._odd: dict[str, str] = {}
        self._split: dict[str, list[str]] = {}
        self._meta: dict[str, Any] = {}
        where: dict[str, Path] = {}
        for path, (file, odd) in files.items():
            self._odd.update({f'{path.name}, {name}' if len(files) > 1 else name: f"'{path}'{why}"
                              for name, why in odd.items()})
            for item in file.annotations:
                name = clip_id(item)
                if name in where:
                    self._odd[f'{path.name}, {name}'] = (
                        f"'{path}': clip '{name}' is also in '{where[name].name}'; ids must differ. If one of the two "
                        'files is the result of an earlier run, remove it from the folder')
                    continue
                where[name] = path
                self._annotations[name] = item, file.layout
            for name, members in file.split.items():
                self._split.setdefault(name, []).extend(members)
            for key, value in file.meta.items():
                if key in ('notes', 'skipped') and key in self._meta:
                    self._meta[key] = [*self._meta[key], *value] if key == 'notes' else {**self._meta[key], **value}
                elif key == 'class_names' and list(self._meta.get(key, value)) != list(value):
                    raise ReadError(f"'{path}' names other classes than the files before it; a file holds one list of "
                                    'classes')
                else:
                    self._meta.setdefault(key, value)

    def items(self) -> list[str]:
        return [*self._annotations, *self._odd, *self._lost]

    def read(self, item: str) -> Clip:
        if item in self._odd:
            raise ReadError(self._odd[item])
        if item in self._lost:
            raise ReadError(f"'{self.source}': split '{self._lost[item]}' names clip '{item}', but the file has no "
                            'such clip')
        annotation, layout = self._annotations[item]
        clip = Clip.from_annotation(annotation, layout=self.layout or layout)
        self._layouts[clip.layout] = None
        return clip

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        known = set(ids)
        return {name: [str(i) for i in members if str(i) in known] for name, members in self._split.items()}

    def meta(self) -> dict[str, Any]:
        layouts = [name for name in self._layouts if name]
        if len(layouts) > 1:
            raise ReadError(f"'{self.source}' mixes clips of {' and '.join(layouts)}; a file holds one layout")
        likely = next((layout for _, layout in self._annotations.values() if layout), '')
        return {'source': self.source.resolve().name, **self._meta,
                'layout': layouts[0] if layouts else self.layout or likely}
