"""One file per paper."""
from mmskel.models.backbones.hd_gcn import HDGCN
from mmskel.models.backbones.mp_gcn import MPGCN
from mmskel.models.backbones.st_gcn import SkeletonSTGCN

__all__ = ['HDGCN', 'MPGCN', 'SkeletonSTGCN']
