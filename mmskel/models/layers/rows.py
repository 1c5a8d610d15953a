"""Clips of any length as exactly so many frames, for networks that know a frame by its number."""
from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


def exactly(x: Tensor, axis: int, frames: int, centre: bool = False) -> Tensor:
    """Zeros around a short axis, evenly picked places of a long one; the same numbers as
    :class:`~mmskel.data.transforms.FitFrames`.

    Args:
        x: Any shape.
        axis: Number of the axis, not negative.
        frames: Its length in the result.
        centre: Whether the zeros come on both sides (half of them, rounded down, before) instead of behind.
    """
    length = int(x.shape[axis])
    if length == frames:
        return x
    if length > frames:
        picked = np.linspace(0, length - 1, frames).astype(np.int64)
        return x.index_select(axis, torch.from_numpy(picked).to(x.device))
    spare = frames - length
    before = spare // 2 if centre else 0
    return functional.pad(x, (*(0, 0) * (x.ndim - axis - 1), before, spare - before))
