"""Converts official checkpoints to ours."""
from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mmskel.checkpoints import CheckpointError, read_checkpoint, read_data
from mmskel.files.atomic import atomic_path, output_path
from mmskel.files.errors import UserError
from mmskel.files.torch_files import write_data
from mmskel.interop.bodies import SKEL_SYSTEM, SMPL_SYSTEM
from mmskel.interop.cascadeformer import CASCADEFORMER
from mmskel.interop.ctr_gcn import CTR_GCN
from mmskel.interop.ensemble_1dcnn import ENSEMBLE_1DCNN
from mmskel.interop.gate_shift_pose import GATE_SHIFT_POSE
from mmskel.interop.hd_gcn import HD_GCN
from mmskel.interop.keras_files import keras_state
from mmskel.interop.mans import MANS
from mmskel.interop.motion_capture import MOTION_CAPTURE
from mmskel.interop.mp_gcn import MP_GCN
from mmskel.interop.posec3d import POSEC3D
from mmskel.interop.pyskl import PYSKL
from mmskel.interop.rgbpose import RGBPOSE, start_arguments, start_model, start_state
from mmskel.interop.sa_dvae import SA_DVAE
from mmskel.interop.skateformer import SKATEFORMER
from mmskel.interop.st_gcn import ST_GCN
from mmskel.interop.stc_net import STC_NET
from mmskel.interop.system import ConversionError, Piece, PublishedModel, System

__all__ = ['BODIES', 'ConversionError', 'Piece', 'PublishedModel', 'SYSTEMS', 'System', 'build_published',
           'convert_checkpoint', 'load_published_state', 'start_rgbpose']

SYSTEMS = {system.name: system for system in (
    CASCADEFORMER, CTR_GCN, ENSEMBLE_1DCNN, GATE_SHIFT_POSE, HD_GCN, MANS, MP_GCN, POSEC3D, PYSKL, RGBPOSE, SA_DVAE,
    SKATEFORMER, STC_NET, ST_GCN)}
"""Every published recogniser and aligner that can be read, by name."""
BODIES = {system.name: system for system in (MOTION_CAPTURE, SKEL_SYSTEM, SMPL_SYSTEM)}
"""Body models, built from the content of their files and never converted, and the capture of their parameters."""

_ALIASES = {'mansensemble1dcnn': 'mans', 'ensemnn': 'ensemble1dcnn', 'gsp': 'gateshiftpose',
            'smpllinearblendskinning': 'smpl', 'selfsupervisedlearningofmotioncapture': 'motioncapture',
            'mocap': 'motioncapture'}


def _system(name: str) -> System:
    known = {_plain(system.name): system for system in (*SYSTEMS.values(), *BODIES.values())}
    found = known.get(_ALIASES.get(_plain(name), _plain(name)))
    if found is None:
        raise ConversionError(f"unknown system '{name}'; known: {', '.join(sorted((*SYSTEMS, MOTION_CAPTURE.name)))}")
    return found


def _chosen(system: System, arguments: Mapping[str, Any], state: Mapping[str, Any]) -> System:
    return system if system.choose is None else system.choose(arguments, state)


def _plain(name: str) -> str:
    return re.sub(r'[^a-z0-9]', '', name.lower())


def build_published(system: str, model_kwargs: Mapping[str, Any], state: Mapping[str, Any]) -> nn.Module:
    """Our model from *published* constructor arguments and a *published* state dict.

    Args:
        system: Name, e.g. ``'st_gcn'``.
        model_kwargs: Arguments of the published constructor.
        state: Published key -> tensor or array; fixed graph buffers may be left out.

    Returns:
        A module whose ``forward`` takes the published input tensors in order and returns the published logits, or a
        dictionary by name if there are several outputs: a :class:`PublishedModel`, or a part of the published code
        that is not a recogniser (see :attr:`System.part`).

    Raises:
        ConversionError: Unknown system, arguments or keys; missing or misshapen tensors.
    """
    from mmaction.registry import MODELS
    known = _chosen(_system(system), model_kwargs, state)
    model_kwargs = known.complete(model_kwargs, state)
    if (part := known.part(model_kwargs, state)) is not None:
        return part
    config = known.config(model_kwargs)
    # MMEngine looks it up in the default scope, which a script may not have set
    config['data_preprocessor'] = MODELS.build(config['data_preprocessor'])
    model = MODELS.build(config)
    model.load_state_dict(known.convert(state, model))
    return PublishedModel(known, model, {key: value.shape for key, value in state.items()})


def load_published_state(path: str | Path) -> dict[str, torch.Tensor]:
    """The state dict of a published checkpoint, without running anything in the file.

    ``module.`` prefixes (DataParallel) and wrapping ``state_dict`` / ``model`` entries are removed.

    Raises:
        ConversionError: If the file is not a checkpoint of finite tensors; names it.
    """
    try:
        return dict(read_checkpoint(path).state)
    except CheckpointError as error:
        raise ConversionError(str(error)) from None


