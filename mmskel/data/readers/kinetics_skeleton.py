"""Kinetics-Skeleton: OpenPose's 18 joints on Kinetics-400, one JSON file per clip (published with ST-GCN).

Source: S. Yan, Y. Xiong, D. Lin, "Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action
Recognition", AAAI 2018, arXiv 1801.07455.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mmskel.data.foreign import foreign_json
from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.reader import Reader, ReadError, option, some
from mmskel.files.errors import UserError
from mmskel.files.json_text import JsonError, read_json
from mmskel.files.text import brief
from mmskel.skeleton import Clip

MAX_FRAMES, NUM_JOINTS = 300, 18
MAX_CLASSES = 100_000
_LABELS = r'k(?:inetics|eintics)_(train|val)_label\.json'  # the validation list was published misspelt


@dataclass
class KineticsSkeleton(Reader):
    """Reads the OpenPose clips: up to five persons, x and y as fractions of the image (unit ``normalised``), scores.

    The published arrays subtract 0.5 from x and y, sort the persons of every frame by summed score and keep two. None
    of that is done here, since readers change no coordinates: it belongs to the pipeline of a config, which then has
    to zero the joints of score 0 again. What is done, as published: the first ``max_persons`` persons of a frame in
    file order; zero coordinates where the score is 0; ``frame_index`` is the place in time, and frames outside
    0 .. 299 are skipped (and counted). T is the last frame's index + 1: pad to 300 in the pipeline.

    Splits: ``train`` and ``val``, by the label file that lists the clip. Clips without skeleton are left out.
    """
    max_persons: int = option('number', 5, 'how many persons of a frame are kept, in file order')
    what: ClassVar[str] = ("folder or zip archive with 'kinetics_train_label.json' and/or 'kinetics_val_label.json' "
                           "(or 'keintics_val_label.json'), and a JSON file for every clip")

    def __post_init__(self):
        super().__post_init__()
        if int(self.max_persons) != self.max_persons:
            raise ReadError(f"option 'max_persons' is {self.max_persons}; expected a whole number")
        self._tree = FileTree(self.source)
        self._labels: dict[str, dict[str, Any]] = {}
        self._split: dict[str, str] = {}
        for name, place in self._tree.named(_LABELS).items():
            self._read_labels(name, place)
        if not self._labels:
            raise ReadError(f"'{self.source}' has no label file; expected a {self.what}")
        self._files = {name.removesuffix('.json'): place
                       for name, place in self._tree.named(rf'(?!{_LABELS}).+\.json').items()}
        self._skipped_frames: dict[str, int] = {}
        frames = [name for name in self._files if name.endswith('_keypoints')]
        if frames and (other := foreign_json(self._tree.read_text(self._files[frames[0]])[:4096])):
            raise ReadError(f"'{self.source}' is no Kinetics-Skeleton: {other}")

    def _read_labels(self, name: str, place: str) -> None:
        try:
            entries = read_json(self._tree.read(place))
        except JsonError as error:
            raise ReadError(f"label file '{name}' is not a whole JSON file: {error}") from None
        keys = {'has_skeleton', 'label', 'label_index'}
        for clip, entry in entries.items() if isinstance(entries, dict) else [('', None)]:
            if not isinstance(entry, dict) or not keys <= set(entry):
                raise ReadError(f"label file '{name}', clip '{clip}': expected {', '.join(sorted(keys))}; found "
                                f'{some(list(entry), 5) if isinstance(entry, dict) else type(entry).__name__}')
            index = entry['label_index']
            if not isinstance(entry['label'], str) or type(index) is not int or not 0 <= index < MAX_CLASSES:
                raise ReadError(f"label file '{name}', clip '{clip}': label {brief(entry['label'])}, label_index "
                                f'{brief(index)}; expected a name and a class index 0, 1, ...')
            if clip in self._labels:
                raise ReadError(f"label file '{name}' lists '{clip}', which the other split has, too")
            self._labels[clip] = entry
            self._split[clip] = re.fullmatch(_LABELS, name)[1]

    def items(self) -> list[str]:
        listed = [clip for clip, entry in self._labels.items() if entry['has_skeleton']]
        return listed + sorted(set(self._files) - set(self._labels))

    def read(self, item: str) -> Clip:
        if item not in self._labels:
            raise ReadError(f"'{item}.json' is in no label file")
        if item not in self._files:
            raise ReadError(f"the label file lists '{item}', but there is no file '{item}.json'")
        try:
            data = read_json(self._tree.read(self._files[item]))
        except JsonError as error:
            raise ReadError(f"'{item}.json' is not a whole JSON file: {error}") from None
        if not isinstance(data, dict) or not isinstance(data.get('data'), list):
            raise ReadError(f"'{item}.json': expected an object with 'data' (a list of frames)")
        label = self._labels[item]['label_index']
        if data.get('label_index', label) != label:
            raise ReadError(f"'{item}.json' has label_index {brief(data['label_index'])}, the label file {label}")
        poses = np.zeros((int(self.max_persons), MAX_FRAMES, NUM_JOINTS, 3), np.float32)
        persons, last, skipped = 0, -1, 0
        for frame in data['data']:
            index, people = _frame(frame, item)
            if not 0 <= index < MAX_FRAMES:
                skipped += 1
                continue
            last = max(last, index)
            for person, (pose, score) in enumerate(people[:len(poses)]):
                poses[person, index, :, :2], poses[person, index, :, 2] = pose, score
                persons = max(persons, person + 1)
        if skipped:
            self._skipped_frames[item] = skipped
        if not persons:
            raise ReadError(f"'{item}.json' has no person in frames 0 to {MAX_FRAMES - 1}, but the label file says "
                            'has_skeleton')
        keypoint, score = poses[:persons, :last + 1, :, :2].copy(), poses[:persons, :last + 1, :, 2].copy()
        keypoint[score == 0] = 0
        return Clip(item, keypoint, score, layout='openpose18', unit='normalised', fps=30., label=label)

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return {name: [i for i in ids if self._split[i] == name] for name in ('train', 'val')}

    def meta(self) -> dict[str, Any]:
        named = {entry['label_index']: entry['label'] for entry in self._labels.values()}
        names = [named.get(i, f'class {i}') for i in range(max(named) + 1)]
        return dict(layout='openpose18', class_names=names, fps=30.,
                    source='Kinetics-Skeleton (Yan et al., AAAI 2018), OpenPose on 340 x 256 video')

    def notes(self) -> list[str]:
        notes, without = [], sum(not entry['has_skeleton'] for entry in self._labels.values())
        if without:
            notes.append(f'{without} clips have no skeleton by the label file and were left out')
        if self._skipped_frames:
            notes.append(f'{sum(self._skipped_frames.values())} frames in {len(self._skipped_frames)} clips have an '
                         f'index outside 0 to {MAX_FRAMES - 1} and were skipped: {some(list(self._skipped_frames))}')
        return notes

    def close(self) -> None:
        self._tree.close()


def _frame(frame: Any, item: str) -> tuple[int, list[tuple[np.ndarray, np.ndarray]]]:
    """Frame index and, per person, (18, 2) fractions of the image and (18,) scores."""
    try:
        index = int(frame['frame_index'])
        people = [(np.array(p['pose'], np.float32).reshape(NUM_JOINTS, 2), np.array(p['score'], np.float32))
                  for p in frame['skeleton']]
        if any(score.shape != (NUM_JOINTS, ) for _, score in people):
            raise UserError(f'{NUM_JOINTS} scores expected')
    except (KeyError, TypeError, ValueError) as error:
        raise ReadError(f"'{item}.json' has a frame that is not a 'frame_index' with a list 'skeleton' of {{'pose': "
                        f"{2 * NUM_JOINTS} numbers, 'score': {NUM_JOINTS} numbers}}: {type(error).__name__}: "
                        f'{error}') from None
    return index, people
