"""SkateFormer: a transformer whose attentions combine near or far joints with near or far frames.

J. Do, M. Kim, "SkateFormer: Skeletal-Temporal Transformer for Human Action Recognition", ECCV 2024, arXiv 2403.09508.
Official code: github.com/KAIST-VICLab/SkateFormer (research and education only, weights alike).
Ours: any layout, number of persons and of frames; the relative position bias of types 1 and 3 as it was intended, on
request; the same function with fewer passes over the scores (docs/skateformer.md, "The same function,
faster").

Inside, a map is (B, T, W, C) at the boundary of a block and (channels, B, T, W) within: products change the order of
the axes at no cost, and partitions are views where channels come first. B = N clips, W = M * V tokens of a frame.
"""
from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn
from torch.nn import functional

from mmskel.files.errors import UserError
from mmskel.models.kernels import GELUPerceptron
from mmskel.models.kernels.custom_backward import only_result
from mmskel.models.kernels.linear import linear
from mmskel.models.kernels.skate_attention import attend_into, prepared, skate_attention
from mmskel.models.layers import DropPath
from mmskel.models.layers.linear_norm import affine_of
from mmskel.skeleton import SKATE_TYPES, Layout, get_layout, skate_parts, skate_sizes


def _table(*shape: int) -> nn.Parameter:
    return nn.Parameter(nn.init.trunc_normal_(torch.empty(*shape), std=0.02))


