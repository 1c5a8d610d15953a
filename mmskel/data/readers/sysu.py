"""SYSU 3D Human-Object Interaction: twelve activities of 40 subjects, 480 clips.

Source: J.-F. Hu, W.-S. Zheng, J. Lai, J. Zhang, "Jointly Learning Heterogeneous Features for RGB-D Activity
Recognition", CVPR 2015. The official split files are not public; see :class:`SYSU`.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.reader import Reader, ReadError, option
from mmskel.files.mat import MatFileError, read_mat
from mmskel.skeleton import Clip

_FILE = r'\D*(\d+)/\D*(\d+)/[^/]+\.(?:txt|mat)'
CLASSES = ('drinking', 'pouring', 'calling phone', 'playing phone', 'wearing backpack', 'packing backpack',
           'sitting chair', 'moving chair', 'taking out wallet', 'taking from wallet', 'mopping', 'sweeping')
SUBJECTS, SPLITS, SEED = 40, 30, 0


@dataclass
class SYSU(Reader):
    """Reads SYSU-3D: one person, 20 joints of Kinect v1, metres.

    One file per clip in two numbered folders, activity and subject (``video03/person17/skeleton.txt``; only the numbers
    count): text with 60 numbers per frame (x, y, z of every joint) or 20 lines of three, or a MATLAB file (version 5
    to 7) with one array of shape (T, 20, 3), (20, 3, T) or (T, 60).

    Splits, 30 each, whose mean is reported:

    * ``set1_01`` .. ``set1_30``: half of the clips of every activity train.
    * ``set2_01`` .. ``set2_30``: half of the subjects train; by the file ``split_file``, if one is given.

    Without the authors' lists, splits are drawn here, from seed 0; the notes of the file say so.
    """
    split_file: str | None = option('path', None, 'text file of setting 2: one line per split with the numbers of its '
                                    'training subjects')
    what: ClassVar[str] = ("folder or zip archive with one text or MATLAB file per clip in folders of activity and "
                           "subject, e.g. 'video03/person17/skeleton.txt'")

    def __post_init__(self):
        super().__post_init__()
        self._tree = FileTree(self.source)
        found: dict[str, str] = {}
        for (activity, subject), place in self._tree.placed(_FILE).items():
            name = f'a{int(activity):02d}_s{int(subject):02d}'
            if name in found:
                raise ReadError(f"'{self.source}' holds '{found[name]}' and '{place}', which are the same clip by "
                                'their numbers; keep one')
            found[name] = place
        self._files = dict(sorted(found.items()))
        if not self._files:
            raise ReadError(f"'{self.source}' holds no SYSU clip; expected a {self.what}")
        self._lists = self._read_lists() if self.split_file else None

    def _read_lists(self) -> list[set[int]]:
        path = Path(self.split_file)
        if not path.is_file():
            raise FileNotFoundError(f"there is no split file '{path}'")
        lists = []
        for place, line in enumerate(path.read_text(encoding='utf-8-sig').splitlines(), 1):
            words = line.partition('#')[0].replace(',', ' ').split()
            if not words:
                continue
            if not all(word.isdigit() and 1 <= int(word) <= SUBJECTS for word in words):
                raise ReadError(f"'{path}' line {place}: '{line[:60]}'; expected numbers of training subjects, 1 to "
                                f'{SUBJECTS}')
            lists.append(set(map(int, words)))
        if not lists:
            raise ReadError(f"'{path}' holds no split; expected a line of training subjects for each")
        return lists

    def items(self) -> list[str]:
        return list(self._files)

    def read(self, item: str) -> Clip:
        activity, subject = (int(part[1:]) for part in item.split('_'))
        if not 1 <= activity <= len(CLASSES):
            raise ReadError(f"'{self._files[item]}': there is no activity {activity} in SYSU-3D; folders are numbered "
                            f'from 1 to {len(CLASSES)}')
        place = self._files[item]
        table = self._matlab(place) if place.endswith('.mat') else self._text(place)
        if table.ndim == 3 and table.shape[1:] != (20, 3) and table.shape[:2] == (20, 3):
            table = table.transpose(2, 0, 1)
        if table.ndim == 2 and table.shape[1] in (3, 60) and table.size % 60 == 0:
            table = table.reshape(-1, 20, 3)
        if table.ndim != 3 or table.shape[1:] != (20, 3) or not len(table):
            raise ReadError(f"'{place}' holds numbers of shape {table.shape}; expected 20 joints x (x, y, z) of every "
                            'frame: (T, 20, 3), (20, 3, T), (T, 60) or 20 lines of three')
        return Clip(item, table[None].astype(np.float32), layout='kinect20', label=activity - 1,
                    extra=dict(subject=subject))

    def _text(self, place: str) -> np.ndarray:
        rows = [line.replace(',', ' ').split() for line in self._tree.read_text(place).splitlines() if line.strip()]
        try:
            return np.array([[float(word) for word in row] for row in rows])
        except ValueError:
            raise ReadError(f"'{place}' is not a table of numbers with lines of equal length") from None

    def _matlab(self, place: str) -> np.ndarray:
        try:
            content = read_mat(self._tree.read(place))
        except MatFileError as error:
            raise ReadError(f"'{place}' is not a MATLAB file that can be read: {error}") from None
        tables = {name: value for name, value in content.items()
                  if not isinstance(value, str) and value.size and value.size % 60 == 0}
        if len(tables) != 1:
            raise ReadError(f"'{place}' holds {len(tables)} arrays that may be joints; expected one; it has: "
                            f'{", ".join(content) or "nothing"}')
        return next(iter(tables.values()))

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        rng = np.random.default_rng(SEED)
        lists = self._lists or [set(rng.permutation(SUBJECTS)[:SUBJECTS // 2] + 1) for _ in range(SPLITS)]
        splits = {}
        for number in range(1, SPLITS + 1):
            trained: set[str] = set()
            for activity in sorted({i.partition('_')[0] for i in ids}):
                mine = sorted(i for i in ids if i.partition('_')[0] == activity)
                trained.update(mine[place] for place in rng.permutation(len(mine))[:(len(mine) + 1) // 2])
            splits[f'set1_{number:02d}_train'] = [i for i in ids if i in trained]
            splits[f'set1_{number:02d}_test'] = [i for i in ids if i not in trained]
        for number, subjects in enumerate(lists, 1):
            splits[f'set2_{number:02d}_train'] = [i for i in ids if int(i.partition('_s')[2]) in subjects]
            splits[f'set2_{number:02d}_test'] = [i for i in ids if int(i.partition('_s')[2]) not in subjects]
        return splits

    def meta(self) -> dict[str, Any]:
        return dict(layout='kinect20', class_names=list(CLASSES), source='SYSU-3D HOI (Hu et al., CVPR 2015)')

    def notes(self) -> list[str]:
        said = f"setting 2: the {len(self._lists)} splits of '{Path(self.split_file).name}'" if self._lists else \
            f'setting 2: {SPLITS} splits drawn from seed {SEED}, not the published ones; give split_file for those'
        return [said, f'setting 1: {SPLITS} splits drawn from seed {SEED}, not the published ones']

    def close(self) -> None:
        self._tree.close()
