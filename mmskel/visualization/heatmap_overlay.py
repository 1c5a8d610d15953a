"""The heatmap of everybody's joints over an image, as networks with a heatmap channel get it."""
from __future__ import annotations

import numpy as np

from mmskel.skeleton import Clip

_COLOUR = (40, 120, 255)  # blue, green, red: a warm light
_STRENGTH = .7
_SIGMA = 10 / 360  # of the image's height, as Gate-Shift-Pose's is published


class HeatmapOverlay:
    """Lights up the joints of a clip's persons in frames of its video.

    Args:
        clip: (M, T, V, 2) in pixels; M may be 0.
    """

    def __init__(self, clip: Clip):
        self.clip, self.seen = clip, clip.seen

    def paint(self, image: np.ndarray, index: int) -> np.ndarray:
        """A copy of (H, W, 3) uint8 BGR with the heatmap of frame ``index``."""
        import torch

        from mmskel.models.encoders.frame_stack import joint_heatmap
        joints = np.where(self.seen[:, index, :, None], self.clip.keypoint[:, index], 0).reshape(1, -1, 2)
        heat = joint_heatmap(torch.from_numpy(joints.astype(np.float32)), image.shape[:2], _SIGMA * image.shape[0])
        light = _STRENGTH * heat[0].numpy()[..., None]
        return (image * (1 - light) + np.array(_COLOUR, np.float32) * light).astype(np.uint8)
