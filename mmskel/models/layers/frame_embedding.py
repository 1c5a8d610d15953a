"""Frames as tokens: the joints of one person in one frame become one vector.

The six ways of CascadeFormer (Y. Peng, A. Yilmaz, arXiv 2509.00692; versions 1.0 to 1.4 of its code), for any encoder
whose tokens are frames. Symbols: B clips, T frames, V joints, C coordinates, d channels of a token.
"""
from __future__ import annotations

import torch
from torch import Tensor, nn

from mmskel.files.errors import UserError
from mmskel.models.layers.dropout import FastDropout
from mmskel.models.layers.post_norm import PostNormLayer
from mmskel.skeleton import Layout, get_layout
from mmskel.skeleton.graphs.bones import bone_pairs
from mmskel.skeleton.graphs.partitions import normalize_symmetric

TWO_PI = 2 * torch.pi


class LinearEmbedding(nn.Module):
    """All coordinates of a frame, joint after joint, through one linear layer (version 1.0).

    Args:
        layout: Joint order.
        in_channels: Number of coordinates, C.
        channels: Width of a token, d.
    """

    def __init__(self, layout: Layout, in_channels: int, channels: int):
        super().__init__()
        self.proj = nn.Linear(layout.num_joints * in_channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, V, C) -> (B, T, d)."""
        return self.proj(x.flatten(2))


class JointConvEmbedding(LinearEmbedding):
    """Two convolutions along the joints of a frame before the linear layer (version 1.1).

    A joint's neighbours are those before and after it in the order of the data, whatever the bones are.
    """

    def __init__(self, layout: Layout, in_channels: int, channels: int):
        super().__init__(layout, in_channels, channels)
        self.conv = nn.Sequential(nn.Conv1d(in_channels, in_channels, 3, padding=1), nn.ReLU(),
                                  nn.Conv1d(in_channels, in_channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, V, C) -> (B, T, d)."""
        frames = self.conv(x.flatten(0, 1).transpose(1, 2))
        return super().forward(frames.transpose(1, 2).view_as(x))


class SpatialEmbedding(nn.Module):
    """Joints as tokens of d/V channels in one transformer layer, then side by side (version 1.2 of NTU and the paper).

    Args:
        layout, in_channels, channels: See :class:`LinearEmbedding`; d is a multiple of V times the number of heads.
        num_heads: Number of heads of the layer.
        dropout: Dropout probability.
    """

    def __init__(self, layout: Layout, in_channels: int, channels: int, num_heads: int, dropout: float = 0.1):
        super().__init__()
        width = _share(channels, layout, num_heads)
        self.joint = nn.Linear(in_channels, width)
        self.layer = PostNormLayer(width, num_heads, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, V, C) -> (B, T, d)."""
        return self.layer(self.joint(x).flatten(0, 1)).view(*x.shape[:2], -1)


class SpatialCoordsEmbedding(LinearEmbedding):
    """Joints as tokens of d channels in one transformer layer, back to coordinates, then the linear layer (version 1.2
    of the released Penn Action and N-UCLA models).

    Args:
        layout, in_channels, channels: See :class:`LinearEmbedding`.
        num_heads: Number of heads of the layer.
        dropout: Dropout probability.
    """

    def __init__(self, layout: Layout, in_channels: int, channels: int, num_heads: int, dropout: float = 0.1):
        super().__init__(layout, in_channels, channels)
        self.joint, self.out = nn.Linear(in_channels, channels), nn.Linear(channels, in_channels)
        self.layer = PostNormLayer(channels, num_heads, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, V, C) -> (B, T, d)."""
        joints = self.out(self.layer(self.joint(x).flatten(0, 1)))
        return super().forward(joints.view_as(x))


