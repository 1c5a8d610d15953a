"""Latents of SA-DVAE: normal distributions, and the three latents of a clip and its text."""
from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Gaussian(NamedTuple):
    """A normal distribution per sample: mean and log variance, (B, width) each."""
    mean: Tensor
    log_var: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """mean + noise * exp(log_var / 2); noise (B, 1), as published (D1)."""
        return self.mean + noise * (0.5 * self.log_var).exp()

    def divergence(self) -> Tensor:
        """Kullback-Leibler divergence from the standard normal, summed over dimensions, averaged over the batch."""
        return 0.5 * (self.mean.square() + self.log_var.exp() - 1 - self.log_var).sum() / len(self.mean)

    def detach(self) -> Gaussian:
        """The same without gradients."""
        return Gaussian(self.mean.detach(), self.log_var.detach())


class Latents(NamedTuple):
    """The latents of a batch: the content of a clip, its style, and the content of its class text."""
    semantic: Gaussian
    style: Gaussian
    text: Gaussian
