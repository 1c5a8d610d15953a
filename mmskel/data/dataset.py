"""Annotation file to samples, as an MMAction2 data set."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from mmaction.datasets import BaseActionDataset
from mmaction.registry import DATASETS

from mmskel.data.annotation_file import AnnotationError, AnnotationFile, clip_id, load_annotation_file
from mmskel.skeleton import Clip, get_layout

_PARTS = {'train': ('train', ), 'test': ('test', 'val')}


@DATASETS.register_module()
class SkeletonDataset(BaseActionDataset):
    """Clips of one split of an annotation file (ours, PYSKL's or MMAction2's; see ``mmskel prepare``).

    Every clip is checked when the file is read. Every sample carries its own random generator, a function of seed,
    epoch and index alone: what a clip looks like does not depend on workers, and a resumed training sees what an
    uninterrupted one would have seen.

    Args:
        ann_file: The annotation file.
        pipeline: Transforms.
        split: Protocol, e.g. ``'xview'``: the clips of ``xview_train`` or ``xview_test`` (``xview_val``) are used;
            ``''``: those of ``train`` or ``test`` (``val``); ``'1'``: ``train1`` or ``test1``. A full name
            such as ``'xview_train'`` works too; None: all clips.
        part: ``'train'`` or ``'test'``; completes ``split``. Default: by ``test_mode``.
        layout: Joint order the model wants; clips of another one are converted by joint name. None: the file's.
        num_classes: If given, labels are checked against it.
        classes: Labels of the file: only their clips are used, and they become 0, 1, ... in this order (e.g. the
            interactions of NTU RGB+D). Default: all.
        repeat: How often every clip is seen per epoch, with fresh randomness.
        fixed_copies: Whether the ``repeat`` copies of a clip look the same in every epoch, as if they had been
            augmented once before training (CascadeFormer on N-UCLA). Default: fresh randomness in every epoch.
        seed: Of the samples' generators, not negative; :class:`mmskel.engine.EpochSeedHook` sets it from the run's.
        subsets: Name -> split of the file, reported on its own beside the whole (N-UCLA:
            ``dict(clean='xview_test_clean')``); one that the file lacks or that is no part of the split is skipped.
        test_mode: No random choice among refetched samples; evaluation.
        data_prefix: ``dict(video=FOLDER)``: where the clips' videos are, for networks that look at pictures, too;
            becomes ``video_root`` of every sample.
        kwargs of MMEngine's data sets: ``indices``, ``lazy_init``, ``max_refetch``.

    Raises:
        AnnotationError: Unknown split, no clips, labels missing or out of range.
        ClipError, LayoutError: A clip that is wrong; named.
    """

    def __init__(self, ann_file: str, pipeline: Sequence[Mapping | Callable], split: str | None = None,
                 part: str | None = None, layout: str | None = None, num_classes: int | None = None,
                 classes: Sequence[int] | None = None, repeat: int = 1, fixed_copies: bool = False, seed: int = 0,
                 subsets: Mapping[str, str] | None = None, test_mode: bool = False, data_prefix: Mapping | None = None,
                 indices: int | Sequence[int] | None = None, lazy_init: bool = False, max_refetch: int = 1000):
        self.split, self.part = split, part or ('test' if test_mode else 'train')
        if self.part not in _PARTS:
            raise ValueError(f"part is 'train' or 'test', not {part!r}")
        if repeat < 1:
            raise ValueError(f'repeat is at least 1, not {repeat}')
        self.layout, self.repeat, self.fixed_copies = layout, repeat, fixed_copies
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
        """Reads and checks the file; one dictionary per clip, already in the wanted layout."""
        file = load_annotation_file(self.ann_file)
        items = file.of(self._split_name(file))
        if not items:
            raise AnnotationError(f"'{self.ann_file}': split '{self._split_name(file)}' holds no clip")
        names = file.class_names
        if self.classes is not None:
            items = [dict(item, label=self.classes.index(item['label'])) for item in items
                     if item.get('label') in self.classes]
            names = [names[label] for label in self.classes if label < len(names)]
            if not items:
                raise AnnotationError(f"'{self.ann_file}': no clip of split '{self._split_name(file)}' has one of the "
                                      f'labels {", ".join(map(str, self.classes))}')
        known = {clip_id(item) for item in items}
        # a batch cannot mix clips with and without scores: all have them if one has
        self._with_score = any('keypoint_score' in item for item in items)
        self._metainfo.update(
            layout=self.layout or file.layout, class_names=names, split=self._split_name(file),
            ann_file=str(self.ann_file),
            subsets={name: list(file.split[split]) for name, split in self.subsets.items()
                     if split in file.split and set(file.split[split]) <= known})
        samples = [self._sample(item, file) for item in items]
        self._labels = np.array([sample['label'] for sample in samples])
        return samples

    def _split_name(self, file: AnnotationFile) -> str | None:
        if self.split is None:
            return None
        if self.split in file.split:
            return self.split
        wanted = [f'{self.split}_{part}' if self.split else part for part in _PARTS[self.part]]
        wanted += [f'{part}{self.split}' for part in _PARTS[self.part] if self.split.isdigit()]
        for name in wanted:
            if name in file.split:
                return name
        raise AnnotationError(f"'{self.ann_file}' has no split '{self.split}' with a part for {self.part} "
                              f"({' or '.join(wanted)}); it has: {', '.join(sorted(file.split)) or 'none'}")

    def _sample(self, item: Mapping[str, Any], file: AnnotationFile) -> dict[str, Any]:
        clip = Clip.from_annotation(item, layout=file.layout).check()
        wanted = self._metainfo['layout']
        if wanted and clip.layout != get_layout(wanted).name:
            clip = clip.to_layout(wanted)
        if clip.label is None:
            raise AnnotationError(f"clip '{clip.id}' in '{self.ann_file}' has no label")
        if self.num_classes is not None and clip.label >= self.num_classes:
            raise AnnotationError(f"clip '{clip.id}' in '{self.ann_file}' has label {clip.label}, but the model has "
                                  f'{self.num_classes} classes (0 to {self.num_classes - 1}); set num_classes or '
                                  'mend the labels')
        sample = clip.to_annotation()
        if self._with_score:
            sample['keypoint_score'] = clip.score
        return dict(sample, total_frames=clip.num_frames, layout=clip.layout)

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """The sample of an index below ``len(self)``, with its generator."""
        info = super().get_data_info(int(idx) % super().__len__())
        seed, epoch = self._clock.tolist()
        info['rng'] = np.random.default_rng((seed, 0 if self.fixed_copies else epoch, int(idx)))
        info['classmate'] = partial(self._classmate, info['label'])
        if 'video' in self.data_prefix:
            info['video_root'] = self.data_prefix['video']
        return info

    def labels(self) -> list[int]:
        """The class of every index below ``len(self)``."""
        return self._clip_labels().tolist() * self.repeat

    def _clip_labels(self) -> np.ndarray:
        clips = super().__len__()
        if len(self._labels) != clips:  # the data set was cut down to some of its clips
            self._labels = np.array([super(SkeletonDataset, self).get_data_info(i)['label'] for i in range(clips)])
        return self._labels

    def _classmate(self, label: int, rng: np.random.Generator) -> dict[str, Any]:
        return super().get_data_info(int(rng.choice(np.flatnonzero(self._clip_labels() == label))))

    def __len__(self) -> int:
        """Clips times ``repeat``."""
        return super().__len__() * self.repeat
