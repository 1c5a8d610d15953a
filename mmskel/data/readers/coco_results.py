"""Keypoint results in COCO's format, a file per video, as MMPose's evaluation and AlphaPose write them.

Format: https://cocodataset.org/#format-results; AlphaPose: https://github.com/MVIG-SJTU/AlphaPose, docs/output.md.
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
from mmskel.files.text import brief


@dataclass
class COCOResults(PeopleFiles):
    """Reads lists of people, each with the ``image_id`` of its frame: a number, or a name with the number in it, such
    as AlphaPose's ``12.jpg``. The first frame is 0 or, if that is far away, the lowest number. Visibilities (0, 1, 2)
    in place of scores become 0 and 1."""
    what: ClassVar[str] = "folder or zip archive of keypoint results in COCO's format, .json, or one such file"

    def _find(self) -> Mapping[str, Any]:
        single = self.source.is_file() and self.source.suffix.lower() == '.json'
        self._tree = FileTree(self.source.parent if single else self.source)
        places = {self.source.name: self.source.name} if single else self._tree.below('.json')
        return {path.removesuffix('.json'): place for path, place in places.items()}

    def _footage(self, item: str) -> Footage:
        place = self._files[item]
        data = json_file(self._tree, place)
        keys = {'image_id', 'keypoints'}
        if not isinstance(data, list) or not all(isinstance(one, dict) and keys <= set(one) for one in data):
            raise ReadError(f"'{place}': expected a list of people, each with 'image_id' and 'keypoints'")
        frames: dict[int, list[Any]] = {}
        for one in data:
            points = one['keypoints']
            if not isinstance(points, list) or not points or len(points) % 3:
                raise ReadError(f"'{place}': 'keypoints' is {brief(points)}; expected x, y and score of every joint")
            frames.setdefault(_number(one['image_id'], place), []).append(
                [points[i:i + 3] for i in range(0, len(points), 3)])
        found = {t: people_array(rows, f"'{place}', frame {t}") for t, rows in frames.items()}
        values = np.concatenate([people[..., 2].ravel() for people in found.values()]) if found else np.zeros(0)
        if set(np.unique(values)) <= {0, 1, 2}:
            for people in found.values():
                people[..., 2] = people[..., 2] > 0
        first = min(found, default=0)
        return Footage(frame_list(found, 0 if first < len(found) else first, f"'{place}'"))

    def close(self) -> None:
        self._tree.close()


def _number(image: Any, place: str) -> int:
    digits = re.findall(r'\d{1,18}', image) if isinstance(image, str) else ()
    number = int(digits[-1]) if digits else image
    if type(number) is not int or number < 0:
        raise ReadError(f"'{place}': 'image_id' is {brief(image)}; expected the number of a frame, or a name with it")
    return number
