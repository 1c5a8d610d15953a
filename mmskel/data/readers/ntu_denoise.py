"""From tracked bodies to person slots: the three published ways of cleaning NTU RGB+D, and none.

Every function takes a :class:`~mmskel.data.readers.ntu_text.Recording` and returns keypoints (M, T, 25, 3) float32.
Thresholds and quirks are those of the released scripts, rewritten from their description
(``docs/published/data.md``, D3):

* :func:`keep_all`: nothing is removed.
* :func:`denoise_sgn` (variant A): P. Zhang et al., SGN (CVPR 2020); the arrays of CTR-GCN, HD-GCN and most graph
  networks since.
* :func:`denoise_pyskl` (variant B): H. Duan et al., PYSKL (2022); the published 3-D pickles of PYSKL and MMAction2.
* :func:`denoise_mmaction` (variant C): MMAction2's converter of raw files, after ST-GCN.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmskel.data.readers.ntu_text import NUM_JOINTS, Recording

MIN_FRAMES = 12  # a body seen in 11 frames or fewer is noise
MAX_SPREAD = 0.8  # a pose wider than 0.8 of its height is noisy ...
MAX_NOISY_SHARE = 0.69754  # ... and a body with this share of noisy poses is no person
_EMPTY = 1e-3  # PYSKL: a frame whose absolute values sum to less is empty


@dataclass
class _Body:
    """A body id: its (n, 25, 3) poses, the slots [start, start + n) they go to, and how much it moves."""
    start: int
    poses: np.ndarray
    motion: float

    @property
    def end(self) -> int:
        """Exclusive. The published scripts extend a body's interval by one per sighting and do not look at gaps, so
        a body that vanishes and returns is shifted to an earlier time; trained weights saw it that way."""
        return self.start + len(self.poses)


def keep_all(recording: Recording) -> tuple[np.ndarray, list[str]]:
    """One person per body id, in order of first appearance, at the frames it was seen in.

    Returns:
        (M, T, 25, 3) with all T frames of the file, zeros where a body is absent; and the M body ids.
    """
    tracks = recording.tracks()
    keypoint = np.zeros((len(tracks), len(recording.frames), NUM_JOINTS, 3), np.float32)
    for person, (frames, poses) in enumerate(tracks.values()):
        keypoint[person, frames] = poses
    return keypoint, list(tracks)


def denoise_sgn(recording: Recording, translate: bool = False, duplicate: bool = False) -> np.ndarray:
    """Variant A. Frames without a body vanish; then, if there are two ids or more, at most two slots are filled.

    Args:
        recording: At least one body.
        translate: Also the third published pass: the spine middle of person 1 in its first frame becomes the origin
            of the whole clip; an absent person of a two-person clip stays zero.
        duplicate: A clip with a single person gets it twice, as the released NTU RGB+D 120 script does.

    Returns:
        (1 or 2, T, 25, 3).
    """
    bodies = _bodies(recording)
    num_frames = sum(map(bool, recording.frames))
    if len(bodies) > 1:
        bodies = _by_motion(_without_wide(_without_short(bodies), keep_last=True))
        keypoint = _fill_slots(bodies, num_frames, _touches_sgn)
        keypoint = keypoint[:, keypoint.sum((0, 2, 3)) != 0]
    else:
        keypoint = bodies[0].poses[None]
    if translate:
        present = keypoint[0].any((1, 2))
        first = int(present.argmax()) if present.any() else 0
        absent = keypoint.sum((2, 3)) == 0
        keypoint = keypoint - keypoint[0, first, 1]
        if len(keypoint) == 2:
            keypoint[absent] = 0
    if duplicate and len(keypoint) == 1:
        keypoint = np.repeat(keypoint, 2, 0)
    return keypoint


def denoise_pyskl(recording: Recording) -> np.ndarray:
    """Variant B. A single remaining body is returned as it is; of several, two slots are filled.

    Returns:
        (1 or 2, T, 25, 3); leading and trailing empty frames are cut off, empty frames in between stay.
    """
    bodies = _bodies(recording)
    if len(bodies) > 1:
        bodies = _without_short(_by_motion(bodies))
    if len(bodies) > 1:
        bodies = _by_motion(_without_wide(bodies, keep_last=False))
    if len(bodies) == 1:
        return bodies[0].poses[None]
    keypoint = _fill_slots(bodies, max(b.end for b in bodies), _touches_pyskl)
    full = np.flatnonzero(np.abs(keypoint).sum((0, 2, 3)) >= _EMPTY)
    keypoint = keypoint[:, full[0]:full[-1] + 1] if len(full) else keypoint
    spine = np.abs(keypoint[:, 0, 1]).sum(-1)
    if spine[0] < _EMPTY < spine[1]:
        keypoint = keypoint[::-1].copy()
    return keypoint


def denoise_mmaction(recording: Recording) -> np.ndarray:
    """Variant C. Slots by place in the frame (the first four, no identities); the two that vary most are kept.

    Returns:
        (1 or 2, T, 25, 3) with all T frames of the file; slots that are all zero are dropped, but never the last.
    """
    slots = np.zeros((4, len(recording.frames), NUM_JOINTS, 3))
    for index, bodies in enumerate(recording.frames):
        for place, (_, joints) in enumerate(bodies[:4]):
            slots[place, index] = joints
    energy = np.zeros(4)
    for place, slot in enumerate(slots):
        seen = slot[slot.sum((1, 2)) != 0]
        if len(seen):
            energy[place] = sum(seen[..., axis].std() for axis in range(3))
    kept = slots[energy.argsort()[::-1][:2]]
    kept = kept[kept.any((1, 2, 3))]
    return (kept if len(kept) else slots[:1]).astype(np.float32)


def _bodies(recording: Recording) -> list[_Body]:
    return [_Body(frames[0], poses, float(_variance(poses)))
            for frames, poses in recording.tracks(renumbered=True).values()]


def _variance(poses: np.ndarray) -> np.floating:
    """Sum over x, y, z of the variance over all (frame, joint) values."""
    return poses.reshape(-1, 3).var(0).sum()


def _by_motion(bodies: list[_Body]) -> list[_Body]:
    return sorted(bodies, key=lambda body: -body.motion)  # stable: ties stay in order of appearance


def _without_short(bodies: list[_Body]) -> list[_Body]:
    """Drops bodies of 11 frames or fewer. If all are that short the longest stays (the scripts fail there)."""
    long = [body for body in bodies if len(body.poses) >= MIN_FRAMES]
    return long or [max(bodies, key=lambda body: len(body.poses))]


def _without_wide(bodies: list[_Body], keep_last: bool) -> list[_Body]:
    """Drops bodies whose poses are mostly wider than high; lowers the motion of the rest to that of good poses.

    Args:
        bodies: In the order they are looked at.
        keep_last: Stop once a single body is left (variant A); else look at all, and if none passed keep the one
            with the smallest share of noisy poses (PYSKL's script fails there).
    """
    if len(bodies) == 1:
        return bodies
    kept, shares = list(bodies), []
    for body in bodies:
        if keep_last and len(kept) == 1:
            break
        x, y = body.poses[..., 0], body.poses[..., 1]
        # in double precision, as NumPy computed it when the scripts were run
        good = np.ptp(x, axis=1).astype(np.float64) <= MAX_SPREAD * np.ptp(y, axis=1).astype(np.float64)
        shares.append((~good).mean())
        if shares[-1] >= MAX_NOISY_SHARE:
            kept = [b for b in kept if b is not body]
        elif not good.all():
            body.motion = min(body.motion, float(_variance(body.poses[good])))
    return kept or [bodies[int(np.argmin(shares))]]


def _touches_sgn(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Variant A compares inclusive ends, so two intervals that share a single frame count as apart."""
    return min(a[1] - 1, b[1] - 1) - max(a[0], b[0]) > 0


def _touches_pyskl(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return max(a[0], b[0]) < min(a[1], b[1])


def _fill_slots(bodies: list[_Body], num_frames: int,
                touches: Callable[[tuple[int, int], tuple[int, int]], bool]) -> np.ndarray:
    """The first body is person 1; each further one goes to the first slot whose interval it does not touch.

    A slot's interval is widened by every body it takes, gaps included; a body that touches both is discarded.

    Returns:
        (1, T, 25, 3) for a single body, else (2, T, 25, 3).
    """
    slots = np.zeros((2, num_frames, NUM_JOINTS, 3), np.float32)
    first = bodies[0]
    slots[0, first.start:first.end] = first.poses
    # slot 2 begins as [0, 0] in both scripts: it touches nothing yet, but once filled it reaches back to frame 0
    taken = [(first.start, first.end), (0, 0)]
    for body in bodies[1:]:
        span = body.start, body.end
        for slot in (0, 1):
            if not touches(taken[slot], span):
                slots[slot, span[0]:span[1]] = body.poses
                taken[slot] = min(taken[slot][0], span[0]), max(taken[slot][1], span[1])
                break
    return slots if len(bodies) > 1 else slots[:1]
