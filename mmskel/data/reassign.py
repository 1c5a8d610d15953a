"""Assigns tracked persons to slots that are stable over time. NumPy only.

As in MP-GCN, ``docs/published/mp_gcn.md``, D12. Symbols: n detections of a frame, T frames, P slots,
V joints.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class TrackedPeople:
    """The persons found in one frame.

    Args:
        keypoint: (n, V, 3): x, y, score.
        confidence: (n,) of the detections.
        track_id: (n,) int, 1, 2, ...; -1 for one that the tracker did not accept.
    """
    keypoint: np.ndarray
    confidence: np.ndarray
    track_id: np.ndarray


def track_energy(frames: Sequence[TrackedPeople]) -> dict[int, float]:
    """The motion of every track: the standard deviation of all its x plus that of all its y.

    Over joints and frames together, so large people count for more, as published. Poses that are all zero are left out.
    """
    poses: dict[int, list[np.ndarray]] = {}
    for frame in frames:
        for pose, track in zip(frame.keypoint[..., :2], frame.track_id):
            if track >= 0 and pose.any():
                poses.setdefault(int(track), []).append(np.asarray(pose, np.float64))
    return {track: float(np.stack(found).std((0, 1)).sum()) for track, found in poses.items()}


def reassign(frames: Sequence[TrackedPeople], num_person: int) -> tuple[np.ndarray, np.ndarray]:
    """Every frame's persons in P slots.

    In each frame, the P persons with the largest ``confidence + softmax(energy of their track)`` are kept, best first
    (on a tie the earlier detection). A person belongs in slot ``(track - 1) mod P``; of several the smallest track
    gets it, the others take the first free slots. A person without a track counts as track 1, with no energy; of
    persons with one track the last one kept stands for all.

    Args:
        frames: Persons of the T frames; may be empty.
        num_person: Number of slots, P.

    Returns:
        (T, P, V, 3) float32, zeros where a slot is empty; (T, P) int tracks, -1 where empty. V is 17 if nobody is seen.
    """
    joints = next((frame.keypoint.shape[1] for frame in frames if len(frame.keypoint)), 17)
    keypoint = np.zeros((len(frames), num_person, joints, 3), np.float32)
    track_id = np.full((len(frames), num_person), -1, np.int64)
    energy = track_energy(frames)
    for place, frame in enumerate(frames):
        if not len(frame.keypoint):
            continue
        moved = np.array([energy.get(int(track), 0.) if track >= 0 else 0. for track in frame.track_id])
        weight = np.exp(moved - moved.max())
        score = np.asarray(frame.confidence, np.float64) + weight / weight.sum()
        # a dictionary keeps the position of a track's first person and the pose of its last
        kept = {max(int(frame.track_id[i]), 1): i for i in np.argsort(-score, kind='stable')[:num_person]}
        slots: dict[int, int] = {}
        for track in kept:
            slot = (track - 1) % num_person
            slots[slot] = min(track, slots.get(slot, track))
        settled = set(slots.values())
        free = (slot for slot in range(num_person) if slot not in slots)
        slots.update({slot: track for track, slot in zip([t for t in kept if t not in settled], list(free))})
        for slot, track in slots.items():
            keypoint[place, slot], track_id[place, slot] = frame.keypoint[kept[track]], track
    return keypoint, track_id
