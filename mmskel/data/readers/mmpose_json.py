"""MMPose's predictions in their three forms.

Format: https://github.com/open-mmlab/mmpose, ``demo/*.py --save-predictions`` and
``MMPoseInferencer``'s ``pred_out_dir``.
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


@dataclass
class MMPose(PeopleFiles):
    """Reads a file per video of the inferencer (a list of frames) or of a demo script (``results_<video>.json`` with
    ``meta_info``, whose joint names are used; frames that it leaves out have nobody), and folders with a file per image
    of the inferencer, which become one clip per folder in the order of the numbers in their names."""
    what: ClassVar[str] = "folder or zip archive of MMPose's predictions, .json, or one such file"

    def _find(self) -> Mapping[str, Any]:
        if self.source.is_file() and self.source.suffix.lower() == '.json':
            self._tree = FileTree(self.source.parent)
            places = {self.source.name: self.source.name}
        else:
            self._tree = FileTree(self.source)
            places = self._tree.below('.json')
        clips: dict[str, list[str]] = {}
        for path, place in places.items():
            folder, _, name = path.removesuffix('.json').rpartition('/')
            if _is_image(self._tree.read_text(place)[:4096]):
                clips.setdefault(folder or self.source.stem, []).append(place)
            else:
                clips['/'.join(filter(None, (folder, name.removeprefix('results_'))))] = [place]
        return {name: sorted(clip, key=_in_order) for name, clip in clips.items()}

    def _footage(self, item: str) -> Footage:
        places = self._files[item]
        data = json_file(self._tree, places[0])
        if len(places) > 1 or _is_image(self._tree.read_text(places[0])[:4096]):
            contents = [data, *(json_file(self._tree, place) for place in places[1:])]
            return Footage([_instances(one, place) for one, place in zip(contents, places)])
        info: Mapping = {}
        if isinstance(data, dict):
            info, data = data.get('meta_info') or {}, data.get('instance_info')
        if not isinstance(data, list) or not isinstance(info, dict):
            raise ReadError(f"'{places[0]}': expected MMPose's predictions: a list of frames, or 'meta_info' and "
                            "'instance_info'")
        found: dict[int, Any] = {}
        for frame in data:
            number = frame.get('frame_id') if isinstance(frame, dict) else None
            if type(number) is not int or number in found:
                raise ReadError(f"'{places[0]}': expected a 'frame_id' of its own in every frame")
            found[number] = _instances(frame.get('instances'), f'{places[0]}, frame {number}')
        names = info.get('keypoint_id2name')
        joints = tuple(str(name) for _, name in sorted(names.items(), key=lambda pair: int(pair[0]))) \
            if isinstance(names, dict) and all(str(key).isdecimal() for key in names) else ()
        # the demo script counts from 1, the inferencer from 0
        return Footage(frame_list(found, int(0 not in found), f"'{places[0]}'"), joints=joints,
                       name=str(info.get('dataset_name', '')))

    def close(self) -> None:
        self._tree.close()


def _is_image(head: str) -> bool:
    """Whether a JSON text is a list of the instances of one image, not a list of frames."""
    return re.match(r'\s*\[\s*(\]|\{\s*"(?!frame_id|instances))', head) is not None


def _in_order(place: str) -> list[tuple[int, str]]:
    """A key that sorts ``frame_10`` behind ``frame_9``."""
    return [(int(part), '') if part.isdecimal() else (-1, part) for part in re.split(r'(\d+)', place)]


def _instances(data: Any, where: str) -> np.ndarray:
    """(n, V, 3) of a list of instances."""
    if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        raise ReadError(f"'{where}': expected a list of instances")
    try:
        rows = [np.column_stack([np.array(one['keypoints'], np.float32).reshape(-1, 2),
                                 np.array(one['keypoint_scores'], np.float32)]) for one in data]
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        raise ReadError(f"'{where}': an instance is not x and y of every joint ('keypoints') with a score each "
                        f"('keypoint_scores'): {type(error).__name__}: {str(error)[:100]}") from None
    return people_array(rows, f"'{where}'")
