"""Volleyball: 55 videos, 4,830 clips of eight group activities; skeletons on given boxes, or detected without any.

M. Ibrahim et al., CVPR 2016. Skeletons: H. Zhou et al., "COMPOSER: Compositional Reasoning of Group Activity in Videos
with Keypoint-Only Modality", ECCV 2022 (given boxes); YOLOv8-pose (detected). Ball: M. Perez, J. Liu, A. Kot,
"Skeleton-based relational reasoning for group activity analysis", Pattern Recognition 2022. See
``docs/published/data.md``, D12.
"""
from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mmskel.data.readers.detected_people import NUM_JOINTS, clip_frames, read_people
from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.reader import Reader, ReadError, option, some
from mmskel.data.readers.volleyball_text import (
    GROUP_ACTIVITIES,
    MERGED_ACTIVITIES,
    MERGED_CLASS,
    PLAYER_ACTIONS,
    TEST_VIDEOS,
    AnnotatedClip,
    activity,
    image_size,
    parse_annotations,
)
from mmskel.files.restricted_pickle import read_pickle
from mmskel.files.text import brief
from mmskel.skeleton import Clip

CLIP_FRAMES, POSE_FRAMES = 41, 20  # frames of a clip; of them with given boxes, from ten before the annotated one
_FIRST_POSE = (CLIP_FRAMES - POSE_FRAMES - 1) // 2
_ACTIONS = r'tracks_normalized_with_person_action_label\.pkl'
_CLASSES = ('eight', 'six')
_CLASSES_HELP = 'six: set and pass of a side are one class, as in weakly supervised papers that train six classes'


class VolleyballIndex:
    """The common part of both ways to skeletons: the annotated clips, labels, splits and the ball.

    Args:
        tree: Tree of the files.
        classes: Set of classes, ``'eight'`` or ``'six'``.
        what: Description of the expected source, for messages.

    Raises:
        ReadError: If there is no ``annotations.txt`` below a folder of the video's number, or one is wrong.
    """

    def __init__(self, tree: FileTree, classes: str = 'eight', what: str = 'folder of the data set'):
        self.tree, self.classes = tree, classes
        self.clips: dict[str, AnnotatedClip] = {}
        files = sorted(tree.placed(r'(\d+)/annotations\.txt').items(), key=lambda item: int(item[0][0]))
        for (video, ), place in files:
            for clip in parse_annotations(tree.read_text(place), place):
                self.clips[f'{int(video)}/{clip.clip}'] = clip
        if not self.clips:
            raise ReadError(f"'{tree.source}' has no annotated clip; expected a {what}")
        self._balls = {f'{int(video)}/{clip}': place for (video, clip), place in
                       tree.placed(r'volleyball_ball_annotation/(\d+)/(\d+)\.txt').items()}

    def label(self, item: str) -> int:
        """The class of a clip."""
        label = activity(self.clips[item].label, item)
        return MERGED_CLASS[label] if self.classes == 'six' else label

    def objects(self, item: str, first: int, count: int) -> dict[str, np.ndarray]:
        """``ball`` -> (T, 3) x, y, and 1 where it is annotated; nothing for a clip without the file."""
        if item not in self._balls:
            return {}
        place = self._balls[item]
        try:
            rows = [[float(word) for word in line.split()] for line in self.tree.read_text(place).splitlines() if line]
            track = np.array(rows, np.float32).reshape(CLIP_FRAMES, 2)[first:first + count]
        except ValueError as error:
            raise ReadError(f"'{place}': expected {CLIP_FRAMES} lines 'x y': {error}") from None
        return dict(ball=np.concatenate([track, (track != 0).any(1, keepdims=True)], 1).astype(np.float32))

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """``train`` (official training and validation videos) and ``test``."""
        test = [int(name.split('/')[0]) in TEST_VIDEOS for name in ids]
        return dict(train=[i for i, t in zip(ids, test) if not t], test=[i for i, t in zip(ids, test) if t])

    def meta(self) -> dict[str, Any]:
        """Layout, classes, actions."""
        names = MERGED_ACTIVITIES if self.classes == 'six' else GROUP_ACTIVITIES
        return dict(layout='coco17', class_names=list(names), person_class_names=list(PLAYER_ACTIONS))

    def notes(self, ids: Sequence[str]) -> list[str]:
        """A note about the clips that have no ball."""
        without = [name for name in ids if name not in self._balls]
        return [f'{len(without)} clips have no ball: {some(without)}'] if without else []


