"""The text files of the Volleyball data set: clips with their players, and the players' tracks.

Sources: M. Ibrahim et al., "A Hierarchical Deep Temporal Model for Group Activity Recognition", CVPR 2016
(annotations); K. Sendo, N. Ukita, "Heatmapping of People Involved in Group Activities", MVA 2019 (tracks).
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmskel.data.readers.reader import ReadError
from mmskel.files.errors import UserError

GROUP_ACTIVITIES = ('r_set', 'l_set', 'r_spike', 'l_spike', 'r_pass', 'l_pass', 'r_winpoint', 'l_winpoint')
# the six classes of weakly supervised papers: set and pass of a side are one
MERGED_ACTIVITIES = ('r_set-pass', 'r_spike', 'r_winpoint', 'l_set-pass', 'l_spike', 'l_winpoint')
MERGED_CLASS = (0, 3, 1, 4, 0, 3, 2, 5)
"""Of each of the eight classes, which of the six it becomes."""
PLAYER_ACTIONS = ('blocking', 'digging', 'falling', 'jumping', 'moving', 'setting', 'spiking', 'standing', 'waiting')
TEST_VIDEOS = (4, 5, 9, 11, 14, 20, 21, 25, 29, 34, 35, 37, 43, 44, 45, 47)
_LARGE_VIDEOS = (2, 37, 38, 39, 40, 41, 44, 45)


@dataclass(frozen=True)
class AnnotatedClip:
    """One line of ``annotations.txt``.

    Args:
        clip: Number of the annotated frame, as text.
        label: As written; :func:`activity` makes a class of it.
        boxes: (n, 4) x, y, width, height of the players in the annotated frame, pixels; n is 8 to 12.
        actions: n action names.
    """
    clip: str
    label: str
    boxes: np.ndarray
    actions: tuple[str, ...]

    def line(self) -> str:
        """As in the file."""
        players = (f'{" ".join(map(str, box))} {action}' for box, action in zip(self.boxes.tolist(), self.actions))
        return ' '.join((f'{self.clip}.jpg', self.label, *players))


def activity(label: str, place: str) -> int:
    """The class of a group label; both ``r-pass`` and ``r_pass`` occur.

    Raises:
        ReadError: If there is no such class.
    """
    name = label.replace('-', '_')
    if name not in GROUP_ACTIVITIES:
        raise ReadError(f"{place}: unknown group activity '{label}'; known: {', '.join(GROUP_ACTIVITIES)}")
    return GROUP_ACTIVITIES.index(name)


def parse_annotations(text: str, place: str) -> list[AnnotatedClip]:
    """The clips of a video, in the file's order.

    Args:
        text: Of ``videos/<video>/annotations.txt``.
        place: What messages call it.

    Raises:
        ReadError: A line that is not a ``<clip>.jpg label {x y w h action} ...``, or a clip that is there twice.
    """
    found: dict[str, AnnotatedClip] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        say = f"'{place}' line {number}"
        clip, players = words[0].removesuffix('.jpg'), words[2:]
        if len(words) < 2 or not clip.isdigit() or len(players) % 5:
            raise ReadError(f"{say}: expected '<clip>.jpg label' and five words (x y width height action) for every "
                            f"player; found {len(words)} words: '{line[:60]}'")
        try:
            boxes = np.array([[int(x) for x in players[i:i + 4]] for i in range(0, len(players), 5)], np.int64)
        except ValueError as error:
            raise ReadError(f'{say}: a box is not four whole numbers: {error}') from None
        unknown = sorted(set(players[4::5]) - set(PLAYER_ACTIONS))
        if unknown:
            raise ReadError(f"{say}: unknown action '{unknown[0]}'; known: {', '.join(PLAYER_ACTIONS)}")
        if clip in found:
            raise ReadError(f"{say}: clip {clip} is there twice")
        activity(words[1], say)
        found[clip] = AnnotatedClip(clip, words[1], boxes.reshape(-1, 4), tuple(players[4::5]))
    return list(found.values())


@dataclass(frozen=True)
class PlayerTracks:
    """The players of one clip over its frames. Symbols: n players, F frames.

    Args:
        player: (n,) ids, ascending.
        frame: (F,) frame numbers, ascending.
        box: (n, F, 4) left, top, right, bottom in pixels; zeros where the file has no row.
        present: (n, F) whether the file has a row.
        lost: (n, F) the box is outside of the view.
        grouping: (n, F) the player takes part in the group's activity.
        generated: (n, F) interpolated, not drawn by hand.
        action: (n, F) index into ``PLAYER_ACTIONS``, -1 without a row; it may change within a clip.
    """
    player: np.ndarray
    frame: np.ndarray
    box: np.ndarray
    present: np.ndarray
    lost: np.ndarray
    grouping: np.ndarray
    generated: np.ndarray
    action: np.ndarray

    @property
    def seen(self) -> np.ndarray:
        """(n, F) whether there is a box inside the view."""
        return self.present & ~self.lost

    def action_at(self, frame: int) -> np.ndarray:
        """(n,) the players' actions in a frame, e.g. the annotated one; -1 where there is no row."""
        place = np.flatnonzero(self.frame == frame)
        return self.action[:, place[0]] if len(place) else np.full(len(self.player), -1)

    def rows(self) -> list[str]:
        """As in the file, player by player."""
        found = []
        for p, t in zip(*np.nonzero(self.present)):
            flags = (int(flag[p, t]) for flag in (self.lost, self.grouping, self.generated))
            numbers = (self.player[p], *self.box[p, t], self.frame[t], *flags)
            found.append(f'{" ".join(map(str, map(int, numbers)))} {PLAYER_ACTIONS[self.action[p, t]]}')
        return found


