"""Frames of tracked detections, one JSON file each, as YOLOv8-pose writes them: people, and objects beside them."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.reader import ReadError
from mmskel.data.reassign import TrackedPeople, reassign
from mmskel.files.json_text import JsonError, read_json

NUM_JOINTS = 17


def clip_frames(files: Mapping[tuple[str, ...], str]) -> dict[tuple[str, str], dict[int, str]]:
    """(video, clip, frame) -> place, by clip: (video, clip) -> frame -> place."""
    found: dict[tuple[str, str], dict[int, str]] = {}
    for (video, clip, frame), place in files.items():
        found.setdefault((video, clip), {})[int(frame)] = place
    return found


def read_people(tree: FileTree, places: Mapping[int, str], num_frames: int, num_person: int
                ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The people of a clip in slots, see :func:`~mmskel.data.reassign.reassign`.

    Args:
        tree: Where the files lie.
        places: Frame -> file; a frame without one has nobody.
        num_frames: T.
        num_person: Number of persons, P.

    Returns:
        (P, T, 17, 2) pixels, (P, T, 17) scores, (T, P) tracks, -1 where a slot is empty.

    Raises:
        ReadError: A file that holds something else.
    """
    empty = TrackedPeople(np.zeros((0, NUM_JOINTS, 3), np.float32), np.zeros(0), np.zeros(0, np.int64))
    frames = [_people(_list(tree, places[t]), places[t]) if t in places else empty for t in range(num_frames)]
    keypoint, track_id = reassign(frames, num_person)
    keypoint = keypoint.transpose(1, 0, 2, 3)
    return keypoint[..., :2].copy(), keypoint[..., 2].clip(0, 1), track_id


def read_objects(tree: FileTree, places: Mapping[int, str], num_frames: int, names: Mapping[str, str],
                 best: bool = False) -> dict[str, np.ndarray]:
    """The track of every object: its box's middle and the detector's confidence, zeros where it is not seen.

    Args:
        tree, places, num_frames: As of :func:`read_people`.
        names: What the detector calls it -> our name.
        best: Of several detections of a kind the surest. False, as published: the last one listed.

    Returns:
        Name -> (T, 3).

    Raises:
        ReadError: A file that holds something else.
    """
    tracks = {name: np.zeros((num_frames, 3), np.float32) for name in names.values()}
    for t in (t for t in places if t < num_frames):
        for thing in _list(tree, places[t]):
            try:
                if thing['name'] in names:
                    box, row = thing['box'], tracks[names[thing['name']]]
                    if not best or thing['confidence'] > row[t, 2]:
                        row[t] = (box['x1'] + box['x2']) / 2, (box['y1'] + box['y2']) / 2, thing['confidence']
            except (KeyError, TypeError) as error:
                raise ReadError(f"'{places[t]}' has an object that is not a "
                                f"{{'name', 'confidence', 'box': {{'x1', 'y1', 'x2', 'y2'}}}}: {type(error).__name__}: "
                                f"{error}") from None
    return tracks


def _list(tree: FileTree, place: str) -> Sequence:
    try:
        data = read_json(tree.read(place))
    except JsonError as error:
        raise ReadError(f"'{place}' is not a whole JSON file: {error}") from None
    if not isinstance(data, list):
        raise ReadError(f"'{place}': expected a list of detections, found {type(data).__name__}")
    return data


def _people(data: Sequence, place: str) -> TrackedPeople:
    try:
        points = [[person['keypoints'][axis] for axis in ('x', 'y', 'visible')] for person in data]
        keypoint = np.array(points, np.float32).reshape(len(data), 3, NUM_JOINTS).transpose(0, 2, 1)
        confidence = np.array([float(person['confidence']) for person in data])
        track_id = np.array([int(person.get('track_id') or -1) for person in data], np.int64)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReadError(f"'{place}' has a person that is not a {{'confidence', 'track_id', 'keypoints': {{'x', 'y', "
                        f"'visible'}}}} with {NUM_JOINTS} numbers each: {type(error).__name__}: {error}") from None
    return TrackedPeople(keypoint, confidence, track_id)
