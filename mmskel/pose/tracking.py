"""Tracking: the detections of one frame after another are assigned to tracks, so that a person keeps its number.

Paper: ByteTrack, Zhang et al., ECCV 2022, arXiv 2110.06864, algorithm 1; official repository
https://github.com/ifzhang/ByteTrack (MIT). Rewritten with NumPy and SciPy. What we changed: similarity is the
mean of box IoU and object keypoint similarity to the moved skeleton; lost and unconfirmed tracks take part in both
associations, as leaving them out gave their detections to neighbours; people who were lost are then looked for around
the place where they vanished; a number is given at once and confirmed later, so that confirmation costs no frames.

Why none of the packages (looked at on 20 November 2026, wheels for Python 3.10 and 3.13): ``trackers`` 2.6.1
(Apache-2.0) needs supervision and opencv-python, which overwrites opencv-python-headless; ``supervision`` 0.31.2 (MIT)
no longer holds a tracker; ``boxmot`` 25.0.0 is AGPL-3.0 with 17 requirements; ``norfair`` 2.3.0 (BSD-3) wants filterpy
below 2 and has no second association; ``motpy`` 0.0.10 (MIT) has neither skeletons nor a second association; ``lap``
and ``lapx`` solve the assignment, which SciPy does. ByteTrack with a comparison of skeletons is in none of them.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from mmskel.files.errors import UserError
from mmskel.pose.motion import BoxMotion
from mmskel.pose.poses import Poses
from mmskel.pose.similarity import (
    DEFAULT_SIGMA,
    box_iou,
    keypoint_similarity,
    log_bone_lengths,
    proportion_distance,
    sigmas_of,
)
from mmskel.skeleton.layout import Layout
from mmskel.skeleton.tables import get_layout

DUPLICATE_IOU = 0.85  # a detection that covers a matched one like this starts no track (the paper's code removes it)
MAX_SCALE = 1.6  # a person found again is at most this factor larger or smaller
MAX_PROPORTION = 0.5  # and proportioned alike, see proportion_distance


@dataclass(frozen=True)
class TrackingOptions:
    """Thresholds of :class:`Tracker`; ``dataclasses.asdict`` of it is what a provenance record needs.

    Args:
        high: Score from which detections are associated first.
        low: Lower score; skeletons from here up to ``high`` are matched second, with the tracks left over; below it
            they are ignored.
        new: Score from which a detection that belongs to nobody begins a track; at least ``high``.
        match_high: Least similarity, in [0, 1], of a pair in the first association.
        match_low: The same in the second.
        match_unconfirmed: The same, if higher, for tracks that are not confirmed yet.
        pose_weight: Share of the OKS in the similarity, in [0, 1]; 0: boxes only, as in the paper. It also lowers the
            similarity of persons not seen for a while, whose remembered pose no longer fits.
        joint_score: Joints with a lower score are not part of the OKS.
        max_lost: Number of frames without the person after which its track ends; 30 is the paper's.
        reach: Radius of the search for a lost person, in body sizes (longer sides of its box) around where it should
            be or was last seen, a quarter in the beginning and a twentieth more per frame; 0: not looked for.
        confirm: Number of frames a track must be seen in to count. Those that begin in the first frame count at once.
            One that does not is dropped when it was missed as often as seen.

    Raises:
        UserError: If a value is out of range.
    """
    high: float = 0.4
    low: float = 0.1
    new: float = 0.5
    match_high: float = 0.2
    match_low: float = 0.4
    match_unconfirmed: float = 0.3
    pose_weight: float = 0.5
    joint_score: float = 0.3
    max_lost: int = 30
    reach: float = 1.0
    confirm: int = 3

    def __post_init__(self):
        if not 0 <= self.low <= self.high <= self.new:
            raise UserError(f'low = {self.low}, high = {self.high}, new = {self.new}; expected '
                            '0 <= low <= high <= new')
        for name in ('match_high', 'match_low', 'match_unconfirmed', 'pose_weight'):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f'{name} is {getattr(self, name)}; expected a number from 0 to 1')
        if self.max_lost < 0 or self.reach < 0 or self.joint_score < 0 or self.confirm < 1:
            raise UserError(f'max_lost = {self.max_lost}, reach = {self.reach}, joint_score = {self.joint_score}, '
                            f'confirm = {self.confirm}; expected numbers not below 0, and confirm of at least 1')


class _Track:
    """One person: its number, its motion, and its skeleton when it was last seen."""

    def __init__(self, number: int, confirmed: bool):
        self.number, self.confirmed, self.hits, self.missed = number, confirmed, 0, 0
        self.motion: BoxMotion | None = None
        self.bones: np.ndarray | None = None

    def see(self, box: np.ndarray, keypoints: np.ndarray, seen: np.ndarray, bones: np.ndarray, again: bool) -> None:
        """Takes in a detection; if ``again``, it was found by search, so the motion model was wrong and starts over."""
        if self.motion is None:
            self.motion = BoxMotion(box)
        elif again:
            moved = (box[:2] + box[2:]) / 2 - self.last_centre
            self.motion = BoxMotion(box, moved / (self.missed + 1))
        else:
            self.motion.update(box)
        self.last_centre = np.asarray(box[:2] + box[2:], float) / 2
        self.keypoints, self.seen, self.anchor = keypoints, seen, self.motion.position
        before = bones if self.bones is None else self.bones  # running mean of what is known
        mixed = 0.8 * before + 0.2 * bones
        self.bones = np.where(np.isfinite(mixed), mixed, np.where(np.isfinite(bones), bones, before))
        self.hits, self.missed = self.hits + 1, 0

    @property
    def moved_keypoints(self) -> np.ndarray:
        """(V, 2) the last skeleton, moved and scaled as the box was since."""
        scale = self.motion.position[2:] / self.anchor[2:]
        return self.motion.position[:2] + (self.keypoints - self.anchor[:2]) * scale


class Tracker:
    """Online tracker of one video: feed it every frame once, in order.

    Args:
        layout: The joint order, for the sigmas of the OKS and the bones. Default: unknown; equal sigmas, no bones.
        options: Thresholds.

    Raises:
        LayoutError: If the layout is unknown.

    Example:
        >>> from mmskel.pose.poses import Poses
        >>> tracker = Tracker('coco17')
        >>> for x in range(3):  # one person who moves to the right
        ...     box = np.array([[10. + x, 10, 60 + x, 160]])
        ...     keypoint = np.tile([35. + x, 85], (1, 17, 1))
        ...     numbers = tracker.update(Poses(box, np.array([.9]), keypoint))
        >>> numbers.tolist()
        [0]
    """

    def __init__(self, layout: str | Layout | None = None, options: TrackingOptions = TrackingOptions()):
        self.layout = None if layout is None else get_layout(layout)
        self.options = options
        self.frame = 0
        self._tracks: list[_Track] = []
        self._confirmed: set[int] = set()
        self._next = 0
        self._joints: int | None = None  # V, once somebody was found

    @property
    def confirmed(self) -> frozenset[int]:
        """Numbers of all tracks that were ever confirmed, ended ones too. Others may be false alarms."""
        return frozenset(self._confirmed)

    def update(self, found: Poses) -> np.ndarray:
        """The numbers of the persons found in the next frame.

        Args:
            found: Skeletons in any order; the order changes nothing.

        Returns:
            (n,) int64: number of the track, from 0 in order of appearance; -1 for detections that belong to none.

        Raises:
            UserError: If the number of joints is not that of the layout (or 0), or of the frames before.
        """
        if len(found):
            V = found.num_joints
            before = {0, self.layout.num_joints} if self.layout else {V}
            allowed = sorted(before if self._joints is None else {self._joints})
            if V not in allowed:
                raise UserError(f'frame {self.frame}: {V} joints; expected {" or ".join(map(str, allowed))}')
            self._joints = V
        order = found.canonical_order()
        numbers = np.full(len(found), -1, np.int64)
        numbers[order] = self._associate(found.take(order))
        self.frame += 1
        return numbers

    def _associate(self, found: Poses) -> np.ndarray:
        o = self.options
        seen = found.score >= o.joint_score
        edges = self.layout.edges if self.layout and found.num_joints else ()
        bones = log_bone_lengths(found.keypoint, seen, np.array(edges, int).reshape(-1, 2))
        owner: list[_Track | None] = [None] * len(found)

        def tie(tracks: list[_Track], of: np.ndarray, similarity: np.ndarray, gates: np.ndarray, again: bool) -> None:
            similarity = np.where(similarity >= np.reshape(gates, (-1, 1)), similarity, 0)
            for i, j in zip(*linear_sum_assignment(similarity, maximize=True)):
                if similarity[i, j] > 0:
                    at = of[j]
                    owner[at] = tracks[i]
                    tracks[i].see(found.boxes[at], found.keypoint[at], seen[at], bones[at], again)
                    free.remove(tracks[i])

        def left(mask: np.ndarray) -> np.ndarray:
            return np.array([j for j in np.flatnonzero(mask) if owner[j] is None], int)

        for track in self._tracks:
            track.motion.predict(keep_size=track.missed > 0)
        free = list(self._tracks)
        high, low = found.box_scores >= o.high, (found.box_scores >= o.low) & (found.box_scores < o.high)
        for mask, least in ((high, o.match_high), (low, o.match_low)):
            tracks, of = list(free), left(mask)
            gates = np.array([least if t.confirmed else max(least, o.match_unconfirmed) for t in tracks])
            tie(tracks, of, self._similarity(tracks, found, seen, of), gates, again=False)
        tracks, of = [t for t in free if t.confirmed], left(high)
        tie(tracks, of, self._nearness(tracks, found, bones, of), np.zeros(len(tracks)), again=True)
        for track in free:
            track.missed += 1
        for at in left(found.box_scores >= o.new):
            others = [j for j, track in enumerate(owner) if track is not None]
            if (box_iou(found.boxes[at:at + 1], found.boxes[others]) < DUPLICATE_IOU).all():
                owner[at] = _Track(self._next, confirmed=self.frame == 0)
                owner[at].see(found.boxes[at], found.keypoint[at], seen[at], bones[at], again=False)
                self._tracks.append(owner[at])
                self._next += 1
        for track in self._tracks:
            track.confirmed |= track.hits >= o.confirm
        self._confirmed.update(t.number for t in self._tracks if t.confirmed)
        self._tracks = [t for t in self._tracks
                        if t.missed <= (o.max_lost if t.confirmed else min(o.max_lost, t.hits - 1))]
        return np.array([-1 if track is None else track.number for track in owner], np.int64)

    def _similarity(self, tracks: list[_Track], found: Poses, seen: np.ndarray, of: np.ndarray) -> np.ndarray:
        """(tracks, of): mean of IoU and OKS, weighted by ``pose_weight``; IoU where too few joints are common."""
        if not tracks or not len(of):
            return np.zeros((len(tracks), len(of)))
        boxes = np.stack([t.motion.box for t in tracks])
        iou = box_iou(boxes, found.boxes[of])
        if not found.num_joints:
            return iou
        sizes = [np.prod(b[:, 2:] - b[:, :2], axis=1, dtype=float) for b in (boxes, found.boxes[of])]
        sigmas = sigmas_of(self.layout) if self.layout else DEFAULT_SIGMA
        oks, valid = keypoint_similarity(np.stack([t.moved_keypoints for t in tracks]), found.keypoint[of],
                                         np.stack([t.seen for t in tracks]), seen[of],
                                         (sizes[0][:, None] + sizes[1]) / 2, sigmas)
        weight = valid * self.options.pose_weight
        return (1 - weight) * iou + weight * oks

    def _nearness(self, tracks: list[_Track], found: Poses, bones: np.ndarray, of: np.ndarray) -> np.ndarray:
        """(tracks, of): 1 for the same place, scale and proportions, down to 0, which is impossible."""
        near = np.zeros((len(tracks), len(of)))
        for i, track in enumerate(tracks):
            radius = min(0.25 + 0.05 * track.missed, self.options.reach) * track.motion.size
            for k, j in enumerate(of):
                box = np.asarray(found.boxes[j], float)
                centre, size = (box[:2] + box[2:]) / 2, max((box[2:] - box[:2]).max(), 1.0)
                way = min(np.linalg.norm(centre - place) for place in (track.motion.position[:2], track.last_centre))
                scale = abs(np.log(size / track.motion.size)) / np.log(MAX_SCALE)
                build = proportion_distance(track.bones, bones[j]) / MAX_PROPORTION
                if way < radius and scale < 1 and build < 1:
                    near[i, k] = 1 - (way / radius + scale + build) / 3
        return near
