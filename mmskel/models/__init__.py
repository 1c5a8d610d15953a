"""Encoders, backbones, heads and aligners; importing this registers them into MMAction2's ``MODELS``."""
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
from mmskel.models.zero_shot import SADVAE, LinearAligner

__all__ = ['C3DLight', 'GroupActivityHead', 'HDGCN', 'HeatmapEncoder', 'LinearAligner', 'MPGCN', 'PanoramaEncoder',
           'PictureEncoder', 'RGBPoseEncoder', 'RGBPoseFusionHead', 'SADVAE', 'SkateEncoder', 'SkateFormer',
           'SkeletonEncoder', 'SkeletonSTGCN', 'STCNet', 'StreamEncoder', 'X3DShallow']
