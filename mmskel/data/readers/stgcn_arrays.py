"""Arrays of ST-GCN and its successors (``<part>_data.npy`` with ``<part>_label.pkl``), and CTR-GCN's ``.npz``.

Sources: the ``gendata`` scripts of ST-GCN and 2s-AGCN, https://github.com/yysijie/st-gcn; CTR-GCN's ``data/ntu``,
https://github.com/Uason-Chen/CTR-GCN.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from mmskel.data.readers.reader import Reader, ReadError, option
from mmskel.files.arrays import ArrayFileError, load_npz, open_npy
from mmskel.files.restricted_pickle import load_pickle
from mmskel.skeleton import Clip, LayoutError, get_layout

_DATA = re.compile(r'(.+)_data(_joint)?\.npy')
_LAYOUTS = {25: 'ntu25', 20: 'kinect20', 18: 'openpose18'}


class _Part(NamedTuple):
    """One array: (N, C, T, V, M), or flat (N, T, M V C), with a name and a label for each clip."""
    split: str
    data: np.ndarray
    names: list[str]
    labels: list[int]


@dataclass
class STGCNArrays(Reader):
    """Reads a folder with arrays (N, C, T, V, M) and pickles of names and labels, or an ``.npz`` with ``x_<split>``
    (N, T, M V C) and one-hot ``y_<split>``. Splits are called after the parts. Frames of zeros at the end, which are
    padding, and persons who are never there are cut off. In an array of OpenPose's 18 joints and three channels the
    third is the score. The arrays of bones and motions beside those of the joints are left alone."""
    layout: str | None = option('text', None, 'the joint order; default: ntu25, kinect20 or openpose18, by the number '
                                'of joints (.npz: ntu25)')
    what: ClassVar[str] = ("folder with '<part>_data.npy' and '<part>_label.pkl', one such '.npy', or an '.npz' with "
                           'x_train, y_train, ...')

    def __post_init__(self):
        super().__post_init__()
        if not self.source.exists():
            raise FileNotFoundError(f"there is no folder or file '{self.source}'")
        try:
            self.layout = None if self.layout is None else get_layout(self.layout).name
            parts = self._of_archive() if self.source.suffix == '.npz' else self._of_pairs()
        except (LayoutError, ArrayFileError) as error:
            raise ReadError(str(error)) from None
        if not parts:
            raise ReadError(f"'{self.source}' holds no such array; expected a {self.what}")
        self._parts = parts
        self._at = {name: (part, i) for part in parts for i, name in enumerate(part.names)}
        if len(self._at) != sum(len(part.names) for part in parts):
            raise ReadError(f"'{self.source}' names a clip twice; names must differ")

    def _of_pairs(self) -> list[_Part]:
        files = sorted(self.source.iterdir()) if self.source.is_dir() else [self.source]
        return [self._of_pair(path, match[1]) for path in files if (match := _DATA.fullmatch(path.name))]

    def _of_pair(self, path: Path, split: str) -> _Part:
        labels = path.with_name(f'{split}_label.pkl')
        data, known = open_npy(path), load_pickle(labels)
        if data.ndim != 5 or data.dtype.kind not in 'fiu' or data.shape[1] not in (2, 3):
            raise ReadError(f"'{path}' holds {data.dtype} {data.shape}; expected numbers (clips, 2 or 3, frames, "
                            'joints, persons)')
        if not isinstance(known, (list, tuple)) or len(known) != 2 or not all(
                isinstance(one, (list, tuple, np.ndarray)) for one in known):
            raise ReadError(f"'{labels}': expected a pair of lists, names and labels")
        names = [re.sub(r'\.(skeleton|json|npy)$', '', str(name)) for name in known[0]]
        return self._part(split, data, names, np.asarray(known[1]), str(labels))

    def _of_archive(self) -> list[_Part]:
        arrays = load_npz(self.source)
        parts = []
        for key in sorted(arrays):
            if not key.startswith('x_'):
                continue
            split, data, labels = key[2:], arrays[key], arrays.get(f'y_{key[2:]}')
            if data.ndim not in (3, 5) or data.dtype.kind not in 'fiu' or labels is None or labels.ndim not in (1, 2):
                raise ReadError(f"'{self.source}', {key}: found {data.dtype} {data.shape}; expected numbers (clips, "
                                f'frames, persons x joints x coordinates), and labels in y_{split}')
            labels = labels.argmax(1) if labels.ndim == 2 and labels.size else labels
            names = [f'{split}_{i:06d}' for i in range(len(data))]
            parts.append(self._part(split, data, names, labels, f'{self.source}, y_{split}'))
        return parts

    @staticmethod
    def _part(split: str, data: np.ndarray, names: list[str], labels: np.ndarray, where: str) -> _Part:
        if labels.ndim != 1 or labels.dtype.kind not in 'iu' or not len(data) == len(names) == len(labels):
            raise ReadError(f"'{where}': {len(names)} names and labels of shape {labels.shape}, {labels.dtype}; "
                            f'expected {len(data)} of each, labels as whole numbers')
        return _Part(split, data, names, labels.tolist())

    def items(self) -> list[str]:
        return list(self._at)

    def read(self, item: str) -> Clip:
        part, i = self._at[item]
        array = np.asarray(part.data[i], np.float32)
        if array.ndim == 2:
            joints = get_layout(self.layout or 'ntu25').num_joints
            if not array.size or array.shape[1] % (3 * joints):
                raise ReadError(f"clip '{item}': {array.shape[1]} numbers in a frame; expected a multiple of {joints} "
                                "joints with 3 coordinates. Name the joint order with the option 'layout'")
            clip = array.reshape(len(array), -1, joints, 3).transpose(1, 0, 2, 3)
        else:
            clip = array.transpose(3, 1, 2, 0)
        layout = self.layout or _LAYOUTS.get(clip.shape[2], '')
        if not layout or get_layout(layout).num_joints != clip.shape[2]:
            raise ReadError(f"clip '{item}': {clip.shape[2]} joints; name their order with the option 'layout'")
        there = clip.any((2, 3))
        if not there.any():
            raise ReadError(f"clip '{item}': all of its {clip.shape[1]} frames are zero")
        clip = clip[there.any(1), :np.flatnonzero(there.any(0))[-1] + 1]
        scored = layout.startswith('openpose') and clip.shape[-1] == 3
        keypoint, score = (clip[..., :2], clip[..., 2]) if scored else (clip, None)
        flat = keypoint.shape[-1] == 2 and np.abs(keypoint).max() <= 2
        return Clip(item, keypoint.copy(), score, layout=layout, unit='normalised' if flat else '',
                    label=int(part.labels[i]))

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        known = set(ids)
        return {part.split: [name for name in part.names if name in known] for part in self._parts}

    def meta(self) -> dict[str, Any]:
        part = self._parts[0]
        layout = self.layout or ('ntu25' if part.data.ndim == 3 else _LAYOUTS.get(part.data.shape[3], ''))
        return dict(layout=layout, source=self.source.resolve().name)

    def notes(self) -> list[str]:
        return ['labels are class indices; the file has no class names',
                'coordinates are as the arrays have them: their scripts may have centred and turned them']
