"""Weights that Keras 2 wrote (``.h5``) as tensors with PyTorch's names and layouts, for systems written for Keras.

Keras names layers by kind and number (``conv1d_7``), so the match with a layer of the published code follows from their
order and shapes. Each system's function states what is assumed; shapes that contradict it are an error.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmskel.files.errors import UserError
from mmskel.interop.system import ConversionError

Layers = Sequence[tuple[str, Sequence[np.ndarray]]]
"""The name and the arrays of each layer, in the order of the file."""
FRAMES = 50  # of MANs_9, which no tensor of its files shows
_BOMB = 256 * 2**20, 200  # bytes, and multiples of the file: whatever unpacks to more than both is not read
_NORM = ('weight', 'bias', 'running_mean', 'running_var')


def read_keras_file(path: str | Path) -> list[tuple[str, list[np.ndarray]]]:
    """The layers of a ``.h5`` file that have weights, in the order in which they were created.

    Args:
        path: File of ``save_weights`` or of a whole model.

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
            layers = [(name, [_array(group, f'{name}/{_text(weight)}', path)
                              for weight in group[name].attrs['weight_names']]) for name in names]
    except FileNotFoundError:
        raise ConversionError(f"there is no file '{path}'") from None
    except UserError:
        raise
    except Exception as error:  # HDF5 reports damage by nearly any error
        said = (str(error).splitlines() or [''])[0][:200]
        raise ConversionError(f"'{path}' holds no weights of Keras: {said}") from None
    return sorted(((name, arrays) for name, arrays in layers if arrays), key=lambda one: _number(one[0]))


def _array(group: Any, place: str, path: str | Path) -> np.ndarray:
    """Numbers that lie in the file itself: HDF5 would also read them from any other file that it names."""
    import h5py
    at = group
    for part in place.split('/'):
        link = at.get(part, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise ConversionError(f"'{path}' takes '{place}' from another file; expected numbers in the file itself")
        at = at[part]
    if at.external or at.is_virtual:
        raise ConversionError(f"'{path}' takes '{place}' from another file; expected numbers in the file itself")
    if at.dtype.kind not in 'fiu' or at.nbytes > max(_BOMB[0], _BOMB[1] * Path(path).stat().st_size):
        raise ConversionError(f"'{path}': '{place}' is {at.dtype} {at.shape}; expected the numbers of a layer")
    return np.asarray(at)


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
    """Ensem-NN: one trunk after another, in each the convolutions 8 wide in order; those 1 wide are the shortcuts.

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
    """MANs_9: x, y and z in this order, with an embedding, a bidirectional GRU and a projection.

    Assumed: dense layers inside the three modules alternate between embedding and projection; convolutions are in the
    order of the blocks, the shortcut 1 wide. No file holds the published gate, and every load of the published code
    draws a new one: it is drawn here, for 50 frames, from seed 0.
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
"""System -> function that reads its files."""


def keras_state(system: str, path: str | Path) -> Mapping[str, Tensor]:
    """The state dict of a system's ``.h5`` file, under the names that its checkpoints have here.

    Raises:
        ConversionError: No such file, a file of other layers, or a system that was not written for Keras.
    """
    if system not in FROM_KERAS:
        raise ConversionError(f"'{path}' is a file of Keras, but {system} was written for PyTorch; systems for Keras: "
                              f'{", ".join(FROM_KERAS)}')
    layers = read_keras_file(path)
    try:
        state = FROM_KERAS[system](layers)
    except UserError as error:
        raise ConversionError(f"'{path}': {error}") from None
    except (LookupError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise ConversionError(f"'{path}': its layers are not those of {system}: {type(error).__name__}: "
                              f'{str(error)[:200]}') from None
    for name, tensor in state.items():
        if not tensor.is_floating_point() or not torch.isfinite(tensor).all():
            raise ConversionError(f"'{path}': '{name}' holds {tensor.dtype}, NaN or infinity; expected finite numbers")
    return state
