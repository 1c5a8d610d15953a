"""Anything that shows people becomes clips: videos, pictures, arrays, annotation files, clips themselves."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmskel.data.annotation_file import load_annotation_file
from mmskel.pose.extraction import SkeletonExtractor
from mmskel.pose.models import PoseModels
from mmskel.pose.object_tracks import ObjectTracks
from mmskel.skeleton import Clip, ClipError
from mmskel.video.listing import VIDEO_SUFFIXES, list_videos
from mmskel.video.sources import PICTURE_SUFFIXES

_ANNOTATIONS = ('.pkl', '.pickle')


class Found(NamedTuple):
    """A clip and what it was found in: the video, folder of pictures or frames; None for a clip that came as one."""
    clip: Clip
    video: Any = None


class ClipSource:
    """Makes clips of whatever is given; the pose models are loaded when the first video needs them.

    Args:
        pose: How skeletons are found in videos; default: the preset ``'balanced'``.
        fps: Of videos, instead of what they say.
        keep_going: Of a damaged video take the frames before the damage.
        object_tracks: Places of objects by the clips' ids, instead of those that were found.
    """

    def __init__(self, pose: SkeletonExtractor | PoseModels | None = None, fps: float | None = None,
                 keep_going: bool = False, object_tracks: ObjectTracks | None = None):
        self._pose, self.fps, self.keep_going, self.object_tracks = pose, fps, keep_going, object_tracks

    def __call__(self, given: Any) -> Iterator[Found]:
        """The clips of one thing.

        Args:
            given: A :class:`Clip`; an annotation dictionary; the path of an annotation file (``.pkl``: every clip in
                it), of a video, of a folder of videos or of pictures, or of a ``.txt`` list of videos; a stream's
                address, a camera's number; frames, (T, H, W, 3) uint8 BGR or a sequence of (H, W, 3); a sequence of
                any of these.

        Raises:
            ClipError: Something else; or a clip that is wrong.
            AnnotationError, VideoError, PoseModelError: What cannot be read or loaded.
        """
        if isinstance(given, Clip):
            yield self._found(given.check())
        elif isinstance(given, Mapping):
            yield self._found(Clip.from_annotation(given).check())
        elif isinstance(given, (str, Path)):
            yield from self._of_path(given)
        elif _are_frames(given) or isinstance(given, int):
            yield self.extract(given, 'clip')
        elif isinstance(given, Sequence):
            for one in given:
                yield from self(one)
        else:
            what = f'an array {given.shape} of {given.dtype}' if isinstance(given, np.ndarray) else f'a {type(given)}'
            raise ClipError(f'{what} was given; expected a path, a Clip, an annotation dictionary, or frames '
                            '(T, H, W, 3) uint8')

    def _of_path(self, given: str | Path) -> Iterator[Found]:
        path = Path(given)
        if path.suffix.lower() in _ANNOTATIONS:
            file = load_annotation_file(path)
            for clip in file.clips():
                yield self._found(clip.check(), clip.rgb if clip.rgb and Path(clip.rgb).exists() else None)
        elif holds_videos(path):
            for item in list_videos(path):
                yield self.extract(item.path, item.id)
        else:
            yield self.extract(str(given), path.stem if path.exists() else None)

    def extract(self, video: Any, name: str | None = None) -> Found:
        """The clip of one video, see :func:`~mmskel.video.reading.open_video`; ``name`` becomes its id."""
        if not isinstance(self._pose, SkeletonExtractor):
            self._pose = (self._pose or PoseModels().with_preset('balanced')).build()
        return self._found(self._pose(video, name, fps=self.fps, keep_going=self.keep_going), video)

    def _found(self, clip: Clip, video: Any = None) -> Found:
        return Found(clip if self.object_tracks is None else self.object_tracks.add_to(clip), video)


def _are_frames(given: Any) -> bool:
    if isinstance(given, np.ndarray):
        return given.dtype == np.uint8 and given.ndim == 4
    return (isinstance(given, Sequence) and not isinstance(given, (str, bytes)) and len(given) > 0
            and all(isinstance(one, np.ndarray) and one.dtype == np.uint8 and one.ndim in (2, 3) for one in given))


def holds_videos(source: str | Path) -> bool:
    """Whether it is a folder or a list of videos, each a clip; a folder of pictures only is one clip."""
    path = Path(source)
    if not path.is_dir():
        return path.suffix.lower() == '.txt'
    pictures = any(file.suffix.lower() in PICTURE_SUFFIXES for file in path.iterdir())
    return not pictures or any(file.suffix.lower() in VIDEO_SUFFIXES for file in path.rglob('*'))
