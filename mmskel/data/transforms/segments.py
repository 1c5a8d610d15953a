"""Frames and skeletons of the same segments of a clip: the sampling of Gate-Shift-Pose."""
from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import COORDINATES, SCORES, SkeletonTransform, sample_name
from mmskel.data.transforms.sampling import pick_frames
from mmskel.files.errors import UserError
from mmskel.skeleton.segments import random_segments, segments_of_views


@TRANSFORMS.register_module()
class SampleSegments(SkeletonTransform):
    """One frame from each of several equal segments, image and skeleton alike.

    :class:`~mmskel.data.transforms.clip_frames.LoadClipFrames` reads the images. For RGBPose-Conv3D, which sees fewer
    images than skeletons, ``video_len`` images are those of every so many segments; both pathways then show the same
    moments (:class:`~mmskel.data.transforms.modalities.SampleVideoAndPose` draws them apart, as published).

    Args:
        clip_len: Number of segments, and of skeletons.
        video_len: Number of images, a divisor of ``clip_len``; default: one per skeleton.
        num_clips: Number of clips of the video. In test mode two are the starts and the centres of the segments, as
            published.
        test_mode: Whether one clip is the centres of the segments; in training, a random frame of each.
        corrected: Whether frames are counted from 0. The released code counts from 1 and looks in files counted from 0:
            the first frame is never seen, and for the one after the last it takes the second
            (``docs/published/gate_shift_pose.md``, D6).

    Raises:
        UserError: A number of images that does not divide the number of segments.
    """
    writes = (*COORDINATES, *SCORES, 'total_frames', 'num_clips', 'clip_len', 'frame_inds', 'video_inds')
    knobs = {'pose_len': 'clip_len'}

    def __init__(self, clip_len: int = 16, video_len: int | None = None, num_clips: int = 1, test_mode: bool = False,
                 corrected: bool = False):
        if clip_len < 1 or num_clips < 1 or video_len is not None and (video_len < 1 or clip_len % video_len):
            raise UserError(f'SampleSegments: video_len={video_len} images of clip_len={clip_len} segments, '
                            f'num_clips={num_clips}; expected positive numbers, and images that divide the segments')
        self.clip_len, self.video_len, self.num_clips = clip_len, video_len, num_clips
        self.test_mode, self.corrected = test_mode, corrected

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """The frames, (num_clips, clip_len).

        Raises:
            UserError: A clip without frames; names it.
        """
        total = sample['keypoint'].shape[1]
        if not total:
            raise UserError(f"clip '{sample_name(sample)}' has no frames to sample")
        if self.test_mode:
            frames = segments_of_views(total, self.clip_len, self.num_clips, rng)
        else:
            frames = np.stack([random_segments(total, self.clip_len, rng) for _ in range(self.num_clips)])
        if self.corrected:
            return dict(frames=frames - 1)
        return dict(frames=np.where(frames < total, frames, min(1, total - 1)))

    def transform(self, sample: dict[str, Any], frames: np.ndarray) -> dict[str, Any]:
        """Picks the skeletons and notes the images."""
        step = self.clip_len // (self.video_len or self.clip_len)
        return dict(pick_frames(sample, frames.reshape(-1)), num_clips=self.num_clips, clip_len=self.clip_len,
                    frame_inds=frames.reshape(-1), video_inds=frames[:, step // 2::step].reshape(-1))
