"""The kinds of sources of frames or clips, and the one place that decides which one a source is.

A source is what a user gives: a path, a URL, the number of a camera, arrays. :func:`kind_of` says what it is
and refuses anything else at once, so that no model is loaded in vain. Clips themselves (a
:class:`~mmskel.skeleton.Clip`, an annotation dictionary) are not sources and are not handled here.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from mmskel.video.decoding import LIVE_SCHEMES, VideoFile
from mmskel.video.sources import IMAGE_SUFFIXES, VideoError

VIDEO_SUFFIXES = ('.avi', '.flv', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.mts', '.ts', '.webm', '.wmv')
ANNOTATION_SUFFIXES = ('.pkl', '.pickle')
STORE_SUFFIX = '.mmsk'  # a folder of clips
LIST_SUFFIX = '.txt'

_URL = re.compile(r'([A-Za-z][A-Za-z0-9+.-]+)://([^?#]*)')
_TAKEN = ('a video file, a folder of videos or of images, an image, a .txt list of videos, an annotation file (.pkl), '
          "a store of clips (.mmsk), a stream's URL or a camera's number")


class Kind(str, Enum):
    """The kinds of sources.

    ``FOLDER``, ``LIST`` and ``ANNOTATIONS`` hold several clips (:attr:`several`), all others are one. ``IMAGES`` is one
    image, a folder of images without videos, or a sequence of paths of images.
    """
    CAMERA = 'camera'
    STREAM = 'stream'
    FILE = 'file'
    IMAGES = 'images'
    FOLDER = 'folder'
    LIST = 'list'
    ANNOTATIONS = 'annotations'
    ARRAYS = 'arrays'

    @property
    def several(self) -> bool:
        """Whether a source of this kind holds several clips."""
        return self in (Kind.FOLDER, Kind.LIST, Kind.ANNOTATIONS)


def kind_of(source: Any) -> Kind:
    """The kind of a source.

    Args:
        source: A path, a URL, the number of a camera (also as text), uint8 arrays (T, H, W, 3) or a sequence of
            (H, W, ...), or a sequence of paths of images.

    Raises:
        VideoError: There is nothing there, or it is neither a video nor clips; says what is accepted.
    """
    if _is_camera(source):
        return Kind.CAMERA
    if isinstance(source, (np.ndarray, list, tuple)):
        return _kind_of_sequence(source)
    if not isinstance(source, (str, Path)):
        raise VideoError(f'a {type(source).__name__} was given as a video; expected {_TAKEN}, or arrays (H, W, 3) '
                         'uint8')
    if isinstance(source, str) and _URL.match(source):
        return Kind.STREAM
    path = Path(source).expanduser()
    if path.is_dir():
        return Kind.ANNOTATIONS if path.suffix == STORE_SUFFIX else _kind_of_folder(path)
    if not path.exists():
        raise VideoError(f"'{source}': no such file or folder; expected {_TAKEN}")
    return _kind_of_file(path)


def passes_once(source: Any) -> bool:
    """Whether the frames of a source can be read only once, so that it must not be opened a second time.

    True of cameras and of live streams. A URL of another protocol can be read again if it names a file, such as
    ``https://site/video.mp4``; ``http://camera/mjpg`` cannot. Files and arrays can.
    """
    if isinstance(source, str) and (url := _URL.match(source)):
        return url[1].lower() in LIVE_SCHEMES or not url[2].lower().endswith((*VIDEO_SUFFIXES, *IMAGE_SUFFIXES))
    return _is_camera(source)


def are_frames(source: Any) -> bool:
    """Whether the source is frames as arrays: (T, H, W, 3) uint8, or a sequence of (H, W) or (H, W, channels) uint8."""
    if isinstance(source, np.ndarray):
        return source.dtype == np.uint8 and source.ndim == 4
    return (isinstance(source, Sequence) and not isinstance(source, (str, bytes)) and len(source) > 0
            and all(isinstance(one, np.ndarray) and one.dtype == np.uint8 and one.ndim in (2, 3) for one in source))


def _is_camera(source: Any) -> bool:
    if isinstance(source, str):
        return re.fullmatch('[0-9]+', source) is not None and not Path(source).exists()
    return isinstance(source, (int, np.integer)) and not isinstance(source, bool)


def _kind_of_sequence(source: np.ndarray | Sequence) -> Kind:
    paths = not isinstance(source, np.ndarray) and len(source) and all(isinstance(one, (str, Path)) for one in source)
    return Kind.IMAGES if paths else Kind.ARRAYS


def _kind_of_folder(folder: Path) -> Kind:
    """A folder of images alone is one clip; if there are videos in or below it, they are the clips."""
    images = any(file.suffix.lower() in IMAGE_SUFFIXES for file in folder.iterdir())
    videos = any(file.suffix.lower() in VIDEO_SUFFIXES for file in folder.rglob('*'))
    return Kind.IMAGES if images and not videos else Kind.FOLDER


def _kind_of_file(path: Path) -> Kind:
    suffix = path.suffix.lower()
    if suffix in ANNOTATION_SUFFIXES:
        return Kind.ANNOTATIONS
    if suffix == LIST_SUFFIX:
        return Kind.LIST
    if suffix in IMAGE_SUFFIXES:
        return Kind.IMAGES
    if suffix not in VIDEO_SUFFIXES and path.stat().st_size:  # an empty file is refused when it is opened
        _check_plays(path)
    return Kind.FILE


def _check_plays(path: Path) -> None:
    """Looks into a file whose name does not say that it is a video."""
    try:
        VideoFile(str(path), url=False, fps=1., threads=1).close()
    except VideoError as error:
        raise VideoError(f'{error}. Accepted: {_TAKEN}. Skeletons in other formats become an annotation file with '
                         '`mmskel prepare`') from error
