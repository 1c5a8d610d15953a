"""Gate-Shift-Pose's networks that read joints as numbers: the late fusion with images, and joints alone.

E. Bianchi, O. Lanz, "Gate-Shift-Pose: Enhancing Action Recognition in Sports with Skeleton Information", WACVW 2025,
arXiv 2503.04470. Official code: github.com/EdoWhite/Gate-Shift-Pose (licence: not stated; no weights); written from the
paper and from a description of that code. Ours: any layout, and attention over the segments of a clip
(docs/published/gate_shift_pose.md, D4). The early fusion is :class:`~mmskel.models.backbones.GSFResNet` on four
channels.

Symbols: R rows (clips and views), T frames, V joints, E channels of both features side by side.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional

from mmskel.files.errors import UserError
from mmskel.models.backbones.gsf_resnet import GSFResNet
from mmskel.skeleton import Layout, get_layout

ATTENTION = ('linear', 'segments', 'none')


class JointPerceptron(nn.Module):
    """The pose branch of the late fusion: three linear layers over the coordinates of a frame.

    Args:
        in_channels: Number of coordinates of a frame.
        base_channels: Width of the first layer; the other two have twice as many.
    """

    def __init__(self, in_channels: int, base_channels: int):
        super().__init__()
        self.out_channels = 2 * base_channels
        self.fc1 = nn.Linear(in_channels, base_channels)
        self.fc2 = nn.Linear(base_channels, self.out_channels)
        self.fc3 = nn.Linear(self.out_channels, self.out_channels)

    def forward(self, pose: Tensor) -> Tensor:
        """(..., coordinates) -> (..., out_channels)."""
        return self.fc3(functional.relu(self.fc2(functional.relu(self.fc1(pose)))))


class FrameAttention(nn.Module):
    """Self-attention of the fused features, as published or over the frames of a clip.

    Args:
        channels: Number of channels, E.
        over_segments: Whether the frames of a clip attend to each other. Published, every frame attends to itself
            alone, so that the attention is a linear map (``docs/published/gate_shift_pose.md``, D4).
        train_value: Whether the value projection of the linear map is trained; published, it keeps its random values.
        num_heads: Number of heads.
        dropout: Dropout of the attention; in the linear map it drops heads.
    """

    def __init__(self, channels: int, over_segments: bool, train_value: bool, num_heads: int = 4, dropout: float = 0.5):
        super().__init__()
        if channels % num_heads:
            raise UserError(f'{channels} channels of images and joints do not divide into {num_heads} heads of '
                            'attention; change base_channels')
        self.over_segments, self.num_heads, self.dropout = over_segments, num_heads, dropout
        # a module of PyTorch for the names and initial values of its tensors, which both forms share
        self.tensors = nn.MultiheadAttention(channels, num_heads)
        trained = over_segments or train_value
        self.tensors.in_proj_weight.requires_grad_(trained)
        self.tensors.in_proj_bias.requires_grad_(trained)

    def forward(self, x: Tensor) -> Tensor:
        """(R, T, E), shape kept."""
        channels, own = x.shape[-1], self.tensors
        if self.over_segments:
            heads = functional.linear(x, own.in_proj_weight, own.in_proj_bias).unflatten(-1, (3, self.num_heads, -1))
            query, key, value = heads.permute(2, 0, 3, 1, 4)
            mixed = functional.scaled_dot_product_attention(
                query, key, value, dropout_p=self.dropout if self.training else 0.)
            return own.out_proj(mixed.transpose(1, 2).flatten(2))
        value = functional.linear(x, own.in_proj_weight[-channels:], own.in_proj_bias[-channels:])
        if self.training and self.dropout:
            kept = functional.dropout(value.new_ones(*value.shape[:2], self.num_heads, 1), self.dropout)
            value = (value.unflatten(-1, (self.num_heads, -1)) * kept).flatten(2)
        return own.out_proj(value)


@MODELS.register_module()
class GSFLateFusion(BaseModule):
    """Images through a GSF-ResNet, joints through linear layers, and what both say of a frame refined together.

    For ``MMRecognizer3D``: ``imgs`` (R, 3, T, H, W) and ``pose`` (R, T, V C) -> (R, E / 4, T, 1, 1).

    Args:
        layout: Joint order; only the number of joints counts.
        attention: Attention between concatenation and refinement: ``'linear'``, as published, ``'segments'``, over the
            frames of a clip, or ``'none'``. See :class:`FrameAttention`.
        train_value: Whether the value projection of the linear attention is trained; published, it is not.
        dropout: Dropout of the images' feature, of the attention and of the refinement.
        coords: Number of coordinates per joint, C.
        depth, base_channels, stage_blocks, ratio, pretrained: Arguments of
            :class:`~mmskel.models.backbones.GSFResNet`; the pose branch is as wide as the stem.
        init_cfg: Initialisation in the form of MMEngine; the published one is built in.
    """

    def __init__(self, layout: str | Layout, attention: str = 'linear', train_value: bool = False, dropout: float = 0.5,
                 coords: int = 2, depth: int = 50, base_channels: int = 64, stage_blocks: Sequence[int] | None = None,
                 ratio: int = 100, pretrained: str | None = None, init_cfg: dict | list | None = None):
        super().__init__(init_cfg)
        if attention not in ATTENTION:
            raise UserError(f'GSFLateFusion: attention must be one of {", ".join(ATTENTION)}, not {attention!r}')
        table = get_layout(layout)
        self.layout, self.num_joints, self.coords, self.dropout = table.name, table.num_joints, coords, dropout
        self.rgb = GSFResNet(depth, 3, base_channels, stage_blocks, ratio, pretrained)
        self.pose = JointPerceptron(self.num_joints * coords, base_channels)
        channels = self.rgb.out_channels + self.pose.out_channels
        self.attention = None if attention == 'none' else \
            FrameAttention(channels, attention == 'segments', train_value, dropout=dropout)
        self.out_channels = channels // 4
        self.refine = nn.Sequential(
            nn.Linear(channels, channels // 2), nn.BatchNorm1d(channels // 2), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(channels // 2, self.out_channels), nn.BatchNorm1d(self.out_channels), nn.ReLU(),
            nn.Dropout(dropout))

    def forward(self, imgs: Tensor, pose: Tensor) -> Tensor:
        """(R, 3, T, H, W) and (R, T, V C) -> (R, E / 4, T, 1, 1).

        Raises:
            UserError: Joints of another number of frames than the images, or of another layout.
        """
        rows, frames = imgs.shape[0], imgs.shape[2]
        expected = (rows, frames, self.num_joints * self.coords)
        if tuple(pose.shape) != expected:
            raise UserError(f'GSFLateFusion: joints {tuple(pose.shape)} do not fit images {tuple(imgs.shape)}; '
                            f"expected {expected}: for each of the {frames} frames {self.coords} coordinates of the "
                            f"{self.num_joints} joints of '{self.layout}'")
        images = functional.dropout(self.rgb_features(imgs), self.dropout, self.training)
        x = torch.cat([functional.normalize(images, dim=-1), functional.normalize(self.pose(pose), dim=-1)], -1)
        if self.attention is not None:
            x = self.attention(x)
        x = self.refine(x.flatten(0, 1))
        return x.unflatten(0, (rows, frames)).transpose(1, 2)[..., None, None]

    def rgb_features(self, imgs: Tensor) -> Tensor:
        """(R, 3, T, H, W) -> (R, T, C), the mean over every image."""
        return self.rgb(imgs).mean((3, 4)).transpose(1, 2)


@MODELS.register_module()
class JointConvNet(BaseModule):
    """Gate-Shift-Pose's network of joints alone, for ``RecognizerGCN``: (R, M, T, V, C) -> (R, M, channels, T, 1).

    Every frame for itself: two convolutions along the list of joints, and a linear layer.

    Args:
        layout: Joint order; only the number of joints counts.
        in_channels: Number of coordinates or channels per joint, C.
        base_channels: Width of the first convolution; the second has twice, the result four times as many.
        init_cfg: Initialisation in the form of MMEngine; PyTorch's is kept, as published.
    """

    def __init__(self, layout: str | Layout, in_channels: int = 2, base_channels: int = 32,
                 init_cfg: dict | list | None = None):
        super().__init__(init_cfg)
        table = get_layout(layout)
        self.layout, self.num_joints, self.in_channels = table.name, table.num_joints, in_channels
        self.out_channels = 4 * base_channels
        self.conv1 = nn.Conv1d(in_channels, base_channels, 3, padding=1)
        self.conv2 = nn.Conv1d(base_channels, 2 * base_channels, 3, padding=1)
        self.fc = nn.Linear(2 * base_channels * self.num_joints, self.out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(R, M, T, V, C) -> (R, M, channels, T, 1).

        Raises:
            UserError: Another number of joints or channels than the network was built for.
        """
        if tuple(x.shape[-2:]) != (self.num_joints, self.in_channels):
            raise UserError(f"JointConvNet was built for the {self.num_joints} joints of '{self.layout}' and "
                            f'in_channels={self.in_channels}; found {x.shape[-2]} joints of {x.shape[-1]} channels')
        joints = x.flatten(0, 2).transpose(1, 2)
        joints = functional.relu(self.conv2(functional.relu(self.conv1(joints))))
        return self.fc(joints.flatten(1)).unflatten(0, x.shape[:3]).transpose(2, 3)[..., None]
