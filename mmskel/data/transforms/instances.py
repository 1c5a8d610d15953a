"""Augmentation between persons: the two of a clip are exchanged, or a skeleton takes another's bone lengths."""
from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import COORDINATES, SCORES, SkeletonTransform
from mmskel.files.errors import UserError
from mmskel.skeleton import get_layout, skate_bone_origins
from mmskel.skeleton.coordinates import valid_frames


@TRANSFORMS.register_module()
class RandomSwapPersons(SkeletonTransform):
    """Reverses the order of the persons.

    Args:
        probability: Share of the clips that are changed.
    """
    writes = (*COORDINATES, *SCORES)

    def __init__(self, probability: float = 0.5):
        self.probability = probability

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """The persons in reverse."""
        return {key: sample[key][::-1] for key in (*COORDINATES, *SCORES) if key in sample}


@TRANSFORMS.register_module()
class BorrowBoneLengths(SkeletonTransform):
    """SkateFormer's inter-instance augmentation ("skeleton AdaIN"; ``docs/published/skateformer.md``, D7): the clip's
    bone directions with the bone lengths and the root of a random clip of the same class, at the same relative times.

    A person that is missing in this clip becomes the other's root; a time beyond the other's last frame, which short
    clips can have, collapses to a point, as published. Needs ``frame_time`` (``SampleTrimmed``) and our data set.

    Args:
        layout: Joint order; bones begin where SkateFormer's begin.
        probability: Share of the clips that are changed.
    """
    reads = ('keypoint', 'frame_time', 'classmate')
    small = 1e-5

    def __init__(self, layout: str, probability: float = 1.):
        self.layout, self.probability = get_layout(layout).name, probability
        self._origins = skate_bone_origins(layout)
        self._outwards = _outwards(self._origins, self.layout)

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """``other``: the frames of another clip that belong to this one's, (M, T, V, C)."""
        found = sample['classmate'](rng)['keypoint'].astype(np.float32, copy=False)
        frames = np.round((sample['frame_time'] + 1) * np.float32(valid_frames(found)) / 2).astype(np.int64)
        other = np.zeros_like(sample['keypoint'])
        there = frames < found.shape[1]
        persons = min(len(found), len(other))
        other[:persons, there] = found[:persons, frames[there]]
        return dict(other=other)

    def transform(self, sample: dict[str, Any], other: np.ndarray) -> dict[str, Any]:
        """Rebuilds the skeletons outwards from the other's root."""
        return dict(keypoint=self.rebuild(sample['keypoint'], other))

    def rebuild(self, keypoint: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Bone directions of ``keypoint``, bone lengths and root of ``other``; all (M, T, V, C)."""
        bones, wanted = (x - x[..., self._origins, :] for x in (keypoint, other))
        lengths, new = (np.linalg.norm(x, axis=-1, keepdims=True) for x in (bones, wanted))
        bones = bones * ((new + self.small) / (lengths + self.small))
        moved = other.copy()
        for joint in self._outwards:
            moved[..., joint, :] = moved[..., self._origins[joint], :] + bones[..., joint, :]
        return moved


def _outwards(origins: tuple[int, ...], layout: str) -> list[int]:
    """The joints that have a bone, each after its origin."""
    done, order = {joint for joint, origin in enumerate(origins) if joint == origin}, []
    while len(done) < len(origins):
        ready = [joint for joint, origin in enumerate(origins) if joint not in done and origin in done]
        if not ready:
            raise UserError(f"layout '{layout}': the bones do not lead back to a joint; they form a ring")
        order += ready
        done |= set(ready)
    return order
