"""What every transform of ours is: randomness in one method, a deterministic core in the other.

A sample is the dictionary MMEngine hands from transform to transform:

================= ==================================================================================
key               meaning
================= ==================================================================================
keypoint          (M, T, V, C) float32
keypoint_score    (M, T, V) float32, optional
keypoint_next     (M, T, V, C), optional: every picked frame's successor in the source, for motion
keypoint_score_next (M, T, V), optional: the successors' scores; minus the own score where there is none
total_frames      T
num_clips         clips cut from the sample; T is then num_clips * clip length
frame_time        (T,) float32, optional: the relative time of every picked frame, in [-1, 1]
frame_dir, label  id and class
layout            name of the joint order
rng               numpy Generator of this sample, from (seed, epoch, index); see :class:`SkeletonDataset`
classmate         function of a generator: the sample of a random clip of the same class, before any transform
================= ==================================================================================

Set ``MMSKEL_DEBUG=1`` to have every transform check that it finds what it reads and changes only what it writes.
"""
from __future__ import annotations

import os
from typing import Any

import numpy as np

# the arrays of coordinates a sample may carry; a change of coordinates concerns all of them alike
COORDINATES = ('keypoint', 'keypoint_next')
SCORES = ('keypoint_score', 'keypoint_score_next')


def sample_name(sample: dict[str, Any]) -> str:
    """The clip's id for messages."""
    return str(sample.get('frame_dir', sample.get('filename', '?')))


class SkeletonTransform:
    """Base class. A subclass draws in :meth:`make_params` and computes in :meth:`transform`, which never draws.

    Class attributes ``reads`` and ``writes`` name the keys used and changed.
    """
    reads: tuple[str, ...] = ('keypoint', )
    writes: tuple[str, ...] = ('keypoint', )

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """Everything random about one application, as keyword arguments of :meth:`transform`."""
        return {}

    def transform(self, sample: dict[str, Any], **params: Any) -> dict[str, Any]:
        """The entries that change, computed without any randomness."""
        raise NotImplementedError

    def __call__(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Applies the transform; the sample's dictionary is changed, its arrays are not."""
        lost = [key for key in self.reads if key not in sample]
        if lost:
            raise KeyError(f"clip '{sample_name(sample)}': {type(self).__name__} needs {', '.join(lost)}, found "
                           f'{", ".join(sample)}; check the order of the pipeline')
        if 'rng' not in sample:  # outside our data set (a stock MMAction2 pipeline) the worker's global seed decides
            sample['rng'] = np.random.default_rng(np.random.randint(2**31))
        changed = self.transform(sample, **self.make_params(sample, sample['rng']))
        if os.environ.get('MMSKEL_DEBUG') == '1':
            stray = set(changed) - set(self.writes)
            if stray:
                raise KeyError(f'{type(self).__name__} declares that it writes {self.writes}, but wrote {stray}')
        sample.update(changed)
        return sample

    def __repr__(self) -> str:
        public = ', '.join(f'{k}={v!r}' for k, v in vars(self).items() if not k.startswith('_'))
        return f'{type(self).__name__}({public})'


class CoordinateTransform(SkeletonTransform):
    """A transform of coordinates alone: every array of coordinates goes through :meth:`move`."""
    writes = COORDINATES

    def move(self, keypoint: np.ndarray, **params: Any) -> np.ndarray:
        """(M, T, V, C) -> (M, T, V, C)."""
        raise NotImplementedError

    def transform(self, sample: dict[str, Any], **params: Any) -> dict[str, Any]:
        """Moves ``keypoint`` and, where present, ``keypoint_next``."""
        return {key: self.move(sample[key], **params) for key in COORDINATES if key in sample}
