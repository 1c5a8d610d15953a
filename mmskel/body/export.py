"""Joint angles and joints as the files of biomechanics: OpenSim's ``.mot`` and ``.trc``, and a table."""
from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmskel.body.errors import BodyError
from mmskel.body.skel_joints import ANGLES, JOINTS
from mmskel.files.atomic import atomic_path

# names as in a clinic, where they differ from the model's
_CLINICAL = {'knee_angle': 'knee_flexion', 'ankle_angle': 'ankle_dorsiflexion', 'subtalar_angle': 'subtalar_inversion',
             'mtp_angle': 'toe_flexion', 'pro_sup': 'forearm_pronation'}


def clinical_names() -> tuple[str, ...]:
    """The names of the 46 angles for a table: ``knee_flexion_r`` for the model's ``knee_angle_r``."""
    return tuple(next((name.replace(ours, theirs) for ours, theirs in _CLINICAL.items() if name.startswith(ours)), name)
                 for name in ANGLES)


def write_mot(path: str | Path, poses: np.ndarray, trans: np.ndarray, fps: float) -> None:
    """Writes angles and translation as an OpenSim motion, degrees and metres.

    Args:
        path: File to write, ``.mot``.
        poses: (T, 46) angles in radians.
        trans: (T, 3) place of the pelvis.
        fps: Frames per second.

    Raises:
        BodyError, OutputError: Arrays that do not fit together; a path that cannot be written.
    """
    poses, trans = _checked(poses, trans, fps)
    names = ('time', *ANGLES[:3], 'pelvis_tx', 'pelvis_ty', 'pelvis_tz', *ANGLES[3:])
    degrees = np.degrees(poses)
    rows = np.column_stack((_times(len(poses), fps), degrees[:, :3], trans, degrees[:, 3:]))
    head = (f'Coordinates\nversion=1\nnRows={len(rows)}\nnColumns={len(names)}\ninDegrees=yes\n\nendheader\n'
            + '\t'.join(names) + '\n')
    _write(path, head + _lines(rows))


def write_trc(path: str | Path, joints: np.ndarray, fps: float, names: Sequence[str] = JOINTS) -> None:
    """Writes joints as an OpenSim file of markers, metres.

    Args:
        path: File to write, ``.trc``.
        joints: (T, P, 3) joints, metres, y up.
        fps: Frames per second.
        names: Names of the P joints.

    Raises:
        BodyError, OutputError: See :func:`write_mot`.
    """
    joints = np.asarray(joints, float)
    if joints.ndim != 3 or joints.shape[1:] != (len(names), 3) or not len(joints) or not np.isfinite(joints).all():
        raise BodyError(f'joints have shape {joints.shape}; expected finite numbers (T, {len(names)}, 3)')
    _check_rate(fps)
    head = (f'PathFileType\t4\t(X/Y/Z)\t{Path(path).name}\n'
            'DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames\n'
            f'{fps:g}\t{fps:g}\t{len(joints)}\t{len(names)}\tm\t{fps:g}\t1\t{len(joints)}\n'
            'Frame#\tTime\t' + '\t\t\t'.join(names) + '\t\t\n\t\t'
            + '\t'.join(f'{axis}{i + 1}' for i in range(len(names)) for axis in 'XYZ') + '\n\n')
    text = ''.join(f'{number}\t{row}\n' for number, row in enumerate(
        _lines(np.column_stack((_times(len(joints), fps), joints.reshape(len(joints), -1)))).splitlines(), 1))
    _write(path, head + text)


def write_angle_table(path: str | Path, poses: np.ndarray, fps: float) -> None:
    """Writes angles as a ``.csv`` table: time in seconds, degrees by clinical names.

    Raises:
        BodyError, OutputError: See :func:`write_mot`.
    """
    poses, _ = _checked(poses, np.zeros((len(poses), 3)), fps)
    with atomic_path(path) as temporary, temporary.open('w', newline='') as file:
        table = csv.writer(file)
        table.writerow(('time', *clinical_names()))
        table.writerows([f'{value:.6g}' for value in row]
                        for row in np.column_stack((_times(len(poses), fps), np.degrees(poses))))


def _checked(poses: np.ndarray, trans: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray]:
    poses, trans = np.asarray(poses, float), np.asarray(trans, float)
    if poses.ndim != 2 or poses.shape[1] != len(ANGLES) or trans.shape != (len(poses), 3) or not len(poses):
        raise BodyError(f'poses {poses.shape} and trans {trans.shape}; expected (T, {len(ANGLES)}) and (T, 3)')
    if not (np.isfinite(poses).all() and np.isfinite(trans).all()):
        raise BodyError('poses or trans hold NaN or infinity')
    _check_rate(fps)
    return poses, trans


def _check_rate(fps: float) -> None:
    if not (np.isfinite(fps) and fps > 0):
        raise BodyError(f'fps={fps}; expected a positive number of frames per second')


def _times(count: int, fps: float) -> np.ndarray:
    return np.arange(count) / fps


def _lines(rows: np.ndarray) -> str:
    return ''.join('\t'.join(f'{value:.8g}' for value in row) + '\n' for row in rows)


def _write(path: str | Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text)
