"""A progress bar over the iterations of training and testing."""
from __future__ import annotations

import math
import sys
import time
from datetime import timedelta

from mmaction.registry import HOOKS
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmskel.engine.evaluators import ResultsMetric

_LINES = 10


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Shows tqdm bars: one over all training iterations (with epoch, loss, validation score), one per test.

    Where standard error is not a terminal it draws none, unless ``always``, and prints at most ten lines over a
    training: epoch, loss, validation score, time.

    Args:
        always: Whether to draw even into files.
    """
    priority = 'VERY_LOW'

    def __init__(self, always: bool = False):
        self.always = always
        self._bar = None
        self._shown: dict[str, str] = {}
        self._begin, self._lines = (0., 0), set()

    @master_only
    def _open(self, total: int, done: int, what: str) -> None:
        from tqdm import tqdm  # only where a bar is drawn
        self._bar = tqdm(total=total, initial=done, desc=what, unit='it', dynamic_ncols=True, smoothing=0.05,
                         mininterval=0.2 if sys.stderr.isatty() else 5, disable=False if self.always else None,
                         file=sys.stderr)

    @master_only
    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def before_train(self, runner: Runner) -> None:
        """Opens the bar, at the iteration a resumed training begins with."""
        self._open(runner.max_iters, runner.iter, 'train')
        self._begin, epochs = (time.monotonic(), runner.iter), max(runner.max_epochs, 1)
        self._lines = {math.ceil(epochs * line / _LINES) for line in range(1, _LINES + 1)}
        if runner.rank == 0 and not self._draws():
            print(f'training {runner.epoch}/{epochs} epochs, {len(runner.train_dataloader)} steps each; log: '
                  f'{runner.log_dir}', flush=True)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """One step; the loss shown is that of the batch."""
        if outputs and 'loss' in outputs:
            loss = float(outputs['loss'].detach())
            self._shown.update(epoch=f'{runner.epoch + 1}/{runner.max_epochs}', loss=f'{loss:.3f}')
        if self._bar is not None:
            self._bar.set_postfix(self._shown, refresh=False)
            self._bar.update()

    def before_train_epoch(self, runner: Runner) -> None:
        """Prints the line of the epoch before, whose validation has ended."""
        self._print_line(runner, runner.epoch)

    def _print_line(self, runner: Runner, epoch: int) -> None:
        if runner.rank != 0 or self._draws() or epoch not in self._lines or not self._shown:
            return
        self._lines.discard(epoch)
        began, first = self._begin
        each = (time.monotonic() - began) / max(runner.iter - first, 1)
        left = timedelta(seconds=round(each * (runner.max_iters - runner.iter)))
        print(', '.join(f'{key} {value}' for key, value in self._shown.items()) + f', {left} left', flush=True)

    def _draws(self) -> bool:
        return self.always or sys.stderr.isatty()

    def after_val_epoch(self, runner: Runner, metrics=None) -> None:
        """Notes the number that the best epoch is chosen by."""
        keys = [metric.best_key for metric in runner.val_evaluator.metrics if isinstance(metric, ResultsMetric)]
        for key in keys[:1]:
            if key in (metrics or {}):
                self._shown[key.rpartition('/')[2]] = f'{100 * metrics[key]:.1f}%'

    def after_train(self, runner: Runner) -> None:
        """Closes the bar."""
        self._print_line(runner, runner.epoch)
        self._close()

    def before_test(self, runner: Runner) -> None:
        """Opens a bar over the test batches."""
        self._open(len(runner.test_dataloader), 0, 'test')

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """One batch."""
        if self._bar is not None:
            self._bar.update()

    def after_test(self, runner: Runner) -> None:
        """Closes the bar."""
        self._close()
