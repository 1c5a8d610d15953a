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

from mmskel.data.foreign import foreign_file, foreign_value
from mmskel.files.atomic import atomic_path
from mmskel.files.errors import UserError
from mmskel.files.restricted_pickle import UnreadablePickleError, load_pickle
from mmskel.files.text import brief
from mmskel.skeleton import Clip, ClipError, clip_id, likely_layout

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

    Example:
        >>> from mmskel.data import load_annotation_file, save_annotation_file
        >>> from mmskel.synthetic.motions import make_motion_clips
        >>> clips = make_motion_clips(num_per_class=2, layout='coco17', project=True)
        >>> split = dict(train=[clip.id for clip in clips[::2]], test=[clip.id for clip in clips[1::2]])
        >>> _ = save_annotation_file('mine.pkl', clips, split, dict(layout='coco17'))
        >>> file = load_annotation_file('mine.pkl')
        >>> file.layout, len(file.annotations), len(file.of('test'))
        ('coco17', 20, 10)
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
            if isinstance(item.get('layout'), str) and item['layout']:
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


def load_annotation_file(path: str | Path) -> AnnotationFile:
    """Reads an annotation file of ours, PYSKL or MMAction2 without running anything in it.

    Raises:
        AnnotationError: If it holds something else, no clip, or two clips with the same id.
        FileNotFoundError, ValueError, UnsafePickleError: See :func:`~mmskel.files.restricted_pickle.load_pickle`.
    """
    file, odd = annotations_in(load_annotation_pickle(path), path)
    if odd:
        raise AnnotationError(f"'{path}'{next(iter(odd.values()))}")
    return file


def annotations_in(data: Any, path: str | Path) -> tuple[AnnotationFile, dict[str, str]]:
    """The annotations in the content of a pickle.

    Args:
        data: Content of the pickle: a dictionary with ``annotations`` or, the older form, a list of them.
        path: File it comes from, for messages.

    Returns:
        The file without annotations that have no id of their own, and their names (``'annotation 3'``) -> what is
        wrong, to stand behind the file's name.

    Raises:
        AnnotationError: Something else, or no clip.
    """
    if isinstance(data, list) and not foreign_value(data):  # the older form: nothing but annotations
        data = dict(annotations=data)
    if not isinstance(data, dict) or not isinstance(data.get('annotations'), list):
        found = f'a dictionary with {", ".join(map(str, data))}' if isinstance(data, dict) else type(data).__name__
        raise AnnotationError(f"'{path}' is not an annotation file: expected a dictionary with 'annotations' and "
                              f"'split', found {found}. "
                              + (foreign_value(data) or 'Make one with `mmskel prepare`'))
    if not data['annotations']:
        raise AnnotationError(f"'{path}' holds no clip")
    sound: dict[str, dict[str, Any]] = {}
    odd: dict[str, str] = {}
    for place, item in enumerate(data['annotations']):
        try:
            name = clip_id(item)
        except ClipError as error:
            odd[f'annotation {place}'] = f': annotation {place}: {error}'
            continue
        if name in sound:
            odd[f'annotation {place}'] = f" has two clips called '{name}'; ids must differ"
        else:
            sound[name] = item
    split, meta, wrong = split_and_meta(data)
    if wrong:
        raise AnnotationError(f"'{path}': {wrong[0]}")
    return AnnotationFile(list(sound.values()), split, meta, str(path)), odd


def load_annotation_pickle(path: str | Path) -> Any:
    """The content of an annotation file, unchecked; files of other programs are named as what they are.

    Raises:
        AnnotationError, UnsafePickleError, UnreadablePickleError: No pickle of data.
        FileNotFoundError: There is no such file.
    """
    if '\0' not in str(path) and Path(path).is_dir():
        raise AnnotationError(f"'{path}' is a folder; expected an annotation file, .pkl. Folders of data are read by "
                              '`mmskel prepare FORMAT`')
    try:
        return load_pickle(path)
    except UnreadablePickleError as error:
        if other := foreign_file(path):
            raise AnnotationError(f"'{path}' is not an annotation file. {other}") from None
        raise error from None


def split_and_meta(data: Mapping[str, Any]) -> tuple[dict[str, list[str]], dict[str, Any], list[str]]:
    """What a file says beside its clips, by the rules that checking and training obey.

    Args:
        data: The content of a file.

    Returns:
        Split name -> clip ids, as text, so that a number in a split finds its clip; meta; and what is wrong, in
        sentences. What is wrong is left out of the two.
    """
    wrong, parts = [], {}
    for key, what in (('split', 'of lists of clip ids'), ('meta', 'of facts about all clips')):
        parts[key] = {} if data.get(key) is None else data[key]
        if not isinstance(parts[key], dict):
            wrong.append(f"'{key}' is {brief(parts[key])}; expected a dictionary {what}")
            parts[key] = {}
    split: dict[str, list[str]] = {}
    for name, members in parts['split'].items():
        if not isinstance(members, (list, tuple, set, np.ndarray)) or getattr(members, 'ndim', 1) != 1:
            wrong.append(f"split {brief(name)} is {brief(members)}; expected a list of clip ids")
        elif odd := [one for one in members if not isinstance(one, (str, int, np.integer)) or isinstance(one, bool)]:
            wrong.append(f'split {brief(name)} holds {brief(odd[0])}; expected clip ids, which are text')
        elif str(name) in split:
            wrong.append(f'split {brief(name)} occurs twice, as text and as another type')
        else:
            split[str(name)] = [str(one) for one in members]
    meta = dict(parts['meta'])
    for key, (fits, what) in _META.items():
        if meta.get(key) is None:
            meta.pop(key, None)
        elif not fits(meta[key]):
            wrong.append(f"'{key}' of 'meta' is {brief(meta.pop(key))}; expected {what}")
    return split, meta, wrong


def _is_name(value: Any) -> bool:
    return isinstance(value, str)


def _are_names(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(map(_is_name, value))


def _are_reasons(value: Any) -> bool:
    return isinstance(value, dict) and _are_names([*value, *value.values()])


_META = {'layout': (_is_name, 'the name of a joint order'), 'class_names': (_are_names, 'a list of names'),
         'notes': (_are_names, 'a list of sentences'), 'skipped': (_are_reasons, 'a reason by name')}


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
    if wrong := split_and_meta(data)[2]:  # nothing is written that would not be read
        raise AnnotationError(f"'{path}': {wrong[0]}")
    with atomic_path(path) as temporary, temporary.open('wb') as file:
        pickle.dump(data, file, protocol=4)
    return AnnotationFile(annotations, data['split'], data['meta'], str(path))
