"""One file per paper."""
from mmskel.models.backbones.hd_gcn import HDGCN
from mmskel.models.backbones.skateformer import SkateFormer
from mmskel.models.backbones.st_gcn import SkeletonSTGCN

__all__ = ['HDGCN', 'SkateFormer', 'SkeletonSTGCN']
