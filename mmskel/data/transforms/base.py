"""The base of our transforms: randomness in one method, a deterministic core in the other.

A sample is the dictionary that MMEngine passes from transform to transform:

================= ==================================================================================
key               meaning
================= ==================================================================================
keypoint          (M, T, V, C) float32
keypoint_score    (M, T, V) float32, optional
keypoint_next     (M, T, V, C), optional: every picked frame's successor in the source, for motion
keypoint_score_next (M, T, V), optional: the successors' scores; minus the frame's own score where there is none
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
from typing import Any, ClassVar

import numpy as np

from mmskel.files.errors import UserError

# the arrays of coordinates a sample may carry; a change of coordinates concerns all of them alike
COORDINATES = ('keypoint', 'keypoint_next')
SCORES = ('keypoint_score', 'keypoint_score_next')

# advice for clips with another number of coordinates
_HINTS = {(2, ): 'FitIntoImage and ProjectToImage make pixels of 3-D clips',
          (3, ): 'in 2-D, pipelines have NormalizePixels or RangeNormalize instead'}


def sample_name(sample: dict[str, Any]) -> str:
    """The clip's id for messages."""
    return str(sample.get('frame_dir', sample.get('filename', '?')))


class SkeletonTransform:
    """Base class. A subclass draws in :meth:`make_params` and computes in :meth:`transform`, which never draws.

    A transform of your own derives from this class, declares by its class attributes what it takes, and is registered
    into MMAction2's ``TRANSFORMS``; configs, training, prediction and export need nothing else from it. Arguments of
    its constructor that have the name of a knob (``layout``, ``num_person``, ``clip_len``, ...) are set from the
    config's.

    Attributes:
        reads: Keys of the sample that are needed.
        writes: Keys that are changed or added; None: any.
        coords: Numbers of coordinates per joint that are taken; None: any.
        makes_coords: Number of coordinates per joint afterwards; None: as many as before.
        needs_video: Whether clips need the video that they came from.
        knobs: Knob of a config -> argument of the constructor, if the names differ.
        replaces: Whether the result replaces the sample, as that of the last step does, instead of changing it.
        probability: Probability that the transform is applied. A subclass whose user may choose it sets it in its
            constructor; the base class draws, before :meth:`make_params`.

    Example:
        >>> class Jitter(SkeletonTransform):  # with @TRANSFORMS.register_module() above it, for any config
        ...     reads = writes = ('keypoint', )
        ...
        ...     def make_params(self, sample, rng):
        ...         return dict(noise=rng.normal(0, .01, sample['keypoint'].shape).astype(np.float32))
        ...
        ...     def transform(self, sample, noise):
        ...         return dict(keypoint=sample['keypoint'] + noise)
        >>> sample = dict(keypoint=np.ones((1, 8, 17, 2), np.float32), rng=np.random.default_rng(0))
        >>> float(Jitter()(sample)['keypoint'].mean().round(2))
        1.0
    """
    reads: tuple[str, ...] = ('keypoint', )
    writes: tuple[str, ...] | None = ('keypoint', )
    coords: tuple[int, ...] | None = None
    makes_coords: int | None = None
    needs_video: bool = False
    knobs: ClassVar[dict[str, str]] = {}
    replaces: bool = False
    probability: float = 1.

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """Everything random about one application, as keyword arguments of :meth:`transform`."""
        return {}

    def transform(self, sample: dict[str, Any], **params: Any) -> dict[str, Any]:
        """The entries that change, computed without any randomness."""
        raise NotImplementedError

    def __call__(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Applies the transform with its probability; the sample's dictionary is changed, its arrays are not.

        Raises:
            KeyError: If the sample lacks what the transform reads.
            UserError: If the joints have a number of coordinates that the transform does not take.
        """
        self._check(sample)
        if 'rng' not in sample:  # outside our data set (a stock MMAction2 pipeline) the worker's global seed decides
            sample['rng'] = np.random.default_rng(np.random.randint(2**31))
        rng = sample['rng']
        # nothing is drawn for a certain outcome, so that it leaves the generator alone
        if self.probability < 1 and not rng.random() < self.probability:
            return sample
        changed = self.transform(sample, **self.make_params(sample, rng))
        if self.writes is not None and os.environ.get('MMSKEL_DEBUG') == '1':
            stray = set(changed) - set(self.writes)
            if stray:
                raise KeyError(f'{type(self).__name__} declares that it writes {self.writes}, but wrote {stray}')
        if self.replaces:
            return changed
        sample.update(changed)
        return sample

    def _check(self, sample: dict[str, Any]) -> None:
        missing = [key for key in self.reads if key not in sample]
        if missing:
            raise UserError(f"clip '{sample_name(sample)}': {type(self).__name__} needs {', '.join(missing)}, found "
                           f'{", ".join(sample)}; check the order of the pipeline')
        shape = np.shape(sample['keypoint']) if self.coords and 'keypoint' in sample else ()
        if shape and shape[-1] not in self.coords:
            raise UserError(f"clip '{sample_name(sample)}': {type(self).__name__} needs "
                            f'{" or ".join(map(str, self.coords))} coordinates, found keypoint {shape}; '
                            f'{_HINTS.get(self.coords, "use clips of that kind")}')

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
