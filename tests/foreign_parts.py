"""An encoder and a step such as somebody else may write: the contracts are all that they know of mmskel."""
import numpy as np
import torch
from mmaction.registry import MODELS, TRANSFORMS

from mmskel.data.transforms import SkeletonTransform
from mmskel.models.encoders import SkeletonEncoder
from mmskel.skeleton import get_layout


@MODELS.register_module()
class ReachEncoder(SkeletonEncoder):
    """Joints relative to one of them, and how far they are from it: (N, clips, M, T, V, C + 1).

    Args:
        layout: Joint order.
        stream: ``'reach'``, or ``'near'``: the inverse of the distance.
    """
    streams = ensemble = ('reach', 'near')

    def __init__(self, layout, stream='reach'):
        super().__init__()
        self.centre, self.stream = get_layout(layout).centre, stream

    def channels(self, coords=3):
        return coords + 1

    def encode(self, batch, samples=()):
        x = batch['keypoint']
        x = x - x[..., self.centre, None, :]
        far = x.norm(dim=-1, keepdim=True)
        return torch.cat([x, far if self.stream == 'reach' else 1 / (1 + far)], -1)


@TRANSFORMS.register_module()
class EveryOther(SkeletonTransform):
    """Frames spread evenly over the clip, backwards in some clips.

    Args:
        clip_len: Frames to pick.
        backwards: Share of the clips that run backwards.
    """
    writes = ('keypoint', 'keypoint_score', 'total_frames', 'num_clips')
    coords = (2, 3)

    def __init__(self, clip_len, backwards=0.):
        self.clip_len, self.backwards = clip_len, backwards

    def make_params(self, sample, rng):
        frames = np.linspace(0, sample['keypoint'].shape[1] - 1, self.clip_len).astype(int)
        return dict(frames=frames[::-1] if rng.random() < self.backwards else frames)

    def transform(self, sample, frames):
        picked = {key: sample[key][:, frames] for key in ('keypoint', 'keypoint_score') if key in sample}
        return dict(picked, total_frames=self.clip_len, num_clips=1)
