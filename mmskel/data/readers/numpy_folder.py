"""Your own data: a folder of ``.npy`` arrays and a table of labels."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mmskel.data.foreign import foreign_array
from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.label_table import LabelTable
from mmskel.data.readers.reader import Reader, ReadError, option, some
from mmskel.files.arrays import ArrayFileError, read_npy
from mmskel.skeleton import Clip, LayoutError, get_layout
from mmskel.skeleton.scores import confidence

_MOST_SCORE = 20.  # raw outputs of pose networks reach 10; beyond that it is a coordinate


@dataclass
class NumpyFolder(Reader):
    """Reads ``<id>.npy`` of shape (T, V, C) or (M, T, V, C) and a csv table ``id,label[,split,subject,fps]``.

    An id is the path of an array below the folder, without its suffix, or the file's own name if no other file has
    it. Labels are class indices 0, 1, ... if every label of the table is a whole number (also ``0.0``); otherwise they
    are class names, and classes are numbered in the alphabetical order of their names. ``split`` holds one split name
    or several, separated by ``;``. An array without a line in the table, and a line without an array, is an error that
    names it.
    """
    labels: str | Path | None = option('path', None, "the table: csv with a header 'id,label' and, optionally, "
                                       "'split', 'subject', 'fps'")
    layout: str | None = option('text', None, 'the joint order, e.g. coco17 or kinect20')
    with_score: bool = option('flag', False, 'the last channel is a score in [0, 1], not a coordinate')
    unit: str = option('text', '', 'default: pixel for two coordinates, metre for three',
                       ('', 'pixel', 'metre', 'normalised'))
    width: int | None = option('number', None, 'width of the images, for pixels')
    height: int | None = option('number', None, 'height of the images, for pixels')
    fps: float | None = option('number', None, 'frames per second of all clips without an fps of their own')
    what: ClassVar[str] = "folder or zip archive with an array '<id>.npy' for every clip"

    def __post_init__(self):
        super().__post_init__()
        if self.labels is None or self.layout is None:
            raise ReadError("the numpy format needs the options 'labels' (a csv table with the header 'id,label') and "
                            "'layout' (the joint order, e.g. coco17)")
        if (self.width is None) != (self.height is None):
            raise ReadError("options 'width' and 'height' belong together; only one of them was given")
        try:
            self.layout = get_layout(self.layout).name
        except LayoutError as error:
            raise ReadError(str(error)) from None
        self._clipped: dict[str, int] = {}
        self._tree = FileTree(self.source)
        self._files = {path.removesuffix('.npy'): place for path, place in self._tree.below('.npy').items()}
        if not self._files:
            raise ReadError(f"'{self.source}' holds no array; expected a {self.what}")
        self._table = LabelTable(self.labels, '.npy')
        self._rows, self._names = self._table.rows, self._table.class_names
        self._files = self._table.named(self._files, self.source, '.npy')

    def items(self) -> list[str]:
        return [*self._rows, *(name for name in self._files if name not in self._rows)]

    def read(self, item: str) -> Clip:
        if item not in self._rows:
            raise ReadError(f"'{item}.npy' has no line in '{Path(self.labels).name}'; add one: {item},<label>")
        if item not in self._files:
            raise ReadError(f"'{Path(self.labels).name}' has a line for '{item}', but there is no '{item}.npy'")
        try:
            array = read_npy(self._tree.read(self._files[item]), f'{item}.npy')
        except ArrayFileError as error:
            raise ReadError(str(error)) from None
        joints = get_layout(self.layout).num_joints
        channels = (3, 4) if self.with_score else (2, 3)
        if array.dtype.kind not in 'fiu' or array.ndim not in (3, 4) or \
                array.shape[-2] != joints or array.shape[-1] not in channels:
            raise ReadError(f"'{item}.npy' holds {array.dtype} {array.shape}; expected numbers of shape (T, {joints}, "
                            f"C) or (M, T, {joints}, C), with the {joints} joints of '{self.layout}' and C = "
                            f'{channels[0]} or {channels[1]}{", the last one the score" if self.with_score else ""}'
                            + (f'. {other}' if (other := foreign_array(array.shape)) else ''))
        array = array if array.ndim == 4 else array[None]
        score = None
        if self.with_score:
            array, score = array[..., :-1], self._confidence(array[..., -1], item)
        unit, array, score = self._fractions(array, score)
        return Clip(item, array, score, layout=self.layout, unit=unit, label=self._table.label(item),
                    fps=self._table.fps(item, self.fps), extra=self._table.extra(item),
                    image_size=None if self.width is None else (int(self.height), int(self.width)))

    def _fractions(self, array: np.ndarray, score: np.ndarray | None) -> tuple[str, np.ndarray, np.ndarray | None]:
        """MediaPipe's landmarks are fractions of the image, and NaN where nobody was found."""
        if self.layout != 'mediapipe33':
            return self.unit, array, score
        lost = np.isnan(array).any(-1)
        array = np.where(lost[..., None], 0, array)
        score = score if score is None else np.where(lost, 0, score)
        low, high = (array[..., :2].min(), array[..., :2].max()) if array.size else (0, 0)
        # landmarks in metres have their origin between the hips, so many of them are negative
        fractions = not self.unit and low > -0.25 and high < 1.25
        return 'normalised' if fractions else self.unit, array, score

    def _confidence(self, score: np.ndarray, item: str) -> np.ndarray:
        """Scores of any network: raw outputs a little outside of [0, 1] are clipped, and counted."""
        low, high = (float(np.nanmin(score)), float(np.nanmax(score))) if np.isfinite(score).any() else (0., 0.)
        if low < -0.1 or high > _MOST_SCORE:
            raise ReadError(f"'{item}.npy': the last channel, the score, goes from {low:.3g} to {high:.3g}; expected "
                            'confidences from 0 to 1. Was a coordinate taken for a score?')
        score, outside = confidence(score)
        if outside:
            self._clipped[item] = outside
        return score

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return self._table.splits(ids)

    def meta(self) -> dict[str, Any]:
        meta = dict(layout=self.layout, source=self.source.name)
        return meta if self._names is None else dict(meta, class_names=self._names)

    def notes(self) -> list[str]:
        notes = [self._table.note()]
        if self._clipped:
            notes.append(f'{sum(self._clipped.values())} scores in {len(self._clipped)} clips were outside of [0, 1] '
                         f'and were clipped: {some(list(self._clipped))}')
        return notes

    def close(self) -> None:
        self._tree.close()
