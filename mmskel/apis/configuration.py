"""A config and the arguments of the command line become one MMEngine config."""
from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
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
    by_name = folder.rglob(f'{short.removesuffix(".py")}.py') if '/' not in short else ()
    for path in (folder / short, folder / f'{short}.py', *by_name):
        if path.is_file() and '_base_' not in path.parts:
            return path
    known = sorted(str(p.relative_to(folder)) for p in folder.rglob('*.py') if '_base_' not in p.parts)
    near = sorted(known, key=lambda one: -SequenceMatcher(None, short, one).ratio())[:12]
    raise ConfigError(f"there is no config '{name}', neither as a file nor among the {len(known)} of mmskel; "
                      f'the nearest: {", ".join(near)}')


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


def set_videos(cfg, folder: str) -> None:
    """Tells every data set where the videos are.

    Raises:
        ConfigError: There is no such folder, or no pipeline that would look into it.
    """
    if not Path(folder).is_dir():
        raise ConfigError(f"--videos '{folder}': there is no such folder")
    datasets = list(datasets_of(cfg))
    if not any(step['type'] == 'LoadClipFrames' for dataset in datasets for step in dataset['pipeline']):
        raise ConfigError(f"--videos '{folder}': '{cfg.filename}' looks at skeletons alone; its pipelines have no "
                          'LoadClipFrames')
    for dataset in datasets:
        dataset['data_prefix'] = dict(video=folder)


def default_work_dir(config: str | Path, split: str | None = None, stream: str | None = None) -> str:
    """``work_dirs/<config>[_<split>][_<stream>]``."""
    return '/'.join(('work_dirs', '_'.join((Path(config).stem, *filter(None, (split, stream))))))


def encoder_of(cfg) -> type | None:
    """The class of the model's data preprocessor; None if the config names none."""
    from mmaction.registry import MODELS
    name = (cfg.model.get('data_preprocessor') or {}).get('type')
    return MODELS.get(name) if name else None


def streams_of(cfg) -> tuple[str, ...]:
    """What the encoder's ``stream`` may be; () for an encoder without."""
    has_stream = 'stream' in (cfg.model.get('data_preprocessor') or {})
    return getattr(encoder_of(cfg), 'streams', ()) if has_stream else ()


def members_of(cfg) -> dict[str, dict[str, Any]]:
    """What ``--streams all`` trains: the config's ``members``, or the encoder's streams (of volumes: joint and limb).

    A config names the members of its ensemble where they differ in more than the stream::

        members = dict(joint_spine=dict(stream='joint', options={'model.backbone.centre': 'spine'}), ...)

    Returns:
        Name -> ``stream`` (may be missing) and ``options``, dotted keys and values as of ``--cfg-options``.

    Raises:
        ConfigError: If the table is written in another way.
    """
    members, streams = cfg.get('members'), streams_of(cfg)
    if members is None:
        return {name: dict(stream=name, options={}) for name in (encoder_of(cfg).ensemble if streams else ())}
    for name, member in members.items():
        if name in ('all', 'fused', *streams):
            raise ConfigError(f"members: '{name}' has a meaning of its own; give the member another name")
        if not isinstance(member, Mapping) or set(member) - {'stream', 'options'}:
            raise ConfigError(f"members: '{name}' is a dict of stream and options, not {member!r}")
        if 'stream' in member and member['stream'] not in streams:
            raise ConfigError(f"members: '{name}' has the unknown stream {member['stream']!r}; known: "
                              f'{", ".join(streams)}')
    return {name: dict(stream=member.get('stream'), options=dict(member.get('options', {})))
            for name, member in members.items()}


def set_stream(cfg, name: str) -> None:
    """Makes a config that of one stream, or of one member of its ensemble (see :func:`members_of`).

    Raises:
        ConfigError: If the config knows no such stream; lists those it knows.
    """
    members, plain = members_of(cfg), streams_of(cfg)
    if name not in (*plain, *members):
        if not plain and not members:
            raise ConfigError(f"'{cfg.filename}': the model's data_preprocessor has no stream to set; a stream needs "
                              'an encoder such as StreamEncoder')
        known = ', '.join(dict.fromkeys((*plain, *members)))
        raise ConfigError(f"'{cfg.filename}' has no stream '{name}'; known: {known}")
    member = members.get(name, dict(stream=name, options={}))
    if member['stream']:
        cfg.merge_from_dict({'model.data_preprocessor.stream': member['stream']})
    cfg.merge_from_dict(member['options'])
    fit_channels(cfg)
    if name not in plain:
        cfg.member = name


def fit_channels(cfg) -> None:
    """A network of volumes takes as many channels as its encoder draws, which depends on stream and layout."""
    from mmaction.registry import MODELS
    if _draws_volumes(cfg):
        backbone = cfg.model.backbone
        pathway = backbone.get('pose_pathway', backbone)
        pathway.in_channels = MODELS.build(cfg.model.data_preprocessor).num_channels


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


