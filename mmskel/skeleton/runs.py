"""Runs of consecutive frames for which something is true."""
from __future__ import annotations

import numpy as np


def runs(holds: np.ndarray) -> list[tuple[int, int]]:
    """(T,) bool -> (first, one past the last) frame of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist()))
