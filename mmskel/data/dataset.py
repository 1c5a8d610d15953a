"""The clips of a store as samples of an MMAction2 data set."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from mmaction.datasets import BaseActionDataset
from mmaction.registry import DATASETS

from mmskel.data.annotation_file import AnnotationError
from mmskel.data.batching import stack_clips  # noqa: F401  loaders find it by name
from mmskel.data.store import ClipStore, fingerprint, open_store, rows_of, split_name
from mmskel.files.errors import UserError
from mmskel.skeleton import ClipError, LayoutError, get_layout, joint_map


@DATASETS.register_module()
class SkeletonDataset(BaseActionDataset):
    """Clips of one split of an annotation file (ours, PYSKL's or MMAction2's; see ``mmskel prepare``).

    Opening reads ids, labels, splits and shapes; a clip is checked when it is first drawn, and ``mmskel check`` checks
    all. Every sample carries its own random generator, which depends only on seed, epoch and index: what a clip looks
    like does not depend on workers, and a resumed training sees what an uninterrupted one would have seen.

    Args:
        ann_file: Annotation file, or anything else that :func:`~mmskel.data.store.open_store` opens.
        pipeline: Transforms of a sample.
        split: Protocol, e.g. ``'xview'``: the clips of ``xview_train`` or ``xview_test`` (``xview_val``) are used;
            ``''``: those of ``train`` or ``test`` (``val``); ``'1'``: ``train1`` or ``test1``. A full name
            such as ``'xview_train'`` works too; None: all clips.
        part: ``'train'`` or ``'test'``; completes ``split``. Default: by ``test_mode``.
        layout: Joint order the model wants; clips of another one are converted by joint name. None: the file's.
        num_classes: If given, labels are checked against it.
        classes: Labels to use: only their clips are drawn, and they become 0, 1, ... in this order (e.g. the
            interactions of NTU RGB+D). Default: all.
        repeat: Number of times every clip is seen per epoch, with fresh randomness.
        fixed_copies: Whether the ``repeat`` copies of a clip look the same in every epoch, as if they had been
            augmented once before training (CascadeFormer on N-UCLA). Default: fresh randomness in every epoch.
        seed: Non-negative seed of the samples' generators; :class:`mmskel.engine.EpochSeedHook` sets it from the run's.
        subsets: Name -> split of the file, reported on its own beside the whole (N-UCLA:
            ``dict(clean='xview_test_clean')``); one that the file lacks or that is not part of the split is skipped.
        test_mode: Whether the data set serves evaluation, without random choice among refetched samples.
        data_prefix: Folder of the clips' videos, ``dict(video=FOLDER)``, for networks that look at images, too;
            becomes ``video_root`` of every sample.
        need_labels: Whether a clip without a label is an error; if not, its label is -1 (masked pretraining).
        kwargs of MMEngine's data sets: ``indices``, ``lazy_init``, ``max_refetch``.

    Raises:
        AnnotationError: Unknown split, no clips, labels missing or out of range.
        LayoutError: Joints that the wanted layout needs and the file's cannot provide.
        ClipError: A clip that is invalid, when it is drawn; clip and file are named.

    Example:
        >>> from mmskel.data.transforms import PackSkeleton, ResampleFrames
        >>> from mmskel.synthetic.motions import write_motion_dataset
        >>> _ = write_motion_dataset('motions.pkl', num_per_class=2, num_subjects=2)
        >>> dataset = SkeletonDataset('motions.pkl', [ResampleFrames(16), PackSkeleton()], split='', part='train')
        >>> len(dataset), dataset[0]['inputs']['keypoint'].shape  # clips; views, persons, frames, joints, coordinates
        (10, torch.Size([1, 1, 16, 20, 3]))
    """

    def __init__(self, ann_file: str, pipeline: Sequence[Mapping | Callable], split: str | None = None,
                 part: str | None = None, layout: str | None = None, num_classes: int | None = None,
                 classes: Sequence[int] | None = None, repeat: int = 1, fixed_copies: bool = False, seed: int = 0,
                 subsets: Mapping[str, str] | None = None, test_mode: bool = False, data_prefix: Mapping | None = None,
                 need_labels: bool = True, indices: int | Sequence[int] | None = None, lazy_init: bool = False,
                 max_refetch: int = 1000):
        self.split, self.part = split, part or ('test' if test_mode else 'train')
        if self.part not in ('train', 'test'):
            raise UserError(f"part must be 'train' or 'test', not {part!r}")
        if repeat < 1:
            raise UserError(f'repeat must be at least 1, not {repeat}')
        self.layout, self.repeat, self.fixed_copies, self.need_labels = layout, repeat, fixed_copies, need_labels
        self.classes = None if classes is None else tuple(classes)
        self.subsets = dict(subsets or {})
        # (seed, epoch), shared with the loader's worker processes, which outlive an epoch
        self._clock = torch.tensor([seed, 0], dtype=torch.int64).share_memory_()
        super().__init__(ann_file, pipeline, data_prefix=data_prefix or dict(prefix=''), test_mode=test_mode,
                         num_classes=num_classes, modality='Pose', indices=indices, lazy_init=lazy_init,
                         max_refetch=max_refetch)

    def set_epoch(self, epoch: int, seed: int | None = None) -> None:
        """Tells the samples' generators the epoch (and the seed); workers that already run see it too."""
        self._clock[1] = epoch
        if seed is not None:
            self._clock[0] = seed

    def load_data_list(self) -> list[dict[str, Any]]:
        """Opens the store; row, id and label of every clip of the split."""
        store = self._store = open_store(self.ann_file)
        split = split_name(store, self.split, self.part)
        rows = rows_of(store, split)
        if not len(rows):
            raise AnnotationError(f"'{self.ann_file}': split '{split}' holds no clip")
        labels, names = store.labels, list(store.class_names)
        if self.classes is not None:
            rows = rows[np.isin(labels[rows], self.classes)]
            if not len(rows):
                raise AnnotationError(f"'{self.ann_file}': no clip of split '{split}' has one of the labels "
                                      f'{", ".join(map(str, self.classes))}')
            names = [names[label] for label in self.classes if label < len(names)]
            place = {label: new for new, label in enumerate(self.classes)}
            labels = np.array([place.get(label, -1) for label in labels.tolist()], np.int64)
        self._check(store, rows, labels)
        known = {store.ids[row] for row in rows}
        # a batch cannot mix clips with and without scores: all have them if one has
        self._with_score = bool(store.scored[rows].any())
        self._sound, self._drawn = np.zeros(len(store), bool), {}
        self._metainfo.update(
            layout=self.layout or store.layout, class_names=names, split=split, ann_file=str(self.ann_file),
            fingerprint=fingerprint(store, rows),
            subsets={name: list(store.split[one]) for name, one in self.subsets.items()
                     if one in store.split and set(store.split[one]) <= known})
        self._labels = labels[rows]
        return [dict(row=int(row), frame_dir=store.ids[row], label=int(labels[row])) for row in rows]

    def _check(self, store: ClipStore, rows: np.ndarray, labels: np.ndarray) -> None:
        """Checks what the columns tell about all clips."""
        if self.layout and store.layout:
            joint_map(store.layout, get_layout(self.layout).name)
        elif self.layout:
            get_layout(self.layout)
        for row in rows[labels[rows] < 0][:1 if self.need_labels else 0]:
            raise AnnotationError(f"clip '{store.ids[row]}' in '{self.ann_file}' has no label")
        for row in rows[labels[rows] >= (np.inf if self.num_classes is None else self.num_classes)][:1]:
            raise AnnotationError(f"clip '{store.ids[row]}' in '{self.ann_file}' has label {labels[row]}, but the "
                                  f'model has {self.num_classes} classes (0 to {self.num_classes - 1}); set '
                                  'num_classes or fix the labels')

    def _sample(self, row: int, label: int) -> dict[str, Any]:
        sample = self._drawn.get(row) or self._read(row)
        sample = dict(sample, label=label)
        for key in ('keypoint', 'keypoint_score'):  # the store's own arrays, which a transform might change
            if key in sample:
                sample[key] = sample[key].copy()
        return sample

    def _read(self, row: int) -> dict[str, Any]:
        try:
            clip = found = self._store.clip(row)
            if not self._sound[row]:
                clip.check()
            wanted = self._metainfo['layout']
            if wanted and clip.layout != get_layout(wanted).name:
                clip = clip.to_layout(wanted)
        except ClipError as error:
            raise ClipError(f"'{self.ann_file}': {error}", error.kind) from None
        except LayoutError as error:
            raise LayoutError(f"'{self.ann_file}': {error}") from None
        sample = clip.to_annotation()
        if self._with_score:
            sample['keypoint_score'] = clip.score
        sample.update(total_frames=clip.num_frames, layout=clip.layout)
        # a store that holds its arrays in memory returns the same ones again, so the dictionary costs nothing
        if self._store.in_memory and clip is found and not self._sound[row] \
                and np.shares_memory(self._store.clip(row).keypoint, clip.keypoint):
            self._drawn[row] = sample
        self._sound[row] = True
        return sample

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """The sample of an index below ``len(self)``, with its generator."""
        info = self._clip_info(int(idx) % super().__len__())
        seed, epoch = self._clock.tolist()
        info['rng'] = np.random.default_rng((seed, 0 if self.fixed_copies else epoch, int(idx)))
        info['classmate'] = partial(self._classmate, info['label'])
        if 'video' in self.data_prefix:
            info['video_root'] = self.data_prefix['video']
        return info

    def _clip_info(self, idx: int) -> dict[str, Any]:
        known = super().get_data_info(idx)
        return dict(self._sample(known['row'], known['label']), sample_idx=known['sample_idx'])

    def labels(self) -> list[int]:
        """The class of every index below ``len(self)``."""
        return self._clip_labels().tolist() * self.repeat

    def _clip_labels(self) -> np.ndarray:
        clips = super().__len__()
        if len(self._labels) != clips:  # the data set was reduced to some of its clips
            self._labels = np.array([super(SkeletonDataset, self).get_data_info(i)['label'] for i in range(clips)])
        return self._labels

    def _classmate(self, label: int, rng: np.random.Generator) -> dict[str, Any]:
        return self._clip_info(int(rng.choice(np.flatnonzero(self._clip_labels() == label))))

    def __len__(self) -> int:
        """The number of clips times ``repeat``."""
        return super().__len__() * self.repeat
