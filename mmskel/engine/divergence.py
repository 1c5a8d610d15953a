"""Ends a training that has diverged at once, instead of with a report."""
from __future__ import annotations

import math
from pathlib import Path

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmskel.checkpoints import is_finite
from mmskel.files.errors import UserError


class DivergedError(UserError):
    """A loss or weights that are not finite; the message names the last good epoch."""


@HOOKS.register_module()
class FiniteHook(Hook):
    """Ends a training when the loss, or weights that are about to be written, are NaN or infinite.

    Comparisons with NaN are meaningless: left alone, it may be kept as the best.
    """
    priority = 'LOWEST'

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Looks at the loss of every step."""
        loss = float(outputs['loss'].detach()) if outputs and 'loss' in outputs else 0.
        if not math.isfinite(loss):
            raise DivergedError(f'the loss is {loss} in step {batch_idx + 1} of epoch {runner.epoch + 1}: '
                                f'{_what_now(runner)}')

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Looks at the weights; nothing is written if they are not finite."""
        for key, value in checkpoint['state_dict'].items():
            if value.is_floating_point() and not is_finite(value):
                epoch = checkpoint['meta']['epoch']
                raise DivergedError(f"the weights hold NaN or infinity after epoch {epoch} ('{key}'), which is not "
                                    f'written: {_what_now(runner)}')


def _what_now(runner: Runner) -> str:
    last = runner.message_hub.runtime_info.get('last_ckpt')
    good = f"the last good epoch is in '{Path(runner.work_dir) / Path(last).name}'" if last else 'no epoch was kept'
    return (f'the training has diverged and was stopped; {good}. Lower the learning rate, warm it up for longer, or '
            'clip gradients (optim_wrapper.clip_grad)')
