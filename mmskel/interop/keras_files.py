"""Weights that Keras 2 wrote (``.h5``) as tensors with PyTorch's names and layouts, for systems written for it.

Keras names layers by kind and number (``conv1d_7``), so which one a layer of the published code is follows from their
order and shapes. What is assumed stands in each system's function; shapes that do not bear it out are an error.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mmskel.interop.system import ConversionError

Layers = Sequence[tuple[str, Sequence[np.ndarray]]]
"""Layer by layer its name and its arrays, in the order of the file."""
FRAMES = 50  # of MANs_9, which no tensor of its files tells
_NORM = ('weight', 'bias', 'running_mean', 'running_var')


def read_keras_file(path: str | Path) -> list[tuple[str, list[np.ndarray]]]:
    """The layers of a ``.h5`` file that have weights, in the order in which they were made.

    Args:
        path: Of ``save_weights`` or of a whole model.

    Raises:
        ConversionError: If h5py is not installed, or the file holds no weights of Keras.
    """
    try:
        import h5py
    except ImportError:
        raise ConversionError(f"'{path}' is a file of Keras, which needs the package h5py: pip install h5py") from None
    try:
        with h5py.File(path, 'r') as file:
            group = file['model_weights'] if 'model_weights' in file else file
            names = [_text(name) for name in group.attrs['layer_names']]
            layers = [(name, [np.asarray(group[name][_text(weight)]) for weight in group[name].attrs['weight_names']])
                      for name in names]
    except FileNotFoundError:
        raise ConversionError(f"there is no file '{path}'") from None
    except (OSError, KeyError) as error:
        raise ConversionError(f"'{path}' holds no weights of Keras: {error}") from None
    return sorted(((name, arrays) for name, arrays in layers if arrays), key=lambda one: _number(one[0]))


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _number(name: str) -> int:
    """The number at the end of an automatic name; equal numbers keep the order of the file."""
    found = re.search(r'_(\d+)$', name)
    return int(found[1]) if found else 0


def _of_kind(layers: Layers, kind: str) -> list[list[np.ndarray]]:
    return [list(arrays) for name, arrays in layers if re.fullmatch(rf'{kind}(_\d+)?', name)]


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))


def _conv(arrays: Sequence[np.ndarray], name: str) -> dict[str, Tensor]:
    """A convolution: (kernel..., in, out) -> (out, in, kernel...)."""
    kernel, *bias = arrays
    state = {f'{name}.weight': _tensor(np.moveaxis(kernel, (-1, -2), (0, 1)))}
    return dict(state, **{f'{name}.bias': _tensor(one) for one in bias})


def _dense(arrays: Sequence[np.ndarray], name: str) -> dict[str, Tensor]:
    kernel, bias = arrays
    return {f'{name}.weight': _tensor(kernel.T), f'{name}.bias': _tensor(bias)}


def _norm(arrays: Sequence[np.ndarray], name: str) -> dict[str, Tensor]:
    return {f'{name}.{leaf}': _tensor(array) for leaf, array in zip(_NORM, arrays)}


def gru_direction(arrays: Sequence[np.ndarray], name: str, direction: str) -> dict[str, Tensor]:
    """Keras' kernel, recurrent kernel and bias, columns z, r, h -> PyTorch's rows r, z, n."""
    def turned(array: np.ndarray) -> Tensor:
        update, reset, new = np.split(array, 3, -1)
        return _tensor(np.concatenate([reset, update, new], -1).T)

    leaves = zip(('weight_ih', 'weight_hh', 'bias_ih'), arrays)
    return {f'{name}.{leaf}_l0{direction}': turned(array) for leaf, array in leaves}


def _expect(found: int, expected: int, what: str, system: str) -> None:
    if found != expected:
        raise ConversionError(f'{system}: the file has {found} {what}; expected {expected}. Is it one of the published '
                              'code?')


def ensemble_state(layers: Layers) -> dict[str, Tensor]:
    """Ensem-NN: one trunk after the other, in each the convolutions 8 wide in order; those 1 wide are the shortcuts.

    Assumed: the temporal trunk was made before the spatial one, body parts in their order; norms are made with their
    convolutions; of the attention network the dense layers are the input gate's, the groups' gates, the classifier.
    """
    system = 'ensemble_1dcnn'
    convs, norms, denses = (_of_kind(layers, kind) for kind in ('conv1d', 'batch_normalization', 'dense'))
    wide, narrow = ([conv for conv in convs if (conv[0].shape[0] == 1) == one] for one in (False, True))
    trunks = len(wide) // 10
    if not trunks or trunks not in (1, 2, 5):
        raise ConversionError(f'{system}: the file has {len(wide)} convolutions wider than 1; expected 10, 20 or 50')
    _expect(len(wide), 10 * trunks, 'convolutions wider than 1', system)
    _expect(len(narrow), 2 * trunks, 'convolutions 1 wide', system)
    attention = len(denses) > trunks
    _expect(len(denses), 9 if attention else trunks, 'dense layers', system)
    per_trunk = len(norms) // trunks
    _expect(len(norms), trunks * (10 if per_trunk == 10 else 9), 'batch norms', system)
    state: dict[str, Tensor] = {}
    for trunk in range(trunks):
        prefix = {1: '', 2: ('temporal.', 'spatial.')[trunk % 2], 5: f'parts.{trunk}.'}[trunks]
        stem, *mine = wide[10 * trunk:10 * trunk + 10]
        state |= _conv(stem, f'{prefix}stem')
        for place, conv in enumerate(mine):
            block = f'{prefix}blocks.{place // 3}.{place % 3}'
            state |= _conv(conv, f'{block}.conv') | _norm(norms[per_trunk * trunk + place], f'{block}.bn')
        for group, conv in enumerate(narrow[2 * trunk:2 * trunk + 2], 1):
            state |= _conv(conv, f'{prefix}blocks.{group}.down')
        if per_trunk == 10:
            state |= _norm(norms[per_trunk * trunk + 9], f'{prefix}norm')
        state |= _dense(denses[-trunks + trunk], f'{prefix}fc')
    if attention:
        gates = [f'blocks.{group}.att.{layer}' for group in range(3) for layer in (0, 2)]
        names = ['input_att.0', 'input_att.2', *gates]
        for name, dense in zip(names, denses):
            state |= _dense(dense, name)
    return state


def mans_state(layers: Layers) -> dict[str, Tensor]:
    """MANs_9: x, y and z in this order, of each an embedding, a bidirectional GRU and a projection.

    Assumed: dense layers inside the three modules alternate between embedding and projection; convolutions follow the
    blocks, the shortcut 1 wide. The published gate is in no file, and every load of the published code draws another
    one: it is drawn here, for 50 frames, from seed 0.
    """
    system = 'mans'
    denses = [list(arrays) for name, arrays in layers if name.startswith(('dense', 'time_distributed'))]
    grus = [list(arrays) for name, arrays in layers if name.startswith('bidirectional')]
    convs, norms = (_of_kind(layers, kind) for kind in ('conv2d', 'batch_normalization'))
    _expect(len(grus), 3, 'bidirectional layers', system)
    _expect(len(denses), 7, 'dense layers', system)
    _expect(len(norms), 9, 'batch norms', system)
    wide = [conv for conv in convs if conv[0].shape[0] > 1]
    narrow = [conv for conv in convs if conv[0].shape[0] == 1]
    _expect(len(wide), 9, 'convolutions wider than 1', system)
    _expect(len(narrow), 1, 'convolutions 1 wide', system)
    state: dict[str, Tensor] = {}
    drawn = torch.Generator().manual_seed(0)
    for coordinate, arrays in enumerate(grus):
        name = f'tarm.{coordinate}'
        state |= _dense(denses[2 * coordinate], f'{name}.embed') | _dense(denses[2 * coordinate + 1], f'{name}.proj')
        squeezed = max(FRAMES // 16, 1)
        for layer, shape in ((0, (squeezed, FRAMES)), (2, (FRAMES, squeezed))):
            weight = torch.empty(*shape)
            state[f'{name}.att.{layer}.weight'] = torch.nn.init.xavier_uniform_(weight, generator=drawn)
            state[f'{name}.att.{layer}.bias'] = torch.zeros(shape[0])
        half = len(arrays) // 2
        state |= gru_direction(arrays[:half], f'{name}.gru', '')
        state |= gru_direction(arrays[half:], f'{name}.gru', '_reverse')
    state |= _conv(wide[0], 'stem.conv') | _norm(norms[0], 'stem.bn')
    order = [f'stages.{stage}.{block}.{place}' for stage in (0, 1) for block in (0, 1) for place in (1, 2)]
    for place, conv in zip(order, wide[1:]):
        state |= _conv(conv, f'{place[:-1]}conv{place[-1]}')
    for place, norm in zip(order[1:], norms[1:]):  # the very first convolution has none
        state |= _norm(norm, f'{place[:-1]}bn{place[-1]}')
    state |= _conv(narrow[0], 'stages.1.0.down') | _norm(norms[8], 'norm') | _dense(denses[6], 'fc')
    return state


FROM_KERAS = {'ensemble_1dcnn': ensemble_state, 'mans': mans_state}
"""System -> its function."""


def keras_state(system: str, path: str | Path) -> Mapping[str, Tensor]:
    """The state dict of a system's ``.h5`` file, under the names that its checkpoints have here.

    Raises:
        ConversionError: No such file, a file of other layers, or a system that was not written for Keras.
    """
    if system not in FROM_KERAS:
        raise ConversionError(f"'{path}' is a file of Keras, but {system} was written for PyTorch; of Keras are: "
                              f'{", ".join(FROM_KERAS)}')
    return FROM_KERAS[system](read_keras_file(path))
