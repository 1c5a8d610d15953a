"""Small labelled videos made of real ones: people are cut out and move over a blurred backdrop, in a different way per
class.

Enough to try the whole path from video files to labels if no data set is at hand; not a data set to report results on.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmskel.files.errors import UserError
from mmskel.skeleton import Clip
from mmskel.skeleton.runs import runs
from mmskel.video.reading import open_video
from mmskel.video.writing import video_writer

FPS = 16.
_FRAME = 384, 288  # width, height of the made videos
_MARGIN = .2  # around the joints, in heights of the person: heads reach above the eyes, feet below the ankles


@dataclass(frozen=True)
class Cutout:
    """A person of a video.

    Args:
        images: (T, h, w, 3) uint8 BGR, one crop that holds the person in all frames.
        height: Height of the person in pixels, which sets the scale.
        backdrop: (H, W, 3) uint8, the blurred video.
    """
    images: np.ndarray
    height: float
    backdrop: np.ndarray

    def half(self, which: int) -> Cutout:
        """The first (0) or second (1) half in time."""
        middle = len(self.images) // 2
        return Cutout(self.images[:middle] if which == 0 else self.images[middle:], self.height, self.backdrop)


@dataclass(frozen=True)
class Standing:
    """Where a person stands in a frame: feet at (x, y) as shares of the image, rotation, and height."""
    x: float
    y: float = .92
    degrees: float = 0.
    height: float = .5


Motion = Callable[[np.ndarray, np.random.Generator], list[Standing]]


def _walk(direction: int) -> Motion:
    def motion(time: np.ndarray, rng: np.random.Generator) -> list[Standing]:
        begin, way = rng.uniform(.22, .32), rng.uniform(.4, .5)
        x = begin + way * time if direction > 0 else 1 - begin - way * time
        return [Standing(at) for at in x]
    return motion


def _jump(time: np.ndarray, rng: np.random.Generator) -> list[Standing]:
    x, times, high = rng.uniform(.3, .7), rng.uniform(2, 3.5), rng.uniform(.12, .2)
    return [Standing(x, .92 - high * abs(np.sin(np.pi * times * t))) for t in time]


def _sway(time: np.ndarray, rng: np.random.Generator) -> list[Standing]:
    x, times, far = rng.uniform(.3, .7), rng.uniform(1.5, 2.5), rng.uniform(14, 22)
    return [Standing(x, degrees=far * np.sin(2 * np.pi * times * t)) for t in time]


def _approach(sign: int) -> Motion:
    def motion(time: np.ndarray, rng: np.random.Generator) -> list[Standing]:
        x, small, growth = rng.uniform(.35, .65), rng.uniform(.34, .4), rng.uniform(.32, .4)
        return [Standing(x, .7 + .24 * share, height=small + growth * share)
                for share in (time if sign > 0 else 1 - time)]
    return motion


ACTIONS: dict[str, Motion] = {
    'come closer': _approach(1), 'go away': _approach(-1), 'jump': _jump, 'sway': _sway, 'walk left': _walk(-1),
    'walk right': _walk(1)}


def cutouts(clip: Clip, video: str | Path, min_frames: int = 8) -> list[Cutout]:
    """The people of a video, each from the longest stretch in which nobody else is in the way.

    Args:
        clip: Clip of its 2-D skeletons, as extracted.
        video: Path of the file.
        min_frames: Minimum number of frames; people alone for fewer are left out.
    """
    import cv2
    boxes, seen = _boxes(clip)
    stretches = [(person, *_longest(seen[person] & ~_touched(boxes, seen, person))) for person in range(len(boxes))]
    stretches = [one for one in stretches if one[2] - one[1] >= min_frames]
    places = [_place(boxes[person, start:stop], clip.image_size) for person, start, stop in stretches]
    images: list[list[np.ndarray]] = [[] for _ in stretches]
    backdrop = None
    with open_video(video, keep_going=True) as source:
        for index, _, image in source:
            if backdrop is None:
                small = cv2.resize(image, _FRAME, interpolation=cv2.INTER_AREA)
                backdrop = cv2.GaussianBlur(small, (0, 0), 24)
            for kept, place, (_, start, stop) in zip(images, places, stretches):
                if start <= index < stop:
                    kept.append(image[place].copy())
    return [Cutout(np.stack(kept), float(np.median(np.ptp(boxes[person, start:stop, 1::2], axis=-1))), backdrop)
            for kept, (person, start, stop) in zip(images, stretches)]


def act(cutout: Cutout, action: str, num_frames: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The frames of one person acting, (H, W, 3) uint8 BGR.

    Raises:
        KeyError: Unknown action.
    """
    import cv2
    images = cutout.images[:, :, ::-1] if rng.random() < .5 else cutout.images  # people face either way in any class
    count, h, w = images.shape[:3]
    H, W = cutout.backdrop.shape[:2]
    soft = _soft_edges(h, w)
    begin = rng.integers(2 * count)
    for t, pose in enumerate(ACTIONS[action](np.linspace(0, 1, num_frames), rng)):
        place = (begin + t) % (2 * count)
        image = images[min(place, 2 * count - 1 - place)]  # to and fro, so that nobody jumps back
        scale = pose.height * H / cutout.height
        matrix = cv2.getRotationMatrix2D((w / 2, h), pose.degrees, scale)
        matrix[:, 2] += (pose.x * W - w / 2, pose.y * H - h)
        person = cv2.warpAffine(np.ascontiguousarray(image), matrix, (W, H), flags=cv2.INTER_AREA,
                                borderMode=cv2.BORDER_REPLICATE)
        mask = cv2.warpAffine(soft, matrix, (W, H))[..., None]
        yield (mask * person + (1 - mask) * cutout.backdrop).astype(np.uint8)