def dataset_of(cfg, loader: str) -> dict[str, Any] | None:
    """The innermost data set config of a loader, below wrappers such as ``RepeatDataset``; None if it has none."""
    dataset = (cfg.get(loader) or {}).get('dataset')
    while dataset is not None and 'dataset' in dataset:
        dataset = dataset['dataset']
    return dataset


def datasets_of(cfg) -> Iterator[dict[str, Any]]:
    """The innermost data set configs of all loaders that a config has."""
    for loader in _LOADERS:
        dataset = dataset_of(cfg, loader)
        if dataset is not None:
            yield dataset


def set_epochs(cfg, epochs: int) -> None:
    """Trains ``epochs`` epochs; the learning rate's schedule and the start of weight averaging are stretched with them.

    Raises:
        ConfigError: If the number is not positive or the config's training is not counted in epochs.
    """
    if epochs < 1:
        raise ConfigError(f'at least 1 epoch is trained, not {epochs}')
    planned = (cfg.get('train_cfg') or {}).get('max_epochs')
    if not planned:
        raise ConfigError("the config's train_cfg has no max_epochs; its training is not counted in epochs")
    ratio, kept = epochs / planned, []
    for schedule in cfg.get('param_scheduler') or []:
        if schedule.get('by_epoch', True):
            for key in ('begin', 'end', 'T_max'):
                if key in schedule:
                    schedule[key] = round(schedule[key] * ratio)
            if 'milestones' in schedule:
                schedule['milestones'] = [max(round(m * ratio), 1) for m in schedule['milestones']]
            if 'end' in schedule and schedule['end'] <= schedule.get('begin', 0):
                continue  # a warm-up shorter than half an epoch
            if schedule.get('end', 2) - schedule.get('begin', 0) < 2:
                schedule['convert_to_iter_based'] = True  # in steps of whole epochs it would never reach the top
        kept.append(schedule)
    if 'param_scheduler' in cfg:
        cfg.param_scheduler = kept
    for hook in cfg.get('custom_hooks') or []:
        if hook.get('begin_epoch'):  # of EMAHook, which counts epochs from 1
            hook['begin_epoch'] = max(round(hook['begin_epoch'] * ratio), 1)
    cfg.train_cfg.max_epochs = epochs


def bar_instead_of_log(cfg) -> None:
    """A newcomer wants to see how far it is, not MMEngine's log; the curves are in the report."""
    cfg.log_level = 'WARNING'
    for hook in cfg.get('custom_hooks', ()):
        if hook['type'] == 'ProgressBarHook':
            hook['always'] = True


def fit_to_data(cfg) -> None:
    """Sets layout, classes, persons and channels of a config by what its annotation file holds.

    For configs that say ``fit_to_data = True`` (``configs/custom``): a data set of one's own needs no config of its
    own. 2-D files give x, y and confidence to a graph network, 3-D ones x, y and z, of at most as many persons as the
    config's ``max_person`` says (2 if it does not); volumes have a channel per joint or limb and show everybody.

    Raises:
        ConfigError: If the file does not say its layout, mixes 2-D and 3-D, or has no splits.
    """
    path = next(datasets_of(cfg))['ann_file']
    file = load_annotation_file(path)
    if not file.layout:
        raise ConfigError(f"'{path}' does not say its layout, and its joint count fits none; write it with "
                          f'`mmskel prepare ... --layout NAME`, one of {", ".join(sorted(LAYOUTS))}')
    shapes = [clip.keypoint.shape for clip in file.clips()]
    coords = {shape[-1] for shape in shapes}
    if len(coords) != 1:
        raise ConfigError(f"'{path}' mixes clips of {' and '.join(map(str, sorted(coords)))} coordinates")
    if not file.split:
        raise ConfigError(f"'{path}' has no splits; `mmskel prepare` writes them (a 'split' column, for your own data)")
    layout, classes = get_layout(file.layout).name, len(file.class_names)
    persons = min(max(shape[0] for shape in shapes), cfg.get('max_person', 2))
    model = cfg.model
    model.data_preprocessor.layout = layout
    if _draws_volumes(cfg):
        fit_channels(cfg)
    else:
        model.backbone.layout, model.backbone.in_channels = layout, 3
    if _takes(model.backbone.type, 'num_person'):
        model.backbone.num_person = persons
    model.cls_head.num_classes = classes
    if 'with_score' in model.data_preprocessor:
        model.data_preprocessor.with_score = coords == {2}
    for dataset in datasets_of(cfg):
        dataset['layout'], dataset['num_classes'] = layout, classes
        for transform in dataset['pipeline']:
            for key, value in (('layout', layout), ('num_person', persons)):
                if key in transform:
                    transform[key] = value
    if 'test_pipeline' in cfg:  # which MMAction2's own inference reads
        cfg.test_pipeline = dataset_of(cfg, 'test_dataloader')['pipeline']
    cfg.fit_to_data = False  # the config in the work dir says it all, without the file


def _draws_volumes(cfg) -> bool:
    return hasattr(encoder_of(cfg), 'num_channels')


def _takes(backbone: str, argument: str) -> bool:
    from mmaction.registry import MODELS
    return argument in inspect.signature(MODELS.get(backbone)).parameters
