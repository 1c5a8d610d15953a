"""Encoders, backbones and heads; importing this registers them into MMAction2's ``MODELS``."""
from mmskel.models.backbones import HDGCN, SkeletonSTGCN
from mmskel.models.encoders import StreamEncoder

__all__ = ['HDGCN', 'SkeletonSTGCN', 'StreamEncoder']
