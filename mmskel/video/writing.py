"""Videos that every browser plays, written whole or not at all."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Callable

import numpy as np

from mmskel.files.atomic import atomic_path
from mmskel.files.errors import UserError

SUFFIXES = ('.mp4', '.mkv', '.mov', '.avi')


@contextmanager
def video_writer(path: str | Path, fps: float) -> Iterator[Callable[[np.ndarray], None]]:
    """Yields a function that takes the frames one by one, (H, W, 3) uint8 BGR, all of one size.

    H.264 if PyAV's FFmpeg has it, else MPEG-4. Sides are made even by repeating the last row or column.

    Args:
        path: ``.mp4``, ``.mkv``, ``.mov`` or ``.avi``.
        fps: Frames per second.

    Raises:
        UserError: An unknown suffix, a rate that is not positive, or no frame at all.
    """
    import av
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"'{path.name}': cannot write a video as '{path.suffix}'; known: {', '.join(SUFFIXES)}")
    if not fps > 0:
        raise UserError(f'fps is {fps}; expected a positive number')
    with atomic_path(path) as temporary, av.open(str(temporary), 'w') as container:
        codec = 'libx264' if 'libx264' in av.codecs_available else 'mpeg4'
        stream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        stream.pix_fmt = 'yuv420p'
        if codec == 'libx264':
            stream.options = dict(crf='20', preset='veryfast')
        written = 0

        def write(image: np.ndarray) -> None:
            nonlocal written
            image = np.pad(image, [(0, image.shape[0] % 2), (0, image.shape[1] % 2), (0, 0)], 'edge')
            if not written:
                stream.height, stream.width = image.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format='bgr24')))
            written += 1

        yield write
        if not written:
            raise UserError(f"'{path}': there are no frames to write")
        container.mux(stream.encode(None))
