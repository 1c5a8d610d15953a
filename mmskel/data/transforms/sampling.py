"""The frames that a network sees. Frames are picked; only :class:`CropAndResize` interpolates."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import COORDINATES, SCORES, SkeletonTransform, sample_name
from mmskel.files.errors import UserError
from mmskel.skeleton.coordinates import middle_part, stretch_frames, valid_frames


def pick_frames(sample: dict[str, Any], frames: np.ndarray, with_next: bool = False) -> dict[str, Any]:
    """The entries of a sample after picking ``frames``; optionally each frame's successor in the source.

    Args:
        sample: Sample with ``keypoint`` (M, T, V, C).
        frames: (n,) indices in [0, T).
        with_next: If true, also picks ``keypoint_next`` (M, n, V, C); the last frame follows itself.
    """
    picked = {key: sample[key][:, frames] for key in (*COORDINATES, *SCORES) if key in sample}
    if with_next:
        last = sample['keypoint'].shape[1] - 1
        following = np.minimum(frames + 1, last)
        picked['keypoint_next'] = sample['keypoint'][:, following]
        if 'keypoint_score' in sample:
            score = sample['keypoint_score'][:, following]  # fancy indexing copies
            # the published code gives the last frame's motion no confidence; the mean with this is zero
            score[:, frames == last] *= -1
            picked['keypoint_score_next'] = score
    return dict(picked, total_frames=len(frames))


def frame_time(frames: np.ndarray, total: int) -> np.ndarray:
    """The relative time of frames of a clip of ``total`` frames, ``2 * frame / total - 1`` in float32 (SkateFormer)."""
    return 2 * frames.astype(np.float32) / np.float32(total) - 1


@TRANSFORMS.register_module()
class ResampleFrames(SkeletonTransform):
    """A fixed number of frames from all of the clip, short clips repeating frames (N-UCLA protocol, step 4).

    Args:
        clip_len: Number of frames to pick.
        random: Whether frames are drawn at random. False: ``trunc(linspace(0, T - 1, clip_len))``. True: drawn without
            replacement from 100 copies of every frame, then sorted.
        with_time: If true, also writes ``frame_time``, the relative time ``2 * index / T - 1`` of every picked frame
            (SkateFormer).
    """
    writes = (*COORDINATES, *SCORES, 'total_frames', 'frame_time', 'num_clips')
    copies = 100

    def __init__(self, clip_len: int, random: bool = False, with_time: bool = False):
        self.clip_len, self.random, self.with_time = clip_len, random, with_time

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """The frame indices, ascending."""
        frames = sample['keypoint'].shape[1]
        if not self.random:
            return dict(frames=np.linspace(0, frames - 1, self.clip_len).astype(np.int64))
        drawn = rng.choice(frames * self.copies, self.clip_len, replace=False, shuffle=False) % frames
        return dict(frames=np.sort(drawn))

    def transform(self, sample: dict[str, Any], frames: np.ndarray) -> dict[str, Any]:
        """Picks the frames."""
        picked = dict(pick_frames(sample, frames), num_clips=1)
        if self.with_time:
            picked['frame_time'] = frame_time(frames, sample['keypoint'].shape[1])
        return picked


@TRANSFORMS.register_module()
class CropAndResize(SkeletonTransform):
    """Stretches a part of the clip to a fixed number of frames by linear interpolation (CTR-GCN's and HD-GCN's NTU
    feeders; ``docs/published/hd_gcn.md``, D8).

    Frames whose coordinates sum to exactly zero are not valid frames; valid ones are assumed to come first.

    Args:
        clip_len: Number of frames to make.
        share: Share of the clip. Two numbers: the part of the valid frames is drawn uniformly between them, as is its
            position, and at least ``clip_len`` frames (or all) are kept. One number: that part, from the middle (test).
    """
    writes = (*COORDINATES, *SCORES, 'total_frames', 'num_clips')

    def __init__(self, clip_len: int = 64, share: Sequence[float] | float = (0.5, 1.0)):
        low, high = (share, share) if isinstance(share, (int, float)) else share
        if not 0 < low <= high <= 1:
            raise UserError(f'CropAndResize: share must be in (0, 1], not {share}')
        self.clip_len, self.low, self.high = clip_len, low, high

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """First frame and number of frames of the part."""
        valid = valid_frames(sample['keypoint'])
        if self.low == self.high:
            return dict(zip(('start', 'length'), middle_part(valid, self.low)))
        length = min(max(int(rng.uniform(self.low, self.high) * valid), self.clip_len), valid)
        return dict(start=int(rng.integers(valid - length + 1)), length=length)

    def transform(self, sample: dict[str, Any], start: int, length: int) -> dict[str, Any]:
        """(M, T, ...) -> (M, clip_len, ...)."""
        changed: dict[str, Any] = dict(total_frames=self.clip_len, num_clips=1)
        for key in (*COORDINATES, *SCORES):
            if key in sample:
                changed[key] = stretch_frames(sample[key][:, start:start + length], self.clip_len)
        return changed


def uniform_frames(num_frames: int, clip_len: int, num_clips: int, rng, even_starts: bool) -> np.ndarray:
    """PYSKL's uniform sampling: one frame from each of ``clip_len`` equal segments.

    Args:
        num_frames: Number of frames of the source, T.
        clip_len, num_clips: Frames per clip, number of clips.
        rng: ``numpy.random.RandomState`` (to repeat the published draws) or a compatible object with
            ``randint`` and ``choice``.
        even_starts: Whether short clips (T < clip_len) start at evenly spread frames (test) instead of random ones.

    Returns:
        (num_clips * clip_len,) indices in [0, T); clips shorter than ``clip_len`` wrap around.
    """
    picked = []
    for clip in range(num_clips):
        if num_frames < clip_len:
            start = (clip if num_frames < num_clips else clip * num_frames // num_clips) if even_starts \
                else rng.randint(0, num_frames)
            frames = np.arange(start, start + clip_len)
        elif num_frames < 2 * clip_len:
            skips = np.zeros(clip_len + 1, np.int64)
            skips[rng.choice(clip_len + 1, num_frames - clip_len, replace=False)] = 1
            frames = np.arange(clip_len) + np.cumsum(skips)[:-1]
        else:
            bounds = np.arange(clip_len + 1) * num_frames // clip_len
            frames = bounds[:-1] + rng.randint(np.diff(bounds))
        picked.append(frames)
    return np.concatenate(picked) % num_frames


@TRANSFORMS.register_module()
class SampleUniformly(SkeletonTransform):
    """PYSKL's and MMAction2's uniform sampling (``UniformSampleFrames``), same frames.

    Args:
        clip_len: Frames per clip.
        num_clips: Clips per sample (test-time averaging).
        test_mode: Whether to use the published fixed draw: every sample uses the stream of ``RandomState(seed)`` from
            its start. The global generator is left alone (the published transform re-seeds it).
        seed: Seed of the fixed draw.
        with_next: If true, also picks each frame's successor, so that motion is the motion of the source, as PYSKL's
            is.
        p_interval: PYSKL's crop in time before the sampling, redrawn for every clip: two numbers, between which the
            part of the frames is drawn uniformly, as is its position; one number: that part, at a random position.
    """
    writes = (*COORDINATES, *SCORES, 'total_frames', 'num_clips', 'clip_len', 'frame_inds')

    def __init__(self, clip_len: int, num_clips: int = 1, test_mode: bool = False, seed: int = 255,
                 with_next: bool = False, p_interval: Sequence[float] | float = 1):
        low, high = (p_interval, p_interval) if isinstance(p_interval, (int, float)) else p_interval
        if not 0 < low <= high <= 1:
            raise UserError(f'SampleUniformly: p_interval must be in (0, 1], not {p_interval}')
        self.clip_len, self.num_clips, self.test_mode, self.seed = clip_len, num_clips, test_mode, seed
        self.with_next, self.p_interval = with_next, (low, high)

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """The frame indices.

        Raises:
            UserError: A clip without frames; names it.
        """
        state = np.random.RandomState(self.seed if self.test_mode else rng.integers(2**32))
        total, (low, high) = sample['keypoint'].shape[1], self.p_interval
        if not total:
            raise UserError(f"clip '{sample_name(sample)}' has no frames to sample")
        if low == 1:
            return dict(frames=uniform_frames(total, self.clip_len, self.num_clips, state, even_starts=self.test_mode))
        clips = []
        for _ in range(self.num_clips):
            length = max(int((low + state.rand() * (high - low)) * total), 1)
            start = state.randint(total - length + 1)
            clips.append(start + uniform_frames(length, self.clip_len, 1, state, even_starts=self.test_mode))
        return dict(frames=np.concatenate(clips))

    def transform(self, sample: dict[str, Any], frames: np.ndarray) -> dict[str, Any]:
        """Picks the frames."""
        return dict(pick_frames(sample, frames, self.with_next), num_clips=self.num_clips, clip_len=self.clip_len,
                    frame_inds=frames)


@TRANSFORMS.register_module()
class PadFrames(SkeletonTransform):
    """Appends zero frames up to ``length``; longer clips are cut (ST-GCN's 300-frame arrays)."""
    writes = (*COORDINATES, *SCORES, 'total_frames')
    knobs = {'clip_len': 'length'}

    def __init__(self, length: int = 300):
        self.length = length

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """(M, T, ...) -> (M, length, ...)."""
        return _shift_into(sample, self.length, 0)


@TRANSFORMS.register_module()
class FitFrames(SkeletonTransform):
    """Makes exactly ``clip_len`` frames and keeps every frame of a clip that is not longer: zeros around a short clip,
    evenly picked frames of a long one, ``trunc(linspace(0, T - 1, clip_len))``.

    Args:
        clip_len: Number of frames of the result.
        place: Position of a short clip. ``'start'``: the zeros follow it; ``'centre'``: half of them, rounded down,
            precede it.
    """
    writes = (*COORDINATES, *SCORES, 'total_frames', 'num_clips')

    def __init__(self, clip_len: int, place: str = 'start'):
        if place not in ('start', 'centre'):
            raise UserError(f"FitFrames: place must be 'start' or 'centre', not {place!r}")
        self.clip_len, self.place = clip_len, place

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """(M, T, ...) -> (M, clip_len, ...)."""
        frames = sample['keypoint'].shape[1]
        if frames > self.clip_len:
            picked = np.linspace(0, frames - 1, self.clip_len).astype(np.int64)
            return dict(pick_frames(sample, picked), num_clips=1)
        offset = (self.clip_len - frames) // 2 if self.place == 'centre' else 0
        return dict(_shift_into(sample, self.clip_len, offset), num_clips=1)


@TRANSFORMS.register_module()
class RandomWindow(SkeletonTransform):
    """Cuts a random window of ``length`` frames; shorter clips get a random offset among zeros (ST-GCN, Kinetics)."""
    writes = (*COORDINATES, *SCORES, 'total_frames')

    def __init__(self, length: int = 150):
        self.length = length

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """The new position of the clip's frame 0: negative when the window begins inside the clip."""
        spare = self.length - sample['keypoint'].shape[1]
        return dict(offset=int(rng.integers(min(spare, 0), max(spare, 0) + 1)))

    def transform(self, sample: dict[str, Any], offset: int) -> dict[str, Any]:
        """(M, T, ...) -> (M, length, ...)."""
        return _shift_into(sample, self.length, offset)


def _shift_into(sample: dict[str, Any], length: int, offset: int) -> dict[str, Any]:
    changed: dict[str, Any] = dict(total_frames=length)
    for key in (*COORDINATES, *SCORES):
        if key in sample:
            source = sample[key]
            window = np.zeros((len(source), length, *source.shape[2:]), source.dtype)
            part = source[:, max(-offset, 0):][:, :length - max(offset, 0)]
            window[:, max(offset, 0):max(offset, 0) + part.shape[1]] = part
            changed[key] = window
    return changed
