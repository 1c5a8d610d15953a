"""Pose results of Ultralytics' YOLO: a text file per frame (``save_txt=True``) or JSON (``result.to_json()``).

Format: https://github.com/ultralytics/ultralytics, ``Results.save_txt`` and ``Results.to_json``.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.people import Footage, PeopleFiles, frame_list, json_file, people_array
from mmskel.data.readers.reader import ReadError
from mmskel.skeleton import get_layout

_FRAME = re.compile(r'(?:(.+?)_)?(\d{1,18})\.(?:txt|json)')
_BOX = 5  # class, x, y, width, height


@dataclass
class Ultralytics(PeopleFiles):
    """Reads ``<video>_<frame>.txt`` (or ``.json``), frames counted from 1, several videos to a folder or one. Frames
    without a file have nobody. In text files coordinates are fractions of the image; confidence and track number at a
    line's end are read. Tracks are used if every person of a clip has one."""
    what: ClassVar[str] = "folder or zip archive of YOLO's pose results '<video>_<frame>.txt' or '.json'"

    def _find(self) -> Mapping[str, Any]:
        self._tree = FileTree(self.source)
        videos: dict[str, dict[int, str]] = {}
        for suffix in ('.txt', '.json'):
            for path, place in self._tree.below(suffix).items():
                folder, _, name = path.rpartition('/')
                if match := _FRAME.fullmatch(name):
                    # YOLO puts its text files in a folder of this name
                    folder = '/'.join(part for part in folder.split('/') if part != 'labels')
                    clip = '/'.join(filter(None, (folder, match[1]))) or self.source.stem
                    if int(match[2]) in videos.setdefault(clip, {}):
                        raise ReadError(f"'{place}' and '{videos[clip][int(match[2])]}' are the same frame; keep one")
                    videos[clip][int(match[2])] = place
        return videos

    def _footage(self, item: str) -> Footage:
        found, numbers = {}, {}
        for t, place in self._files[item].items():
            found[t], numbers[t] = (self._json if place.endswith('.json') else self._text)(place)
        first = min(1, min(found))
        tracked = all((one >= 0).all() and len(set(one.tolist())) == len(one) for one in numbers.values())
        frames = frame_list(found, first, f"'{item}'")
        nobody = np.zeros(0, np.int64)
        return Footage(frames, [numbers.get(t, nobody) for t in range(first, first + len(frames))] if tracked else None)

    def _text(self, place: str) -> tuple[np.ndarray, np.ndarray]:
        joints = 17 if self.layout is None else get_layout(self.layout).num_joints
        rows, numbers = [], []
        for line, text in enumerate(self._tree.read_text(place).splitlines(), 1):
            try:
                values = [float(word) for word in text.split()]
            except ValueError:
                raise ReadError(f"'{place}', line {line}: expected numbers alone") from None
            if not values:
                continue
            left = len(values) - _BOX
            channels = next((c for c in (3, 2) if 0 <= left - c * joints <= 2), None)
            if channels is None:
                raise ReadError(f"'{place}', line {line}: {len(values)} numbers; expected class, box (4), x, y and, "
                                f'optionally, score of {joints} joints, then, optionally, confidence and track')
            points = np.array(values[_BOX:_BOX + channels * joints], np.float32).reshape(joints, channels)
            rest = values[_BOX + channels * joints:]
            rows.append(np.column_stack([points, points.any(1)]) if channels == 2 else points)
            numbers.append(int(rest[-1]) if rest and (len(rest) == 2 or rest[-1] > 1) else -1)
        return people_array(rows, f"'{place}'"), np.array(numbers, np.int64)

    def _json(self, place: str) -> tuple[np.ndarray, np.ndarray]:
        data = json_file(self._tree, place)
        try:
            points = [[one['keypoints']['x'], one['keypoints']['y'],
                       one['keypoints'].get('visible') or [1.] * len(one['keypoints']['x'])] for one in data]
            rows = [np.array(one, np.float32).T for one in points]
            numbers = [int(one.get('track_id', -1)) for one in data]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ReadError(f"'{place}': expected a list of people with 'keypoints': x, y and visible of every joint: "
                            f'{type(error).__name__}: {str(error)[:100]}') from None
        return people_array(rows, f"'{place}'"), np.array(numbers, np.int64)

    def close(self) -> None:
        self._tree.close()
