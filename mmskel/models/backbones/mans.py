"""MANs: a memory of the whole clip recalibrates its image of frames and joints; a 2-D network classifies the image.

C. Xie, C. Li, B. Zhang, C. Chen, J. Han, C. Zou, J. Liu, "Memory Attention Networks for Skeleton-based Action
Recognition", IJCAI 2018, arXiv 1804.08254. Official code: github.com/memory-attention-networks/MANs (licence: not
stated; no weights); written from the paper. Ours: any layout, number of persons and coordinates; the three memories as
one batch, the gate once per frame; PyTorch's GRU by default, and a gate that is trained (docs/published/mans.md).

Symbols: N clips, C coordinates, T rows (frames), D columns (joints of all persons), H width of the memory.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional

from mmskel.files.errors import UserError
from mmskel.models.layers.clip_shape import check_clip_shape
from mmskel.models.layers.densenet import DenseNet, load_densenet
from mmskel.models.layers.keras import BidirectionalGRUs, SameConv2d, he_normal_, keras_norm2d
from mmskel.models.layers.rows import exactly
from mmskel.skeleton import Layout, get_layout

NETWORKS = ('small', 'densenet161')
DENSENET_EPS = 1.1e-5  # of the published norms


class StackedLinear(nn.Module):
    """C linear layers, one per coordinate, as one product.

    Args:
        groups: Number of groups, C.
        in_channels, out_channels: Widths of each.
    """

    def __init__(self, groups: int, in_channels: int, out_channels: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(groups, out_channels, in_channels))
        self.bias = nn.Parameter(torch.zeros(groups, out_channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot uniform, zero biases."""
        for weight in self.weight:
            nn.init.xavier_uniform_(weight)
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(C, rows, in) -> (C, rows, out)."""
        return torch.baddbmm(self.bias[:, None], x, self.weight.mT)


class TARM(nn.Module):
    """The temporal attention recalibration module of every coordinate (section 3.1 of the paper).

    Args:
        coords: Number of coordinates, C.
        frames, columns: Numbers of frames T and columns D.
        channels: Width, H.
        gru: Kind of GRU, ``'torch'`` or ``'keras'``, see :class:`~mmskel.models.layers.keras.BidirectionalGRUs`.
        dropout: Share of the GRUs' inputs and of their states dropped in training.
        train_gate: Whether the gate learns.
    """

    def __init__(self, coords: int, frames: int, columns: int, channels: int, gru: str, dropout: float,
                 train_gate: bool):
        super().__init__()
        squeezed = max(frames // 16, 1)
        self.embed = StackedLinear(coords, columns, channels)
        self.squeeze = StackedLinear(coords, frames, squeezed).requires_grad_(train_gate)
        self.excite = StackedLinear(coords, squeezed, frames).requires_grad_(train_gate)
        self.gru = BidirectionalGRUs(coords, channels, channels, gru, dropout, dropout)
        self.proj = StackedLinear(coords, channels, columns)

    def recalibrate(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, T, D) -> the recalibrated image, of the same shape, and the gate (N, C, T)."""
        clips, coords, frames, columns = x.shape
        x = x.transpose(0, 1).reshape(coords, clips * frames, columns)
        embedded = self.embed(x).unflatten(1, (clips, frames))
        gate = self.excite(functional.relu(self.squeeze(embedded.mean(-1)))).sigmoid()
        memory = gate[..., None] * self.gru(embedded)
        x = x + self.proj(memory.flatten(1, 2))
        return x.unflatten(1, (clips, frames)).transpose(0, 1), gate.transpose(0, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, D), shape kept."""
        return self.recalibrate(x)[0]


class PreactivatedBlock(nn.Module):
    """Norm, ReLU and 3 x 3 convolution, twice, and the shortcut.

    Args:
        in_channels, channels: Widths before and after.
        stride: Stride of the first convolution.
        first: Whether this is the first block of the network, whose input is already activated.
    """

    def __init__(self, in_channels: int, channels: int, stride: int, first: bool = False):
        super().__init__()
        self.bn1 = None if first else keras_norm2d(in_channels)
        self.conv1 = SameConv2d(in_channels, channels, 3, stride)
        self.bn2 = keras_norm2d(channels)
        self.conv2 = SameConv2d(channels, channels, 3)
        changed = stride != 1 or in_channels != channels
        self.down = SameConv2d(in_channels, channels, 1, stride) if changed else None

    def forward(self, x: Tensor) -> Tensor:
        """(N, Cin, H, W) -> (N, channels, ceil(H / stride), ceil(W / stride))."""
        inner = x if self.bn1 is None else functional.relu(self.bn1(x), inplace=True)
        inner = self.conv2(functional.relu(self.bn2(self.conv1(inner)), inplace=True))
        return inner + (x if self.down is None else self.down(x))


class SmallSTCM(nn.Module):
    """The spatio-temporal convolution module of the published "MANs_9": nine convolutions deep.

    Args:
        in_channels: Number of coordinates, C.
        base_channels: Width of stem and first stage; every further stage has twice the width.
        repetitions: Number of blocks of every stage.
    """

    def __init__(self, in_channels: int, base_channels: int, repetitions: Sequence[int]):
        super().__init__()
        self.stem = nn.Module()
        self.stem.conv = SameConv2d(in_channels, base_channels, 5, 2)
        self.stem.bn = keras_norm2d(base_channels)
        self.stages, channels = nn.ModuleList(), base_channels
        for stage, blocks in enumerate(repetitions):
            width = base_channels * 2**stage
            self.stages.append(nn.Sequential(*(
                PreactivatedBlock(channels if block == 0 else width, width, 2 if stage and not block else 1,
                                  first=stage == block == 0) for block in range(blocks))))
            channels = width
        self.norm, self.out_channels = keras_norm2d(channels), channels
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                he_normal_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, out_channels, H', W')."""
        x = functional.relu(self.stem.bn(self.stem.conv(x)), inplace=True)
        for stage in self.stages:
            x = stage(x)
        return functional.relu(self.norm(x), inplace=True)


