"""The metric of a run: accuracies and the results of every clip, by id."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from mmaction.models.heads.base import BaseHead
from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric
from torch import Tensor, nn

from mmskel.evaluation import Results, mean_class_accuracy, merge_scores, top_k_accuracy


@METRICS.register_module()
class SkeletonAccuracy(BaseMetric):
    """Top-1, top-5 and mean-class accuracy, of all clips and of the data set's subsets; keeps the scores by clip id.

    Reported under ``acc/``: ``top1``, ``top5``, ``mean_class``, and per subset e.g. ``clean/top1``. After an
    evaluation ``last`` holds the :class:`~mmskel.evaluation.Results`: with logits, if the head passed on the raw scores
    of every view of a clip (see :func:`raw_scores`). A network of several heads (RGB and pose) tells what each said
    beside what they said together: ``acc/rgb/top1``, and ``parts``.

    Args:
        collect_device: Where results of several ranks meet.
        prefix: Of the names.
        merge: For each class which coarser class it becomes; adds ``merged/top1`` and ``merged/mean_class``, see
            :func:`~mmskel.evaluation.merge_scores`.
    """
    default_prefix = 'acc'

    def __init__(self, collect_device: str = 'cpu', prefix: str | None = None, merge: Sequence[int] | None = None):
        super().__init__(collect_device, prefix)
        self.merge = merge
        self.last: Results | None = None
        self.parts: dict[str, Results] = {}
        self.average = 'prob'  # how raw scores of several views become one probability, as MMAction2's heads call it

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keeps id, scores, label and, if there are any, logits of every sample of a batch."""
        for sample in data_samples:
            if 'frame_dir' not in sample:
                raise KeyError("a sample has no 'frame_dir'; results are kept by clip id: end the pipeline with "
                               "PackSkeleton, or with PackActionInputs(meta_keys=('frame_dir', ...))")
            label = sample.get('gt_label')
            label = -1 if label is None else int(torch.as_tensor(label).flatten()[0])
            parts = {name: average_views(score)[0] for name, score in sample.get('stream_scores', {}).items()}
            self.results.append((sample['frame_dir'], *average_views(sample['pred_score'], self.average), label, parts))

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


def average_views(score: Tensor, average: str = 'prob') -> tuple[np.ndarray, np.ndarray | None]:
    """Probabilities (K,) and logits (K,) of a clip.

    Args:
        score: (views, K) raw scores; or (K,) that the head averaged, which are handed back, with None for logits.
        average: ``'prob'``: the mean of the views' probabilities; ``'score'``: the probabilities of the mean score.
    """
    score = score.float()
    if score.ndim == 1:
        return score.cpu().numpy(), None
    logits = score.mean(0)
    scores = logits.softmax(0) if average == 'score' else score.softmax(1).mean(0)
    return scores.cpu().numpy(), logits.cpu().numpy()


@contextmanager
def raw_scores(model: nn.Module, metrics: Sequence[BaseMetric]) -> Iterator[None]:
    """While it lasts, a recogniser's head gives every view's raw scores instead of one average of a clip.

    Fusion needs raw scores, of which MMAction2's heads keep nothing: the metric then makes of them the probabilities
    that the head would have made, and the logits. Heads that average in a way of their own are left alone, and so are
    all where a metric beside :class:`SkeletonAccuracy` expects the average.

    Args:
        model: The recogniser, not wrapped.
        metrics: Those of the evaluation.
    """
    head = getattr(model, 'cls_head', None)
    alone = len(metrics) == 1 and isinstance(metrics[0], SkeletonAccuracy)
    if not alone or not isinstance(head, BaseHead) or type(head).average_clip is not BaseHead.average_clip:
        yield
        return
    usual = head.average_clips
    metrics[0].average, head.average_clips = usual or 'prob', None
    try:
        yield
    finally:
        head.average_clips = usual
