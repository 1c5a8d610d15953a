"""CTR-GCN: a graph of its own for every channel, a learned one refined by how alike the joints are in that channel.

Y. Chen, Z. Zhang, C. Yuan, B. Li, Y. Deng, W. Hu, "Channel-wise Topology Refinement Graph Convolution for
Skeleton-Based Action Recognition", ICCV 2021, arXiv 2107.12213. Official code: github.com/Uason-Chen/CTR-GCN
(licence not stated). This is the form that PYSKL (github.com/kennymckormick/pyskl, Apache-2.0) released weights of,
under its names; ``official=True`` is the authors' (docs/published/ctr_gcn.md).
Ours: any layout; joints are compared after the mean over time, and the three graphs' products add up in place.

Inside, tensors are (B, C, T, V), B = N * M.
"""
from __future__ import annotations

import torch
from mmaction.models.utils import unit_tcn
from mmaction.registry import MODELS
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn
from torch.nn import functional

from mmskel.files.errors import UserError
from mmskel.skeleton import Layout, get_layout, partition


class RefinedTopology(nn.Module):
    """The convolutions of one CTR-GC (the paper's equations 6 to 8).

    Args:
        in_channels, out_channels: Numbers of channels before and after.
    """

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        relation = 8 if in_channels <= 16 else in_channels // 8
        self.conv1 = nn.Conv2d(in_channels, relation, 1)
        self.conv2 = nn.Conv2d(in_channels, relation, 1)
        self.conv3 = nn.Conv2d(in_channels, out_channels, 1)
        self.conv4 = nn.Conv2d(relation, out_channels, 1)

    def forward(self, mean: Tensor, strength: Tensor) -> Tensor:
        """The refinement of the graph in every channel: ``strength * conv4(tanh(conv1(x_u) - conv2(x_v)))``.

        Args:
            mean: (B, Cin, 1, V) mean over time. A 1 x 1 convolution of the mean is the mean of the convolution.
            strength: (1,) factor.

        Returns:
            (B, Cout, V, V), rows u and columns v.
        """
        apart = torch.tanh(self.conv1(mean).transpose(2, 3) - self.conv2(mean))
        return functional.conv2d(apart, self.conv4.weight * strength, self.conv4.bias * strength)


class RefinedGraphConv(nn.Module):
    """CTR-GC over the subsets of a partition, their sum, a norm and a shortcut.

    Args:
        in_channels, out_channels: Numbers of channels before and after.
        graph: (K, V, V) start of the learned graphs.
        rows_receive: Whether a graph's rows are the joints that receive; otherwise its columns are.
    """

    def __init__(self, in_channels: int, out_channels: int, graph: Tensor, rows_receive: bool = False):
        super().__init__()
        self.rows_receive = rows_receive
        self.convs = nn.ModuleList(RefinedTopology(in_channels, out_channels) for _ in graph)
        self.A = nn.Parameter(graph.clone())
        self.alpha = nn.Parameter(torch.zeros(1))
        self.bn = nn.BatchNorm2d(out_channels)
        self.down = nn.Identity()
        if in_channels != out_channels:
            self.down = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1), nn.BatchNorm2d(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, Cin, T, V) -> (B, Cout, T, V)."""
        mean, total = x.mean(2, keepdim=True), None
        for convs, graph in zip(self.convs, self.A):
            topology = (graph + convs(mean, self.alpha)).flatten(0, 1)
            if self.rows_receive:
                topology = topology.transpose(1, 2)
            sent = convs.conv3(x).flatten(0, 1)
            total = torch.bmm(sent, topology) if total is None else torch.baddbmm(total, sent, topology)
        total = total.unflatten(0, (-1, self.bn.num_features))
        return functional.relu(self.bn(total) + self.down(x))


class TemporalBranches(nn.Module):
    """Dilated convolutions, a maximum of three frames and a 1 x 1 convolution side by side, each behind its own norm.

    Args:
        channels: Number of channels, C, kept; the last branch has what a division by their number leaves over.
        stride: Stride over time; the output has ceil(T / stride) frames.
        kernel_size: Number of taps of the dilated convolutions.
        dilations: Dilations, one branch each.
        dropout: Dropout after everything.
        activate: Whether a ReLU comes before the dropout.
    """

    def __init__(self, channels: int, stride: int = 1, kernel_size: int = 5, dilations: tuple[int, ...] = (1, 2),
                 dropout: float = 0., activate: bool = True):
        super().__init__()
        width = channels // (len(dilations) + 2)
        rest = channels - width * (len(dilations) + 1)

        def narrow() -> list[nn.Module]:
            return [nn.Conv2d(channels, width, 1), nn.BatchNorm2d(width), nn.ReLU()]

        branches = [[*narrow(), unit_tcn(width, width, kernel_size, stride, dilation)] for dilation in dilations]
        branches.append([*narrow(), nn.MaxPool2d((3, 1), (stride, 1), (1, 0)), nn.BatchNorm2d(width)])
        branches.append([nn.Conv2d(channels, rest, 1, (stride, 1)), nn.BatchNorm2d(rest)])
        self.branches = nn.ModuleList(nn.Sequential(*branch) for branch in branches)
        self.act = nn.ReLU() if activate else nn.Identity()
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, V) -> (B, C, ceil(T / stride), V)."""
        return self.drop(self.act(torch.cat([branch(x) for branch in self.branches], 1)))


