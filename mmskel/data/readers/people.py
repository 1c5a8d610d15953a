"""The base of readers of what other pose estimators write: the people of every frame, in any order."""
from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.label_table import LabelTable
from mmskel.data.readers.reader import Reader, ReadError, option, some
from mmskel.files.json_text import JsonError, read_json
from mmskel.pose.tying import tie
from mmskel.skeleton import Clip, LayoutError, get_layout
from mmskel.skeleton.clip import likely_layout
from mmskel.skeleton.scores import confidence
from mmskel.skeleton.tables import LAYOUTS

MAX_FRAMES = 1_000_000


class Footage(NamedTuple):
    """The people of one video.

    Args:
        frames: (n, V, 3) of each frame: x, y, score.
        numbers: (n,) identities of each frame, if the program gave any.
        joints: Names of the joints, if the files say them.
        name: Name of the joint order in the files' own words, if they say it.
    """
    frames: list[np.ndarray]
    numbers: list[np.ndarray] | None = None
    joints: tuple[str, ...] = ()
    name: str = ''


@dataclass
class PeopleFiles(Reader):
    """Reads people that were found in videos. They keep their place over time: by the program's identities, where it
    gave them to everybody, otherwise by our tracker.

    Ids are paths below the folder. Without a table the clips have no labels, which is enough for ``mmskel predict``.
    Coordinates that are fractions of the image stay fractions (unit ``normalised``), or become pixels where ``width``
    and ``height`` are given. Scores outside of [0, 1] are clipped, and counted.
    """
    labels: str | Path | None = option('path', None, "table of labels: csv with a header 'id,label' and, optionally, "
                                       "'split', 'subject', 'fps'; default: clips without labels")
    layout: str | None = option('text', None, 'the joint order, e.g. coco17; default: what the files or the number of '
                                'joints say')
    width: int | None = option('number', None, 'width of the images in pixels')
    height: int | None = option('number', None, 'height of the images in pixels')
    fps: float | None = option('number', None, 'frames per second of all clips without an fps of their own')
    max_persons: int | None = option('number', None, 'number of persons kept in a clip, the longest and surest ones; '
                                     'default: all')

    def __post_init__(self):
        super().__post_init__()
        if (self.width is None) != (self.height is None):
            raise ReadError("options 'width' and 'height' belong together; only one of them was given")
        if self.max_persons is not None and int(self.max_persons) != self.max_persons:
            raise ReadError(f"option 'max_persons' is {self.max_persons}; expected a whole number")
        try:
            self.layout = None if self.layout is None else get_layout(self.layout).name
        except LayoutError as error:
            raise ReadError(str(error)) from None
        self._layouts: dict[str, None] = {}
        self._clipped: dict[str, int] = {}
        self._brief = 0
        self._files = dict(self._find())
        if not self._files:
            raise ReadError(f"'{self.source}' holds nothing of the kind; expected a {self.what}")
        self._table = LabelTable(self.labels) if self.labels is not None else None
        if self._table is not None:
            self._files = self._table.named(self._files, self.source)

    @abstractmethod
    def _find(self) -> Mapping[str, Any]:
        """Id of a clip -> what :meth:`_footage` needs to read it."""

    @abstractmethod
    def _footage(self, item: str) -> Footage:
        """The people of one video."""

    def items(self) -> list[str]:
        if self._table is None:
            return list(self._files)
        return [*self._table.rows, *(name for name in self._files if name not in self._table.rows)]

    def read(self, item: str) -> Clip:
        table = self._table
        if table is not None and item not in table.rows:
            raise ReadError(f"'{item}' has no line in '{table.path.name}'; add one: {item},<label>")
        if item not in self._files:
            raise ReadError(f"'{table.path.name}' has a line for '{item}', but '{self.source}' has no such clip; it "
                            f'has {some(list(self._files))}')
        footage = self._footage(item)
        counts = {people.shape[1] for people in footage.frames if len(people)}
        if len(counts) != 1:
            raise ReadError(f"'{item}': " + ('there is nobody in any frame' if not counts else
                                             f'people of {" and ".join(map(str, sorted(counts)))} joints in one clip'))
        layout = self._layout_of(item, *counts, footage)
        frames = [np.nan_to_num(np.where(np.isfinite(people).all(-1, keepdims=True), people, 0))
                  if len(people) else np.zeros((0, *counts, 3), np.float32) for people in footage.frames]
        tied = tie(frames, layout, footage.numbers, None if self.max_persons is None else int(self.max_persons))
        if not len(tied.keypoint):
            raise ReadError(f"'{item}': nobody is seen in three frames; a clip shows people over time")
        self._brief += sum(map(len, frames)) - int(tied.present.sum())
        score, outside = confidence(tied.score)
        if outside:
            self._clipped[item] = outside
        self._layouts[layout] = None
        return self._clip(item, tied.keypoint, score, layout, tied.track_id)

    def _clip(self, item: str, keypoint: np.ndarray, score: np.ndarray, layout: str, track_id: np.ndarray) -> Clip:
        table, size = self._table, None if self.width is None else (int(self.height), int(self.width))
        unit = 'normalised' if np.abs(keypoint).max() <= 2 else 'pixel'
        if unit == 'normalised' and size is not None:
            keypoint, unit = keypoint * np.float32(size[::-1]), 'pixel'
        return Clip(item, keypoint, score, layout=layout, unit=unit, image_size=size, track_id=track_id,
                    label=None if table is None else table.label(item),
                    fps=self.fps if table is None else table.fps(item, self.fps),
                    extra={} if table is None else table.extra(item))

    def _layout_of(self, item: str, joints: int, footage: Footage) -> str:
        """The joint order: the option's, the names' in the files, or the one that the number of joints makes likely."""
        named = [name for name, one in LAYOUTS.items() if one.joints == footage.joints]
        try:
            said = get_layout(footage.name).name if footage.name else ''
        except LayoutError:
            said = ''
        likely = None if footage.joints and not said else likely_layout(joints, 2)
        found = self.layout or (named[0] if named else said or likely)
        if found is None:
            raise ReadError(f"'{item}': {joints} joints{f' ({some(footage.joints)})' if footage.joints else ''} of an "
                            "unknown order; name it with the option 'layout'")
        if get_layout(found).num_joints != joints:
            raise ReadError(f"'{item}': {joints} joints, but layout '{found}' has {get_layout(found).num_joints}")
        return found

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return {} if self._table is None else self._table.splits(ids)

    def meta(self) -> dict[str, Any]:
        if len(self._layouts) > 1:
            raise ReadError(f"'{self.source}' mixes clips of {' and '.join(self._layouts)}; a file holds one layout")
        names = None if self._table is None else self._table.class_names
        return dict(layout=next(iter(self._layouts), ''), source=self.source.resolve().name,
                    **({} if names is None else dict(class_names=names)))

    def notes(self) -> list[str]:
        notes = ['no table of labels: the clips have none' if self._table is None else self._table.note()]
        if self._brief:
            notes.append(f'{self._brief} of the people in single frames belong to nobody who is kept')
        if self._clipped:
            notes.append(f'{sum(self._clipped.values())} scores in {len(self._clipped)} clips were outside of [0, 1] '
                         f'and were clipped: {some(list(self._clipped))}')
        return notes


