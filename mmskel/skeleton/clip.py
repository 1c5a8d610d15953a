"""One clip of skeletons: the input of every system.

``Clip.to_annotation`` and ``Clip.from_annotation`` read and write the annotation dictionaries of PYSKL and MMAction2
(``frame_dir``, ``total_frames``, ``img_shape``, ``label``, ``keypoint``, ``keypoint_score``), so their pickles are
read as they are and ours are read by them.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmskel.files.text import brief
from mmskel.skeleton.annotation import ClipError, clip_arguments, is_number
from mmskel.skeleton.layout import Layout
from mmskel.skeleton.tables import LAYOUTS, get_layout

USUAL_FPS = 30.
"""Frames per second assumed for clips that do not say."""
UNITS = ('pixel', 'metre', 'normalised')
MAX_CLASSES = 1_000_000
"""Labels from here on are ids of something else."""
# most likely content of a file that says nothing: (V, C) -> layout
_LIKELY = {(13, 2): 'penn13', (17, 2): 'coco17', (18, 2): 'openpose18', (25, 2): 'openpose25', (26, 2): 'halpe26',
           (21, 2): 'hand21', (133, 2): 'coco_wholebody133', (25, 3): 'ntu25', (20, 3): 'kinect20', (24, 3): 'smpl24',
           (21, 3): 'hand21', (17, 3): 'coco17', (33, 2): 'mediapipe33',
           (33, 3): 'mediapipe33'}


def likely_layout(num_joints: int, num_coords: int) -> str | None:
    """The layout a file without a layout name most likely uses, e.g. (25, 3) -> ``'ntu25'``; None if unknown."""
    return _LIKELY.get((num_joints, num_coords))


@dataclass
class Clip:
    """Skeletons of M persons over T frames with V joints and C (2 or 3) coordinates.

    Args:
        id: Unique name of the clip.
        keypoint: (M, T, V, C) float32. Missing persons, frames and joints are zeros.
        score: (M, T, V) float32, confidence in [0, 1]; 0 where missing. Default: 1 where a joint is not zero.
        layout: Name of the joint order.
        unit: ``'pixel'``, ``'metre'`` or ``'normalised'``. Default: pixel for C = 2, metre for C = 3.
        image_size: (height, width) in pixels, or None (3-D).
        fps: Frames per second, or None if unknown.
        label: Class index, or None.
        track_id: (M,) int identities of the persons, or None.
        objects: Name -> (T, 3) track of an object: x, y, score (e.g. a ball).
        rgb: Path of the video the skeletons came from.
        angles: (M, T, A) joint angles in radians, e.g. those of a fitted body, or None; 0 where there are none.
        angle_names: Names of the A angles.
        extra: Anything else an annotation file said about the clip; kept, never read.

    Example:
        >>> import numpy as np
        >>> keypoint = np.random.default_rng(0).uniform(0, 480, (1, 30, 17, 2))  # one person, 30 frames, COCO's joints
        >>> clip = Clip('wave_01', keypoint, layout='coco17', image_size=(480, 640), fps=30., label=0).check()
        >>> clip.keypoint.shape, clip.unit, clip.to_layout('openpose18').keypoint.shape
        ((1, 30, 17, 2), 'pixel', (1, 30, 18, 2))
        >>> Clip.from_annotation(clip.to_annotation()).id
        'wave_01'
    """
    id: str
    keypoint: np.ndarray
    score: np.ndarray | None = None
    layout: str = ''
    unit: str = ''
    image_size: tuple[int, int] | None = None
    fps: float | None = None
    label: int | None = None
    track_id: np.ndarray | None = None
    objects: dict[str, np.ndarray] = field(default_factory=dict)
    rgb: str | None = None
    angles: np.ndarray | None = None
    angle_names: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        try:
            self.keypoint = np.asarray(self.keypoint, np.float32)
        except (ValueError, TypeError, OverflowError) as error:
            raise ClipError(f"clip '{self.id}': keypoint is not an array of numbers: {error}", 'shape') from None
        if self.keypoint.ndim != 4 or self.keypoint.shape[-1] not in (2, 3):
            raise ClipError(f"clip '{self.id}': keypoint has shape {self.keypoint.shape}; expected (M, T, V, C) = "
                            'persons, frames, joints, 2 or 3 coordinates', 'shape')
        if self.score is None:
            self.score = derived_score(self.keypoint)
        try:
            self.score = np.asarray(self.score, np.float32)
        except (ValueError, TypeError, OverflowError) as error:
            raise ClipError(f"clip '{self.id}': score is not an array of numbers: {error}", 'shape') from None
        if not self.layout:
            self.layout = likely_layout(*self.keypoint.shape[2:]) or ''
        self.unit = self.unit or ('pixel' if self.keypoint.shape[-1] == 2 else 'metre')

    @property
    def num_frames(self) -> int:
        """T."""
        return self.keypoint.shape[1]

    @property
    def seen(self) -> np.ndarray:
        """(M, T, V) bool: which joints are present."""
        return self.score > 0

    @property
    def rate(self) -> float:
        """Frames per second: ``fps``, or the usual rate if it is not known."""
        return self.fps or USUAL_FPS

    def check(self) -> Clip:
        """Raises one readable :class:`ClipError` for the first of :meth:`problems`; returns the clip."""
        for kind, what in self.problems():
            raise ClipError(f"clip '{self.id}': {what}", kind)
        return self

    def problems(self) -> Iterator[tuple[str, str]]:
        """Everything that makes the clip unusable: the rules that checking, training and prediction obey.

        Shapes agree, there is at least one person, frame and joint, the joint count is the layout's, coordinates and
        scores are finite, no score is below 0, the unit is known, an image size has two positive numbers, a label is a
        class index, fps is positive, tracks and objects have as many entries as persons and frames.

        Yields:
            Kind of the problem, and a description that does not name the clip.
        """
        M, T, V, _ = self.keypoint.shape
        if not (M and T and V):
            yield 'shape', (f'keypoint has shape {self.keypoint.shape} (persons, frames, joints, coordinates); '
                            'at least one person, frame and joint are needed')
            return
        known = LAYOUTS.get(self.layout) if isinstance(self.layout, str) else None
        if known is None:
            yield 'layout', (f'{V} joints but no known layout (found {brief(self.layout)}); name one of '
                             f'{", ".join(sorted(LAYOUTS))}, or register your own')
        elif V != known.num_joints:
            fits = [n for n, other in LAYOUTS.items() if other.num_joints == V] or ['none known']
            yield 'layout', (f"has {V} joints, but layout '{self.layout}' has {known.num_joints}; layouts with {V}: "
                             f'{", ".join(fits)}')
        if self.score.shape != (M, T, V):
            yield 'shape', f'score has shape {self.score.shape}; expected {(M, T, V)} like keypoint'
        for what, values in (('keypoint', self.keypoint), ('score', self.score)):
            if not np.isfinite(values).all():
                frames = np.unique(np.argwhere(~np.isfinite(values))[:, 1]) if values.ndim > 1 else np.array([0])
                yield 'nan', (f'{what} holds NaN or infinity in {len(frames)} of {T} frames (first: frame '
                              f'{frames[0]}); write missing joints as zeros with score 0')
        if self.score.size and np.nanmin(self.score) < 0:
            yield 'score', (f'the lowest score is {np.nanmin(self.score):.3g}; expected confidences from 0 to 1. '
                            'Was a coordinate taken for a score?')
        yield from self._odd_facts()

    def _odd_facts(self) -> Iterator[tuple[str, str]]:
        M, T = self.keypoint.shape[:2]
        if self.unit not in UNITS:
            yield 'unit', f"unknown unit '{self.unit}'; known: {', '.join(UNITS)}"
        size = self.image_size
        if size is not None and (len(size) != 2 or not all(is_number(n) and n > 0 for n in size)):
            yield 'image size', f'image size {brief(size)}; expected (height, width) in pixels'
        label = self.label
        if label is not None and (isinstance(label, (bool, np.bool_)) or not isinstance(label, (int, np.integer))
                                  or not 0 <= label < MAX_CLASSES):
            yield 'label', f'label is {brief(label)}; expected a class index 0, 1, ... below {MAX_CLASSES}'
        if self.fps is not None and not (is_number(self.fps) and 0 < self.fps < np.inf):
            yield 'fps', f'fps is {brief(self.fps)}; expected a positive number'
        if self.track_id is not None and np.shape(self.track_id) != (M, ):
            count = len(self.track_id) if np.ndim(self.track_id) == 1 else f'an array {np.shape(self.track_id)} of'
            yield 'track', f'{count} track ids for {M} persons'
        if self.angles is not None:
            angles, count = np.asarray(self.angles), len(self.angle_names)
            if angles.shape != (M, T, count) or angles.dtype.kind not in 'fiu':
                yield 'shape', (f'angles is an array of {angles.dtype} {angles.shape}; expected numbers of shape '
                                f'{(M, T, count)}: persons, frames, one for each of the {count} angle_names')
            elif not np.isfinite(angles).all():
                yield 'nan', 'angles hold NaN or infinity; write frames without any as zeros'
        for name, track in self.objects.items():
            if np.shape(track) != (T, 3) or np.asarray(track).dtype.kind not in 'fiu':
                yield 'objects', f"object '{name}' has shape {np.shape(track)}; expected ({T}, 3): x, y, score"
            elif not np.isfinite(track).all():
                yield 'nan', f"object '{name}' holds NaN or infinity; write frames without it as zeros"

    def to_layout(self, target: str | Layout, missing: str = 'error') -> Clip:
        """The clip in another joint order, matched by joint names.

        Raises:
            LayoutError: If the target has joints this layout cannot provide and ``missing`` is not ``'zero'``.
        """
        from dataclasses import replace

        from mmskel.skeleton.conversion import joint_map
        keypoint, score = joint_map(self.layout, target, missing).convert(self.keypoint, self.score)
        return replace(self, keypoint=keypoint, score=score, layout=get_layout(target).name)

    def to_annotation(self) -> dict[str, Any]:
        """MMAction2's / PYSKL's annotation dictionary.

        Beyond their keys, only what they cannot express and is not a default is written (``layout``, ``unit``,
        ``fps``, ``track_id``, ``objects``, ``rgb``), so that their dictionaries make the round trip unchanged.
        """
        M, T, V, C = self.keypoint.shape
        item = dict(self.extra, frame_dir=self.id, total_frames=T)
        if self.label is not None:
            item['label'] = int(self.label)
        if self.image_size is not None:
            item.setdefault('original_shape', tuple(self.image_size))
            item['img_shape'] = tuple(self.image_size)
        item['keypoint'] = self.keypoint
        if C == 2 or not np.array_equal(self.score, derived_score(self.keypoint)):
            item['keypoint_score'] = self.score
        if self.layout != (likely_layout(V, C) or ''):
            item['layout'] = self.layout
        if self.unit != ('pixel' if C == 2 else 'metre'):
            item['unit'] = self.unit
        for key in ('fps', 'track_id', 'rgb'):
            if getattr(self, key) is not None:
                item[key] = getattr(self, key)
        if self.angles is not None:
            item.update(angles=np.asarray(self.angles, np.float32), angle_names=list(self.angle_names))
        if self.objects:
            item['objects'] = self.objects
        return item

    @classmethod
    def from_annotation(cls, item: Mapping[str, Any], layout: str | None = None) -> Clip:
        """A clip from an annotation dictionary of PYSKL, MMAction2 or ours.

        Args:
            item: Annotation with ``frame_dir`` (or the older ``filename``) and ``keypoint``; (T, V, C) is taken as one
                person.
            layout: Joint order to assume if the dictionary does not name one.

        Raises:
            ClipError: If a key is missing or the arrays do not fit together.
        """
        return cls(**clip_arguments(item, layout))


def derived_score(keypoint: np.ndarray) -> np.ndarray:
    """(..., V, C) -> (..., V) float32: 1 where a joint has any coordinate that is not zero, else 0."""
    seen = keypoint[..., 0] != 0
    for axis in range(1, keypoint.shape[-1]):  # reducing over such a short axis takes ten times as long
        seen |= keypoint[..., axis] != 0
    return seen.astype(np.float32)
