"""Objects in a video: a ball, a net, anything an mmdet detector knows; one track per name. Symbols: T frames.

The object among a frame's boxes is found by the path through all frames that gathers the largest scores and jumps
least.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from mmskel.files.errors import UserError
from mmskel.pose.detection import Detections, PersonDetector
from mmskel.pose.loading import PoseModelError

_REACH = .1  # of the image's longer side: an object that moves so far from frame to frame loses a score of 1
_LOOK_BACK = 15  # frames over which places are compared; after that the object may be anywhere


def parse_names(given: Sequence[str]) -> dict[str, str]:
    """``['ball=sports ball', 'net']`` as name -> class of the detector, here ``{'ball': 'sports ball', 'net': 'net'}``.

    Raises:
        UserError: A repeated or empty name.
    """
    parts = [one.partition('=') for one in given]
    pairs = [(name.strip(), (kind if mark else name).strip()) for name, mark, kind in parts]
    names = [name for name, _ in pairs]
    wrong = [one for one, (name, kind) in zip(given, pairs) if not name or not kind or names.count(name) > 1]
    if wrong:
        raise UserError(f"objects are given as NAME or NAME=CLASS, each name once; found '{wrong[0]}'")
    return dict(pairs)


class ObjectDetector:
    """Some classes of an mmdet detector as objects.

    Args:
        detector: Any detector; may be the one that finds the persons, which then runs once for both.
        names: Name of the object -> class of the detector, by name or number. Several names may share a class only if
            one object of it is enough for all.
        min_score: Lowest score of boxes to look at. Balls are small; detectors are seldom sure of them.

    Raises:
        PoseModelError: A class that the detector does not have.
    """

    def __init__(self, detector: PersonDetector, names: Mapping[str, str], min_score: float = .2):
        self.detector, self.names, self.min_score = detector, dict(names), min_score
        self.classes = {name: self._class(kind) for name, kind in self.names.items()}

    def _class(self, kind: str) -> int:
        known = self.detector.class_names
        if kind in known:
            return known.index(kind)
        if re.fullmatch(r'\d+', kind) and (not known or int(kind) < len(known)):
            return int(kind)
        has = f'it has: {", ".join(known)}' if known else 'its classes have no names; give the number of one'
        raise PoseModelError(f"'{self.detector.config}' has no class '{kind}' to find as an object; {has}. Another "
                             'detector for objects: object_config=..., object_weights=...')

    def __call__(self, found: Detections) -> dict[str, np.ndarray]:
        """The candidates of a frame: name -> (n, 3) middle of the box, x, y in pixels, and score."""
        sure = found.scores >= self.min_score
        middles = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
        rows = np.concatenate([middles, found.scores[:, None]], 1).astype(np.float32)
        return {name: rows[sure & (found.labels == number)] for name, number in self.classes.items()}


class ObjectRecord:
    """The candidates of a video's frames, as they come.

    Args:
        names: Names of the objects.
    """

    def __init__(self, names: Sequence[str]):
        self._found: dict[str, dict[int, np.ndarray]] = {name: {} for name in names}

    def add(self, index: int, candidates: Mapping[str, np.ndarray]) -> None:
        """Takes in frame ``index``; frames may come twice and need not all come."""
        for name, rows in candidates.items():
            self._found[name][index] = rows

    def tracks(self, num_frames: int, size: tuple[int, int], max_gap: int = 0) -> dict[str, np.ndarray]:
        """Name -> (T, 3) x, y, score; zeros in frames where the object was not seen.

        Args:
            num_frames: Number of frames, T.
            size: (height, width) of the image.
            max_gap: Longest gap in frames to be filled linearly, with half the lower score of their ends.
        """
        out = {}
        for name, found in self._found.items():
            candidates = [found.get(t, np.zeros((0, 3), np.float32)) for t in range(num_frames)]
            out[name] = fill_track(best_path(candidates, _REACH * max(size)), max_gap)
        return out


def best_path(candidates: Sequence[np.ndarray], reach: float) -> np.ndarray:
    """One place per frame, or none, such that scores are large and steps are short.

    Maximises the sum of the scores less ``min(1, (distance / (frames * reach))^2)`` for every step; a step over more
    than 15 frames costs 1. A place that one would have to jump to and back from is therefore never worth its score.

    Args:
        candidates: Candidates of each frame, (n, 3): x, y, score, all scores above 0.
        reach: Distance per frame that costs 1.

    Returns:
        (T, 3) float32; zeros where there is none.
    """
    recent: list[tuple[int, np.ndarray, np.ndarray]] = []  # frame, rows, value of the best path that ends at each
    origins: dict[tuple[int, int], tuple[int, int] | None] = {}
    best, best_end = 0., None  # of all paths so far; a path may begin anywhere
    for t, rows in enumerate(candidates):
        if not len(rows):
            continue
        values = np.full(len(rows), best - 1 if best_end else 0.)
        ends: list[tuple[int, int] | None] = [best_end] * len(rows)
        recent = [one for one in recent if t - one[0] <= _LOOK_BACK]
        for frame, earlier, value in recent:
            far = np.linalg.norm(rows[:, None, :2] - earlier[None, :, :2], axis=-1) / ((t - frame) * reach)
            through = value - np.minimum(far**2, 1)
            nearest = through.argmax(1)
            for i in np.flatnonzero(through.max(1) > values):
                values[i], ends[i] = through[i, nearest[i]], (frame, int(nearest[i]))
        for i in np.flatnonzero(values < 0):  # better to begin here
            values[i], ends[i] = 0., None
        values += rows[:, 2]
        origins.update({(t, i): end for i, end in enumerate(ends)})
        recent.append((t, rows, values))
        if values.max() > best or best_end is None:
            best, best_end = float(values.max()), (t, int(values.argmax()))
    track, at = np.zeros((len(candidates), 3), np.float32), best_end
    while at is not None:
        track[at[0]] = candidates[at[0]][at[1]]
        at = origins[at]
    return track


def fill_track(track: np.ndarray, max_gap: int) -> np.ndarray:
    """(T, 3) -> the same with gaps of at most ``max_gap`` frames between two sightings filled linearly; a filled frame
    has half the lower score of the gap's ends."""
    track = track.copy()
    seen = np.flatnonzero(track[:, 2] > 0)
    for start, stop in zip(seen, seen[1:]):
        if 1 < stop - start <= max_gap + 1:
            share = ((np.arange(start + 1, stop) - start) / (stop - start))[:, None]
            track[start + 1:stop, :2] = (1 - share) * track[start, :2] + share * track[stop, :2]
            track[start + 1:stop, 2] = .5 * min(track[start, 2], track[stop, 2])
    return track
