"""Features by clip id: the output of a recogniser before its classifier."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmskel.files.arrays import load_npz
from mmskel.files.atomic import atomic_path, output_path
from mmskel.files.errors import UserError
from mmskel.files.json_text import JsonError, read_json
from mmskel.files.text import brief

_NEEDED = ('ids', 'features', 'labels', 'split_names', 'splits', 'class_names', 'meta')


class FeatureError(UserError):
    """A file of features that cannot be read or written."""


@dataclass
class Features:
    """Pooled features of N clips.

    Args:
        ids: N clip ids.
        features: (N, D) float32, averaged over the views of a clip.
        labels: (N,) classes of the annotation file; -1 where unknown.
        class_names: Names of the annotation file's classes.
        splits: Split of the annotation file -> ids of the clips that are here, in order.
        meta: Origin of the numbers: ``model``, ``config``, ``checkpoint``, ``stream``, ``data``, ``clips`` (a
            fingerprint of the data), ``layout``, ``mmskel_version``, and ``trained_classes`` where the training used
            some classes only.
        logits: (N, W) float32, the recogniser's raw scores of its own W classes; None where it has several heads.
    """
    ids: list[str]
    features: np.ndarray
    labels: np.ndarray
    class_names: list[str] = field(default_factory=list)
    splits: dict[str, list[str]] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    logits: np.ndarray | None = None

    def __post_init__(self):
        self.features, self.labels = np.asarray(self.features, np.float32), np.asarray(self.labels, np.int64)
        if self.features.ndim != 2 or not len(self.ids) == len(self.features) == len(self.labels):
            raise FeatureError(f'{len(self.ids)} ids, features {self.features.shape} and {len(self.labels)} labels do '
                               'not belong together; expected n ids, (n, D) features, n labels')
        if self.logits is not None:
            self.logits = np.asarray(self.logits, np.float32)
            if self.logits.ndim != 2 or len(self.logits) != len(self.ids):
                raise FeatureError(f'logits {self.logits.shape} for {len(self.ids)} clips')

    def of(self, split: str) -> Features:
        """The clips of one split.

        Raises:
            FeatureError: An unknown split; lists the known ones.
        """
        if split not in self.splits:
            raise FeatureError(f"there is no split '{split}'; known: {', '.join(self.splits) or 'none'}")
        return self.only(self.splits[split])

    def only(self, ids: Sequence[str]) -> Features:
        """The clips with these ids, in this order; KeyError for one that is not here."""
        row = {name: i for i, name in enumerate(self.ids)}
        keep = [row[name] for name in ids]
        kept = set(ids)
        splits = {name: [one for one in members if one in kept] for name, members in self.splits.items()}
        return Features(list(ids), self.features[keep], self.labels[keep], self.class_names, splits, dict(self.meta),
                        None if self.logits is None else self.logits[keep])


def features_path(path: str | Path) -> Path:
    """The path to write features to; checked before they are computed.

    Raises:
        FeatureError: A suffix other than ``.npz``.
        OutputError: A place that cannot be written.
    """
    if Path(path).suffix.lower() != '.npz':
        raise FeatureError(f"'{path}': features are written as .npz")
    output_path(path)
    return Path(path)


def save_features(path: str | Path, features: Features) -> Path:
    """Writes a NumPy archive, whole or not at all, of arrays that need no pickle.

    ``ids`` (N,) text, ``features`` (N, D) float32, ``labels`` (N,) int64, ``class_names`` (K,) text, ``split_names``
    (S,) text, ``splits`` (N, S) bool: which clip is in which split, ``meta``: JSON, and, where they
    are known, ``logits`` (N, W) float32.

    Args:
        path: ``.npz``.
        features: Features to write.

    Raises:
        FeatureError, OutputError: See :func:`features_path`.
    """
    path = features_path(path)
    members = [set(ids) for ids in features.splits.values()]
    splits = np.array([[name in ids for ids in members] for name in features.ids], bool)
    arrays = dict(ids=_text(features.ids), features=features.features, labels=features.labels,
                  class_names=_text(features.class_names), split_names=_text(features.splits),
                  splits=splits.reshape(len(features.ids), len(members)), meta=np.array(json.dumps(features.meta)))
    if features.logits is not None:
        arrays['logits'] = features.logits
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)
    return path


def load_features(path: str | Path) -> Features:
    """Reads what :func:`save_features` wrote, without running anything in the file.

    Raises:
        FeatureError: No such file, or a file of another kind; says what it lacks.
    """
    try:
        arrays = load_npz(path)
        if missing := [key for key in _NEEDED if key not in arrays]:
            raise FeatureError(f"{', '.join(missing)} missing; `mmskel features` writes such files")
        check_kinds(arrays, {'ids': (1, 'U'), 'features': (2, 'f'), 'labels': (1, 'iu'), 'split_names': (1, 'U'),
                             'splits': (2, 'b'), 'class_names': (1, 'U'), 'meta': (0, 'U'), 'logits': (2, 'f')})
        ids, names = arrays['ids'].tolist(), arrays['split_names'].tolist()
        if arrays['splits'].shape != (len(ids), len(names)):
            raise FeatureError(f"splits {arrays['splits'].shape} for {len(ids)} clips and {len(names)} splits")
        splits = {name: [ids[i] for i in np.flatnonzero(column)] for name, column in zip(names, arrays['splits'].T)}
        return Features(ids, arrays['features'], arrays['labels'], arrays['class_names'].tolist(), splits,
                        meta_of(arrays), arrays.get('logits'))
    except UserError as error:
        raise FeatureError(f"'{path}' holds no features that can be read: {error}") from None


def check_kinds(arrays: Mapping[str, np.ndarray], kinds: Mapping[str, tuple[int, str]]) -> None:
    """Refuses arrays of another kind than their name says.

    Args:
        arrays: Of a file.
        kinds: Name -> number of axes and NumPy's letters of its kind; names that are missing are passed over.

    Raises:
        FeatureError: Says which array, and what it is.
    """
    for name, (axes, letters) in kinds.items():
        if (array := arrays.get(name)) is not None and (array.ndim != axes or array.dtype.kind not in letters):
            what = {'U': 'text', 'f': 'numbers with a point', 'iu': 'whole numbers', 'b': 'truth values'}[letters]
            raise FeatureError(f'{name} is {array.dtype} {array.shape}; expected {axes} axes of {what}')


def meta_of(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The facts that a file of features has as JSON.

    Raises:
        FeatureError: It is something else.
    """
    try:
        meta = read_json(str(arrays['meta'][()]))
    except JsonError as error:
        raise FeatureError(f'meta is no JSON: {error}') from None
    if not isinstance(meta, dict):
        raise FeatureError(f'meta is {brief(meta)}; expected a dictionary')
    return meta


def _text(names: Sequence[str]) -> np.ndarray:
    return np.array(list(names), str) if names else np.zeros(0, 'U1')
