"""SkateFormer's sampling: a trimmed part of the clip, frames picked uniformly in it, and the time of each."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import COORDINATES, SCORES, SkeletonTransform
from mmskel.data.transforms.sampling import frame_time, uniform_frames
from mmskel.files.errors import UserError
from mmskel.skeleton.coordinates import stretch_frames, valid_frames


@TRANSFORMS.register_module()
class SampleTrimmed(SkeletonTransform):
    """Picks frames uniformly from a part of the valid ones and writes ``frame_time``
    (``docs/published/skateformer.md``, D3 and D8).

    The valid frames are those whose coordinates do not sum to exactly zero; they are assumed to come first. A part with
    fewer than ``clip_len`` frames is stretched linearly, coordinates and times alike.

    Args:
        clip_len: Number of frames to make.
        share: Share of the part. Two numbers: the part's share of the valid frames is drawn uniformly between them, as
            is its position, and one frame is drawn from each of ``clip_len`` equal pieces. One number: that share, and
            the first frame of each piece (test).
        threshold: Smallest number of frames of a part, if the clip has that many.
        clamp: Whether the part ends with the clip. The published test starts the part where it would lie in the middle
            without ``threshold``, so clips of 40 to 64 valid frames read one zero frame beyond their end, which mixes
            into the last samples. Published numbers come from that (False).
    """
    writes = (*COORDINATES, *SCORES, 'total_frames', 'num_clips', 'frame_time')

    def __init__(self, clip_len: int = 64, share: Sequence[float] | float = (0.5, 1.0), threshold: int = 64,
                 clamp: bool = False):
        low, high = (share, share) if isinstance(share, (int, float)) else share
        if not 0 < low <= high <= 1:
            raise UserError(f'SampleTrimmed: share must be in (0, 1], not {share}')
        self.clip_len, self.low, self.high, self.threshold, self.clamp = clip_len, low, high, threshold, clamp

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """The frames, and how many of the clip are valid."""
        valid = valid_frames(sample['keypoint'])
        fixed = self.low == self.high
        share = self.low if fixed else rng.uniform(self.low, self.high)
        length = min(max(int(share * valid), self.threshold), valid)
        if fixed:
            start = int((1 - share) * valid / 2)
            start = min(start, valid - length) if self.clamp else start
        else:
            start = int(rng.integers(valid - length + 1))
        if length < self.clip_len:
            inside = np.arange(length)
        elif fixed:
            inside = np.arange(self.clip_len) * length // self.clip_len
        else:
            state = np.random.RandomState(rng.integers(2**32))
            inside = uniform_frames(length, self.clip_len, 1, state, even_starts=False)
        return dict(frames=start + inside, valid=valid)

    def transform(self, sample: dict[str, Any], frames: np.ndarray, valid: int) -> dict[str, Any]:
        """Picks the frames; one beyond the clip is zero."""
        changed: dict[str, Any] = dict(total_frames=self.clip_len, num_clips=1)
        for key in (*COORDINATES, *SCORES):
            if key in sample:
                there = np.minimum(frames, sample[key].shape[1] - 1)
                picked = sample[key][:, there]  # fancy indexing copies
                picked[:, frames != there] = 0
                changed[key] = picked if len(frames) == self.clip_len else stretch_frames(picked, self.clip_len)
        at = frames.astype(np.float32)
        if len(frames) != self.clip_len:
            at = stretch_frames(at[None], self.clip_len)[0]
        return dict(changed, frame_time=frame_time(at, valid))
