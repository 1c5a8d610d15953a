"""NTU RGB+D 60 and 120: the raw ``.skeleton`` text files of Kinect v2, 25 joints, up to six tracked bodies.

Sources: A. Shahroudy, J. Liu, T.-T. Ng, G. Wang, "NTU RGB+D: A Large Scale Dataset for 3D Human Activity Analysis",
CVPR 2016; J. Liu et al., "NTU RGB+D 120: A Large-Scale Benchmark for 3D Human Activity Understanding", TPAMI 2019.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mmskel.data.published_lists import published_list
from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.ntu_denoise import denoise_mmaction, denoise_pyskl, denoise_sgn, keep_all
from mmskel.data.readers.ntu_text import parse_skeleton
from mmskel.data.readers.reader import Reader, ReadError, option
from mmskel.skeleton import Clip

_FILE = re.compile(r'(S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3}))\.skeleton')
_LAST_SETUP_60, _NUM_CLASSES = 17, {'60': 60, '120': 120}


@dataclass
class NTU(Reader):
    """Reads NTU RGB+D: metres in camera space (y up, z away from the camera), 30 frames per second.

    Clips whose names are on the published list of missing skeletons (302 of the 60 set, 535 of the 120 set) are left
    out. A joint with NaN or infinity becomes zero, with score 0.

    Splits, with PYSKL's names: ``xsub_train``, ``xsub_val`` (performers; 60 and 120 have different lists),
    ``xview_train``, ``xview_val`` (60: cameras 2 and 3 train, camera 1 tests), ``xset_train``, ``xset_val`` (120:
    even setups train, odd ones test).
    """
    benchmark: str = option('text', 'auto', 'the set: 60 reads setups 1 to 17 only, 120 reads all; auto is 120 if '
                            'there is any setup above 17', ('auto', '60', '120'))
    denoise: str = option('text', 'none', 'how bodies become persons: none (one person per tracked body), sgn (as '
                          'CTR-GCN and HD-GCN), pyskl (as the pickles of PYSKL and MMAction2), mmaction (as '
                          "MMAction2's converter of raw files)", ('none', 'sgn', 'pyskl', 'mmaction'))
    duplicate_single_actor: bool = option('flag', False, 'with sgn: a lone person fills both slots, as in the released '
                                          'NTU RGB+D 120 arrays of this pipeline')
    translate: bool = option('flag', False, "with sgn: also the pipeline's last pass, origin at the spine of person 1; "
                             'without it, a transform has to do that')
    drop_crowded: bool = option('flag', False, 'leave clips whose last frame holds more than two bodies out of the '
                                'splits, as MANs and Ensem-NN did')
    half: bool = option('flag', False, 'round to float16, as the published pickles of pyskl and mmaction are')
    what: ClassVar[str] = "folder or zip archive with the files 'SsssCcccPpppRrrrAaaa.skeleton'"

    def __post_init__(self):
        super().__post_init__()
        for name in ('duplicate_single_actor', 'translate'):
            if getattr(self, name) and self.denoise != 'sgn':
                raise ReadError(f"option '{name}' belongs to the sgn pipeline, but denoise is '{self.denoise}'; set "
                                "denoise to 'sgn' or leave it out")
        self._tree = FileTree(self.source)
        files = self._tree.named(_FILE.pattern)
        if not files:
            raise ReadError(f"'{self.source}' holds no NTU RGB+D file; expected a {self.what}")
        later = any(_numbers(name)['setup'] > _LAST_SETUP_60 for name in files)
        self.benchmark = ('120' if later else '60') if self.benchmark == 'auto' else self.benchmark
        missing = {f'{name}.skeleton' for name in published_list('ntu_missing')}
        used = [n for n in files if self.benchmark == '120' or _numbers(n)['setup'] <= _LAST_SETUP_60]
        self._files = {name: files[name] for name in used if name not in missing}
        self._left_out = len(used) - len(self._files)
        self._other_setups = len(files) - len(used)
        self._lost_joints: dict[str, int] = {}
        self._crowded: list[str] = []

    def items(self) -> list[str]:
        return list(self._files)

    def read(self, item: str) -> Clip:
        number = _numbers(item)
        if not 1 <= number['action'] <= _NUM_CLASSES[self.benchmark]:
            raise ReadError(f"'{item}': there is no action A{number['action']:03d} in NTU RGB+D {self.benchmark}")
        recording = parse_skeleton(self._tree.read_text(self._files[item]), item)
        if not any(recording.frames):
            raise ReadError(f"'{item}' has no body in any of its {len(recording.frames)} frames; expected at least one")
        if len(recording.frames[-1]) > 2:
            self._crowded.append(item.removesuffix('.skeleton'))
        if recording.lost_joints:
            self._lost_joints[item] = recording.lost_joints
        ids = None
        if self.denoise == 'sgn':
            keypoint = denoise_sgn(recording, self.translate, self.duplicate_single_actor)
        elif self.denoise == 'pyskl':
            keypoint = denoise_pyskl(recording)
        elif self.denoise == 'mmaction':
            keypoint = denoise_mmaction(recording)
        else:
            keypoint, names = keep_all(recording)
            ids = np.array([int(n) for n in names], np.int64) if all(map(_is_int64, names)) else None
        if self.half:
            keypoint = keypoint.astype(np.float16)
        extra = dict(subject=number['performer'], camera=number['camera'], setup=number['setup'],
                     replication=number['replication'])
        return Clip(item.removesuffix('.skeleton'), keypoint, layout='ntu25', fps=30., label=number['action'] - 1,
                    track_id=ids, extra=extra)

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        number = {i: _numbers(f'{i}.skeleton') for i in ids}
        trained = {int(p) for p in published_list(f'ntu{self.benchmark}_xsub_train')}
        training = {'xsub': {i: n['performer'] in trained for i, n in number.items()}}
        if self.benchmark == '60':
            training['xview'] = {i: n['camera'] != 1 for i, n in number.items()}
        else:
            training['xset'] = {i: n['setup'] % 2 == 0 for i, n in number.items()}
        crowded = set(self._crowded) if self.drop_crowded else ()
        splits, kept = {}, [i for i in ids if i not in crowded]
        for name, trains in training.items():
            splits[f'{name}_train'] = [i for i in kept if trains[i]]
            splits[f'{name}_val'] = [i for i in kept if not trains[i]]
        return splits

    def meta(self) -> dict[str, Any]:
        names = list(published_list('ntu_classes'))[:_NUM_CLASSES[self.benchmark]]
        return dict(layout='ntu25', class_names=names, fps=30., denoise=self.denoise,
                    source=f'NTU RGB+D {self.benchmark}, raw skeleton files')

    def notes(self) -> list[str]:
        notes = [f'NTU RGB+D {self.benchmark}, denoising: {self.denoise}']
        if self._left_out:
            notes.append(f'{self._left_out} clips are on the published list of missing skeletons and were left out')
        if self.drop_crowded:
            notes.append(f'{len(self._crowded)} clips with more than two bodies in the last frame are in no split')
        if self._other_setups:
            notes.append(f'{self._other_setups} clips of setups above {_LAST_SETUP_60} do not belong to the 60 set '
                         'and were left out')
        if self._lost_joints:
            notes.append(f'{sum(self._lost_joints.values())} joints with NaN in {len(self._lost_joints)} clips are '
                         'stored as zeros with score 0')
        return notes

    def close(self) -> None:
        self._tree.close()


def _numbers(name: str) -> dict[str, int]:
    """File name -> setup, camera, performer, replication, action (1-based)."""
    _, *numbers = _FILE.fullmatch(name).groups()
    return dict(zip(('setup', 'camera', 'performer', 'replication', 'action'), map(int, numbers)))


def _is_int64(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) < 2 ** 63
