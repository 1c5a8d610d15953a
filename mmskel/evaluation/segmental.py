"""Measures of temporal segmentation: how well the actions that follow each other in a video are told from one another.

Papers: Lea et al., "Temporal Convolutional Networks for Action Segmentation and Detection", CVPR 2017, arXiv 1611.05267
(edit score, segmental F1); Farha and Gall, "MS-TCN", CVPR 2019, arXiv 1903.01945, whose ``eval.py``
(https://github.com/yabufarha/ms-tcn, MIT) gives the same numbers. Rewritten.
"""
from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mmskel.files.errors import UserError

OVERLAPS = (0.1, 0.25, 0.5)


@dataclass(frozen=True)
class SegmentalScores:
    """The measures over one video or several.

    Args:
        accuracy: Share of the frames with the right class, in [0, 1], over all frames of all videos.
        edit: Edit score in [0, 1], the mean over the videos: 1 if the segments follow in the right order, whatever
            their lengths.
        f1: Overlap -> segmental F1 in [0, 1], from the hits and misses of all videos together.
    """
    accuracy: float
    edit: float
    f1: dict[float, float]


def segments_of(labels: Sequence[int], background: Collection[int] = ()) -> list[tuple[int, int, int]]:
    """(T,) classes of frames -> (class, first frame, one past the last) of every segment that is not background."""
    labels = np.asarray(labels)
    edges = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), len(labels)] if len(labels) else [0]
    return [(int(labels[a]), a, b) for a, b in zip(edges[:-1], edges[1:]) if int(labels[a]) not in background]


def segmental_scores(videos: Iterable[tuple[Sequence[int], Sequence[int]]], background: Collection[int] = (),
                     overlaps: Sequence[float] = OVERLAPS) -> SegmentalScores:
    """Frame accuracy, edit score and segmental F1.

    A predicted segment is a hit if the true segment of its class with the largest intersection over union reaches the
    overlap and was not hit before; the order is that of time.

    Args:
        videos: Prediction and truth of each video, (T,) classes of its frames.
        background: Classes that are no action: their frames count for the accuracy alone.
        overlaps: Least intersections over union for the F1.

    Raises:
        UserError: If there is no video, or a prediction is not as long as its truth.

    Example:
        >>> truth = [0, 0, 0, 0, 1, 1, 2, 2]
        >>> found = [0, 0, 0, 1, 1, 1, 2, 0]
        >>> scores = segmental_scores([(found, truth)])
        >>> scores.accuracy, scores.edit, round(scores.f1[.5], 3)
        (0.75, 0.75, 0.857)
    """
    right = frames = 0
    edits: list[float] = []
    hits, false, missed = (dict.fromkeys(overlaps, 0) for _ in range(3))
    for number, (found, truth) in enumerate(videos):
        found, truth = np.asarray(found), np.asarray(truth)
        if found.shape != truth.shape or found.ndim != 1 or not len(truth):
            raise UserError(f'video {number}: prediction {found.shape} and truth {truth.shape}; expected one class per '
                            'frame, (T,) each, T at least 1')
        right, frames = right + int((found == truth).sum()), frames + len(truth)
        ours, theirs = segments_of(found, background), segments_of(truth, background)
        edits.append(edit_score([one[0] for one in ours], [one[0] for one in theirs]))
        for overlap in overlaps:
            count = _hits(ours, theirs, overlap)
            hits[overlap] += count
            false[overlap] += len(ours) - count
            missed[overlap] += len(theirs) - count
    if not edits:
        raise UserError('there is no video; expected at least one pair of prediction and truth')
    # 2 tp / (2 tp + fp + fn) is the harmonic mean of precision and recall
    f1 = {one: 2 * hits[one] / max(2 * hits[one] + false[one] + missed[one], 1) for one in overlaps}
    return SegmentalScores(right / frames, float(np.mean(edits)), f1)


def edit_score(found: Sequence[int], truth: Sequence[int]) -> float:
    """1 - Levenshtein distance of two sequences of classes, over the longer one's length; 1 if both are empty."""
    row = list(range(len(truth) + 1))
    for i, one in enumerate(found, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(truth, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return 1 - row[-1] / max(len(found), len(truth), 1)


def _hits(found: Sequence[tuple[int, int, int]], truth: Sequence[tuple[int, int, int]], overlap: float) -> int:
    """The number of predicted segments that hit a true one."""
    hit: set[int] = set()
    for label, start, stop in found:
        ious = [max(min(stop, b) - max(start, a), 0) / (max(stop, b) - min(start, a)) if label == other else 0.
                for other, a, b in truth]
        best = int(np.argmax(ious)) if ious else -1
        if best >= 0 and ious[best] >= overlap and ious[best] > 0 and best not in hit:
            hit.add(best)
    return len(hit)
