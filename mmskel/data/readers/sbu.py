"""SBU Kinect Interaction: eight interactions of two persons, 21 pairs, 282 clips.

Source: K. Yun, J. Honorio, D. Chattopadhyay, T. L. Berg, D. Samaras, "Two-person Interaction Detection Using Body-Pose
Features and Multiple Instance Learning", CVPR Workshops 2012. Files: ``sAAsBB/CC/NNN/skeleton_pos.txt`` (pair, class,
recording), per line a frame number and 2 x 15 x (x, y, z), normalised.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.reader import Reader, ReadError, option
from mmskel.skeleton import Clip

_FILE = r'(s\d\ds\d\d)/(\d\d)/(\d\d\d)/skeleton_pos\.txt'
# the class is the number of the folder; published lists do not agree on the order of the last five names
CLASSES = ('approaching', 'departing', 'kicking', 'pushing', 'shaking hands', 'hugging', 'exchanging object',
           'punching')
PAIRS = ('s01s02', 's01s03', 's01s07', 's02s01', 's02s03', 's02s06', 's02s07', 's03s02', 's03s04', 's03s05', 's03s06',
         's04s02', 's04s03', 's04s06', 's05s02', 's05s03', 's06s02', 's06s03', 's06s04', 's07s01', 's07s03')
# the published folds, pairs counted from 1
FOLDS = ((1, 9, 15, 19), (5, 7, 10, 16), (2, 3, 20, 21), (4, 6, 8, 11), (12, 13, 14, 17, 18))
_WIDTH = 2 * 15 * 3


@dataclass
class SBU(Reader):
    """Reads SBU Kinect Interaction: two persons, 15 joints, normalised coordinates, 15 frames per second.

    Splits: ``fold1`` .. ``fold5`` (``_train``, ``_test``): the published folds by pairs; the mean over folds is
    reported.
    """
    denormalise: bool = option('flag', False, 'undo the normalisation: X = 1280 - 2560 x, Y = 960 - 1920 y, '
                               'Z = 10000 z / 7.8125, so that the three axes have one scale')
    what: ClassVar[str] = "folder or zip archive with the files 'sAAsBB/CC/NNN/skeleton_pos.txt'"

    def __post_init__(self):
        super().__post_init__()
        self._tree = FileTree(self.source)
        self._files = {'_'.join(parts): place for parts, place in sorted(self._tree.placed(_FILE).items())}
        if not self._files:
            raise ReadError(f"'{self.source}' holds no SBU clip; expected a {self.what}")

    def items(self) -> list[str]:
        return list(self._files)

    def read(self, item: str) -> Clip:
        pair, number, recording = item.split('_')
        if not 1 <= int(number) <= len(CLASSES):
            raise ReadError(f"'{item}': there is no class {number} in SBU; folders are 01 to {len(CLASSES):02d}")
        rows = []
        for place, line in enumerate(self._tree.read_text(self._files[item]).splitlines(), 1):
            if not line.strip():
                continue
            try:
                rows.append([float(word) for word in line.strip().strip(',').split(',')])
            except ValueError:
                raise ReadError(f"'{item}' line {place}: not a number in '{line[:60]}'; expected numbers with commas "
                                'between them') from None
            if len(rows[-1]) != 1 + _WIDTH:
                raise ReadError(f"'{item}' line {place}: {len(rows[-1])} numbers; expected {1 + _WIDTH} = frame number "
                                'and 2 persons x 15 joints x (x, y, z)')
        if not rows:
            raise ReadError(f"'{item}' is empty")
        joints = np.array(rows)[:, 1:].reshape(-1, 2, 15, 3)
        if self.denormalise:
            joints = np.array([1280, 960, 0]) + joints * np.array([-2560, -1920, 10000 / 7.8125])
        return Clip(item, joints.swapaxes(0, 1).astype(np.float32), layout='sbu15', unit='normalised', fps=15.,
                    label=int(number) - 1, extra=dict(pair=pair, recording=int(recording)))

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        splits = {}
        for number, fold in enumerate(FOLDS, 1):
            tested = {PAIRS[pair - 1] for pair in fold}
            splits[f'fold{number}_train'] = [i for i in ids if i[:6] in PAIRS and i[:6] not in tested]
            splits[f'fold{number}_test'] = [i for i in ids if i[:6] in tested]
        return splits

    def meta(self) -> dict[str, Any]:
        return dict(layout='sbu15', class_names=list(CLASSES), fps=15.,
                    source='SBU Kinect Interaction (Yun et al., CVPR Workshops 2012)')

    def notes(self) -> list[str]:
        others = sorted({item[:6] for item in self._files} - set(PAIRS))
        notes = ['classes by the number of their folder; the names of classes 4 to 8 are those of one of two published '
                 'orders']
        return notes + ([f'pairs that are in no fold: {", ".join(others)}'] if others else [])

    def close(self) -> None:
        self._tree.close()
