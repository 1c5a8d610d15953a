"""FR-FS: falls in figure skating, folders of frames, one person's joints beside each, as Gate-Shift-Pose has them.

Source: S. Wang et al., "TSA-Net: Tube Self-Attention Network for Action Quality Assessment", ACM MM 2021; the lists and
the joints are those of Gate-Shift-Pose's code (arXiv 2503.04470). See ``docs/published/gate_shift_pose.md``, D7.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.reader import Reader, ReadError, option
from mmskel.files.arrays import ArrayFileError, read_npy
from mmskel.skeleton import Clip

_LISTS = {'train': 'train_videofolder.txt', 'test': 'val_videofolder.txt'}
_FEWEST = 3  # the released code drops shorter clips from its lists


@dataclass
class FRFS(Reader):
    """Reads lists of folders, their frames and the joints beside them: one person, 17 joints (``coco17``), pixels.

    A frame without a file of joints, or with zeros in it, has missing joints: zeros with score 0. Labels are kept as
    numbers: sources disagree on what 1 means.

    Splits: ``train`` and ``test``, the two lists.
    """
    fps: float = option('number', 25., 'frames per second of the clips, which the frames do not say')
    what: ClassVar[str] = ("folder or zip archive with 'train_videofolder.txt' and 'val_videofolder.txt' (lines of "
                           "folder, number of frames and label), folders of frames '<folder>/00000.jpg', ... and "
                           "joints '<folder>/00000.npy', ...")

    def __post_init__(self):
        super().__post_init__()
        self._tree = FileTree(self.source)
        lists = {part: self._tree.named(re.escape(name)).get(name) for part, name in _LISTS.items()}
        if not any(lists.values()):
            tables = [place for place in self._tree.others('$') if place.lower().endswith(('.xls', '.xlsx'))]
            hint = f"; '{tables[0]}' is a spreadsheet: save its rows as such a list" if tables else ''
            raise ReadError(f"'{self.source}' has no {' and no '.join(_LISTS.values())}; expected a {self.what}{hint}")
        self._listed: dict[str, tuple[int, int, str]] = {}  # folder -> frames, label, part
        self._missing = self._short = 0
        for part, place in lists.items():
            if place:
                self._read_list(place, part)
        self._files: dict[str, dict[str, dict[int, str]]] = {}
        for (folder, number, suffix), place in self._tree.placed(r'([^/]+)/(\d+)\.(jpg|jpeg|png|npy)').items():
            kind = 'joints' if suffix == 'npy' else 'frames'
            self._files.setdefault(folder, {}).setdefault(kind, {})[int(number)] = place
        if not any(found.get('joints') for found in self._files.values()):
            raise ReadError(f"'{self.source}' has no file of joints beside its frames; expected a {self.what}. "
                            '`mmskel extract LIST.txt OUT.pkl --labels TABLE.csv` finds them in listed folders')

    def _read_list(self, place: str, part: str) -> None:
        for number, line in enumerate(self._tree.read_text(place).splitlines(), 1):
            words = line.split()
            if not words:
                continue
            if len(words) != 3 or not words[1].isdecimal() or not words[2].isdecimal() or len(words[1] + words[2]) > 9:
                raise ReadError(f"'{place}' line {number}: expected '<folder> <number of frames> <label>'; found "
                                f"'{line[:60]}'")
            folder = words[0].rstrip('/').rpartition('/')[2]
            if folder in self._listed:
                raise ReadError(f"'{place}' line {number}: '{folder}' is listed twice; keep one")
            if int(words[1]) < _FEWEST:
                self._short += 1
                continue
            self._listed[folder] = int(words[1]), int(words[2]), part

    def items(self) -> list[str]:
        return list(self._listed)

    def read(self, item: str) -> Clip:
        listed, label, _ = self._listed[item]
        found = self._files.get(item, {})
        frames, joints = found.get('frames', {}), found.get('joints', {})
        if len(frames) < listed:
            more = (f'; {listed} is the number of its images and joints together, since the released script counts '
                    'every file: make the list before the joints') if len(frames) + len(joints) == listed else ''
            raise ReadError(f"'{item}': the list says {listed} frames, and the folder has {len(frames)}{more}")
        numbers = sorted(frames)
        if strays := sorted(set(joints) - set(numbers)):
            raise ReadError(f"'{joints[strays[0]]}': joints of frame {strays[0]}, which is not there; the folder has "
                            f'frames {numbers[0]} to {numbers[-1]}')
        keypoint = np.zeros((len(numbers), 17, 2), np.float32)
        for row, number in enumerate(numbers):
            if number in joints:
                keypoint[row] = self._joints(joints[number])
        seen = (keypoint != 0).any(-1)
        self._missing += int((~seen.any(1)).sum())
        import cv2
        image = cv2.imdecode(np.frombuffer(self._tree.read(frames[numbers[0]]) or b'\0', np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise ReadError(f"'{frames[numbers[0]]}' is not an image that can be decoded")
        folder = (self.source / frames[numbers[0]]).parent
        return Clip(item, keypoint[None], seen[None].astype(np.float32), layout='coco17', image_size=image.shape[:2],
                    label=label, fps=float(self.fps), rgb=str(folder) if folder.is_dir() else None)

    def _joints(self, place: str) -> np.ndarray:
        try:
            joints = read_npy(self._tree.read(place), place)
        except ArrayFileError as error:
            raise ReadError(str(error)) from None
        if joints.shape not in ((1, 17, 2), (17, 2)) or joints.dtype.kind not in 'fiu':
            raise ReadError(f"'{place}' is an array {joints.dtype} {joints.shape}; expected the x and y of 17 joints, "
                            '(1, 17, 2) or (17, 2)')
        joints = joints.reshape(17, 2).astype(np.float32)
        if not np.isfinite(joints).all():
            raise ReadError(f"'{place}' has coordinates that are not finite numbers; missing joints are zeros")
        return joints

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return {part: [one for one in ids if self._listed[one][2] == part] for part in _LISTS}

    def meta(self) -> dict[str, Any]:
        labels = max((label for _, label, _ in self._listed.values()), default=0)
        return dict(layout='coco17', class_names=[f'label {number}' for number in range(labels + 1)],
                    source='FR-FS (Wang et al., ACM MM 2021), joints as in Gate-Shift-Pose')

    def notes(self) -> list[str]:
        notes = []
        if self._missing:
            notes.append(f'{self._missing} frames have no joints; they are zeros with score 0')
        if self._short:
            notes.append(f'{self._short} clips of fewer than {_FEWEST} frames were left out')
        return notes

    def close(self) -> None:
        self._tree.close()
