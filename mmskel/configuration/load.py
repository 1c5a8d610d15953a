"""Combines a config and the arguments of a command in one MMEngine config."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmskel.configuration.building import check_shape
from mmskel.configuration.class_weights import set_class_weights
from mmskel.configuration.datasets import dataset_of, datasets_of
from mmskel.configuration.find import ConfigError, find_config
from mmskel.configuration.fit import fit_to_data
from mmskel.configuration.knobs import fill_knobs, fit_channels, forget_idle_knobs, knobs_of, set_knob
from mmskel.configuration.options import merge_options
from mmskel.configuration.parts import needs_video
from mmskel.configuration.published import unwrap_loaders
from mmskel.configuration.schedule import set_epochs
from mmskel.configuration.streams import members_of, set_stream
from mmskel.files.config_files import ConfigFileError, read_config_file
from mmskel.files.tables import TableError


def load_config(name: str, *, work_dir: str | None = None, data: str | None = None, split: str | None = None,
                stream: str | None = None, epochs: int | None = None, seed: int | None = None,
                resume: bool | str = False, amp: bool = False, launcher: str = 'none', fit: bool = True,
                videos: str | None = None, cfg_options: Mapping[str, Any] | None = None):
    """Reads a config and applies the arguments.

    Args:
        name: Config, see :func:`find_config`.
        work_dir: Folder the run writes to; default: ``work_dirs/<config>[_<split>][_<stream>]``.
        data: Annotation file of all loaders.
        split: Protocol, e.g. ``'xsub'``.
        stream: Stream of the encoder (``'joint'``, ``'bone'``, ``'joint_motion'``, ``'bone_motion'`` of graph networks;
            ``'joint'``, ``'limb'``, ``'joint_limb'`` of volumes), or a member that the config defines, see
            :func:`members_of`.
        epochs: Number of epochs instead of the config's; the schedule is stretched.
        seed: Seed of everything random.
        resume: Whether to resume from the last checkpoint of the work dir; a path: from that file.
        amp: Whether to use mixed precision (bfloat16 on CPU).
        launcher: Job launcher: ``'none'``, ``'pytorch'``, ``'slurm'``, ``'mpi'``.
        fit: Whether configs with ``fit_to_data`` take layout, classes and persons from the data, see
            :func:`fit_to_data`, and whether ``class_weights`` are set, see :mod:`mmskel.configuration.class_weights`.
        videos: Folder of the clips' videos, for networks that look at images, too.
        cfg_options: Dotted keys and values, OpenMMLab's ``--cfg-options``; applied last. The config's knobs are set
            first, see :mod:`mmskel.configuration.knobs`.

    Returns:
        mmengine.config.Config, complete: knobs are written into all parts.

    Raises:
        ConfigError: If the config lacks what an argument sets (names both), or nothing reads an option.

    Example:
        >>> from mmskel.configuration import load_config
        >>> cfg = load_config('stgcn/stgcn_nwucla.py', data='data/nwucla.pkl', split='xview', stream='bone', epochs=4)
        >>> cfg.work_dir, cfg.train_cfg.max_epochs, cfg.model.data_preprocessor.stream
        ('work_dirs/stgcn_nwucla_xview_bone', 4, 'bone')
    """
    import torch
    path = find_config(name)
    try:
        cfg = read_config_file(path)
    except (ConfigFileError, TableError) as error:
        raise ConfigError(str(error)) from error
    if 'model' not in cfg or 'test_dataloader' not in cfg:
        missing = [k for k in ('model', 'test_dataloader') if k not in cfg]
        raise ConfigError(f"'{path}' has no {' and no '.join(missing)}; it is part of a config, or a config of "
                          'another kind')
    unwrap_loaders(cfg)
    check_shape(cfg)
    if data:
        _set_datasets(cfg, 'ann_file', data)
    if videos:
        set_videos(cfg, videos)
    _turn_knobs(cfg, cfg_options or {}, fit)
    if split:
        if {'train', 'test', 'val'} & set(split.split('_')[1:]):
            raise ConfigError(f"split='{split}': train and test would use the same clips; give the protocol, "
                              f"e.g. '{split.split('_')[0]}'")
        _set_datasets(cfg, 'split', split)
    if stream:
        set_stream(cfg, stream)
    if epochs is not None:
        set_epochs(cfg, epochs)
    if seed is not None:
        if not 0 <= seed < 2**32:
            raise ConfigError(f'the seed must be a number from 0 to {2**32 - 1}, not {str(seed):.20}')
        cfg.randomness = dict(cfg.get('randomness', {}), seed=seed)
    if amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper' if torch.cuda.is_available() else 'BFloat16OptimWrapper'
        if torch.cuda.is_available():
            cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    cfg.launcher = launcher
    cfg.work_dir = work_dir or cfg.get('work_dir') or default_work_dir(path, split, stream)
    cfg.resume = bool(resume)
    if resume:  # the config's own load_from would be mistaken for the checkpoint to resume
        cfg.load_from = None if resume in (True, 'auto') else resume
    if cfg_options:
        merge_options(cfg, cfg_options)
    forget_idle_knobs(cfg)
    if fit:
        set_class_weights(cfg)
    tested = dataset_of(cfg, 'test_dataloader') or {}
    if 'test_pipeline' in cfg and 'pipeline' in tested:  # MMAction2's own inference reads it
        cfg.test_pipeline = tested['pipeline']
    return cfg


def _turn_knobs(cfg, options: Mapping[str, Any], fit: bool) -> None:
    """Writes the values of options, of the data and of the config's top, in this order, into the parts."""
    given = {name: options[name] for name in knobs_of(cfg) if name in options}
    for name, value in given.items():
        set_knob(cfg, name, value)
    cfg.merge_from_dict({name: options[name] for name in ('fit_to_data', 'max_person') if name in options})
    if fit and cfg.get('fit_to_data'):
        fit_to_data(cfg, given)
    else:
        fill_knobs(cfg)
        fit_channels(cfg)


