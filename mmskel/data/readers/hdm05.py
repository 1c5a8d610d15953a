"""HDM05: optical motion capture of five actors, 2,337 cut clips of 130 motions.

Source: M. Müller, T. Röder, M. Clausen, B. Eberhardt, B. Krüger, A. Weber, "Documentation: Mocap Database HDM05",
Technical Report CG-2007-2, Universität Bonn, 2007. Files: cut clips ``HDM_<actor>_<motion>_<number>_120.amc`` and the
actors' skeletons ``HDM_<actor>.asf``.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mmskel.data.readers.asf_amc import Skeleton, parse_amc, parse_asf, positions
from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.reader import Reader, ReadError, option, some
from mmskel.skeleton import Clip

_MOTION = re.compile(r'HDM_([a-z]{2})_(\w+?)_(\d+)_(\d+)\.(?:amc|AMC)')
_ACTOR = re.compile(r'HDM_([a-z]{2})\.(?:asf|ASF)')
# bones in the order of layout 'hdm31'; a joint is where its bone ends
BONES = ('root', 'lhipjoint', 'lfemur', 'ltibia', 'lfoot', 'ltoes', 'rhipjoint', 'rfemur', 'rtibia', 'rfoot', 'rtoes',
         'lowerback', 'upperback', 'thorax', 'lowerneck', 'upperneck', 'head', 'lclavicle', 'lhumerus', 'lradius',
         'lwrist', 'lhand', 'lfingers', 'lthumb', 'rclavicle', 'rhumerus', 'rradius', 'rwrist', 'rhand', 'rfingers',
         'rthumb')
FOLDS, SEED = 10, 0
_REPETITIONS = re.compile(r'_?\d+(?:Reps|Steps)', re.IGNORECASE)
_SIDES = re.compile(r'[LR](?:Hand|Foot)?Start', re.IGNORECASE)


@dataclass
class HDM05(Reader):
    """Reads HDM05: one person, 31 joints by forward kinematics, metres, y up.

    Splits, drawn from seed 0 since none are published:

    * ``fold01`` .. ``fold10`` (``_train``, ``_test``): ten parts at random, each of which tests once.
    * ``half01`` .. ``half10``: of every class half of the clips train.
    """
    every: int = option('number', 4, 'keep every n-th of the 120 frames of a second; 4 makes 30')
    merge: bool = option('flag', False, 'join the motions that differ in the number of repetitions or steps, or in the '
                         'side on which they start; publications speak of 65 classes then, but list them nowhere')
    what: ClassVar[str] = "folder or zip archive with 'HDM_<actor>_<motion>_<number>_120.amc' and 'HDM_<actor>.asf'"

    def __post_init__(self):
        super().__post_init__()
        if int(self.every) != self.every:
            raise ReadError(f"option 'every' is {self.every}; expected a whole number of frames")
        self._tree = FileTree(self.source)
        self._files = self._tree.named(_MOTION.pattern)
        self._actors = {_ACTOR.fullmatch(name)[1]: place for name, place in self._tree.named(_ACTOR.pattern).items()}
        if not self._files:
            raise ReadError(f"'{self.source}' holds no HDM05 clip; expected a {self.what}")
        self._classes = sorted({self._motion(name) for name in self._files})
        self._skeletons: dict[str, Skeleton] = {}

    def _motion(self, name: str) -> str:
        motion = _MOTION.fullmatch(name)[2]
        return _SIDES.sub('', _REPETITIONS.sub('', motion)).strip('_') if self.merge else motion

    def _skeleton(self, actor: str) -> Skeleton:
        if actor not in self._skeletons:
            if actor not in self._actors:
                raise ReadError(f"there is no skeleton 'HDM_{actor}.asf' in '{self.source}'; positions need it; found: "
                                f'{some(sorted(self._actors)) or "none"}')
            name = f'HDM_{actor}.asf'
            skeleton = parse_asf(self._tree.read_text(self._actors[actor]), name)
            if missing := [bone for bone in BONES[1:] if bone not in skeleton.bones]:
                raise ReadError(f"'{name}' has no bones {some(missing)}; expected the 30 of HDM05")
            self._skeletons[actor] = skeleton
        return self._skeletons[actor]

    def items(self) -> list[str]:
        return list(self._files)

    def read(self, item: str) -> Clip:
        actor, motion, number, rate = _MOTION.fullmatch(item).groups()
        skeleton = self._skeleton(actor)
        angles = parse_amc(self._tree.read_text(self._files[item]), item)
        kept = {bone: values[::int(self.every)] for bone, values in angles.items()}
        ends = positions(skeleton, kept, item)
        joints = np.stack([ends[bone] for bone in BONES], 1)
        return Clip(item.rpartition('.')[0], joints[None].astype(np.float32), layout='hdm31',
                    fps=int(rate) / int(self.every), label=self._classes.index(self._motion(item)),
                    extra=dict(actor=actor, motion=motion, number=int(number)))

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        rng, ordered = np.random.default_rng(SEED), sorted(ids)
        part = dict(zip(ordered, rng.permutation(len(ordered)) % FOLDS))
        classes: dict[str, list[str]] = {}
        for clip in ordered:
            classes.setdefault(self._motion(f'{clip}.amc'), []).append(clip)
        splits = {}
        for fold in range(FOLDS):
            splits[f'fold{fold + 1:02d}_train'] = [i for i in ids if part[i] != fold]
            splits[f'fold{fold + 1:02d}_test'] = [i for i in ids if part[i] == fold]
        for fold in range(1, FOLDS + 1):
            trained: set[str] = set()
            for mine in classes.values():
                trained.update(mine[place] for place in rng.permutation(len(mine))[:(len(mine) + 1) // 2])
            splits[f'half{fold:02d}_train'] = [i for i in ids if i in trained]
            splits[f'half{fold:02d}_test'] = [i for i in ids if i not in trained]
        return splits

    def meta(self) -> dict[str, Any]:
        return dict(layout='hdm31', class_names=self._classes, source='HDM05 (Müller et al., 2007), cut clips')

    def notes(self) -> list[str]:
        return [f'{len(self._classes)} classes' + (', repetitions and starting sides joined by their names'
                                                   if self.merge else ''),
                f'folds and halves are drawn from seed {SEED}; none are published']

    def close(self) -> None:
        self._tree.close()
