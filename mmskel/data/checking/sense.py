"""Implausible values in a usable clip: coordinates, scores and axes that are mistaken for others.

A network trains on all of these without complaint, and learns less than it could.
"""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmskel.skeleton import Clip

_SHARE = 0.05  # of the placed joints: fewer outside of the image are parts of persons who leave it


def findings_of_sense(clip: Clip, placed: np.ndarray) -> Iterator[tuple[str, str]]:
    """Yields (kind, detail) of values that are probably not what the file says.

    Args:
        clip: Clip without :meth:`~mmskel.skeleton.Clip.problems` of shape, with somebody in it.
        placed: (M, T, V) bool, joints that are not zero.
    """
    M, T = clip.keypoint.shape[:2]
    if M > T and M > 2:
        yield 'axes', f'{M} persons in {T} frames'
    points = clip.keypoint[placed]
    if clip.unit == 'pixel' and clip.image_size is not None:
        yield from _places(points, clip.image_size)
    if clip.keypoint.shape[-1] == 3 and clip.unit == 'metre':
        third, others = points[:, 2], points[:, :2]
        # bodies are metres wide, images hundreds of pixels
        if third.min() >= 0 and third.max() <= 1.001 and np.percentile(np.abs(others), 95) > 20:
            yield 'confidence as depth', (f'the third coordinate lies in [{third.min():.2f}, {third.max():.2f}], the '
                                          f'others reach {np.abs(others).max():.0f}')
    finite = clip.score[placed & np.isfinite(clip.score)]
    if finite.size and finite.max() > 1.001:
        yield 'high score', f'{(finite > 1.001).sum()} of {finite.size} joints, up to {finite.max():.3g}'
    elif finite.size and np.median(finite) < 0.2:
        yield 'low score', f'half of the joints are below {np.median(finite):.2f}'
    if M > 2 and (detail := overlooked_person(placed, 2)):
        yield 'person order', detail


def overlooked_person(placed: np.ndarray, kept: int) -> str:
    """Who is seen clearly longer than one of the first ``kept`` persons, in words; '' if nobody is.

    Args:
        placed: (M, T, V) bool, joints that are not zero.
        kept: Number of persons at the beginning that a recipe keeps.
    """
    seen = placed.any(-1).sum(1)
    longer = np.flatnonzero(seen[kept:] > seen[:kept].min() * 1.5 + 1) + kept
    if not len(longer):
        return ''
    first = 'person 0' if kept == 1 else 'persons 0 and 1' if kept == 2 else f'persons 0 to {kept - 1}'
    return (f'person {longer[0]} is seen in {seen[longer[0]]} frames, {first} in '
            f'{" and ".join(map(str, seen[:kept])) if kept < 3 else f"{seen[:kept].min()} to {seen[:kept].max()}"}')


def _places(points: np.ndarray, size: tuple[int, int]) -> Iterator[tuple[str, str]]:
    height, width = size
    points = points[np.isfinite(points).all(-1), :2]
    if not len(points):
        return
    if min(size) > 2 and np.percentile(points, 99) <= 1 and points.max() <= 2 and points.min() >= -1:
        yield 'fractions', f'x and y lie in [{points.min():.2f}, {points.max():.2f}] of an image {width} x {height}'
        return
    outside = ((points < -0.02 * np.array([width, height])) | (points > 1.02 * np.array([width, height]))).any(-1)
    if outside.mean() > _SHARE:
        x, y = points.max(0)
        swapped = x <= height * 1.02 and y <= width * 1.02
        yield 'outside the image', (f'{outside.sum()} of {len(points)} joints; x reaches {x:.0f} of {width}, y '
                                    f'{y:.0f} of {height}' + ('; is img_shape (width, height)?' if swapped else ''))
