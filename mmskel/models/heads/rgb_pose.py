"""The two classifiers of RGBPose-Conv3D, and one prediction of both.

MMAction2's ``RGBPoseHead`` with its tensors, losses and numbers. What differs (``docs/published/posec3d.md``, D3):
batches of as many clips as there are classes do not crash, ``dropout=0`` and ``loss_weights=1`` are numbers like any
other, and the prediction is one vector, the weighted sum of both heads' (published 1:1), and each head's own
is kept beside it.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from mmaction.models.heads import RGBPoseHead
from mmaction.registry import MODELS
from torch import Tensor

from mmskel.files.errors import UserError

STREAMS = ('rgb', 'pose')


@MODELS.register_module()
class RGBPoseFusionHead(RGBPoseHead):
    """A linear classifier per pathway after global averages.

    Args:
        num_classes: Number of classes, K.
        in_channels: Channels of the RGB and the pose pathway.
        dropout: Dropout of both pathways, or ``dict(rgb=..., pose=...)``.
        loss_weights: Weights of both cross-entropies, RGB first, or one number.
        fusion_weights: Weights of both probabilities in the prediction, RGB first; only their ratio counts.
        label_smooth_eps: Share of every label that is spread over all classes.
        topk: Accuracies that a training logs.
        average_clips: Rule for averaging several views of a clip: ``'prob'`` or ``'score'``.
        init_std: Standard deviation of the initial weights.
        loss_cls: Loss of each head's scores; default: cross-entropy.
    """

    def __init__(self, num_classes: int, in_channels: Sequence[int] = (2048, 512),
                 dropout: float | Mapping[str, float] = 0.5, loss_weights: float | Sequence[float] = 1.,
                 fusion_weights: Sequence[float] = (1., 1.), label_smooth_eps: float = 0.,
                 topk: int | Sequence[int] = (1, 5), average_clips: str = 'prob', init_std: float = 0.01,
                 loss_cls: Mapping | None = None):
        if average_clips not in ('prob', 'score'):
            raise UserError(f"average_clips must be 'prob' or 'score', not {average_clips!r}")
        if len(fusion_weights) != 2 or min(fusion_weights) < 0 or not sum(fusion_weights) > 0:
            raise UserError(f'fusion_weights must be two non-negative numbers, RGB first, not both 0; found '
                            f'{fusion_weights}')
        dropout = dict(dropout) if isinstance(dropout, Mapping) else dict.fromkeys(STREAMS, float(dropout))
        weights = [float(loss_weights)] * 2 if isinstance(loss_weights, (int, float)) else list(loss_weights)
        super().__init__(num_classes, tuple(in_channels), loss_cls=loss_cls or dict(type='CrossEntropyLoss'),
                         loss_components=list(STREAMS), loss_weights=weights,
                         dropout=dropout, init_std=init_std, label_smooth_eps=label_smooth_eps,
                         topk=topk if isinstance(topk, int) else tuple(topk), average_clips=average_clips)
        self.fusion_weights = tuple(weight / sum(fusion_weights) for weight in fusion_weights)

    def loss_by_feat(self, cls_scores: Mapping[str, Tensor], data_samples: Sequence) -> dict[str, Tensor]:
        """``rgb_loss_cls`` and ``pose_loss_cls``, weighted, and top-k accuracies of both.

        Args:
            cls_scores: Raw scores (N, K) of each stream.
            data_samples: Data samples, N, with a class or (K,) soft labels in ``gt_label``.
        """
        labels = torch.stack([sample.gt_label for sample in data_samples]).to(cls_scores['rgb'].device)
        if labels.shape[1:] == (1, ):
            labels = labels.squeeze(1)
        losses = {}
        for stream, weight in zip(self.loss_components, self.loss_weights):
            found = self.loss_by_scores(cls_scores[stream], labels)
            losses.update({f'{stream}_{key}': value * weight if key == 'loss_cls' else value
                           for key, value in found.items()})
        return losses

    def average_clip(self, cls_scores: Tensor, num_segs: int = 1) -> Tensor:
        """(N * views, K) raw scores -> (N, K) probabilities.

        A separate method, because probabilities can be summed and raw scores cannot.
        """
        views = cls_scores.view(-1, num_segs, cls_scores.shape[-1])
        return views.softmax(-1).mean(1) if self.average_clips == 'prob' else views.mean(1).softmax(-1)

    def predict_by_feat(self, cls_scores: Mapping[str, Tensor], data_samples: Sequence) -> Sequence:
        """Writes ``pred_score`` (K,), fused, ``pred_label``, and ``stream_scores``: per stream (K,)."""
        streams = {name: self.predict_by_scores(cls_scores[name], data_samples) for name in self.loss_components}
        fused = sum(weight * streams[name] for name, weight in zip(self.loss_components, self.fusion_weights))
        for index, (sample, score) in enumerate(zip(data_samples, fused)):
            sample.set_pred_score(score)
            sample.set_pred_label(score.argmax(-1, keepdim=True))
            sample.set_field({name: scores[index] for name, scores in streams.items()}, 'stream_scores')
        return data_samples
