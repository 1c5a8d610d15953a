"""Clips that share exactly the same poses: twins, overlapping cuts, test frames that were trained on."""
from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np

# a pose in more clips than this says nothing about two of them (a placeholder, a frozen tracker)
MAX_CLIPS = 50
_MOST_HELD, _FILES = 4_000_000, 16
_ENTRY = np.dtype([('hash', '<u8'), ('clip', '<i4')])
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
    all zero does not count. Two hashes are practically never equal by chance: 1e-5 for ten million poses. The hashes
    of many poses go to temporary files, so that memory is bounded.

    Args:
        most: Number of poses that memory holds.
    """

    def __init__(self, most: int = _MOST_HELD):
        self._most = most
        self._held: list[np.ndarray] = []
        self._count = 0
        self._files: list[BinaryIO] = []

    def add(self, clip: int, keypoint: np.ndarray) -> int:
        """Adds the poses of one clip, (M, T, V, C); returns their number."""
        poses = keypoint.reshape(-1, keypoint.shape[-2] * keypoint.shape[-1]).astype(np.float32) + np.float32(0)
        poses = poses[poses.any(1)]  # adding 0 above made -0 and 0 the same
        entries = np.empty(len(poses), _ENTRY)
        entries['hash'], entries['clip'] = _hash(poses.view(np.uint32)), clip
        self._held.append(entries)
        self._count += len(poses)
        if self._count > self._most:
            self._spill()
        return len(poses)

    def _spill(self) -> None:
        if not self._files:
            self._files = [TemporaryFile() for _ in range(_FILES)]
        entries = np.concatenate([np.empty(0, _ENTRY), *self._held])
        place = entries['hash'] >> np.uint64(64 - _FILES.bit_length() + 1)
        for number, file in enumerate(self._files):
            file.write(entries[place == number].tobytes())
        self._held, self._count = [], 0

    def shared(self) -> SharedPoses:
        """Every pair of clips that have a pose in common; the index is empty afterwards."""
        found = SharedPoses({}, [])
        if not self._files:
            _share(np.concatenate([np.empty(0, _ENTRY), *self._held]), found)
            return found
        self._spill()
        for file in self._files:
            file.seek(0)
            _share(np.frombuffer(file.read(), _ENTRY), found)
            file.close()
        self._files = []
        return found


def _share(entries: np.ndarray, found: SharedPoses) -> None:
    """Adds the pairs among some poses to what was found; equal poses must be together."""
    hashes, clips, pairs, widespread = entries['hash'], entries['clip'], found.pairs, found.widespread
    if not len(entries):
        return
    order = np.lexsort((clips, hashes))
    hashes, clips = hashes[order], clips[order]
    # one row per (pose, clip), with how often it occurs there
    starts = np.flatnonzero(np.r_[True, (hashes[1:] != hashes[:-1]) | (clips[1:] != clips[:-1])][:len(hashes)])
    times = np.diff(np.r_[starts, len(hashes)])
    hashes, clips = hashes[starts], clips[starts]
    groups = np.flatnonzero(np.r_[True, hashes[1:] != hashes[:-1]][:len(hashes)])
    sizes = np.diff(np.r_[groups, len(hashes)])
    for start, size in zip(groups[sizes > 1].tolist(), sizes[sizes > 1].tolist()):
        group = slice(start, start + size)
        if size > MAX_CLIPS:
            widespread.append(clips[group].tolist())
            continue
        for (a, in_a), (b, in_b) in combinations(zip(clips[group].tolist(), times[group].tolist()), 2):
            had = pairs.get((a, b), (0, 0))
            pairs[a, b] = had[0] + in_a, had[1] + in_b


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
