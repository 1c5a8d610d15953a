"""Options that override a config: those that would change nothing are refused, with the nearest name."""
from __future__ import annotations

import copy
import inspect
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from mmskel.configuration.find import ConfigError
from mmskel.configuration.knobs import knobs_of
from mmskel.configuration.parts import arguments_of, class_of

# names that mmskel reads at a config's top, besides the arguments of MMEngine's Runner
_OURS = ('class_weights', 'custom_imports', 'fit_to_data', 'fusion', 'max_person', 'members', 'report', 'runner_type')
# keys that builders remove from a dictionary before its class sees it
_BUILDERS = {'type', '_scope_', '_delete_', 'priority', 'convert_to_iter_based', 'paramwise_cfg', 'constructor'}
# key of a config -> the registry of the ``type``s below it
_REGISTRIES = dict(
    model='MODELS', dataset='DATASETS', pipeline='TRANSFORMS', sampler='DATA_SAMPLERS', batch_sampler='DATA_SAMPLERS',
    optim_wrapper='OPTIM_WRAPPERS', optimizer='OPTIMIZERS', param_scheduler='PARAM_SCHEDULERS', train_cfg='LOOPS',
    val_cfg='LOOPS', test_cfg='LOOPS', val_evaluator='METRICS', test_evaluator='METRICS', default_hooks='HOOKS',
    custom_hooks='HOOKS', visualizer='VISUALIZERS', vis_backends='VISBACKENDS')
# dictionaries without a class, of which only some keys are read
_KEYS = dict(
    report=('epoch', ), randomness=('seed', 'diff_rank_seed', 'deterministic'),
    auto_scale_lr=('enable', 'base_batch_size'))
_LOADER = ('dataset', 'sampler', 'batch_sampler', 'collate_fn', 'worker_init_fn', 'num_batch_per_epoch')
# constants that configs often have at their top -> the setting to use
_INSTEAD = dict(
    max_epochs='epochs, which stretches the schedule, too', videos='the folder by videos',
    base_lr='optim_wrapper.optimizer.lr', warmup_epochs='param_scheduler.0.end and param_scheduler.1.begin')


def merge_options(cfg, options: Mapping[str, Any]) -> None:
    """Writes options into a config.

    Args:
        cfg: Config to change.
        options: Dotted keys and values.

    Raises:
        ConfigError: If no part of the config reads an option; names the nearest one that is read.
    """
    before = copy.deepcopy(cfg)
    try:
        cfg.merge_from_dict(dict(options))
    except (KeyError, TypeError) as error:  # an index beyond the end of a list, a dictionary instead of a class
        raise ConfigError(f"the options {', '.join(options)} do not fit '{cfg.filename}': "
                          f'{str(error.args[0]).splitlines()[0][:200]}') from None
    for option in options:
        _check(before, cfg, option)


def _check(before, after, option: str) -> None:
    """Refuses an option that nothing reads; ``after`` is the config with it, ``before`` without."""
    head, *rest = option.split('.')
    known = _top(before) if rest else (*_top(before), *knobs_of(before))
    if head not in known:
        raise ConfigError(f"unknown option '{option}': {_no_such(head, known, before)}")
    if rest:
        _check_inside(before.get(head), after.get(head), option, 1, _REGISTRIES.get(head))


def _top(cfg) -> tuple[str, ...]:
    from mmengine.runner import Runner
    return *(name for name in inspect.signature(Runner.__init__).parameters if name not in ('self', 'cfg')), *_OURS


def _no_such(name: str, known: Collection[str], cfg) -> str:
    if name in _INSTEAD:
        return f"'{name}' is a constant that is read with the file; set {_INSTEAD[name]}"
    if name in cfg:
        return (f"'{name}' is a constant that is read with the file, so changing it afterwards has no effect; set "
                f"the value that was derived from it (e.g. train_dataloader.dataset...). Knobs of this config: "
                f'{", ".join(knobs_of(cfg)) or "none"}')
    return _nearest(name, known)


def _nearest(name: str, known: Collection[str]) -> str:
    known = sorted(set(known) - _BUILDERS)
    near = get_close_matches(name, known, 3, 0.6)
    if near:
        return f'did you mean {" or ".join(map(repr, near))}?'
    return f'the nearest is {get_close_matches(name, known, 1, 0.)[0]!r}; known: {", ".join(known)}'


def _check_inside(before: Any, after: Any, option: str, depth: int, registry: str | None) -> None:
    """Follows an option downwards from ``depth``; ``before`` and ``after`` are the values there."""
    keys = option.split('.')
    here, name = '.'.join(keys[:depth]), keys[depth]
    if isinstance(after, (list, tuple)):
        if not name.isdecimal() or int(name) >= len(after):
            raise ConfigError(f"unknown option '{option}': {here} is a list of {len(after)}, numbered from 0")
        below = after[int(name)], before[int(name)] if isinstance(before, (list, tuple)) else None
    elif isinstance(after, Mapping):
        old = before if isinstance(before, Mapping) else {}
        cls = class_of(registry, after['type']) if registry and 'type' in after else None
        if cls is not None and (taken := arguments_of(cls)).closed:
            known: Collection[str] | None = {*taken.defaults, *_BUILDERS}
        elif here.endswith('_dataloader'):
            known = _loader_keys()
        else:
            known = _KEYS.get(here)
        if known is not None and name not in known and (cls is not None or name not in old):
            whose = f'{cls.__name__} has no argument' if cls is not None else f'{here} has no'
            raise ConfigError(f"unknown option '{option}': {whose} '{name}'; {_nearest(name, known)}")
        below = after.get(name), old.get(name)
    else:
        return
    if depth + 1 < len(keys):
        _check_inside(below[1], below[0], option, depth + 1, _REGISTRIES.get(name, registry))


def _loader_keys() -> set[str]:
    from torch.utils.data import DataLoader
    return {*inspect.signature(DataLoader.__init__).parameters, *_LOADER} - {'self'}
