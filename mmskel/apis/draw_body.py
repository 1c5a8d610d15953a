"""Fitted bodies and joint angles, drawn: ``mmskel draw --body`` and ``--angles``."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from mmskel.apis.draw import find_clip
from mmskel.apis.fit_body import BUILT_IN, TUBE, open_skel
from mmskel.body import ANGLES, LIMITS
from mmskel.body.export import clinical_names
from mmskel.body.posed_skin import posed_meshes
from mmskel.files.atomic import output_path
from mmskel.files.errors import UserError
from mmskel.skeleton import Clip
from mmskel.skeleton.joint_angles import bone_angles


def draw_angles(path: str | Path, name: str | None = None, out: str | Path | None = None, person: int = 0) -> Path:
    """Draws joint angles over time, in degrees: SKEL's with their plausible ranges, if the clip was fitted, else the
    angles between the bones of a 3-D skeleton.

    Args:
        path: Annotation file.
        name: Id of the clip; optional if there is only one.
        out: ``.png``, ``.svg`` or ``.pdf``; default: the id with ``_angles.png``, here.
        person: Number of the person, from 0.

    Raises:
        AnnotationError, ClipError: See :func:`~mmskel.apis.draw.find_clip`.
        UserError: A clip in 2-D, or without this person.
    """
    from mmskel.visualization.angle_curves import draw_angle_curves
    clip = _of_person(find_clip(path, name), person)
    out = Path(out or f'{clip.id.replace("/", "_")}_angles.png')
    output_path(out, path)
    known = clip.score[0].any(-1)
    if clip.angles is not None:
        skel = clip.angle_names == ANGLES
        return draw_angle_curves(out, clip.angles[0], clinical_names() if skel else clip.angle_names, clip.rate,
                                 LIMITS if skel else None, known, clip.id)
    if clip.keypoint.shape[-1] != 3:
        raise UserError(f"clip '{clip.id}' is in 2-D and has no joint angles; fit a body to lifted skeletons first "
                        '(mmskel fit)')
    angles, names = bone_angles(clip.keypoint[0], clip.layout)
    return draw_angle_curves(out, angles, names, clip.rate, None, known, clip.id)


def draw_body(path: str | Path, model: str | Path = TUBE, name: str | None = None, out: str | Path | None = None,
              person: int = 0) -> Path:
    """Draws a fitted body as a page that can be turned: the skin, the bones if the model has them, and the skeleton.

    Args:
        path: Annotation file of :func:`~mmskel.apis.fit_body.fit_body`.
        model: SKEL file that was fitted, ``'tube'`` or ``'anny'``.
        name: Id of the clip; optional if there is only one.
        out: Page to write, ``.html``; default: the id with ``_body.html``, here.
        person: Number of the person, from 0.

    Raises:
        AnnotationError, ClipError, BodyError: See :func:`~mmskel.apis.draw.find_clip` and
            :func:`~mmskel.apis.fit_body.open_skel`.
        UserError: A clip that was not fitted, or without this person.
    """
    from mmskel.visualization.body_page import write_body_page
    clip = _of_person(find_clip(path, name), person)
    if clip.angle_names != ANGLES or clip.layout != 'skel24':
        raise UserError(f"clip '{clip.id}' was not fitted to a body; make the file with `mmskel fit`")
    out = Path(out or f'{clip.id.replace("/", "_")}_body.html')
    output_path(out, path, *([] if str(model) in BUILT_IN else [model]))
    skel = open_skel(model)
    meshes = posed_meshes(skel, np.asarray(clip.angles[0], np.float32), clip.keypoint[0], clip.score[0].any(-1))
    facts = {'body': skel.name, 'frames': str(clip.num_frames)}
    if 'fit_error' in clip.extra:
        facts |= {'mean joint error': f"{clip.extra['fit_error'] * 1e3:.0f} mm",
                  'angles within limits': f"{clip.extra['fit_within_limits'] * 100:.0f} %"}
    return write_body_page(out, clip, meshes, facts)


def _of_person(clip: Clip, person: int) -> Clip:
    if not 0 <= person < len(clip.keypoint):
        raise UserError(f"clip '{clip.id}' has {len(clip.keypoint)} persons; there is no person {person}")
    one = slice(person, person + 1)
    return replace(clip, keypoint=clip.keypoint[one], score=clip.score[one], objects={},
                   angles=None if clip.angles is None else clip.angles[one],
                   track_id=None if clip.track_id is None else clip.track_id[one])