def _set_datasets(cfg, name: str, value: Any) -> None:
    for dataset in datasets_of(cfg):
        dataset[name] = value
    if name in knobs_of(cfg):
        cfg[name] = value


def set_videos(cfg, folder: str) -> None:
    """Sets the folder of the clips' videos in every data set.

    Raises:
        ConfigError: No such folder, or no pipeline that would read it.
    """
    if not Path(folder).is_dir():
        raise ConfigError(f'videos={folder!r}: there is no such folder')
    if not needs_video(cfg):
        raise ConfigError(f"videos={folder!r}: '{cfg.filename}' uses skeletons only; its pipelines have no step "
                          'that reads videos, such as LoadClipFrames')
    for dataset in datasets_of(cfg):
        dataset['data_prefix'] = dict(video=folder)


def default_work_dir(config: str | Path, split: str | None = None, stream: str | None = None) -> str:
    """``work_dirs/<config>[_<split>][_<stream>]``."""
    return '/'.join(('work_dirs', '_'.join((Path(config).stem, *filter(None, (split, stream))))))


def stream_configs(name: str, streams: Sequence[str], *, work_dir: str | None = None, data: str | None = None,
                   split: str | None = None, epochs: int | None = None, seed: int | None = None, amp: bool = False,
                   launcher: str = 'none', cfg_options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The configs of several streams, for :func:`mmskel.apis.streams.train_streams`; other arguments as for
    :func:`load_config`.

    Args:
        name: Config, see :func:`find_config`.
        streams: Streams or members (:func:`members_of`), at least two; ``['all']``: every member.
        work_dir: Folder that holds a folder per stream; default: a separate work dir per stream, as in
            :func:`load_config`.

    Returns:
        Stream -> config.

    Raises:
        ConfigError: As for :func:`load_config`; or a single stream, or a repeated one.
    """
    whole = load_config(name, work_dir=work_dir, data=data, split=split, launcher=launcher, cfg_options=cfg_options)
    streams = list(members_of(whole)) if list(streams) == ['all'] else list(streams)
    twice = [stream for stream in streams if streams.count(stream) > 1]
    if twice or len(streams) < 2:
        raise ConfigError(f"stream '{twice[0]}' is named twice" if twice else
                          f'at least two streams are trained and fused, not {len(streams)}; for one, give stream=...')
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