def frame_list(found: Mapping[int, np.ndarray], first: int, where: str) -> list[np.ndarray]:
    """People by number of the frame -> people of every frame from the first to the last; those without are empty.

    Raises:
        ReadError: If the numbers are too far apart to be frames of a video.
    """
    last = max(found, default=first)
    if last - first >= MAX_FRAMES or min(found, default=first) < first:
        raise ReadError(f"{where}: frames are numbered from {min(found)} to {last}; expected numbers from {first}, "
                        f'at most {MAX_FRAMES} frames')
    nobody = np.zeros((0, 0, 3), np.float32)
    return [found.get(t, nobody) for t in range(first, last + 1)]


def people_array(people: Sequence[Any], where: str) -> np.ndarray:
    """(n, V, 3) of the rows of n people.

    Raises:
        ReadError: If it is no such thing.
    """
    try:
        array = np.array(people, np.float32)
    except (ValueError, TypeError, OverflowError):
        array = None
    if array is None or len(people) and (array.ndim != 3 or array.shape[-1] != 3 or not array.size):
        raise ReadError(f'{where}: the joints of its people are not x, y and score each, of equal number')
    return array.reshape(len(people), -1, 3) if len(people) else np.zeros((0, 0, 3), np.float32)


def json_file(tree: FileTree, place: str) -> Any:
    """The content of a JSON file.

    Raises:
        ReadError: If it cannot be read.
    """
    try:
        return read_json(tree.read(place))
    except JsonError as error:
        raise ReadError(f"'{place}' is not a whole JSON file: {error}") from None
