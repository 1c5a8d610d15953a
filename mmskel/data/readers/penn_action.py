"""Penn Action: 15 actions in 2,326 videos, 13 joints of one person in pixels, annotated by hand.

Source: W. Zhang, M. Zhu, K. Derpanis, "From Actemes to Action: A Strongly-Supervised Representation for Detailed Action
Understanding", ICCV 2013. Files: ``labels/NNNN.mat``, one per video (MATLAB 5).
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.reader import Reader, ReadError, some
from mmskel.files.mat import MatFileError, read_mat
from mmskel.files.text import brief
from mmskel.skeleton import Clip

_FILE = r'\d{4}\.mat'
_NEEDED = ('action', 'x', 'y', 'visibility', 'train', 'dimensions')
_JOINTS = 13


@dataclass
class PennAction(Reader):
    """Reads the Penn Action annotations: one person, 13 joints of layout ``penn13``, pixels as the files have them.

    Joints that a file calls invisible become zeros with score 0, as missing joints are everywhere here; the published
    CascadeFormer does the same. Classes are numbered by the first file of each in the order of file names, as there.

    Splits: ``train`` and ``test``, the files' own flag (1,258 / 1,068 videos).
    """
    what: ClassVar[str] = "folder or zip archive with the files 'labels/NNNN.mat' (Penn_Action.tar.gz, unpacked)"

    def __post_init__(self):
        super().__post_init__()
        self._tree = FileTree(self.source)
        self._files = self._tree.named(_FILE)
        if not self._files:
            raise ReadError(f"'{self.source}' holds no Penn Action annotation; expected a {self.what}")
        self._training: dict[str, bool] = {}
        self._invisible = 0
        self._classes: list[str] = []
        for item in self._files:  # the number of a class depends on all files before its first
            try:
                action = self._action(self._fields(item, ('action', )), item)
            except ReadError:
                continue  # named when the item is read
            if action not in self._classes:
                self._classes.append(action)

    def items(self) -> list[str]:
        return list(self._files)

    def _fields(self, item: str, names: Sequence[str]) -> dict[str, Any]:
        try:
            found = read_mat(self._tree.read(self._files[item]), names)
        except MatFileError as error:
            raise ReadError(f"'{item}' is not a MATLAB 5 file that can be read: {error}") from None
        if missing := [name for name in names if name not in found]:
            raise ReadError(f"'{item}' has no {', '.join(missing)}; expected the fields {', '.join(_NEEDED)}")
        return found

    @staticmethod
    def _action(fields: dict[str, Any], item: str) -> str:
        action = fields['action']
        if not isinstance(action, str) or not action.strip():
            raise ReadError(f"'{item}': 'action' is {brief(action)}; expected the name of one action")
        return action.strip()

    def read(self, item: str) -> Clip:
        fields = self._fields(item, _NEEDED)
        action = self._action(fields, item)
        try:
            x, y, visible = (np.asarray(fields[name], np.float32) for name in ('x', 'y', 'visibility'))
            size = [int(value) for value in np.asarray(fields['dimensions'], float).ravel()[:2]]
            flag = float(np.asarray(fields['train'], float).ravel()[0])
        except (TypeError, ValueError, IndexError, OverflowError):
            raise ReadError(f"'{item}': x, y, visibility, dimensions or train is not an array of numbers") from None
        if x.ndim != 2 or x.shape[1] != _JOINTS or not x.shape == y.shape == visible.shape or not len(x):
            raise ReadError(f"'{item}': x {x.shape}, y {y.shape}, visibility {visible.shape}; expected (frames, "
                            f'{_JOINTS} joints) each')
        if flag not in (1, -1):
            raise ReadError(f"'{item}': train is {flag:g}; expected 1 (training) or -1 (test)")
        if len(size) != 2 or min(size) < 1:
            raise ReadError(f"'{item}': dimensions {size}; expected height and width in pixels, then frames")
        seen = visible > 0
        name = item.removesuffix('.mat')
        clip = Clip(name, np.where(seen[..., None], np.stack([x, y], -1), 0)[None], seen[None].astype(np.float32),
                    layout='penn13', image_size=tuple(size), label=self._classes.index(action))
        self._training[name] = flag == 1
        self._invisible += int((~seen).sum())
        return clip

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return dict(train=[i for i in ids if self._training[i]], test=[i for i in ids if not self._training[i]])

    def meta(self) -> dict[str, Any]:
        return dict(layout='penn13', class_names=list(self._classes), source='Penn Action (Zhang et al., ICCV 2013)')

    def notes(self) -> list[str]:
        notes = [f'{len(self._classes)} classes, numbered by their first file: {some(self._classes)}']
        if self._invisible:
            notes.append(f'{self._invisible} joints are invisible; they are zeros with score 0')
        return notes

    def close(self) -> None:
        self._tree.close()
