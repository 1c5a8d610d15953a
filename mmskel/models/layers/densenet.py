"""DenseNet with torchvision's names of tensors, so that any of its checkpoints loads, and without torchvision.

G. Huang, Z. Liu, L. van der Maaten, K. Q. Weinberger, "Densely Connected Convolutional Networks", CVPR 2017, arXiv
1608.06993. Written from the paper.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmskel.checkpoints import CheckpointError, read_checkpoint

# early checkpoints of torchvision: norm.1, conv.2; later norm1, conv2
_EARLY = re.compile(r'(denselayer\d+\.(?:norm|conv))\.([12])\.')


class DenseLayer(nn.Module):
    """Norm, ReLU, 1 x 1; norm, ReLU, 3 x 3; the result joins the channels.

    Args:
        in_channels: Width of the input.
        growth: Number of channels that are added.
        eps: Constant of the norms.
    """

    def __init__(self, in_channels: int, growth: int, eps: float):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels, eps)
        self.conv1 = nn.Conv2d(in_channels, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth, eps)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C + growth, H, W)."""
        new = self.conv1(functional.relu(self.norm1(x), inplace=True))
        return torch.cat([x, self.conv2(functional.relu(self.norm2(new), inplace=True))], 1)


def _transition(in_channels: int, eps: float) -> nn.Sequential:
    layers = nn.Sequential()
    layers.add_module('norm', nn.BatchNorm2d(in_channels, eps))
    layers.add_module('relu', nn.ReLU(inplace=True))
    layers.add_module('conv', nn.Conv2d(in_channels, in_channels // 2, 1, bias=False))
    layers.add_module('pool', nn.AvgPool2d(2, 2))
    return layers


class DenseNet(nn.Module):
    """DenseNet up to its last norm: (N, C, H, W) -> (N, out_channels, H / 32, W / 32). DenseNet-161 by default.

    Args:
        in_channels: Number of coordinates, C.
        base_channels: Width of the stem.
        growth: Number of channels that every layer adds.
        blocks: Number of layers in each dense block.
        eps: Constant of the norms; torchvision's is 1e-5.
    """

    def __init__(self, in_channels: int = 3, base_channels: int = 96, growth: int = 48,
                 blocks: Sequence[int] = (6, 12, 36, 24), eps: float = 1e-5):
        super().__init__()
        self.features = nn.Sequential()
        self.features.add_module('conv0', nn.Conv2d(in_channels, base_channels, 7, 2, 3, bias=False))
        self.features.add_module('norm0', nn.BatchNorm2d(base_channels, eps))
        self.features.add_module('relu0', nn.ReLU(inplace=True))
        self.features.add_module('pool0', nn.MaxPool2d(3, 2, 1))
        channels = base_channels
        for number, layers in enumerate(blocks, 1):
            block = nn.Sequential()
            for layer in range(1, layers + 1):
                block.add_module(f'denselayer{layer}', DenseLayer(channels, growth, eps))
                channels += growth
            self.features.add_module(f'denseblock{number}', block)
            if number < len(blocks):
                self.features.add_module(f'transition{number}', _transition(channels, eps))
                channels //= 2
        self.features.add_module('norm5', nn.BatchNorm2d(channels, eps))
        self.out_channels = channels

    def forward(self, x: Tensor) -> Tensor:
        """Features after the last norm and ReLU."""
        return functional.relu(self.features(x), inplace=True)


def load_densenet(network: DenseNet, path: str | Path) -> None:
    """Loads a checkpoint with torchvision's names, of any age; its classifier is left out.

    Raises:
        CheckpointError: If the file is not such a checkpoint, or has another width; names the file and the first
            tensors.
    """
    state = {_EARLY.sub(r'\1\2.', key): value for key, value in read_checkpoint(path).state.items()
             if not key.startswith('classifier.')}
    own = network.state_dict()
    wrong = [key for key in own if not key.endswith('num_batches_tracked')
             and getattr(state.get(key), 'shape', None) != own[key].shape]
    wrong += [key for key in state if key not in own]
    if wrong:
        raise CheckpointError(f"'{path}' is not a DenseNet of this size with torchvision's names: {len(wrong)} tensors "
                              f'do not fit, e.g. {", ".join(wrong[:3])}')
    network.load_state_dict(state, strict=False)
