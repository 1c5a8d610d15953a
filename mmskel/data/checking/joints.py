"""Problems with the joints of a whole file: one that is never seen, or the order of another layout."""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmskel.data.checking.clips import WARNING
from mmskel.data.checking.report import Problem
from mmskel.skeleton import LAYOUTS, Clip, get_layout

_MAX_CLIPS = 200  # clips whose bones are measured
_SHORTER = 0.75


class JointStatistics:
    """Collects, clip by clip, which joints are ever seen and how long the bones of every fitting layout would be.

    Args:
        layout: The file's layout.
    """

    def __init__(self, layout: str):
        self.layout = get_layout(layout) if layout in LAYOUTS else None
        joints = self.layout.num_joints if self.layout else 0
        self._seen = np.zeros(joints, bool)
        self._clips = 0
        self._rivals = [known for name, known in LAYOUTS.items() if joints and known.num_joints == joints]
        self._lengths = {known.name: 0. for known in self._rivals}

    def add(self, clip: Clip) -> None:
        """Takes a clip of the file's layout; others are skipped."""
        if self.layout is None or clip.layout != self.layout.name or clip.keypoint.shape[2] != len(self._seen) \
                or clip.score.shape != clip.keypoint.shape[:3]:
            return
        points = np.nan_to_num(clip.keypoint, posinf=0., neginf=0.)
        placed = points.any(-1) & (clip.score > 0)
        if not placed.any():
            return
        self._seen |= placed.any((0, 1))
        self._clips += 1
        if len(self._rivals) < 2 or self._clips > _MAX_CLIPS:
            return
        whole = points[placed.all(-1)]  # poses (n, V, C) that have every joint
        if len(whole):
            size = np.linalg.norm(np.ptp(whole, 1), axis=-1).mean() or 1.
            for rival in self._rivals:
                child, parent = np.array(rival.edges).T
                self._lengths[rival.name] += float(
                    np.linalg.norm(whole[:, child] - whole[:, parent], axis=-1).mean() / size)

    def problems(self) -> Iterator[Problem]:
        """Yields the problems of the whole file."""
        if self.layout is None or not self._clips:
            return
        absent = [joint for joint, seen in zip(self.layout.joints, self._seen) if not seen]
        if absent:
            yield Problem(WARNING, 'absent joint', f"{len(absent)} of {self.layout.num_joints} joints of '"
                          f"{self.layout.name}' are seen in no frame of any clip. Is the layout right? A network "
                          'learns nothing from them', tuple(('', name) for name in absent))
        own = self._lengths.get(self.layout.name, 0.)
        best = min(self._lengths, key=self._lengths.get, default='')
        if own and self._lengths[best] < _SHORTER * own:
            share = 1 - self._lengths[best] / own
            yield Problem(WARNING, 'joint order', f"In the order of '{best}' the bones of these skeletons would be "
                          f"{100 * share:.0f} % shorter than in that of '{self.layout.name}', which has the same "
                          f"number of joints. Are they '{best}'? Then say so (layout='{best}')")
