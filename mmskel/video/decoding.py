"""Video files and streams, decoded by PyAV.

PyAV was chosen by measurement, see "Decoding" in docs/pose.md: it gives exactly the pixels that OpenCV gives, and it
also says when a file is damaged.
"""
from __future__ import annotations

import re
from collections import deque
from collections.abc import Container, Iterator
from itertools import chain, islice
from pathlib import Path

import av
import cv2
import numpy as np
from av.stream import Disposition
from av.video.reformatter import VideoReformatter
from packaging.version import Version

from mmskel.video.sources import Damage, VideoError, sides

LIVE_SCHEMES = ('rtsp', 'rtsps', 'rtmp', 'rtmps', 'rtp', 'udp', 'srt')
_PATIENCE = 10.  # seconds for a stream to open, and for each of its packets
_STATES_LENGTH = ('mov', 'matroska', 'asf')  # containers that state their duration instead of leaving it to be guessed

# PyAV before 19 refuses a file whose title is not UTF-8, unless told not to
_LENIENT = {'metadata_errors': 'replace'} if Version(av.__version__) < Version('19') else {}


class VideoFile:
    """A video file, or a stream by its URL, decoded one frame at a time.

    Args:
        address: Path or URL.
        url: Whether ``address`` is a URL.
        fps: Frames per second to use instead of the file's own times.
        threads: Threads of the decoder.
        wanted: Numbers of the frames to decode to images; None: all.

    Attributes:
        fps: Average rate of the header, or of the first packets if that is absurd.
        live: Whether the source is live: losses are usual and nothing can be read again.
        num_frames: Number of frames by the header; None where it does not say or contradicts itself.
        rotation: Degrees counterclockwise that frames are turned by; known once the first one is decoded.

    Raises:
        VideoError: If it cannot be opened, holds no images, or no rate can be found.
    """

    def __init__(self, address: str, *, url: bool, fps: float | None, threads: int,
                 wanted: Container[int] | None = None):
        self.name = re.sub(r'//[^/@]*@', '//...@', address) if url else address  # no passwords in messages
        self.rotation, self._end, self._wanted = 0, 0., wanted
        self.live = url and address.partition(':')[0].lower() in LIVE_SCHEMES
        try:
            self._container = _open_stream(address) if url else av.open(f'file:{address}', **_LENIENT)
        except av.FFmpegError as error:
            raise VideoError(_why_not_opened(self.name, url, error)) from error
        try:
            self._stream = _picture_stream(self.name, self._container)
            self._stream.codec_context.thread_count = threads
            self._stream.thread_type = 'AUTO' if threads > 1 else 'SLICE'
            self._packets = self._demux()
            self.fps = fps or self._rate()
        except BaseException:
            self.close()
            raise
        self.num_frames = self._stated_frames()
        self._reformat = VideoReformatter().reformat
        self._clock = _Clock(self.fps, steady=fps is not None)
        # AVI has no presentation times, and FFmpeg guesses them badly if frames are reordered (H.264 of NTU
        # RGB+D); the decoding times, in order, are right
        self._slots = deque() if self._container.format.name == 'avi' else None

    def _demux(self) -> Iterator[av.Packet]:
        return self._container.demux(self._stream, *self._container.streams.audio)

    def _rate(self) -> float:
        stream = self._stream
        for rate, highest in ((stream.average_rate, 120), (stream.guessed_rate, 240)):
            if rate and 1 <= rate <= highest:
                return float(rate)
        ahead = []
        try:
            ahead += islice(self._packets, 64)
        except av.FFmpegError:  # the next packet says it again
            self._packets = self._demux()
        self._packets = chain(ahead, self._packets)
        times = [float(p.pts * p.time_base) for p in ahead if p.stream is stream and p.pts is not None]
        if len(set(times)) < 2:
            raise VideoError(f"'{self.name}': neither its header nor its time stamps give the frame rate; "
                             'say it with fps=...')
        return (len(times) - 1) / (max(times) - min(times))

    def _stated_frames(self) -> int | None:
        frames, duration = self._stream.frames, self._stream.duration
        if not frames or not duration:
            return None
        # an edit list plays less than the file holds, and AVI counts empty slots as frames
        return frames if abs(frames / self.fps - float(duration * self._stream.time_base)) < 1.5 / self.fps else None

    def frames(self) -> Iterator[tuple[float, np.ndarray]]:
        """Time in seconds from the first frame, and image (H, W, 3) uint8 BGR, turned upright; in order of display.

        The image of an unwanted frame is None (the first one is always decoded).

        Raises:
            Damage: The file is broken; everything decoded up to that point is yielded first.
        """
        shape = None
        for index, frame in enumerate(self._decoded()):
            image = None
            if shape is None:
                self.rotation = round(frame.rotation / 90) * 90 % 360
            if shape is None or self._wanted is None or index in self._wanted:
                image = _turned(self._reformat(frame, format='bgr24').to_ndarray(), self.rotation)
                shape = shape or image.shape
                if image.shape != shape:
                    raise Damage(f'frames change from {sides(shape)} to {sides(image.shape)}')
            stamp = frame.pts if self._slots is None else self._slots.popleft() if self._slots else None
            yield self._clock(None if stamp is None else float(stamp * self._stream.time_base)), image

    def _decoded(self) -> Iterator[av.VideoFrame]:
        while True:
            try:
                packet = next(self._packets, None)
            except av.FFmpegError as error:
                yield from self._waiting(None)
                raise Damage(_words(error)) from error
            if packet is None:
                return
            if packet.is_corrupt and not self.live and self._container.format.name != 'mpegts':  # there: a splice
                yield from self._waiting(packet)
                raise Damage('a packet is incomplete')
            self._note_end(packet)
            if packet.stream is not self._stream:
                continue
            if not packet.size:  # the end; some frames still waiting may depend on what is missing
                self._check_end()
            elif self._slots is not None:
                self._slots.append(packet.dts)
            try:
                frames = packet.decode()
            except av.FFmpegError as error:
                if self.live and isinstance(error, av.InvalidDataError):
                    continue  # packets go missing on the way
                # those waiting in the decoder may be damaged as well
                raise Damage(_words(error)) from error
            for frame in frames:
                if frame.is_corrupt and not self.live:
                    raise Damage('a frame is incomplete')
                yield frame

    def _waiting(self, incomplete: av.Packet | None) -> list[av.VideoFrame]:
        """The frames waiting in the decoder that come before the incomplete one."""
        cut = incomplete is not None and incomplete.stream is self._stream
        if cut and (self._slots is not None or incomplete.pts is None):
            return []  # which of them come before it cannot be known
        try:
            frames = self._stream.codec_context.decode(None)
        except av.FFmpegError:
            return []
        return [f for f in frames if not f.is_corrupt and not (cut and (f.pts or 0) >= incomplete.pts)]

    def _note_end(self, packet) -> None:
        if packet.pts is not None:
            self._end = max(self._end, float((packet.pts + (packet.duration or 0)) * packet.time_base))

    def _check_end(self) -> None:
        container = self._container
        if self.live or not container.duration or not container.format.name.startswith(_STATES_LENGTH):
            return
        start, duration = ((value or 0) / 1e6 for value in (container.start_time, container.duration))
        read = max(self._end, self._end - start)
        if duration - read > max(.25, 3 / self.fps):
            raise Damage(f'it ends at {read:.2f} s, and its header says {duration:.2f} s: it was cut off')

    def close(self) -> None:
        """Closes the file; frames already yielded stay valid."""
        self._container.close()


