"""MP-GCN: a graph network over all persons of a scene and their objects as one panoramic graph.

Z. Li, X. Chang, Y. Li, J. Su, "Skeleton-based Group Activity Recognition via Spatial-Temporal Panoramic Graph", ECCV
2024, arXiv 2407.19497. Official code: github.com/mgiant/MP-GCN (licence: not stated; written from a
description, ``docs/published/mp_gcn.md``). Ours: any layout, objects and topology; graph products person by person
(docs/mp_gcn.md, "The same function, cheaper"); masks keep one number per link instead of one per pair of nodes.

Inside, tensors are (V, B, T, C), nodes first and channels last: V = P v nodes of a graph, B clips times graphs.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn
from torch.nn import functional

from mmskel.files.errors import UserError
from mmskel.models.kernels import MultiBranchTCN
from mmskel.models.layers import LinearNorm, affine_of, finish, normalize
from mmskel.skeleton import Layout, PanoramicGraph, panoramic_graph


class Pattern(nn.Module):
    """The non-zero positions of a stack of adjacency matrices, and the product over them.

    A link within a person belongs to one of P small matrices; the few links between persons to one small matrix per
    partition over the nodes that have such links. If a partition links only the nodes to themselves, the product
    is a scale.

    Args:
        adjacency: Matrices (K, V, V), source before target.
        num_person: Number of persons, P; 1 treats all nodes as one person's.
        everywhere: Whether zeros are kept, too (for an adjacency that learns).

    Attributes:
        mask: (K, V, V) bool: the links. Values of links are kept in the order of ``adjacency[mask]``.
        links: Number of links.
    """

    def __init__(self, adjacency: np.ndarray, num_person: int, everywhere: bool = False):
        super().__init__()
        parts, nodes, _ = adjacency.shape
        self.num_person, self.size = (1 if everywhere else num_person), nodes // (1 if everywhere else num_person)
        mask = np.ones_like(adjacency, bool) if everywhere else adjacency != 0
        owner = np.arange(nodes) // self.size
        inside = owner[:, None] == owner[None]
        self.scaled, self.blocks, self.bridges = [], [], []
        at = np.cumsum(mask.ravel()).reshape(mask.shape) - 1  # of every link, in the order of values
        for part in range(parts):
            own, other = mask[part] & inside, mask[part] & ~inside
            if own.any() and not (own & ~np.eye(nodes, dtype=bool)).any() and own.diagonal().all():
                self.scaled.append(part)
                self._keep(f'scale{part}', at[part].diagonal().copy())
            elif own.any():
                self.blocks.append(part)
                source, target = np.nonzero(own)
                self._keep(f'block{part}', at[part][own])
                # the block of a person is (target, source), as in a product with (source, channels) on its right
                self._keep(f'place{part}', (target * self.size + source % self.size))
            if other.any():
                self.bridges.append(part)
                source, target = np.nonzero(other)
                sources, row = np.unique(source, return_inverse=True)
                targets, column = np.unique(target, return_inverse=True)
                self._keep(f'from{part}', sources)
                self._keep(f'to{part}', targets)
                self._keep(f'bridge{part}', at[part][other])
                self._keep(f'link{part}', column * len(sources) + row)
        self.links = int(mask.sum())
        self.register_buffer('mask', torch.from_numpy(mask), persistent=False)

    def _keep(self, name: str, index: np.ndarray) -> None:
        self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(index, np.int64)), persistent=False)

    def _matrix(self, name: str, place: str, part: int, values: Tensor, shape: tuple[int, ...]) -> Tensor:
        flat = values.new_zeros(int(np.prod(shape)))
        return flat.index_copy(0, getattr(self, f'{place}{part}'), values[getattr(self, f'{name}{part}')]).view(shape)

    def convolve(self, x: Tensor, values: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """``sum over k of A_k^T (W_k x + b_k)``.

        Args:
            x: (V, B, T, Cin), contiguous.
            values: (links,) of the adjacency, in the order of ``mask``.
            weight, bias: (K, Cout, Cin) and (K, Cout).

        Returns:
            (V, B, T, Cout).
        """
        nodes, batch, frames, _ = x.shape
        shape, out = (nodes, batch, frames, weight.shape[1]), None
        for part in self.scaled:
            scale = values[getattr(self, f'scale{part}')].view(-1, 1, 1, 1)
            term = functional.linear(x, weight[part], bias[part]) * scale
            out = term if out is None else out + term
        for part in self.blocks:
            term = functional.linear(x, weight[part], bias[part]).view(self.num_person, self.size, -1)
            block = self._matrix('block', 'place', part, values, (self.num_person, self.size, self.size))
            out = torch.bmm(block.to(term.dtype), term) if out is None else \
                torch.baddbmm(out.reshape(term.shape).to(term.dtype), block.to(term.dtype), term)
            out = out.view(shape)
        if out is None:
            out = x.new_zeros(shape)
        for part in self.bridges:
            sources, targets = getattr(self, f'from{part}'), getattr(self, f'to{part}')
            term = functional.linear(x.index_select(0, sources), weight[part], bias[part]).flatten(1)
            matrix = self._matrix('bridge', 'link', part, values, (len(targets), len(sources))).to(term.dtype)
            out.index_add_(0, targets, (matrix @ term).view(len(targets), *shape[1:]).to(out.dtype))
        return out


class PanoramicGraphConv(nn.Module):
    """Graph convolution with a learnable mask on every link: ``ReLU(BN(sum of partitions) + shortcut)``.

    Args:
        in_channels, out_channels: Numbers of channels before and after.
        adjacency: (links,) the graph's values.
        num_partitions: Number of partitions, K.
        edge_importance: Whether the mask learns.
        adaptive: Whether the adjacency learns, too.
    """

    def __init__(self, in_channels: int, out_channels: int, adjacency: Tensor, num_partitions: int,
                 edge_importance: bool = True, adaptive: bool = False):
        super().__init__()
        self.edge = nn.Parameter(torch.ones_like(adjacency), requires_grad=edge_importance)
        if adaptive:
            self.adjacency = nn.Parameter(adjacency.clone())
        else:
            self.register_buffer('adjacency', adjacency.clone(), persistent=False)
        self.weight = nn.Parameter(torch.empty(num_partitions, out_channels, in_channels))
        self.bias = nn.Parameter(torch.zeros(num_partitions, out_channels))
        self.norm = nn.BatchNorm1d(out_channels)
        self.residual = LinearNorm(in_channels, out_channels) if in_channels != out_channels else nn.Identity()
        nn.init.normal_(self.weight, 0, (2 / (num_partitions * out_channels))**0.5)  # Kaiming, fan-out

    def forward(self, x: Tensor, pattern: Pattern) -> Tensor:
        """(V, B, T, Cin) -> (V, B, T, Cout)."""
        values, weight, bias = self.adjacency * self.edge, self.weight, self.bias
        if self.norm.training:
            return normalize(pattern.convolve(x, values, weight, bias), self.norm, self.residual(x), activate=True)
        scale, shift = affine_of(self.norm)
        out = pattern.convolve(x, values, weight * scale[:, None], bias * scale) + shift
        return finish(out, self.residual(x), activate=True)


class PartAttention(nn.Module):
    """A gate per frame and one per part, from all nodes and all frames.

    Args:
        channels: Number of channels, C.
        reduction: Factor by which the inner channels are fewer than C.
    """

    def __init__(self, channels: int, reduction: int):
        super().__init__()
        inner = channels // reduction
        self.reduce = LinearNorm(channels, inner)
        self.of_time, self.of_part = nn.Linear(inner, channels), nn.Linear(inner, channels)
        self.norm = nn.BatchNorm1d(channels)
        for linear in (self.of_time, self.of_part):
            nn.init.kaiming_normal_(linear.weight, mode='fan_out', nonlinearity='relu')
            nn.init.zeros_(linear.bias)

    def forward(self, x: Tensor, pooling: Tensor, part_of_node: Tensor) -> Tensor:
        """(V, B, T, C), pooling (V, G) -> (V, B, T, C)."""
        over_time = x.mean(0).transpose(0, 1)  # (T, B, C)
        over_nodes = x.mean(2)
        over_parts = (pooling.T.to(over_nodes.dtype) @ over_nodes.flatten(1)).view(-1, *over_nodes.shape[1:])
        reduced = functional.relu(self.reduce(torch.cat([over_time, over_parts])))
        time, part = reduced.split([len(over_time), len(over_parts)])
        time = torch.sigmoid(self.of_time(time)).transpose(0, 1)
        part = torch.sigmoid(self.of_part(part)).index_select(0, part_of_node)[:, :, None]
        if self.norm.training:
            return normalize(x * time * part, self.norm, x, activate=True)
        scale, shift = affine_of(self.norm)
        return finish(x * time * (part * scale) + shift, x, activate=True)


class MPBlock(nn.Module):
    """Graph convolution, temporal convolution with shortcut, attention.

    Args:
        gcn: Graph convolution.
        channels: Number of channels of its output.
        stride: Stride over time.
        kernel_size: Number of taps of the temporal convolutions.
        reduction: Reduction of the attention; 0: no attention, the block ends on the sum.
    """

    def __init__(self, gcn: PanoramicGraphConv, channels: int, stride: int, kernel_size: int, reduction: int):
        super().__init__()
        self.gcn, self.stride = gcn, stride
        self.tcn = MultiBranchTCN(channels, stride, kernel_size)
        self.residual = LinearNorm(channels, channels) if stride != 1 else nn.Identity()
        self.attention = PartAttention(channels, reduction) if reduction else None
        for norm in (self.tcn.reduce.norm, self.tcn.norm):
            nn.init.ones_(norm.weight)

    def forward(self, x: Tensor, pattern: Pattern, pooling: Tensor, part_of_node: Tensor) -> Tensor:
        """(V, B, T, Cin) -> (V, B, ceil(T / stride), Cout)."""
        x = self.gcn(x, pattern)
        x = self.tcn(x, self.residual(x[:, :, ::self.stride]))
        return x if self.attention is None else self.attention(x, pooling, part_of_node)


@MODELS.register_module()
class MPGCN(BaseModule):
    """MP-GCN for ``RecognizerGCN``: (N, M, T, v, S * C) in, (N, M, 256, T/4, v) out; v nodes of every person.

    M is ``num_person`` (one panoramic graph) or a multiple of it: persons 0 .. P - 1 are then graph 0, and so on, and
    the graphs are independent. A plain mean over persons, frames and nodes is the published pooling.

    Args:
        layout: Joint order, or a :class:`~mmskel.skeleton.Layout`.
        num_person: Number of persons, P, of one graph; the masks have this size.
        objects: Nodes after the joints, as in :func:`~mmskel.skeleton.person_graph`.
        in_channels: Coordinates of a node, 2 or 3.
        streams: Number of input branches, S.
        extended: Whether every stream has a second half of as many channels, see
            :class:`~mmskel.models.PanoramaEncoder`.
        inter_link, base, hop, dilation, parts, centre: Arguments of :func:`~mmskel.skeleton.panoramic_graph`.
        labeling: Labeling of the partitions; default: ``'intra-inter'``, or ``'spatial'`` for one person.
        num_partitions: Number of partitions that are used, K.
        max_hop, corrected: Arguments of :meth:`~mmskel.skeleton.PanoramicGraph.partitions`.
        kernel_size: Number of taps of the temporal convolutions.
        reduction: Reduction of the part attention; 0: no attention.
        edge_importance, adaptive: Whether the masks and the adjacency learn.
        base_channels: Width of the first blocks; the last have four times as many.
        init_cfg: Initialisation in the form of MMEngine; the published one is built in.
    """

    def __init__(self, layout: str | Layout, num_person: int = 12, objects: Sequence[str | Mapping] = (),
                 in_channels: int = 2, streams: int = 1, extended: bool = False, inter_link: str = 'pairwise',
                 base: int | str | Sequence[int | str] = 0, hop: int = 1, dilation: int = 2, parts: str = 'body',
                 centre: int | str | None = None, labeling: str | None = None, num_partitions: int = 3,
                 max_hop: int = 10, corrected: bool = False, kernel_size: int = 3, reduction: int = 2,
                 edge_importance: bool = True, adaptive: bool = False, base_channels: int = 64,
                 init_cfg: dict | list | None = None):
        super().__init__(init_cfg)
        if base_channels % 8:
            raise UserError(f'base_channels must be a multiple of 8 (half of it is split into four branches), not '
                            f'{base_channels}')
        self.graph: PanoramicGraph = panoramic_graph(layout, num_person, objects, inter_link, base, hop, dilation,
                                                     parts, centre)
        labeling = labeling or ('intra-inter' if num_person > 1 else 'spatial')
        self.num_person, self.streams, self.out_channels = num_person, streams, 4 * base_channels
        self.stream_channels = in_channels * (2 if extended else 1)
        matrices = self.graph.partitions(labeling, max_hop, num_partitions, corrected)
        self.pattern = Pattern(matrices, num_person, everywhere=adaptive)
        adjacency = torch.from_numpy(matrices).float()[self.pattern.mask]
        part_of_node = torch.from_numpy(self.graph.part_of_node)
        one_hot = functional.one_hot(part_of_node).float()
        self.register_buffer('part_of_node', part_of_node, persistent=False)
        self.register_buffer('pooling', one_hot / one_hot.sum(0), persistent=False)

        def chain(widths: Sequence[int], strides: Sequence[int]) -> ModuleList:
            return ModuleList(MPBlock(
                PanoramicGraphConv(cin, cout, adjacency, num_partitions, edge_importance, adaptive),
                cout, stride, kernel_size, reduction) for cin, cout, stride in zip(widths, widths[1:], strides))

        width = base_channels
        self.input_norms = ModuleList(nn.BatchNorm1d(self.stream_channels) for _ in range(streams))
        self.branches = ModuleList(chain((self.stream_channels, width, width, width // 2), (1, 1, 1))
                                   for _ in range(streams))
        self.main = chain((streams * width // 2, *[2 * width] * 3, *[4 * width] * 3), (2, 1, 1, 2, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, M, T, v, S * C) -> (N, M, 256, T', v)."""
        clips, persons, frames, nodes, channels = x.shape
        wanted = self.graph.person.num_nodes, self.streams * self.stream_channels
        if persons % self.num_person or (nodes, channels) != wanted:
            raise UserError(
                f'MPGCN was built for a multiple of {self.num_person} persons of {wanted[0]} nodes with {wanted[1]} '
                f'channels, but the clips have {persons} persons of {nodes} nodes with {channels}. Its num_person must '
                'be '
                "that of SetPersons, its objects those of AddObjects and of the encoder, and likewise in_channels, "
                'streams and extended')
        graphs = persons // self.num_person
        x = x.view(clips, graphs, self.num_person, frames, nodes, channels).permute(2, 4, 0, 1, 3, 5)
        x = x.reshape(self.num_person * nodes, clips * graphs, frames, channels)
        parts = []
        for norm, branch, part in zip(self.input_norms, self.branches, x.split(self.stream_channels, -1)):
            part = normalize(part.contiguous(), norm)
            for block in branch:
                part = block(part, self.pattern, self.pooling, self.part_of_node)
            parts.append(part)
        x = torch.cat(parts, -1)
        for block in self.main:
            x = block(x, self.pattern, self.pooling, self.part_of_node)
        x = x.view(self.num_person, nodes, clips, graphs, -1, self.out_channels)
        return x.permute(2, 3, 0, 5, 4, 1).reshape(clips, persons, self.out_channels, -1, nodes)
