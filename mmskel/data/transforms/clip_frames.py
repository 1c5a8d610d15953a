"""The images of a clip, read from the video that its skeletons came from."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import COORDINATES, SkeletonTransform, sample_name
from mmskel.video.reading import open_video
from mmskel.video.sources import VideoError

_NAMES = ('{}.mp4', '{}.avi', '{}_rgb.avi')


def read_frames(video: Any, frames: Sequence[int], clip: str = '') -> np.ndarray:
    """Some frames of a video, decoded in one pass; only those wanted are kept.

    Args:
        video: See :func:`~mmskel.video.reading.open_video`.
        frames: Numbers of the n frames from 0, in any order; may repeat.
        clip: Id of the clip, for messages.

    Returns:
        (n, H, W, 3) uint8 **RGB**, upright.

    Raises:
        VideoError: The video cannot be read as far as the last of them; names the clip, the file and what was found.
    """
    wanted, rows = np.unique(np.asarray(frames, np.int64), return_inverse=True)
    found = np.empty(0, np.uint8)
    kept = 0
    with open_video(video, keep_going=True, wanted=frozenset(wanted.tolist())) as source:
        for index, _, image in source:
            if kept < len(wanted) and index == wanted[kept]:
                if not kept:
                    found = np.empty((len(wanted), *image.shape), np.uint8)
                found[kept] = image[..., ::-1]
                kept += 1
            if kept == len(wanted):
                break
        if kept < len(wanted):
            notes = f' ({"; ".join(source.notes)})' if source.notes else ''
            raise VideoError(f"clip '{clip}': '{source.name}' ends after {index + 1} frames{notes}, but frame "
                             f'{wanted[-1]} is wanted; is it the video that the skeletons came from?')
    return found[rows.reshape(-1)]


@TRANSFORMS.register_module()
class LoadClipFrames(SkeletonTransform):
    """Reads the images that :class:`~mmskel.data.transforms.modalities.SampleVideoAndPose` chose (``MMDecode``).

    The video is the sample's ``video`` (anything that can be opened; set by the inferencer), else the clip's ``rgb``
    path, as it is or below ``root``, else ``root/<clip id>`` with one of the ``names``. A video in another size than
    the clip's ``img_shape`` is usual (NTU RGB+D's are halved): the joints are scaled to it.

    Args:
        root: Folder of the videos; default: the sample's ``video_root``, which the data set fills from
            ``data_prefix=dict(video=...)``.
        names: File names for a clip id, tried in turn.
    """
    reads = ('keypoint', 'img_shape', 'video_inds')
    writes = (*COORDINATES, 'imgs', 'img_shape', 'original_shape')
    coords = (2, )
    needs_video = True

    def __init__(self, root: str = '', names: Sequence[str] = _NAMES):
        self.root, self.names = root, tuple(names)

    def transform(self, sample: dict[str, Any]) -> dict[str, Any]:
        """``imgs`` (n, H, W, 3) uint8 RGB; coordinates in the pixels of the video."""
        name = sample_name(sample)
        video = sample.get('video')
        video = self.find(sample) if video is None else video
        images = read_frames(video, sample['video_inds'] + sample.get('video_start', 0), name)
        size, stated = images.shape[1:3], tuple(sample['img_shape'])
        changed = dict(imgs=images, img_shape=size)
        if size != stated:
            ratio = np.array([size[1] / stated[1], size[0] / stated[0]], np.float32)
            changed.update({key: sample[key] * ratio for key in COORDINATES if key in sample}, original_shape=size)
        return changed

    def find(self, sample: dict[str, Any]) -> Path:
        """The video file of a clip.

        Raises:
            VideoError: There is none; names the clip and every path that was tried.
        """
        root = Path(self.root or sample.get('video_root') or '')
        stated = sample.get('rgb')
        places = [Path(stated), root / stated] if stated else []
        places += [root / name.format(sample['frame_dir']) for name in self.names]
        for place in places:
            if place.exists():
                return place
        tried = ', '.join(f"'{place}'" for place in dict.fromkeys(places))
        raise VideoError(f"clip '{sample_name(sample)}': its video was not found; tried {tried}; say where the "
                         'videos are: videos=FOLDER, or data_prefix=dict(video=FOLDER) of the data set')
