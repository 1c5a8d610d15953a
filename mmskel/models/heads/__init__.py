"""Heads that MMAction2 does not have."""
from mmskel.models.heads.group_activity import GroupActivityHead
from mmskel.models.heads.perceptron import PerceptronHead
from mmskel.models.heads.rgb_pose import RGBPoseFusionHead
from mmskel.models.heads.segment import SegmentHead
from mmskel.models.heads.stream_product import StreamProductHead

__all__ = ['GroupActivityHead', 'PerceptronHead', 'RGBPoseFusionHead', 'SegmentHead', 'StreamProductHead']
