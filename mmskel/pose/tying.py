"""Ties the people that another program found in every frame, in any order, into persons that keep their place."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmskel.pose.poses import Poses
from mmskel.pose.tracking import Tracker
from mmskel.pose.tracks import TrackArrays, TrackRecord
from mmskel.skeleton.layout import Layout

_FRACTIONS = 1000.  # the tracker thinks in pixels


def tie(frames: Sequence[np.ndarray], layout: str | Layout, numbers: Sequence[np.ndarray] | None = None,
        max_persons: int | None = None) -> TrackArrays:
    """Persons over time, the longest and surest first; those seen in fewer than three frames are left out.

    Args:
        frames: (n, V, 3) people of each frame: x, y, score; n may be 0 and may differ. A joint of score 0 is missing.
        layout: Joint order.
        numbers: (n,) identities of another tracker for each frame, -1: none. Default: people are tied by
            :class:`~mmskel.pose.tracking.Tracker`.
        max_persons: Maximum number of persons. Default: all.

    Returns:
        M persons over ``len(frames)`` frames; M may be 0.
    """
    largest = max((np.abs(people[..., :2]).max() for people in frames if people.size), default=0.)
    scale = _FRACTIONS if largest <= 2 else 1.
    tracker, record = Tracker(layout), TrackRecord()
    for t, people in enumerate(frames):
        people = people[(people[..., 2] > 0).any(1)] if numbers is None else people
        found = _poses(people, scale)
        record.add(found, tracker.update(found) if numbers is None else numbers[t])
    tied = record.arrays(max_persons, tracker.confirmed if numbers is None else None)
    tied.keypoint[...] = np.where(tied.score[..., None] > 0, tied.keypoint / scale, 0)
    return tied


def _poses(people: np.ndarray, scale: float) -> Poses:
    """People with boxes around the joints that were found."""
    points, seen = people[..., :2] * scale, people[..., 2:] > 0
    none = ~seen.any(1)
    low = np.where(none, 0, np.where(seen, points, np.inf).min(1, initial=np.inf))
    high = np.where(none, 0, np.where(seen, points, -np.inf).max(1, initial=-np.inf))
    boxes = np.concatenate([low, high], -1).reshape(-1, 4)
    return Poses(boxes, np.ones(len(people)), points, people[..., 2])
