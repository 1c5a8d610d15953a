"""Scenes of groups, composed of clips of one person: a data set for trying out what recognises groups."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mmskel.data.annotation_file import load_annotation_file
from mmskel.data.readers.reader import Reader, ReadError, option
from mmskel.data.scenes import couples_of, scene_of
from mmskel.files.errors import UserError
from mmskel.skeleton import Clip


@dataclass
class GroupScenes(Reader):
    """Composes scenes as :mod:`mmskel.data.scenes` says. Clips of the training split make training scenes, those of the
    test split test scenes; the classes are balanced. A scene depends on the seed and its number alone."""
    actions: str | None = option('text', None, 'what the persons do, class names of the source with commas between; '
                                 'default: its first two classes')
    split: str | None = option('text', None, 'of the source, e.g. xview; default: its first one')
    train: int = option('number', 1200, 'training scenes')
    test: int = option('number', 400, 'test scenes')
    frames: int = option('number', 20, 'of a scene')
    seed: int = option('number', 1, 'of the composition')
    what: ClassVar[str] = 'annotation file (.pkl) of clips of one person, with labels, a training and a test split'

    def __post_init__(self):
        super().__post_init__()
        try:
            file = load_annotation_file(self.source)
        except UserError as error:
            raise ReadError(str(error)) from None
        names = file.class_names
        self._actions = [name.strip() for name in self.actions.split(',')] if self.actions else names[:2]
        missing = [name for name in self._actions if name not in names]
        if missing or len(self._actions) < 2 or len(set(self._actions)) < len(self._actions):
            raise ReadError(f"'{self.source}': actions {self._actions}; expected two or more, each once, of its "
                            f'classes: {", ".join(names)}')
        self._layout, self._clips = file.layout, {}
        for part, split in zip(('train', 'test'), self._split_names(file.split)):
            found: list[list[Clip]] = [[] for _ in self._actions]
            for clip in file.clips(split):
                if clip.label is not None and names[clip.label] in self._actions and len(clip.keypoint) == 1:
                    found[self._actions.index(names[clip.label])].append(clip)
            empty = [action for action, clips in zip(self._actions, found) if not clips]
            if empty:
                raise ReadError(f"'{self.source}': split '{split}' has no clip of one person of: {', '.join(empty)}")
            self._clips[part] = found
        self._class_names = [f'{held}, partner: {other}' for held in self._actions for other in self._actions]

    def _split_names(self, splits: dict[str, list[str]]) -> tuple[str, str]:
        prefixes = [name.removesuffix('train') for name in splits if name.endswith('train')]
        wanted = [p for p in prefixes if f'{p}test' in splits and (not self.split or p == f'{self.split}_')]
        if not wanted:
            named = f'{self.split} ' if self.split else ''
            raise ReadError(f"'{self.source}' has no split {named}with train and test; it has: "
                            f'{", ".join(splits) or "none"}')
        return f'{wanted[0]}train', f'{wanted[0]}test'

    def items(self) -> list[str]:
        return [f'{part}{i:05d}' for part in ('train', 'test') for i in range(int(getattr(self, part)))]

    def read(self, item: str) -> Clip:
        part, number = item[:-5], int(item[-5:])
        rng = np.random.default_rng([int(self.seed), part == 'test', number])
        return scene_of(item, number % len(self._class_names), self._clips[part], int(self.frames), rng)

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return {part: [i for i in ids if i.startswith(part)] for part in ('train', 'test')}

    def meta(self) -> dict[str, Any]:
        return dict(layout=self._layout, class_names=self._class_names, source=f'scenes of {self.source.name}')

    def notes(self) -> list[str]:
        couples = couples_of(len(self._actions))
        return [f'{2 * len(couples)} persons: a couple of every two of {", ".join(self._actions)}; the class is what '
                'the person with the ball does and what its partner does',
                f'layout {self._layout}, seen from the front']
