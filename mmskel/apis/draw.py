"""Clips of an annotation file as animations: what ``mmskel draw`` does."""
from __future__ import annotations

from pathlib import Path

from mmskel.data.annotation_file import AnnotationError, load_annotation_file
from mmskel.files.atomic import output_path
from mmskel.files.errors import UserError
from mmskel.skeleton import Clip, clip_id


def find_clip(path: str | Path, name: str | None = None) -> Clip:
    """A clip of an annotation file; the only one, where no name is given.

    Raises:
        AnnotationError: No such clip, or several to choose from; names some that there are.
    """
    file = load_annotation_file(path)
    clips = {clip_id(item): item for item in file.annotations}
    if name is None and len(clips) == 1:
        name = next(iter(clips))
    if name not in clips:
        some = ', '.join(map(str, list(clips)[:5])) + (', ...' if len(clips) > 5 else '')
        asked = f"has no clip '{name}'" if name is not None else f'has {len(clips)} clips; name one with name=...'
        raise AnnotationError(f"'{path}' {asked}: {some}")
    return Clip.from_annotation(clips[name], file.meta.get('layout')).check()


def draw(path: str | Path, name: str | None = None, out: str | Path | None = None, video: str | Path | None = None,
         plain: bool = False) -> Path:
    """Draws a clip: over its video where there is one, else on paper (3-D clips turn).

    Args:
        path: Annotation file.
        name: Id of the clip; may be left away if there is one only.
        out: File to write: ``.mp4``, ``.gif``, ``.png`` (animated), ``.avi``. Default: the id with
            ``_skeleton.mp4``, here.
        video: The video it was extracted from; default: the one that the clip names, if that file is there.
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
