"""Losses that MMAction2 does not have."""
from mmskel.models.losses.kernel_penalty import KernelPenalty
from mmskel.models.losses.masked import MaskedMSELoss

__all__ = ['KernelPenalty', 'MaskedMSELoss']
