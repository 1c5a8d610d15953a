"""MSR-Action3D: 20 gestures, ten subjects, Kinect v1; one text file per clip (the real-world-coordinates release).

Sources: W. Li, Z. Zhang, Z. Liu, "Action recognition based on a bag of 3D points", CVPR Workshops 2010; J. Wang et
al., "Mining actionlet ensemble for action recognition with depth cameras", CVPR 2012 (the 20-class protocol).
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mmskel.data.published_lists import published_list
from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.reader import Reader, ReadError
from mmskel.skeleton import Clip

_FILE = re.compile(r'(a(\d\d)_s(\d\d)_e(\d\d))_skeleton3D\.txt')
ACTIONS = ('high arm wave', 'horizontal arm wave', 'hammer', 'hand catch', 'forward punch', 'high throw', 'draw x',
           'draw tick', 'draw circle', 'hand clap', 'two hand wave', 'side boxing', 'bend', 'forward kick',
           'side kick', 'jogging', 'tennis swing', 'tennis serve', 'golf swing', 'pick up and throw')
# the three problems of Li et al., by action number
SUBSETS = {'as1': (2, 3, 5, 6, 10, 13, 18, 20), 'as2': (1, 4, 7, 8, 9, 11, 12, 14),
           'as3': (6, 14, 15, 16, 17, 18, 19, 20)}


@dataclass
class MSRAction3D(Reader):
    """Reads the MSR-Action3D clips: one person, 20 joints in the set's own order (``kinect20_msr``), metres.

    The fourth number of a line, Kinect's confidence, is not used as a score: it is 0 in 85-97 % of the frames for
    spine, hips and feet, which were inferred and are not missing. Frames in which the tracker lost the person are all
    zero in the files and stay so (score 0).

    Splits: ``xsub_train/test``, odd subjects train, even ones test, on the 557 clips of the published protocol;
    ``as1``, ``as2``, ``as3`` likewise on eight classes each (labels keep their position among all 20); the same names
    with ``_all`` (``xsub_all_train``, ...) on all 567 clips.
    """
    what: ClassVar[str] = "folder or zip archive with the files 'aAA_sSS_eEE_skeleton3D.txt'"

    def __post_init__(self):
        super().__post_init__()
        self._tree = FileTree(self.source)
        self._files = self._tree.named(_FILE.pattern)
        if not self._files:
            raise ReadError(f"'{self.source}' holds no MSR-Action3D clip; expected a {self.what}. The files "
                            "'..._skeleton.txt' of the older release are in screen coordinates and are not read")

    def items(self) -> list[str]:
        return list(self._files)

    def read(self, item: str) -> Clip:
        name, action, subject, episode = _FILE.fullmatch(item).groups()
        if not 1 <= int(action) <= len(ACTIONS):
            raise ReadError(f"'{item}': there is no action a{action}; MSR-Action3D has a01 to a{len(ACTIONS)}")
        rows = []
        for place, line in enumerate(self._tree.read_text(self._files[item]).splitlines(), 1):
            if not line.strip():
                continue
            try:
                x, y, z, _ = (float(word) for word in line.split())
            except ValueError:
                raise ReadError(f"'{item}' line {place}: '{line[:60]}'; expected four numbers: x y z (metres) and "
                                'confidence') from None
            rows.append((x, y, z))
        if not rows or len(rows) % 20:
            raise ReadError(f"'{item}': {len(rows)} lines; expected 20 lines (joints) for every frame")
        joints = np.array(rows, np.float32).reshape(1, -1, 20, 3)
        return Clip(name, joints, layout='kinect20_msr', fps=15., label=int(action) - 1,
                    extra=dict(subject=int(subject), episode=int(episode)))

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        left_out = set(published_list('msr_action3d_left_out'))
        splits: dict[str, list[str]] = {}
        for protocol, pool in (('', [i for i in ids if i not in left_out]), ('_all', ids)):
            for name, actions in (('xsub', range(1, 21)), *SUBSETS.items()):
                used = [i for i in pool if int(i[1:3]) in actions]
                splits[f'{name}{protocol}_train'] = [i for i in used if int(i[5:7]) % 2 == 1]
                splits[f'{name}{protocol}_test'] = [i for i in used if int(i[5:7]) % 2 == 0]
        return splits

    def meta(self) -> dict[str, Any]:
        return dict(layout='kinect20_msr', class_names=list(ACTIONS), fps=15.,
                    source='MSR-Action3D (Li et al., CVPR Workshops 2010), real-world coordinates')

    def close(self) -> None:
        self._tree.close()
