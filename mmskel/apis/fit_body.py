"""A body fitted to the 3-D skeletons of an annotation file: joint angles and anatomical joints, resumable."""
from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from mmskel.body import ANGLES, SKEL, BodyError, SKELFile, load_body, tube_body, within_limits
from mmskel.body.anny import ANNY, anny_body
from mmskel.body.export import write_angle_table, write_mot, write_trc
from mmskel.body.fit_points import fit_points
from mmskel.data.annotation_file import AnnotationFile, load_annotation_file
from mmskel.data.prepare import save_with_skipped
from mmskel.files.atomic import output_path
from mmskel.files.errors import UserError
from mmskel.files.progress import progress_bar
from mmskel.pose.journal import Journal, fingerprint
from mmskel.skeleton import Clip
from mmskel.version import __version__

TUBE = 'tube'
BUILT_IN = (TUBE, ANNY)


def fit_body(source: str | Path, out: str | Path, model: str | Path = TUBE, *, split: str | None = None,
             keep_going: bool = False, progress: bool = True) -> AnnotationFile:
    """Fits SKEL to every person of every clip and writes the fitted skeletons as an annotation file.

    Its clips have layout ``skel24``, the joint angles (``Clip.angles``, 46 per person and frame) and, in ``extra``, how
    well the body fits. A run that was stopped goes on where it was; the file is then the same.

    Args:
        source: Annotation file with 3-D skeletons in metres, of any layout.
        out: File to write, ``.pkl``; finished clips are kept in ``<out>.journal`` until then.
        model: SKEL file, ``.pkl`` or ``.npz``, or ``'tube'`` or ``'anny'``: SKEL's kinematics on the made-up body, or
            on the open one.
        split: Name of a split, if only its clips are wanted.
        keep_going: Whether to skip clips that cannot be fitted, and list them in ``<out>.skipped.txt``.
        progress: Whether to show a progress bar.

    Raises:
        BodyError: A model that is not SKEL, a clip that cannot be fitted, or not a single clip.
        AnnotationError, VideoError, OutputError: A source that is no annotation file; a journal of other settings; an
            output that cannot be written.
    """
    out = Path(out)
    if out.is_dir() or out.suffix not in ('.pkl', '.pickle'):
        raise BodyError(f"cannot write to '{out}': expected the name of a file that ends in .pkl")
    output_path(out, source, *([] if str(model) in BUILT_IN else [model]))
    skel, file = open_skel(model), load_annotation_file(source)
    clips = list(file.clips(split))
    settings = dict(model=str(model) if str(model) in BUILT_IN else fingerprint(model), source=Path(source).name,
                    keep_going=keep_going, mmskel_version=__version__)
    journal, before = Journal(out, settings), torch.get_num_threads()
    try:
        journal.forget_failures()
        keys = {clip.id: _key(clip) for clip in clips}
        todo = [clip for clip in clips if not journal.is_done(keys[clip.id])]
        torch.set_num_threads(1)  # a frame is a small problem: threads would only wait for each other
        for clip in progress_bar(todo, 'fit', total=len(clips), done=len(clips) - len(todo), wanted=progress):
            try:
                journal.keep(keys[clip.id], fit_clip(clip.check(), skel))
            except UserError as error:
                if not keep_going:
                    raise BodyError(f"'{source}': {error}. What is fitted is kept: repair the clip, or skip such clips "
                                    'with keep_going=True, and run it again') from None
                journal.keep_failure(keys[clip.id], str(error))
        skipped = {clip.id: why for clip in clips if (why := journal.failure(keys[clip.id]))}
        kept = [journal.clip(keys[clip.id]) for clip in clips if clip.id not in skipped]
        if not kept:
            raise BodyError(f"none of the {len(clips)} clips of '{source}' can be fitted"
                            + (f'; the first: {next(iter(skipped.values()))}' if skipped else ''))
        ids = {clip.id for clip in kept}
        splits = {name: [one for one in members if one in ids] for name, members in file.split.items()}
        meta = dict(file.meta, layout='skel24', body=skel.name if str(model) in BUILT_IN else Path(model).name)
        if skipped:
            meta['skipped'] = {**meta.get('skipped', {}), **skipped}
        written = save_with_skipped(out, kept, {name: one for name, one in splits.items() if one}, meta, skipped)
        journal.remove()
        return written
    finally:
        torch.set_num_threads(before)
        journal.close()


def open_skel(model: str | Path) -> SKEL:
    """SKEL from a file, or its kinematics on the body of tubes or on Anny.

    Raises:
        BodyError: If the file is another model.
    """
    body = tube_body('skel') if str(model) == TUBE else anny_body() if str(model) == ANNY else load_body(model)
    if not isinstance(body, SKELFile):
        raise BodyError(f"'{model}' is an SMPL model, whose joints have no clinical angles; give a SKEL file, or "
                        f"'{TUBE}'")
    return SKEL(body)


