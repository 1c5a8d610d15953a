"""The config that a checkpoint was trained with, and how a command's config differs.

A training writes its config as text into the checkpoint. It is read as data here and never run.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmskel.checkpoints import read_checkpoint
from mmskel.configuration import ConfigError, dataset_of, members_of, streams_of

_LOADED = (('stream', 'model.data_preprocessor.stream'), ('layout', 'model.data_preprocessor.layout'),
           ('layout', 'model.backbone.layout'), ('layout', 'model.backbone.graph_cfg.layout'),
           ('network', 'model.backbone.type'), ('number of classes', 'model.cls_head.num_classes'))
_TESTED = (('classes', 'test_dataloader.dataset.classes'), ('split', 'test_dataloader.dataset.split'))
_RECIPE = ('model', 'train_dataloader.batch_size', 'train_dataloader.sampler', 'train_dataloader.dataset',
           'optim_wrapper.optimizer', 'optim_wrapper.paramwise_cfg', 'randomness.seed')
_PLACES = ('ann_file', 'data_prefix', 'data_root')  # the location of data may differ; the data may not
_SCHEDULE = ('train_cfg.max_epochs', 'train_cfg.max_iters', 'param_scheduler')


def recorded_config(meta: Mapping[str, Any]) -> dict[str, Any] | None:
    """The config in a checkpoint's ``meta``; None if there is none in plain data."""
    text = meta.get('cfg')
    if not isinstance(text, str):
        return None
    try:
        return {target.id: _value(node.value) for node in ast.parse(text).body if isinstance(node, ast.Assign)
                for target in node.targets if isinstance(target, ast.Name)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict' and not node.args:
        return {word.arg: _value(word.value) for word in node.keywords if word.arg}
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        return {ast.literal_eval(key): _value(value) for key, value in zip(node.keys, node.values) if key is not None}
    return ast.literal_eval(node)


def at(config: Mapping[str, Any], path: str) -> Any:
    """The entry at a dotted path; None if there is none."""
    for key in path.split('.'):
        config = config.get(key) if isinstance(config, Mapping) else None
    return config


def check_same_model(cfg, meta: Mapping[str, Any], source: str | Path, tested: bool = False) -> None:
    """Whether weights belong to a config, beyond their shapes.

    Args:
        cfg: Config that is to use them.
        meta: Metadata of the checkpoint.
        source: File of the checkpoint, for the message.
        tested: Whether classes and split of the test clips count, too. A split of other data does not count.

    Raises:
        ConfigError: Stream, layout, network, classes or split differ; both values are named.
    """
    recorded = recorded_config(meta)
    if recorded is None:
        return
    ours = _plain(cfg.to_dict())
    same_data = _name(at(ours, 'test_dataloader.dataset.ann_file')) == _name(
        at(recorded, 'test_dataloader.dataset.ann_file'))
    for what, path in (*_LOADED, *(_TESTED if tested and same_data else ())):
        mine, theirs = at(ours, path), _plain(at(recorded, path))
        if path.endswith('.classes'):
            mine, theirs = (mine, 'all classes')[mine is None], (theirs, 'all classes')[theirs is None]
        if theirs is not None and mine is not None and mine != theirs:
            # trained on the file's own parts, which have no protocol to contradict, or the part's full name
            if what == 'split' and (not theirs or theirs in (f'{mine}_val', f'{mine}_test')):
                continue
            raise ConfigError(f"'{source}' was trained with the {what} {theirs!r}, but the config has {mine!r}. Use "
                              f'the config it was trained with, or give the same {what}')


def recorded_choices(cfg, checkpoint: str | Path) -> dict[str, str]:
    """``stream`` and ``split`` of a checkpoint's training, where they differ from a config's that knows them.

    Raises:
        CheckpointError: The checkpoint cannot be read.
    """
    recorded = recorded_config(read_checkpoint(checkpoint).meta) or {}
    ours, found = cfg.to_dict(), {}
    stream = recorded.get('member') or at(recorded, 'model.data_preprocessor.stream')
    mine = ours.get('member') or at(ours, 'model.data_preprocessor.stream')
    if stream and mine != stream and stream in (*streams_of(cfg), *members_of(cfg)):
        found['stream'] = stream
    split, data = (f'test_dataloader.dataset.{key}' for key in ('split', 'ann_file'))
    if at(recorded, split) and at(ours, split) != at(recorded, split) \
            and _name(at(ours, data)) == _name(at(recorded, data)):
        found['split'] = at(recorded, split)
    return found


def check_same_recipe(cfg, meta: Mapping[str, Any], source: str | Path) -> None:
    """Checks that a training can continue from a checkpoint: everything but the length of the schedule must be
    unchanged.

    Raises:
        ConfigError: Model, training data, seed, batch size or optimiser differ; names old and new values.
    """
    recorded = recorded_config(meta)
    if recorded is None:
        return
    found = list(_differences(_plain(cfg.to_dict()), _plain(recorded)))
    if found:
        said = '; '.join(f'{path} was {theirs!r:.80}, now {ours!r:.80}' for path, ours, theirs in found[:3])
        more = f' and {len(found) - 3} more' if len(found) > 3 else ''
        raise ConfigError(f"resume: the training of '{source}' had other settings: {said}{more}. Give the same "
                          "settings, "
                          'or start a new training in another work dir (optionally from its weights: load_from)')


def check_same_data(cfg, meta: Mapping[str, Any], source: str | Path) -> None:
    """Checks that the training clips are those that a checkpoint was trained on: ids, labels and shapes.

    Raises:
        ConfigError: They are different; says how many each are.
    """
    from mmaction.registry import DATASETS

    from mmskel.data.dataset import SkeletonDataset
    known, dataset = (meta.get('dataset_meta') or {}).get('fingerprint'), dataset_of(cfg, 'train_dataloader')
    if known is None or DATASETS.get(dataset['type']) is not SkeletonDataset:
        return
    found = DATASETS.build(dict(dataset, pipeline=[])).metainfo['fingerprint']
    if found != known:
        raise ConfigError(f"resume: '{source}' was trained on other clips ({known}) than '{dataset['ann_file']}' holds "
                          f'({found}). Give the same data, or start a new training in another work dir')


def has_new_schedule(cfg, meta: Mapping[str, Any]) -> bool:
    """Whether length or learning rates of a training are no longer those of a checkpoint."""
    recorded = recorded_config(meta)
    ours = _plain(cfg.to_dict())
    return recorded is None or any(at(ours, path) != _plain(at(recorded, path)) for path in _SCHEDULE)


def _differences(ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for path in _RECIPE:
        mine, other = _flat(at(ours, path), path), _flat(at(theirs, path), path)
        for key in dict.fromkeys((*mine, *other)):
            place = key.rpartition('.')[2]
            a, b = mine.get(key), other.get(key)
            if place == 'ann_file':
                a, b = _name(a), _name(b)
            if a != b and not (place != 'ann_file' and any(f'.{one}' in key for one in _PLACES)):
                yield key, a, b


def _flat(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {} if value is None else {path: value}
    return {key: one for name, item in value.items() for key, one in _flat(item, f'{path}.{name}').items()}


def _plain(value: Any) -> Any:
    """Tuples as lists, so that a config and its text compare."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _name(path: Any) -> str:
    return Path(path).name if isinstance(path, str) else ''
