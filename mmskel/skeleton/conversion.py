"""One joint order into another, by joint name."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmskel.skeleton.layout import Layout, LayoutError
from mmskel.skeleton.tables import get_layout

# other names of the same joint; the closest one first
SYNONYMS = {
    'pelvis': ('hip', 'mid_hip', 'root', 'spine_base'),
    'spine': ('spine2', 'spine_mid', 'torso', 'belly'),
    'spine_shoulder': ('shoulder_centre', 'thorax', 'neck_base', 'neck'),
    'neck': ('upper_neck', 'neck_base', 'spine_shoulder', 'thorax'),
    'head': ('head_top', 'nose'),
    'nose': ('head', ),
    **{f'{s}_foot': (f'{s}_toe', f'{s}_big_toe', f'{s}_foot_tip') for s in ('left', 'right')},
    **{f'{s}_hand': (f'{s}_middle_finger1', f'{s}_hand_root') for s in ('left', 'right')},
    **{f'{s}_hand_root': (f'{s}_wrist', ) for s in ('left', 'right')},
    **{f'{s}_thumb': (f'{s}_thumb4', ) for s in ('left', 'right')},
    **{f'{s}_hand_tip': (f'{s}_middle_finger4', ) for s in ('left', 'right')},
}
# joints that lie half way between two others; the closest pair first
MIDPOINTS = {
    'neck': (('left_shoulder', 'right_shoulder'), ),
    'spine_shoulder': (('left_scapula', 'right_scapula'), ('left_shoulder', 'right_shoulder')),
    'pelvis': (('left_hip', 'right_hip'), ),
}


@dataclass(frozen=True)
class JointMap:
    """The origin in ``source`` of every joint of ``target``.

    Args:
        source, target: Layout names.
        joints: Source joints of each target joint, which is their mean: one (copied), two (midpoint), none
            (missing).
    """
    source: str
    target: str
    joints: tuple[tuple[int, ...], ...]

    @property
    def missing(self) -> tuple[int, ...]:
        """Target joints the source cannot provide; they are converted to zeros with score 0."""
        return tuple(i for i, origin in enumerate(self.joints) if not origin)

    def convert(self, keypoint: np.ndarray, score: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray | None]:
        """Converts coordinates (..., V, C) and scores (..., V).

        A midpoint has the lower score of its two joints, and is zero where that score is 0.
        """
        first = np.array([origin[0] if origin else 0 for origin in self.joints])
        last = np.array([origin[-1] if origin else 0 for origin in self.joints])
        mid = first != last
        out = keypoint[..., first, :].copy()
        if mid.any():
            out[..., mid, :] = (keypoint[..., first[mid], :] + keypoint[..., last[mid], :]) / 2
        points = None
        if score is not None:
            points = np.minimum(score[..., first], score[..., last])
            absent = mid & (points == 0)
            out[absent] = 0
            points[..., self.missing] = 0
        out[..., self.missing, :] = 0
        return out, points


def joint_map(source: str | Layout, target: str | Layout, missing: str = 'error') -> JointMap:
    """Matches the joints of two layouts by name, then by synonym, then by midpoint.

    Args:
        source, target: Layouts or names.
        missing: ``'error'``, or ``'zero'`` to fill joints the source lacks with zeros.

    Raises:
        LayoutError: If joints are missing and ``missing='error'``; names them.

    Example:
        >>> conversion = joint_map('ntu25', 'coco17', missing='zero')
        >>> [get_layout('coco17').joints[joint] for joint in conversion.missing]
        ['left_eye', 'right_eye', 'left_ear', 'right_ear']
    """
    source, target = get_layout(source), get_layout(target)
    place = {joint: i for i, joint in enumerate(source.joints)}

    def origin(joint: str) -> tuple[int, ...]:
        if joint in place:
            return (place[joint], )
        between = [ends for ends in MIDPOINTS.get(joint, ()) if all(j in place for j in ends)]
        if between and 'scapula' in between[0][0]:  # the spine between the shoulder blades is nearer than any synonym
            return tuple(place[j] for j in between[0])
        known = [place[s] for s in SYNONYMS.get(joint, ()) if s in place]
        if known:
            return (known[0], )
        return tuple(place[j] for j in between[0]) if between else ()

    found = JointMap(source.name, target.name, tuple(origin(j) for j in target.joints))
    if found.missing and missing != 'zero':
        absent = ', '.join(target.joints[j] for j in found.missing)
        raise LayoutError(f"layout '{source.name}' has no counterpart for these joints of '{target.name}': {absent}; "
                          "pass missing='zero' to fill them with zeros")
    return found
