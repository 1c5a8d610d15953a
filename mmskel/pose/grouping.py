"""Slots of a group: persons who never appear together share one. NumPy only. Symbols: M tracks, T frames, S slots.

A network for a group has a slot per person. A tracker that loses somebody gives a new number, so a video of six players
may have forty tracks; here they come back to six slots.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmskel.pose.tracks import TrackArrays


@dataclass(frozen=True)
class Slots:
    """The assignment of slots: who has which slot when.

    Args:
        rows: Rows of each slot's tracks in the :class:`~mmskel.pose.tracks.TrackArrays`, in order of time.
        spans: (M, 2) int, first frame of every track and one past its last.
        track_id: (M,) the tracks' numbers.
    """
    rows: tuple[tuple[int, ...], ...]
    spans: np.ndarray
    track_id: np.ndarray

    def merge(self, values: np.ndarray) -> np.ndarray:
        """(M, T, ...) of tracks -> (S, T, ...) of slots."""
        merged = np.zeros((len(self.rows), *values.shape[1:]), values.dtype)
        for slot, rows in enumerate(self.rows):
            for row in rows:
                start, stop = self.spans[row]
                merged[slot, start:stop] = values[row, start:stop]
        return merged

    @property
    def numbers(self) -> np.ndarray:
        """(S,) the number of the track that has a slot for the longest time."""
        length = self.spans[:, 1] - self.spans[:, 0]
        return np.array([self.track_id[max(rows, key=lambda row: length[row])] for rows in self.rows], np.int64)

    def history(self) -> list[list[list[int]]]:
        """Per slot ``[track number, first frame, one past the last frame]`` of all that had it, as plain data."""
        return [[[int(self.track_id[row]), *map(int, self.spans[row])] for row in rows] for rows in self.rows]


def assign_slots(tracks: TrackArrays, max_persons: int | None = None) -> Slots:
    """Every track gets a slot for the time from its first to its last frame.

    In order of appearance, a track takes the free slot whose last person was last seen nearest to where it begins,
    or a new one if none is free: there are as many slots as tracks at the busiest time. Slots are ordered from left
    to right, by the median middle of their persons.

    Args:
        tracks: Tracks as the tracker found them.
        max_persons: Maximum number of slots, those with the largest sum of scores; default: all.
    """
    present = tracks.present
    T = present.shape[1]
    spans = np.stack([present.argmax(1), T - present[:, ::-1].argmax(1)], 1).reshape(-1, 2)
    middle = (tracks.boxes[..., :2] + tracks.boxes[..., 2:]) / 2
    slots: list[list[int]] = []
    for row in np.lexsort((tracks.track_id, spans[:, 0])).tolist():
        start = spans[row, 0]
        free = [slot for slot in slots if spans[slot[-1], 1] <= start]
        if free:
            last = [slot[-1] for slot in free]
            far = np.linalg.norm(middle[last, spans[last, 1] - 1] - middle[row, start], axis=-1)
            free[int(far.argmin())].append(row)
        else:
            slots.append([row])
    if max_persons is not None:
        worth = [float(tracks.score[rows].mean(-1).sum()) for rows in slots]
        slots = [slots[i] for i in sorted(np.argsort(-np.array(worth), kind='stable')[:max_persons].tolist())]
    place = [float(np.median(np.concatenate([middle[row, present[row], 0] for row in rows]))) for rows in slots]
    order = np.argsort(place, kind='stable').tolist()
    return Slots(tuple(tuple(slots[i]) for i in order), spans, tracks.track_id)
