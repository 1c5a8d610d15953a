"""MMEngine's runner, with a resumed schedule that is the config's own and a console that stays readable."""
from __future__ import annotations

import logging
import warnings

import torch
from mmaction.registry import RUNNERS
from mmengine.logging import MMLogger
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner

from mmskel.files.errors import UserError


@RUNNERS.register_module()
class SkeletonRunner(Runner):
    """``Runner`` as ``mmskel train`` and ``mmskel test`` use it.

    The console shows only warnings; the log file has everything. The config is written into the work dir when a
    training begins, after all checks, and never by a test.

    Attributes:
        new_schedule: Whether a resumed training uses the schedule of its config instead of the checkpoint's.
    """
    new_schedule = False

    def setup_env(self, env_cfg: dict) -> None:
        """As MMEngine's; without GPUs, processes of PyTorch's launcher talk by gloo, which MMEngine cannot start."""
        if self.distributed and self.launcher == 'pytorch' and not torch.cuda.is_available() \
                and not torch.distributed.is_initialized():
            torch.distributed.init_process_group('gloo')
        super().setup_env(env_cfg)

    def wrap_model(self, model_wrapper_cfg: dict | None, model: torch.nn.Module) -> torch.nn.Module:
        """As MMEngine's; without GPUs, the model's processes average their gradients on the CPU."""
        if model_wrapper_cfg is None and self.distributed and not torch.cuda.is_available():
            return MMDistributedDataParallel(
                module=model, broadcast_buffers=False,
                find_unused_parameters=self.cfg.get('find_unused_parameters', False))
        return super().wrap_model(model_wrapper_cfg, model)

    def build_logger(self, log_level: int | str = 'INFO', log_file: str | None = None, **kwargs) -> MMLogger:
        """The logger; its stream shows only warnings."""
        logger = super().build_logger(log_level, log_file, **kwargs)
        for handler in logger.handlers:
            if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
                handler.setLevel(max(logging.WARNING, handler.level))
        return logger

    def dump_config(self) -> None:
        """Does nothing yet; see :meth:`call_hook`."""

    def call_hook(self, fn_name: str, **kwargs) -> None:
        """Like MMEngine's; writes the config once no hook has objected to the start of the training."""
        super().call_hook(fn_name, **kwargs)
        if fn_name == 'before_train':
            super().dump_config()

    def resume(self, filename: str, resume_optimizer: bool = True, resume_param_scheduler: bool = True,
               map_location='default') -> None:
        """Resumes from a checkpoint, with the schedule of this config from the checkpoint's position.

        Raises:
            UserError: If the number of steps per epoch differs from the checkpoint's.
        """
        super().resume(filename, resume_optimizer, resume_param_scheduler and not self.new_schedule, map_location)
        if not self.train_loop.max_epochs or self.train_loop.max_epochs < 1 or not self.epoch:
            return
        before, now = self.iter / self.epoch, len(self.train_dataloader)
        if before != now:
            raise UserError(f"resume: '{filename}' was trained with {before:g} steps per epoch, this training has "
                            f'{now}: the batch size, the number of processes or the data differ. Give the same ones, '
                            f"or start a new training from its weights: load_from='{filename}'")
        if self.new_schedule and resume_param_scheduler:
            self._schedule_from_start()

    def _schedule_from_start(self) -> None:
        """Builds the schedulers again and steps them to the training's position."""
        if self.param_schedulers is None:
            return
        if not isinstance(self.optim_wrapper, OptimWrapper):
            raise UserError('resume: a training with several optimisers can only continue with an unchanged schedule')
        for group in self.optim_wrapper.param_groups:
            for key in [key for key in group if key.startswith('initial_')]:
                group[key.removeprefix('initial_')] = group[key]
        self.param_schedulers = self.build_param_scheduler(self.cfg.param_scheduler)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # PyTorch expects the order of steps of a training from its beginning
            for _ in range(self.epoch):
                for _ in range(len(self.train_dataloader)):
                    _step(self.param_schedulers, by_epoch=False)
                _step(self.param_schedulers, by_epoch=True)


def _step(schedulers: list, by_epoch: bool) -> None:
    for scheduler in schedulers:
        if scheduler.by_epoch == by_epoch:
            scheduler.step()
