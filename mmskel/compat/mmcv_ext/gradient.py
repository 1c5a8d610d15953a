"""Backward passes of operators that are written as differentiable PyTorch functions."""
from __future__ import annotations

from typing import Callable, Sequence

import torch
from torch import Tensor


def add_gradients(function: Callable[..., Tensor], inputs: Sequence[Tensor], grad_output: Tensor,
                  grads: Sequence[Tensor]) -> None:
    """Add the gradients of ``function(*inputs)`` to the caller's tensors ``grads``, in place.

    The forward pass runs again on detached inputs, so nothing needs to be kept between passes.
    """
    with torch.enable_grad():
        leaves = [tensor.detach().requires_grad_() for tensor in inputs]
        found = torch.autograd.grad(function(*leaves), leaves, grad_output, allow_unused=True)
    for total, grad in zip(grads, found):
        if grad is not None:
            total.add_(grad.reshape(total.shape).to(total.dtype))
