"""mmpose's channel shuffle without a detour over channels first. Requested by a model, not installed for everybody."""
from __future__ import annotations

import sys

import torch
from torch import Tensor, nn


def keep_layout_in_shuffles(model: nn.Module) -> None:
    """Lets LiteHRNet and ShuffleNet shuffle channels without going back to channels first in every unit.

    Only ``use_channels_last`` produces tensors for which it matters; all others are shuffled by mmpose as before.
    """
    from mmpose.models.backbones.utils import channel_shuffle

    def shuffle(x: Tensor, groups: int) -> Tensor:
        last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
        return torch.channel_shuffle(x, groups) if last and not torch.is_grad_enabled() else channel_shuffle(x, groups)

    for name in {type(module).__module__ for module in model.modules()}:
        if getattr(sys.modules.get(name), 'channel_shuffle', None) is channel_shuffle:
            sys.modules[name].channel_shuffle = shuffle
