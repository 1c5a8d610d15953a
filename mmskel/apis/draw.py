"""Clips of an annotation file as animations: what ``mmskel draw`` does."""
from __future__ import annotations

from pathlib import Path

from mmskel.data.annotation_file import AnnotationError
from mmskel.data.store import open_store
from mmskel.files.atomic import output_path
from mmskel.files.errors import UserError
from mmskel.skeleton import Clip


def find_clip(path: str | Path, name: str | None = None) -> Clip:
    """A clip of an annotation file or store; the only one if no name is given.

    Raises:
        AnnotationError: No such clip, or several to choose from; names some of them.
    """
    store = open_store(path)
    ids = list(store.ids)
    if name is None and len(ids) == 1:
        name = ids[0]
    if name not in ids:
        some = ', '.join(map(str, ids[:5])) + (', ...' if len(ids) > 5 else '')
        asked = f"has no clip '{name}'" if name is not None else f'has {len(ids)} clips; name one with name=...'
        raise AnnotationError(f"'{path}' {asked}: {some}")
    return store.clip(ids.index(name)).check()


def draw(path: str | Path, name: str | None = None, out: str | Path | None = None, video: str | Path | None = None,
         plain: bool = False) -> Path:
    """Draws a clip: over its video if there is one, else on paper (3-D clips turn).

    Args:
        path: Annotation file or store.
        name: Id of the clip; optional if there is only one.
        out: File to write: ``.mp4``, ``.gif``, ``.png`` (animated), ``.avi``. Default: the id with
            ``_skeleton.mp4``, here.
        video: Video it was extracted from; default: the one that the clip names, if that file is there.
        plain: If true, draws on paper even where there is a video.

    Returns:
        The path that was written.

    Raises:
        AnnotationError, ClipError, VideoError: See :func:`find_clip` and
            :func:`~mmskel.visualization.over_video.draw_over_video`.
        UserError: A suffix that cannot be written; the video itself as output.
    """
    from mmskel.video.writing import SUFFIXES
    from mmskel.visualization.animation import animate
    from mmskel.visualization.over_video import draw_over_video
    clip = find_clip(path, name)
    out = Path(out or f'{clip.id.replace("/", "_")}_skeleton.mp4')
    output_path(out, path)
    flat = clip.keypoint.shape[-1] == 2 and clip.unit == 'pixel'
    if video is None and not plain and flat and clip.rgb and Path(clip.rgb).is_file() \
            and out.suffix.lower() in SUFFIXES:
        video = clip.rgb
    if video is not None:
        if out.exists() and out.samefile(video):
            raise UserError(f"'{out}' is the video itself; write to another file: out=...")
        return draw_over_video(clip, video, out)
    return animate(clip, out, size=480)
