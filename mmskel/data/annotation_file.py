"""The annotation file: any data set as one pickle.

A dictionary ``split`` (name -> clip ids), ``annotations`` (list of PYSKL's dictionaries) and, only in ours, ``meta``:
``layout``, ``class_names``, ``source`` and other facts about all clips. PYSKL and MMAction2 read these files, and
theirs can be read here.
"""
from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmskel.files.atomic import atomic_path
from mmskel.files.errors import UserError
from mmskel.files.restricted_pickle import load_pickle
from mmskel.skeleton import Clip, ClipError, likely_layout

_MOST_CLASSES = 100_000


class AnnotationError(UserError):
    """An annotation file that cannot be used; the message names the file and what to do."""


@dataclass
class AnnotationFile:
    """The content of an annotation file.

    Args:
        annotations: PYSKL's dictionaries, one per clip.
        split: Split name -> clip ids.
        meta: ``layout`` (name), ``class_names`` (list), ``source`` and other facts about all clips.
        path: File it was read from, for messages.
    """
    annotations: list[dict[str, Any]]
    split: dict[str, list[str]] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    path: str = ''

    @property
    def layout(self) -> str:
        """Name of the joint order: the one in the file, else the one its joint count makes likely, else ''."""
        if self.meta.get('layout'):
            return self.meta['layout']
        for item in self.annotations[:1]:
            if item.get('layout'):
                return item['layout']
            if hasattr(item.get('keypoint'), 'shape') and item['keypoint'].ndim >= 2:
                return likely_layout(*item['keypoint'].shape[-2:]) or ''
        return ''

    @property
    def class_names(self) -> list[str]:
        """The names of the classes, ``class 0`` ... if the file has none.

        Raises:
            AnnotationError: A label that cannot be a class index.
        """
        if named := list(self.meta.get('class_names', ())):
            return named
        labels = {clip_id(item): item['label'] for item in self.annotations
                  if isinstance(item.get('label'), (int, np.integer))}
        most = max(labels, key=labels.get, default=None)
        if most is not None and labels[most] >= _MOST_CLASSES:
            raise AnnotationError(f"clip '{most}' in '{self.path}' has label {labels[most]}; expected class indices 0, "
                                  f'1, ... below {_MOST_CLASSES}')
        return [f'class {i}' for i in range(labels.get(most, -1) + 1)]

    def of(self, split: str | None) -> list[dict[str, Any]]:
        """The annotations of one split, in file order; all of them for None.

        Raises:
            AnnotationError: If there is no such split or it names clips the file does not have.
        """
        if split is None:
            return list(self.annotations)
        if split not in self.split:
            raise AnnotationError(f"'{self.path}' has no split '{split}'; it has: "
                                  f'{", ".join(sorted(self.split)) or "none"}')
        wanted = set(self.split[split])
        found = [item for item in self.annotations if clip_id(item) in wanted]
        missing = wanted - {clip_id(item) for item in found}
        if missing:
            raise AnnotationError(f"'{self.path}': split '{split}' names {len(missing)} clips that the file does not "
                                  f'have, e.g. {", ".join(sorted(map(str, missing))[:3])}')
        return found

    def clips(self, split: str | None = None) -> Iterable[Clip]:
        """The clips of a split, one after another."""
        for item in self.of(split):
            yield Clip.from_annotation(item, layout=self.layout)


def clip_id(item: Mapping[str, Any]) -> str:
    """The id of an annotation dictionary: ``frame_dir``, or ``filename`` in older files."""
    name = item.get('frame_dir', item.get('filename'))
    if name is None:
        raise ClipError(f"an annotation has neither 'frame_dir' nor 'filename'; its keys: {', '.join(item)}")
    return str(name)


def load_annotation_file(path: str | Path) -> AnnotationFile:
    """Reads an annotation file of ours, PYSKL or MMAction2 without running anything in it.

    Raises:
        AnnotationError: If it holds something else, no clip, or two clips with the same id.
        FileNotFoundError, ValueError, UnsafePickleError: See :func:`~mmskel.files.restricted_pickle.load_pickle`.
    """
    data = load_pickle(path)
    if isinstance(data, list):  # the older form: nothing but annotations
        data = dict(annotations=data)
    if not isinstance(data, dict) or not isinstance(data.get('annotations'), list):
        found = f'a dictionary with {", ".join(map(str, data))}' if isinstance(data, dict) else type(data).__name__
        raise AnnotationError(f"'{path}' is not an annotation file: expected a dictionary with 'annotations' and "
                              f"'split', found {found}. Make one with `mmskel prepare`")
    if not data['annotations']:
        raise AnnotationError(f"'{path}' holds no clip")
    seen = set()
    for place, item in enumerate(data['annotations']):
        if not isinstance(item, dict):
            raise AnnotationError(f"'{path}': annotation {place} is {type(item).__name__}, expected a dictionary")
        name = clip_id(item)
        if name in seen:
            raise AnnotationError(f"'{path}' has two clips called '{name}'; ids must differ")
        seen.add(name)
    split, meta = data.get('split') or {}, data.get('meta') or {}
    if not isinstance(split, dict) or not isinstance(meta, dict) or not all(
            isinstance(members, (list, tuple, set, np.ndarray)) for members in split.values()):
        raise AnnotationError(f"'{path}': expected 'split' to be a dictionary of lists of clip ids and 'meta' a "
                              f'dictionary; found {type(split).__name__} and {type(meta).__name__}')
    # ids are text everywhere, so that a number in a split finds its clip
    return AnnotationFile(data['annotations'], {k: list(map(str, v)) for k, v in split.items()}, dict(meta), str(path))


def save_annotation_file(path: str | Path, clips: Sequence[Clip], split: Mapping[str, Sequence[str]],
                         meta: Mapping[str, Any]) -> AnnotationFile:
    """Checks every clip and writes the file in one step, whole or not at all.

    Args:
        path: File to write, ``.pkl``.
        clips: Clips in the order they are stored.
        split: Split name -> clip ids.
        meta: ``layout``, ``class_names``, ``source``, ...

    Raises:
        ClipError, AnnotationError: If a clip is wrong, ids repeat, or a split names an unknown clip.
    """
    annotations = [clip.check().to_annotation() for clip in clips]
    for clip, item in zip(clips, annotations):
        if clip.layout != meta.get('layout', clip.layout):  # a clip without a layout is read in the file's layout
            item['layout'] = clip.layout
    ids = [clip.id for clip in clips]
    twice = sorted(i for i, times in Counter(ids).items() if times > 1)
    if twice:
        raise AnnotationError(f"'{path}': {len(twice)} ids occur twice, e.g. {twice[0]}")
    known = set(ids)
    for name, members in split.items():
        missing = [m for m in members if m not in known]
        if missing:
            raise AnnotationError(f"'{path}': split '{name}' names unknown clips, e.g. {missing[0]}")
    data = dict(split={k: list(v) for k, v in split.items()}, annotations=annotations, meta=dict(meta))
    with atomic_path(path) as temporary, temporary.open('wb') as file:
        pickle.dump(data, file, protocol=4)
    return AnnotationFile(annotations, data['split'], data['meta'], str(path))
