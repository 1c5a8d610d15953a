"""Batches that are stacked where the clips are made, so that a worker sends one tensor per key and not one per clip."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from mmengine.registry import FUNCTIONS

_SINGLE = 'gt_label'


class SampleList(list):
    """Data samples of a batch: a list that crosses to another process as plain values, not sample by sample."""

    def __reduce__(self):
        labels = []
        for sample in self:
            label = sample.get(_SINGLE)
            if type(sample) is not ActionDataSample or set(sample.keys()) - {_SINGLE} or \
                    not (label is None or type(label) is torch.Tensor and label.shape == (1, )):
                return list, (list(self), )
            labels.append(-1 if label is None else int(label))
        return _samples_of, (np.array(labels, np.int64), [sample.metainfo for sample in self])


def _samples_of(labels: np.ndarray, facts: Sequence[Mapping[str, Any]]) -> list[ActionDataSample]:
    """Data samples with the label of their class, -1 for none, and what is known about the clips."""
    samples = []
    for label, known in zip(labels.tolist(), facts, strict=True):
        sample = ActionDataSample(metainfo=known)
        if label >= 0:
            sample.set_gt_label(label)
        samples.append(sample)
    return samples


@FUNCTIONS.register_module(name='stack_clips')
def stack_clips(samples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Collates a batch, for a loader's ``collate_fn``: tensors of one shape are stacked.

    What other pipelines than ours make is collated as MMEngine does. Tensors of different shapes stay lists; the
    encoder says what is wrong with them.

    Args:
        samples: Samples as ``PackSkeleton`` makes them: ``inputs``, a dictionary of tensors, and ``data_samples``.

    Returns:
        ``inputs``: (N, ...) tensors by name; ``data_samples``: list of N.
    """
    batch = pseudo_collate(samples)
    inputs = batch.get('inputs') if isinstance(batch, dict) else None
    if not isinstance(inputs, Mapping):
        return batch
    stacked = {name: torch.stack(tuple(values)) if len({value.shape for value in values}) == 1 else values
               for name, values in inputs.items()}
    return dict(batch, inputs=stacked, data_samples=SampleList(batch.get('data_samples') or ()))
