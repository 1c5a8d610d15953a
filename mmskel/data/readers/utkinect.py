"""UT-Kinect-Action3D: ten actions in 20 continuous recordings, cut into 199 segments by a label file.

Source: L. Xia, C.-C. Chen, J. K. Aggarwal, "View invariant human action recognition using histograms of 3D joints",
CVPR Workshops 2012. Files: ``joints_sSS_eEE.txt`` (frame number, then 20 x (x, y, z) in metres) and
``actionLabel.txt``, or ``actionLabel_modified.txt`` in which R. Vemulapalli (CVPR 2014) corrected seven segments.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mmskel.data.published_lists import published_list
from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.reader import Reader, ReadError, some
from mmskel.skeleton import Clip

_RECORDING = r'joints_(s\d\d_e\d\d)\.txt'
_LABELS = ('actionLabel_modified.txt', 'actionLabel.txt')  # the first one found is used
_ID = re.compile(r'a(\d\d)_s(\d\d)_e(\d\d)')
_SEGMENT = re.compile(r'(\w+)\s*:\s*(\S+)\s+(\S+)')
# name in the label file -> class name; always in this order, the class is the place
ACTIONS = {'walk': 'walk', 'sitDown': 'sit down', 'standUp': 'stand up', 'pickUp': 'pick up', 'carry': 'carry',
           'throw': 'throw', 'push': 'push', 'pull': 'pull', 'waveHands': 'wave hands', 'clapHands': 'clap hands'}


@dataclass
class UTKinect(Reader):
    """Reads the UT-Kinect segments: one person, 20 joints of Kinect v1, metres, about 15 frames per second.

    A segment holds the rows with first <= frame number <= last. Frame numbers repeat with different poses (6 to 145
    per recording); the first row of a number is kept, as current MATLAB's ``unique`` does in the code published with
    the corrected labels. Clip ids are ``aAA_sSS_eEE`` (action, subject, recording of the subject).

    Splits (always say which; they differ by several points):

    * ``loseqo01`` .. ``loseqo20`` (``_train``, ``_test``): leave one recording out, in the order s01_e01, s01_e02,
      s02_e01, ...; the original protocol.
    * ``xsub``: subjects 1-5 train, 6-10 test (Zhu et al. 2013).
    * ``se3_01`` .. ``se3_10``: ten random halves of the subjects (Vemulapalli et al. 2014).
    * ``loso01`` .. ``loso10``: leave one subject out.
    """
    what: ClassVar[str] = ("folder or zip archive with 'joints_sSS_eEE.txt', and 'actionLabel_modified.txt' (or "
                           "'actionLabel.txt') in it or beside the archive")

    def __post_init__(self):
        super().__post_init__()
        self._tree = FileTree(self.source)
        self._files = {re.fullmatch(_RECORDING, name)[1]: place
                       for name, place in self._tree.named(_RECORDING).items()}
        if not self._files:
            raise ReadError(f"'{self.source}' holds no UT-Kinect recording; expected a {self.what}")
        self.label_file, text = self._find_labels()
        self._segments = _parse_labels(text, self.label_file)
        self._absent = [i for i, ends in self._segments.items() if ends is None]
        self._recordings: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._repeated = 0

    def _find_labels(self) -> tuple[str, str]:
        for name in _LABELS:
            for place in self._tree.named(re.escape(name)).values():
                return name, self._tree.read_text(place)
            beside = self.source.parent / name
            if self.source.is_file() and beside.is_file():
                return name, beside.read_text(encoding='utf-8-sig', errors='replace')
        raise ReadError(f"'{self.source}' has no label file: neither '{_LABELS[0]}' nor '{_LABELS[1]}' lies in it"
                        f'{" or beside it" if self.source.is_file() else ""}; get one and put it there')

    def items(self) -> list[str]:
        known = {i[4:] for i in self._segments}
        return [i for i, ends in self._segments.items() if ends] + sorted(set(self._files) - known)

    def read(self, item: str) -> Clip:
        if item not in self._segments:
            raise ReadError(f"recording 'joints_{item}.txt' has no labels: '{self.label_file}' has no block '{item}'")
        action, subject, episode = (int(n) for n in _ID.fullmatch(item).groups())
        first, last = self._segments[item]
        number, joints = self._recording(item[4:])
        inside = (number >= first) & (number <= last)
        if not inside.any():
            raise ReadError(f"segment '{item}': no row of 'joints_{item[4:]}.txt' lies in frames {first} to {last} "
                            f"('{self.label_file}'); the recording has frames {number.min()} to {number.max()}")
        return Clip(item, joints[inside][None], layout='kinect20', fps=15., label=action - 1,
                    extra=dict(subject=subject, episode=episode))

    def _recording(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """(F,) distinct frame numbers, ascending, and (F, 20, 3) joints."""
        if name in self._recordings:
            return self._recordings[name]
        if name not in self._files:
            raise ReadError(f"'{self.label_file}' labels '{name}', but there is no file 'joints_{name}.txt'")
        rows = []
        for place, line in enumerate(self._tree.read_text(self._files[name]).splitlines(), 1):
            if not line.strip():
                continue
            try:
                rows.append([float(word) for word in line.split()])
            except ValueError:
                raise ReadError(f"'joints_{name}.txt' line {place}: not a number in '{line[:60]}'") from None
            if len(rows[-1]) != 61:
                raise ReadError(f"'joints_{name}.txt' line {place}: {len(rows[-1])} numbers; expected 61 = frame "
                                'number and 20 x (x, y, z)')
            if not rows[-1][0].is_integer():
                raise ReadError(f"'joints_{name}.txt' line {place}: {line.split()[0]} is not a frame number")
        if not rows:
            raise ReadError(f"'joints_{name}.txt' is empty")
        table = np.array(rows)
        number, kept = np.unique(table[:, 0].astype(np.int64), return_index=True)
        self._repeated += len(table) - len(kept)
        self._recordings[name] = number, table[kept, 1:].reshape(-1, 20, 3).astype(np.float32)
        return self._recordings[name]

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        recording = {i: i[4:] for i in ids}
        subject = {i: int(_ID.fullmatch(i)[2]) for i in ids}
        splits: dict[str, list[str]] = {}

        def divide(name: str, training: dict[str, bool]) -> None:
            splits[f'{name}_train'] = [i for i in ids if training[i]]
            splits[f'{name}_test'] = [i for i in ids if not training[i]]

        divide('xsub', {i: subject[i] <= 5 for i in ids})
        for fold in range(20):
            out = f's{fold // 2 + 1:02d}_e{fold % 2 + 1:02d}'
            divide(f'loseqo{fold + 1:02d}', {i: recording[i] != out for i in ids})
        for fold, line in enumerate(published_list('utkinect_se3_train'), 1):
            trained = {int(n) for n in line.split()}
            divide(f'se3_{fold:02d}', {i: subject[i] in trained for i in ids})
        for out in range(1, 11):
            divide(f'loso{out:02d}', {i: subject[i] != out for i in ids})
        return splits

    def meta(self) -> dict[str, Any]:
        return dict(layout='kinect20', class_names=list(ACTIONS.values()), fps=15., label_file=self.label_file,
                    source='UT-Kinect-Action3D (Xia et al., CVPR Workshops 2012)')

    def notes(self) -> list[str]:
        kind = 'corrected' if self.label_file == _LABELS[0] else "original; seven segments of it are wrong: prefer " \
                                                                 f"'{_LABELS[0]}'"
        notes = [f"labels: '{self.label_file}' ({kind})"]
        if self._absent:
            notes.append(f'no segment (NaN in the label file): {some(self._absent)}')
        if self._repeated:
            notes.append(f'{self._repeated} rows repeat a frame number of their recording; the first row of each '
                         'number was kept')
        return notes

    def close(self) -> None:
        self._tree.close()


def _parse_labels(text: str, name: str) -> dict[str, tuple[int, int] | None]:
    """Clip id -> first and last frame number, None for a segment that does not exist (``NaN NaN``)."""
    segments: dict[str, tuple[int, int] | None] = {}
    block, classes = '', list(ACTIONS)
    for place, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        found = _SEGMENT.fullmatch(line)
        if re.fullmatch(r's\d\d_e\d\d', line):
            block = line
        elif found and block and found[1] in ACTIONS:
            clip = f'a{classes.index(found[1]) + 1:02d}_{block}'
            if clip in segments:
                raise ReadError(f"'{name}' line {place}: a second '{found[1]}' of '{block}'")
            if found[2].lower() == found[3].lower() == 'nan':
                segments[clip] = None
            elif found[2].isdigit() and found[3].isdigit() and int(found[2]) <= int(found[3]):
                segments[clip] = int(found[2]), int(found[3])
            else:
                raise ReadError(f"'{name}' line {place}: '{line}'; expected two frame numbers, the first not above "
                                "the second, or 'NaN NaN'")
        elif line:
            raise ReadError(f"'{name}' line {place}: '{line[:60]}'; expected 'sSS_eEE' or 'action: first last' with "
                            f'action one of {", ".join(ACTIONS)}')
    if not segments:
        raise ReadError(f"'{name}' holds no segment; expected blocks of 'sSS_eEE' and lines 'action: first last'")
    return segments
