"""The metric of a run: accuracies and the results of every clip, by id."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmaction.registry import METRICS

from mmskel.engine.evaluators import ResultsMetric
from mmskel.evaluation import Results, mean_class_accuracy, merge_scores, top_k_accuracy
from mmskel.files.errors import UserError


@METRICS.register_module()
class SkeletonAccuracy(ResultsMetric):
    """Top-1, top-5 and mean-class accuracy, of all clips and of the data set's subsets; keeps the scores by clip id.

    Reported under ``acc/``: ``top1``, ``top5``, ``mean_class``, and per subset e.g. ``clean/top1``. After an
    evaluation ``last`` holds the :class:`~mmskel.evaluation.Results`: with logits, if the samples have them (see
    :class:`~mmskel.engine.RecognitionTestLoop`). For a network with several heads (RGB and pose) it also reports each
    head on its own: ``acc/rgb/top1``, and ``parts``.

    Args:
        collect_device: Device on which the results of several ranks are collected.
        prefix: Beginning of the names; default: ``'acc'``.
        merge: Coarser class that each class becomes; adds ``merged/top1`` and ``merged/mean_class``, see
            :func:`~mmskel.evaluation.merge_scores`.
    """
    default_prefix = 'acc'

    def __init__(self, collect_device: str = 'cpu', prefix: str | None = None, merge: Sequence[int] | None = None):
        super().__init__(collect_device, prefix)
        self.merge = merge

    def process(self, data_batch: Mapping[str, Any], data_samples: Sequence[dict]) -> None:
        """Keeps id, scores, label and, if there are any, logits of every sample of a batch."""
        for sample in data_samples:
            if 'frame_dir' not in sample:
                raise UserError("a sample has no 'frame_dir'; results are kept by clip id: end the pipeline with "
                               "PackSkeleton, or with PackActionInputs(meta_keys=('frame_dir', ...))")
            label = sample.get('gt_label')
            label = -1 if label is None else int(torch.as_tensor(label).flatten()[0])
            # a validation's samples come straight from the head, which averages the views
            score, logits = sample.get('probability', sample['pred_score']), sample.get('logits')
            parts = {name: _array(one) for name, one in sample.get('stream_scores', {}).items()}
            self.results.append((sample['frame_dir'], _array(score), None if logits is None else _array(logits), label,
                                 parts))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """The accuracies; samplers that repeat clips to fill ranks are counted once."""
        unique = {name: kept for name, *kept in results}
        scores, logits, labels, parts = zip(*unique.values())
        scores = np.stack(scores)
        meta = self.dataset_meta or {}
        names = list(meta.get('class_names', ()))
        names += [f'class {i}' for i in range(len(names), scores.shape[1])]
        self.last = Results(list(unique), scores, np.array(labels), names[:scores.shape[1]],
                            {k: meta[k] for k in ('split', 'ann_file', 'layout') if k in meta},
                            meta.get('subsets', {}), None if logits[0] is None else np.stack(logits))
        last = self.last
        self.parts = {name: Results(last.ids, np.stack([part[name] for part in parts]), last.labels, last.class_names,
                                    dict(last.meta), last.subsets) for name in parts[0]}
        found = {k: v for k, v in last.summary().items() if k.rpartition('/')[2] != 'n'}
        for name, part in self.parts.items():
            found |= {f'{name}/{k}': v for k, v in part.summary().items() if k.rpartition('/')[2] != 'n'}
        known = last.labels >= 0
        if self.merge is not None and known.any():
            merged = merge_scores(last.scores[known], last.labels[known], self.merge)
            found.update({'merged/top1': top_k_accuracy(*merged), 'merged/mean_class': mean_class_accuracy(*merged)})
        return found


def _array(score: torch.Tensor) -> np.ndarray:
    """(K,) float32; for a head that returns every view, (views, K), the mean of their probabilities."""
    score = score.float()
    return (score if score.ndim == 1 else score.softmax(1).mean(0)).cpu().numpy()
