"""The metric of a run: accuracies and the results of every clip, by id."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric

from mmskel.evaluation import Results


@METRICS.register_module()
class SkeletonAccuracy(BaseMetric):
    """Top-1, top-5 and mean-class accuracy, of all clips and of the data set's subsets; keeps the scores by clip id.

    Reported under ``acc/``: ``top1``, ``top5``, ``mean_class``, and per subset e.g. ``clean/top1``. After an
    evaluation ``last`` holds the :class:`~mmskel.evaluation.Results`.

    Args:
        collect_device: Where results of several ranks meet.
        prefix: Of the names.
    """
    default_prefix = 'acc'

    def __init__(self, collect_device: str = 'cpu', prefix: str | None = None):
        super().__init__(collect_device, prefix)
        self.last: Results | None = None

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keeps id, scores and label of every sample of a batch."""
        for sample in data_samples:
            if 'frame_dir' not in sample:
                raise KeyError("a sample has no 'frame_dir'; results are kept by clip id: end the pipeline with "
                               "PackSkeleton, or with PackActionInputs(meta_keys=('frame_dir', ...))")
            label = sample.get('gt_label')
            label = -1 if label is None else int(torch.as_tensor(label).flatten()[0])
            self.results.append((sample['frame_dir'], sample['pred_score'].float().cpu().numpy(), label))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """The accuracies; samplers that repeat clips to fill ranks are counted once."""
        unique = {name: (scores, label) for name, scores, label in results}
        scores = np.stack([scores for scores, _ in unique.values()])
        labels = np.array([label for _, label in unique.values()])
        meta = self.dataset_meta or {}
        names = list(meta.get('class_names', ()))
        names += [f'class {i}' for i in range(len(names), scores.shape[1])]
        self.last = Results(list(unique), scores, labels, names[:scores.shape[1]],
                            {k: meta[k] for k in ('split', 'ann_file', 'layout') if k in meta},
                            meta.get('subsets', {}))
        return {k: v for k, v in self.last.summary().items() if k.rpartition('/')[2] != 'n'}
