"""Anything that shows people becomes clips: videos, images, arrays, annotation files, clips themselves."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmskel.data.store import open_store
from mmskel.pose.extraction import SkeletonExtractor
from mmskel.pose.models import PoseModels
from mmskel.pose.object_tracks import ObjectTracks
from mmskel.skeleton import Clip, ClipError
from mmskel.video.kinds import Kind, are_frames, kind_of
from mmskel.video.listing import list_videos
from mmskel.video.sources import VideoError


class Found(NamedTuple):
    """A clip and what it was found in: the video, folder of images or frames; None for a clip that came as one."""
    clip: Clip
    video: Any = None


class ClipSource:
    """Makes clips of whatever is given; the pose models are loaded when the first video needs them.

    Args:
        pose: Models that find skeletons in videos; default: the preset ``'balanced'``.
        fps: Frames per second of videos, instead of what they say.
        keep_going: Whether of a damaged video the frames before the damage are taken.
        object_tracks: Places of objects by the clips' ids, instead of those that were found: a table, or its path.

    Raises:
        VideoError: A table that cannot be read.
    """

    def __init__(self, pose: SkeletonExtractor | PoseModels | None = None, fps: float | None = None,
                 keep_going: bool = False, object_tracks: ObjectTracks | str | Path | None = None):
        self._pose, self.fps, self.keep_going = pose, fps, keep_going
        self.object_tracks = ObjectTracks(object_tracks) if isinstance(object_tracks, (str, Path)) else object_tracks

    def __call__(self, given: Any, failed: dict[str, str] | None = None) -> Iterator[Found]:
        """The clips of one thing.

        Args:
            given: A :class:`Clip`; an annotation dictionary; any source of :func:`~mmskel.video.kinds.kind_of` but a
                sequence of paths; a sequence of any of these.
            failed: Takes up, by id, why a video of several could not be read, and the others go on. None: an error.

        Raises:
            ClipError: Something else; or a clip that is wrong.
            AnnotationError, VideoError, PoseModelError: What cannot be read or loaded.
        """
        if isinstance(given, Clip):
            yield self._found(given.check())
        elif isinstance(given, Mapping):
            yield self._found(Clip.from_annotation(given).check())
        elif isinstance(given, (str, Path, int, np.integer)):
            yield from self._of_source(given, failed)
        elif are_frames(given):
            yield self.extract(given, 'clip')
        elif isinstance(given, Sequence):
            for one in given:
                yield from self(one, failed)
        else:
            what = f'an array {given.shape} of {given.dtype}' if isinstance(given, np.ndarray) else f'a {type(given)}'
            raise ClipError(f'{what} was given; expected a path, a Clip, an annotation dictionary, or frames '
                            '(T, H, W, 3) uint8')

    def _of_source(self, given: str | Path | int, failed: dict[str, str] | None) -> Iterator[Found]:
        kind = kind_of(given)
        if kind is Kind.ANNOTATIONS:
            store = open_store(given)
            for clip in map(store.clip, range(len(store))):
                yield self._found(clip.check(), clip.rgb if clip.rgb and Path(clip.rgb).exists() else None)
        elif kind.several:
            items = list_videos(given)
            for item in items:
                try:
                    yield self.extract(item.path, item.id)
                except VideoError as error:
                    if failed is None or len(items) == 1:
                        raise
                    failed[item.id] = str(error)
        else:
            yield self.extract(given, _name_of(given, kind))

    def check(self, given: str | Path | int) -> int | None:
        """Looks, without loading any model, whether there are clips in a source and the table of objects fits them.

        Returns:
            The number of clips of a folder or list, 1 for one video, None where only reading would tell.

        Raises:
            VideoError: Nothing is there, it is neither videos nor clips, or the table names other clips.
            AnnotationError: An annotation file that cannot be read, where a table of objects needs its ids.
        """
        kind = kind_of(given)
        if kind is Kind.ANNOTATIONS:
            if self.object_tracks is not None:
                self.object_tracks.check(open_store(given).ids)
            return None
        ids = [item.id for item in list_videos(given)] if kind.several else [Path(str(given)).stem]
        if self.object_tracks is not None:
            self.object_tracks.check(ids)
        return len(ids)

    def limit_group(self, persons: int) -> None:
        """Of a group, at most that many persons are found in a video, unless the pose models' options say how many."""
        pose = self._pose
        if isinstance(pose, PoseModels) and pose.options.group and pose.options.max_persons is None:
            self._pose = replace(pose, options=replace(pose.options, max_persons=persons))

    def extract(self, video: Any, name: str | None = None) -> Found:
        """The clip of one video, see :func:`~mmskel.video.reading.open_video`; ``name`` becomes its id."""
        if not isinstance(self._pose, SkeletonExtractor):
            self._pose = (self._pose or PoseModels().with_preset('balanced')).build()
        return self._found(self._pose(video, name, fps=self.fps, keep_going=self.keep_going), video)

    def _found(self, clip: Clip, video: Any = None) -> Found:
        return Found(clip if self.object_tracks is None else self.object_tracks.add_to(clip), video)


def _name_of(source: str | Path | int, kind: Kind) -> str | None:
    return Path(source).stem if kind in (Kind.FILE, Kind.IMAGES) else None
