"""Heads that MMAction2 does not have."""
from mmskel.models.heads.group_activity import GroupActivityHead
from mmskel.models.heads.perceptron import PerceptronHead
from mmskel.models.heads.rgb_pose import RGBPoseFusionHead

__all__ = ['GroupActivityHead', 'PerceptronHead', 'RGBPoseFusionHead']
