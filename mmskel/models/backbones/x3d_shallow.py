"""X3D-shallow: depthwise 3-D convolutions in three stages, the smallest of PoseC3D's networks.

H. Duan, Y. Zhao, K. Chen, D. Lin, B. Dai, "Revisiting Skeleton-based Action Recognition" (PoseC3D), CVPR 2022,
arXiv 2104.13586. Official code: github.com/kennymckormick/pyskl (Apache-2.0). See
``docs/published/posec3d.md``, D15. Tensors have
the official names. MMAction2's ``X3D`` cannot be this network: its widths are fixed and it always uses Swish.
"""
from __future__ import annotations

import math
from collections.abc import Sequence

from mmaction.registry import MODELS
from mmcv.cnn import ConvModule, Swish
from mmengine.model import BaseModule, Sequential
from mmengine.model.weight_init import constant_init, kaiming_init
from torch import Tensor, nn
from torch.nn import functional

from mmskel.files.errors import UserError


def rounded_width(width: float) -> int:
    """The nearest multiple of 8, at least 8, and not more than a tenth below ``width``."""
    nearest = max(8, int(width + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * width else nearest


def _conv(in_channels: int, out_channels: int, kernel: int | Sequence[int], stride: int | Sequence[int] = 1,
          groups: int = 1, norm: bool = True, relu: bool = True) -> ConvModule:
    padding = kernel // 2 if isinstance(kernel, int) else tuple(k // 2 for k in kernel)
    return ConvModule(in_channels, out_channels, kernel, stride, padding, groups=groups, bias=False,
                      conv_cfg=dict(type='Conv3d'), norm_cfg=dict(type='BN3d') if norm else None,
                      act_cfg=dict(type='ReLU') if relu else None)


class SEModule(nn.Module):
    """Squeeze and excitation: a gate per channel from its mean.

    Args:
        channels: Number of channels, C.
        ratio: Width of the inner layer relative to C.
    """

    def __init__(self, channels: int, ratio: float):
        super().__init__()
        self.fc1 = nn.Conv3d(channels, rounded_width(channels * ratio), 1)
        self.fc2 = nn.Conv3d(self.fc1.out_channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W), shape kept."""
        return x * self.fc2(functional.relu(self.fc1(x.mean((2, 3, 4), keepdim=True)))).sigmoid()


class X3DBlock(nn.Module):
    """Expand, depthwise 3 x 3 x 3, reduce, shortcut.

    Args:
        in_channels, inner_channels, out_channels: Widths before, inside and after.
        stride: Stride of height and width.
        se_ratio: Ratio of squeeze and excitation; None: no such module.
        swish: Whether Swish follows the depthwise convolution; otherwise nothing does.
    """

    def __init__(self, in_channels: int, inner_channels: int, out_channels: int, stride: int, se_ratio: float | None,
                 swish: bool):
        super().__init__()
        strides = (1, stride, stride)
        self.conv1 = _conv(in_channels, inner_channels, 1)
        self.conv2 = _conv(inner_channels, inner_channels, 3, strides, groups=inner_channels, relu=False)
        self.se_module = SEModule(inner_channels, se_ratio) if se_ratio else nn.Identity()
        self.swish = Swish() if swish else nn.Identity()
        self.conv3 = _conv(inner_channels, out_channels, 1, relu=False)
        changed = stride != 1 or in_channels != out_channels
        self.downsample = _conv(in_channels, out_channels, 1, strides, relu=False) if changed else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, Cin, T, H, W) -> (N, Cout, T, H / stride, W / stride)."""
        inner = self.swish(self.se_module(self.conv2(self.conv1(x))))
        return functional.relu(self.conv3(inner) + self.downsample(x))


@MODELS.register_module()
class X3DShallow(BaseModule):
    """X3D-shallow for ``Recognizer3D``: (N, C, T, H, W) in, (N, 216, T, H / 16, W / 16) out.

    Args:
        in_channels: Number of coordinates, C, the channels of the volume.
        base_channels: Width of stem and first stage; every further stage has twice the width.
        num_stages, stage_blocks, spatial_strides: Number of stages, their blocks and strides.
        gamma_w, gamma_b, gamma_d: Factors of width, of the blocks' inner width, and of depth.
        se_ratio, se_style: Squeeze and excitation in every second block (``'half'``) or in all of them (``'all'``);
            None: none, as published for poses.
        use_swish: Whether Swish is used inside the blocks; published for poses: no.
        init_cfg: Initialisation in the form of MMEngine; the published one is built in.
    """

    def __init__(self, in_channels: int = 17, base_channels: int = 24, num_stages: int = 3,
                 stage_blocks: Sequence[int] = (2, 5, 3), spatial_strides: Sequence[int] = (2, 2, 2),
                 gamma_w: float = 1, gamma_b: float = 2.25, gamma_d: float = 1, se_ratio: float | None = None,
                 se_style: str = 'half', use_swish: bool = False, init_cfg: dict | list | None = None):
        super().__init__(init_cfg)
        if not num_stages == len(stage_blocks) == len(spatial_strides):
            raise UserError(f'X3DShallow: num_stages={num_stages} needs as many stage_blocks and spatial_strides; '
                            f'found {tuple(stage_blocks)} and {tuple(spatial_strides)}')
        if se_style not in ('half', 'all'):
            raise UserError(f"X3DShallow: se_style must be 'half' or 'all', not {se_style!r}")
        channels = base_channels if gamma_w == 1 else rounded_width(base_channels * gamma_w)
        self.num_stages = num_stages
        self.conv1_s = _conv(in_channels, channels, (1, 3, 3), (1, 2, 2), norm=False, relu=False)
        self.conv1_t = _conv(channels, channels, (5, 1, 1), groups=channels)
        for stage in range(num_stages):
            width = base_channels * 2**stage if gamma_w == 1 else rounded_width(base_channels * 2**stage * gamma_w)
            blocks = []
            for block in range(math.ceil(stage_blocks[stage] * gamma_d)):
                gated = se_ratio if se_style == 'all' or block % 2 == 0 else None
                blocks.append(X3DBlock(channels, int(gamma_b * width), width, 1 if block else spatial_strides[stage],
                                       gated, use_swish))
                channels = width
            self.add_module(f'layer{stage + 1}', Sequential(*blocks))
        self.out_channels = int(gamma_b * channels)
        self.conv5 = _conv(channels, self.out_channels, 1)

    def init_weights(self) -> None:
        """Kaiming normal, the gain of every block's last norm 0; or as ``init_cfg`` says."""
        if self.init_cfg:
            super().init_weights()
            return
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                kaiming_init(module)
        for module in self.modules():
            if isinstance(module, X3DBlock):
                constant_init(module.conv3.bn, 0)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W) -> (N, channels, T, H', W')."""
        x = self.conv1_t(self.conv1_s(x))
        for stage in range(1, self.num_stages + 1):
            x = self.get_submodule(f'layer{stage}')(x)
        return self.conv5(x)
