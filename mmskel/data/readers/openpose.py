"""OpenPose's output: a folder per video, a JSON file per frame (``--write_json``).

Format: https://github.com/CMU-Perceptual-Computing-Lab/openpose, doc/02_output.md.
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

_FRAME = re.compile(r'(?:(.+?)_)?(\d{1,18})_keypoints\.json')
_BODIES = {25: 'openpose25', 18: 'openpose18'}


@dataclass
class OpenPose(PeopleFiles):
    """Reads BODY_25 or COCO's 18 joints by their number; joints that were not found have score 0. Files of several
    videos may share a folder: they are distinguished by what stands before the number of the frame."""
    what: ClassVar[str] = ("folder or zip archive of OpenPose's files '<video>_<frame>_keypoints.json', a folder per "
                           'video')

    def _find(self) -> Mapping[str, Any]:
        self._tree = FileTree(self.source)
        videos: dict[str, dict[str, dict[int, str]]] = {}
        for path, place in self._tree.below('_keypoints.json').items():
            folder, _, name = path.rpartition('/')
            if match := _FRAME.fullmatch(name):
                frames = videos.setdefault(folder, {}).setdefault(match[1] or '', {})
                if int(match[2]) in frames:
                    raise ReadError(f"'{place}' and '{frames[int(match[2])]}' are the same frame; keep one")
                frames[int(match[2])] = place
        return {folder if folder and len(names) == 1 else '/'.join(filter(None, (folder, name))) or self.source.stem:
                frames for folder, names in videos.items() for name, frames in names.items()}

    def _footage(self, item: str) -> Footage:
        found = {t: self._people(place) for t, place in self._files[item].items()}
        return Footage(frame_list(found, min(found), f"'{item}'"))

    def _people(self, place: str) -> np.ndarray:
        data = json_file(self._tree, place)
        people = data.get('people') if isinstance(data, dict) else None
        if not isinstance(people, list) or not all(isinstance(one, dict) for one in people):
            raise ReadError(f"'{place}': expected an object with 'people', a list")
        rows = [one.get('pose_keypoints_2d', one.get('pose_keypoints')) for one in people]
        try:
            rows = [np.array(row, np.float32).reshape(-1, 3) for row in rows if row != []]
        except (ValueError, TypeError, OverflowError):
            raise ReadError(f"'{place}': expected 'pose_keypoints_2d' as a list of x, y and score of every "
                            'joint') from None
        if wrong := [len(row) for row in rows if len(row) not in _BODIES]:
            raise ReadError(f"'{place}': a person of {wrong[0]} joints; expected 25 (BODY_25) or 18 (COCO)")
        return people_array(rows, f"'{place}'")

    def close(self) -> None:
        self._tree.close()
