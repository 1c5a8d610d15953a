"""TensorFlow's variables of the motion capture network: names and order of the numbers, theirs and ours."""
from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from mmskel.body.capture.network import MocapNet
from mmskel.interop.system import ConversionError

PREFIX = '3D_mesh_Interpretor/'
_LINEAR = dict(g_fc6='fc', g_fc6_1='fc_body', g_fc6_2='fc_place', g_fc6_beta='fc_shape', g_fc6_2_beta='betas',
               g_fc6_pose='pose', R_params_2='turn', T3_params_2='fc_depth', T3_params_3='depth', T12_params_2='shift')
_NORM = dict(beta='bias', gamma='weight', moving_mean='running_mean', moving_variance='running_var')
# variables of the file that are no weights of the network: its unused flow network, the optimiser, counters
UNUSED = re.compile(r'(^|/)(f_|beta[12]_power|global_step)|/Adam(_\d)?$|^flow')


def key_of(name: str) -> str:
    """Our name of a TensorFlow variable; KeyError if the network has none."""
    layer, _, leaf = name.removeprefix(PREFIX).rpartition('/')
    if layer in _LINEAR and leaf in ('Matrix', 'bias'):
        return f'{_LINEAR[layer]}.{"weight" if leaf == "Matrix" else leaf}'
    found = re.fullmatch(r'g_(h|bn)([1-5])(_1)?(_conv)?', layer)
    if found is None or (found[1] == 'h') != bool(found[4]):
        raise KeyError(name)
    place_ = 2 * (int(found[2]) - 1) + bool(found[3])
    if found[1] == 'h' and leaf in ('w', 'biases'):
        return f'convs.{place_}.{"weight" if leaf == "w" else "bias"}'
    if found[1] == 'bn' and leaf in _NORM and place_ < 9:
        return f'norms.{place_}.{_NORM[leaf]}'
    raise KeyError(name)


def ours_of(name: str, value: Tensor, channels: int) -> Tensor:
    """A TensorFlow tensor in PyTorch's order; ``channels`` of the last convolution."""
    if value.ndim == 4:
        return value.permute(3, 2, 0, 1)
    if name.endswith('g_fc6/Matrix'):  # height, width, channel: ours flattens channels first; the last row is gender
        side = round(((len(value) - 1) / channels)**0.5)
        spatial = value[:-1].reshape(side, side, channels, -1).permute(2, 0, 1, 3).flatten(0, 2)
        value = torch.cat((spatial, value[-1:]))
    return value.T if value.ndim == 2 else value


def theirs_of(name: str, value: Tensor, channels: int) -> Tensor:
    """The inverse of :func:`_ours`."""
    if value.ndim == 4:
        return value.permute(2, 3, 1, 0)
    value = value.T if value.ndim == 2 else value
    if name.endswith('g_fc6/Matrix'):
        side = round(((len(value) - 1) / channels)**0.5)
        spatial = value[:-1].reshape(channels, side, side, -1).permute(1, 2, 0, 3).flatten(0, 2)
        value = torch.cat((spatial, value[-1:]))
    return value


def fill_network(model: MocapNet, weights: Mapping[str, Tensor]) -> bool:
    """Copies the weights; returns whether moving statistics were among them."""
    ours, filled, unknown, wrong = model.state_dict(), set(), [], []
    for name, value in weights.items():
        try:
            key = key_of(name)
        except KeyError:
            unknown.append(name)
            continue
        try:
            value = ours_of(name, value, model.convs[-1].out_channels)
        except RuntimeError:  # a matrix that does not belong to a square
            wrong.append(f'{name} {tuple(value.shape)}')
            continue
        if value.shape != ours[key].shape:
            wrong.append(f'{name} {tuple(value.shape)} -> {key} {tuple(ours[key].shape)}')
            continue
        ours[key].copy_(value)
        filled.add(key)
    statistics = {key for key in ours if key.endswith(('running_mean', 'running_var'))}
    missing = {key for key, _ in model.named_parameters()} - filled
    missing |= statistics - filled if statistics & filled else set()
    problems = [f'{len(what)} {label}, e.g. {", ".join(sorted(what)[:3])}' for what, label in (
        (unknown, 'variables it does not know'), (wrong, 'variables that do not fit'),
        (missing, 'tensors that are missing')) if what]
    if problems:
        raise ConversionError(f'this is not a checkpoint of the motion capture network: {"; ".join(problems)}')
    return bool(statistics & filled)
