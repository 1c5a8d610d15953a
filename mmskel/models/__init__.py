"""Encoders, backbones, heads, losses, recognisers, aligners; importing this registers them in ``MODELS``."""
from mmskel.models.backbones import (
    CTRGCN,
    HDGCN,
    MPGCN,
    C3DLight,
    CascadeFormer,
    Ensemble1DCNN,
    MANs,
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
    SeriesEncoder,
    SkateEncoder,
    SkeletonEncoder,
    StreamEncoder,
)
from mmskel.models.heads import GroupActivityHead, PerceptronHead, RGBPoseFusionHead, StreamProductHead
from mmskel.models.losses import KernelPenalty, MaskedMSELoss
from mmskel.models.recognizers import MaskedPretraining, PenalisedRecognizer
from mmskel.models.zero_shot import SADVAE, LinearAligner

__all__ = ['C3DLight', 'CTRGCN', 'CascadeFormer', 'Ensemble1DCNN', 'GroupActivityHead', 'HDGCN', 'HeatmapEncoder',
           'KernelPenalty', 'LinearAligner', 'MANs', 'MPGCN', 'MaskedMSELoss', 'MaskedPretraining',
           'PaddedStreamEncoder', 'PanoramaEncoder', 'PenalisedRecognizer', 'PerceptronHead', 'PictureEncoder',
           'RGBPoseEncoder', 'RGBPoseFusionHead', 'SADVAE', 'STCNet', 'SeriesEncoder', 'SkateEncoder', 'SkateFormer',
           'SkeletonEncoder', 'SkeletonSTGCN', 'StreamEncoder', 'StreamProductHead', 'X3DShallow']
