"""A progress bar over the iterations of training and testing."""
from __future__ import annotations

import sys

from mmaction.registry import HOOKS
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Shows tqdm bars: one over all training iterations (with epoch, loss, validation accuracy), one per test.

    Quiet where standard error is no terminal, unless ``always``.

    Args:
        always: Draw even into files.
    """
    priority = 'VERY_LOW'

    def __init__(self, always: bool = False):
        self.always = always
        self._bar = None
        self._shown: dict[str, str] = {}

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

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """One step; the loss shown is that of the batch."""
        if self._bar is None:
            return
        if outputs and 'loss' in outputs:
            loss = float(outputs['loss'].detach())
            self._shown.update(epoch=f'{runner.epoch + 1}/{runner.max_epochs}', loss=f'{loss:.3f}')
            self._bar.set_postfix(self._shown, refresh=False)
        self._bar.update()

    def after_val_epoch(self, runner: Runner, metrics=None) -> None:
        """Notes the validation accuracy."""
        if metrics and 'acc/top1' in metrics:
            self._shown['top1'] = f'{100 * metrics["acc/top1"]:.1f}%'

    def after_train(self, runner: Runner) -> None:
        """Closes the bar."""
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
