"""The block of graph networks with CTR-GCN's temporal module: graph convolution, temporal convolution, shortcut."""
from __future__ import annotations

from torch import Tensor, nn

from mmskel.models.kernels import MultiBranchTCN
from mmskel.models.layers.linear_norm import LinearNorm


class GraphBlock(nn.Module):
    """A graph convolution, CTR-GCN's temporal module, and a shortcut around both.

    Args:
        gcn: Graph convolution, (V, B, T, Cin) -> (V, B, T, Cout).
        in_channels, out_channels: Numbers of channels before and after.
        stride: Stride over time.
        first: Whether this is the first block, which has no shortcut.
    """

    def __init__(self, gcn: nn.Module, in_channels: int, out_channels: int, stride: int = 1, first: bool = False):
        super().__init__()
        self.gcn, self.tcn = gcn, MultiBranchTCN(out_channels, stride)
        self.first, self.stride = first, stride
        changed = not first and (in_channels != out_channels or stride != 1)
        self.residual = LinearNorm(in_channels, out_channels) if changed else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(V, B, T, Cin) -> (V, B, ceil(T / stride), Cout)."""
        shortcut = None if self.first else self.residual(x[:, :, ::self.stride])
        return self.tcn(self.gcn(x), shortcut, activate=True)
