"""An annotation dictionary of PYSKL, MMAction2 or ours, read into the arguments of a clip."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmskel.files.errors import UserError
from mmskel.files.text import brief

_KNOWN = {'frame_dir', 'filename', 'keypoint', 'keypoint_score', 'total_frames', 'label', 'img_shape', 'layout', 'unit',
          'fps', 'track_id', 'objects', 'rgb', 'angles', 'angle_names'}


class ClipError(UserError):
    """A clip that cannot be used; the message names the clip, what was found and what was expected.

    Attributes:
        kind: Kind of the fault, a key of :data:`~mmskel.data.checking.clips.KINDS`.
    """

    def __init__(self, message: str, kind: str = 'annotation'):
        super().__init__(message)
        self.kind = kind


def clip_arguments(item: Mapping[str, Any], layout: str | None = None) -> dict[str, Any]:
    """The arguments of :class:`~mmskel.skeleton.Clip` that an annotation dictionary describes.

    Args:
        item: Annotation with ``frame_dir`` (or the older ``filename``) and ``keypoint``; (T, V, C) is taken as one
            person.
        layout: Joint order to assume if the dictionary does not name one.

    Raises:
        ClipError: A missing key, or a value of the wrong type for its key.
    """
    name = clip_id(item)
    say = f"clip '{name}': "
    if 'keypoint' not in item:
        raise ClipError(f"clip '{name}' has no 'keypoint'; its keys: {', '.join(map(str, item))}. If the file is "
                        "Kinetics' index of raw files, its keypoints lie in the files named by 'raw_file'")
    keypoint = _array(say, 'keypoint', item['keypoint'])
    score = None if item.get('keypoint_score') is None else _array(say, 'keypoint_score', item['keypoint_score'])
    if keypoint.ndim == 3:
        keypoint = keypoint[None]
        score = score[None] if score is not None and score.ndim == 2 else score
    frames = item.get('total_frames')
    if keypoint.ndim == 4 and frames is not None and not (is_number(frames) and frames == keypoint.shape[1]):
        raise ClipError(f'{say}total_frames is {brief(frames)}, but keypoint has {keypoint.shape[1]} frames (shape '
                        f'{keypoint.shape})', 'shape')
    size, label = item.get('img_shape'), item.get('label')
    extra = {key: value for key, value in item.items() if key not in _KNOWN}
    size = None if size is None else _image_size(say, size)
    if size is not None and _as_tuple(extra.get('original_shape')) == size:
        extra.pop('original_shape')
    for key, kind, what in (('unit', str, 'a name'), ('layout', str, 'a name'), ('rgb', str, 'a path'),
                            ('objects', Mapping, 'a dictionary of tracks')):
        if item.get(key) is not None and not isinstance(item[key], kind):
            raise ClipError(f'{say}{key} is {brief(item[key])}; expected {what}',
                            'unit' if key == 'unit' else 'annotation')
    if item.get('track_id') is not None and _as_tuple(item['track_id']) is None:
        raise ClipError(f"{say}track_id is {brief(item['track_id'])}; expected a number per person", 'track')
    angles, names = item.get('angles'), item.get('angle_names') or ()
    if not isinstance(names, (list, tuple)) or not all(isinstance(one, str) for one in names):
        raise ClipError(f'{say}angle_names is {brief(names)}; expected a list of names')
    return dict(
        angles=None if angles is None else _array(say, 'angles', angles), angle_names=tuple(names),
        id=name, keypoint=keypoint, score=score, layout=item.get('layout') or layout or '',
        unit=item.get('unit') or '', image_size=size, fps=item.get('fps'),
        label=int(label) if isinstance(label, np.integer) else label, track_id=item.get('track_id'),
        objects=dict(item.get('objects') or {}), rgb=item.get('rgb'), extra=extra)


def clip_id(item: Mapping[str, Any]) -> str:
    """The id of an annotation dictionary: ``frame_dir``, or ``filename`` in older files; a number counts as its text.

    Raises:
        ClipError: No dictionary, one without an id, or an id that is not text.
    """
    if not isinstance(item, Mapping):
        raise ClipError(f'{brief(item)} is not an annotation; expected a dictionary')
    name = item.get('frame_dir', item.get('filename'))
    if name is None:
        raise ClipError("an annotation has neither 'frame_dir' nor 'filename'; its keys: "
                        f"{', '.join(map(str, item))}")
    if not is_id(name):
        raise ClipError(f"an annotation's id is {brief(name)}; expected text")
    return str(name)


def _array(say: str, key: str, value: Any) -> np.ndarray:
    """The numbers of an entry; lists of unequal length are named as such, not by NumPy's sentence."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise ClipError(f'{say}{key} is a list whose parts have unequal lengths; expected an array of numbers '
                        '(persons, frames, joints, coordinates)', 'shape') from None
    kinds = 'fiu' if key == 'keypoint' else 'fiub'
    if array.dtype.kind not in kinds:
        kind = 'shape' if isinstance(value, np.ndarray) else 'annotation'
        raise ClipError(f'{say}{key} is {brief(value)}; expected an array of numbers', kind)
    return array


def _image_size(say: str, size: Any) -> tuple[int, ...]:
    """(height, width); the number of channels that an image's own shape has as a third is dropped."""
    numbers = _as_tuple(size)
    if numbers is None or not all(is_number(n) and n == int(n) for n in numbers if np.isfinite(n)) \
            or not all(np.isfinite(n) for n in numbers):
        raise ClipError(f'{say}img_shape is {brief(size)}; expected two whole numbers (height, width)', 'image size')
    numbers = tuple(int(n) for n in numbers)
    return numbers[:2] if len(numbers) == 3 and numbers[2] in (1, 3, 4) else numbers


def _as_tuple(value: Any) -> tuple | None:
    if isinstance(value, np.ndarray) and value.ndim != 1 or not isinstance(value, (list, tuple, np.ndarray)):
        return None
    return tuple(value) if all(is_number(n) for n in value) else None


def is_id(value: Any) -> bool:
    """Whether a value can be the id of a clip: text, or a whole number."""
    return isinstance(value, (str, int, np.integer)) and not isinstance(value, bool) and value != ''


def is_number(value: Any) -> bool:
    """Whether a value is a whole or real number, of Python or NumPy; booleans are not."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
