"""Sequences of SMPL parameters: AMASS's files and those of SMPL networks, at any rate, y or z up."""
from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmskel.body.errors import BodyError
from mmskel.body.model_files import NUM_BETAS
from mmskel.body.smpl import SMPL
from mmskel.files.arrays import load_npz
from mmskel.files.restricted_pickle import read_pickle
from mmskel.skeleton import Clip

_RATES = ('mocap_framerate', 'mocap_frame_rate', 'fps')
_SMPLX = 165  # pose numbers of SMPL-X
_GENDERS = ('male', 'female', 'neutral')


@dataclass(frozen=True)
class BodySequence:
    """One person over time.

    Args:
        poses: (T, 72) axis-angle of SMPL's joints, radians.
        betas: (10,) shape.
        trans: (T, 3) translation, metres.
        gender: ``'male'``, ``'female'``, ``'neutral'``, or '' if the file does not say.
        fps: Frames per second; None if the file does not say.
        name: Name of the file, without its suffix.
    """
    poses: np.ndarray
    betas: np.ndarray
    trans: np.ndarray
    gender: str
    fps: float | None
    name: str

    def resampled(self, fps: float) -> BodySequence:
        """Every n-th frame, n the nearest whole ratio of the rates.

        Raises:
            BodyError: If the file's own rate is unknown, or is lower than the one that is wanted.
        """
        if not self.fps or not 0 < fps <= self.fps * 1.5:
            raise BodyError(f"'{self.name}' has {self.fps or 'an unknown number of'} frames per second; fps={fps} "
                            'cannot be made of them by leaving out frames')
        stride = max(1, round(self.fps / fps))
        return replace(self, poses=self.poses[::stride], trans=self.trans[::stride], fps=self.fps / stride)

    def clip(self, smpl: SMPL, y_up: bool = True) -> Clip:
        """The posed joints as a clip of layout ``smpl24``.

        Args:
            smpl: Body, of the sequence's gender.
            y_up: Whether to turn AMASS's z-up world: (x, y, z) becomes (x, z, -y).
        """
        with torch.no_grad():
            joints = smpl.joints(*(torch.from_numpy(one) for one in (self.poses, self.betas[None], self.trans))).numpy()
        if y_up:
            joints = np.stack((joints[..., 0], joints[..., 2], -joints[..., 1]), -1)
        return Clip(self.name, joints[None], np.ones((1, *joints.shape[:2]), np.float32), layout='smpl24', unit='metre',
                    fps=self.fps)


def load_sequence(path: str | Path) -> BodySequence:
    """Reads a sequence of SMPL or SMPL+H parameters; nothing in the file is run.

    Args:
        path: ``.npz`` or ``.pkl`` with ``poses`` (T, 72) or (T, 156), or ``global_orient`` and ``body_pose``; ``betas``
            (the first 10 count), ``trans`` or ``transl`` (missing: zeros), ``gender``, ``mocap_framerate``. Of SMPL+H
            the 22 joints of the body are taken; the hands of SMPL stay at rest.

    Raises:
        BodyError: No such file, SMPL-X, missing or misshapen arrays, no frame, NaN; names the file.
        UserError: A damaged file, or one with anything but data in it.

    Example:
        >>> sequence = load_sequence('CMU/01/01_01_poses.npz').resampled(30)  # doctest: +SKIP
        >>> clip = sequence.clip(SMPL(load_body('SMPL_MALE.npz')))  # doctest: +SKIP
    """
    path = Path(path)
    if not path.is_file():
        raise BodyError(f"there is no sequence '{path}'")
    if path.suffix.lower() == '.npz':
        content: Any = load_npz(path)
    else:
        with path.open('rb') as file:
            content = read_pickle(file, str(path), path.stat().st_size, "a sequence with 'poses'")
    if not isinstance(content, dict):
        raise BodyError(f"'{path}' holds a {type(content).__name__}; expected a sequence, a dictionary with 'poses'")
    poses = _poses(content, path)
    trans = next((content[key] for key in ('trans', 'transl') if key in content), np.zeros((len(poses), 3)))
    trans, betas = _numbers(trans, 'trans', path), _numbers(content.get('betas', np.zeros(NUM_BETAS)), 'betas', path)
    betas = betas.reshape(-1, betas.shape[-1])[0] if betas.size else betas
    if trans.shape != (len(poses), 3) or betas.ndim != 1 or len(betas) < NUM_BETAS:
        raise BodyError(f"'{path}': trans has shape {trans.shape}, betas {betas.shape}; expected ({len(poses)}, 3) and "
                        f'at least {NUM_BETAS} numbers')
    gender = content.get('gender', '')
    gender = str(np.asarray(gender).reshape(-1)[0]) if np.size(gender) else ''
    gender = gender.removeprefix("b'").rstrip("'").lower()
    if gender and gender not in _GENDERS:
        raise BodyError(f"'{path}': gender is {gender[:20]!r}; expected {', '.join(_GENDERS)}")
    rates = [content[key] for key in _RATES if np.size(content.get(key, ()))]
    rate = float(np.asarray(rates[0]).reshape(-1)[0]) if rates else None
    if rate is not None and not 0 < rate < 1e5:
        raise BodyError(f"'{path}': {rate} frames per second; expected a positive number")
    return BodySequence(poses, betas[:NUM_BETAS], trans, gender, rate, path.stem)


def _poses(content: dict[str, Any], path: Path) -> np.ndarray:
    """(T, 72) axis-angle, whatever the keys."""
    if 'poses' in content:
        poses = _numbers(content['poses'], 'poses', path)
    else:
        parts = []
        for key in ('global_orient', 'body_pose'):
            found = next((content[name] for name in (key, f'{key}_axis_angle') if name in content), None)
            if found is None:
                raise BodyError(f"'{path}' has neither 'poses' nor '{key}'; it holds "
                                f'{", ".join(map(str, content))[:200] or "nothing"}')
            found = _numbers(found, key, path)
            parts.append(found.reshape(len(found), -1))
        if len({len(part) for part in parts}) > 1:
            raise BodyError(f"'{path}': global_orient has {len(parts[0])} frames, body_pose {len(parts[1])}")
        poses = np.concatenate(parts, 1)
    if poses.ndim != 2 or poses.shape[1] not in (66, 69, 72, 156) or not len(poses):
        smplx = poses.ndim == 2 and poses.shape[1] == _SMPLX or 'jaw_pose' in content
        hint = '. These are SMPL-X parameters: download the SMPL+H version of the data, or convert them with the ' \
               "authors' transfer_model" if smplx else ''
        raise BodyError(f"'{path}': poses have shape {poses.shape}; expected (T, 72) of SMPL or (T, 156) of SMPL+H "
                        f'with at least one frame{hint}')
    whole = np.zeros((len(poses), 72), np.float32)
    used = 72 if poses.shape[1] == 72 else 66
    whole[:, :used] = poses[:, :used]
    return whole


def _numbers(value: Any, key: str, path: Path) -> np.ndarray:
    try:
        values = np.asarray(value, np.float32)
    except (ValueError, TypeError) as error:
        raise BodyError(f"'{path}': {key} is not an array of numbers: {error}") from None
    if not values.ndim or not np.isfinite(values).all():
        raise BodyError(f"'{path}': {key} holds {'NaN or infinity' if values.ndim else 'a single number'}; expected an "
                        'array of finite numbers')
    return values