class GraphEmbedding(nn.Module):
    """Three graph layers of d/V channels over the bones of a frame, then all joints concatenated (version 1.3).

    The bones are the layout's; the published list does not match NTU's joints (docs/published/cascadeformer.md).

    Args:
        layout, in_channels, channels: See :class:`LinearEmbedding`; d is a multiple of V.
        dropout: Dropout probability, after every layer.
    """

    def __init__(self, layout: Layout, in_channels: int, channels: int, dropout: float = 0.1):
        super().__init__()
        width = _share(channels, layout)
        adjacency = torch.eye(layout.num_joints, dtype=torch.float64)
        for child, parent in layout.edges:
            adjacency[child, parent] = adjacency[parent, child] = 1
        normalised = torch.from_numpy(normalize_symmetric(adjacency.numpy()))
        self.register_buffer('adjacency', normalised.float(), persistent=False)
        self.layers = nn.ModuleList([nn.Linear(channels, width) for channels in (in_channels, width, width)])
        self.dropout = FastDropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, V, C) -> (B, T, d)."""
        for layer in self.layers:
            x = self.dropout(layer(self.adjacency @ x).relu())
        return x.flatten(2)


class BoneAnglesEmbedding(nn.Module):
    """Direction angles and length of every bone through one linear layer (version 1.4); only for 3-D joints.

    Args:
        layout, in_channels, channels: See :class:`LinearEmbedding`.
    """

    def __init__(self, layout: Layout, in_channels: int, channels: int):
        super().__init__()
        if in_channels != 3:
            raise UserError(f"embedding='bone_angles' takes 3 coordinates, not {in_channels}")
        pairs = torch.tensor(bone_pairs(layout))
        self.register_buffer('pairs', pairs, persistent=False)
        self.proj = nn.Linear(5 * len(pairs), channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, V, 3) -> (B, T, d)."""
        return self.proj(bone_features(x, self.pairs).flatten(2))


def bone_features(x: Tensor, pairs: Tensor) -> Tensor:
    """Spherical coordinates of the bones.

    Args:
        x: (..., V, 3).
        pairs: (bones, 2), parent and child.

    Returns:
        (..., bones, 5): sine and cosine of the angle to the z axis, of the angle about it, and the logarithm of the
        length.
    """
    bone = x[..., pairs[:, 1], :] - x[..., pairs[:, 0], :]
    length = bone.norm(dim=-1) + 1e-6
    to_axis = (bone[..., 2] / length).arccos()
    about = torch.atan2(bone[..., 1] / length, bone[..., 0] / length) % TWO_PI
    return torch.stack([to_axis.sin(), to_axis.cos(), about.sin(), about.cos(), length.log()], -1)


def _share(channels: int, layout: Layout, num_heads: int = 1) -> int:
    """The channels of a joint if all joints concatenated make a token."""
    unit = layout.num_joints * num_heads
    if channels % unit:
        near = max(round(channels / unit), 1) * unit
        raise UserError(f"{channels} channels cannot be divided among the {layout.num_joints} joints of layout "
                        f"'{layout.name}' with {num_heads} heads each; the nearest number that can is {near}")
    return channels // layout.num_joints


_PLAIN = {'linear': LinearEmbedding, 'joint_conv': JointConvEmbedding, 'bone_angles': BoneAnglesEmbedding}
_WITH_HEADS = {'spatial': SpatialEmbedding, 'spatial_coords': SpatialCoordsEmbedding}
FRAME_EMBEDDINGS = ('linear', 'joint_conv', 'spatial', 'spatial_coords', 'graph', 'bone_angles')
"""The values of ``embedding``, in the order of the published versions."""


def frame_embedding(kind: str, layout: str | Layout, in_channels: int, channels: int, num_heads: int,
                    dropout: float = 0.1) -> nn.Module:
    """A module that makes a token of every frame, (B, T, V, C) -> (B, T, d).

    Args:
        kind: One of ``FRAME_EMBEDDINGS``.
        layout: Joint order.
        in_channels, channels: C and d.
        num_heads: Number of heads of the embeddings with a transformer layer.
        dropout: Dropout probability, of the embeddings that have it.

    Raises:
        UserError: An unknown kind, or a width that the kind cannot have; names the nearest possible one.
    """
    layout = get_layout(layout)
    if kind in _PLAIN:
        return _PLAIN[kind](layout, in_channels, channels)
    if kind in _WITH_HEADS:
        return _WITH_HEADS[kind](layout, in_channels, channels, num_heads, dropout)
    if kind == 'graph':
        return GraphEmbedding(layout, in_channels, channels, dropout)
    raise UserError(f"embedding must be one of {', '.join(FRAME_EMBEDDINGS)}, not {kind!r}")
