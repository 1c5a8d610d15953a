"""A classifier with a hidden layer after the average of all tokens, CascadeFormer's on NTU RGB+D.

Y. Peng, A. Yilmaz, arXiv 2509.00692, code of NTU; see docs/published/cascadeformer.md. The linear classifier of its
other data sets is MMAction2's ``GCNHead`` with ``init_cfg=None``.
"""
from __future__ import annotations

from mmaction.models.heads import BaseHead
from mmaction.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class PerceptronHead(BaseHead):
    """Averages over persons, frames and joints, then layer norm, linear, ReLU, linear, with dropout before both.

    Args:
        num_classes: Number of classes, K.
        in_channels: Width of a token, d, also the width of the hidden layer.
        dropout: Dropout probability.
        label_smooth_eps: Share of every label that is spread over all classes.
        average_clips: Rule for averaging several views of a clip: ``'prob'``, ``'score'`` or None.
        loss_cls: Loss of the scores.
    """

    def __init__(self, num_classes: int, in_channels: int, dropout: float = 0.3, label_smooth_eps: float = 0.,
                 average_clips: str | None = 'prob', loss_cls: dict | None = None):
        super().__init__(num_classes, in_channels, loss_cls=loss_cls or dict(type='CrossEntropyLoss'),
                         label_smooth_eps=label_smooth_eps, average_clips=average_clips)
        self.net = nn.Sequential(nn.LayerNorm(in_channels), nn.Dropout(dropout), nn.Linear(in_channels, in_channels),
                                 nn.ReLU(), nn.Dropout(dropout), nn.Linear(in_channels, num_classes))

    def forward(self, x: Tensor) -> Tensor:
        """(N, M, d, T, V) -> raw scores (N, K)."""
        return self.net(x.mean((1, 3, 4)))
