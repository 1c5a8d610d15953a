"""Person slots, and the packing of a sample for the network."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmaction.registry import TRANSFORMS
from mmaction.structures import ActionDataSample

from mmskel.data.transforms.base import COORDINATES, SCORES, SkeletonTransform, sample_name


@TRANSFORMS.register_module()
class SetPersons(SkeletonTransform):
    """Exactly ``num_person`` person slots.

    Args:
        num_person: M of the result; further persons are dropped.
        pad: What fills empty slots: ``'zero'``, or ``'loop'``: copies of the only person.
        sort: ``'none'``: the order of the file. ``'score'``: by summed score over the clip. ``'frame_score'``: by
            score in every frame anew, as Kinetics-Skeleton's published arrays are (identities may swap).
    """
    writes = (*COORDINATES, *SCORES)

    def __init__(self, num_person: int, pad: str = 'zero', sort: str = 'none'):
        if pad not in ('zero', 'loop') or sort not in ('none', 'score', 'frame_score'):
            raise ValueError(f"pad is 'zero' or 'loop', sort 'none', 'score' or 'frame_score'; found {pad!r}, {sort!r}")
        self.num_person, self.pad, self.sort = num_person, pad, sort

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """(M, T, ...) -> (num_person, T, ...)."""
        keys = [key for key in (*COORDINATES, *SCORES) if key in sample]
        changed = {key: sample[key] for key in keys}
        persons = sample['keypoint'].shape[0]
        if self.sort != 'none' and persons > 1:
            order = self._order(sample, persons)
            changed = {key: np.take_along_axis(value, order.reshape(*order.shape, *(1, ) * (value.ndim - 2)), 0)
                       for key, value in changed.items()}
        for key, value in changed.items():
            value = value[:self.num_person]
            lack = self.num_person - len(value)
            if lack:
                empty = np.zeros((lack, *value.shape[1:]), value.dtype)
                fill = np.repeat(value, lack, 0) if self.pad == 'loop' and len(value) == 1 else empty
                value = np.concatenate([value, fill])
            changed[key] = value
        return changed

    def _order(self, sample: dict[str, Any], persons: int) -> np.ndarray:
        if 'keypoint_score' not in sample:
            raise KeyError(f"clip '{sample_name(sample)}': sorting persons needs keypoint_score")
        score = sample['keypoint_score'].sum(-1)  # (M, T)
        if self.sort == 'score':
            score = np.broadcast_to(score.sum(1, keepdims=True), score.shape)
        return np.argsort(-score, 0, kind='stable')


@TRANSFORMS.register_module()
class PackSkeleton(SkeletonTransform):
    """The sample as the encoders take it: kilobytes of joints, no features yet.

    ``inputs`` becomes a dictionary of float32 tensors, ``keypoint`` (clips, M, T, V, C) and, where present,
    ``keypoint_score`` (clips, M, T, V), ``keypoint_next`` and ``frame_time`` (clips, T), and the pictures, ``imgs``
    (clips, T, H, W, 3), as the bytes they are; ``data_samples`` holds the label and the clip's id.

    Args:
        meta_keys: Entries of the sample kept as meta information.
        with_frames: Also ``frame_inds`` (clips, T), by which :class:`~mmskel.models.encoders.HeatmapEncoder` draws a
            frame that several clips show only once. For frames that were picked, and not changed one by one afterwards.
        mirror_views: Tell that encoder to add the mirror image of every clip (PoseC3D's ``double``).
        with_joints: False: pictures alone, for networks that look at nothing else.
    """
    reads = ('keypoint', )

    def __init__(self, meta_keys: Sequence[str] = ('frame_dir', 'img_shape', 'fps'), with_frames: bool = False,
                 mirror_views: bool = False, with_joints: bool = True):
        self.meta_keys, self.with_frames, self.mirror_views = tuple(meta_keys), with_frames, mirror_views
        self.with_joints = with_joints

    def __call__(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Packs; the result replaces the sample."""
        clips = sample.get('num_clips', 1)
        inputs = {}
        for key in (*COORDINATES, *SCORES):
            if key in sample and self.with_joints:
                value = np.asarray(sample[key], np.float32)
                if value.shape[1] % clips:
                    raise ValueError(f"clip '{sample_name(sample)}': {value.shape[1]} frames do not divide into "
                                     f'{clips} clips')
                value = value.reshape(len(value), clips, -1, *value.shape[2:]).swapaxes(0, 1)
                inputs[key] = torch.from_numpy(np.ascontiguousarray(value))
        if 'imgs' in sample:
            pictures = np.ascontiguousarray(sample['imgs'])
            inputs['imgs'] = torch.from_numpy(pictures.reshape(clips, -1, *pictures.shape[1:]))
        if 'frame_time' in sample:
            inputs['frame_time'] = torch.from_numpy(sample['frame_time'].reshape(clips, -1))
        if self.with_frames:
            inputs['frame_inds'] = torch.from_numpy(np.asarray(sample['frame_inds'], np.int64).reshape(clips, -1))
        packed = ActionDataSample()
        if sample.get('label') is not None:
            packed.set_gt_label(sample['label'])
        packed.set_metainfo({key: sample[key] for key in self.meta_keys if key in sample})
        if self.mirror_views:
            packed.set_metainfo(dict(mirror_views=True))
        return dict(inputs=inputs, data_samples=packed)
