"""The gate of the official SA-DVAE (github.com/pha123661/SA-DVAE): fit, search and evaluation behind its inputs."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmskel.evaluation.zero_shot import (
    TEMPERATURES,
    THRESHOLDS,
    GateSearch,
    evaluate_gate,
    fit_gate,
    gate_features,
    seen_scores,
)


class PublishedGate(nn.Module):
    """The published gate: fit, search and evaluation.

    Args:
        arguments: Published arguments ``ss`` (number of features of each kind), ``seed``, ``t`` and ``th`` (0 or
            ``search ...``: search; a number: fixed).
    """

    def __init__(self, arguments: Mapping[str, Any]):
        super().__init__()
        self.top, self.seed = int(arguments['ss']), int(arguments.get('seed', 5))
        self.temperatures = _searched(arguments.get('t', 0), 1, TEMPERATURES)
        self.thresholds = _searched(arguments.get('th', 0), 100, THRESHOLDS)

    def published_gradients(self) -> dict[str, Tensor]:
        """None: nothing here is learned by gradients."""
        return {}

    def published_parameters(self) -> int:
        """None."""
        return 0

    def forward(self, *inputs: Tensor) -> dict[str, Tensor]:
        """Turns scores of unseen and seen validation clips and of test clips into fit, search and evaluation.

        Args:
            inputs: Arrays ``unseen_zs``, ``seen_zs``, ``unseen_logits``, ``seen_logits``, ``test_zs``, ``test_logits``,
                ``test_label``, ``unseen_classes``, ``seen_classes``; then the rows of one fit, ``seen_idx``,
                ``val_unseen_idx``, ``val_seen_idx``.
        """
        (unseen_zs, seen_zs, unseen_logits, seen_logits, test_zs, test_logits, labels, unseen, seen, *rows) = (
            one.detach().cpu().numpy() for one in inputs)
        search = GateSearch(self.temperatures, self.thresholds, seed=self.seed)
        gate = search.run(unseen_zs, unseen_logits, seen_zs, seen_logits, self.top)
        result = evaluate_gate(gate, test_zs, test_logits, labels, unseen, seen)
        out = dict(search_temp=gate.temperature, search_thresh=gate.threshold, search_val_acc=gate.accuracy,
                   eval_coef=gate.coefficients[None], eval_intercept=[gate.intercept],
                   eval_gate_prob=result.gate, eval_is_seen=result.taken_as_seen.astype(np.int64),
                   eval_pred=result.predictions, eval_acc=[result.seen, result.unseen, result.harmonic])
        if rows:
            picked, val_unseen, val_seen = rows

            def features(scores: np.ndarray, logits: np.ndarray) -> np.ndarray:
                return gate_features(scores, seen_scores(logits, gate.temperature), self.top)
            of_unseen = features(unseen_zs, unseen_logits)
            fixed, val = fit_gate(of_unseen, features(seen_zs[picked], seen_logits[picked]), val_unseen, val_seen,
                                  self.thresholds, gate.temperature)
            train = np.delete(of_unseen, val_unseen, 0)
            out.update(fixed_thresh=fixed.threshold, fixed_val_acc=fixed.accuracy, fixed_coef=fixed.coefficients[None],
                       fixed_intercept=[fixed.intercept], fixed_val_prob=fixed.probabilities(val),
                       fixed_train_x_first=train[:4], fixed_val_x_first=val[:4])
        return {f'out_{key}': torch.as_tensor(np.asarray(value)) for key, value in out.items()}


def _searched(given: Any, unit: int, default: tuple) -> tuple:
    """Candidates of a search, or the single fixed number."""
    try:
        return (float(given) / unit if unit > 1 else int(given), ) if float(given) else default
    except (TypeError, ValueError):
        return default