@dataclass
class Volleyball(Reader):
    """Reads COMPOSER's skeletons on tracked, given boxes: 20 frames, up to 12 players in the file's order.

    With the file of COMPOSER's person labels in the folder, every clip has ``person_label`` (M,): the action in the
    annotated frame, -1 if there is none.

    Splits: ``train`` (39 videos, 3,493 clips), ``test`` (16 videos, 1,337 clips).
    """
    classes: str = option('text', 'eight', _CLASSES_HELP, _CLASSES)
    what: ClassVar[str] = ("folder or zip archive with 'videos/<video>/annotations.txt', "
                           "'joints/<video>/<clip>.pickle' and, for the ball, "
                           "'volleyball_ball_annotation/<video>/<clip>.txt'")

    def __post_init__(self):
        super().__post_init__()
        self._tree = FileTree(self.source)
        self.index = VolleyballIndex(self._tree, self.classes, self.what)
        self._joints = {f'{int(video)}/{clip}': place
                        for (video, clip), place in self._tree.placed(r'(\d+)/(\d+)\.pickle').items()}
        if not self._joints:
            raise ReadError(f"'{self.source}' has {len(self.index.clips)} annotated clips, but no skeletons; expected "
                            f"a {self.what}. Skeletons found without boxes are read by 'volleyball_weak'")
        self._actions = self._read_actions()

    def _read_actions(self) -> dict[str, Any]:
        found = {}
        for place in self._tree.named(_ACTIONS).values():
            expected = 'a dictionary (video, clip) -> frame -> actions'
            for key, frames in self._pickle(place, expected).items():
                try:
                    video, clip = map(int, key)
                    found[f'{video}/{clip}'] = {int(frame): value for frame, value in frames.items()}
                except (TypeError, ValueError, AttributeError, OverflowError):
                    raise ReadError(f"'{place}' has {brief(key)} -> {brief(frames)}; expected {expected}") from None
        return found

    def _pickle(self, place: str, expected: str) -> dict:
        data = self._tree.read(place)
        try:
            found = read_pickle(io.BytesIO(data), place, len(data), expected)
            if not isinstance(found, dict):
                raise ReadError(f"'{place}' holds {type(found).__name__}; expected {expected}")
        except ReadError:
            raise
        except (ValueError, pickle.UnpicklingError) as error:
            raise ReadError(str(error)) from None
        return found

    def items(self) -> list[str]:
        return list(self.index.clips)

    def read(self, item: str) -> Clip:
        if item not in self._joints:
            raise ReadError(f"clip '{item}' is annotated, but there is no 'joints/{item}.pickle'")
        video, number = map(int, item.split('/'))
        frames = self._pickle(self._joints[item], 'a dictionary frame -> (players, 17, 3)')
        poses: dict[int, np.ndarray] = {}
        for frame, array in frames.items():
            array = np.asarray(array)
            if array.ndim != 3 or array.shape[1:] != (NUM_JOINTS, 3) or array.dtype.kind not in 'fiu':
                raise ReadError(f"'{self._joints[item]}', frame {frame}: {array.dtype} {array.shape}; expected numbers "
                                f'(players, {NUM_JOINTS}, 3): x, y and the type of the joint')
            place = int(frame) - number + CLIP_FRAMES // 2 - _FIRST_POSE
            if 0 <= place < POSE_FRAMES:
                poses[place] = array
        if not poses or not max(map(len, poses.values())):
            raise ReadError(f"'{self._joints[item]}' has nobody in the {POSE_FRAMES} frames around {number}; its "
                            f'frames: {some(list(frames), 5)}')
        keypoint = np.zeros((max(map(len, poses.values())), POSE_FRAMES, NUM_JOINTS, 2), np.float32)
        for place, array in poses.items():
            keypoint[:len(array), place] = array[..., :2]
        extra = {}
        if item in self._actions:
            action = np.asarray(self._actions[item].get(number, ())).reshape(-1).astype(np.int64)[:len(keypoint)]
            extra['person_label'] = np.concatenate([action - 1, np.full(len(keypoint) - len(action), -1)])
        return Clip(item, keypoint, layout='coco17', image_size=image_size(video), label=self.index.label(item),
                    objects=self.index.objects(item, _FIRST_POSE, POSE_FRAMES), extra=extra)

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return self.index.splits(ids)

    def meta(self) -> dict[str, Any]:
        return dict(self.index.meta(), source='Volleyball (Ibrahim et al., CVPR 2016), joints of COMPOSER')

    def notes(self) -> list[str]:
        return self.index.notes(list(self.index.clips))

    def close(self) -> None:
        self._tree.close()


@dataclass
class VolleyballWeak(Reader):
    """Reads skeletons detected and tracked without any given boxes: 41 frames, people re-assigned to slots.

    People are assigned to slots by :func:`~mmskel.data.reassign.reassign`. Every clip keeps ``tracking`` (T, M), the
    track in each slot. Splits as those of ``volleyball``.
    """
    num_person: int = option('number', 12, 'person slots')
    classes: str = option('text', 'eight', _CLASSES_HELP, _CLASSES)
    what: ClassVar[str] = ("folder or zip archive with 'videos/<video>/annotations.txt', "
                           "'joints/<video>/<clip>/<frame>' (JSON, frames 000000 to 000040) and, for the ball, "
                           "'volleyball_ball_annotation/<video>/<clip>.txt'")

    def __post_init__(self):
        super().__post_init__()
        self.num_person = int(self.num_person)
        self._tree = FileTree(self.source)
        self.index = VolleyballIndex(self._tree, self.classes, self.what)
        self._frames = clip_frames(self._tree.placed(r'joints/(\d+)/(\d+)/(\d{6})'))
        if not self._frames:
            raise ReadError(f"'{self.source}' has no detected people; expected a {self.what}")

    def items(self) -> list[str]:
        return list(self.index.clips)

    def read(self, item: str) -> Clip:
        video, clip = item.split('/')
        places = self._frames.get((video, clip), {})
        if not places or max(places) >= CLIP_FRAMES:
            raise ReadError(f"clip '{item}': expected frames 000000 to {CLIP_FRAMES - 1:06d} in 'joints/{item}'; found "
                            f'{len(places)}, up to {max(places, default=-1)}')
        keypoint, score, tracking = read_people(self._tree, places, CLIP_FRAMES, self.num_person)
        return Clip(item, keypoint, score, layout='coco17', image_size=image_size(int(video)),
                    label=self.index.label(item), objects=self.index.objects(item, 0, CLIP_FRAMES),
                    extra=dict(tracking=tracking))

    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return self.index.splits(ids)

    def meta(self) -> dict[str, Any]:
        return dict(self.index.meta(), source='Volleyball (Ibrahim et al., CVPR 2016), people found by YOLOv8-pose')

    def notes(self) -> list[str]:
        return self.index.notes(list(self.index.clips))

    def close(self) -> None:
        self._tree.close()
