"""Losses that MMAction2 does not have."""
from mmskel.models.losses.kernel_penalty import KernelPenalty

__all__ = ['KernelPenalty']