def write_acted_videos(folder: str | Path, people: Sequence[Cutout], per_class: tuple[int, int] = (16, 6),
                       num_frames: int = 32, seed: int = 0, actions: Sequence[str] = tuple(ACTIONS)) -> list[Path]:
    """Writes ``folder/train/<action>/*.mp4`` and ``folder/test/<action>/*.mp4``, as ``mmskel extract`` takes them.

    The last person is only in the test videos; if there is only one person, the second half of the frames is.

    Args:
        folder: Folder to write to.
        people: People, at least one.
        per_class: Videos per class for training and for the test.
        num_frames: Frames per video.
        seed: Seed of everything random.
        actions: Keys of :data:`ACTIONS`.

    Returns:
        The videos.

    Raises:
        UserError: No people.
    """
    if not people:
        raise UserError('nobody stands alone in the videos long enough to be cut out')
    trained, tested = (people[:-1], people[-1:]) if len(people) > 1 else ([people[0].half(0)], [people[0].half(1)])
    rng, written = np.random.default_rng(seed), []
    for split, persons, number in (('train', trained, per_class[0]), ('test', tested, per_class[1])):
        for action in actions:
            for i in range(number):
                path = Path(folder) / split / action / f'{action.replace(" ", "_")}_{i:02d}.mp4'
                with video_writer(path, FPS) as write:
                    for frame in act(persons[i % len(persons)], action, num_frames, rng):
                        write(frame)
                written.append(path)
    return written


def _boxes(clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    """(M, T, 4) boxes around the joints and (M, T) where there are any."""
    seen = clip.seen.any(-1)
    joints = np.where(clip.seen[..., None], clip.keypoint, np.nan)
    joints[~seen] = 0
    return np.concatenate([np.nanmin(joints, 2), np.nanmax(joints, 2)], -1), seen


def _touched(boxes: np.ndarray, seen: np.ndarray, person: int) -> np.ndarray:
    """(T,) frames in which somebody else's box meets the person's."""
    others = np.arange(len(boxes)) != person
    low = np.maximum(boxes[others, :, :2], boxes[person, :, :2])
    high = np.minimum(boxes[others, :, 2:], boxes[person, :, 2:])
    return ((low < high).all(-1) & seen[others]).any(0)


def _place(boxes: np.ndarray, image_size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns around all boxes (T, 4), with a margin."""
    margin = _MARGIN * np.ptp(boxes[:, 1::2], axis=-1).mean()
    left, top = boxes[:, :2].min(0) - (.5 * margin, margin)
    right, bottom = boxes[:, 2:].max(0) + .5 * margin
    return (slice(max(int(top), 0), min(int(bottom), image_size[0])),
            slice(max(int(left), 0), min(int(right), image_size[1])))


def _longest(free: np.ndarray) -> tuple[int, int]:
    """First frame of the longest run of True, and one past its last."""
    return max(runs(free), key=lambda run: run[1] - run[0], default=(0, 0))


def _soft_edges(h: int, w: int) -> np.ndarray:
    """(h, w) float32: 1 inside, falling to 0 at the left, right and upper edge."""
    across = np.minimum(np.arange(w), np.arange(w)[::-1]) / (.12 * w)
    down = np.arange(h) / (.08 * h)
    return (np.clip(across, 0, 1)[None] * np.clip(down, 0, 1)[:, None]).astype(np.float32)
