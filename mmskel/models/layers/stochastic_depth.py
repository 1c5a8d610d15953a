"""Stochastic depth (Huang et al., Deep Networks with Stochastic Depth, ECCV 2016), drawn per clip."""
from __future__ import annotations

import torch
from torch import Tensor, nn


class DropPath(nn.Module):
    """Stochastic depth: a clip's residual is left out with probability ``rate`` in training, else scaled up.

    Args:
        rate: Probability of being left out.
    """

    def __init__(self, rate: float = 0.):
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        """``x + residual``, per clip; both (N, ...)."""
        if not self.training or self.rate == 0:
            return x + residual
        kept = (torch.rand(len(x), device=x.device) >= self.rate).to(residual.dtype) / (1 - self.rate)
        return torch.addcmul(x, residual, kept.view(-1, *(1, ) * (x.ndim - 1)))

    def extra_repr(self) -> str:
        """The rate."""
        return f'rate={self.rate}'
