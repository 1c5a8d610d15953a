"""Encoders, backbones and heads; importing this registers them into MMAction2's ``MODELS``."""
from mmskel.models.backbones import HDGCN, MPGCN, SkeletonSTGCN
from mmskel.models.encoders import PanoramaEncoder, StreamEncoder
from mmskel.models.heads import GroupActivityHead

__all__ = ['GroupActivityHead', 'HDGCN', 'MPGCN', 'PanoramaEncoder', 'SkeletonSTGCN', 'StreamEncoder']
