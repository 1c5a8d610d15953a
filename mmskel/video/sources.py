"""Sources of frames other than video files: images and cameras (OpenCV); and the errors of all sources.

Each source has ``name``, ``fps``, ``num_frames``, ``rotation``, ``live``, ``frames()`` and ``close()``;
``mmskel.video.reading`` numbers the frames they yield.
"""
from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from mmskel.files.errors import UserError

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm', '.pgm')
_IMAGES_FPS = 30.  # for images that come without a rate


class VideoError(UserError):
    """A source that cannot be read, or not to its end; says which one, what was found and what to do."""


class Damage(Exception):
    """Raised by a source in the middle of its frames; says in words what is wrong there."""


def sides(shape: tuple[int, ...]) -> str:
    """Width x height of an image (H, W, ...), for messages."""
    return f'{shape[1]} x {shape[0]}'


class Images:
    """Images as frames, all of one size: paths of image files, or arrays.

    Args:
        name: Name for messages.
        images: Paths, or arrays uint8 (H, W, 3) BGR, (H, W, 4) BGRA, (H, W) or (H, W, 1) grey.
        fps: Images per second; 30 where None.
    """

    def __init__(self, name: str, images: Sequence[str | Path | np.ndarray], fps: float | None):
        self.name, self.fps, self.num_frames, self.rotation = name, fps or _IMAGES_FPS, len(images), 0
        self.live, self._images = False, images

    def frames(self) -> Iterator[tuple[float, np.ndarray]]:
        """Time in seconds and image (H, W, 3) uint8 BGR.

        Raises:
            Damage: For an image that cannot be read or has another size than the first.
        """
        shape = None
        for index, entry in enumerate(self._images):
            if isinstance(entry, (str, Path)):
                label = f"'{Path(entry).name}'"
                image = _read_image(label, Path(entry))
            else:
                label = f'image {index}'
                image = _as_bgr(label, np.asarray(entry))
            shape = shape or image.shape
            if image.shape != shape:
                raise Damage(f'{label} is {sides(image.shape)}, and those before it are {sides(shape)}')
            yield index / self.fps, image

    def close(self) -> None:
        """Does nothing: no file is kept open."""


class Camera:
    """A camera by its number; times are those of arrival.

    Raises:
        VideoError: If there is no such camera, or it does not say its rate and ``fps`` is not given.
    """

    def __init__(self, number: int, fps: float | None):
        self.name, self.num_frames, self.rotation, self.live = f'camera {number}', None, 0, True
        self._capture = cv2.VideoCapture(number)
        if not self._capture.isOpened():
            raise VideoError(f"'{self.name}': it cannot be opened; expected the number of a camera that is plugged in, "
                             'allowed to this program and not in use elsewhere')
        self.fps = fps or self._capture.get(cv2.CAP_PROP_FPS)
        if not self.fps > 0:
            self.close()
            raise VideoError(f"'{self.name}': it does not state its frame rate; give it with fps=...")

    def frames(self) -> Iterator[tuple[float, np.ndarray]]:
        """Seconds since the first frame, and image (H, W, 3) uint8 BGR.

        Raises:
            Damage: When the camera stops.
        """
        start = None
        while True:
            good, image = self._capture.read()
            now = time.monotonic()
            if not good:
                raise Damage('it delivers no more frames')
            start = now if start is None else start
            yield now - start, image

    def close(self) -> None:
        """Releases the camera."""
        self._capture.release()


def _read_image(label: str, path: Path) -> np.ndarray:
    try:
        data = np.fromfile(path, np.uint8)  # cv2.imread knows no umlauts on Windows
    except OSError as error:
        raise Damage(f'{label} cannot be read ({error.strerror})') from error
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error as error:  # more pixels than OpenCV decodes
        raise Damage(f'{label} cannot be decoded ({(error.err or "unknown format").strip()})') from None
    if image is None:
        raise Damage(f'{label} is {"not a whole image" if data.size else "empty"}')
    return image


def _as_bgr(label: str, image: np.ndarray) -> np.ndarray:
    channels = image.shape[2:] or (1, )
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or channels not in ((1, ), (3, ), (4, )) \
            or not image.size:
        raise Damage(f'{label} is an array {image.shape} {image.dtype}, expected (H, W, 3) uint8 in BGR')
    image = image.reshape(*image.shape[:2], *channels)
    return image[..., :3] if channels != (1, ) else np.repeat(image, 3, 2)
