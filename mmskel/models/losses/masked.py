"""The loss of masked pretraining: the error of reconstructed hidden joints.

Y. Peng, A. Yilmaz, "CascadeFormer", arXiv 2509.00692; see docs/published/cascadeformer.md.
"""
from __future__ import annotations

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class MaskedMSELoss(nn.Module):
    """Squared error averaged over the hidden coordinates of the whole batch; visible ones do not count.

    Args:
        loss_weight: Factor of the loss.
        eps: Term added to the number of hidden coordinates.
    """

    def __init__(self, loss_weight: float = 1., eps: float = 1e-8):
        super().__init__()
        self.loss_weight, self.eps = loss_weight, eps

    def forward(self, reconstruction: Tensor, target: Tensor, hidden: Tensor) -> Tensor:
        """The loss, a scalar.

        Args:
            reconstruction, target: (B, T, V, C).
            hidden: (B, T, V), true where a joint was hidden.
        """
        error, count = hidden_error(reconstruction, target, hidden)
        return self.loss_weight * error.sum() / (count.sum() + self.eps)


def hidden_error(reconstruction: Tensor, target: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """The sum of squared errors of every clip's hidden coordinates, and their number; (B,) each, float32."""
    square = (reconstruction.float() - target.float()).square()
    error = torch.where(hidden[..., None], square, 0).sum((1, 2, 3))
    return error, hidden.sum((1, 2), dtype=torch.float32) * target.shape[-1]
