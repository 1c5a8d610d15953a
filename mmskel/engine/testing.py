"""The loop of a test: like MMEngine's, but the samples keep raw scores, which fusion needs and heads discard."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmaction.registry import LOOPS
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner, TestLoop, autocast

from mmskel.models.recognizers import predict_samples


@LOOPS.register_module()
class RecognitionTestLoop(TestLoop):
    """A test whose samples have ``probability`` and ``logits``, see
    :func:`~mmskel.models.recognizers.predict_samples`, besides everything that the head writes.

    Args:
        runner: Runner of the test.
        dataloader: Loader of the test clips, or its config.
        evaluator: Metrics, or their config.
        fp16: Whether to test in mixed precision.
    """

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: Mapping[str, Any]) -> None:
        """One batch."""
        self.runner.call_hook('before_test_iter', batch_idx=idx, data_batch=data_batch)
        model = self.runner.model.module if is_model_wrapper(self.runner.model) else self.runner.model
        with autocast(enabled=self.fp16):
            outputs = predict_samples(model, data_batch)
        self.evaluator.process(data_samples=outputs, data_batch=data_batch)
        self.runner.call_hook('after_test_iter', batch_idx=idx, data_batch=data_batch, outputs=outputs)


def run_test(runner: Runner) -> dict[str, float]:
    """Tests a runner's model with :class:`RecognitionTestLoop`, whichever loop its config names.

    Returns:
        The metrics.
    """
    planned = runner.test_loop
    loop = RecognitionTestLoop(runner, planned.dataloader, planned.evaluator, getattr(planned, 'fp16', False))
    runner.call_hook('before_run')
    metrics = loop.run()
    runner.call_hook('after_run')
    return metrics
