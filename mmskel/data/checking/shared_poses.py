"""Clips that share exactly the same poses: twins, overlapping cuts, test frames that were trained on."""
from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

# a pose in more clips than this says nothing about two of them (a placeholder, a frozen tracker)
MAX_CLIPS = 50
_MIX = np.uint64(0xff51afd7ed558ccd), np.uint64(0xc4ceb9fe1a85ec53)  # MurmurHash3's 64-bit finaliser


@dataclass(frozen=True)
class SharedPoses:
    """The findings of :meth:`PoseIndex.shared`.

    Args:
        pairs: Pairs (a, b), a < b -> number of poses of a that occur in b, and of b in a.
        widespread: Clips of each pose that occurs in more than :data:`MAX_CLIPS` clips; they count in no pair.
    """
    pairs: dict[tuple[int, int], tuple[int, int]]
    widespread: list[list[int]]


class PoseIndex:
    """Collects the poses of all clips as 64-bit hashes and finds those that occur in more than one clip.

    A pose is one person in one frame; only bitwise equal float32 coordinates count as the same, and a pose that is
    all zero does not count. Two hashes are practically never equal by chance: 1e-5 for ten million poses.
    """

    def __init__(self):
        self._hashes: list[np.ndarray] = []
        self._clips: list[np.ndarray] = []

    def add(self, clip: int, keypoint: np.ndarray) -> int:
        """Adds the poses of one clip, (M, T, V, C); returns their number."""
        poses = keypoint.reshape(-1, keypoint.shape[-2] * keypoint.shape[-1]).astype(np.float32) + np.float32(0)
        poses = poses[poses.any(1)]  # adding 0 above made -0 and 0 the same
        self._hashes.append(_hash(poses.view(np.uint32)))
        self._clips.append(np.full(len(poses), clip, np.int32))
        return len(poses)

    def shared(self) -> SharedPoses:
        """Every pair of clips that have a pose in common."""
        pairs: dict[tuple[int, int], tuple[int, int]] = {}
        if not self._hashes:
            return SharedPoses(pairs, [])
        hashes, clips = np.concatenate(self._hashes), np.concatenate(self._clips)
        order = np.lexsort((clips, hashes))
        hashes, clips = hashes[order], clips[order]
        # one row per (pose, clip), with how often it occurs there
        starts = np.flatnonzero(np.r_[True, (hashes[1:] != hashes[:-1]) | (clips[1:] != clips[:-1])][:len(hashes)])
        times = np.diff(np.r_[starts, len(hashes)])
        hashes, clips = hashes[starts], clips[starts]
        groups = np.flatnonzero(np.r_[True, hashes[1:] != hashes[:-1]][:len(hashes)])
        sizes = np.diff(np.r_[groups, len(hashes)])
        widespread = []
        for start, size in zip(groups[sizes > 1].tolist(), sizes[sizes > 1].tolist()):
            group = slice(start, start + size)
            if size > MAX_CLIPS:
                widespread.append(clips[group].tolist())
                continue
            for (a, in_a), (b, in_b) in combinations(zip(clips[group].tolist(), times[group].tolist()), 2):
                had = pairs.get((a, b), (0, 0))
                pairs[a, b] = had[0] + in_a, had[1] + in_b
        return SharedPoses(pairs, widespread)


def _hash(words: np.ndarray) -> np.ndarray:
    """(n, W) uint32 -> (n,) uint64: every word mixed with its position, then summed and mixed again."""
    total = np.zeros(len(words), np.uint64)
    for place in range(words.shape[1]):
        total += _mix(words[:, place].astype(np.uint64) + np.uint64((place + 1) << 32))
    return _mix(total)


def _mix(x: np.ndarray) -> np.ndarray:
    for factor in _MIX:
        x = (x ^ (x >> np.uint64(33))) * factor
    return x ^ (x >> np.uint64(33))
