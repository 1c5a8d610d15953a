"""Person slots, objects, and the packing of a sample for the network."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmaction.registry import TRANSFORMS
from mmaction.structures import ActionDataSample

from mmskel.data.transforms.base import COORDINATES, SCORES, SkeletonTransform, sample_name
from mmskel.files.errors import UserError


@TRANSFORMS.register_module()
class SetPersons(SkeletonTransform):
    """Makes exactly ``num_person`` person slots.

    Args:
        num_person: Number of persons M in the result; further persons are dropped.
        pad: Filling of empty slots: ``'zero'``, or ``'loop'``: copies of the only person.
        sort: Order of the persons. ``'none'``: that of the file. ``'score'``: by summed score over the clip.
            ``'frame_score'``: by score in each frame separately, as Kinetics-Skeleton's published arrays are
            (identities may swap).

    Labels of persons (``person_label``, (M,)) follow their persons; empty slots, and all slots if identities may swap,
    have -1.
    """
    writes = (*COORDINATES, *SCORES, 'person_label')
    knobs = dict(person_order='sort')

    def __init__(self, num_person: int, pad: str = 'zero', sort: str = 'none'):
        if pad not in ('zero', 'loop') or sort not in ('none', 'score', 'frame_score'):
            raise UserError(f"pad is 'zero' or 'loop', sort 'none', 'score' or 'frame_score'; found {pad!r}, {sort!r}")
        self.num_person, self.pad, self.sort = num_person, pad, sort

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """(M, T, ...) -> (num_person, T, ...)."""
        keys = [key for key in (*COORDINATES, *SCORES) if key in sample]
        changed = {key: sample[key] for key in keys}
        persons = sample['keypoint'].shape[0]
        labels = np.asarray(sample.get('person_label', ()))
        if len(labels) != persons:  # persons were removed from the clip, so the labels cannot be matched
            labels = np.full(persons, -1)
        if self.sort != 'none' and persons > 1:
            order = self._order(sample, persons)
            labels = labels[order[:, 0]] if self.sort == 'score' else np.full(persons, -1)
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
        if 'person_label' in sample:
            lack = max(self.num_person - persons, 0)
            fill = np.repeat(labels, lack) if self.pad == 'loop' and persons == 1 else np.full(lack, -1)
            changed['person_label'] = np.concatenate([labels[:self.num_person], fill])
        return changed

    def _order(self, sample: dict[str, Any], persons: int) -> np.ndarray:
        if 'keypoint_score' not in sample:
            raise UserError(f"clip '{sample_name(sample)}': sorting persons needs keypoint_score")
        score = sample['keypoint_score'].sum(-1)  # (M, T)
        if self.sort == 'score':
            score = np.broadcast_to(score.sum(1, keepdims=True), score.shape)
        return np.argsort(-score, 0, kind='stable')


@TRANSFORMS.register_module()
class AddObjects(SkeletonTransform):
    """Objects of the clip become further nodes of every person, after the joints; see :class:`PanoramaEncoder`.

    Belongs after ``SetPersons``, since published graphs give empty slots their copies, too, and before frames are
    sampled or coordinates changed, so that objects are included.

    Args:
        names: Keys of the clip's ``objects``, in the order of the nodes.
        missing: Treatment of an object that a clip does not have at all: ``'zero'``, as in frames where it is not seen,
            or ``'error'``.
    """
    reads = ('keypoint', )
    writes = (*COORDINATES, *SCORES, 'objects')
    knobs = {'objects': 'names'}

    def __init__(self, names: Sequence[str], missing: str = 'zero'):
        if missing not in ('zero', 'error'):
            raise UserError(f"AddObjects: missing must be 'zero' or 'error', not {missing!r}")
        self.names, self.missing = tuple(names), missing

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """(M, T, V, C) -> (M, T, V + O, C), scores alike."""
        keypoint, known = sample['keypoint'], sample.get('objects') or {}
        say = f"clip '{sample_name(sample)}': AddObjects"
        if 'keypoint_next' in sample or sample.get('num_clips', 1) != 1:
            raise UserError(f'{say} belongs before the sampling of frames')
        absent = [name for name in self.names if name not in known]
        if absent and self.missing == 'error':
            raise UserError(f'{say}: the clip has no {", ".join(absent)}; it has: {", ".join(known) or "no objects"}')
        persons, frames, _, coords = keypoint.shape
        tracks = np.zeros((frames, len(self.names), coords + 1), np.float32)
        for place, name in enumerate(self.names):
            if name in known:
                track = np.asarray(known[name], np.float32)
                if track.shape != (frames, coords + 1):
                    raise UserError(f"{say}: object '{name}' has shape {track.shape}; expected "
                                    f'{(frames, coords + 1)}: of every frame {coords} coordinates and a score')
                tracks[:, place] = track
        nodes = np.broadcast_to(tracks, (persons, *tracks.shape))
        changed = dict(keypoint=np.concatenate([keypoint, nodes[..., :-1]], 2), objects={})
        if 'keypoint_score' in sample:
            changed['keypoint_score'] = np.concatenate([sample['keypoint_score'], nodes[..., -1]], 2)
        return changed


@TRANSFORMS.register_module()
class PackSkeleton(SkeletonTransform):
    """The sample as the encoders take it: kilobytes of joints, not features yet.

    ``inputs`` becomes a dictionary of float32 tensors, ``keypoint`` (clips, M, T, V, C) and, where present,
    ``keypoint_score`` (clips, M, T, V), ``keypoint_next`` and ``frame_time`` (clips, T), and the images, ``imgs``
    (clips, T, H, W, 3), as the bytes they are; ``data_samples`` holds the label and the clip's id.

    Args:
        meta_keys: Entries of the sample kept as meta information.
        with_frames: If true, also packs ``frame_inds`` (clips, T), by which
            :class:`~mmskel.models.encoders.HeatmapEncoder` draws a frame that several clips show only once. For frames
            that were picked, and not changed one by one afterwards.
        mirror_views: Whether that encoder adds the mirror image of every clip (PoseC3D's ``double``).
        with_joints: Whether joints are packed. False: images alone, for networks that use nothing else.
    """
    reads = ('keypoint', )
    writes = ('inputs', 'data_samples')
    replaces = True

    def __init__(self, meta_keys: Sequence[str] = ('frame_dir', 'img_shape', 'fps'), with_frames: bool = False,
                 mirror_views: bool = False, with_joints: bool = True):
        self.meta_keys, self.with_frames, self.mirror_views = tuple(meta_keys), with_frames, mirror_views
        self.with_joints = with_joints

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """``inputs`` and ``data_samples``, which replace the sample."""
        clips = sample.get('num_clips', 1)
        inputs = {}
        for key in (*COORDINATES, *SCORES):
            if key in sample and self.with_joints:
                value = np.asarray(sample[key], np.float32)
                if value.shape[1] % clips:
                    raise UserError(f"clip '{sample_name(sample)}': {value.shape[1]} frames do not divide into "
                                    f'{clips} clips')
                value = value.reshape(len(value), clips, -1, *value.shape[2:]).swapaxes(0, 1)
                inputs[key] = torch.from_numpy(np.ascontiguousarray(value))
        if 'imgs' in sample:
            images = np.ascontiguousarray(sample['imgs'])
            inputs['imgs'] = torch.from_numpy(images.reshape(clips, -1, *images.shape[1:]))
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
