"""Averaged weights, and norms that fit them."""
from __future__ import annotations

from itertools import islice

import torch
from mmaction.registry import HOOKS
from mmengine.dist import all_reduce
from mmengine.hooks import EMAHook
from mmengine.runner import Runner
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


@HOOKS.register_module()
class AveragedWeightsHook(EMAHook):
    """MMEngine's ``EMAHook``, with norm statistics that are the averaged network's own.

    Averages of the running statistics are those of other networks. Weights that swing between steps are longer than
    their average, so the averaged network's activations are smaller than such statistics say, layer by layer: at a high
    learning rate little is left of its accuracy. So, as P. Izmailov et al. ("Averaging Weights Leads to Wider Optima
    and Better Generalization", UAI 2018, arXiv 1803.05407) prescribe, the averaged network looks at training clips
    again, after every epoch from ``begin_epoch`` on, and keeps what its norms see. The training itself is the same with
    and without.

    Args:
        batches: How many batches of the training loader it looks at; each has an equal weight.
        **average: Arguments of ``EMAHook``: ``ema_type``, ``momentum``, ``begin_epoch``, ...
    """

    def __init__(self, batches: int = 50, **average):
        super().__init__(**average, update_buffers=True)  # or they would not change places with the trained network's
        self.batches = batches

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """One step; before ``begin_epoch`` nothing is averaged, nor counted as such.

        A checkpoint of a shorter training may come with averages already: in the longer one they begin later.
        """
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
        if not self._ema_started(runner):
            self.ema_model.steps.zero_()

    def after_train_epoch(self, runner: Runner) -> None:
        """Before the checkpoint is written and the validation begins."""
        if not self._ema_started(runner):
            return
        model = self.ema_model.module
        norms = [module for module in model.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
        if not norms:
            return
        momenta = [norm.momentum for norm in norms]
        sums = [[torch.zeros_like(norm.running_mean), torch.zeros_like(norm.running_var)] for norm in norms]
        for norm in norms:
            norm.momentum = 0.5  # half of what was, which is nothing, and half of the batch
        model.train()
        count = 0
        for batch in islice(runner.train_dataloader, self.batches):
            for norm in norms:
                norm.running_mean.zero_()
                norm.running_var.zero_()
            _look_at(model, batch, runner)
            for norm, (mean, var) in zip(norms, sums):
                mean += norm.running_mean / norm.momentum
                var += norm.running_var / norm.momentum
            count += 1
        for norm, momentum, of_norm in zip(norms, momenta, sums):
            norm.momentum = momentum
            for kept, total in zip((norm.running_mean, norm.running_var), of_norm):
                total /= count
                all_reduce(total, 'mean')
                kept.copy_(total)


@torch.no_grad()
def _look_at(model: nn.Module, batch: dict, runner: Runner) -> None:
    data = model.data_preprocessor(batch, training=True)
    with runner.optim_wrapper.optim_context(model):
        model(**data, mode='loss')
