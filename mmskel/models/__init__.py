"""Encoders, backbones and heads; importing this registers them into MMAction2's ``MODELS``."""
from mmskel.models.backbones import (
    HDGCN,
    MPGCN,
    C3DLight,
    Ensemble1DCNN,
    MANs,
    SkateFormer,
    SkeletonSTGCN,
    X3DShallow,
)
from mmskel.models.encoders import (
    HeatmapEncoder,
    PanoramaEncoder,
    PictureEncoder,
    RGBPoseEncoder,
    SeriesEncoder,
    SkateEncoder,
    SkeletonEncoder,
    StreamEncoder,
)
from mmskel.models.heads import GroupActivityHead, RGBPoseFusionHead, StreamProductHead
from mmskel.models.losses import KernelPenalty
from mmskel.models.recognizers import PenalisedRecognizer

__all__ = ['C3DLight', 'Ensemble1DCNN', 'GroupActivityHead', 'HDGCN', 'HeatmapEncoder', 'KernelPenalty', 'MANs',
           'MPGCN', 'PanoramaEncoder', 'PenalisedRecognizer', 'PictureEncoder', 'RGBPoseEncoder', 'RGBPoseFusionHead',
           'SeriesEncoder', 'SkateEncoder', 'SkateFormer', 'SkeletonEncoder', 'SkeletonSTGCN', 'StreamEncoder',
           'StreamProductHead', 'X3DShallow']
