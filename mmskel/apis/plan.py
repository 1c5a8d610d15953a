"""Plans of trainings: named stages, independent of each other or started from one another; any of them resumable.

``mmskel train --streams`` is a plan of independent stages. A config names a plan of its own::

    plan = dict(stages=dict(
        pretraining=dict(config='mine/pretraining.py', test=False),
        fine_tuning=dict(init_from=dict(stage='pretraining', prefixes={'encoder.': 'backbone.'}))))

A stage is ``config`` (default: the config that names the plan), ``stream``, ``options`` (dotted keys and values, as of
``--cfg-options``), ``test`` (whether it is tested) and ``init_from``: a ``stage`` before it, with ``prefixes`` as
:func:`mmskel.checkpoints.fill` takes them; or ``convert='rgbpose'`` with a stage for ``rgb`` and one for ``pose``.
"""
from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmskel.apis.run_folder import can_resume, check_unused, last_checkpoint
from mmskel.apis.training import describe, reported_checkpoint, start_from, train
from mmskel.configuration import ConfigError, dataset_of
from mmskel.evaluation import Results, load_results

_KEYS = {'config', 'stream', 'options', 'init_from', 'test'}
_SOURCES = {'rgbpose': ('rgb', 'pose')}
_START = 'start.pth'


@dataclass(frozen=True)
class InitFrom:
    """Where a stage's weights begin.

    Args:
        stages: The stages whose checkpoints are taken, by the part they play; ``''`` for one that is taken as it is.
        prefixes: See :func:`mmskel.checkpoints.fill`.
        convert: What makes one start of several checkpoints: ``'rgbpose'``, or ''.
    """
    stages: Mapping[str, str]
    prefixes: Mapping[str, str] | None = None
    convert: str = ''


@dataclass
class Stage:
    """One training of a plan.

    Args:
        cfg: Its config, with a work dir of its own.
        init_from: Earlier stages that it starts from.
        test: Whether it is tested when it has been trained.
    """
    cfg: Any
    init_from: InitFrom | None = None
    test: bool = True

    @property
    def tested(self) -> bool:
        """Whether it ends with results."""
        return self.test and self.cfg.get('test_dataloader') is not None


def load_plan(whole, load: Callable[[str, str | None, Mapping[str, Any]], Any]) -> dict[str, Stage]:
    """The stages of a config's ``plan``, in order.

    Args:
        whole: The config that names the plan; its work dir holds a folder per stage.
        load: ``load(config, stream, options)``: a stage's config, with the arguments that all stages share; e.g.
            :func:`mmskel.configuration.load_config` with these as ``name``, ``stream`` and ``cfg_options``.

    Raises:
        ConfigError: A table that is written in another way, or a stage that starts from one that is not before it.
    """
    table = (whole.get('plan') or {}).get('stages')
    if not table or set(whole.plan) - {'stages'}:
        raise ConfigError(f"'{whole.filename}': a plan is dict(stages=dict(NAME=dict(...), ...))")
    stages: dict[str, Stage] = {}
    for name, said in table.items():
        if unknown := set(said) - _KEYS:
            raise ConfigError(f"plan: stage '{name}' has the unknown key '{sorted(unknown)[0]}'; known: "
                              f'{", ".join(sorted(_KEYS))}')
        cfg = load(said.get('config') or whole.filename, said.get('stream'), dict(said.get('options') or {}))
        cfg.pop('plan', None)
        cfg.work_dir = f'{whole.work_dir}/{name}'
        # MMEngine keeps loggers by the experiment's name and second: two short trainings must not share one
        cfg.experiment_name = f'{Path(whole.filename).stem}_{name}'
        stages[name] = Stage(cfg, _init_from(name, said.get('init_from'), stages), said.get('test', True))
    return stages


def _init_from(name: str, said: Mapping[str, Any] | None, before: Mapping[str, Stage]) -> InitFrom | None:
    if said is None:
        return None
    convert = said.get('convert', '')
    if convert and convert not in _SOURCES:
        raise ConfigError(f"plan: stage '{name}' has the unknown conversion '{convert}'; known: {', '.join(_SOURCES)}")
    roles = _SOURCES.get(convert, ('stage', ))
    known = {*roles, 'convert'} if convert else {'stage', 'prefixes'}
    if set(said) - known or not set(roles) <= set(said):
        raise ConfigError(f"plan: init_from of stage '{name}' has {', '.join(said)}; expected "
                          f'{", ".join(sorted(known))}')
    for role in roles:
        if said[role] not in before:
            raise ConfigError(f"plan: stage '{name}' starts from '{said[role]}', which is no stage before it; those "
                              f'are: {", ".join(before) or "none"}')
    return InitFrom({'' if role == 'stage' else role: said[role] for role in roles}, said.get('prefixes'), convert)


