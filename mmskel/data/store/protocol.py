"""The interface of every store of clips: columns that are known without reading a clip, and the clips one by one.

Symbols: n clips, M persons, T frames, V joints, C coordinates.
"""
from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from mmskel.data.annotation_file import AnnotationError
from mmskel.skeleton import Clip

_PARTS = {'train': ('train', ), 'test': ('test', 'val')}


class ClipStore(Protocol):
    """Clips of one data set, in a fixed order.

    Opening a store checks nothing clip by clip: ``mmskel check`` does, and users of a clip call
    :meth:`mmskel.skeleton.Clip.check`.

    Attributes:
        path: File or folder it was opened from, for messages.
        ids: Ids of the n clips, all different.
        labels: (n,) int64 class indices; -1 for a clip without a label.
        scored: (n,) bool, whether a clip comes with confidences.
        shapes: (n, 4) int64: M, T, V, C of every clip.
        split: Split name -> clip ids.
        class_names: Names of the classes, by label.
        layout: Name of the joint order of clips that do not name their own; '' if it is not known.
        meta: Facts about all clips: ``source``, ``notes``, ...
        in_memory: Whether all clips are in memory anyway, so that keeping what was made of one costs little.
    """
    path: str
    in_memory: bool

    @property
    def ids(self) -> Sequence[str]: ...
    @property
    def labels(self) -> np.ndarray: ...
    @property
    def scored(self) -> np.ndarray: ...
    @property
    def shapes(self) -> np.ndarray: ...
    @property
    def split(self) -> Mapping[str, Sequence[str]]: ...
    @property
    def class_names(self) -> Sequence[str]: ...
    @property
    def layout(self) -> str: ...
    @property
    def meta(self) -> Mapping[str, Any]: ...

    def has_clip(self, row: int) -> bool:
        """Whether a row holds its skeletons; files of others may keep them elsewhere."""

    def clip(self, row: int) -> Clip:
        """The clip of a row, unchecked. Its arrays may be the store's own and must not be changed.

        Raises:
            ClipError: A clip whose parts do not fit together.
        """

    def __len__(self) -> int:
        """n."""


def rows_of(store: ClipStore, split: str | None) -> np.ndarray:
    """The rows of a split's clips, in the store's order; all rows for None.

    Raises:
        AnnotationError: If there is no such split, or it names clips that the store does not have.
    """
    if split is None:
        return np.arange(len(store))
    if split not in store.split:
        raise AnnotationError(f"'{store.path}' has no split '{split}'; it has: {_splits(store)}")
    wanted = set(store.split[split])
    rows = [row for row, name in enumerate(store.ids) if name in wanted]
    if len(rows) < len(wanted):
        unknown = sorted(map(str, wanted - {store.ids[row] for row in rows}))
        raise AnnotationError(f"'{store.path}': split '{split}' names {len(unknown)} clips that the file does not "
                              f'have, e.g. {", ".join(unknown[:3])}')
    return np.array(rows, np.int64)


def split_name(store: ClipStore, split: str | None, part: str) -> str | None:
    """The full name of a protocol's part, e.g. ``'xview_train'`` of ``'xview'`` and ``'train'``; None for None.

    Args:
        store: Store of the clips.
        split: Protocol, a full name, ``''`` or a number; see :class:`~mmskel.data.dataset.SkeletonDataset`.
        part: ``'train'`` or ``'test'``, which a part called ``val`` may replace.

    Raises:
        AnnotationError: If the store has no such split.
    """
    if split is None or split in store.split:
        return split
    wanted = [f'{split}_{one}' if split else one for one in _PARTS[part]]
    wanted += [f'{one}{split}' for one in _PARTS[part] if split.isdigit()]
    for name in wanted:
        if name in store.split:
            return name
    raise AnnotationError(f"'{store.path}' has no split '{split}' with a part for {part} "
                          f'({" or ".join(wanted)}); it has: {_splits(store)}')


def _splits(store: ClipStore) -> str:
    return ', '.join(sorted(store.split)) or 'none'


def fingerprint(store: ClipStore, rows: np.ndarray) -> str:
    """A short text that is the same for the same clips: ids, labels and shapes, whatever the file is called."""
    digest = hashlib.sha256()
    known: Any = (('\0'.join(store.ids[row] for row in rows)).encode('utf-8', 'surrogatepass'),
                  store.labels[rows].tobytes(), store.shapes[rows].tobytes())
    for part in known:
        digest.update(part)
    return f'{len(rows)} clips, {digest.hexdigest()[:16]}'
