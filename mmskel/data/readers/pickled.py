"""Annotation pickles of MMAction2 and PYSKL: validated, and rewritten with what they do not say about themselves."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mmskel.data.annotation_file import read_annotations
from mmskel.data.readers.reader import Reader, ReadError, option
from mmskel.files.errors import UserError
from mmskel.skeleton import Clip, clip_id


@dataclass
class Pickled(Reader):
    """Reads a pickle of annotations (a dict with ``split`` and ``annotations``, or a list of annotations).

    The file is read without running code. Splits are kept as they are; a clip that a split names and the file does
    not have is an error of that name.
    """
    layout: str | None = option('text', None, 'the joint order, where the file does not say; default: what its joint '
                                'count makes likely (17: coco17, 25 in 3-D: ntu25, ...)')
    what: ClassVar[str] = 'annotation pickle (.pkl) of MMAction2, PYSKL or mmskel'

    def __post_init__(self):
        super().__post_init__()
        try:
            self._file, self._odd = read_annotations(self.source)
        except UserError as error:  # no pickle, no annotations, two clips of one id
            raise ReadError(str(error)) from None
        self._annotations = {clip_id(item): item for item in self._file.annotations}
        self._lost = {str(i): name for name, members in self._file.split.items() for i in members
                      if str(i) not in self._annotations}
        self._layouts: dict[str, None] = {}

    def items(self) -> list[str]:
        return [*self._annotations, *self._odd, *self._lost]

    def read(self, item: str) -> Clip:
        if item in self._odd:
            raise ReadError(f"'{self.source}'{self._odd[item]}")
        if item in self._lost:
            raise ReadError(f"'{self.source}': split '{self._lost[item]}' names clip '{item}', but the file has no "
                            'such clip')
        clip = Clip.from_annotation(self._annotations[item], layout=self.layout or self._file.layout)
        self._layouts[clip.layout] = None
        return clip

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        known = set(ids)
        return {name: [str(i) for i in members if str(i) in known] for name, members in self._file.split.items()}

    def meta(self) -> dict[str, Any]:
        layouts = [name for name in self._layouts if name]
        if len(layouts) > 1:
            raise ReadError(f"'{self.source}' mixes clips of {' and '.join(layouts)}; a file holds one layout")
        return {'source': self.source.name, **self._file.meta,
                'layout': layouts[0] if layouts else self.layout or self._file.layout}
