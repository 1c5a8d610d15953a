"""Predictions for one clip over time: windows, their probabilities, and the segments they merge into."""
from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmskel.files.atomic import atomic_path
from mmskel.files.errors import UserError
from mmskel.files.text import csv_cell


@dataclass(frozen=True)
class Segment:
    """A stretch of time with one label.

    Args:
        start, stop: Seconds; the last frame lasts until ``stop``.
        label: Class index.
        score: Mean probability of the label, in [0, 1].
    """
    start: float
    stop: float
    label: int
    score: float


@dataclass(frozen=True)
class ActionTrack:
    """The prediction for one person, or for everybody in the image together.

    Args:
        windows: (W, 2) int, first frame of each window and one past its last; W is 0 if nobody was seen.
        scores: (W, K) probabilities.
        person: Index of the person in the clip; None for everybody.
    """
    windows: np.ndarray
    scores: np.ndarray
    person: int | None = None

    def mean_score(self) -> np.ndarray:
        """(K,) probabilities of the whole clip: the mean over the windows; zeros if there is none."""
        return self.scores.mean(0) if len(self.scores) else np.zeros(self.scores.shape[1], np.float32)

    def frame_scores(self, num_frames: int) -> np.ndarray:
        """(T, K) float32: the mean over the windows that contain a frame; NaN for frames in none."""
        total = np.zeros((num_frames, self.scores.shape[1]), np.float64)
        times = np.zeros((num_frames, 1))
        for (start, stop), score in zip(self.windows, self.scores):
            total[start:stop] += score
            times[start:stop] += 1
        return np.where(times, total / np.maximum(times, 1), np.nan).astype(np.float32)

    def segments(self, num_frames: int, fps: float, min_score: float = 0.) -> list[Segment]:
        """Runs of neighbouring frames with the same label, in order of time.

        Args:
            num_frames: Number of frames of the clip, T.
            fps: Frames per second.
            min_score: Lowest score; frames whose best class has less are in no segment.
        """
        scores = self.frame_scores(num_frames)
        known = ~np.isnan(scores).any(1)
        best = np.where(known, scores.max(1, initial=0), -1)
        labels = np.where(known & (best >= min_score), np.nan_to_num(scores).argmax(1), -1)
        changes = np.flatnonzero(np.diff(labels)) + 1
        edges = [0, *changes.tolist(), num_frames]
        return [Segment(a / fps, b / fps, int(labels[a]), float(best[a:b].mean()))
                for a, b in zip(edges, edges[1:]) if labels[a] >= 0]


@dataclass(frozen=True)
class Prediction:
    """The predictions of a recogniser for a clip.

    Args:
        id: Id of the clip.
        class_names: Names of the K classes.
        num_frames: Number of frames, T.
        fps: Frames per second.
        tracks: Predictions: one for everybody, or one per person.
        origin: Names of the published recognisers, and rule and weights if several were fused; {} if unknown.
    """
    id: str
    class_names: tuple[str, ...]
    num_frames: int
    fps: float
    tracks: tuple[ActionTrack, ...]
    origin: Mapping[str, Any] = field(default_factory=dict)

    def best(self, track: ActionTrack) -> tuple[str, float]:
        """Name and probability of the likeliest class of the whole track; '' and 0 if nobody was seen."""
        if not len(track.windows):
            return '', 0.
        scores = track.mean_score()
        return self.class_names[int(scores.argmax())], float(scores.max())

    def segments(self, track: ActionTrack, min_score: float = 0.) -> list[Segment]:
        """See :meth:`ActionTrack.segments`."""
        return track.segments(self.num_frames, self.fps, min_score)

    def as_dict(self, top: int = 5, min_score: float = 0.) -> dict[str, Any]:
        """Plain data: recognisers, and per track label, score, the ``top`` likeliest classes, windows and segments
        (seconds)."""
        return dict(id=self.id, num_frames=self.num_frames, fps=self.fps, **self.origin,
                    tracks=[self._track(track, top, min_score) for track in self.tracks])

    def _track(self, track: ActionTrack, top: int, min_score: float) -> dict[str, Any]:
        label, score = self.best(track)
        return dict(
            person=track.person, label=label, score=score,
            top=self._top(track.mean_score(), top) if label else [],
            windows=[dict(start=int(a) / self.fps, stop=int(b) / self.fps, top=self._top(scores, top))
                     for (a, b), scores in zip(track.windows, track.scores)],
            segments=[dict(start=s.start, stop=s.stop, label=self.class_names[s.label], score=s.score)
                      for s in self.segments(track, min_score)])

    def _top(self, scores: np.ndarray, top: int) -> list[dict[str, Any]]:
        return [dict(label=self.class_names[i], score=float(scores[i]))
                for i in np.argsort(-scores, kind='stable')[:top].tolist()]


