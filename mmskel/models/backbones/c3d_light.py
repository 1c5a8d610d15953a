"""C3D-light: C3D at a quarter of the width, with batch norms, for heatmap volumes.

H. Duan, Y. Zhao, K. Chen, D. Lin, B. Dai, "Revisiting Skeleton-based Action Recognition" (PoseC3D), CVPR 2022,
arXiv 2104.13586. Official code: github.com/kennymckormick/pyskl (Apache-2.0). Tensors have the
official names. The pools average, as the official code's do (``docs/published/posec3d.md``, D14).
"""
from __future__ import annotations

from mmaction.registry import MODELS
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmengine.model.weight_init import kaiming_init
from torch import Tensor, nn
from torch.nn import functional

from mmskel.files.errors import UserError

# of each stage: the letters in the names, and the width relative to the base
_STAGES = (('a', 1), ('a', 2), ('ab', 4), ('ab', 8), ('ab', 8))


@MODELS.register_module()
class C3DLight(BaseModule):
    """C3D-light for ``Recognizer3D``: (N, C, T, H, W) in, (N, 256, T, H / 8, W / 8) out.

    Args:
        in_channels: Number of coordinates, C, the channels of the volume.
        base_channels: Width of the first stage.
        num_stages: Number of pools: 3 (four stages of convolutions), or 4 with a fifth stage.
        temporal_downsample: Whether the pools after the first also halve T.
        init_cfg: Initialisation in the form of MMEngine; the published one is built in.
    """

    def __init__(self, in_channels: int = 17, base_channels: int = 32, num_stages: int = 3,
                 temporal_downsample: bool = False, init_cfg: dict | list | None = None):
        super().__init__(init_cfg)
        if num_stages not in (3, 4):
            raise UserError(f'C3DLight has 3 or 4 pools, num_stages={num_stages}')
        self.num_stages, self.temporal_downsample = num_stages, temporal_downsample
        channels = in_channels
        for stage, (letters, ratio) in enumerate(_STAGES[:num_stages + 1], 1):
            for letter in letters:
                conv = ConvModule(channels, base_channels * ratio, 3, padding=1, bias=False,
                                  conv_cfg=dict(type='Conv3d'), norm_cfg=dict(type='BN3d'))
                self.add_module(f'conv{stage}{letter}', conv)
                channels = base_channels * ratio
        self.out_channels = channels

    def init_weights(self) -> None:
        """Kaiming normal; or the initialisation of ``init_cfg``, if there is one."""
        if self.init_cfg:
            super().init_weights()
            return
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                kaiming_init(module)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W) -> (N, channels, T', H', W')."""
        for stage, (letters, _) in enumerate(_STAGES[:self.num_stages + 1], 1):
            if stage > 1:
                # a single frame has nothing to average in time
                over_time = 2 if self.temporal_downsample and stage > 2 and x.shape[2] > 1 else 1
                x = functional.avg_pool3d(x, (over_time, 2, 2))
            for letter in letters:
                x = self.get_submodule(f'conv{stage}{letter}')(x)
        return x
