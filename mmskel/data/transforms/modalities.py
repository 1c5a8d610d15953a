"""The frames that the two pathways of an RGB+pose network see."""
from __future__ import annotations

from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms.base import COORDINATES, SCORES, SkeletonTransform
from mmskel.data.transforms.sampling import pick_frames, uniform_frames


@TRANSFORMS.register_module()
class SampleVideoAndPose(SkeletonTransform):
    """Uniform sampling of images and of skeletons, each on its own (``MMUniformSampleFrames``;
    ``docs/published/posec3d.md``, D16): the two sets of frames are drawn one after another and are not aligned.

    Args:
        video_len: Number of images per clip; :class:`~mmskel.data.transforms.clip_frames.LoadClipFrames` reads them.
        pose_len: Number of skeletons per clip. None: all of them are kept, for networks of images alone; the crop
            around the persons is then that of the whole clip, as in the published pipeline (D16).
        num_clips, test_mode, seed: Arguments of :class:`~mmskel.data.transforms.sampling.SampleUniformly`; in test mode
            both sets begin the fixed draw again.
    """
    writes = (*COORDINATES, *SCORES, 'total_frames', 'num_clips', 'frame_inds', 'video_inds')

    def __init__(self, video_len: int = 8, pose_len: int | None = 32, num_clips: int = 1, test_mode: bool = False,
                 seed: int = 255):
        self.video_len, self.pose_len, self.num_clips = video_len, pose_len, num_clips
        self.test_mode, self.seed = test_mode, seed

    def make_params(self, sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        """The frames of both, (num_clips * length,) each."""
        def draw(length: int) -> np.ndarray:
            state = np.random.RandomState(self.seed if self.test_mode else rng.integers(2**32))
            return uniform_frames(sample['keypoint'].shape[1], length, self.num_clips, state,
                                  even_starts=self.test_mode)

        return dict(video=draw(self.video_len), pose=None if self.pose_len is None else draw(self.pose_len))

    def transform(self, sample: dict[str, Any], video: np.ndarray, pose: np.ndarray | None) -> dict[str, Any]:
        """Picks the skeletons and notes the images."""
        picked = {} if pose is None else dict(pick_frames(sample, pose), frame_inds=pose)
        return dict(picked, video_inds=video, num_clips=self.num_clips)