def fit_clip(clip: Clip, skel: SKEL) -> Clip:
    """One clip in the joints of the body, with angles; persons and frames that are absent stay absent.

    Args:
        clip: 3-D skeletons in metres.
        skel: Body.

    Returns:
        The clip in layout ``skel24``; ``extra`` gets ``fit_error`` (metres, mean over joints), ``fit_joint_error`` (one
        per joint of the source), ``fit_within_limits`` (share of angles), and ``fit_trans`` (M, T, 3).

    Raises:
        BodyError: If it is 2-D or in another unit, or nobody in it can be fitted; names the clip.
    """
    persons, frames, _, coords = clip.keypoint.shape
    if coords != 3 or clip.unit != 'metre':
        raise BodyError(f"clip '{clip.id}' has {coords} coordinates per joint, unit '{clip.unit}'; a body is fitted to "
                        '3-D joints in metres: lift 2-D poses first (mmskel extract, lift_config=...)')
    keypoint = np.zeros((persons, frames, 24, 3), np.float32)
    angles, trans = np.zeros((persons, frames, len(ANGLES)), np.float32), np.zeros((persons, frames, 3), np.float32)
    score, errors, why = np.zeros((persons, frames, 24), np.float32), [], ''
    for person in range(persons):
        try:
            fit = fit_points(skel, clip.keypoint[person], clip.layout, clip.seen[person])
        except BodyError as error:  # an empty slot, or somebody of whom too little is seen
            why = str(error)
            continue
        keypoint[person], angles[person], trans[person] = fit.joints, fit.poses, fit.trans
        score[person, fit.fitted] = 1
        errors.append(fit.error)
    if not errors:
        raise BodyError(f"clip '{clip.id}': {why}")
    stacked = np.concatenate(errors)
    seen = np.isfinite(stacked)
    of_joint = np.where(seen, stacked, 0).sum(0) / np.maximum(seen.sum(0), 1)
    facts = dict(fit_error=float(stacked[seen].mean()), fit_joint_error=of_joint.astype(np.float32), fit_trans=trans,
                 fit_within_limits=float(within_limits(angles[score[..., 0] > 0]).mean()))
    return replace(clip, keypoint=keypoint, score=score, layout='skel24', angles=angles, angle_names=ANGLES,
                   extra={**clip.extra, **facts})


def export_angles(file: AnnotationFile, folder: str | Path) -> list[Path]:
    """Writes every person of every fitted clip as ``<clip>[.<person>].mot``, ``.trc`` and ``.csv``.

    Args:
        file: Annotation file of :func:`fit_body`.
        folder: Folder to write to.

    Returns:
        The files.

    Raises:
        BodyError: If a clip has no angles of SKEL.
    """
    written = []
    for clip in file.clips():
        if clip.angle_names != ANGLES or 'fit_trans' not in clip.extra:
            raise BodyError(f"clip '{clip.id}' has no joint angles of SKEL; make the file with fit_body")
        persons = [m for m in range(len(clip.keypoint)) if clip.score[m].any()]
        for person in persons:
            name = clip.id.replace('/', '_').replace('\\', '_') + (f'.{person}' if len(persons) > 1 else '')
            paths = [Path(folder) / f'{name}{suffix}' for suffix in ('.mot', '.trc', '.csv')]
            write_mot(paths[0], clip.angles[person], np.asarray(clip.extra['fit_trans'])[person], clip.rate)
            write_trc(paths[1], clip.keypoint[person], clip.rate)
            write_angle_table(paths[2], clip.angles[person], clip.rate)
            written += paths
    return written


def summary(file: AnnotationFile) -> str:
    """The errors of a fitted file in a few lines."""
    errors = np.array([item['fit_error'] for item in file.annotations if 'fit_error' in item])
    inside = np.array([item['fit_within_limits'] for item in file.annotations if 'fit_within_limits' in item])
    return (f"{len(errors)} clips fitted -> '{file.path}'\n  joint error: mean {errors.mean() * 1e3:.1f} mm, worst "
            f'clip {errors.max() * 1e3:.1f} mm\n  angles within limits: {inside.mean() * 100:.1f} %')


def _key(clip: Clip) -> str:
    facts = f'{clip.id}\0{clip.layout}\0{clip.unit}\0{clip.label}\0{clip.fps}'
    digest = hashlib.sha256(facts.encode('utf-8', 'surrogateescape'))
    for array in (clip.keypoint, clip.score):
        digest.update(str(array.shape).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:40]