@MODELS.register_module()
class MANs(BaseModule):
    """MANs for ``RecognizerGCN``: (N, M, T, V, C) in, (N, 1, channels, T', D') out, all persons in one image.

    Args:
        layout: Joint order; only the number of joints counts.
        in_channels: Number of coordinates, C.
        num_person: Number of persons, M; whose joints are side by side.
        network: Network that classifies the image: ``'small'`` (the published MANs_9) or ``'densenet161'``.
        num_frames: Number of frames T, the rows of the image; a shorter clip is centred among zeros, and frames of a
            longer one are picked evenly. Default: 50; for DenseNet-161, 224.
        columns: Number of columns, D. Default: M V; for DenseNet-161, at least 224.
        resize: Conversion of M V joints to D columns: ``'pad'``, zeros on both sides, as published, or ``'bilinear'``.
        hidden: Width of the memory, H. Default: 64; for DenseNet-161, 128.
        gru: Kind of GRU, ``'torch'`` or ``'keras'``, the published one, see
            :class:`~mmskel.models.layers.keras.BidirectionalGRUs`.
        gru_dropout: Share of the GRUs' inputs and states dropped in training. Default, as published: 0.5; for
            DenseNet-161, none.
        gate: State of the gate: ``'trained'``, or ``'untrained'``, as in the published code, where it keeps its initial
            values.
        base_channels: Width of the stem. Default: 64; for DenseNet-161, 96.
        repetitions: Number of blocks of every stage of the small network.
        pretrained: Checkpoint of an ImageNet DenseNet-161 with torchvision's names, for three coordinates.
        init_cfg: Initialisation in the form of MMEngine; the published one is built in.
    """

    def __init__(self, layout: str | Layout, in_channels: int = 3, num_person: int = 2, network: str = 'small',
                 num_frames: int | None = None, columns: int | None = None, resize: str = 'pad',
                 hidden: int | None = None, gru: str = 'torch', gru_dropout: float | None = None,
                 gate: str = 'trained', base_channels: int | None = None, repetitions: Sequence[int] = (2, 2),
                 pretrained: str | None = None, init_cfg: dict | list | None = None):
        super().__init__(init_cfg)
        if network not in NETWORKS:
            raise UserError(f"MANs: unknown network '{network}'; known: {', '.join(NETWORKS)}")
        if resize not in ('pad', 'bilinear') or gate not in ('trained', 'untrained'):
            raise UserError("MANs: resize must be 'pad' or 'bilinear', gate 'trained' or 'untrained'; found "
                            f'{resize!r} and {gate!r}')
        small, layout = network == 'small', get_layout(layout)
        if pretrained and small:
            raise UserError("MANs: pretrained is a checkpoint of network='densenet161'; the small one has none")
        joints = num_person * layout.num_joints
        columns = columns or (joints if small else max(joints, 224))
        if resize == 'pad' and columns < joints:
            raise UserError(f"MANs: {num_person} persons with the {layout.num_joints} joints of '{layout.name}' do "
                            f"not fit into {columns} columns; set columns={joints}, or resize='bilinear'")
        self.layout, self.num_joints, self.num_person = layout.name, layout.num_joints, num_person
        self.in_channels, self.columns, self.resize, self.pretrained = in_channels, columns, resize, pretrained
        self.num_frames = num_frames or (50 if small else 224)
        dropout = (0.5 if small else 0.) if gru_dropout is None else gru_dropout
        self.tarm = TARM(in_channels, self.num_frames, columns, hidden or (64 if small else 128), gru, dropout,
                         gate == 'trained')
        base = base_channels or (64 if small else 96)
        self.stcm = SmallSTCM(in_channels, base, repetitions) if small else \
            DenseNet(in_channels, base, base // 2, eps=DENSENET_EPS)
        self.out_channels = self.stcm.out_channels

    def init_weights(self) -> None:
        """Initialises as ``init_cfg`` says, then loads the pretrained network, if one is named."""
        super().init_weights()
        if self.pretrained:
            load_densenet(self.stcm, self.pretrained)

    def image(self, x: Tensor) -> Tensor:
        """The clip as an image, (N, M, T, V, C) -> (N, C, rows, columns).

        Raises:
            UserError: A different number of persons, joints or coordinates than the network was built for.
        """
        check_clip_shape(x, 'MANs', self.layout, (self.num_person, self.num_joints, self.in_channels))
        x = exactly(x, 2, self.num_frames, centre=True)
        x = x.permute(0, 4, 2, 1, 3).flatten(3)
        spare = self.columns - x.shape[-1]
        if not spare:
            return x
        if self.resize == 'pad':
            return functional.pad(x, (spare // 2, spare - spare // 2))
        return functional.interpolate(x, (self.num_frames, self.columns), mode='bilinear', align_corners=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, M, T, V, C) -> (N, 1, channels, T', D')."""
        return self.stcm(self.tarm(self.image(x)))[:, None]
