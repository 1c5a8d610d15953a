"""The error of reconstructed hidden joints: the metric of masked pretraining."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric

from mmskel.files.errors import UserError


@METRICS.register_module()
class ReconstructionError(BaseMetric):
    """The squared error per hidden coordinate, over all clips: ``reconstruction/error``, lower is better.

    Takes what :class:`~mmskel.models.recognizers.MaskedPretraining` writes into the samples; needs no labels.
    """
    default_prefix = 'reconstruction'

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keeps the sum of squared errors and the number of hidden coordinates of every clip."""
        for sample in data_samples:
            if 'hidden_error' not in sample:
                raise UserError("a sample has no 'hidden_error'; ReconstructionError is the metric of "
                                'MaskedPretraining')
            self.results.append(tuple(sample['hidden_error'].tolist()))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """The mean over all hidden coordinates."""
        error, count = torch.tensor(results, dtype=torch.float64).sum(0).tolist()
        return dict(error=error / max(count, 1))
