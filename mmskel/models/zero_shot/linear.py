"""A linear map from clips to texts, trained by contrastive loss: the plain baseline that published methods must beat.

It is the symmetric idea of CLIP (A. Radford et al., "Learning Transferable Visual Models From Natural Language
Supervision", ICML 2021, arXiv 2103.00020) with fixed class texts: a clip must be nearer to its own
class's text than to those of the other seen classes.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from mmskel.models.zero_shot.aligner import Aligner, AlignerTraining, ZeroShotError, check_training_arrays


@dataclass(frozen=True)
class LinearTraining(AlignerTraining):
    """The options of training the linear map.

    Args:
        cycles: Number of parts of the training.
        batch_size: Number of clips in a batch.
        lr: Learning rate (Adam).
        weight_decay: Decoupled decay of the map.
        steps_per_cycle: Number of batches in a cycle.
    """
    batch_size: int = 64
    lr: float = 1e-3
    weight_decay: float = 1e-2
    steps_per_cycle: int = 100


@MODELS.register_module()
class LinearAligner(Aligner):
    """Standardised features, a linear map, and cosines to texts from which the seen classes' mean was subtracted.

    Without their mean, texts of one encoder are less alike (in raw form all class names point the same way).

    Args:
        skeleton_channels: Width of a clip's feature, D.
        text_channels: Width of a class embedding, E.
        temperature: Divisor of the cosines before the softmax.
    """
    training_type = LinearTraining

    def __init__(self, skeleton_channels: int, text_channels: int, temperature: float = 0.1):
        super().__init__(skeleton_channels, text_channels)
        self.temperature = temperature
        self.map = nn.Linear(skeleton_channels, text_channels)
        self.register_buffer('feature_mean', torch.zeros(skeleton_channels))
        self.register_buffer('feature_std', torch.ones(skeleton_channels))
        self.register_buffer('text_mean', torch.zeros(text_channels))

    def training_cycles(self, features: Tensor, labels: Tensor, texts: Tensor, training: LinearTraining,
                        seed: int) -> Iterator[int]:
        """See :meth:`Aligner.training_cycles`."""
        check_training_arrays(self, features, labels, texts)
        seen, target = labels.unique(return_inverse=True)
        if len(seen) < 2:
            raise ZeroShotError('a contrastive loss needs clips of at least two seen classes')
        with torch.no_grad():
            self.feature_mean.copy_(features.mean(0))
            std = features.std(0, correction=0)
            self.feature_std.copy_(torch.where(std > 1e-6, std, 1.))
            self.text_mean.copy_(F.normalize(texts[seen], dim=1).mean(0))
        generator = torch.Generator().manual_seed(seed)
        optimizer = torch.optim.AdamW(self.map.parameters(), lr=training.lr, weight_decay=training.weight_decay)
        anchors = self._directions(texts[seen])
        for cycle in range(training.cycles):
            for _ in range(training.steps_per_cycle):
                rows = torch.randint(len(features), (training.batch_size, ), generator=generator).to(features.device)
                with torch.enable_grad():
                    loss = F.cross_entropy(self._logits(features[rows], anchors), target[rows])
                    optimizer.zero_grad()
                    loss.backward()
                optimizer.step()
            yield cycle

    def class_scorer(self, texts: Tensor, seed: int) -> nn.Module:
        """Cosines to these texts; nothing is trained."""
        return _CosineClassifier(self, self._directions(texts))

    def _directions(self, texts: Tensor) -> Tensor:
        return F.normalize(F.normalize(texts, dim=1) - self.text_mean, dim=1)

    def _logits(self, features: Tensor, directions: Tensor) -> Tensor:
        mapped = self.map((features - self.feature_mean) / self.feature_std)
        return F.normalize(mapped, dim=1) @ directions.T / self.temperature


class _CosineClassifier(nn.Module):
    """(N, D) features -> (N, K) cosines over the temperature."""

    def __init__(self, aligner: LinearAligner, directions: Tensor):
        super().__init__()
        self._logits = aligner._logits
        self.register_buffer('directions', directions)

    def forward(self, features: Tensor) -> Tensor:
        return self._logits(features, self.directions)
