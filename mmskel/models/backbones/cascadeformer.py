"""CascadeFormer: a transformer over frames, pretrained by reconstructing hidden joints, and a second one on top of it.

Y. Peng, A. Yilmaz, "CascadeFormer: A Family of Two-stage Cascading Transformers for Skeleton-based Human Action
Recognition", ICPR 2026, arXiv 2509.00692. Official code: github.com/Yusen-Peng/CascadeFormer, licence not stated; the
checkpoints (huggingface.co/YusenPeng/CascadeFormerCheckpoints) are MIT.
Ours: any layout; versions 1.0 to 1.4 as an argument; the number of heads of the cross-attention and a padding mask as
options. What we keep and offer: docs/published/cascadeformer.md.

Symbols: B persons of all clips, T frames (= tokens), V joints, C coordinates, d channels of a token.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmskel.files.errors import UserError
from mmskel.models.layers.dropout import FastDropout
from mmskel.models.layers.frame_embedding import frame_embedding
from mmskel.models.layers.post_norm import PostNormEncoder, attend
from mmskel.skeleton import get_layout, skate_parts


class FrameEncoder(nn.Module):
    """The first transformer, T1: embedded frames with a learned position, and a stack of layers.

    Args:
        embed: Module that makes tokens of frames, see :func:`~mmskel.models.layers.frame_embedding.frame_embedding`.
        channels, num_heads, num_layers, dropout: See :class:`~mmskel.models.layers.post_norm.PostNormEncoder`.
        max_frames: Length of the table of positions.
        position_std: Standard deviation of its truncated normal initial values.
    """

    def __init__(self, embed: nn.Module, channels: int, num_heads: int, num_layers: int, dropout: float,
                 max_frames: int, position_std: float):
        super().__init__()
        self.embed = embed
        self.position = nn.Parameter(torch.zeros(1, max_frames, channels))
        if position_std:
            nn.init.trunc_normal_(self.position, std=position_std)
        self.encoder = PostNormEncoder(channels, num_heads, num_layers, dropout=dropout)

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """(B, T, V, C), true for padding (B, T) or None -> (B, T, d).

        Raises:
            UserError: A clip longer than the table of positions.
        """
        frames, longest = x.shape[1], self.position.shape[1]
        if frames > longest:
            raise UserError(f'a clip of {frames} frames, but the table of positions ends at {longest}; resample the '
                            'clips, or train with a larger max_frames')
        return self.encoder(self.embed(x) + self.position[:, :frames], padding)


class CrossAttention(nn.Module):
    """Cross-attention: the tokens of the first transformer attend once to those of the second.

    Args:
        channels, num_heads: Width and number of heads.
        dropout: Dropout probability.
        perceptron: Whether a perceptron of width d follows; dropout is then on the attention weights, too (NTU).
    """

    def __init__(self, channels: int, num_heads: int, dropout: float = 0.1, perceptron: bool = False):
        super().__init__()
        self.attention = nn.MultiheadAttention(channels, num_heads, dropout if perceptron else 0., batch_first=True)
        self.norm1, self.dropout = nn.LayerNorm(channels), FastDropout(dropout)
        self.perceptron, self.norm2 = None, None
        if perceptron:
            self.perceptron = nn.Sequential(nn.Linear(channels, channels), nn.ReLU(), FastDropout(dropout),
                                            nn.Linear(channels, channels))
            self.norm2 = nn.LayerNorm(channels)

    def forward(self, query: Tensor, context: Tensor, padding: Tensor | None = None,
                num_heads: int | None = None) -> Tensor:
        """(B, T, d), (B, T, d) -> (B, T, d); ``padding`` and ``num_heads`` as in :func:`attend`."""
        x = self.norm1(query + self.dropout(attend(self.attention, query, context, padding, num_heads)))
        return x if self.perceptron is None else self.norm2(x + self.dropout(self.perceptron(x)))


@MODELS.register_module()
class CascadeFormer(BaseModule):
    """Both transformers and their cross-attention; every person is a sequence of frames of its own.

    Published: one person per clip (``ChoosePerson``), and a head that averages over the frames. With several persons
    the head averages over them, too.

    Args:
        layout: Joint order.
        in_channels: Number of coordinates, C.
        channels: Width d of a token.
        num_heads: Number of heads of all layers.
        num_layers: Number of layers of each transformer.
        embedding: Embedding of a frame as a token, one of ``FRAME_EMBEDDINGS``: ``'linear'`` (version 1.0),
            ``'joint_conv'`` (1.1), ``'spatial'`` (1.2 of NTU and the paper), ``'spatial_coords'`` (1.2 of the released
            Penn Action and N-UCLA models), ``'graph'`` (1.3), ``'bone_angles'`` (1.4).
        joint_order: Order of the joints in a token: ``'layout'``; ``'parts'``: the order of SkateFormer's body parts,
            in which the published N-UCLA arrays are; or joint indices.
        max_frames: Number of frames of the longest clip.
        position_std: Standard deviation of the initial positions; 0 in the published 1.0 of Penn Action.
        dropout, second_dropout: Probabilities in the first and the second transformer.
        cascade: If False, only the first transformer, as in pretraining.
        cross_heads: Heads of the cross-attention; None: ``num_heads``. The published test script uses 4 for Penn Action
            and N-UCLA, whatever the model was trained with.
        cross_perceptron, cross_dropout: See :class:`CrossAttention`.
        padding_mask: If True, frames after a person's last joint that is not zero are not tokens, and features are
            scaled so that a head's average over all frames is that over the others: the scores of a clip no longer
            depend on the longest clip of its batch. Published: False.
        frozen_layers: Leading layers of the first transformer that are not trained; from 1 on its embedding and
            positions are not, either.
        reconstruction: Whether the linear layer that reconstructs joints is kept, unused, as published files keep it.
    """

    def __init__(self, layout: str, in_channels: int = 3, channels: int = 256, num_heads: int = 8, num_layers: int = 4,
                 embedding: str = 'linear', joint_order: str | Sequence[int] = 'layout', max_frames: int = 2048,
                 position_std: float = 0.02, dropout: float = 0.1, second_dropout: float = 0.1, cascade: bool = True,
                 cross_heads: int | None = None, cross_perceptron: bool = False, cross_dropout: float = 0.1,
                 padding_mask: bool = False, frozen_layers: int = 0, reconstruction: bool = False,
                 init_cfg: dict | None = None):
        super().__init__(init_cfg)
        self.layout, self.in_channels, self.channels = get_layout(layout), in_channels, channels
        self.num_joints, self.padding_mask, self.frozen_layers = self.layout.num_joints, padding_mask, frozen_layers
        order = _joint_order(joint_order, self.layout)
        self.reordered = order != tuple(range(self.num_joints))
        if self.reordered and embedding in ('graph', 'bone_angles'):
            raise UserError(f"embedding='{embedding}' takes the joints from the layout; joint_order must be 'layout'")
        self.register_buffer('order', torch.tensor(order), persistent=False)
        embed = frame_embedding(embedding, self.layout, in_channels, channels, num_heads, dropout)
        self.t1 = FrameEncoder(embed, channels, num_heads, num_layers, dropout, max_frames, position_std)
        self.t2 = self.cross = None
        if cascade:
            self.t2 = PostNormEncoder(channels, num_heads, num_layers, dropout=second_dropout)
            self.cross = CrossAttention(channels, cross_heads or num_heads, cross_dropout, cross_perceptron)
        self.decoder = nn.Linear(channels, self.num_joints * in_channels) if reconstruction else None
        self._freeze()

    def _frozen(self) -> list[nn.Module]:
        layers = list(self.t1.encoder.layers[:self.frozen_layers])
        return [self.t1.embed, *layers] if layers else []

    def _freeze(self) -> None:
        if not 0 <= self.frozen_layers <= len(self.t1.encoder.layers):
            raise UserError(f'frozen_layers must be 0 to {len(self.t1.encoder.layers)}, not {self.frozen_layers}')
        for module in self._frozen():
            module.requires_grad_(False)
        self.t1.position.requires_grad_(not self.frozen_layers)

    def train(self, mode: bool = True) -> CascadeFormer:
        """Keeps frozen layers in evaluation mode, without dropout."""
        super().train(mode)
        for module in self._frozen():
            module.eval()
        return self

    def arrange(self, x: Tensor) -> Tensor:
        """(..., V, C) in the layout's order -> in the network's own.

        Raises:
            UserError: A different number of joints or coordinates.
        """
        if x.shape[-2:] != (self.num_joints, self.in_channels):
            raise UserError(f'clips of {x.shape[-2]} joints with {x.shape[-1]} coordinates, but the network takes '
                            f"{self.num_joints} ('{self.layout.name}') with {self.in_channels}")
        return x.index_select(-2, self.order) if self.reordered else x

    def padding_of(self, x: Tensor) -> Tensor | None:
        """(B, T, V, C) -> (B, T), true after the last frame that is not all zero; None without ``padding_mask``."""
        if not self.padding_mask:
            return None
        place = torch.arange(x.shape[1], device=x.device)
        last = ((x != 0).flatten(2).any(2) * place).amax(1)
        return place > last[:, None]

    def encode_frames(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """The tokens that are pretrained: arranged joints (B, T, V, C) -> (B, T, d)."""
        return self.t1(x, padding)

    def stages(self, x: Tensor, padding: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """The tokens after T1, T2 and the cross-attention, (B, T, d) each; without a cascade, T1's three times."""
        first = self.t1(x, padding)
        if self.t2 is None:
            return first, first, first
        second = self.t2(first, padding)
        return first, second, self.cross(first, second, padding)

    def forward(self, x: Tensor) -> Tensor:
        """(N, M, T, V, C) -> (N, M, d, T, 1)."""
        persons = self.arrange(x).flatten(0, 1)
        padding = self.padding_of(persons)
        tokens = self.stages(persons, padding)[-1]
        if padding is not None:
            share = (~padding).to(tokens.dtype)
            tokens = tokens * (share / share.mean(1, keepdim=True))[..., None]
        return tokens.transpose(1, 2).reshape(*x.shape[:2], self.channels, x.shape[2], 1)


def _joint_order(order: str | Sequence[int], layout) -> tuple[int, ...]:
    if order == 'layout':
        return tuple(range(layout.num_joints))
    joints = tuple(joint for part in skate_parts(layout) for joint in part) if order == 'parts' else tuple(order)
    if sorted(joints) != list(range(layout.num_joints)):
        raise UserError(f"joint_order={order!r} names {joints}; expected 'layout', 'parts' or every joint of layout "
                        f"'{layout.name}' once (0 to {layout.num_joints - 1}); 'parts' of NTU leave a joint out")
    return joints
