"""Frames of a video, one by one: every frame once, in order, with its own time, upright, as BGR.

    with open_video('clip.mp4') as video:
        for index, time, image in video.prefetch():
            ...
"""
from __future__ import annotations

import math
import queue
import re
import threading
from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmskel.files.errors import UserError
from mmskel.video.decoding import VideoFile
from mmskel.video.kinds import Kind, kind_of
from mmskel.video.sources import IMAGE_SUFFIXES, Camera, Damage, Images, VideoError


class Frame(NamedTuple):
    """One frame: its number from 0, its time in seconds since the first, and image (H, W, 3) uint8 BGR (None if the
    it is not wanted)."""
    index: int
    time: float
    image: np.ndarray | None


class Video:
    """An open source of frames; made by :func:`open_video`, read once by a ``for`` loop, closed by ``with``.

    Attributes:
        name: Name in messages.
        fps: Frames per second; the average if the rate varies. ``Frame.time`` holds each frame's own time.
        size: (H, W) in pixels, after rotation.
        num_frames: Number of frames; None if the source does not say, or not reliably.
        rotation: Degrees counterclockwise by which the frames were turned upright.
        notes: Faults that were passed over because of ``keep_going``.
    """

    def __init__(self, source: VideoFile | Images | Camera, keep_going: bool):
        self._source, self._keep_going, self._prefetcher, self._used = source, keep_going, None, False
        self.name, self.fps, self.num_frames = source.name, source.fps, source.num_frames
        self.notes: list[str] = []
        self._frames = source.frames()
        try:
            self._first = next(self._frames, None)
        except Damage as damage:
            raise VideoError(f"'{self.name}': no frame could be read: {damage}; copy or convert it again") from damage
        if self._first is None:
            raise VideoError(f"'{self.name}': it holds no frame; expected at least one")
        self.size, self.rotation = self._first[1].shape[:2], source.rotation

    def __iter__(self) -> Iterator[Frame]:
        """The frames, one at a time, so that memory use stays constant.

        Raises:
            VideoError: If the source is damaged, after all frames before the damage; with ``keep_going`` the
                iteration ends there and ``notes`` says why. Also if the frames were already read.
        """
        if self._used:
            raise VideoError(f"'{self.name}': its frames were already read; open it again")
        self._used = True
        return self._numbered()

    def _numbered(self) -> Iterator[Frame]:
        (seconds, image), self._first, index = self._first, None, 0
        while True:
            yield Frame(index, seconds, image)
            del image  # or it would stay alive while the next one is decoded
            try:
                found = next(self._frames, None)
            except Damage as damage:
                text = self._report(damage, index, seconds)
                if not self._keep_going:
                    fix = 'open it again' if self._source.live else 'copy or convert it again'
                    raise VideoError(f'{text}; {fix}, or settle for the frames before that (keep_going=True)') \
                        from damage
                self.notes.append(text)
                return
            if found is None:
                return
            (seconds, image), found, index = found, None, index + 1

    def _report(self, damage: Damage, index: int, seconds: float) -> str:
        of = f' of {self.num_frames}' if self.num_frames else ''
        what = 'broke off' if self._source.live else 'damaged'
        return (f"'{self.name}': {what} after {index + 1}{of} frames: {damage}; "
                f'the last good frame is {index}, at {seconds:.3f} s')

    def prefetch(self, ahead: int = 8) -> Prefetcher:
        """The same frames, decoded in a thread while the caller works; at most ``ahead`` of them wait in memory."""
        self._prefetcher = Prefetcher(iter(self), ahead)
        return self._prefetcher

    def close(self) -> None:
        """Ends the decoding and closes the source."""
        if self._prefetcher is not None:
            self._prefetcher.close()
        self._source.close()

    def __enter__(self) -> Video:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Prefetcher:
    """Takes items from an iterator in a thread, ahead of the consumer.

    An exception in the iterator is raised at its position in the sequence. ``close``, also called by ``with`` and when
    the object is garbage-collected, ends the thread.
    """

    def __init__(self, items: Iterable, ahead: int):
        if ahead < 1:
            raise UserError(f'ahead is {ahead}; expected at least 1 item')
        self._ready, self._stop = queue.Queue(ahead), threading.Event()
        # the thread must not refer to this object, or it would never be collected
        self._thread = threading.Thread(target=_fill, args=(iter(items), self._ready, self._stop), daemon=True)
        self._thread.start()
        self._over = False

    def __iter__(self) -> Prefetcher:
        return self

    def __next__(self):
        if self._over:
            raise StopIteration
        item, error, last = self._ready.get()
        if not last:
            return item
        self.close()
        raise StopIteration if error is None else error

    def close(self) -> None:
        """Ends the thread; items waiting are dropped."""
        self._over = True
        self._stop.set()
        while self._thread.is_alive():
            try:
                self._ready.get_nowait()  # it may wait for room
            except queue.Empty:
                self._thread.join(.005)

    def __enter__(self) -> Prefetcher:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, '_over'):
            self.close()


