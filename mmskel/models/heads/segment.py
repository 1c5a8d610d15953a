"""A linear classifier of frames whose scores are averaged over the clip: the consensus of segments."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmaction.models.heads import BaseHead
from mmaction.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional

from mmskel.files.errors import UserError


@MODELS.register_module()
class SegmentHead(BaseHead):
    """The mean of the scores of all frames, before the softmax (Gate-Shift-Pose, and TSN before it).

    Computed as the score of the mean, which is the same number, so that a clip has one pooled feature; dropout is drawn
    for every frame, as published.

    Args:
        num_classes: Number of classes, K.
        in_channels: Number of channels of the features, C.
        dropout: Dropout of every frame's feature.
        loss_cls: Loss of the scores; ``class_weight``, a number per class, weights rare ones.
        label_smooth_eps: Share of every label that is spread over all classes.
        topk: Accuracies that a training logs.
        average_clips: Rule for averaging several views of a clip: ``'score'``, as published, ``'prob'`` or None.
        init_std: Standard deviation of the initial weights.
    """

    def __init__(self, num_classes: int, in_channels: int, dropout: float = 0.5, loss_cls: Mapping | None = None,
                 label_smooth_eps: float = 0., topk: int | tuple[int, ...] = (1, 5),
                 average_clips: str | None = 'score', init_std: float = 0.001):
        super().__init__(num_classes, in_channels, loss_cls=loss_cls or dict(type='CrossEntropyLoss'),
                         label_smooth_eps=label_smooth_eps, average_clips=average_clips,
                         topk=topk if isinstance(topk, int) else tuple(topk))
        self.dropout = dropout
        self.fc = nn.Linear(in_channels, num_classes)
        nn.init.normal_(self.fc.weight, 0, init_std)
        nn.init.zeros_(self.fc.bias)

    def forward(self, x: Tensor, **kwargs) -> Tensor:
        """(R, C, T, H, W) -> (R, K).

        Raises:
            UserError: Features that are not of frames.
        """
        if x.ndim != 5:
            raise UserError(f'SegmentHead takes features (rows, channels, frames, height, width), such as those of '
                            f'GSFResNet and GSFLateFusion; found {tuple(x.shape)}')
        frames = functional.dropout(x.mean((3, 4)), self.dropout, self.training)
        return self.fc(frames.mean(2))

    def predict_by_feat(self, cls_scores: Tensor, data_samples: Sequence) -> Sequence:
        """Writes ``pred_score`` (K,), probabilities for both rules of averaging, and ``pred_label``."""
        samples = super().predict_by_feat(cls_scores, data_samples)
        if self.average_clips == 'score':
            for sample in samples:
                sample.set_pred_score(sample.pred_score.softmax(-1))
        return samples
