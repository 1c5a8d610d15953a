"""Encoders, backbones, heads, losses, recognisers, aligners; importing this registers them in ``MODELS``."""
from mmskel.models.backbones import (
    CTRGCN,
    HDGCN,
    MPGCN,
    C3DLight,
    CascadeFormer,
    Ensemble1DCNN,
    GSFLateFusion,
    GSFResNet,
    JointConvNet,
    MANs,
    SkateFormer,
    SkeletonSTGCN,
    STCNet,
    X3DShallow,
)
from mmskel.models.encoders import (
    FramesAndPoseEncoder,
    FrameStackEncoder,
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
from mmskel.models.heads import GroupActivityHead, PerceptronHead, RGBPoseFusionHead, SegmentHead, StreamProductHead
from mmskel.models.losses import KernelPenalty, MaskedMSELoss
from mmskel.models.recognizers import MaskedPretraining, PenalisedRecognizer
from mmskel.models.zero_shot import SADVAE, LinearAligner

__all__ = ['C3DLight', 'CTRGCN', 'CascadeFormer', 'Ensemble1DCNN', 'FrameStackEncoder', 'FramesAndPoseEncoder',
           'GSFLateFusion', 'GSFResNet', 'GroupActivityHead', 'HDGCN', 'HeatmapEncoder', 'JointConvNet',
           'KernelPenalty', 'LinearAligner', 'MANs', 'MPGCN', 'MaskedMSELoss', 'MaskedPretraining',
           'PaddedStreamEncoder', 'PanoramaEncoder', 'PenalisedRecognizer', 'PerceptronHead', 'PictureEncoder',
           'RGBPoseEncoder', 'RGBPoseFusionHead', 'SADVAE', 'STCNet', 'SegmentHead', 'SeriesEncoder', 'SkateEncoder',
           'SkateFormer', 'SkeletonEncoder', 'SkeletonSTGCN', 'StreamEncoder', 'StreamProductHead', 'X3DShallow']
