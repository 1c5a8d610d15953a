"""Ensem-NN: a clip as a time series of all coordinates, under four one-dimensional residual networks.

Y. Xu, J. Cheng, L. Wang, H. Xia, F. Liu, D. Tao, "Ensemble One-Dimensional Convolution Neural Networks for
Skeleton-Based Action Recognition", IEEE Signal Processing Letters (SPL) 2018, arXiv 1801.02475. Official code:
github.com/Qingyang-Xu/Ensem-NN (licence: not stated; no weights); written from the paper and its description. Ours: any
layout, number of persons and coordinates; the five body-part trunks as one grouped network; a frame attention that
attends, on request (docs/published/ensemble_1dcnn.md).

Symbols: N clips, T frames, D = M V C features of a frame.
"""
from __future__ import annotations

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional

from mmskel.files.errors import UserError
from mmskel.models.layers.clip_shape import check_clip_shape
from mmskel.models.layers.keras import SameConv1d, he_normal_, keras_norm1d
from mmskel.models.layers.rows import exactly
from mmskel.skeleton import Layout, five_parts, get_layout

KERNEL, GATE_WIDTH = 8, 300
NETWORKS = {'base': 0., 'two_stream': 0., 'body_part': 0.1, 'attention': 0.1, 'frame_difference': 0.3}
"""The networks, with their published dropout."""
STREAMS = {'two_stream': 2, 'body_part': 5}
"""Number of feature streams of a network, if it is not 1."""


class FrameAttention(nn.Sequential):
    """A score per frame, a softmax, and a product with the features.

    Args:
        channels: Number of channels, C.
        over_time: Whether the softmax is over the frames, times their number. The published code takes it over an axis
            of one element, so that the factor is 1 and nothing is learned.
    """

    def __init__(self, channels: int, over_time: bool):
        super().__init__(nn.Linear(channels, 2 * channels), nn.ReLU(), nn.Linear(2 * channels, 1))
        self.over_time = over_time

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        """Features x and the input of the scores, both (N, C, T); shape kept."""
        if self.over_time:
            weight = super().forward(h.transpose(1, 2)).softmax(1)
            return x * weight.transpose(1, 2) * x.shape[2]
        if not torch.is_grad_enabled():
            return x
        # not used in the result; gradients of 0, as published, satisfy distributed training
        return x + 0 * sum(one.sum() for one in self.parameters())


class Group(nn.Module):
    """Three convolutions 8 wide, with the shortcut from before the first.

    Args:
        in_channels, channels: Widths of one trunk before and after.
        trunks: Number of independent networks, side by side.
        dropout: Share of the activations dropped in training.
        attention: Kind of attention: None; ``'reference'`` or ``'time'``: norm and ReLU before each convolution, and
            :class:`FrameAttention` at the end.
    """

    def __init__(self, in_channels: int, channels: int, trunks: int, dropout: float, attention: str | None):
        super().__init__()
        stride = 1 if in_channels == channels else 2
        widths = (in_channels, channels, channels)
        self.convs = nn.ModuleList(SameConv1d(trunks * width, trunks * channels, KERNEL, 1 if place else stride,
                                              groups=trunks) for place, width in enumerate(widths))
        self.bns = nn.ModuleList(keras_norm1d(trunks * (width if attention else channels)) for width in widths)
        self.down = None if stride == 1 else SameConv1d(trunks * in_channels, trunks * channels, 1, stride,
                                                        groups=trunks)
        self.att = FrameAttention(channels, attention == 'time') if attention else None
        self.dropout = dropout

    def activated(self, x: Tensor, norm: nn.Module) -> Tensor:
        """Norm, ReLU, dropout."""
        x = functional.relu(norm(x), inplace=True)
        return functional.dropout(x, self.dropout, self.training) if self.dropout else x

    def forward(self, x: Tensor) -> Tensor:
        """(N, trunks Cin, T) -> (N, trunks C, ceil(T / stride))."""
        h = x
        for conv, norm in zip(self.convs, self.bns):
            h = self.activated(conv(h), norm) if self.att is None else conv(self.activated(h, norm))
        out = h + (x if self.down is None else self.down(x))
        return out if self.att is None else self.att(out, h)


class Trunk(nn.Module):
    """The base network up to the mean over time.

    Args:
        in_channels: Number of input features, D, of one trunk.
        channels: Width of the stem; the groups have 1, 2 and 4 times as many.
        trunks: Number of independent networks of the same size, side by side in one.
        dropout: See :class:`Group`.
        attention: See :class:`Group`.
        final_norm: Whether a norm and a ReLU come last.
    """

    def __init__(self, in_channels: int, channels: int, trunks: int = 1, dropout: float = 0.,
                 attention: str | None = None, final_norm: bool = True):
        super().__init__()
        self.stem = SameConv1d(trunks * in_channels, trunks * channels, KERNEL, groups=trunks)
        widths = (channels, channels, 2 * channels, 4 * channels)
        self.groups = nn.Sequential(*(Group(before, after, trunks, dropout, attention)
                                      for before, after in zip(widths, widths[1:])))
        self.norm = keras_norm1d(trunks * widths[-1]) if final_norm else None
        self.trunks, self.out_channels = trunks, widths[-1]

    def forward(self, x: Tensor) -> Tensor:
        """(N, trunks D, T) -> (N, trunks, C, T / 4)."""
        x = self.groups(self.stem(x))
        if self.norm is not None:
            x = functional.relu(self.norm(x), inplace=True)
        return x.unflatten(1, (self.trunks, -1))


