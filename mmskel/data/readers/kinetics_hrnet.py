"""Kinetics-400 with HRNet's 17 joints, as PYSKL published it: an index of clips and one pickle of poses per clip.

H. Duan et al., "Revisiting Skeleton-based Action Recognition", CVPR 2022; ``docs/published/data.md``, D11.
"""
from __future__ import annotations

import io
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mmskel.data.annotation_file import clip_id, split_and_meta
from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.reader import Reader, ReadError, option
from mmskel.files.restricted_pickle import read_pickle
from mmskel.skeleton import Clip, ClipError

MAX_FRAMES, NUM_JOINTS = 300, 17


@dataclass
class KineticsHRNet(Reader):
    """Reads the surest persons of every frame, best box first, not tracked: who is in a slot changes over time.

    Frames after the 300th are dropped. T is the clip's own length: pad to 300 in the pipeline.
    Splits: ``train``, ``val``.
    """
    max_persons: int = option('number', 4, 'how many persons of a frame are kept, by the score of their box')
    part: str = option('text', 'all', 'read one split only; all 260,000 clips need some 60 GB of memory',
                       ('all', 'train', 'val'))
    what: ClassVar[str] = "folder or zip archive with 'k400_hrnet.pkl' and, in 'kpfiles', a pickle for every clip"

    def __post_init__(self):
        super().__post_init__()
        self.max_persons = int(self.max_persons)
        self._tree = FileTree(self.source)
        index = self._tree.named(r'k400_hrnet\.pkl')
        if not index:
            raise ReadError(f"'{self.source}' has no 'k400_hrnet.pkl'; expected a {self.what}")
        self._files = {name: place for (name, ), place in self._tree.placed(r'kpfiles/([^/]+)').items()}
        data = self._pickle(*index.values(), "a dictionary with 'split' and 'annotations'")
        if not isinstance(data, Mapping) or not {'split', 'annotations'} <= set(data):
            raise ReadError("'k400_hrnet.pkl' is not a dictionary with 'split' and 'annotations'")
        split, _, wrong = split_and_meta(data)
        self._split = {name: part for part, names in split.items() for name in names}
        self._entries: dict[str, Mapping[str, Any]] = {}
        for place, entry in enumerate(data['annotations'] if isinstance(data['annotations'], list) else [None]):
            try:
                name = clip_id(entry)
            except ClipError as error:
                wrong.append(f'annotation {place}: {error}')
                continue
            if name in self._entries:
                wrong.append(f"two clips called '{name}'")
            if self.part in ('all', self._split.get(name)):
                self._entries[name] = entry
        if wrong:
            raise ReadError(f"'k400_hrnet.pkl': {wrong[0]}")

    def _pickle(self, place: str, expected: str) -> Any:
        data = self._tree.read(place)
        try:
            return read_pickle(io.BytesIO(data), place, len(data), expected)
        except (ValueError, pickle.UnpicklingError) as error:
            raise ReadError(str(error)) from None

    def items(self) -> list[str]:
        return list(self._entries)

    def read(self, item: str) -> Clip:
        entry = self._entries[item]
        missing = [key for key in ('label', 'raw_file', 'frame_inds', 'box_score') if key not in entry]
        if missing:
            raise ReadError(f"'k400_hrnet.pkl', clip '{item}': no {', '.join(missing)}; it has {', '.join(entry)}")
        name = str(entry['raw_file']).replace('\\', '/').rpartition('/')[2]
        if name not in self._files:
            raise ReadError(f"clip '{item}': there is no 'kpfiles/{name}'")
        found = self._pickle(self._files[name], f"{{'{item}': {{'keypoint': array}}}}")
        try:
            poses = np.asarray(found[entry['frame_dir']]['keypoint'], np.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise ReadError(f"'kpfiles/{name}' has no {{'{item}': {{'keypoint'}}}}: {error}") from None
        frames, boxes = np.asarray(entry['frame_inds'], np.int64) - 1, np.asarray(entry['box_score'], np.float64)
        if poses.shape != (len(frames), NUM_JOINTS, 3) or boxes.shape != frames.shape or not len(frames):
            raise ReadError(f"clip '{item}': keypoints {poses.shape} for {len(frames)} frame numbers and {len(boxes)} "
                            f'boxes; expected (detections, {NUM_JOINTS}, 3) and a number each')
        length = min(int(entry.get('total_frames', frames.max() + 1)), MAX_FRAMES)
        keypoint = np.zeros((self.max_persons, length, NUM_JOINTS, 3), np.float32)
        filled = np.zeros(length, np.int64)
        for detection in np.argsort(-boxes, kind='stable'):
            frame = frames[detection]
            if 0 <= frame < length and filled[frame] < self.max_persons:
                keypoint[filled[frame], frame] = poses[detection]
                filled[frame] += 1
        keypoint = keypoint[:max(int(filled.max()), 1)]
        size = entry.get('img_shape')
        return Clip(item, keypoint[..., :2].copy(), keypoint[..., 2].clip(0, None), layout='coco17',
                    label=int(entry['label']), image_size=None if size is None else tuple(int(x) for x in size))

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return {part: [i for i in ids if self._split.get(i) == part] for part in ('train', 'val')}

    def meta(self) -> dict[str, Any]:
        return dict(layout='coco17', source='Kinetics-400, HRNet poses of PYSKL (Duan et al., CVPR 2022)')

    def close(self) -> None:
        self._tree.close()
