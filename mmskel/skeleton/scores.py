"""Scores as confidences: what filters and networks leave a little outside of [0, 1] is brought into it, and counted."""
from __future__ import annotations

import numpy as np

_LITTLE = 0.1
"""What is further below 0 is no confidence, e.g. a coordinate."""


def non_negative(score: np.ndarray) -> tuple[np.ndarray, int]:
    """Scores a little below 0 become 0; others stay, also those above 1, with which published networks were trained.

    Returns:
        The scores, and how many were raised.
    """
    low = (score < 0) & (score >= -_LITTLE)
    return (np.where(low, 0, score).astype(score.dtype), int(low.sum())) if low.any() else (score, 0)


def confidence(score: np.ndarray) -> tuple[np.ndarray, int]:
    """Scores clipped to [0, 1], of any network: raw outputs know no bounds.

    Returns:
        The scores, and how many were outside.
    """
    outside = int(((score < 0) | (score > 1)).sum())
    return (score.clip(0, 1), outside) if outside else (score, 0)