def parse_tracks(text: str, place: str) -> PlayerTracks:
    """The tracks of a clip.

    Args:
        text: Of ``volleyball_tracking_annotation/<video>/<clip>/<clip>.txt``.
        place: What messages call it.

    Raises:
        ReadError: No rows; a row that is not a ``player x1 y1 x2 y2 frame lost grouping generated action``; a second
            row of a player and frame.
    """
    rows: dict[tuple[int, int], tuple[Sequence[int], str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        try:
            numbers = [int(word) for word in words[:-1]]
            if len(numbers) != 9 or words[-1] not in PLAYER_ACTIONS or not set(numbers[6:]) <= {0, 1}:
                raise UserError(f"'{line[:60]}'")
        except ValueError as error:
            raise ReadError(f"'{place}' line {number}: expected nine whole numbers (player x1 y1 x2 y2 frame lost "
                            f'grouping generated) and one of {", ".join(PLAYER_ACTIONS)}; found {error}') from None
        if (numbers[0], numbers[5]) in rows:
            raise ReadError(f"'{place}' line {number}: a second row for player {numbers[0]} in frame {numbers[5]}")
        rows[numbers[0], numbers[5]] = numbers, words[-1]
    if not rows:
        raise ReadError(f"'{place}' has no row")
    player, frame = (np.array(sorted({key[axis] for key in rows})) for axis in (0, 1))
    box = np.zeros((len(player), len(frame), 4), np.int64)
    flags = np.zeros((4, len(player), len(frame)), bool)
    action = np.full((len(player), len(frame)), -1)
    for (who, when), (numbers, name) in rows.items():
        at = int(np.searchsorted(player, who)), int(np.searchsorted(frame, when))
        box[at], action[at] = numbers[1:5], PLAYER_ACTIONS.index(name)
        flags[(slice(None), *at)] = (True, *numbers[6:])
    return PlayerTracks(player, frame, box, *flags, action)


def image_size(video: int) -> tuple[int, int]:
    """(height, width) of a video's frames."""
    return (1080, 1920) if video in _LARGE_VIDEOS else (720, 1280)
