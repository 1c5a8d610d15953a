"""SKEL's joints and angles as tables: names, axes, plausible limits, the mirror.

The tree and the axes are those of the OpenSim model by A. Rajagopal et al. (2016) that SKEL's skeleton follows
(docs/published/skel.md). A bone's frame: x forward, y up, z to the right.
"""
from __future__ import annotations

from collections.abc import Sequence
from math import cos, inf, pi, sin

import numpy as np

_X, _Y, _Z = (1., 0., 0.), (0., 1., 0.), (0., 0., 1.)


def _minus(axis: Sequence[float]) -> tuple[float, ...]:
    return tuple(-a for a in axis)


def _pin(a: float, b: float, c: float = 0.) -> tuple[float, ...]:
    """The axis of a pin joint: third column of Rx(a) Ry(b) Rz(c), which c does not change."""
    return sin(b), -sin(a) * cos(b), cos(a) * cos(b)


_TALUS = _pin(0.175895, -0.105208, 0.0186622)
# joint, parent, (angle, axis) in the order of application
_TABLE = (
    ('pelvis', -1, (('pelvis_tilt', _Z), ('pelvis_list', _X), ('pelvis_rotation', _Y))),
    ('femur_r', 0, (('hip_flexion_r', _Z), ('hip_adduction_r', _X), ('hip_rotation_r', _Y))),
    ('tibia_r', 1, (('knee_angle_r', _minus(_Z)), )),
    ('talus_r', 2, (('ankle_angle_r', _TALUS), )),
    ('calcn_r', 3, (('subtalar_angle_r', _pin(-1.76818999, 0.906223, 1.8196)), )),
    ('toes_r', 4, (('mtp_angle_r', _pin(-3.141589999, 0.619901)), )),
    ('femur_l', 0, (('hip_flexion_l', _Z), ('hip_adduction_l', _minus(_X)), ('hip_rotation_l', _minus(_Y)))),
    ('tibia_l', 6, (('knee_angle_l', _minus(_Z)), )),
    ('talus_l', 7, (('ankle_angle_l', _TALUS), )),
    ('calcn_l', 8, (('subtalar_angle_l', _pin(1.768189999, -0.906223, 1.8196)), )),
    ('toes_l', 9, (('mtp_angle_l', _pin(-3.141589999, -0.619901)), )),
    ('lumbar_body', 0, (('lumbar_bending', _X), ('lumbar_extension', _Z), ('lumbar_twist', _Y))),
    ('thorax', 11, (('thorax_bending', _X), ('thorax_extension', _Z), ('thorax_twist', _Y))),
    ('head', 12, (('head_bending', _X), ('head_extension', _Z), ('head_twist', _Y))),
    ('scapula_r', 12, (('scapula_abduction_r', _Y), ('scapula_elevation_r', _minus(_Z)),
                       ('scapula_upward_rot_r', _minus(_X)))),
    ('humerus_r', 14, (('shoulder_r_x', _X), ('shoulder_r_y', _Y), ('shoulder_r_z', _Z))),
    ('ulna_r', 15, (('elbow_flexion_r', (0.0494, 0.0366, 0.99810825)), )),
    ('radius_r', 16, (('pro_sup_r', (-0.01716099, 0.99266564, -0.11966796)), )),
    ('hand_r', 17, (('wrist_flexion_r', _X), ('wrist_deviation_r', _minus(_Z)))),
    ('scapula_l', 12, (('scapula_abduction_l', _Y), ('scapula_elevation_l', _Z), ('scapula_upward_rot_l', _X))),
    ('humerus_l', 19, (('shoulder_l_x', _X), ('shoulder_l_y', _Y), ('shoulder_l_z', _Z))),
    ('ulna_l', 20, (('elbow_flexion_l', (-0.0494, -0.0366, 0.99810825)), )),
    ('radius_l', 21, (('pro_sup_l', (0.01716099, -0.99266564, -0.11966796)), )),
    ('hand_l', 22, (('wrist_flexion_l', _minus(_X)), ('wrist_deviation_l', _minus(_Z)))),
)
JOINTS = tuple(name for name, _, _ in _TABLE)
"""Names of the 24 joints, in the order of the data."""
PARENTS = tuple(parent for _, parent, _ in _TABLE)
"""Parent of each joint, -1 of the pelvis."""
ANGLES = tuple(name for _, _, turns in _TABLE for name, _ in turns)
"""Clinical names of the 46 angles, in the order of the data."""
ANGLE_JOINT = tuple(joint for joint, (_, _, turns) in enumerate(_TABLE) for _ in turns)
"""Joint of each angle."""
CHILDREN = tuple(PARENTS.index(j) if j and j in PARENTS else 1 if j == 0 else 0 for j in range(24))
"""First child of each joint, 0 where there is none."""
ENDS = (0, 5, 10, 13, 18, 23)
"""The root and the ends of the tree: their bones are not turned towards a child."""


