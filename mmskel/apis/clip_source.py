"""Turns anything that shows people into clips: videos, images, arrays, annotation files, clips themselves."""
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
from mmskel.video.kinds import Kind, are_frames, kind_of, passes_once
from mmskel.video.listing import list_videos
from mmskel.video.sources import VideoError


class Found(NamedTuple):
    """A clip and its origin: the video, folder of images or frames; None for something that already was a clip."""
    clip: Clip
    video: Any = None


class ClipSource:
    """Makes clips of any input; the pose models are loaded when the first video needs them.

    Args:
        pose: Models that find skeletons in videos; default: the preset ``'balanced'``.
        fps: Frames per second of videos, instead of their own rates.
        keep_going: Whether the frames before the damage of a damaged video are used.
        object_tracks: Places of objects by the clips' ids, instead of those that were found: a table, or its path.

    Raises:
        VideoError: A table that cannot be read.
    """

    def __init__(self, pose: SkeletonExtractor | PoseModels | None = None, fps: float | None = None,
                 keep_going: bool = False, object_tracks: ObjectTracks | str | Path | None = None):
        self._pose, self.fps, self.keep_going = pose, fps, keep_going
        self.object_tracks = ObjectTracks(object_tracks) if isinstance(object_tracks, (str, Path)) else object_tracks

    def __call__(self, given: Any, failed: dict[str, str] | None = None) -> Iterator[Found]:
        """The clips of one input.

        Args:
            given: Input: a :class:`Clip`; an annotation dictionary; any source of :func:`~mmskel.video.kinds.kind_of`
                but a sequence of paths; a sequence of any of these.
            failed: Dictionary that receives, by id, the reasons why some of several videos could not be read; the
                others are still processed. None: such a video is an error.

        Raises:
            ClipError: An input of another kind, or an invalid clip.
            AnnotationError, VideoError, PoseModelError: An input or model that cannot be read or loaded.
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
        """Checks, without loading any model, that a source has clips and that the table of objects fits them.

        Returns:
            The number of clips of a folder or list, 1 for one video, None if only reading would tell.

        Raises:
            VideoError: There is nothing there, it is neither videos nor clips, or the table names other clips.
            AnnotationError: An annotation file that cannot be read, if a table of objects needs its ids.
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

    @property
    def coords(self) -> int:
        """Number of coordinates per joint of the skeletons in videos."""
        pose = self._models()
        return pose.coords if isinstance(pose, PoseModels) else 2 if pose.lifter is None else 3

    @property
    def layout(self) -> str:
        """Name of the layout of the skeletons in videos, without loading models; '' with a lifter."""
        pose = self._models()
        return pose.layout if isinstance(pose, PoseModels) else pose.estimator.layout.name if pose.lifter is None \
            else ''

    def _models(self) -> SkeletonExtractor | PoseModels:
        return self._pose or PoseModels().with_preset('balanced')

    def limit_persons(self, persons: int) -> None:
        """Limits the persons found in a video to the longest and surest tracks, unless the pose models' options do."""
        pose = self._models()
        if isinstance(pose, PoseModels) and pose.options.max_persons is None:
            self._pose = replace(pose, options=replace(pose.options, max_persons=persons))

    def limit_group(self, persons: int) -> None:
        """Limits the persons found in a video of a group, unless the pose models' options do."""
        pose = self._pose
        if isinstance(pose, PoseModels) and pose.options.group and pose.options.max_persons is None:
            self._pose = replace(pose, options=replace(pose.options, max_persons=persons))

    def extract(self, video: Any, name: str | None = None) -> Found:
        """The clip of one video, see :func:`~mmskel.video.reading.open_video`; ``name`` becomes its id."""
        if not isinstance(self._pose, SkeletonExtractor):
            self._pose = self._models().build()
        return self._found(self._pose(video, name, fps=self.fps, keep_going=self.keep_going), video)

    def _found(self, clip: Clip, video: Any = None) -> Found:
        return Found(clip if self.object_tracks is None else self.object_tracks.add_to(clip), video)


def _name_of(source: str | Path | int, kind: Kind) -> str | None:
    return Path(source).stem if kind in (Kind.FILE, Kind.IMAGES) else None


def check_video(clip: Clip, video: Any) -> None:
    """Refuses a clip whose images cannot be read again, for a recogniser that looks at them.

    Raises:
        VideoError: No video, or one that passes once; names the clip or the source.
    """
    if video is None and not clip.rgb:
        raise VideoError(f"clip '{clip.id}' came without its video, and the recogniser looks at images, too; give "
                         'the video itself, or an annotation file of `mmskel extract`, which names the videos')
    if passes_once(video):
        raise VideoError(f"'{video}': a camera or stream passes once, and the recogniser looks at images, too: it "
                         'needs a second pass after the skeletons; record it to a file')
