"""Encoders, backbones, heads, losses and recognisers; importing this registers them into MMAction2's ``MODELS``."""
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

__all__ = ['C3DLight', 'CascadeFormer', 'GroupActivityHead', 'HDGCN', 'HeatmapEncoder', 'MPGCN', 'MaskedMSELoss',
           'MaskedPretraining', 'PaddedStreamEncoder', 'PanoramaEncoder', 'PerceptronHead', 'PictureEncoder',
           'RGBPoseEncoder', 'RGBPoseFusionHead', 'STCNet', 'SkateEncoder', 'SkateFormer', 'SkeletonEncoder',
           'SkeletonSTGCN', 'StreamEncoder', 'X3DShallow']