class PositionBias(nn.Module):
    """The bias of the scores of one Skate-Type, by the distance of frames and, for far joints, by both joints.

    Args:
        heads: Number of heads, h.
        size: (a, b) frames and joints of a window.
        far_joints: Whether the type has far joints (types 2 and 4).
        corrected: Whether the frame of a token is computed as intended; only for near joints. The published code takes
            token j's frame to be j mod a, where tokens are ordered frame * b + joint
            (``docs/published/skateformer.md``, D2). Released weights need False.
    """

    def __init__(self, heads: int, size: tuple[int, int], far_joints: bool, corrected: bool = False):
        super().__init__()
        frames, joints = size
        self.table = _table(2 * frames - 1, joints, joints, heads) if far_joints else _table(2 * frames - 1, heads)
        token = torch.arange(frames * joints)
        frame, joint = (token // joints, token % joints) if far_joints or corrected else (token % frames, token)
        place = frame[:, None] - frame + frames - 1
        if far_joints:
            place = (place * joints + joint[:, None]) * joints + joint
        # keys before queries, as the attention reads it
        self.register_buffer('place', place.t().contiguous(), persistent=False)
        self._last = None

    def forward(self) -> Tensor:
        """(h, a b, a b), queries before keys."""
        rows = self.table.flatten(0, -2).t()
        bias = rows.gather(1, self.place.view(1, -1).expand(len(rows), -1))
        return bias.view(-1, *self.place.shape).transpose(1, 2)

    def prepared(self) -> Tensor:
        """The same for :func:`~mmskel.models.kernels.skate_attention.attend_into`, without a gradient."""
        # Comparing numbers is much faster than gathering them again, and a counter would not do: a table also changes
        # by load_state_dict, by an averaged model that is swapped in, and on its way to another device.
        if self._last is None or self._last[0].dtype != self.table.dtype or not torch.equal(self._last[0], self.table):
            self._last = self.table.detach().clone(), prepared(self().detach())
        return self._last[1]


class SkateBlock(nn.Module):
    """G-Conv, T-Conv and the four attentions on a share of the channels each, then a perceptron.

    Args:
        channels: Number of channels, C.
        tokens: Number of tokens of a frame, W.
        sizes: Window sizes (a, b) of the four Skate-Types.
        num_heads: Number of heads, H; an eighth of them per attention, a quarter as groups of G-Conv and T-Conv.
        kernel_size: Kernel size of T-Conv.
        mlp_ratio: Width of the perceptron over C.
        attn_drop: Dropout of the attention weights.
        drop_path: Drop rate of both residual branches.
        corrected_bias: See :class:`PositionBias`.
    """

    def __init__(self, channels: int, tokens: int, sizes: Sequence[tuple[int, int]], num_heads: int, kernel_size: int,
                 mlp_ratio: float, attn_drop: float, drop_path: float, corrected_bias: bool):
        super().__init__()
        groups, self.heads, self.sizes = num_heads // 4, num_heads // 8, tuple(sizes)
        self.attn_drop, self.kernel_size = attn_drop, kernel_size
        self.norm_1, self.norm_2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.mapping, self.proj = nn.Linear(channels, 2 * channels), nn.Linear(channels, channels)
        self.gconv = _table(groups, tokens, tokens)
        self.tconv = nn.Conv2d(channels // 4, channels // 4, (kernel_size, 1), padding=(kernel_size // 2, 0),
                               groups=groups)
        self.biases = nn.ModuleList(
            PositionBias(self.heads, size, far_joints, corrected_bias and not far_joints)
            for size, (far_joints, _) in zip(self.sizes, SKATE_TYPES.values()))
        self.drop_path = DropPath(drop_path)
        self.mlp = GELUPerceptron(channels, int(channels * mlp_ratio))

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, W, C) -> the same shape."""
        clips, frames, tokens, channels = x.shape
        flat = self.norm_1(x).view(-1, channels)
        mapped = linear(self.mapping.weight, flat).add_(self.mapping.bias[:, None])  # (2 C, B T W)
        to_graph, to_time, qkv = mapped.view(-1, clips, frames, tokens).split(
            (channels // 4, channels // 4, 2 * channels - channels // 2))
        if not self.training and only_result(x):
            return self._in_place(x, to_graph, to_time, qkv)
        graph = torch.bmm(to_graph.reshape(len(self.gconv), -1, tokens), self.gconv.transpose(1, 2)).view_as(to_graph)
        time = self.tconv(to_time.transpose(0, 1)).transpose(0, 1)
        # the published scale: by the heads of an attention, not by their channels
        mixed = skate_attention((graph, time), qkv, [bias() for bias in self.biases], self.sizes, self.heads**-0.5,
                                self.attn_drop if self.training else 0.)
        out = functional.linear(mixed.view(channels, -1).t(), self.proj.weight, self.proj.bias)
        x = self.drop_path(x, out.view_as(x))
        return self.drop_path(x, self.mlp(self.norm_2(x).view(-1, channels)).view_as(x))

    def _in_place(self, x: Tensor, to_graph: Tensor, to_time: Tensor, qkv: Tensor) -> Tensor:
        """The part after the mapping, for evaluation: every branch writes where the projection reads."""
        clips, frames, tokens, channels = x.shape
        mixed = qkv.new_empty(channels, clips, frames, tokens)
        graph, time, attended = mixed.split((len(to_graph), len(to_time), len(qkv) // 3))
        rows = len(self.gconv), -1, tokens
        torch.bmm(to_graph.view(rows), self.gconv.transpose(1, 2), out=graph.view(rows))
        _convolve_into(time, self.tconv, to_time)
        attend_into(attended, qkv, [bias.prepared() for bias in self.biases], self.sizes, self.heads**-0.5)
        out = x.reshape(-1, channels) + self.proj.bias
        out.addmm_(mixed.view(channels, -1).t(), self.proj.weight.t())
        return self.mlp.add_to_(out, self.norm_2(out)).view(x.shape)


def _convolve_into(out: Tensor, conv: nn.Conv2d, x: Tensor) -> None:
    """A grouped convolution over time, channels first: (C, B, T, W) -> the same shape.

    One product per group: PyTorch's convolution takes twice as long with groups of three or six channels.
    """
    kernel, groups, frames = conv.kernel_size[0], conv.groups, x.shape[2]
    seen = functional.pad(x, (0, 0, kernel // 2, kernel // 2)).unfold(2, frames, 1).permute(0, 2, 1, 4, 3)
    weight = conv.weight.view(groups, len(x) // groups, -1)
    torch.baddbmm(conv.bias.view(groups, -1, 1), weight, seen.reshape(groups, weight.shape[2], -1),
                  out=out.view(groups, weight.shape[1], -1))


class HalveFrames(nn.Module):
    """The convolution over time between two stages, and its norm.

    Args:
        in_channels, out_channels: Numbers of channels before and after.
        kernel_size: Number of frames it sees.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, (kernel_size, 1), (2, 1), (kernel_size // 2, 0))
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, W, Cin) -> (B, T / 2, W, Cout)."""
        x = x.permute(0, 3, 1, 2)
        if self.norm.training:
            x = self.norm(self.conv(x))
        else:
            scale, shift = affine_of(self.norm)
            x = functional.conv2d(x, self.conv.weight * scale[:, None, None, None], self.conv.bias * scale + shift,
                                  self.conv.stride, self.conv.padding)
        return x.permute(0, 2, 3, 1).contiguous()


@MODELS.register_module()
class SkateFormer(BaseModule):
    """SkateFormer for ``RecognizerGCN``: (N, M, T, V, C or C + 1) in, (N, M, channels, T', V') out.

    A channel beyond ``in_channels`` is the time of the frame in [-1, 1], as ``SkateEncoder`` appends it; without one,
    frames are assumed to be evenly spaced. V' counts the slots of the body parts (:func:`mmskel.skeleton.skate_parts`);
    a slot without a joint and an absent person are joints at the origin, which take part
    (``docs/published/skateformer.md``, D4).
    A clip whose frames do not divide into the windows of the last stage (64 for the published four stages) is stretched
    linearly to the next number that does, as the published sampling does with short clips.

    Args:
        layout: Joint order, or a :class:`~mmskel.skeleton.Layout`.
        in_channels: Number of coordinates, C.
        num_person: Number of persons, M; all of them are tokens of one map.
        channels: Width of every stage; from the second on, a stage begins with half the frames.
        depths: Number of blocks of every stage.
        num_heads: Number of heads, H.
        kernel_size: Kernel size of the convolutions over time.
        mlp_ratio: Width of the perceptrons over C. Published: 4 (NTU), 1 (N-UCLA).
        attn_drop: Dropout of the attention weights.
        drop_path: Stochastic depth of the last block; it grows linearly from 0 at the first.
        window: Number of frames of a window.
        part_size: Number of joints of a body part; default: that of :func:`mmskel.skeleton.skate_parts`.
        corrected_bias: Whether the bias of types 1 and 3 goes by the distance of frames, see :class:`PositionBias`.
        init_cfg: Initialisation in the form of MMEngine; the published one is built in.
    """

    def __init__(self, layout: str | Layout, in_channels: int = 3, num_person: int = 2,
                 channels: Sequence[int] = (96, 192, 192, 192), depths: Sequence[int] = (2, 2, 2, 2),
                 num_heads: int = 32, kernel_size: int = 7, mlp_ratio: float = 4., attn_drop: float = 0.5,
                 drop_path: float = 0.2, window: int = 8, part_size: int | None = None, corrected_bias: bool = False,
                 init_cfg: dict | list | None = None):
        super().__init__(init_cfg)
        layout = get_layout(layout)
        if len(channels) != len(depths):
            raise UserError(f'SkateFormer has a width and a depth per stage; channels={tuple(channels)}, '
                            f'depths={tuple(depths)}')
        wrong = [width for width in channels if width % num_heads]
        if num_heads % 8 or wrong:
            raise UserError(f'SkateFormer splits its heads into 8 and its channels among the heads: num_heads must be '
                            f'a multiple of 8 and channels of num_heads; found num_heads={num_heads}, '
                            f'channels={tuple(channels)}')
        parts = skate_parts(layout, part_size)
        slots = torch.tensor(parts).flatten()
        sizes = skate_sizes(parts, num_person, window)
        self.layout, self.num_joints, self.in_channels = layout.name, layout.num_joints, in_channels
        self.num_person, self.out_channels = num_person, channels[-1]
        self.frame_multiple = window * 2**(len(channels) - 1)
        self.register_buffer('joints', slots.clamp(min=0), persistent=False)
        self.register_buffer('present', (slots >= 0)[:, None], persistent=False)
        self.padded = bool((slots < 0).any())
        tokens = num_person * len(slots)
        self.stem = nn.Sequential(nn.Linear(in_channels, 2 * in_channels), nn.GELU(),
                                  nn.Linear(2 * in_channels, 3 * in_channels), nn.GELU(),
                                  nn.Linear(3 * in_channels, channels[0]))
        self.embedding = _table(channels[0], tokens)
        rates = torch.linspace(0, drop_path, sum(depths)).tolist()
        stages, before = [], channels[0]
        for stage, (width, depth) in enumerate(zip(channels, depths)):
            layers = [HalveFrames(before, width, kernel_size)] if stage else []
            layers += [SkateBlock(width, tokens, [sizes.of(kind) for kind in SKATE_TYPES], num_heads, kernel_size,
                                  mlp_ratio, attn_drop, rates.pop(0), corrected_bias) for _ in range(depth)]
            stages.append(nn.Sequential(*layers))
            before = width
        self.stages = ModuleList(stages)

    def forward(self, x: Tensor) -> Tensor:
        """(N, M, T, V, C or C + 1) -> (N, M, channels, T', V')."""
        clips, persons, frames, joints, channels = x.shape
        if persons != self.num_person:
            raise UserError(f'SkateFormer was built for num_person={self.num_person}, but the clips have {persons} '
                            'persons; all persons are tokens of one map. Set num_person of the model and of '
                            'SetPersons alike')
        if joints != self.num_joints or channels not in (self.in_channels, self.in_channels + 1):
            raise UserError(f"SkateFormer was built for {self.num_joints} joints ('{self.layout}') and "
                            f'in_channels={self.in_channels}, and one more channel for the time; the clips have '
                            f'{joints} joints and {channels} channels')
        x, time = x[..., :self.in_channels], x[:, 0, :, 0, self.in_channels:]
        if channels == self.in_channels:
            time = torch.linspace(-1, 1, frames, dtype=x.dtype, device=x.device)[None, :, None].expand(clips, -1, -1)
        x = x.index_select(3, self.joints)
        if self.padded:
            x = x * self.present
        tokens = x.transpose(1, 2).flatten(2, 3)
        if frames % self.frame_multiple:
            tokens, time = (_stretch(part, frames + -frames % self.frame_multiple) for part in (tokens, time))
        features = self.encode_tokens(tokens, time[..., 0])
        features = features.unflatten(2, (persons, -1)).permute(0, 2, 4, 1, 3)
        return features.contiguous()

    def encode_tokens(self, x: Tensor, time: Tensor) -> Tensor:
        """The published input: tokens in the order of the body parts, person by person.

        Args:
            x: (N, T, W, C), T a multiple of 64 (for four stages and windows of 8 frames).
            time: (N, T) in [-1, 1].

        Returns:
            (N, T / 8, W, channels).
        """
        x = torch.addcmul(self.stem(x), time_embedding(time, len(self.embedding))[:, :, None], self.embedding.t())
        for stage in self.stages:
            x = stage(x)
        return x


def time_embedding(time: Tensor, channels: int) -> Tensor:
    """(N, T) -> (N, T, channels): sine and cosine in turn, at frequencies 10000^(-2 i / channels)."""
    frequency = torch.exp(torch.arange(0, channels, 2, dtype=time.dtype, device=time.device)
                          * (-math.log(10000.) / channels))
    angle = time[..., None] * frequency
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(2)


def _stretch(x: Tensor, frames: int) -> Tensor:
    """(N, T, ...) -> (N, frames, ...), linearly, with half-pixel centres."""
    flat = x.flatten(2).transpose(1, 2)
    return functional.interpolate(flat, frames, mode='linear').transpose(1, 2).reshape(len(x), frames, *x.shape[2:])
