"""Encoders, backbones and heads; importing this registers them into MMAction2's ``MODELS``."""
from mmskel.models.backbones import HDGCN, MPGCN, C3DLight, SkateFormer, SkeletonSTGCN, STCNet, X3DShallow
from mmskel.models.encoders import (
    HeatmapEncoder,
    PanoramaEncoder,
    PictureEncoder,
    RGBPoseEncoder,
    SkateEncoder,
    SkeletonEncoder,
    StreamEncoder,
)
from mmskel.models.heads import GroupActivityHead, RGBPoseFusionHead

__all__ = ['C3DLight', 'GroupActivityHead', 'HDGCN', 'HeatmapEncoder', 'MPGCN', 'PanoramaEncoder', 'PictureEncoder',
           'RGBPoseEncoder', 'RGBPoseFusionHead', 'STCNet', 'SkateEncoder', 'SkateFormer', 'SkeletonEncoder',
           'SkeletonSTGCN', 'StreamEncoder', 'X3DShallow']
