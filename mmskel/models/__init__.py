"""Encoders, backbones and heads; importing this registers them into MMAction2's ``MODELS``."""
from mmskel.models.backbones import HDGCN, C3DLight, SkeletonSTGCN, X3DShallow
from mmskel.models.encoders import HeatmapEncoder, PictureEncoder, RGBPoseEncoder, StreamEncoder
from mmskel.models.heads import RGBPoseFusionHead

__all__ = ['C3DLight', 'HDGCN', 'HeatmapEncoder', 'PictureEncoder', 'RGBPoseEncoder', 'RGBPoseFusionHead',
           'SkeletonSTGCN', 'StreamEncoder', 'X3DShallow']
