"""HD-GCN: graph convolution over a hierarchy of joint rings, summed by an attention over its layers (A-HA).

J. Lee, M. Lee, D. Lee, S. Lee, "Hierarchically Decomposed Graph Convolutional Networks for Skeleton-Based Action
Recognition", ICCV 2023, arXiv 2208.10741. Official code: github.com/Jho-Yonsei/HD-GCN (MIT).
Ours: any layout and any centre joint; the same function with fewer and larger products (docs/hd_gcn.md, "Speed").

Inside, tensors are (V, B, T, C), joints first and channels last, B = N * M: a product with the graph is then one
product of large matrices, a 1 x 1 convolution is another, and norms run over rows.
"""
from __future__ import annotations

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn
from torch.nn import functional

from mmskel.files.errors import UserError
from mmskel.models.kernels.hierarchy import hierarchical_conv, temporal_max, weighted_sum
from mmskel.models.layers import LinearNorm, affine_of, normalize
from mmskel.models.layers.graph_block import GraphBlock
from mmskel.skeleton import Layout, get_layout, hierarchy_graph, hierarchy_rings


class EdgeConv(nn.Module):
    """``G`` EdgeConvs side by side, each with its own weight and neighbours (``docs/published/hd_gcn.md``, D6).

    Y. Wang et al., "Dynamic Graph CNN for Learning on Point Clouds", ACM TOG 2019, arXiv 1801.07829.

    ``out_i = max over the k nearest j (i included) of LeakyReLU(BN(W [x_j - x_i ; x_i]))``. The product is split
    up, ``W1 x_j + (W2 - W1) x_i``, so that every point is projected once instead of once per neighbour.

    Args:
        channels: Number of channels, C, kept.
        num_neighbours: Number of neighbours, k; at most the number of points is used.
        groups: Number of groups, G.
    """

    def __init__(self, channels: int, num_neighbours: int, groups: int = 1):
        super().__init__()
        self.num_neighbours = num_neighbours
        self.weight = nn.Parameter(torch.empty(groups, channels, 2 * channels))
        self.norm = nn.BatchNorm1d(groups * channels)
        nn.init.normal_(self.weight, 0, (2 / channels)**0.5)

    def forward(self, x: Tensor) -> Tensor:
        """(B, P, G, C) features of P points -> the same shape."""
        batch, points, groups, channels = x.shape
        weight = self.weight
        if not self.norm.training:
            scale, shift = affine_of(self.norm)
            weight = weight * scale.view(groups, channels, 1)
        of_neighbour, of_point = weight.split(channels, 2)
        both = torch.cat([of_neighbour, of_point - of_neighbour], 1)
        projected = torch.bmm(x.reshape(-1, groups, channels).transpose(0, 1), both.transpose(1, 2))
        neighbour, own = projected.transpose(0, 1).reshape(batch, points, groups, 2, channels).unbind(3)
        nearest = nearest_points(x, self.num_neighbours)
        k = nearest.shape[2]
        picked = neighbour.gather(1, nearest.reshape(batch, points * k, groups, 1).expand(-1, -1, -1, channels))
        edges = (picked.view(batch, points, k, groups, channels) + own[:, :, None]).flatten(3)
        edges = normalize(edges, self.norm) if self.norm.training else edges + shift
        return functional.leaky_relu(edges, 0.2).amax(2).view(x.shape)


@torch.no_grad()
def nearest_points(x: Tensor, k: int) -> Tensor:
    """The ``k`` nearest points of every point, itself included, by Euclidean distance.

    Args:
        x: (B, P, G, C).

    Returns:
        (B, P, min(k, P), G) indices.
    """
    with torch.autocast(x.device.type, enabled=False):  # rounding would change neighbours
        x = x.to(torch.promote_types(x.dtype, torch.float32)).permute(0, 2, 1, 3)
        # the distance to j, without the part that is the same for all j
        far = x.square().sum(-1)[..., None, :] - 2 * x @ x.transpose(-1, -2)
    return far.topk(min(k, x.shape[2]), largest=False, sorted=False).indices.permute(0, 2, 3, 1)


