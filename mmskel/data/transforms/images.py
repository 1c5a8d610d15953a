"""Images of a sample, (n, H, W, 3) uint8, as the transforms of the image plane change them beside the joints."""
from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np


def cut_out(images: np.ndarray, box: Sequence[int]) -> np.ndarray:
    """The part of every image in a box; black where the box extends beyond the image.

    Args:
        images: (n, H, W, 3).
        box: (left, top, right, bottom) in whole pixels.

    Returns:
        (n, bottom - top, right - left, 3); a view where the box lies inside.
    """
    left, top, right, bottom = box
    height, width = images.shape[1:3]
    inside = images[:, max(top, 0):max(bottom, 0), max(left, 0):max(right, 0)]
    if left >= 0 and top >= 0 and right <= width and bottom <= height:
        return inside
    cut = np.zeros((len(images), bottom - top, right - left, *images.shape[3:]), images.dtype)
    down, along = max(-top, 0), max(-left, 0)
    cut[:, down:down + inside.shape[1], along:along + inside.shape[2]] = inside
    return cut


def scaled(images: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Every image in another size, bilinear, as MMAction2's ``Resize``.

    Args:
        images: (n, H, W, 3).
        size: (H', W').

    Returns:
        (n, H', W', 3).
    """
    resized = np.empty((len(images), *size, *images.shape[3:]), images.dtype)
    for target, image in zip(resized, images):
        cv2.resize(image, (size[1], size[0]), dst=target, interpolation=cv2.INTER_LINEAR)
    return resized
