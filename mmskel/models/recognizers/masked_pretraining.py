"""Masked pretraining: an encoder of frame tokens learns to reconstruct hidden joints. No labels.

Y. Peng, A. Yilmaz, "CascadeFormer: A Family of Two-stage Cascading Transformers for Skeleton-based Human Action
Recognition", arXiv 2509.00692, stage 1. Ours: masks drawn by one sort per batch; any encoder of frame tokens; see
docs/published/cascadeformer.md.

Symbols: N clips, M persons, T frames, V joints, C coordinates, d channels of a token; B persons of all clips.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmskel.files.errors import UserError
from mmskel.models.losses.masked import hidden_error

MASKS = ('joint', 'frame', 'none')
DECODERS = ('linear', 'mlp', 'residual')


@MODELS.register_module()
class MaskedPretraining(BaseModel):
    """Hides joints, encodes the others, reconstructs, and compares.

    The weights that a recogniser continues with keep their names, ``backbone.*``: give it the checkpoint as
    ``load_from``.

    Args:
        backbone: Encoder of frame tokens with ``channels`` (d), ``num_joints``, ``in_channels``, ``arrange(x)``,
            ``padding_of(x)`` and ``encode_frames(x, padding)``, (B, T, V, C) -> (B, T, d), as
            :class:`~mmskel.models.backbones.CascadeFormer` has them (with ``cascade=False``: nothing is idle).
        data_preprocessor: Encoder of the batch, as for the recogniser.
        mask: Hidden part. ``'joint'``: single joints in single frames; ``'frame'``: whole frames; ``'none'``:
            nothing, and everything is compared.
        mask_ratio: Share of the places that are hidden, rounded down, at least one.
        decoder: Decoder from tokens to joints: ``'linear'`` (published), ``'mlp'`` (a hidden layer of d),
            ``'residual'`` (the same, added to the token).
        loss: Loss of the reconstruction, called with reconstruction, target and mask.
        mask_seed: Seed of the masks in evaluation, where every clip of a batch is hidden alike.
    """

    def __init__(self, backbone: dict, data_preprocessor: dict | nn.Module | None = None, mask: str = 'joint',
                 mask_ratio: float = 0.3, decoder: str = 'linear', loss: dict | None = None, mask_seed: int = 0):
        super().__init__(data_preprocessor=data_preprocessor)
        if mask not in MASKS or decoder not in DECODERS:
            raise UserError(f"mask is one of {', '.join(MASKS)}, decoder one of {', '.join(DECODERS)}; found "
                            f'{mask!r}, {decoder!r}')
        if not 0 < mask_ratio < 1:
            raise UserError(f'mask_ratio lies between 0 and 1, not {mask_ratio}')
        self.backbone = MODELS.build(backbone)
        lacking = [name for name in ('arrange', 'padding_of', 'encode_frames') if not hasattr(self.backbone, name)]
        if lacking:
            raise UserError(f'{type(self.backbone).__name__} is not an encoder of frame tokens: it has no '
                            f'{", ".join(lacking)}')
        self.mask, self.mask_ratio, self.mask_seed = mask, mask_ratio, mask_seed
        self.decoder = _decoder(decoder, self.backbone.channels, self.backbone.num_joints * self.backbone.in_channels)
        self.criterion = MODELS.build(loss or dict(type='MaskedMSELoss'))

    def reconstruct(self, x: Tensor, hidden: Tensor, padding: Tensor | None = None) -> Tensor:
        """Arranged joints (B, T, V, C), what is hidden (B, T, V), padding (B, T) -> (B, T, V, C)."""
        shown = x if self.mask == 'none' else hide(x, hidden)
        return self.decoder(self.backbone.encode_frames(shown, padding)).view_as(x)

    def draw(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """What is hidden of (B, T, V, C), as (B, T, V); see :func:`draw_mask`."""
        batch, frames, joints, _ = x.shape
        if self.mask == 'none':
            seen = x.new_ones(batch, frames, dtype=torch.bool) if padding is None else ~padding
            return seen[..., None].expand(-1, -1, joints)
        noise = None
        places = joints if self.mask == 'joint' else 1
        if not self.training:
            generator = torch.Generator().manual_seed(self.mask_seed)
            noise = torch.rand(frames, places, generator=generator).to(x.device).expand(batch, -1, -1)
        drawn = draw_mask((batch, frames, places), self.mask_ratio, padding, noise, x.device)
        return drawn.expand(-1, -1, joints)

    def forward(self, inputs: Tensor, data_samples: Sequence[Any] | None = None, mode: str = 'tensor') -> Any:
        """One pass.

        Args:
            inputs: (N, views, M, T, V, C), as the encoder makes them. Persons without any joint are left out.
            data_samples: N; their labels, if any, are ignored.
            mode: ``'loss'``: ``loss_reconstruction``; ``'predict'``: the samples with ``hidden_error``, the sum of
                squared errors of hidden coordinates and their number; ``'tensor'``: the reconstruction,
                (N, views, M, T, V, C) in the order of the backbone.
        """
        x = self.backbone.arrange(inputs).flatten(0, 2)
        if mode == 'tensor':
            padding = self.backbone.padding_of(x)
            return self.reconstruct(x, self.draw(x, padding), padding).view_as(inputs)
        present = (x != 0).flatten(1).any(1)
        owner = torch.arange(len(inputs), device=x.device).repeat_interleave(len(x) // len(inputs))
        if present.any():
            x, owner = x[present], owner[present]
        padding = self.backbone.padding_of(x)
        hidden = self.draw(x, padding)
        found = self.reconstruct(x, hidden, padding)
        if mode == 'loss':
            return dict(loss_reconstruction=self.criterion(found, x, hidden))
        if mode != 'predict':
            raise UserError(f"mode is 'loss', 'predict' or 'tensor', not {mode!r}")
        sums = torch.stack(hidden_error(found, x, hidden), 1)
        totals = sums.new_zeros(len(inputs), 2).index_add_(0, owner, sums)
        for sample, total in zip(data_samples, totals):
            sample.set_field(total, 'hidden_error')
        return data_samples


def hide(x: Tensor, hidden: Tensor) -> Tensor:
    """(B, T, V, C) with zeros where ``hidden`` (B, T, V) is true: a hidden joint looks like a missing one."""
    return x.masked_fill(hidden[..., None], 0)


def draw_mask(shape: Sequence[int], ratio: float, padding: Tensor | None = None, noise: Tensor | None = None,
              device: torch.device | str | None = None) -> Tensor:
    """Hides ``floor(ratio * T * V)`` places of every clip, at least one, uniformly without replacement.

    Args:
        shape: (B, T, V).
        ratio: Share of the places.
        padding: Mask (B, T), true for frames in which nothing is hidden and that do not count as places.
        noise: (B, T, V) random numbers that decide; drawn by default.
        device: Device they are drawn on.

    Returns:
        (B, T, V), true where hidden.
    """
    batch, frames, joints = shape
    noise = torch.rand(*shape, device=device) if noise is None else noise
    if padding is None:
        places = torch.full((batch, 1), frames * joints, device=noise.device)
    else:
        noise = noise.masked_fill(padding[..., None], torch.inf)
        places = (~padding).sum(1, keepdim=True) * joints
    many = (places.double() * ratio).floor().clamp(min=1)
    order = noise.reshape(batch, -1).argsort(1)
    rank = torch.arange(frames * joints, device=noise.device)
    return torch.zeros_like(order, dtype=torch.bool).scatter_(1, order, rank < many).view(shape)


class _Residual(nn.Module):

    def __init__(self, channels: int, out_channels: int):
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, channels))
        self.out = nn.Linear(channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(x + self.hidden(x))


def _decoder(kind: str, channels: int, out_channels: int) -> nn.Module:
    if kind == 'mlp':
        return nn.Sequential(nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, out_channels))
    return _Residual(channels, out_channels) if kind == 'residual' else nn.Linear(channels, out_channels)
