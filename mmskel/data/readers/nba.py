"""NBA: basketball plays, nine group activities with labels of whole clips only; detected people, ball and net.

R. Yan et al., "Social Adaptive Module for Weakly-supervised Group Activity Recognition", ECCV 2020 (SAM). See
``docs/published/mp_gcn.md``, D12 and D13.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mmskel.data.readers.detected_people import clip_frames, read_objects, read_people
from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.reader import Reader, ReadError, option
from mmskel.skeleton import Clip

ACTIVITIES = ('2p-succ.', '2p-fail.-off.', '2p-fail.-def.', '2p-layup-succ.', '2p-layup-fail.-off.',
              '2p-layup-fail.-def.', '3p-succ.', '3p-fail.-off.', '3p-fail.-def.')
OBJECTS = {'Basketball': 'ball', 'Net': 'net'}
NUM_FRAMES = 72


@dataclass
class NBA(Reader):
    """Reads people in slots (:func:`~mmskel.data.reassign.reassign`), the ball and the net; 72 frames.

    Splits: ``train`` and ``test``, by the lists of video ids.
    """
    num_person: int = option('number', 12, 'person slots')
    best_object: bool = option('flag', False, 'take the surest of several balls (or nets) in a frame, not the last one')
    what: ClassVar[str] = ("folder or zip archive with 'train_video_ids', 'test_video_ids', "
                           "'videos/<video>/annotations.txt', 'joints/<video>/<clip>/<frame>' and "
                           "'objects/<video>/<clip>/<frame>' (JSON, frames 000000 to 000071)")

    def __post_init__(self):
        super().__post_init__()
        self.num_person = int(self.num_person)
        self._tree = FileTree(self.source)
        self._part: dict[str, str] = {}
        for (part, ), place in self._tree.placed(r'(train|test)_video_ids(?:\.txt)?').items():
            for video in filter(None, map(str.strip, self._tree.read_text(place).replace('\n', ',').split(','))):
                self._part[video] = part
        self._labels: dict[str, int] = {}
        for (video, ), place in self._tree.placed(r'videos/([^/]+)/annotations\.txt').items():
            self._read_labels(video, place)
        self._joints = clip_frames(self._tree.placed(r'joints/([^/]+)/([^/]+)/(\d{6})'))
        self._objects = clip_frames(self._tree.placed(r'objects/([^/]+)/([^/]+)/(\d{6})'))
        if not (self._labels and self._part and self._joints):
            raise ReadError(f"'{self.source}' has {len(self._labels)} labelled clips, {len(self._part)} listed videos "
                            f'and {len(self._joints)} clips with people; expected a {self.what}')

    def _read_labels(self, video: str, place: str) -> None:
        for number, line in enumerate(self._tree.read_text(place).splitlines(), 1):
            words = line.split()
            if not words:
                continue
            if len(words) != 2 or words[1] not in ACTIVITIES:
                raise ReadError(f"'{place}' line {number}: expected '<clip> <label>' with one of "
                                f"{', '.join(ACTIVITIES)}; found '{line[:60]}'")
            self._labels[f'{video}/{words[0]}'] = ACTIVITIES.index(words[1])

    def items(self) -> list[str]:
        return list(self._labels)

    def read(self, item: str) -> Clip:
        video, clip = item.split('/')
        if video not in self._part:
            raise ReadError(f"clip '{item}': video '{video}' is on neither list of video ids")
        places = self._joints.get((video, clip), {})
        if not places or max(places) >= NUM_FRAMES:
            raise ReadError(f"clip '{item}': expected frames 000000 to {NUM_FRAMES - 1:06d} in 'joints/{item}'; found "
                            f'{len(places)}, up to {max(places, default=-1)}')
        keypoint, score, tracking = read_people(self._tree, places, NUM_FRAMES, self.num_person)
        objects = read_objects(self._tree, self._objects.get((video, clip), {}), NUM_FRAMES, OBJECTS, self.best_object)
        return Clip(item, keypoint, score, layout='coco17', label=self._labels[item], objects=objects,
                    extra=dict(tracking=tracking))

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return {part: [i for i in ids if self._part[i.split('/')[0]] == part] for part in ('train', 'test')}

    def meta(self) -> dict[str, Any]:
        return dict(layout='coco17', class_names=list(ACTIVITIES),
                    source='NBA (Yan et al., ECCV 2020), people found by YOLOv8-pose')

    def close(self) -> None:
        self._tree.close()
