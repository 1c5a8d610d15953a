"""One file per paper."""
from mmskel.models.backbones.c3d_light import C3DLight
from mmskel.models.backbones.cascadeformer import CascadeFormer
from mmskel.models.backbones.ctr_gcn import CTRGCN
from mmskel.models.backbones.ensemble_1dcnn import Ensemble1DCNN
from mmskel.models.backbones.gate_shift_pose import GSFLateFusion, JointConvNet
from mmskel.models.backbones.gsf_resnet import GSFResNet
from mmskel.models.backbones.hd_gcn import HDGCN
from mmskel.models.backbones.mans import MANs
from mmskel.models.backbones.mp_gcn import MPGCN
from mmskel.models.backbones.skateformer import SkateFormer
from mmskel.models.backbones.st_gcn import SkeletonSTGCN
from mmskel.models.backbones.stc_net import STCNet
from mmskel.models.backbones.x3d_shallow import X3DShallow

__all__ = ['C3DLight', 'CTRGCN', 'CascadeFormer', 'Ensemble1DCNN', 'GSFLateFusion', 'GSFResNet', 'HDGCN',
           'JointConvNet', 'MANs', 'MPGCN', 'STCNet', 'SkateFormer', 'SkeletonSTGCN', 'X3DShallow']