def fuse_predictions(predictions: Sequence[Prediction], weights: Sequence[float]) -> Prediction:
    """The weighted mean of the probabilities of several recognisers for one clip.

    Args:
        predictions: Predictions of the same clip, with the same classes, persons and windows.
        weights: Weight of each; they need not sum to 1.

    Returns:
        The first prediction with the fused scores.

    Raises:
        UserError: Predictions of other classes or windows.
    """
    first = predictions[0]
    for other in predictions[1:]:
        same = other.class_names == first.class_names and len(other.tracks) == len(first.tracks) and all(
            a.person == b.person and np.array_equal(a.windows, b.windows) for a, b in zip(first.tracks, other.tracks))
        if not same:
            raise UserError(f"clip '{first.id}': predictions of other classes, persons or windows cannot be fused")
    share = np.asarray(weights, np.float64) / np.sum(weights)
    tracks = tuple(replace(track, scores=np.tensordot(share, [one.tracks[i].scores for one in predictions], 1
                                                      ).astype(np.float32)) for i, track in enumerate(first.tracks))
    return replace(first, tracks=tracks)


def save_predictions(predictions: Sequence[Prediction], path: str | Path, min_score: float = 0.) -> Path:
    """Writes predictions, whole or not at all: ``.json`` (everything) or ``.csv`` (a row per segment).

    Raises:
        UserError: An unknown suffix.
    """
    path = Path(path)
    if path.suffix.lower() not in ('.json', '.csv'):
        raise UserError(f"'{path.name}': predictions are written as .json (everything) or .csv (segments)")
    with atomic_path(path) as temporary, temporary.open(
            'w', newline='', encoding='utf-8', errors='backslashreplace') as file:
        if path.suffix.lower() == '.json':
            json.dump([prediction.as_dict(min_score=min_score) for prediction in predictions], file, indent=1)
        else:
            writer = csv.writer(file)
            writer.writerow(('id', 'person', 'start', 'stop', 'label', 'score'))
            writer.writerows(_rows(predictions, min_score))
    return path


def _rows(predictions: Sequence[Prediction], min_score: float) -> Iterator[tuple]:
    for prediction in predictions:
        for track in prediction.tracks:
            person = '' if track.person is None else track.person
            for segment in prediction.segments(track, min_score):
                yield (csv_cell(prediction.id), person, f'{segment.start:.3f}', f'{segment.stop:.3f}',
                       csv_cell(prediction.class_names[segment.label]), f'{segment.score:.4f}')


def describe_predictions(predictions: Sequence[Prediction], failed: Mapping[str, str], min_score: float = 0.) -> str:
    """The predictions as text, one line per clip, person and segment.

    Args:
        predictions: Predictions to describe.
        failed: Reasons of failure by video id, or that nobody was found.
        min_score: Probability below which segments are left out.
    """
    lines = _origin(predictions[0].origin) if predictions else []
    for prediction in predictions:
        lines.append(f'{prediction.id}   ({prediction.num_frames} frames, {prediction.fps:g} per second)')
        for track in prediction.tracks:
            label, score = prediction.best(track)
            who = '' if track.person is None else f'person {track.person}: '
            lines.append(f'  {who}{label}   {100 * score:.1f} %' if label else f'  {who}nobody was found')
            segments = prediction.segments(track, min_score)
            if len(track.windows) > 1:
                lines += [f'  {s.start:8.2f} - {s.stop:7.2f} s   {prediction.class_names[s.label]}   '
                          f'{100 * s.score:.1f} %' for s in segments]
    known = {prediction.id for prediction in predictions}
    return '\n'.join(lines + [f'{name}: {why}' for name, why in failed.items() if name not in known])


def _origin(origin: Mapping[str, Any]) -> list[str]:
    """One line about published recognisers, and about how they are fused."""
    if not origin:
        return []
    fusion = origin.get('fusion')
    if not fusion:
        return [f'recognised by {origin["models"][0]}']
    each = ', '.join(f'{name} ({weight:g})' for name, weight in zip(origin['models'], fusion['weights']))
    preset = f', preset {fusion["preset"]}' if fusion['preset'] else ''
    return [f'recognised by {each}: {fusion["rule"]}{preset}']