def run_plan(stages: Mapping[str, Stage], resume: bool = False, overwrite: bool = False, with_logits: bool = False
             ) -> dict[str, Results | None]:
    """Trains and tests all stages, one after the other.

    Args:
        stages: From :func:`load_plan`, or of one's own making.
        resume: A stage that was trained and tested is kept as it is, one that was interrupted goes on from its last
            checkpoint, one that was not begun is begun.
        overwrite: Whether trainings that the work dirs hold are removed; else, without ``resume``, they are an error.
        with_logits: Results without logits, of older versions, are made again.

    Returns:
        Stage -> results; None for a stage without a test, and on all ranks of a distributed training but the first.

    Raises:
        ConfigError: A work dir that is used, or holds a finished training with other settings; before any training.
    """
    for stage in stages.values() if not resume and not overwrite else ():
        check_unused(stage.cfg.work_dir)
    # all of them before the first training: a mistake shall not show after hours
    finished = {name for name, stage in stages.items() if resume and is_finished(stage.cfg, with_logits, stage.tested)}
    found: dict[str, Results | None] = {}
    for name, stage in stages.items():
        cfg = stage.cfg
        if name in finished:
            _say(f'{name}: already trained{" and tested" if stage.tested else ""}, {cfg.work_dir}')
            found[name] = load_results(Path(cfg.work_dir) / 'results.json') if stage.tested else None
            continue
        cfg.resume = resume and can_resume(cfg.work_dir)
        if cfg.resume:  # the config's own load_from would be taken for the checkpoint to resume
            cfg.load_from = None
        _say(f'{name}: {"going on" if cfg.resume else "training"}, {cfg.work_dir}')
        if stage.init_from and not cfg.resume:
            _start(stage, stages)
        found[name] = results = train(cfg, test_after=stage.tested, overwrite=overwrite)
        if results is not None:
            _say(describe(results))
        _free_memory()
    return found


def _start(stage: Stage, stages: Mapping[str, Stage]) -> None:
    """Has a stage begin with the weights of those that it starts from."""
    from mmengine.dist import barrier, is_main_process
    said, cfg = stage.init_from, stage.cfg
    files = {role: str(reported_checkpoint(stages[name].cfg)) for role, name in said.stages.items()}
    start = files.get('')
    if said.convert:
        start = str(Path(cfg.work_dir) / _START)
        if is_main_process():
            from mmskel.interop import start_rgbpose
            start_rgbpose(files['rgb'], files['pose'], start, cfg.model.data_preprocessor.get('layout', 'coco17'))
        barrier()
    start_from(cfg, start, said.prefixes)


def is_finished(cfg, with_logits: bool = False, tested: bool = True) -> bool:
    """Whether a work dir holds the whole training that a config describes.

    Args:
        cfg: The training's config.
        with_logits: Results without logits do not count.
        tested: It ends with a test; without its results it is not finished.

    Raises:
        ConfigError: If it holds the results of a training with another config, seed, stream, split or file, or of more
            epochs.
    """
    folder, (unit, planned) = Path(cfg.work_dir), _length(cfg)
    last = last_checkpoint(folder)
    if last is None or tested and not (folder / 'results.json').is_file():
        return False
    results = load_results(folder / 'results.json') if tested else None
    for key, value, found in _differences(cfg, results):
        raise ConfigError(f"resume=True: '{folder}' holds a training with {key} {found!r}, not {value!r}; give another "
                          'work_dir=..., or leave out resume=True to start again')
    number = re.fullmatch(rf'{unit}_(\d+)\.pth', last.name)
    done = int(number[1]) if number and last.is_file() else 0
    if done > planned:
        raise ConfigError(f"resume=True: '{folder}' was trained for {done} {unit}s, more than {planned}; give another "
                          'work_dir=..., or leave out resume=True to start again')
    return done == planned and (not tested or results.meta.get('checkpoint') == reported_checkpoint(cfg).name
                                and (results.logits is not None or not with_logits))


def _differences(cfg, results: Results | None) -> Iterator[tuple[str, Any, Any]]:
    """What results say of their training, where this config would have another: key, wanted, found."""
    if results is None:
        return
    wanted, meta = _settings(cfg), dict(results.meta)
    if str(meta.get('split', '')).startswith(f'{wanted["split"]}_'):  # 'xview_test' of the protocol 'xview'
        meta['split'] = wanted['split']
    for key, value in wanted.items():
        if value not in (None, '') and meta.get(key) != value:
            yield key, value, meta.get(key)


def _length(cfg) -> tuple[str, int]:
    """What a training is counted in, as its checkpoints are named, and how many."""
    loop = cfg.get('train_cfg') or {}
    return ('epoch', loop['max_epochs']) if loop.get('max_epochs') else ('iter', loop.get('max_iters', 0))


def _settings(cfg) -> dict[str, Any]:
    """What a results file says of a training, as this config would have it."""
    dataset = dataset_of(cfg, 'test_dataloader')
    return dict(config=Path(cfg.filename or '').name, seed=cfg.get('randomness', {}).get('seed'),
                stream=cfg.model.get('data_preprocessor', {}).get('stream', ''), member=cfg.get('member', ''),
                split=dataset.get('split') or '', ann_file=Path(dataset['ann_file']).name)


def _say(text: str) -> None:
    from mmengine.dist import is_main_process
    if is_main_process():
        print(text, flush=True)


def _free_memory() -> None:
    """A finished runner is a circle of hooks, loops and model; the next one may need its memory."""
    import torch
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
