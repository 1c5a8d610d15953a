"""``mmskel demo --body``: made-up motions, a body fitted to them, and pages to look at."""
from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from mmskel.apis.draw_body import draw_angles, draw_body
from mmskel.apis.fit_body import ANNY, TUBE, export_angles, fit_body, summary
from mmskel.synthetic.motions import make_motion_clips

_MOTIONS = 3


def body_demo(out: str | Path, seed: int = 0) -> Path:
    """Fits a body to a few motions: Anny where it is installed, else the body of tubes.

    Args:
        out: Folder of everything: ``clips.pkl``, ``fitted.pkl``, a page and a figure of the angles for every clip, and
            the files for OpenSim in ``angles``.
        seed: Seed of the motions.

    Returns:
        The page of the first clip.
    """
    from mmskel.data.annotation_file import save_annotation_file
    out, model = Path(out), ANNY if find_spec('anny') else TUBE
    clips = make_motion_clips(num_per_class=1, layout='kinect20', seed=seed)[:_MOTIONS]
    save_annotation_file(out / 'clips.pkl', clips, {}, dict(layout='kinect20'))
    (out / 'fitted.pkl').unlink(missing_ok=True)
    fitted = fit_body(out / 'clips.pkl', out / 'fitted.pkl', model)
    print(summary(fitted))
    export_angles(fitted, out / 'angles')
    pages = []
    for clip in clips:
        pages.append(draw_body(out / 'fitted.pkl', model, clip.id, out / f'{clip.id}_body.html'))
        draw_angles(out / 'fitted.pkl', clip.id, out / f'{clip.id}_angles.png')
    print(f"Look at {', '.join(map(str, pages))}; angles: the figures beside them, and '{out / 'angles'}' for OpenSim")
    return pages[0]
