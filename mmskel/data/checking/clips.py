"""Problems of a single annotation, without stopping at the first one."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mmskel.data.checking.sense import findings_of_sense
from mmskel.skeleton import Clip, ClipError

ERROR, WARNING = 'error', 'warning'
# kind -> severity, finding, advice
KINDS = {
    'annotation': (ERROR, 'annotations that are not '
                          'clips', 'every annotation needs frame_dir and keypoint (M, T, V, C)'),
    'duplicate id': (ERROR, 'clip ids that occur twice', 'rename or remove one, since results are stored by id'),
    'shape': (ERROR, 'arrays that do not fit together', 'keypoint is (M, T, V, C), keypoint_score (M, T, V)'),
    'layout': (ERROR, 'joint counts that are not those of the layout', 'name the right layout in meta'),
    'nan': (ERROR, 'NaN or infinity', 'write missing joints as zeros with score 0'),
    'label': (ERROR, 'labels that are not a class', 'labels are 0 to number of classes - 1'),
    'score': (ERROR, 'scores that are not confidences', 'confidences must be in [0, 1]'),
    'unit': (ERROR, 'unknown units', "a unit is 'pixel', 'metre' or 'normalised'"),
    'fps': (ERROR, 'invalid frame rates', 'fps is a positive number, or left out'),
    'track': (ERROR, 'track ids that do not fit the persons', 'track_id has a number per person'),
    'objects': (ERROR, 'objects that do not fit the clip', 'a track is (T, 3): x, y, score'),
    'no label': (WARNING, 'clips without a label, in a file that has labels', 'label them or leave them out of splits'),
    'nobody': (WARNING, 'clips without a person in any frame', 'leave them out, or extract them again'),
    'empty frames': (WARNING, 'frames without any person (all zero)', 'fine if the pipeline expects it'),
    'origin joints': (WARNING, 'missing joints, at exactly the origin in frames that have a pose',
                      'interpolate them, or give them score 0'),
    'teleport': (WARNING, 'joints that jump further than a body can', 'look at the worst; interpolate or drop them'),
    'one frame': (WARNING, 'clips of a single frame', 'they repeat when resampled and have no motion'),
    'no image size': (WARNING, 'pixel coordinates without img_shape',
                      'add img_shape (height, width); networks need it'),
    'image size': (ERROR, 'invalid image sizes', 'img_shape is (height, width) in pixels'),
    'outside the image': (WARNING, 'joints outside of img_shape',
                          'img_shape is (height, width), not (width, height), of the image the joints were found in'),
    'fractions': (WARNING, 'pixel coordinates that are all in [0, 1]',
                  "are they fractions of the image? Say unit 'normalised', or multiply them by width and height"),
    'confidence as depth': (WARNING, 'a third coordinate that looks like a confidence',
                            'keypoint has x and y alone; put the third into keypoint_score'),
    'axes': (WARNING, 'more persons than frames', 'keypoint is (persons, frames, joints, coordinates), in that order'),
    'high score': (WARNING, 'scores above 1', 'confidences must be in [0, 1]; heatmaps peak at the score'),
    'low score': (WARNING, 'low confidence of most joints', 'look at some; another detector or pose model may help'),
    'person order': (WARNING, 'persons after the first two who are seen longer than they are',
                     "recipes for two persons take the first two; person_order=score, a knob of configs, sorts them"),
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
    """The unit an annotation names, or that its number of coordinates implies, e.g. 'pixel'."""
    return item.get('unit') or ('pixel' if np.shape(item['keypoint'])[-1:] == (2, ) else 'metre')


def findings(item: Mapping[str, Any], layout: str, num_classes: int | None,
             max_jump: float | None = None) -> Iterator[tuple[str, str]]:
    """Yields (kind, detail) for everything found in one annotation; kinds are those of :data:`KINDS`.

    Problems that make a clip unusable come from :meth:`mmskel.skeleton.Clip.problems`, which training uses, too.

    Args:
        item: Annotation to check.
        layout: Layout of the file, for annotations that do not name their own.
        num_classes: Number of classes K, or None if the file names no classes.
        max_jump: Largest distance a joint may move between two frames; default: :func:`default_max_jump`.
    """
    try:
        clip = Clip.from_annotation(item, layout=layout)
    except ClipError as error:
        yield error.kind, str(error).partition(': ')[2] or str(error)
        return
    wrong = dict(clip.problems())
    yield from wrong.items()
    if 'label' not in wrong and clip.label is not None and num_classes is not None and clip.label >= num_classes:
        yield 'label', f'label {clip.label}, but there are {num_classes} classes (0 to {num_classes - 1})'
    if 'shape' in wrong:
        return
    frames = clip.num_frames
    if frames == 1:
        yield 'one frame', '1 frame'
    if clip.unit == 'pixel' and clip.image_size is None:
        yield 'no image size', 'no img_shape'
    keypoint = np.nan_to_num(clip.keypoint, posinf=0., neginf=0.)
    placed = keypoint.any(-1)
    posed = placed.any(-1)
    empty = ~posed.any(0)
    if empty.all():
        yield 'nobody', f'{frames} frames'
        return
    if empty.any():
        yield 'empty frames', f'{empty.sum()} of {frames} frames'
    # without scores, or with a score above 0, a joint at the origin claims to be there
    claimed = item.get('keypoint_score') is None or clip.score > 0
    missing = ~placed & posed[..., None] & claimed
    if missing.any():
        where = missing.any((0, 2))
        yield 'origin joints', f'{missing.sum()} joints in {where.sum()} frames, the first: frame {where.argmax()}'
    if 'image size' not in wrong:
        yield from findings_of_sense(clip, placed)
        yield from _jumps(keypoint, placed,
                          default_max_jump(item, keypoint, placed) if max_jump is None else max_jump)


def default_max_jump(item: Mapping[str, Any], keypoint: np.ndarray, placed: np.ndarray) -> float:
    """1 metre; for 2-D a quarter of the image's diagonal (without an image size, of the extent of the joints).

    Args:
        item: Annotation of the clip.
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


def _jumps(keypoint: np.ndarray, placed: np.ndarray, limit: float) -> Iterator[tuple[str, str]]:
    """A joint that is missing in one of two frames did not jump; it is reported as missing."""
    if keypoint.shape[1] < 2:
        return
    step = np.linalg.norm(np.diff(keypoint, axis=1), axis=-1) * (placed[:, 1:] & placed[:, :-1])
    if step.max() > limit:
        person, frame, joint = np.unravel_index(step.argmax(), step.shape)
        where = f'person {person}, ' if len(keypoint) > 1 else ''
        yield 'teleport', f'{(step > limit).sum()} jumps, the largest {step.max():.2f}: {where}joint {joint}, ' \
                          f'frames {frame} to {frame + 1}'
