"""The activity of a group and, where the data has labels for it, the action of every person.

Symbols: N clips, M persons, A actions.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from mmaction.models.heads import GCNHead
from mmaction.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional

from mmskel.files.errors import UserError


@MODELS.register_module()
class GroupActivityHead(GCNHead):
    """A linear classifier of the clip (MP-GCN's: a mean over persons, frames and nodes) and one of every person.

    Labels of persons are the samples' ``person_label``, (M,) integers; -1, as for empty slots, is ignored. A sample
    without them trains only the clip's label. Predictions of persons are stored in the samples as
    ``pred_person_score`` (M, A), probabilities.

    Args:
        num_classes: Number of group activities, K.
        in_channels: C of the features.
        num_actions: Number of a person's actions, A; None: no classifier of persons, as published.
        action_weight: Weight of their loss.
        loss_cls, dropout, label_smooth_eps, topk, average_clips: Arguments of MMAction2's heads, for the group.
        init_cfg: Initialisation; default, as published: weights N(0, 0.001).
    """

    def __init__(self, num_classes: int, in_channels: int, num_actions: int | None = None, action_weight: float = 1.,
                 loss_cls: Mapping | None = None, dropout: float = 0., label_smooth_eps: float = 0.,
                 topk: int | tuple[int, ...] = (1, 5), average_clips: str | None = 'prob',
                 init_cfg: Mapping | Sequence | None = None):
        super().__init__(num_classes, in_channels, loss_cls or dict(type='CrossEntropyLoss'), dropout, average_clips,
                         init_cfg or dict(type='Normal', layer='Linear', std=0.001),
                         label_smooth_eps=label_smooth_eps, topk=topk)
        self.action_weight = action_weight
        self.fc_action = None if num_actions is None else nn.Linear(in_channels, num_actions)

    def forward(self, x: Tensor) -> Tensor:
        """(N, M, C, T, v) features -> (N, K) scores of the group."""
        pooled = x.mean((3, 4)).mean(1)
        return self.fc(pooled if self.dropout is None else self.dropout(pooled))

    def action_scores(self, x: Tensor) -> Tensor:
        """(N, M, C, T, v) features -> (N, M, A) scores of every person."""
        return self.fc_action(x.mean((3, 4)))

    def loss(self, feats: Tensor, data_samples: Sequence) -> dict[str, Tensor]:
        """``loss_cls`` and, with actions, ``loss_action`` and the share of persons whose action is right."""
        losses = super().loss(feats, data_samples)
        if self.fc_action is not None:
            scores = self.action_scores(feats)
            labels = self._person_labels(data_samples, scores)
            known = labels >= 0
            # without a label the loss is 0, but the classifier still takes part in the step
            loss = functional.cross_entropy(scores[known], labels[known]) if known.any() else scores.sum() * 0
            losses['loss_action'] = self.action_weight * loss
            losses['action_acc'] = (scores[known].argmax(1) == labels[known]).float().mean() if known.any() else loss
        return losses

    def _person_labels(self, data_samples: Sequence, scores: Tensor) -> Tensor:
        """(N, M) labels of persons; all views of a clip have the same."""
        clips, persons, actions = scores.shape
        rows = []
        for sample in data_samples:
            label = sample.get('person_label')
            label = [-1] * persons if label is None else label
            label = torch.as_tensor(label, dtype=torch.int64, device=scores.device).flatten()
            if len(label) != persons or label.max() >= actions:
                raise UserError(f"clip '{sample.get('frame_dir', '?')}': person_label {label.tolist()} for {persons} "
                                f'persons and {actions} actions (0 to {actions - 1}, -1: unknown); SetPersons keeps '
                                'labels and persons together')
            rows.append(label)
        return torch.stack(rows).repeat_interleave(clips // len(rows), 0)

    def predict(self, feats: Tensor, data_samples: Sequence) -> Sequence:
        """The samples with ``pred_score`` and, with actions, ``pred_person_score``, the mean over a clip's views."""
        samples = super().predict(feats, data_samples)
        if self.fc_action is not None:
            scores = self.action_scores(feats).softmax(-1)
            for sample, score in zip(samples, scores.view(len(samples), -1, *scores.shape[1:]).mean(1)):
                sample.pred_person_score = score
        return samples
