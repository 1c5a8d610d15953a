"""Weights that a training starts from."""
from __future__ import annotations

from collections.abc import Collection, Mapping

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmskel.checkpoints import DIFFERENCES, load_checkpoint
from mmskel.files.text import printable


@HOOKS.register_module()
class StartWeightsHook(Hook):
    """Fills the model with another training's weights before the first step, and says what was taken.

    MMEngine's ``load_from`` silently takes what fits, even if that is nothing. Here a checkpoint that has nothing for
    the model is an error, the log names what is new, and names may begin differently. A resumed training is left alone.

    Args:
        checkpoint: A file or URL; see :func:`mmskel.checkpoints.read_checkpoint`.
        prefixes: Beginning of names in the file -> beginning of names in the model; see
            :func:`mmskel.checkpoints.fill`.
        allow: Differences that are not errors; default: all.
    """
    priority = 'VERY_HIGH'

    def __init__(self, checkpoint: str, prefixes: Mapping[str, str] | None = None,
                 allow: Collection[str] = DIFFERENCES):
        self.checkpoint, self.prefixes, self.allow = checkpoint, prefixes, tuple(allow)

    def before_train(self, runner: Runner) -> None:
        """Fills the model, which already has its initial weights."""
        if runner.iter > 0:
            return
        loaded = load_checkpoint(runner.model, self.checkpoint, allow=self.allow, prefixes=self.prefixes)
        new, left = (', '.join(names) or 'none' for names in (loaded.new, loaded.left))
        runner.logger.info(f"Start from '{self.checkpoint}':\n{loaded.describe()}\nnew: {new}\nnot used: {left}")
        if runner.rank == 0:
            said = '; '.join(loaded.describe().splitlines())
            print(printable(f"start from '{self.checkpoint}': {said}"), flush=True)
