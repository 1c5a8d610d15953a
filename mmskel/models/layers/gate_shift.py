"""Gate-Shift-Fuse: features of neighbouring frames, let through by a gate, inside a 2-D network.

S. Sudhakaran, S. Escalera, O. Lanz, "Gate-Shift-Fuse for Video Action Recognition", TPAMI 2023, arXiv 2203.08897.
Official code: github.com/swathikirans/GSF; written from the paper and from that of Gate-Shift-Pose, see
docs/published/gate_shift_pose.md. Ours: nothing leaves the layout of a 2-D network. The norm sees the flat batch of
frames, the gate's 3-D convolution is one product per group whose 27 rows are added up where they belong, one product of
gate and features serves what is shifted, what stays and the means of both, and the shuffle is the copy that writes the
output.

Symbols: B clips, T frames, C channels, G = 2 groups of c channels.
"""
from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmskel.files.errors import UserError

_GROUPS = 2  # the first looks one frame ahead, the second one frame back


class GateShiftFuse(nn.Module):
    """A gated shift over time of some of the channels, shape kept.

    Args:
        channels: Number of channels, C.
        ratio: Share of the channels that are processed, in percent; the others are passed on.

    Raises:
        UserError: If the processed channels do not divide into quarters, in which they are shuffled.

    Example:
        >>> GateShiftFuse(16)(torch.rand(2 * 8, 16, 7, 7), num_frames=8).shape
        torch.Size([16, 16, 7, 7])
    """

    def __init__(self, channels: int, ratio: int = 100):
        super().__init__()
        if not 0 < ratio <= 100:
            raise UserError(f'GateShiftFuse: ratio is a percentage above 0 and up to 100, not {ratio}')
        processed = int(channels * ratio / 100)
        self.processed = processed + processed % 2
        if not self.processed or self.processed % 4:
            raise UserError(f'GateShiftFuse: {ratio} % of {channels} channels are {self.processed}, which must be a '
                            'multiple of 4; change base_channels or the ratio')
        self.norm = nn.BatchNorm2d(self.processed)
        self.gate = nn.Conv3d(self.processed, _GROUPS, 3, padding=1, groups=_GROUPS)
        self.fuse = nn.Conv2d(2 * _GROUPS, _GROUPS, 3, padding=1, groups=_GROUPS)
        # Kaiming's normal by fan-out, as each of the two published convolutions has it
        nn.init.normal_(self.fuse.weight, 0, math.sqrt(2 / 9))

    def forward(self, x: Tensor, num_frames: int) -> Tensor:
        """Exchanges features between the frames of every clip.

        Args:
            x: (B T, C, H, W), the frames of a clip one after another.
            num_frames: Number of frames of a clip, T.

        Returns:
            (B T, C, H, W).

        Raises:
            UserError: If the frames do not divide into clips of T.
        """
        if num_frames < 1 or x.shape[0] % num_frames:
            raise UserError(f'GateShiftFuse: {x.shape[0]} frames do not divide into clips of {num_frames}')
        if x.shape[1] == self.processed:
            return self.shift(x, num_frames)
        return torch.cat([self.shift(x[:, :self.processed], num_frames), x[:, self.processed:]], 1)

    def shift(self, x: Tensor, num_frames: int) -> Tensor:
        """The processed channels, (B T, 2 c, H, W)."""
        _, channels, height, width = x.shape
        x = x.reshape(-1, num_frames, _GROUPS, channels // _GROUPS, height, width)
        passed = self.gates(x).unsqueeze(3) * x
        stays = x - passed
        means = passed.mean((4, 5))
        weight = self.fuse_weights(_shifted(means), x.mean((4, 5)) - means)[..., None, None]
        fused = stays + weight * (_shifted(passed) - stays)
        # channel j c / 2 + k of a group becomes 2 k + j
        halves = fused.reshape(-1, _GROUPS, 2, channels // 4, height, width)
        return halves.transpose(2, 3).reshape(-1, channels, height, width)

    def gates(self, x: Tensor) -> Tensor:
        """(B, T, G, c, H, W) -> (B, T, G, H, W), in [-1, 1]."""
        clips, frames, groups, channels, height, width = x.shape
        active = functional.relu(self.norm(x.reshape(clips * frames, groups * channels, height, width)), inplace=True)
        # (G, 27, c) x (B T, G, c, H W): every tap of the convolution at every place
        taps = self.gate.weight.permute(0, 2, 3, 4, 1).reshape(groups, 27, channels)
        taps = torch.matmul(taps, active.reshape(clips * frames, groups, channels, height * width))
        taps = functional.pad(taps.reshape(-1, groups, 3, 9, height, width), (1, 1, 1, 1))
        sums = sum(taps[:, :, :, 3 * row + column, row:row + height, column:column + width]
                   for row in range(3) for column in range(3))
        before, here, after = sums.reshape(clips, frames, groups, 3, height, width).unbind(3)
        return torch.tanh(here + _later(before) + _earlier(after) + self.gate.bias[:, None, None])

    def fuse_weights(self, passed: Tensor, stays: Tensor) -> Tensor:
        """Weights of what was shifted against what stays, from the means of both.

        Args:
            passed, stays: (B, T, G, c).

        Returns:
            (B, T, G, c), in [0, 1].
        """
        planes = torch.stack([passed, stays], 3).permute(0, 2, 3, 4, 1).flatten(1, 2)  # (B, G 2, c, T)
        return torch.sigmoid(self.fuse(planes)).permute(0, 3, 1, 2)


def _earlier(x: Tensor) -> Tensor:
    """(B, T, ...), every frame replaced by its successor; zero at the end."""
    return torch.cat([x[:, 1:], torch.zeros_like(x[:, :1])], 1)


def _later(x: Tensor) -> Tensor:
    """(B, T, ...), every frame replaced by its predecessor; zero at the start."""
    return torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], 1)


def _shifted(x: Tensor) -> Tensor:
    """(B, T, G, ...): the first group one frame ahead, the second one back."""
    return torch.stack([_earlier(x[:, :, 0]), _later(x[:, :, 1])], 2)
