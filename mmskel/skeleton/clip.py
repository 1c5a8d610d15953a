"""One clip of skeletons: what every system eats.

``Clip.to_annotation`` and ``Clip.from_annotation`` speak the annotation dictionaries of PYSKL and MMAction2
(``frame_dir``, ``total_frames``, ``img_shape``, ``label``, ``keypoint``, ``keypoint_score``), so their pickles are
read as they are and ours are read by them.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmskel.files.errors import UserError
from mmskel.skeleton.layout import Layout
from mmskel.skeleton.tables import LAYOUTS, get_layout

UNITS = ('pixel', 'metre', 'normalised')
# what a file that says nothing most likely holds: (V, C) -> layout
_LIKELY = {(17, 2): 'coco17', (18, 2): 'openpose18', (25, 2): 'openpose25', (26, 2): 'halpe26', (21, 2): 'hand21',
           (133, 2): 'coco_wholebody133', (25, 3): 'ntu25', (20, 3): 'kinect20', (24, 3): 'smpl24',
           (21, 3): 'hand21', (17, 3): 'coco17'}


class ClipError(UserError):
    """A clip that cannot be used; the message names the clip, what was found and what was expected."""


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
        extra: Whatever else an annotation file said about the clip; kept, never read.
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
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        self.keypoint = np.asarray(self.keypoint, np.float32)
        if self.keypoint.ndim != 4 or self.keypoint.shape[-1] not in (2, 3):
            raise ClipError(f"clip '{self.id}': keypoint has shape {self.keypoint.shape}; expected (M, T, V, C) = "
                            'persons, frames, joints, 2 or 3 coordinates')
        if self.score is None:
            self.score = derived_score(self.keypoint)
        self.score = np.asarray(self.score, np.float32)
        if not self.layout:
            self.layout = likely_layout(*self.keypoint.shape[2:]) or ''
        self.unit = self.unit or ('pixel' if self.keypoint.shape[-1] == 2 else 'metre')

    @property
    def num_frames(self) -> int:
        """T."""
        return self.keypoint.shape[1]

    def check(self) -> Clip:
        """Raises one readable :class:`ClipError` for anything wrong; returns the clip.

        Checked: shapes agree, at least one person, frame and joint, joint count of the layout, finite coordinates
        and scores, a known unit, an image size for pixels, a non-negative integer label, positive fps.
        """
        M, T, V, _ = self.keypoint.shape
        say = f"clip '{self.id}': "
        if not (M and T and V):
            raise ClipError(f'{say}keypoint has shape {self.keypoint.shape} (persons, frames, joints, coordinates); '
                            'at least one person, frame and joint are needed')
        if self.layout not in LAYOUTS:
            raise ClipError(f"{say}{V} joints but no known layout (found '{self.layout}'); name one of "
                            f'{", ".join(sorted(LAYOUTS))}, or register your own')
        if V != get_layout(self.layout).num_joints:
            fits = [n for n, known in LAYOUTS.items() if known.num_joints == V] or ['none known']
            raise ClipError(f"{say}has {V} joints, but layout '{self.layout}' has "
                            f'{get_layout(self.layout).num_joints}; layouts with {V}: {", ".join(fits)}')
        if self.score.shape != (M, T, V):
            raise ClipError(f'{say}score has shape {self.score.shape}; expected {(M, T, V)} like keypoint')
        for what, values in (('keypoint', self.keypoint), ('score', self.score)):
            if not np.isfinite(values).all():
                frames = np.unique(np.argwhere(~np.isfinite(values))[:, 1])
                raise ClipError(f'{say}{what} holds NaN or infinity in {len(frames)} of {T} frames (first: frame '
                                f'{frames[0]}); write missing joints as zeros with score 0')
        if self.score.min() < 0:
            raise ClipError(f'{say}score reaches down to {self.score.min():.3g}; expected confidences from 0 to 1. Was '
                            'a coordinate taken for a score?')
        if self.unit not in UNITS:
            raise ClipError(f"{say}unknown unit '{self.unit}'; known: {', '.join(UNITS)}")
        if self.image_size is not None and (len(self.image_size) != 2 or min(self.image_size) <= 0):
            raise ClipError(f'{say}image size {self.image_size}; expected (height, width) in pixels')
        if self.label is not None and (not isinstance(self.label, (int, np.integer)) or self.label < 0):
            raise ClipError(f'{say}label is {self.label!r}; expected a class index 0, 1, ...')
        if self.fps is not None and not self.fps > 0:
            raise ClipError(f'{say}fps is {self.fps!r}; expected a positive number')
        if self.track_id is not None and len(self.track_id) != M:
            raise ClipError(f'{say}{len(self.track_id)} track ids for {M} persons')
        for name, track in self.objects.items():
            if np.shape(track) != (T, 3):
                raise ClipError(f"{say}object '{name}' has shape {np.shape(track)}; expected ({T}, 3): x, y, score")
        return self

    def to_layout(self, target: str | Layout, missing: str = 'error') -> Clip:
        """The clip in another joint order, matched by joint names.

        Raises:
            LayoutError: If the target has joints this layout cannot give and ``missing`` is not ``'zero'``.
        """
        from dataclasses import replace

        from mmskel.skeleton.conversion import joint_map
        keypoint, score = joint_map(self.layout, target, missing).convert(self.keypoint, self.score)
        return replace(self, keypoint=keypoint, score=score, layout=get_layout(target).name)

    def to_annotation(self) -> dict[str, Any]:
        """MMAction2's / PYSKL's annotation dictionary.

        Beyond their keys only what they cannot express and what is no default is written (``layout``, ``unit``,
        ``fps``, ``track_id``, ``objects``, ``rgb``), so that a dictionary of theirs comes back unchanged.
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
        if self.objects:
            item['objects'] = self.objects
        return item

    @classmethod
    def from_annotation(cls, item: Mapping[str, Any], layout: str | None = None) -> Clip:
        """A clip from an annotation dictionary of PYSKL, MMAction2 or ours.

        Args:
            item: With ``frame_dir`` (or the older ``filename``) and ``keypoint``; (T, V, C) is taken as one person.
            layout: The joint order, when the dictionary does not say.

        Raises:
            ClipError: If a key is missing or the arrays do not fit together.
        """
        name = item.get('frame_dir', item.get('filename'))
        if name is None:
            raise ClipError(f"an annotation has neither 'frame_dir' nor 'filename'; its keys: {', '.join(item)}")
        if 'keypoint' not in item:
            raise ClipError(f"clip '{name}' has no 'keypoint'; its keys: {', '.join(map(str, item))}. If the file is "
                            "Kinetics' index of raw files, its keypoints lie in the files named by 'raw_file'")
        keypoint = np.asarray(item['keypoint'])
        if keypoint.dtype == object or keypoint.dtype.kind not in 'fiu':
            raise ClipError(f"clip '{name}': keypoint is an array of {keypoint.dtype}; expected numbers")
        score = item.get('keypoint_score')
        if keypoint.ndim == 3:
            keypoint = keypoint[None]
            score = None if score is None else np.asarray(score)[None]
        frames = item.get('total_frames', keypoint.shape[1] if keypoint.ndim > 1 else 0)
        if keypoint.ndim == 4 and frames != keypoint.shape[1]:
            raise ClipError(f"clip '{name}': total_frames is {frames}, but keypoint has {keypoint.shape[1]} frames "
                            f'(shape {keypoint.shape})')
        label = item.get('label')
        known = {'frame_dir', 'keypoint', 'keypoint_score', 'total_frames', 'label', 'img_shape', 'layout', 'unit',
                 'fps', 'track_id', 'objects', 'rgb'}
        size = item.get('img_shape')
        extra = {k: v for k, v in item.items() if k not in known}
        if size is not None and extra.get('original_shape') == tuple(size):
            extra.pop('original_shape')
        return cls(
            id=str(name), keypoint=keypoint, score=score, layout=item.get('layout', layout or ''),
            unit=item.get('unit', ''), image_size=None if size is None else tuple(int(s) for s in size),
            fps=item.get('fps'), label=int(label) if isinstance(label, np.integer) else label,
            track_id=item.get('track_id'), objects=dict(item.get('objects', {})), rgb=item.get('rgb'), extra=extra)


def derived_score(keypoint: np.ndarray) -> np.ndarray:
    """(..., V, C) -> (..., V) float32: 1 where a joint has any coordinate that is not zero, else 0."""
    return (keypoint != 0).any(-1).astype(np.float32)
