"""Classifiers behind backbones, where MMAction2's do not do."""
from mmskel.models.heads.rgb_pose import RGBPoseFusionHead

__all__ = ['RGBPoseFusionHead']
