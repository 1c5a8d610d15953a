"""One frame from each of several equal segments of a clip, numbered from one: TSN's sampling as Gate-Shift-Pose has it.

See docs/published/gate_shift_pose.md, D6.
"""
from __future__ import annotations

import numpy as np


def segment_centres(num_frames: int, segments: int) -> np.ndarray:
    """The frame in the middle of every segment.

    Args:
        num_frames: Number of frames of the clip, n.
        segments: Number of segments; if the clip has fewer frames, some are named several times.

    Returns:
        (segments,) numbers from 1 to n, ascending.
    """
    step = num_frames / segments
    return np.array([int(step / 2 + step * i) for i in range(segments)], np.int64) + 1


def segment_starts(num_frames: int, segments: int) -> np.ndarray:
    """The first frame of every segment; see :func:`segment_centres`."""
    step = num_frames / segments
    return np.array([int(step * i) for i in range(segments)], np.int64) + 1


def random_segments(num_frames: int, segments: int, rng: np.random.Generator) -> np.ndarray:
    """A random frame of every segment of ``num_frames // segments`` frames; what is left at the end is not drawn from.

    Args:
        num_frames, segments: See :func:`segment_centres`; a clip with too few frames gives the centres.
        rng: Generator to draw from.
    """
    step = num_frames // segments
    if not step:
        return segment_centres(num_frames, segments)
    return np.arange(segments) * step + rng.integers(step, size=segments) + 1


def segments_of_views(num_frames: int, segments: int, num_clips: int, rng: np.random.Generator) -> np.ndarray:
    """The frames of several clips of a video, for a test.

    Args:
        num_frames, segments: See :func:`segment_centres`.
        num_clips: Number of clips. 1: the centres; 2: the starts and the centres; more: random ones.
        rng: Generator for these.

    Returns:
        (num_clips, segments) numbers from 1.
    """
    if num_clips == 1:
        return segment_centres(num_frames, segments)[None]
    if num_clips == 2:
        return np.stack([segment_starts(num_frames, segments), segment_centres(num_frames, segments)])
    return np.stack([random_segments(num_frames, segments, rng) for _ in range(num_clips)])