class HierarchyAttention(nn.Module):
    """A-HA: a gate per channel and layer of the hierarchy, from its temporal maximum.

    Args:
        channels: Number of channels, C.
        rings: Joint rings; layer l spans rings l and l + 1.
    """

    def __init__(self, channels: int, rings: tuple[tuple[int, ...], ...]):
        super().__init__()
        members = torch.zeros(len(rings) - 1, sum(map(len, rings)))
        for row, inner, outer in zip(members, rings, rings[1:]):
            row[[*inner, *outer]] = 1
        self.register_buffer('members', members, persistent=False)
        self.reduce = LinearNorm(channels, channels // 4)
        self.edge_conv = EdgeConv(channels // 4, num_neighbours=3)
        self.expand = nn.Linear(channels // 4, channels)
        nn.init.kaiming_uniform_(self.expand.weight, a=5**0.5)  # PyTorch's Conv1d

    def forward(self, peak: Tensor) -> Tensor:
        """(V, B, L, C) temporal maxima -> (B, L, C) gates in (0, 1)."""
        reduced = functional.relu(self.reduce(peak))
        layers = torch.einsum('vblc,lv->blc', reduced, self.members) / self.members.sum(1, keepdim=True)
        return torch.sigmoid(self.expand(self.edge_conv(layers[:, :, None])[:, :, 0]))


class HierarchicalGraphConv(nn.Module):
    """The HD graph convolution: per layer three graph products and an EdgeConv, then their sum.

    Args:
        in_channels, out_channels: Numbers of channels before and after.
        rings: Joint rings.
        attention: Whether A-HA replaces the plain sum.
    """

    def __init__(self, in_channels: int, out_channels: int, rings: tuple[tuple[int, ...], ...], attention: bool = True):
        super().__init__()
        graph = torch.tensor(hierarchy_graph(rings), dtype=torch.float32)
        layers, self.width = len(graph), out_channels // 4
        self.graph = nn.Parameter(graph)
        self.reduce = LinearNorm(in_channels, layers * self.width, self.width)
        self.weight = nn.Parameter(torch.empty(layers * 3, self.width, self.width))
        self.bias = nn.Parameter(torch.zeros(layers * 3, self.width))
        self.norm = nn.BatchNorm1d(layers * 3 * self.width)
        self.edge_conv = EdgeConv(self.width, num_neighbours=5, groups=layers)
        self.attention = HierarchyAttention(out_channels, rings) if attention else None
        self.out_norm = nn.BatchNorm1d(out_channels)
        self.down = LinearNorm(in_channels, out_channels) if in_channels != out_channels else nn.Identity()
        nn.init.normal_(self.weight, 0, (2 / self.width)**0.5)
        nn.init.constant_(self.out_norm.weight, 1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """(V, B, T, Cin) -> (V, B, T, Cout)."""
        joints, batch, frames, _ = x.shape
        layers, width = len(self.graph), self.width
        reduced = self.reduce(x).view(-1, layers, width).transpose(0, 1).contiguous().relu_()
        reduced = reduced.view(layers, joints, batch, frames, width)
        edges = self.edge_conv(reduced.mean(3).permute(2, 1, 0, 3)).transpose(0, 1)  # (V, B, L, c)

        if self.norm.training:
            # A bias before a norm cancels out of the norm's result, which saves a pass over the largest tensor; but
            # published statistics include the bias, and so must ours: it shifts the mean that the norm keeps (here
            # before the norm updates it). The product below makes the parameter visible to DDP.
            kept = 1 - self.norm.momentum
            self.norm.running_mean += self.bias.detach().view(-1) * (self.norm.momentum / kept)
            subsets = normalize(hierarchical_conv(reduced, self.graph, self.weight), self.norm)
            shift = self.bias * 0
        else:
            scale, shift = (part.view_as(self.bias) for part in affine_of(self.norm))
            subsets = hierarchical_conv(reduced, self.graph, self.weight * scale[..., None])
            shift = shift + self.bias * scale
        subsets = subsets.view(joints, batch, frames, layers, 3 * width)
        shift = shift.view(layers, 3 * width).to(subsets.dtype)
        if self.attention is None:
            total, of_edges, shift = subsets.sum(3), edges.sum(2), shift.sum(0)
        else:
            peak, link = temporal_max(subsets)
            gates = self.attention(torch.cat([peak + shift, edges], -1)).to(subsets.dtype)
            total = weighted_sum(subsets, gates[..., :3 * width], link)
            of_edges = (edges * gates[..., 3 * width:]).sum(2)
            shift = (gates[..., :3 * width] * shift).sum(1)[:, None]
        if not self.norm.training or self.attention is None:
            total = total + shift  # after the sum, where it is one number per clip and channel
        total = torch.cat([total, of_edges[:, :, None].expand(-1, -1, frames, -1)], -1)
        return normalize(total, self.out_norm, self.down(x), activate=True)


@MODELS.register_module()
class HDGCN(BaseModule):
    """HD-GCN for ``RecognizerGCN``: (N, M, T, V, C) in, (N, M, 256, T/4, V) out.

    Args:
        layout: Joint order, or a :class:`~mmskel.skeleton.Layout`.
        centre: Joint around which the rings are laid, index or name (the paper's "centre of mass", which it
            counts from 1); default: the layout's centre. Six-way ensembles use three.
        in_channels: Number of coordinates, C.
        num_person: Number of persons, M; the input's batch norm spans the persons.
        base_channels: Width of the first stage.
        num_stages, inflate_stages, down_stages: Blocks (counted from 1), where channels double, where T halves.
        init_cfg: Initialisation in the form of MMEngine; the published one is built in.
    """

    def __init__(self, layout: str | Layout, centre: int | str | None = None, in_channels: int = 3,
                 num_person: int = 2, base_channels: int = 64, num_stages: int = 10,
                 inflate_stages: tuple[int, ...] = (5, 8), down_stages: tuple[int, ...] = (5, 8),
                 init_cfg: dict | list | None = None):
        super().__init__(init_cfg)
        layout = get_layout(layout)
        rings = hierarchy_rings(layout, centre)
        if base_channels % 4:
            raise UserError(f'base_channels must be a multiple of 4, the number of branches, not {base_channels}')
        self.layout, self.centre, self.num_person = layout.name, rings[0][0], num_person
        self.data_bn = nn.BatchNorm1d(num_person * layout.num_joints * in_channels)
        blocks, channels = [], in_channels
        for stage in range(1, num_stages + 1):
            width = base_channels * 2**sum(s <= stage for s in inflate_stages)
            gcn = HierarchicalGraphConv(channels, width, rings, attention=stage > 1)
            blocks.append(GraphBlock(gcn, channels, width, 1 + (stage in down_stages), first=stage == 1))
            channels = width
        self.blocks, self.out_channels = ModuleList(blocks), channels

    def forward(self, x: Tensor) -> Tensor:
        """(N, M, T, V, C) -> (N, M, 256, T', V)."""
        clips, persons, frames, joints, channels = x.shape
        if persons != self.num_person:
            raise UserError(f'HDGCN was built for num_person={self.num_person}, but the clips have {persons} persons; '
                            'its input norm spans the persons. Set num_person of the model and of SetPersons to the '
                            'same number')
        x = normalize(x.transpose(1, 2).reshape(clips, frames, -1), self.data_bn)
        x = x.view(clips, frames, persons, joints, channels).permute(3, 0, 2, 1, 4)
        x = x.reshape(joints, clips * persons, frames, channels)
        for block in self.blocks:
            x = block(x)
        return x.permute(1, 3, 2, 0).reshape(clips, persons, self.out_channels, -1, joints)
