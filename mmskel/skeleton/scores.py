"""Scores as confidences: values a little outside of [0, 1], as left by filters and networks, are clipped, counted."""
from __future__ import annotations

import numpy as np

_LITTLE = 0.1
"""A value further below 0 is not a confidence but, e.g., a coordinate."""


def non_negative(score: np.ndarray) -> tuple[np.ndarray, int]:
    """Scores a little below 0 become 0; others stay, including those above 1, with which published networks were
    trained.

    Returns:
        The scores, and the number of those that were raised.
    """
    low = (score < 0) & (score >= -_LITTLE)
    return (np.where(low, 0, score).astype(score.dtype), int(low.sum())) if low.any() else (score, 0)


def confidence(score: np.ndarray) -> tuple[np.ndarray, int]:
    """Scores clipped to [0, 1], for any network: raw outputs are unbounded.

    Returns:
        The scores, and the number of those outside.
    """
    outside = int(((score < 0) | (score > 1)).sum())
    return (score.clip(0, 1), outside) if outside else (score, 0)
