"""Encoders, backbones and heads; importing this registers them into MMAction2's ``MODELS``."""
from mmskel.models.backbones import HDGCN, C3DLight, SkeletonSTGCN, X3DShallow
from mmskel.models.encoders import HeatmapEncoder, StreamEncoder

__all__ = ['C3DLight', 'HDGCN', 'HeatmapEncoder', 'SkateEncoder', 'SkateFormer', 'SkeletonSTGCN', 'StreamEncoder',
           'X3DShallow']
