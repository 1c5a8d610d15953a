"""What is wrong or odd in a single annotation, without stopping at the first thing."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mmskel.skeleton import LAYOUTS, LayoutError, get_layout

ERROR, WARNING = 'error', 'warning'
# kind -> severity, what is found, what to do about it
KINDS = {
    'annotation': (ERROR, 'annotations that are no clip', 'every annotation needs frame_dir and keypoint (M, T, V, C)'),
    'duplicate id': (ERROR, 'clip ids that occur twice', 'rename or remove one, since results are stored by id'),
    'shape': (ERROR, 'arrays that do not fit together', 'keypoint is (M, T, V, C), keypoint_score (M, T, V)'),
    'layout': (ERROR, 'joint counts that are not those of the layout', 'name the right layout in meta'),
    'nan': (ERROR, 'NaN or infinity', 'write missing joints as zeros with score 0'),
    'label': (ERROR, 'labels that are no class', 'labels are 0 to number of classes - 1'),
    'no label': (WARNING, 'clips without a label, in a file that has labels', 'label them or leave them out of splits'),
    'empty frames': (WARNING, 'frames without any person (all zero)', 'fine if the pipeline expects it'),
    'origin joints': (WARNING, 'lost joints, at exactly the origin in frames that have a pose',
                      'interpolate them, or give them score 0'),
    'teleport': (WARNING, 'joints that jump further than a body can', 'look at the worst; interpolate or drop them'),
    'one frame': (WARNING, 'clips of a single frame', 'they repeat when resampled and have no motion'),
    'image size': (WARNING, 'pixel coordinates without img_shape', 'add img_shape (height, width); networks need it'),
}


def usable_keypoint(item: Mapping[str, Any]) -> np.ndarray | None:
    """(M, T, V, C) numbers of an annotation, or None if it has none of that shape."""
    try:
        keypoint = np.asarray(item.get('keypoint'))
    except ValueError:  # lists of unequal length
        return None
    if keypoint.dtype.kind not in 'fiu' or keypoint.ndim not in (3, 4) or keypoint.shape[-1] not in (2, 3) or \
            not keypoint.size:
        return None
    return keypoint if keypoint.ndim == 4 else keypoint[None]


def unit_of(item: Mapping[str, Any]) -> str:
    """The unit an annotation with keypoints says or their number of coordinates means, e.g. 'pixel'."""
    return item.get('unit') or ('pixel' if np.shape(item['keypoint'])[-1:] == (2, ) else 'metre')


def findings(item: Mapping[str, Any], layout: str, num_classes: int | None,
             max_jump: float | None = None) -> Iterator[tuple[str, str]]:
    """Yields (kind, detail) for everything found in one annotation; kinds are those of :data:`KINDS`.

    Args:
        item: The annotation.
        layout: The file's layout, for annotations that do not name their own.
        num_classes: K, or None if the file names no classes.
        max_jump: Furthest a joint may move between two frames; default: :func:`default_max_jump`.
    """
    label = item.get('label')
    if label is not None and (isinstance(label, bool) or not isinstance(label, (int, np.integer)) or label < 0):
        yield 'label', f'label {label!r} is no class index'
    elif label is not None and num_classes is not None and label >= num_classes:
        yield 'label', f'label {label}, but there are {num_classes} classes (0 to {num_classes - 1})'
    keypoint = usable_keypoint(item)
    if keypoint is None:
        found = item.get('keypoint')
        what = f'{found.dtype} {found.shape}' if isinstance(found, np.ndarray) else type(found).__name__
        yield 'shape' if isinstance(found, np.ndarray) else 'annotation', (
            f'keypoint is {what}; expected numbers (M, T, V, 2 or 3)')
        return
    persons, frames, joints, _ = keypoint.shape
    if item.get('total_frames', frames) != frames:
        yield 'shape', f"total_frames is {item['total_frames']}, keypoint has {frames}"
    yield from _layout_findings(item.get('layout') or layout, joints)
    score = item.get('keypoint_score')
    if score is not None:
        score = np.asarray(score)
        score = score[None] if score.ndim == 2 else score  # as keypoint (T, V, C) is one person
        if score.shape != keypoint.shape[:3] or score.dtype.kind not in 'fiub':
            yield 'shape', f'keypoint_score is {score.dtype} {score.shape}; expected {keypoint.shape[:3]}'
            score = None
    finite = np.isfinite(keypoint).all((0, 2, 3)) & (True if score is None else np.isfinite(score).all((0, 2)))
    if not finite.all():
        yield 'nan', f'{(~finite).sum()} of {frames} frames, the first: frame {(~finite).argmax()}'
    if frames == 1:
        yield 'one frame', '1 frame'
    if unit_of(item) == 'pixel' and not item.get('img_shape'):
        yield 'image size', 'no img_shape'
    keypoint = np.nan_to_num(keypoint.astype(np.float32), posinf=0., neginf=0.)
    placed = keypoint.any(-1)
    posed = placed.any(-1)
    empty = ~posed.any(0)
    if empty.any():
        yield 'empty frames', f'{empty.sum()} of {frames} frames'
    # without scores, or with a score above 0, a joint at the origin claims to be there
    lost = ~placed & posed[..., None] & (True if score is None else score > 0)
    if lost.any():
        where = lost.any((0, 2))
        yield 'origin joints', f'{lost.sum()} joints in {where.sum()} frames, the first: frame {where.argmax()}'
    yield from _jumps(keypoint, placed, default_max_jump(item, keypoint, placed) if max_jump is None else max_jump)


def default_max_jump(item: Mapping[str, Any], keypoint: np.ndarray, placed: np.ndarray) -> float:
    """1 metre; for 2-D a quarter of the image's diagonal (without an image size, of what the joints span).

    Args:
        item: The annotation.
        keypoint: (M, T, V, C).
        placed: (M, T, V) bool, joints that are not zero.

    Returns:
        A distance in the unit of ``keypoint``.
    """
    unit = unit_of(item)
    if unit == 'metre':
        return 1.
    if unit == 'normalised':
        return 2 ** .5 / 4
    if item.get('img_shape'):
        return float(np.hypot(*item['img_shape'][:2])) / 4
    points = keypoint[placed]
    return float(np.linalg.norm(np.ptp(points, axis=0))) / 4 if len(points) else 1.


def _layout_findings(layout: str, joints: int) -> Iterator[tuple[str, str]]:
    try:
        expected = get_layout(layout).num_joints if layout else None
    except LayoutError:
        yield 'layout', f"unknown layout '{layout}'"
        return
    if expected is None:
        yield 'layout', f'{joints} joints and no layout named'
    elif expected != joints:
        fits = [n for n, known in LAYOUTS.items() if known.num_joints == joints]
        yield 'layout', f"{joints} joints, but '{layout}' has {expected}; with {joints}: {', '.join(fits) or 'none'}"


def _jumps(keypoint: np.ndarray, placed: np.ndarray, limit: float) -> Iterator[tuple[str, str]]:
    """A joint that is lost in one of two frames did not jump; it is reported as lost."""
    if keypoint.shape[1] < 2:
        return
    step = np.linalg.norm(np.diff(keypoint, axis=1), axis=-1) * (placed[:, 1:] & placed[:, :-1])
    if step.max() > limit:
        person, frame, joint = np.unravel_index(step.argmax(), step.shape)
        where = f'person {person}, ' if len(keypoint) > 1 else ''
        yield 'teleport', f'{(step > limit).sum()} jumps, the largest {step.max():.2f}: {where}joint {joint}, ' \
                          f'frames {frame} to {frame + 1}'