@MODELS.register_module()
class Ensemble1DCNN(BaseModule):
    """One network of the ensemble for ``RecognizerGCN`` and ``StreamProductHead``: (N, M, T, V, C) in, (N, S, 4
    channels, T', 1) out, S streams, all persons in each.

    Args:
        layout: Joint order; the parts of ``'body_part'`` are :func:`~mmskel.skeleton.five_parts`.
        in_channels: Number of coordinates, C.
        num_person: Number of persons, M; whose joints follow one another.
        network: One of ``NETWORKS``: ``'base'``; ``'two_stream'``, over frames and over features; ``'body_part'``,
            five trunks; ``'attention'``, a gate over the features of every frame; ``'frame_difference'``.
        num_frames: Number of frames T for ``'two_stream'``, which knows a frame by its number: zeros after shorter
            clips, frames of longer ones picked evenly. Other networks take any.
        base_channels: Width of the stem.
        dropout: Share of the activations dropped in training; default: the published one of the network.
        frame_attention: Frame attention of ``'attention'``: ``'reference'``, which does nothing, as published, or
            ``'time'``.
        keep_spike: Whether, in ``'frame_difference'``, the frame after the last one holds minus the last pose, as
            published, or zeros.
        init_cfg: Initialisation in the form of MMEngine; the published one is built in.
    """
    knobs = {'clip_len': 'num_frames'}

    def __init__(self, layout: str | Layout, in_channels: int = 3, num_person: int = 2, network: str = 'base',
                 num_frames: int = 300, base_channels: int = 64, dropout: float | None = None,
                 frame_attention: str = 'reference', keep_spike: bool = True, init_cfg: dict | list | None = None):
        super().__init__(init_cfg)
        if network not in NETWORKS:
            raise UserError(f"Ensemble1DCNN: unknown network '{network}'; known: {', '.join(NETWORKS)}")
        if frame_attention not in ('reference', 'time'):
            raise UserError(f"Ensemble1DCNN: frame_attention must be 'reference' or 'time', not {frame_attention!r}")
        layout = get_layout(layout)
        self.layout, self.num_joints, self.in_channels = layout.name, layout.num_joints, in_channels
        self.num_person, self.network, self.num_frames = num_person, network, num_frames
        self.keep_spike, self.num_streams = keep_spike, STREAMS.get(network, 1)
        features = num_person * layout.num_joints * in_channels
        dropout = NETWORKS[network] if dropout is None else dropout
        options = dict(channels=base_channels, dropout=dropout)
        if network == 'two_stream':
            self.temporal, self.spatial = Trunk(features, **options), Trunk(num_frames, **options)
        elif network == 'body_part':
            parts = five_parts(layout)
            width = max(map(len, parts))
            slots = torch.tensor([[*part, *(-1, ) * (width - len(part))] for part in parts])
            self.register_buffer('joints', slots.clamp(min=0).flatten(), persistent=False)
            self.register_buffer('present', (slots >= 0).flatten()[:, None].float(), persistent=False)
            self.parts = Trunk(num_person * width * in_channels, trunks=len(parts), **options)
        else:
            attention = frame_attention if network == 'attention' else None
            self.trunk = Trunk(features, attention=attention, final_norm=network in ('base', 'two_stream'), **options)
        if network == 'attention':
            self.input_att = nn.Sequential(nn.Linear(features, GATE_WIDTH), nn.Tanh(), nn.Linear(GATE_WIDTH, features))
        self.out_channels = 4 * base_channels
        for module in self.modules():
            if isinstance(module, nn.Conv1d):
                he_normal_(module.weight)
                nn.init.zeros_(module.bias)

    def part_series(self, x: Tensor) -> Tensor:
        """(N, M, T, V, C) -> (N, 5, T, M w C): every part's joints, person after person, w of them with empty slots."""
        clips, persons, frames, _, coords = x.shape
        parts = x.index_select(3, self.joints) * self.present
        parts = parts.unflatten(3, (self.num_streams, -1))  # (N, M, T, 5, w, C)
        return parts.permute(0, 3, 2, 1, 4, 5).reshape(clips, self.num_streams, frames, -1)

    def difference(self, x: Tensor) -> Tensor:
        """(N, D, T) -> every frame less the one before it; zeros in the first."""
        out = functional.pad(x[..., 1:] - x[..., :-1], (1, 0))
        return out if self.keep_spike else out * (x != 0).any(1, keepdim=True)

    def forward(self, x: Tensor) -> Tensor:
        """(N, M, T, V, C) -> (N, S, channels, T', 1).

        Raises:
            UserError: A different number of persons, joints or coordinates than the network was built for.
        """
        check_clip_shape(x, 'Ensemble1DCNN', self.layout, (self.num_person, self.num_joints, self.in_channels))
        if self.network == 'body_part':
            return self.part_features(self.part_series(x))
        return self.series_features(x.transpose(1, 2).flatten(2).transpose(1, 2))

    def part_features(self, x: Tensor) -> Tensor:
        """The published input of the body-part network, (N, 5, T, D) -> (N, 5, channels, T / 4, 1)."""
        return self.parts(x.transpose(2, 3).flatten(1, 2))[..., None]

    def series_features(self, x: Tensor) -> Tensor:
        """The published input of the others with features first, (N, D, T) -> (N, S, channels, T', 1)."""
        if self.network == 'two_stream':
            x = exactly(x, 2, self.num_frames)
            both = self.temporal(x), self.spatial(x.transpose(1, 2))
            # lengths differ, so means over time are what they have in common
            return torch.cat([features.mean(-1, keepdim=True) for features in both], 1)[..., None]
        if self.network == 'attention':
            gate = self.input_att(x.transpose(1, 2)).softmax(-1)
            x = x * gate.transpose(1, 2)
        elif self.network == 'frame_difference':
            x = self.difference(x)
        return self.trunk(x)[..., None]
