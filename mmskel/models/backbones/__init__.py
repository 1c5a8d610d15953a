"""One file per paper."""
from mmskel.models.backbones.st_gcn import SkeletonSTGCN

__all__ = ['SkeletonSTGCN']
