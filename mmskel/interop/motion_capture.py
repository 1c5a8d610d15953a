"""The published motion capture system: its network, its losses, and its checkpoints under TensorFlow's names.

See docs/published/motion_capture.md. Released checkpoints are TensorFlow's: turned into a NumPy archive of variables by
name (docs/motion_capture.md), they are read here.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mmskel.body import SMPL, BodyError, body_from_arrays
from mmskel.body.capture.files import save_network
from mmskel.body.capture.network import MocapNet
from mmskel.files.arrays import load_npz
from mmskel.files.errors import UserError
from mmskel.interop.motion_capture_parts import PublishedLosses, PublishedNetwork
from mmskel.interop.motion_capture_variables import PREFIX, UNUSED, fill_network
from mmskel.interop.system import ConversionError, System

_NETWORK = ('bases_num', 'gStddev', 'gWidth', 'gf_dim', 'image_size_h', 'image_size_w', 'keypoints_num')
_FIXED = dict(bases_num=10, gStddev=0.25, gWidth=7, keypoints_num=24)
_LOSSES = ('alpha', 'chamfer_scale', 'image_size', 'visibility_step')


def _check(arguments: Mapping[str, Any], known: tuple[str, ...]) -> None:
    if unknown := sorted(set(arguments) - set(known)):
        raise ConversionError(f'motion_capture: unknown arguments {", ".join(unknown)}; known: {", ".join(known)}')


def _part(arguments: Mapping[str, Any], state: Mapping[str, Any]) -> nn.Module:
    """The network, or, of a state with a body, the losses."""
    given = {key: torch.as_tensor(value) for key, value in state.items()
             if not key.startswith(('in_', 'out_', 'grad_'))}
    body = {key.removeprefix('model_'): value.numpy() for key, value in given.items()}
    if 'v_template' in body:
        _check(arguments, _LOSSES)
        try:
            return PublishedLosses(SMPL(body_from_arrays(body, 'the state')), arguments)
        except BodyError as error:
            raise ConversionError(str(error)) from None
    _check(arguments, _NETWORK)
    weights = {key.removeprefix('buf_'): value for key, value in given.items()
               if not UNUSED.search(key.removeprefix('buf_').removeprefix(PREFIX))}
    arguments = {**_guess(weights), **arguments}
    for name, value in _FIXED.items():
        if arguments.get(name, value) != value:
            raise ConversionError(f'motion_capture: {name}={arguments[name]}; the network knows {value} alone')
    if arguments['image_size_h'] != arguments['image_size_w']:
        raise ConversionError('motion_capture: the crop must be square')
    try:
        model = MocapNet(int(arguments['image_size_h']), int(arguments['gf_dim']))
    except BodyError as error:
        raise ConversionError(f'motion_capture: {error}') from None
    running = fill_network(model, weights)
    return PublishedNetwork(model, {key: value.shape for key, value in weights.items()}, running)


def _guess(state: Mapping[str, Tensor]) -> dict[str, Any]:
    kernel, matrix = (state.get(PREFIX + name) for name in ('g_h1_conv/w', 'g_fc6/Matrix'))
    if kernel is None or matrix is None or kernel.ndim != 4 or matrix.ndim != 2 or not kernel.shape[-1]:
        raise ConversionError(f"motion_capture: no '{PREFIX}g_h1_conv/w' and '{PREFIX}g_fc6/Matrix' of a network")
    width = kernel.shape[-1]
    side = 32 * round((max(0, len(matrix) - 1) / (16 * width))**0.5)
    return dict(_FIXED, gf_dim=width, image_size_h=side, image_size_w=side)


def _config(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return dict(type='MocapNet', size=int(arguments['image_size_h']), width=int(arguments['gf_dim']))


def _rename(key: str, size: int) -> Any:
    raise KeyError(key)


def _outputs(model: nn.Module, *inputs: Tensor) -> dict[str, Tensor]:
    return model(*inputs)


def convert(source: str | Path, target: str | Path, load: Callable[[Path], dict[str, Tensor]]) -> Path:
    """Writes the variables of a TensorFlow checkpoint, a NumPy archive by name, as one of our networks.

    Args:
        source: ``.npz`` of the variables, or a PyTorch file of them.
        target: File to write, ``.pth``, for ``mmskel capture --weights``.
        load: Function that reads a PyTorch state dict safely.

    Raises:
        ConversionError: Another file, or missing, unknown or misshapen variables; the source is named.
    """
    source = Path(source)
    try:
        content: Mapping[str, Any] = load_npz(source) if source.suffix.lower() == '.npz' else load(source)
        # an archive saved key by key may hold TensorFlow's ":0"
        published = _part({}, {key.removesuffix(':0'): value for key, value in content.items()})
        if not isinstance(published, PublishedNetwork):
            raise ConversionError('this is a body model, not a network')
    except UserError as error:
        said = str(error)
        raise ConversionError(said if str(source) in said else f"'{source}': {said}") from None
    except (TypeError, RuntimeError, ValueError) as error:
        said = (str(error).splitlines() or [''])[0][:200]
        raise ConversionError(f"'{source}': its variables are not those of the network: {said}") from None
    save_network(target, published.model, dict(source=source.name))
    return Path(target)


MOTION_CAPTURE = System('motion_capture', _config, _rename, _outputs, _guess, part=_part, convert_folder=convert)
