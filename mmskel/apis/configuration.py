"""A config and the arguments of the command line become one MMEngine config."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import mmskel
from mmskel.data.annotation_file import load_annotation_file
from mmskel.skeleton import LAYOUTS, get_layout

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


class ConfigError(ValueError):
    """A config that cannot be found or does not have what an argument wants to set."""


def packaged_configs() -> Path:
    """The folder of the configs that came with mmskel (in the wheel, or in the checkout)."""
    root = Path(mmskel.__file__).parent
    for folder in (root / '.mim' / 'configs', root.parent / 'configs'):
        if folder.is_dir():
            return folder
    raise ConfigError('the configs that belong to mmskel are not installed; install the wheel or use a checkout')


def find_config(name: str) -> Path:
    """A config by path, by ``mmskel::stgcn/stgcn_nwucla.py``, or by its path inside ``configs/``.

    Raises:
        ConfigError: If there is none; lists configs of a similar name.
    """
    short = name.removeprefix('mmskel::').removeprefix('configs/')
    if Path(name).is_file():
        return Path(name)
    folder = packaged_configs()
    for path in (folder / short, folder / f'{short}.py', *folder.rglob(Path(short).stem + '.py')):
        if path.is_file():
            return path
    known = sorted(str(p.relative_to(folder)) for p in folder.rglob('*.py') if '_base_' not in p.parts)
    raise ConfigError(f"there is no config '{name}', neither as a file nor among mmskel's: {', '.join(known)}")


def load_config(name: str, *, work_dir: str | None = None, data: str | None = None, split: str | None = None,
                stream: str | None = None, seed: int | None = None, resume: bool | str = False, amp: bool = False,
                launcher: str = 'none', cfg_options: Mapping[str, Any] | None = None):
    """Reads a config and applies the arguments.

    Args:
        name: See :func:`find_config`.
        work_dir: Where the run writes; default ``work_dirs/<config>[_<split>][_<stream>]``.
        data: Annotation file of all loaders.
        split: Protocol, e.g. ``'xsub'``.
        stream: ``'joint'``, ``'bone'``, ``'joint_motion'`` or ``'bone_motion'``.
        seed: Of everything random.
        resume: True: from the last checkpoint of the work dir; a path: from that file.
        amp: Mixed precision (bfloat16 on CPU).
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'``, ``'mpi'``.
        cfg_options: Dotted keys and values, OpenMMLab's ``--cfg-options``; applied last.

    Returns:
        mmengine.config.Config

    Raises:
        ConfigError: Names the argument and what the config lacks.
    """
    import torch
    from mmengine.config import Config
    path = find_config(name)
    try:
        cfg = Config.fromfile(path)
    except (SyntaxError, KeyError, AttributeError, TypeError, ImportError, FileNotFoundError) as error:
        raise ConfigError(f"'{path}' is no config that can be read: {type(error).__name__}: {error}") from error
    if 'model' not in cfg or 'test_dataloader' not in cfg:
        lost = [k for k in ('model', 'test_dataloader') if k not in cfg]
        raise ConfigError(f"'{path}' has no {' and no '.join(lost)}; it is a part of a config, or one of another kind")
    if data:
        for dataset in datasets_of(cfg):
            dataset['ann_file'] = data
    if cfg.get('fit_to_data'):
        fit_to_data(cfg)
    if split:
        for dataset in datasets_of(cfg):
            dataset['split'] = split
    if stream:
        if 'stream' not in cfg.model.get('data_preprocessor', {}):
            raise ConfigError(f"'{path}': the model's data_preprocessor has no stream to set; --stream needs an "
                              "encoder such as StreamEncoder")
        cfg.model.data_preprocessor.stream = stream
    if seed is not None:
        if seed < 0:
            raise ConfigError(f'the seed is a number from 0 on, not {seed}')
        cfg.randomness = dict(cfg.get('randomness', {}), seed=seed)
    if amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper' if torch.cuda.is_available() else 'BFloat16OptimWrapper'
        if torch.cuda.is_available():
            cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    cfg.launcher = launcher
    tail = ''.join(f'_{part}' for part in (split, stream) if part)
    cfg.work_dir = work_dir or cfg.get('work_dir') or f'work_dirs/{path.stem}{tail}'
    cfg.resume = bool(resume)
    if isinstance(resume, str) and resume != 'auto':
        cfg.load_from = resume
    if cfg_options:
        cfg.merge_from_dict(dict(cfg_options))
    return cfg


def datasets_of(cfg) -> Iterator[dict[str, Any]]:
    """The innermost data set configs of all loaders that a config has."""
    for name in _LOADERS:
        dataset = (cfg.get(name) or {}).get('dataset')
        while dataset is not None and 'dataset' in dataset:
            dataset = dataset['dataset']
        if dataset is not None:
            yield dataset


def fit_to_data(cfg) -> None:
    """Sets layout, classes, persons and channels of a config by what its annotation file holds.

    For configs that say ``fit_to_data = True`` (``configs/custom``): a data set of one's own needs no config of its
    own. Every ``layout``, ``num_classes``, ``num_person`` and ``in_channels`` in model and pipelines is replaced; 2-D
    files with scores give x, y and confidence to the network.
    """
    path = next(datasets_of(cfg))['ann_file']
    file = load_annotation_file(path)
    if not file.layout:
        raise ConfigError(f"'{path}' does not say its layout, and its joint count fits none; write it with "
                          f'`mmskel prepare ... --layout NAME`, one of {", ".join(sorted(LAYOUTS))}')
    shapes = [item['keypoint'].shape for item in file.annotations]
    coords = {shape[-1] for shape in shapes}
    if len(coords) != 1:
        raise ConfigError(f"'{path}' mixes clips of {' and '.join(map(str, sorted(coords)))} coordinates")
    flat = coords == {2}
    values = dict(layout=get_layout(file.layout).name, num_classes=len(file.class_names), in_channels=3,
                  num_person=min(max(shape[0] for shape in shapes if len(shape) == 4) if shapes else 1, 2))
    for part in ('model', *_LOADERS):
        _replace(cfg.get(part), values)
    encoder = cfg.model.data_preprocessor
    if 'with_score' in encoder:
        encoder['with_score'] = flat
    if not file.split:
        raise ConfigError(f"'{path}' has no splits; `mmskel prepare` writes them (a 'split' column, for your own data)")


def _replace(node: Any, values: Mapping[str, Any]) -> None:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in values and not isinstance(value, (Mapping, Sequence)) or key == 'layout':
                node[key] = values[key]
            else:
                _replace(value, values)
    elif isinstance(node, (list, tuple)):
        for item in node:
            _replace(item, values)
