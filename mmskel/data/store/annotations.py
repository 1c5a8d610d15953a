"""The annotation file as a store: ours, PYSKL's or MMAction2's pickle, whole in memory."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np

from mmskel.data.annotation_file import AnnotationError, AnnotationFile, load_annotation_file
from mmskel.skeleton import Clip, clip_id


class AnnotationStore:
    """Clips of an annotation file; see :class:`~mmskel.data.store.protocol.ClipStore`.

    Args:
        file: Content of the file, or its path.

    Raises:
        AnnotationError: Not an annotation file, or no clip in it. Columns are made when they are first used; a clip
            that lacks a column's value is named then.
    """
    in_memory = True

    def __init__(self, file: AnnotationFile | str):
        self.file = file if isinstance(file, AnnotationFile) else load_annotation_file(file)
        self.path = self.file.path

    def __len__(self) -> int:
        """n."""
        return len(self.file.annotations)

    @cached_property
    def ids(self) -> Sequence[str]:
        """The n clip ids."""
        return [clip_id(item) for item in self.file.annotations]

    @cached_property
    def labels(self) -> np.ndarray:
        """(n,) int64; -1 for a clip without a label."""
        labels = [item.get('label') for item in self.file.annotations]
        for row, label in enumerate(labels):
            if label is not None and (not isinstance(label, Integral) or isinstance(label, bool) or label < 0):
                raise AnnotationError(f"clip '{self.ids[row]}' in '{self.path}' has label {label!r:.80}; expected a "
                                      'class index 0, 1, ..., or none')
        return np.array([-1 if label is None else int(label) for label in labels], np.int64)

    @cached_property
    def scored(self) -> np.ndarray:
        """(n,) bool."""
        return np.array(['keypoint_score' in item for item in self.file.annotations], bool)

    @cached_property
    def shapes(self) -> np.ndarray:
        """(n, 4): M, T, V, C; clips of one person may be kept as (T, V, C)."""
        return np.array([self._shape(row) for row in range(len(self))], np.int64).reshape(-1, 4)

    def _shape(self, row: int) -> tuple[int, ...]:
        keypoint = self.file.annotations[row].get('keypoint')
        shape = getattr(keypoint, 'shape', ())
        if len(shape) not in (3, 4):
            found = f'an array of shape {shape}' if shape else type(keypoint).__name__
            raise AnnotationError(f"clip '{self.ids[row]}' in '{self.path}': keypoint is {found}; expected an array "
                                  '(M, T, V, C)')
        return (1, ) * (4 - len(shape)) + tuple(shape)

    @property
    def split(self) -> Mapping[str, Sequence[str]]:
        """Split name -> clip ids."""
        return self.file.split

    @cached_property
    def class_names(self) -> Sequence[str]:
        """Names by label."""
        return self.file.class_names

    @cached_property
    def layout(self) -> str:
        """The layout in the file, else the one its joint count makes likely, else ''."""
        return self.file.layout

    @property
    def meta(self) -> Mapping[str, Any]:
        """Facts about all clips."""
        return self.file.meta

    def has_clip(self, row: int) -> bool:
        """Kinetics' files of MMAction2 keep skeletons elsewhere, or as a list that is not a clip (frame_inds)."""
        item = self.file.annotations[row]
        return 'keypoint' in item and 'frame_inds' not in item

    def clip(self, row: int) -> Clip:
        """The clip of a row; its arrays are the file's."""
        return Clip.from_annotation(self.file.annotations[row], layout=self.layout)
