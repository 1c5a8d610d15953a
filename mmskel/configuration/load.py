"""A config and the arguments of a command become one MMEngine config."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmskel.configuration.datasets import datasets_of, set_videos
from mmskel.configuration.find import ConfigError, find_config
from mmskel.configuration.fit import fit_to_data
from mmskel.configuration.schedule import set_epochs
from mmskel.configuration.streams import members_of, set_stream


def load_config(name: str, *, work_dir: str | None = None, data: str | None = None, split: str | None = None,
                stream: str | None = None, epochs: int | None = None, seed: int | None = None,
                resume: bool | str = False, amp: bool = False, launcher: str = 'none', fit: bool = True,
                videos: str | None = None, cfg_options: Mapping[str, Any] | None = None):
    """Reads a config and applies the arguments.

    Args:
        name: See :func:`find_config`.
        work_dir: Where the run writes; default ``work_dirs/<config>[_<split>][_<stream>]``.
        data: Annotation file of all loaders.
        split: Protocol, e.g. ``'xsub'``.
        stream: One of the encoder's (``'joint'``, ``'bone'``, ``'joint_motion'``, ``'bone_motion'`` of graph networks;
            ``'joint'``, ``'limb'``, ``'joint_limb'`` of volumes), or a member that the config defines, see
            :func:`members_of`.
        epochs: How many, instead of the config's; the schedule is stretched.
        seed: Of everything random.
        resume: True: from the last checkpoint of the work dir; a path: from that file.
        amp: Mixed precision (bfloat16 on CPU).
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'``, ``'mpi'``.
        fit: Configs that say so take layout, classes and persons from the data, see :func:`fit_to_data`.
        videos: Folder of the clips' videos, for networks that look at pictures, too.
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
    if videos:
        set_videos(cfg, videos)
    if fit and cfg.get('fit_to_data'):
        fit_to_data(cfg)
    if split:
        if {'train', 'test', 'val'} & set(split.split('_')[1:]):
            raise ConfigError(f"--split {split}: train and test would use the same clips; give the protocol, "
                              f"e.g. --split {split.split('_')[0]}")
        for dataset in datasets_of(cfg):
            dataset['split'] = split
    if stream:
        set_stream(cfg, stream)
    if epochs is not None:
        set_epochs(cfg, epochs)
    if seed is not None:
        if seed < 0:
            raise ConfigError(f'the seed is a number from 0 on, not {seed}')
        cfg.randomness = dict(cfg.get('randomness', {}), seed=seed)
    if amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper' if torch.cuda.is_available() else 'BFloat16OptimWrapper'
        if torch.cuda.is_available():
            cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    cfg.launcher = launcher
    cfg.work_dir = work_dir or cfg.get('work_dir') or default_work_dir(path, split, stream)
    cfg.resume = bool(resume)
    if resume:  # the config's own load_from would be taken for the checkpoint to resume
        cfg.load_from = None if resume in (True, 'auto') else resume
    if cfg_options:
        cfg.merge_from_dict(dict(cfg_options))
    return cfg


def default_work_dir(config: str | Path, split: str | None = None, stream: str | None = None) -> str:
    """``work_dirs/<config>[_<split>][_<stream>]``."""
    return '/'.join(('work_dirs', '_'.join((Path(config).stem, *filter(None, (split, stream))))))


def stream_configs(name: str, streams: Sequence[str], *, work_dir: str | None = None, data: str | None = None,
                   split: str | None = None, epochs: int | None = None, seed: int | None = None, amp: bool = False,
                   launcher: str = 'none', cfg_options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The configs of several streams, for :func:`mmskel.apis.streams.train_streams`; the rest as :func:`load_config`.

    Args:
        name: The config.
        streams: Streams or members (:func:`members_of`), at least two; ``['all']``: every member.
        work_dir: Holds a folder per stream; default: a work dir of its own per stream, as of :func:`load_config`.

    Returns:
        Stream -> config.

    Raises:
        ConfigError: As :func:`load_config`; or one stream only, or one twice.
    """
    whole = load_config(name, work_dir=work_dir, data=data, split=split, launcher=launcher, cfg_options=cfg_options)
    streams = list(members_of(whole)) if list(streams) == ['all'] else list(streams)
    twice = [stream for stream in streams if streams.count(stream) > 1]
    if twice or len(streams) < 2:
        raise ConfigError(f"stream '{twice[0]}' is named twice" if twice else
                          f'several streams are trained and fused, not {len(streams)}; for one there is --stream')
    own = work_dir is None and whole.work_dir == default_work_dir(whole.filename, split)
    configs = {}
    for stream in streams:
        cfg = load_config(name, data=data, split=split, stream=stream, epochs=epochs, seed=seed, amp=amp,
                          launcher=launcher, cfg_options=cfg_options)
        cfg.work_dir = f'{whole.work_dir}{"_" if own else "/"}{stream}'
        # MMEngine keeps loggers by the experiment's name and second: two short trainings must not share one
        cfg.experiment_name = f'{Path(whole.filename).stem}_{stream}'
        configs[stream] = cfg
    return configs
