"""Sigmoid focal loss (Lin et al., ICCV 2017)."""
from __future__ import annotations

import torch
from torch import Tensor

from mmskel.compat.mmcv_ext.gradient import add_gradients


def _focal(logits: Tensor, target: Tensor, gamma: float, alpha: float) -> Tensor:
    classes = torch.arange(logits.size(1), device=logits.device)
    positive = target[:, None] == classes
    p = logits.sigmoid()
    tiny = torch.finfo(torch.float32).tiny
    loss_positive = -alpha * (1 - p)**gamma * p.clamp(min=tiny).log()
    loss_negative = -(1 - alpha) * p**gamma * (1 - p).clamp(min=tiny).log()
    return torch.where(positive, loss_positive, loss_negative)


def sigmoid_focal_loss_forward(input: Tensor, target: Tensor, weight: Tensor, output: Tensor,
                               gamma: float, alpha: float) -> None:
    """Write the loss of each logit into ``output``.

    Args:
        input: ``(N, K)`` logits.
        target: ``(N,)`` classes; anything outside 0..K-1 is background.
        weight: ``(K,)`` weights of the target classes, or empty.
        output: ``(N, K)``.
        gamma: Focusing exponent.
        alpha: Weight of positives.
    """
    loss = _focal(input, target, gamma, alpha)
    output.copy_(loss * weight[target, None] if weight.numel() else loss)


def sigmoid_focal_loss_backward(input: Tensor, target: Tensor, weight: Tensor,
                                grad_input: Tensor, gamma: float, alpha: float) -> None:
    """Write the gradient of the summed loss into ``grad_input``, ``(N, K)``."""
    ones = torch.ones_like(input)
    add_gradients(lambda x: _focal(x, target, gamma, alpha), (input, ),
                  ones * weight[target, None] if weight.numel() else ones, (grad_input, ))
