"""Positions of objects from a table: annotated balls, tracks of another program. Symbols: T frames."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from mmskel.files.tables import TableError, read_table
from mmskel.files.text import brief
from mmskel.skeleton import Clip
from mmskel.video.sources import VideoError

_MOST_FRAMES = 10**8
_NEEDED = ('object', 'frame', 'x', 'y')


class ObjectTracks:
    """A ``.csv`` with a header: ``object``, ``frame`` (from 0), ``x``, ``y`` in pixels and, optionally, ``score``
    (default 1) and ``id``, the clip's. Without ``id`` the table is of one video.

    Args:
        path: Path of the table.

    Attributes:
        names: Names of all objects, in order of appearance.

    Raises:
        VideoError: No such table, a missing column, an invalid row, or a place given twice.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        try:
            rows = read_table(path, 'table of objects', _NEEDED)
        except TableError as error:
            raise VideoError(str(error)) from None
        self.several = 'id' in rows[0][1]
        self._places: dict[str, dict[str, dict[int, tuple[float, float, float]]]] = {}
        for number, row in rows:
            self._take(row, number)
        self.names = tuple(dict.fromkeys(name for clip in self._places.values() for name in clip))

    def _take(self, row: Mapping[str, str], number: int) -> None:
        try:
            name, frame = row['object'], int(row['frame'])
            place = float(row['x']), float(row['y']), float(row.get('score') or 1)
            if not name or not 0 <= frame < _MOST_FRAMES or not np.isfinite(place).all() or not 0 <= place[2] <= 1:
                raise ValueError
        except (TypeError, ValueError, AttributeError):
            raise VideoError(f"'{self.path}', line {number}: {brief(row, 200)} is not a place of an object; expected a "
                             'name, a frame from 0, x and y in pixels, a score from 0 to 1') from None
        clip = row['id'] if self.several else ''
        frames = self._places.setdefault(clip, {}).setdefault(name, {})
        if frame in frames:
            raise VideoError(f"'{self.path}', line {number}: object '{name}' is in frame {frame} twice; an object has "
                             'one place per frame, so give other ones names of their own')
        frames[frame] = place

    def check(self, ids: Iterable[str]) -> None:
        """Refuses a table that does not fit the videos.

        Raises:
            VideoError: Rows of no video; or a table without ids for several videos.
        """
        ids = list(ids)
        if not self.several and len(ids) > 1:
            raise VideoError(f"'{self.path}' has no column id, but there are {len(ids)} videos; say with id which "
                             f"video a row is of, e.g. '{ids[0]}'")
        unknown = [name for name in self._places if self.several and name not in set(ids)]
        if unknown:
            raise VideoError(f"'{self.path}': rows of {len(unknown)} ids that name no video, e.g. '{unknown[0]}'; an "
                             f"id is the path below the folder without the suffix, e.g. '{ids[0]}'")

    def add_to(self, clip: Clip) -> Clip:
        """The clip with the table's objects, which replace its own objects of the same names.

        Raises:
            VideoError: A frame that the clip does not have; a clip that does not lie in the image.
        """
        found = self.of(clip.id, clip.num_frames)
        if found and (clip.unit != 'pixel' or clip.keypoint.shape[-1] != 2):
            raise VideoError(f"'{self.path}': objects have places in the image, but clip '{clip.id}' has "
                             f'{clip.keypoint.shape[-1]} coordinates in {clip.unit}')
        return replace(clip, objects={**clip.objects, **found})

    def of(self, clip: str, num_frames: int) -> dict[str, np.ndarray]:
        """Name -> (T, 3) x, y, score of a clip; zeros in frames that have no row. {} for a clip without rows.

        Raises:
            VideoError: A frame that the clip does not have.
        """
        out = {}
        for name, frames in self._places.get(clip if self.several else '', {}).items():
            if max(frames) >= num_frames:
                raise VideoError(f"'{self.path}': object '{name}' is in frame {max(frames)} of '{clip}', which has "
                                 f'frames 0 to {num_frames - 1}; are frames counted from 0?')
            out[name] = np.zeros((num_frames, 3), np.float32)
            for frame, place in frames.items():
                out[name][frame] = place
        return out
