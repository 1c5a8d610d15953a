"""Windows over a clip: the pieces that are recognised one at a time, of everybody or of one person."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mmskel.files.errors import UserError
from mmskel.skeleton import Clip


@dataclass(frozen=True)
class WindowOptions:
    """The options of dividing a clip into windows.

    Args:
        length: Length of a sliding window in seconds; None: the whole clip at once.
        stride: Seconds between the beginnings of two windows; None: half a window.
        per_person: Whether every person is recognised separately.
    """
    length: float | None = None
    stride: float | None = None
    per_person: bool = False


class Cut(NamedTuple):
    """A piece of a clip: frames ``start`` to ``stop`` (one past the last) of one person, or of everybody (None)."""
    person: int | None
    start: int
    stop: int


def cuts_of(clip: Clip, fps: float, options: WindowOptions = WindowOptions()) -> list[Cut]:
    """The pieces of a clip in which somebody is seen, person by person.

    Without windows, a person's piece begins with the first frame in which the person is seen and ends with the last.

    Args:
        clip: (M, T, V, C); M may be 0.
        fps: Frames per second.
        options: Length and stride of the windows, and whether persons are separate.

    Raises:
        UserError: See :func:`sliding_windows`.
    """
    windows = sliding_windows(clip.num_frames, fps, options.length, options.stride)
    persons = range(len(clip.keypoint)) if options.per_person else [None]
    return [Cut(person, *window) for person in persons
            for window in _seen_windows(clip, person, windows, tight=options.length is None)]


def cut_clip(clip: Clip, cut: Cut, keep_slots: bool = False) -> Clip:
    """The frames of a piece, and those persons of the clip who are seen in them.

    Args:
        clip: Clip to cut.
        cut: Piece of it.
        keep_slots: Whether all persons are kept, seen or not, each in its slot.
    """
    score = clip.score[:, cut.start:cut.stop]
    seen = (score > 0).any((1, 2))
    keep = np.arange(len(seen)) if keep_slots else np.flatnonzero(seen)
    keep = keep if cut.person is None else np.array([cut.person])
    objects = {name: track[cut.start:cut.stop] for name, track in clip.objects.items()}
    return replace(clip, keypoint=clip.keypoint[keep, cut.start:cut.stop], score=score[keep], objects=objects,
                   track_id=None if clip.track_id is None else np.asarray(clip.track_id)[keep])


def sliding_windows(num_frames: int, fps: float, length: float | None = None, stride: float | None = None
                    ) -> np.ndarray:
    """(W, 2) int: windows over a clip; the last one ends with it, so that every frame is in one.

    Args:
        num_frames: Number of frames, T.
        fps: Frames per second.
        length: Length of a window in seconds; None, or as long as the clip: the clip is one window.
        stride: Seconds between the beginnings of two windows; default: half a window.

    Raises:
        UserError: A length or stride that is not positive, or a stride that would leave frames out.
    """
    stride = stride if stride is not None or length is None else length / 2
    if length is None:
        if stride is not None:
            raise UserError(f'a stride of {stride:g} s needs a window length')
        return np.array([[0, num_frames]])
    if not (0 < length < np.inf and 0 < stride < np.inf):
        raise UserError(f'a window of {length:g} s every {stride:g} s; expected positive, finite times')
    if stride > length:
        raise UserError(f'windows of {length:g} s every {stride:g} s would leave frames out; expected a stride of at '
                        'most the length')
    size, step = max(round(length * fps), 1), max(round(stride * fps), 1)
    if size >= num_frames:
        return np.array([[0, num_frames]])
    starts = [*range(0, num_frames - size, step), num_frames - size]
    return np.array([[start, start + size] for start in starts])


def _seen_windows(clip: Clip, person: int | None, windows: np.ndarray, tight: bool) -> Iterator[tuple[int, int]]:
    """The windows in which someone, or the person, is seen; if ``tight``, from the first such frame to the last."""
    score = clip.score if person is None else clip.score[[person]]
    seen = (score > 0).any((0, 2))
    for start, stop in windows.tolist():
        frames = np.flatnonzero(seen[start:stop])
        if len(frames):
            yield (start + int(frames[0]), start + int(frames[-1]) + 1) if tight and person is not None \
                else (start, stop)
