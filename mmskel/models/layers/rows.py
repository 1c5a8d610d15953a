"""Clips of any length as a fixed number of frames, for networks that know a frame by its number."""
from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


def exactly(x: Tensor, axis: int, frames: int, centre: bool = False) -> Tensor:
    """Zeros around a short axis, evenly picked entries of a long one; the same numbers as
    :class:`~mmskel.data.transforms.FitFrames`.

    Args:
        x: Tensor of any shape.
        axis: Non-negative number of the axis.
        frames: Length of the axis in the result.
        centre: Whether the zeros come on both sides (half of them, rounded down, before) instead of after.
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