class _Clock:
    """Seconds since the first frame, always increasing: absent or decreasing time stamps are replaced."""

    def __init__(self, fps: float, steady: bool):
        self._period, self._steady, self._last, self._shift = 1 / fps, steady, None, 0.
        self._count = -1

    def __call__(self, stamp: float | None) -> float:
        self._count += 1
        if self._steady or (stamp is None and self._last is None):
            now = self._count * self._period
        elif self._last is None:
            now, self._shift = 0., -stamp
        elif stamp is None or stamp + self._shift <= self._last:
            now = self._last + self._period
            self._shift = self._shift if stamp is None else now - stamp
        else:
            now = stamp + self._shift
        self._last = now
        return now


def _open_stream(address: str):
    options = {'rtsp_transport': 'tcp'} if address.lower().startswith('rtsp') else {}
    return av.open(address, timeout=_PATIENCE, options=options, **_LENIENT)


def _why_not_opened(name: str, url: bool, error: Exception) -> str:
    if url:
        return (f"'{name}': the stream cannot be opened ({_words(error)}); expected a URL that can be reached "
                'from here, such as rtsp://camera/stream or https://site/video.mp4')
    if isinstance(error, av.PermissionError):
        return f"'{name}': this user may not read it; expected a file with read permission"
    with Path(name).open('rb') as file:
        head = file.read(12)
    if head[4:8] == b'ftyp':
        return (f"'{name}': an MP4 file without its index (the 'moov' box), so no frame can be found in it; expected "
                'a whole file: the recording or the copy was cut off, copy it again')
    return (f"'{name}': not a video, or its beginning is damaged ({_words(error)}); expected a "
            'video file such as mp4, avi, mkv or webm')


def _words(error: av.FFmpegError) -> str:
    late = isinstance(error, av.ExitError)  # PyAV's own timeout
    return f'nothing arrived for {_PATIENCE:g} s' if late else f'FFmpeg says "{error.strerror}"'


def _picture_stream(name: str, container):
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams or container.format.name == 'tty':  # FFmpeg renders text as a screen
        kinds = sorted({s.type for s in container.streams} - {'video'})
        found = f'only {" and ".join(kinds)}' if kinds else 'no video stream'
        raise VideoError(f"'{name}': {found} in it; expected a video file with images")
    if streams[0].codec_context is None:
        raise VideoError(f"'{name}': FFmpeg has no decoder for its images; convert it, for example with "
                         'ffmpeg -i IN -c:v libx264 OUT.mp4')
    return streams[0]


def _turned(image: np.ndarray, rotation: int) -> np.ndarray:
    if not rotation:
        return image
    turn = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
    return cv2.rotate(image, turn[rotation])
