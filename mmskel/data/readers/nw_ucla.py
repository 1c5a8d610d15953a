"""Northwestern-UCLA (N-UCLA): ten actions, ten subjects, three Kinect v1 cameras; one JSON file per clip.

Source: J. Wang, X. Nie, Y. Xia, Y. Wu, S.-C. Zhu, "Cross-view Action Modeling, Learning and Recognition", CVPR 2014.
The JSON files (``all_sqe/aAA_sSS_eEE_vVV.json``: action, subject, episode, view) are those that CTR-GCN and all later
papers use: 1,484 clips.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.reader import Reader, ReadError, some
from mmskel.files.json_text import JsonError, read_json
from mmskel.skeleton import Clip

_NAME = re.compile(r'a(\d\d)_s(\d\d)_e(\d\d)_v(\d\d)')
_FILE = _NAME.pattern + r'\.json'
# there is no a07 and no a10; the class of an action is its position here
ACTIONS = {1: 'pick up with one hand', 2: 'pick up with two hands', 3: 'drop trash', 4: 'walk around', 5: 'sit down',
           6: 'stand up', 8: 'donning', 9: 'doffing', 11: 'throw', 12: 'carry'}
_CLASS = {action: place for place, action in enumerate(ACTIONS)}
# every clip of these actions in view 3 is the same file as its view 2
_TWINNED = (2, 3)


@dataclass
class NWUCLA(Reader):
    """Reads the N-UCLA clips: one person, 20 joints of Kinect v1, metres in the space of each camera.

    Splits:

    * ``xview_train``, ``xview_test``: the published protocol, views 1 and 2 train, view 3 tests (1,020 / 464).
    * ``viewK_train``, ``viewK_test``, K = 1, 2, 3: view K tests, the two others train; ``view3`` equals ``xview``.
    * ``xview_test_clean``: the 369 test clips without a02 and a03. All 95 test clips of these two actions are
      byte-identical to training clips of view 2, so the standard number counts them for free. Report both.
    * ``xview_train_clean``: the 925 training clips without those 95 twins, for testing on all 464.
    * ``xsub_train``, ``xsub_test``: odd subjects train, even subjects test. Papers do not agree on a cross-subject
      rule for this set; this one is that of MSR-Action3D's protocol (the first author's own, CVPR 2012), uses half of
      the subjects for each side, and keeps the twins of one subject on one side.
    """
    whole: ClassVar[bool] = True
    what: ClassVar[str] = "folder or zip archive with the files 'aAA_sSS_eEE_vVV.json' (all_sqe.zip)"

    def __post_init__(self):
        super().__post_init__()
        self._tree = FileTree(self.source)
        self._files = self._tree.named(_FILE)
        if not self._files:
            raise ReadError(f"'{self.source}' holds no N-UCLA clip; expected a {self.what}")

    def items(self) -> list[str]:
        return list(self._files)

    def read(self, item: str) -> Clip:
        action, subject, episode, view = (int(n) for n in _NAME.match(item).groups())
        if action not in _CLASS:
            raise ReadError(f"'{item}': there is no action a{action:02d} in N-UCLA; actions: "
                            f'{", ".join(f"a{a:02d}" for a in ACTIONS)}')
        try:
            data = read_json(self._tree.read(self._files[item]))
        except JsonError as error:
            raise ReadError(f"'{item}' is not a whole JSON file: {error}") from None
        if not isinstance(data, dict) or not {'skeletons', 'label'} <= set(data):
            raise ReadError(f"'{item}': expected a JSON object with 'file_name', 'skeletons' and 'label', found "
                            f'{some(list(data), 5) if isinstance(data, dict) else type(data).__name__}')
        name = item.removesuffix('.json')
        if data.get('file_name', name) != name:
            raise ReadError(f"'{item}' says it is '{data['file_name']}'; file and name do not belong together")
        if data['label'] != _CLASS[action] + 1:
            raise ReadError(f"'{item}': label {data['label']!r} in the file, but action a{action:02d} in its name is "
                            f'label {_CLASS[action] + 1} ({ACTIONS[action]})')
        try:
            joints = np.array(data['skeletons'], np.float32)
        except (ValueError, TypeError):
            raise ReadError(f"'{item}': 'skeletons' is not an array of numbers with frames of equal size") from None
        if joints.ndim != 3 or joints.shape[1:] != (20, 3) or not len(joints):
            raise ReadError(f"'{item}': 'skeletons' has shape {joints.shape}; expected (frames, 20 joints, 3)")
        return Clip(name, joints[None], layout='kinect20', label=_CLASS[action],
                    extra=dict(subject=subject, episode=episode, view=view))

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        part = {i: tuple(int(n) for n in _NAME.match(i).groups()) for i in ids}
        splits = {}
        for name, test in (('xview', 3), ('view1', 1), ('view2', 2), ('view3', 3)):
            splits[f'{name}_train'] = [i for i in ids if part[i][3] != test]
            splits[f'{name}_test'] = [i for i in ids if part[i][3] == test]
        splits['xsub_train'] = [i for i in ids if part[i][1] % 2 == 1]
        splits['xsub_test'] = [i for i in ids if part[i][1] % 2 == 0]
        tested = {part[i][:3] for i in splits['xview_test']}
        splits['xview_train_clean'] = [i for i in splits['xview_train'] if not (
            part[i][0] in _TWINNED and part[i][3] == 2 and part[i][:3] in tested)]
        splits['xview_test_clean'] = [i for i in splits['xview_test'] if part[i][0] not in _TWINNED]
        return splits

    def meta(self) -> dict[str, Any]:
        return dict(layout='kinect20', class_names=list(ACTIONS.values()),
                    source='Northwestern-UCLA (Wang et al., CVPR 2014), JSON release')

    def notes(self) -> list[str]:
        others = self._tree.others(_FILE)
        return [f'{len(others)} files are not clips and were not read: {some(others)}'] if others else []

    def close(self) -> None:
        self._tree.close()
