"""The interface between a training and its evaluator."""
from __future__ import annotations

from mmengine.evaluator import BaseMetric

from mmskel.evaluation import Results


class ResultsMetric(BaseMetric):
    """A metric that keeps the prediction for every clip, by id. A training writes it as ``results.json``.

    Attributes:
        last: Results of the last evaluation.
        parts: Results of each head on its own, by name, for a network with several heads.
        best_name: Name of the number that the best epoch is chosen by, without the prefix; higher is better.
    """
    best_name = 'top1'

    def __init__(self, collect_device: str = 'cpu', prefix: str | None = None):
        super().__init__(collect_device, prefix)
        self.last: Results | None = None
        self.parts: dict[str, Results] = {}

    @property
    def best_key(self) -> str:
        """The number that the best epoch is chosen by, as it is logged: ``'acc/top1'``."""
        prefix = self.prefix or self.default_prefix
        return f'{prefix}/{self.best_name}' if prefix else self.best_name
