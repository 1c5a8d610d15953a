"""Features of clips: one vector per clip, by clip id, as zero-shot recognition takes them."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmskel.evaluation.features import FeatureError, check_kinds, meta_of
from mmskel.files.arrays import ArrayFileError, load_npz
from mmskel.files.atomic import atomic_path

_KINDS = {'ids': (1, 'U'), 'features': (2, 'f'), 'labels': (1, 'iu'), 'logits': (2, 'f'), 'split': (1, 'U'),
          'class_names': (1, 'U'), 'model': (0, 'U'), 'trained_classes': (1, 'iu'), 'split_names': (1, 'U'),
          'splits': (2, 'b'), 'meta': (0, 'U')}


@dataclass(frozen=True)
class FeatureTable:
    """Features of n clips.

    Args:
        features: (n, D) float32.
        labels: (n,) class numbers of the whole data set, seen and unseen.
        ids: Ids of the n clips, all different.
        logits: (n, W) raw scores of the recogniser's classifier: of all classes, or of the seen ones in ascending
            order; None if there are none.
        split: Split of each clip, ``'train'`` or ``'test'``; None if unknown.
        class_names: Names of the K classes; empty if unknown.
        recogniser: Recogniser that computed the features; empty if unknown.
        trained_classes: Class numbers the recogniser was trained on; None if unknown.
    """
    features: np.ndarray
    labels: np.ndarray
    ids: tuple[str, ...]
    logits: np.ndarray | None = None
    split: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    recogniser: str = ''
    trained_classes: tuple[int, ...] | None = None

    def __post_init__(self):
        n = len(self.ids)
        shapes = {'features': self.features, 'labels': self.labels, 'logits': self.logits, 'split': self.split}
        found = {name: np.shape(value) for name, value in shapes.items() if value is not None}
        if found['features'][:1] != (n, ) or len(found['features']) != 2 or found['labels'] != (n, ) or \
                found.get('logits', (n, 0))[0] != n or found.get('split', (n, )) != (n, ):
            raise FeatureError(f'{n} ids with arrays of shape {found}; expected features (n, D), labels (n,), logits '
                               '(n, W), split (n,)')
        twice = [name for name, times in Counter(self.ids).items() if times > 1]
        if twice:
            raise FeatureError(f"clip '{twice[0]}' occurs twice; features are kept by clip id")
        if not np.isfinite(self.features).all():
            row = int(np.argwhere(~np.isfinite(self.features))[0][0])
            raise FeatureError(f"the feature of clip '{self.ids[row]}' has numbers that are not finite")
        if n and self.labels.min() < 0:
            raise FeatureError(f"clip '{self.ids[int(self.labels.argmin())]}' has label {self.labels.min()}; zero-shot "
                               'training and testing take clips with labels')

    def __len__(self) -> int:
        """n."""
        return len(self.ids)

    def only(self, rows: np.ndarray) -> FeatureTable:
        """A selection of clips.

        Args:
            rows: Row numbers, or an (n,) mask.
        """
        rows = np.flatnonzero(rows) if np.asarray(rows).dtype == bool else np.asarray(rows, np.int64)
        take = {name: None if value is None else value[rows] for name, value in (
            ('features', self.features), ('labels', self.labels), ('logits', self.logits), ('split', self.split))}
        return replace(self, ids=tuple(self.ids[k] for k in rows), **take)

    def of_classes(self, classes: Sequence[int]) -> FeatureTable:
        """The clips of some classes."""
        return self.only(np.isin(self.labels, list(classes)))

    def of_split(self, name: str) -> FeatureTable:
        """The clips of ``'train'`` or ``'test'``."""
        return self.only(self.split == name)


def read_features(path: str | Path, split: str = '') -> FeatureTable:
    """Reads a ``.npz`` of features without running anything in it.

    Either what `mmskel features` writes (see :mod:`mmskel.evaluation.features`), or your own arrays: ``ids``,
    ``features``, ``labels`` and, optionally, ``logits``, ``split`` (``'train'`` or ``'test'`` of each clip),
    ``class_names``, ``model`` (the recogniser) and ``trained_classes``; see :class:`FeatureTable`.

    Args:
        path: Path of the file.
        split: Protocol of the file's splits, e.g. ``'xview'``: ``xview_train`` is for training, ``xview_test`` or
            ``xview_val`` for testing; ``''``: ``train``, and ``test`` or ``val``.

    Raises:
        FeatureError: A missing file, one that is not such an archive, arrays that do not belong together, or an unknown
            split; names the file.
    """
    path = Path(path)
    if not path.is_file():
        raise FeatureError(f"there is no file of features '{path}'; `mmskel features` writes one")
    try:
        arrays = load_npz(path)
    except ArrayFileError as error:
        raise FeatureError(f"'{path}' is not an .npz of features: {error}; `mmskel features` writes one") from None
    missing = [key for key in ('ids', 'features', 'labels') if key not in arrays]
    if missing:
        raise FeatureError(f"'{path}' has no {' and no '.join(missing)}; it has "
                           f"{', '.join(sorted(arrays)) or 'nothing'}. `mmskel features` writes such a file")
    if arrays['features'].dtype.kind != 'f' or arrays['labels'].dtype.kind not in 'iu':
        raise FeatureError(f"'{path}': features of {arrays['features'].dtype} and labels of {arrays['labels'].dtype}; "
                           'expected floating-point numbers and integers')
    try:
        check_kinds(arrays, _KINDS)
        if 'split_names' in arrays:
            arrays |= _from_splits(arrays, split)
        elif split:
            raise FeatureError(f"it has no split '{split}', only train and test")
        trained = arrays.get('trained_classes')
        return FeatureTable(
            arrays['features'].astype(np.float32), arrays['labels'].astype(np.int64), tuple(map(str, arrays['ids'])),
            arrays.get('logits'), arrays.get('split'), tuple(map(str, arrays.get('class_names', ()))),
            str(arrays.get('model', '')), None if trained is None else tuple(map(int, trained)))
    except FeatureError as error:
        raise FeatureError(f"'{path}': {error}") from None


def _from_splits(arrays: dict[str, np.ndarray], split: str) -> dict[str, Any]:
    """``split``, ``model`` and ``trained_classes`` of a file of `mmskel features`; other clips are left out."""
    known, meta = [str(name) for name in arrays['split_names']], meta_of(arrays)
    if arrays['splits'].shape != (len(arrays['ids']), len(known)):
        raise FeatureError(f"splits {arrays['splits'].shape} for {len(arrays['ids'])} clips and {len(known)} splits")
    said = dict(model=', '.join(str(meta[key]) for key in ('model', 'config', 'checkpoint', 'stream') if meta.get(key)))
    if meta.get('trained_classes') is not None:
        said['trained_classes'] = meta['trained_classes']
    train, *tests = (f'{split}_{part}' if split else part for part in ('train', 'test', 'val'))
    test = next((name for name in tests if name in known), '')
    if train in known and test:
        parts = [arrays['splits'][:, known.index(name)] for name in (train, test)]
        if (parts[0] & parts[1]).any():
            raise FeatureError(f'{int((parts[0] & parts[1]).sum())} clips are in {train} and in {test}')
        rows = parts[0] | parts[1]
        for key in ('ids', 'features', 'labels', 'logits'):
            if key in arrays:
                said[key] = arrays[key][rows]
        return said | dict(split=np.where(parts[0], 'train', 'test')[rows])
    if split or any(name.endswith('_train') for name in known):
        raise FeatureError(f"there is no split '{train}' with a '{tests[0]}'; it has {', '.join(known)}. Name the "
                           "protocol (split), e.g. 'xview'")
    return said


def write_features(path: str | Path, table: FeatureTable) -> Path:
    """Writes a file for :func:`read_features`, whole or not at all.

    Args:
        path: ``.npz``.
        table: Table to write; unknown fields are left out.
    """
    arrays = dict(ids=np.array(table.ids), features=table.features, labels=table.labels)
    for key, value in (('logits', table.logits), ('split', table.split), ('class_names', table.class_names or None),
                       ('model', table.recogniser or None), ('trained_classes', table.trained_classes)):
        if value is not None:
            arrays[key] = np.asarray(value)
    with atomic_path(path) as temporary, temporary.open('wb') as file:
        np.savez(file, **arrays)
    return Path(path)