def convert_checkpoint(system: str, source: str | Path, target: str | Path,
                       model_kwargs: Mapping[str, Any] | None = None) -> Path:
    """Writes a published checkpoint as ours: ``target`` (weights) and, beside it, a config of the same name.

    Args:
        system: Name, e.g. ``'st_gcn'``.
        source: Published file; for systems with several files per model, their folder or one of them.
        target: Path of the checkpoint to write, ``.pth``.
        model_kwargs: Published constructor arguments, or those that no tensor shows; the others are read from the
            tensors.

    Returns:
        The path of the config (``.py``): model only; add a data set's ``_base_`` to test or train. Anything that
        neither a tensor nor an argument says is taken from the published networks; the config's ``assumed`` lists it.
        For a system whose models need no config (SA-DVAE), the target.

    Raises:
        ConversionError: See :func:`build_published`; the source is named.

    Example:
        >>> convert_checkpoint('st_gcn', 'st_gcn.ntu-xsub.pt', 'st_gcn_ntu.pth')  # doctest: +SKIP
        PosixPath('st_gcn_ntu.py')
    """
    known = _system(system)
    _check_target(source, target)
    if known.convert_folder is not None:
        return known.convert_folder(source, target, load_published_state)
    from_keras = Path(source).suffix.lower() in ('.h5', '.hdf5', '.keras')
    state = keras_state(known.name, source) if from_keras else known.load(Path(source), load_published_state)
    said = model_kwargs or {}
    try:
        if known.recorded is not None:
            said = _merged(known.recorded(read_data(source, keep_config=True)), said)
        known = _chosen(known, said, state)
        arguments, assumed = _arguments(known, state, said)
        arguments = known.complete(arguments, state)
        published = build_published(known.name, arguments, state)
    except UserError as error:
        raise ConversionError(f"'{source}': {error}") from None
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RuntimeError) as error:
        # a system reads its arguments off the tensors, and a file may have tensors of any shape under its names
        said = (str(error).strip().splitlines() or [''])[0][:200]
        raise ConversionError(f"'{source}': {known.name}: its tensors are not those of the published network: "
                              f'{type(error).__name__}: {said}') from error
    meta = dict(system=known.name, published_arguments=arguments, source=Path(source).name, assumed=assumed)
    return _write(target, published.model.state_dict(), known.config(arguments), meta)


def _check_target(source: str | Path, target: str | Path) -> None:
    """Refuses a target of another suffix, and one that, or whose config, would replace what is read."""
    if Path(target).suffix not in ('.pth', '.pt'):
        raise ConversionError(f"'{target}': expected the name of a checkpoint to write, .pth; a config, .py, comes "
                              'beside it')
    for path in (Path(target), Path(target).with_suffix('.py')):
        output_path(path, source)


def _arguments(system: System, state: Mapping[str, torch.Tensor],
               said: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The published arguments, given or shown by the tensors, and what had to be assumed."""
    try:
        found = system.guess(state)
    except ConversionError:
        if not said:
            raise
        return dict(said), []  # these are then all of them
    assumed = [f'{name}={_value(found, name)!r}: {why}' for name, why in system.assumed(found).items()
               if _value(said, name) is None]
    return _merged(found, said), assumed


def _value(arguments: Any, name: str) -> Any:
    for key in name.split('.'):
        arguments = arguments.get(key) if isinstance(arguments, Mapping) else None
    return arguments


def _merged(usual: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    both = {key: _merged(usual[key], value) if isinstance(value, Mapping) and isinstance(usual.get(key), Mapping)
            else value for key, value in said.items()}
    return {**usual, **both}


def start_rgbpose(rgb: str | Path, pose: str | Path, target: str | Path, layout: str = 'coco17') -> Path:
    """Writes the start of a joint training of RGBPose-Conv3D from the checkpoints of two single networks.

    Args:
        rgb, pose: SlowOnly of images and of heatmaps: ours, MMAction2's or PYSKL's.
        target: File to write, ``.pth``, for ``load_from``; see :func:`~mmskel.interop.rgbpose.start_state`.
        layout: Layout of the joints that the pose network's channels show.

    Returns:
        The path of the config (``.py``) beside it: model only.

    Raises:
        ConversionError: Files that cannot be read, or networks that do not fit together; both are named.
    """
    _check_target(rgb, target)
    _check_target(pose, target)
    states = load_published_state(rgb), load_published_state(pose)
    try:
        arguments = start_arguments(*states, layout)
        state = start_state(*states, start_model(arguments))
    except ConversionError as error:
        raise ConversionError(f"'{rgb}' and '{pose}': {error}") from None
    source = f'{Path(rgb).name}, {Path(pose).name}'
    return _write(target, state, RGBPOSE.config(arguments), dict(system='rgbpose', published_arguments=arguments,
                                                                 source=source))


def _write(target: str | Path, state: Mapping[str, torch.Tensor], config: dict[str, Any], meta: dict[str, Any]) -> Path:
    from mmengine.config import Config
    write_data(target, dict(state_dict=state, meta=meta))
    for part in config.values():  # layouts by name, since a config is text
        if isinstance(part, dict) and 'layout' in part:
            part['layout'] = getattr(part['layout'], 'name', part['layout'])
    path = Path(target).with_suffix('.py')
    assumed = dict(assumed=meta['assumed']) if meta.get('assumed') else {}
    text = Config(dict(model=config, default_scope='mmaction', custom_imports=dict(imports=['mmskel']),
                       **assumed)).pretty_text
    with atomic_path(path) as temporary:
        temporary.write_text(text)
    return path