class CTRGCNBlock(nn.Module):
    """A graph convolution, a temporal module, and a shortcut around both.

    Args:
        gcn: Graph convolution, (B, Cin, T, V) -> (B, Cout, T, V).
        tcn: Temporal module, (B, Cout, T, V) -> (B, Cout, T', V).
        residual: Shortcut, (B, Cin, T, V) -> (B, Cout, T', V); None: none.
    """

    def __init__(self, gcn: nn.Module, tcn: nn.Module, residual: nn.Module | None):
        super().__init__()
        self.gcn1, self.tcn1, self.residual = gcn, tcn, residual

    def forward(self, x: Tensor) -> Tensor:
        """(B, Cin, T, V) -> (B, Cout, T', V)."""
        out = self.tcn1(self.gcn1(x))
        return functional.relu(out if self.residual is None else out + self.residual(x))


@MODELS.register_module()
class CTRGCN(BaseModule):
    """CTR-GCN for ``RecognizerGCN``: (N, M, T, V, C) in, (N, M, 256, T/4, V) out.

    Args:
        layout: Joint order, or a :class:`~mmskel.skeleton.Layout`; the graphs start as its ``inout`` partition.
        in_channels: Number of coordinates, C.
        num_person: Number of persons, M; the input's batch norm spans the persons.
        base_channels: Width of the first stage.
        num_stages, inflate_stages, down_stages: Blocks (counted from 1), where channels double, where T halves.
        kernel_size, dilations: Taps and dilations of the temporal module's convolutions.
        tcn_dropout: Dropout after the temporal module; the first block has none.
        official: Whether to compute as the authors' code does instead of PYSKL's, see ``docs/published/ctr_gcn.md``,
            D1 and D2. The tensors are the same; weights belong to one of the two.
        init_cfg: Initialisation in the form of MMEngine; the published one is built in.
    """

    def __init__(self, layout: str | Layout, in_channels: int = 3, num_person: int = 2, base_channels: int = 64,
                 num_stages: int = 10, inflate_stages: tuple[int, ...] = (5, 8), down_stages: tuple[int, ...] = (5, 8),
                 kernel_size: int = 5, dilations: tuple[int, ...] = (1, 2), tcn_dropout: float = 0.,
                 official: bool = False, init_cfg: dict | list | None = None):
        super().__init__(init_cfg)
        if base_channels < len(dilations) + 2:
            raise UserError(f'base_channels must be at least {len(dilations) + 2}, the number of temporal branches, '
                            f'not {base_channels}')
        layout = get_layout(layout)
        graph = torch.tensor(partition(layout, 'inout'), dtype=torch.float32)
        self.layout, self.in_channels, self.num_person = layout.name, in_channels, num_person
        self.register_buffer('A', graph)  # the start of the learned graphs, as PYSKL's checkpoints hold it
        self.data_bn = nn.BatchNorm1d(num_person * layout.num_joints * in_channels)
        blocks, channels = [], in_channels
        for stage in range(1, num_stages + 1):
            width, stride = base_channels * 2**sum(s <= stage for s in inflate_stages), 1 + (stage in down_stages)
            gcn = RefinedGraphConv(channels, width, graph, rows_receive=official)
            tcn = TemporalBranches(width, stride, kernel_size, dilations, tcn_dropout if stage > 1 else 0.,
                                   activate=not official)
            residual = None
            if stage > 1:
                changed = channels != width or stride != 1
                residual = unit_tcn(channels, width, 1, stride) if changed else nn.Identity()
            blocks.append(CTRGCNBlock(gcn, tcn, residual))
            channels = width
        self.net, self.out_channels = ModuleList(blocks), channels
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The published initialisation: convolutions Kaiming normal by fan-out, biases 0, the graph convolutions' norm
        gains 1e-6, so that every block starts as its shortcut and temporal module.
        """
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode='fan_out')
                nn.init.zeros_(module.bias)
        for block in self.net:
            nn.init.constant_(block.gcn1.bn.weight, 1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """(N, M, T, V, C) -> (N, M, 256, T', V)."""
        clips, persons, frames, joints, channels = x.shape
        if persons != self.num_person:
            raise UserError(f'CTRGCN was built for num_person={self.num_person}, but the clips have {persons} persons; '
                            'its input norm spans the persons. Set num_person of the model and of SetPersons to the '
                            'same number')
        x = self.data_bn(x.permute(0, 1, 3, 4, 2).reshape(clips, -1, frames))
        x = x.view(clips * persons, joints, channels, frames).permute(0, 2, 3, 1).contiguous()
        for block in self.net:
            x = block(x)
        return x.unflatten(0, (clips, persons))