def angle_axes() -> np.ndarray:
    """(46, 3) axis of each angle, in its bone's frame."""
    return np.array([axis for _, _, turns in _TABLE for _, axis in turns])


def _bounds(published: bool) -> np.ndarray:
    quarter = dict.fromkeys((name for name in ANGLES if name.startswith(
        ('ankle', 'subtalar', 'mtp', 'lumbar', 'thorax', 'head', 'wrist_deviation'))), (-pi / 4, pi / 4))
    found = dict(quarter, lumbar_bending=(-pi / 6, pi / 6), pro_sup_r=(-3 * pi / 8, 3 * pi / 8),
                 pro_sup_l=(-pi / 2, pi / 2), shoulder_r_y=(-pi / 2, pi / 2),
                 scapula_elevation_r=(-0.4, -0.1), scapula_elevation_l=(0.1, 0.4),
                 scapula_upward_rot_r=(-0.190, 0.319), scapula_upward_rot_l=(-0.210, 0.219))
    for side in 'rl':
        found.update({f'knee_angle_{side}': (0., 3 * pi / 4), f'elbow_flexion_{side}': (0., 3 * pi / 4),
                      f'scapula_abduction_{side}': (-0.628, 0.628), f'wrist_flexion_{side}': (-pi / 2, pi / 2)})
    if not published:
        found.update(lumbar_extension=(-0.9, pi / 4), shoulder_r_x=(-pi / 2, pi / 2 + 1.5),
                     shoulder_l_x=(-pi / 2 - 1.5, pi / 2))
        for side in 'rl':
            found.update({f'scapula_elevation_{side}': (-0.5, 0.6981), f'scapula_upward_rot_{side}': (-0.5236, 1.0472),
                          f'wrist_deviation_{side}': (-1., pi / 4), f'hip_flexion_{side}': (-pi / 4, 3 * pi / 4),
                          f'hip_adduction_{side}': (-pi / 4, pi / 6), f'hip_rotation_{side}': (-pi / 4, pi / 4),
                          f'shoulder_{side}_y': (-pi / 2, pi / 2), f'shoulder_{side}_z': (-pi / 2, pi / 2)})
    return np.array([found.get(name, (-inf, inf)) for name in ANGLES])


LIMITS = _bounds(published=False)
"""(46, 2) plausible range of each angle in radians, as HSMR (arXiv 2503.21751) widened and completed them; infinite
where nobody states one. For judging and drawing: nothing clips an angle silently."""
PUBLISHED_LIMITS = _bounds(published=True)
"""(46, 2) the limits of SKEL's own code, which bound 33 angles; that of scapula_elevation_l, which it has reversed, by
symmetry."""

_MIRROR_ORDER = np.r_[0:3, 10:17, 3:10, 17:26, 36:46, 26:36]
_MIRROR_SIGN = np.ones(46, np.float32)
_MIRROR_SIGN[[1, 2, 17, 19, 20, 22, 23, 25, 26, 27, 29, 30, 36, 37, 39, 40]] = -1


def mirror(angles: np.ndarray) -> np.ndarray:
    """(..., 46) angles of the motion as a mirror shows it: left and right exchanged.

    Exact for every joint but the ankles, whose axis the published model shares between both sides. The mirror of a
    translation, y or z up, has the opposite x.
    """
    return np.asarray(angles)[..., _MIRROR_ORDER] * _MIRROR_SIGN


def within_limits(angles: np.ndarray, limits: np.ndarray = LIMITS) -> np.ndarray:
    """(..., 46) bool: whether each angle lies in its range; true where no range is known."""
    angles = np.asarray(angles)
    return (angles >= limits[:, 0]) & (angles <= limits[:, 1])
