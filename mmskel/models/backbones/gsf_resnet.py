"""ResNets whose blocks exchange features between frames: the image network of Gate-Shift-Pose.

E. Bianchi, O. Lanz, "Gate-Shift-Pose: Enhancing Action Recognition in Sports with Skeleton Information", WACVW 2025,
arXiv 2503.04470; Gate-Shift-Fuse: arXiv 2203.08897. Official code: github.com/EdoWhite/Gate-Shift-Pose (licence: not
stated; no weights); written from the paper and from a description of that code. Ours: any number of frames, widths, and
a true ResNet-18 beside the released one, which is 34 layers deep (docs/published/gate_shift_pose.md, D3).

Symbols: R rows (clips and views), T frames, C channels.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional

from mmskel.checkpoints import CheckpointError, read_checkpoint
from mmskel.files.errors import UserError
from mmskel.models.layers.gate_shift import GateShiftFuse

DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
_BOTTLENECK = 4  # growth of the last convolution of a bottleneck


class GSFBlock(nn.Module):
    """A residual block, GSF after its last convolution and before that one's norm.

    Args:
        in_channels: Number of input channels.
        width: Number of channels inside.
        stride: Stride of the 3 x 3 convolution that has one.
        bottleneck: Whether the block is 1 x 1, 3 x 3, 1 x 1, with four times the channels at its end.
        ratio: Share of the channels that GSF processes, in percent; 0: a block without GSF.
    """

    def __init__(self, in_channels: int, width: int, stride: int, bottleneck: bool, ratio: int):
        super().__init__()
        channels = width * _BOTTLENECK if bottleneck else width
        if bottleneck:
            sizes = ((in_channels, width, 1, 1), (width, width, 3, stride), (width, channels, 1, 1))
        else:
            sizes = ((in_channels, width, 3, stride), (width, width, 3, 1))
        self.convs = nn.ModuleList(nn.Conv2d(before, after, size, step, size // 2, bias=False)
                                   for before, after, size, step in sizes)
        self.norms = nn.ModuleList(nn.BatchNorm2d(after) for _, after, _, _ in sizes)
        self.gsf = GateShiftFuse(channels, ratio) if ratio else None
        self.downsample = None
        if stride != 1 or in_channels != channels:
            self.downsample = nn.Sequential(nn.Conv2d(in_channels, channels, 1, stride, bias=False),
                                            nn.BatchNorm2d(channels))

    def forward(self, x: Tensor, num_frames: int) -> Tensor:
        """(R T, Cin, H, W) -> (R T, Cout, H', W')."""
        shortcut = x if self.downsample is None else self.downsample(x)
        for conv, norm in zip(self.convs[:-1], self.norms):
            x = functional.relu(norm(conv(x)), inplace=True)
        x = self.convs[-1](x)
        if self.gsf is not None:
            x = self.gsf(x, num_frames)
        return functional.relu(self.norms[-1](x) + shortcut, inplace=True)


@MODELS.register_module()
class GSFResNet(BaseModule):
    """A 2-D ResNet with GSF in every block, for ``Recognizer3D``: (R, C, T, H, W) -> (R, C', T, H', W').

    Args:
        depth: Depth: 18, 34 (the "resnet18" of the released code), 50 or 101.
        in_channels: Number of input channels: 3, images; 4, images and a heatmap.
        base_channels: Width of the stem and of the first stage.
        stage_blocks: Numbers of blocks of the stages; default: those of ``depth``.
        ratio: Share of the channels that GSF processes, in percent; 0: no GSF, a network of single images.
        pretrained: File or URL of an ImageNet checkpoint with torchvision's names, which timm's ResNets have, too. One
            of fewer blocks per stage fills the first of each, as the released code does with ResNet-18's; the heatmap's
            part of the first convolution keeps its random values.
        init_cfg: Initialisation in the form of MMEngine; the published one is built in.

    Example:
        >>> GSFResNet(18, in_channels=4, base_channels=8)(torch.rand(2, 4, 8, 32, 32)).shape
        torch.Size([2, 64, 8, 1, 1])
    """

    def __init__(self, depth: int = 50, in_channels: int = 3, base_channels: int = 64,
                 stage_blocks: Sequence[int] | None = None, ratio: int = 100, pretrained: str | None = None,
                 init_cfg: dict | list | None = None):
        super().__init__(init_cfg)
        if depth not in DEPTHS:
            raise UserError(f'GSFResNet: depth must be one of {", ".join(map(str, DEPTHS))}, not {depth!r}')
        self.in_channels, self.pretrained = in_channels, pretrained
        bottleneck = depth >= 50
        self.conv1 = nn.Conv2d(in_channels, base_channels, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(base_channels)
        self.layers, channels = nn.ModuleList(), base_channels
        for stage, blocks in enumerate(stage_blocks or DEPTHS[depth]):
            width, layer = base_channels * 2**stage, nn.ModuleList()
            for block in range(blocks):
                layer.append(GSFBlock(channels, width, 2 if stage and not block else 1, bottleneck, ratio))
                channels = width * _BOTTLENECK if bottleneck else width
            self.layers.append(layer)
        self.out_channels = channels
        for name, module in self.named_modules():  # GSF has initial values of its own
            if isinstance(module, nn.Conv2d) and '.gsf.' not in name:
                nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')

    def init_weights(self) -> None:
        """Initialises as ``init_cfg`` says, then loads the pretrained network, if one is named."""
        super().init_weights()
        if self.pretrained:
            load_resnet(self, self.pretrained)

    def stem(self, frames: Tensor) -> Tensor:
        """(R T, C, H, W) -> (R T, base_channels, H / 4, W / 4)."""
        return functional.max_pool2d(functional.relu(self.bn1(self.conv1(frames)), inplace=True), 3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(R, C, T, H, W) -> (R, C', T, H / 32, W / 32).

        Raises:
            UserError: Frames of another number of channels than the network was built for.
        """
        if x.ndim != 5 or x.shape[1] != self.in_channels:
            raise UserError(f'GSFResNet was built for in_channels={self.in_channels} and takes (rows, channels, '
                            f'frames, height, width); found {tuple(x.shape)}; FrameStackEncoder makes four of '
                            "stream='rgb_heatmap' and three of stream='rgb'")
        rows, frames = x.shape[0], x.shape[2]
        x = self.stem(x.transpose(1, 2).flatten(0, 1))
        for layer in self.layers:
            for block in layer:
                x = block(x, frames)
        return x.unflatten(0, (rows, frames)).transpose(1, 2)


def load_resnet(network: GSFResNet, source: str) -> None:
    """Fills a network with an ImageNet ResNet of torchvision or timm; its classifier is left out.

    Args:
        network: Network to fill; GSF, blocks that the file lacks and input channels after the file's keep their values.
        source: File or URL of the state dict.

    Raises:
        CheckpointError: If the file is not such a checkpoint, or not of this network; it is named.
    """
    state = {key: value for key, value in read_checkpoint(source).state.items() if not key.startswith('fc.')}
    stem = state.get('conv1.weight')
    if stem is None:
        raise CheckpointError(f"'{source}' has no 'conv1.weight'; expected a ResNet with torchvision's names, found "
                              f'{", ".join(sorted(state)[:3]) or "no tensors"}')
    channels = stem.shape[1] if stem.ndim == 4 else 0
    own = {torchvision_name(key): value for key, value in network.state_dict().items()}
    if channels > network.in_channels or channels not in (3, network.in_channels):
        raise CheckpointError(f"'{source}': the first convolution has {channels} channels, the network has "
                              f'{network.in_channels}; only a checkpoint of 3 (images) becomes one of 4 (images and a '
                              'heatmap)')
    if channels < network.in_channels:
        state['conv1.weight'] = torch.cat([stem, own['conv1.weight'][:, channels:]], 1) \
            if stem.shape[::2] == own['conv1.weight'].shape[::2] else stem
    absent = {_block_of(key) for key in own} - {_block_of(key) for key in state}  # whole blocks
    wrong = [key for key, value in state.items() if getattr(own.get(key), 'shape', None) != value.shape]
    wrong += [key for key in own if key not in state and '.gsf.' not in key and _block_of(key) not in absent
              and not key.endswith('num_batches_tracked')]
    if wrong or '' in absent:
        raise CheckpointError(f"'{source}' is not a ResNet of this depth and width: {len(wrong)} tensors do not fit, "
                              f'e.g. {", ".join(wrong[:3])}')
    with torch.no_grad():
        for key, value in state.items():
            own[key].copy_(value)


def torchvision_name(key: str) -> str:
    """The name of one of our tensors in torchvision's ResNets."""
    parts = key.split('.')
    if parts[0] == 'layers':
        parts[:2] = [f'layer{int(parts[1]) + 1}']
        if parts[2] in ('convs', 'norms'):
            parts[2:4] = [f'{"conv" if parts[2] == "convs" else "bn"}{int(parts[3]) + 1}']
    return '.'.join(parts)


def _block_of(key: str) -> str:
    """``'layer3.4'`` of a name inside a block, else ``''``."""
    return '.'.join(key.split('.')[:2]) if key.startswith('layer') else ''
