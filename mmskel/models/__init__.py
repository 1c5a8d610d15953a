"""Encoders, backbones, heads, losses, recognisers, aligners; importing this registers them into ``MODELS``."""
from mmskel.models.backbones import (
    HDGCN,
    MPGCN,
    C3DLight,
    CascadeFormer,
    SkateFormer,
    SkeletonSTGCN,
    STCNet,
    X3DShallow,
)
from mmskel.models.encoders import (
    HeatmapEncoder,
    PaddedStreamEncoder,
    PanoramaEncoder,
    PictureEncoder,
    RGBPoseEncoder,
    SkateEncoder,
    SkeletonEncoder,
    StreamEncoder,
)
from mmskel.models.heads import GroupActivityHead, PerceptronHead, RGBPoseFusionHead
from mmskel.models.losses import MaskedMSELoss
from mmskel.models.recognizers import MaskedPretraining
from mmskel.models.zero_shot import SADVAE, LinearAligner

__all__ = ['C3DLight', 'CascadeFormer', 'GroupActivityHead', 'HDGCN', 'HeatmapEncoder', 'LinearAligner', 'MPGCN',
           'MaskedMSELoss', 'MaskedPretraining', 'PaddedStreamEncoder', 'PanoramaEncoder', 'PerceptronHead',
           'PictureEncoder', 'RGBPoseEncoder', 'RGBPoseFusionHead', 'SADVAE', 'STCNet', 'SkateEncoder', 'SkateFormer',
           'SkeletonEncoder', 'SkeletonSTGCN', 'StreamEncoder', 'X3DShallow']
