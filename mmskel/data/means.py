"""The mean coordinate of a training set, which some networks subtract from every coordinate."""
from __future__ import annotations

from pathlib import Path

from mmskel.data.store import open_store, rows_of
from mmskel.files.errors import UserError


def mean_coordinate(file: str | Path, split: str | None = None, num_person: int = 1) -> float:
    """The sum of all coordinates over the number of frames that are not empty times the length of their vectors.

    Args:
        file: Annotation file or store.
        split: Name of a split, e.g. ``'xsub_train'``; default: all clips.
        num_person: Number of persons in a frame; absent ones are zeros and count, as published.

    Raises:
        AnnotationError: No such file or split.
        UserError: If every frame is empty; names the file.
    """
    total, numbers = 0., 0
    store = open_store(file)
    for row in rows_of(store, split):
        keypoint = store.clip(row).keypoint[:num_person]
        seen = (keypoint != 0).any((0, 2, 3))
        total += float(keypoint[:, seen].sum(dtype=float))
        numbers += int(seen.sum()) * num_person * keypoint.shape[2] * keypoint.shape[3]
    if not numbers:
        raise UserError(f"'{file}': all frames of {split or 'all clips'} are empty, so there is no mean coordinate")
    return total / numbers
