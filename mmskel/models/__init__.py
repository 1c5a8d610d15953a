"""Encoders, backbones and heads; importing this registers them into MMAction2's ``MODELS``."""
from mmskel.models.backbones import HDGCN, SkateFormer, SkeletonSTGCN
from mmskel.models.encoders import SkateEncoder, StreamEncoder

__all__ = ['HDGCN', 'SkateEncoder', 'SkateFormer', 'SkeletonSTGCN', 'StreamEncoder']