def _fill(items: Iterator, ready: queue.Queue, stop: threading.Event) -> None:
    error = None
    try:
        for item in items:
            ready.put((item, None, False))
            del item
            if stop.is_set():
                return
    except BaseException as raised:  # the reader gets it
        error = raised
    ready.put((None, error, True))


def open_video(source: str | Path | int | np.ndarray | Sequence[np.ndarray | str | Path], *, fps: float | None = None,
               keep_going: bool = False, threads: int = 1, wanted: Container[int] | None = None) -> Video:
    """Opens anything that has frames.

    Args:
        source: A video file; a folder of images (taken in natural order: ``2.png`` before ``10.png``) or one
            image; a stream's URL; the number of a camera; arrays uint8, (T, H, W, 3) or a sequence of (H, W, 3) BGR,
            (H, W, 4) BGRA, (H, W) grey; a sequence of paths of images.
        fps: Frames per second. If given, it replaces what a file says, and frame i is at i / fps seconds; needed only
            if a file says nothing. Images default to 30 per second.
        keep_going: If true, reading ends at a damaged place with a note in ``Video.notes`` instead of an error.
        threads: Threads of the decoder. More threads help with large frames on idle cores; errors then come some frames
            later.
        wanted: Numbers of the frames of a file to decode to images, which saves time.
            Default: all.

    Returns:
        The video, with its first frame already decoded, so that a file without frames is refused here.

    Raises:
        VideoError: If the source does not exist, is not a video, or has no frame that can be read.

    Example:
        >>> frames = np.zeros((3, 48, 64, 3), np.uint8)
        >>> with open_video(frames, fps=30.) as video:
        ...     for index, time, image in video:
        ...         print(index, f'{time:.3f}', image.shape)
        0 0.000 (48, 64, 3)
        1 0.033 (48, 64, 3)
        2 0.067 (48, 64, 3)
    """
    if fps is not None and not (fps > 0 and math.isfinite(fps)):
        raise VideoError(f'fps is {fps}; expected a positive number of frames per second')
    found = _find(source, fps, threads, wanted)
    try:
        return Video(found, keep_going)
    except BaseException:
        found.close()
        raise


def _find(source, fps: float | None, threads: int, wanted: Container[int] | None) -> VideoFile | Images | Camera:
    kind = kind_of(source)
    if kind is Kind.CAMERA:
        return Camera(int(source), fps)
    if kind is Kind.ARRAYS or isinstance(source, (list, tuple)):
        return Images(f'{len(source)} images', source, fps)
    if kind is Kind.STREAM:
        return VideoFile(source, url=True, fps=fps, threads=threads)
    text, path = str(source), Path(source).expanduser()
    if path.is_dir():
        return Images(text, _images_in(path), fps)
    if path.stat().st_size == 0:
        raise VideoError(f"'{text}': the file is empty (0 bytes); expected a video: copy it again")
    if kind is Kind.IMAGES:
        return Images(text, [path], fps)
    return VideoFile(str(path), url=False, fps=fps, threads=threads, wanted=wanted)


def _images_in(folder: Path) -> list[Path]:
    files = [f for f in folder.iterdir() if f.is_file() and not f.name.startswith('.')]
    images = [f for f in files if f.suffix.lower() in IMAGE_SUFFIXES]
    if not images:
        found = f'{len(files)} other files, such as {min(files).name}' if files else 'no files at all'
        raise VideoError(f"'{folder}': a folder without images ({found}); expected {', '.join(IMAGE_SUFFIXES)}; "
                         'give videos one by one')
    return sorted(images, key=lambda f: [int(p) if i % 2 else p.lower()
                                           for i, p in enumerate(re.split(r'(\d+)', f.name))])
