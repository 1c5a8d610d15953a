"""Checkpoints that are whole at any moment, in a work dir that may be moved or copied."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner

from mmskel.files.atomic import atomic_path
from mmskel.files.errors import UserError
from mmskel.files.torch_files import CheckpointError, read_data


@HOOKS.register_module()
class WholeCheckpointHook(CheckpointHook):
    """MMEngine's ``CheckpointHook`` for machines that may stop at any moment.

    Files take their place when they are complete, ``last_checkpoint`` too, and what is outdated is removed after that.
    What is written holds file names, no paths: a work dir that was moved resumes, and one that was copied leaves the
    original alone. Scalars of the log are written as tensors, so that every PyTorch reads a checkpoint safely.
    """

    def before_train(self, runner: Runner) -> None:
        """Finds the best checkpoint in this work dir, and clears what a killed process left."""
        super().before_train(runner)
        if self.save_best is None:
            return
        for key in self.key_indicators:
            self._set_best(runner, key, self._here(self._best(key)))
        if is_main_process() and self._is_local():
            for left in Path(self.out_dir).glob('.*.mmskel-*'):
                left.unlink()
            for key in self.key_indicators:
                self._settle_best(runner, key)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        outdated = []
        if self.max_keep_ckpts > 0 and step not in list(self.keep_ckpt_ids)[-1:]:
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                outdated.append(self.filename_tmpl.format(self.keep_ckpt_ids.popleft()))
            self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        self._save(runner, name, save_optimizer=self.save_optimizer, save_param_scheduler=self.save_param_scheduler,
                   meta=meta, by_epoch=self.by_epoch, **self.args)
        if is_main_process():
            here = self.out_dir == runner.work_dir
            with atomic_path(Path(runner.work_dir) / 'last_checkpoint') as temporary:
                temporary.write_text(name if here else str(self.last_ckpt))
            for old in outdated:
                self._remove(self.file_backend.join_path(self.out_dir, old))

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, Any]) -> None:
        if not self.save_best:
            return
        if 'auto' in self.key_indicators:
            self._init_rule(self.rules, [next(iter(metrics))])
        now, hub, outdated = runner.epoch if self.by_epoch else runner.iter, runner.message_hub, []
        meta = dict(epoch=runner.epoch, iter=runner.iter)
        for key, rule in zip(self.key_indicators, self.rules):
            if key not in metrics:
                raise UserError(f"the checkpoint hook's save_best is '{key}', but the evaluation gives "
                                f'{", ".join(metrics)}')
            best = hub.runtime_info.get(f'best_score{self._tail(key)}', self.init_value_map[rule])
            if metrics[key] is None or not self.is_better_than[key](metrics[key], best):
                continue
            name = f'best_{key}_{self.filename_tmpl.format(now)}'.replace('/', '_')
            outdated.append(self._best(key))
            hub.update_info(f'best_score{self._tail(key)}', metrics[key])
            self._set_best(runner, key, self.file_backend.join_path(self.out_dir, name))
            self._save(runner, name, save_optimizer=False, save_param_scheduler=False, meta=meta, by_epoch=False)
            runner.logger.info(f'The best checkpoint with {metrics[key]:0.4f} {key} is saved to {name}.')
        if outdated and self.last_ckpt is not None:  # which shall know the best one
            self._save_checkpoint_with_step(runner, now, meta)
        for old in outdated:
            if old and is_main_process() and old != self.last_ckpt:
                self._remove(old)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """File names for paths, tensors for the log's histories."""
        hub = checkpoint['message_hub']
        for key, value in hub['runtime_info'].items():
            if isinstance(value, str) and (key == 'last_ckpt' or key.startswith('best_ckpt')):
                hub['runtime_info'][key] = Path(value).name
        for key, value in hub['log_scalars'].items():
            if isinstance(value, HistoryBuffer):
                history, counts = value.data
                hub['log_scalars'][key] = dict(history=torch.as_tensor(history), counts=torch.as_tensor(counts),
                                               max_length=value.max_length)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """The histories again."""
        scalars = (checkpoint.get('message_hub') or {}).get('log_scalars') or {}
        for key, value in scalars.items():
            if isinstance(value, dict) and set(value) == {'history', 'counts', 'max_length'}:
                scalars[key] = HistoryBuffer(value['history'].numpy(), value['counts'].numpy(), value['max_length'])

    def _save(self, runner: Runner, name: str, **how) -> None:
        if not (is_main_process() and self._is_local()):
            runner.save_checkpoint(self.out_dir, name, self.file_client_args, backend_args=self.backend_args, **how)
            return
        path = Path(self.out_dir) / name
        try:
            with atomic_path(path) as temporary:
                runner.save_checkpoint(str(temporary.parent), temporary.name, self.file_client_args,
                                       backend_args=self.backend_args, **how)
        except OSError as error:
            raise OSError(f"'{path}' cannot be written ({error}); the checkpoints before it are whole: resume=True "
                          'continues from the last one') from error

    def _is_local(self) -> bool:
        return isinstance(self.file_backend, LocalBackend)

    def _here(self, path: str | None) -> str | None:
        """A path from whatever folder, in this work dir."""
        return path and self.file_backend.join_path(self.out_dir, re.split(r'[/\\]', path)[-1])

    def _remove(self, path: str) -> None:
        if self.file_backend.isfile(path):
            self.file_backend.remove(path)
        elif self.file_backend.isdir(path):  # DeepSpeed's
            self.file_backend.rmtree(path)

    def _tail(self, key: str) -> str:
        return f'_{key}' if len(self.key_indicators) > 1 else ''

    def _best(self, key: str) -> str | None:
        return self.best_ckpt_path_dict[key] if self._tail(key) else self.best_ckpt_path

    def _set_best(self, runner: Runner, key: str, path: str | None) -> None:
        if self._tail(key):
            self.best_ckpt_path_dict[key] = path
        else:
            self.best_ckpt_path = path
        if path:
            runner.message_hub.update_info(f'best_ckpt{self._tail(key)}', path)

    def _settle_best(self, runner: Runner, key: str) -> None:
        """A process that was killed between two files may have left two best checkpoints: the later one counts."""
        known = self._best(key)
        for path in Path(self.out_dir).glob(f'best_{key}_*.pth'.replace('/', '_')):
            if known and Path(known).name == path.name:
                continue
            try:
                hub = read_data(path)['message_hub']['runtime_info']
            except (CheckpointError, KeyError, TypeError):
                hub = {}
            score = f'best_score{self._tail(key)}'
            if runner.iter and _step(path) == (runner.epoch if self.by_epoch else runner.iter) and score in hub:
                runner.message_hub.update_info(score, hub[score])
                self._set_best(runner, key, str(path))
                if known:
                    self._remove(known)
            else:
                path.unlink()


def _step(path: Path) -> int:
    """The epoch or iteration in a checkpoint's name."""
    found = re.search(r'_(\d+)$', path.stem)
    return int(found[1]) if found else -1
