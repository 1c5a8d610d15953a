"""STC-Net under the tensor names of docs/published/stc_net.md.

The authors (github.com/Jho-Yonsei/STC-Net) released neither code nor weights; the names are ours, and those of HD-GCN's
code where the two networks share a part.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmskel.interop.system import ConversionError, Piece, PublishedModel, System
from mmskel.models.backbones.stc_net import CurveModule
from mmskel.skeleton import LAYOUTS, Layout, LayoutError, dilated_kernel, get_layout

# names of graphs in the HD-GCN and CTR-GCN code bases, and of MMAction2 -> our layouts
GRAPHS = {'nturgbd': 'ntu25', 'nturgb+d': 'ntu25', 'ntu': 'ntu25', 'ntu_rgb_d': 'ntu25', 'coco': 'coco17',
          'openpose': 'openpose18', 'kinetics': 'openpose18', 'ucla': 'kinect20', 'nw_ucla': 'kinect20'}
CHAIN = Layout('chain5', tuple('abcde'), ((1, 2), (0, 1), (3, 2), (4, 3)), 2)
_WINDOWS = range(1, 9)  # of the matrices that the curve module alone is published with

_NETWORK = {'num_class', 'num_point', 'num_person', 'graph', 'graph_args', 'in_channels', 'drop_out', 'windows',
            'neighbours', 'curve_radius'}
_MODULE = {'in_channels', 'out_channels', 'neighbours', 'curve_radius'}
_BLOCK = re.compile(r'blocks\.(\d+)\.(.+)')
# places below a block -> our module
_WHOLE = {'sm.bn': 'gcn.norm', 'sm.down.0': 'gcn.down', 'sm.down.1': 'gcn.down.norm', 'residual.conv': 'residual',
          'residual.bn': 'residual.norm', 'tm.branches.3.0': 'tcn.shortcut'}
_STACKED = ((re.compile(r'tm\.branches\.([012])\.0'), 'tcn.reduce'),
            (re.compile(r'tm\.branches\.([012])\.1'), 'tcn.reduce.norm'),
            (re.compile(r'tm\.branches\.([01])\.3\.bn'), 'tcn.norm'),
            (re.compile(r'tm\.branches\.(2)\.4'), 'tcn.norm'), (re.compile(r'tm\.branches\.(3)\.1'), 'tcn.norm'))
# places below the curve module -> our module; stacked in ours: (our module, which half)
_OF_CURVES = {'reduce.0': 'reduce', 'reduce.1': 'reduce.norm', 'curve': 'curve', 'out': 'out'}
_HALVES = {'query': ('embed', 0), 'key': ('embed', 1), 'edge_neighbour': ('edge', 0), 'edge_centre': ('edge', 1)}


def _layout(arguments: Mapping[str, Any]) -> str:
    name = str(arguments.get('graph', 'ntu25'))
    try:
        return get_layout(GRAPHS.get(name, name)).name
    except (LayoutError, KeyError, ValueError):
        raise ConversionError(f"stc_net: unknown graph '{name}'; expected a layout of ours or one of "
                              f'{", ".join(GRAPHS)}') from None


def _refuse(arguments: Mapping[str, Any], known: set[str]) -> None:
    unexpected = set(arguments) - known
    if unexpected:
        raise ConversionError(f'stc_net: unknown constructor arguments {", ".join(sorted(unexpected))}; known: '
                              f'{", ".join(sorted(known))}')


def _config(arguments: Mapping[str, Any]) -> dict[str, Any]:
    _refuse(arguments, _NETWORK)
    layout = _layout(arguments)
    options = {key: arguments[key] for key in ('windows', 'neighbours', 'curve_radius') if key in arguments}
    return dict(
        type='RecognizerGCN',
        data_preprocessor=dict(type='StreamEncoder', layout=layout),
        backbone=dict(type='STCNet', layout=layout, centre=arguments.get('graph_args', {}).get('centre'),
                      in_channels=arguments.get('in_channels', 3), num_person=arguments.get('num_person', 2),
                      **options),
        cls_head=dict(type='GCNHead', num_classes=arguments.get('num_class', 60), in_channels=256,
                      dropout=arguments.get('drop_out', 0)))


def _rename(key: str, size: int) -> Sequence[Piece]:
    module, _, leaf = key.rpartition('.')
    if module == 'data_bn':
        return (Piece(f'backbone.{key}'), )
    if module == 'fc':
        return (Piece(f'cls_head.{key}'), )
    match = _BLOCK.fullmatch(module)
    if not match or int(match[1]) > 9:
        raise KeyError(key)
    block, place = f'backbone.blocks.{match[1]}', match[2]
    width = 16 * 2**sum(int(match[1]) >= stage for stage in (4, 7))
    if place.startswith('sm.stc.'):
        return (_of_curves(f'{block}.gcn.stc.', place.removeprefix('sm.stc.'), leaf), )
    kernel = re.fullmatch(r'sm\.dk\.(\d+)(\.conv)?', place)
    if kernel and (leaf == 'PA') == (kernel[2] is None):
        return (Piece(f'{block}.gcn.{"graph" if leaf == "PA" else leaf}', (int(kernel[1]), )), )
    if place in _WHOLE:
        return (Piece(f'{block}.{_WHOLE[place]}.{leaf}'), )
    if re.fullmatch(r'tm\.branches\.[01]\.3\.conv', place) and leaf == 'weight':
        return (Piece(f'{block}.tcn.convs.{place[12]}'), )
    if re.fullmatch(r'tm\.branches\.[01]\.3', place) and leaf == 'bias':
        return (_slice(f'{block}.tcn.conv_bias', int(place[12]), width), )
    for pattern, ours in _STACKED:
        stacked = pattern.fullmatch(place)
        if stacked:
            name = f'{block}.{ours}.{leaf}'
            return (Piece(name) if leaf == 'num_batches_tracked' else _slice(name, int(stacked[1]), width), )
    raise KeyError(key)


def _of_curves(prefix: str, place: str, leaf: str) -> Piece:
    if place in _OF_CURVES:
        return Piece(f'{prefix}{_OF_CURVES[place]}.{leaf}')
    if place not in _HALVES:
        raise KeyError(place)
    module, half = _HALVES[place]
    return Piece(f'{prefix}{module}_{leaf}', (half, ))


def _slice(key: str, at: int, width: int) -> Piece:
    return Piece(key, (slice(at * width, (at + 1) * width), ))


def _logits(model: nn.Module, x: Tensor) -> Tensor:
    """(N, C, T, V, M) -> (N, K)."""
    return model.cls_head(model.backbone(x.permute(0, 4, 2, 3, 1)))


def _guess(state: Mapping[str, Tensor]) -> dict[str, Any]:
    first = 'blocks.0.sm'
    needed = (f'{first}.dk.0.PA', f'{first}.dk.0.conv.weight', f'{first}.stc.curve.weight', 'data_bn.weight',
              'fc.weight')
    missing = [repr(key) for key in needed if key not in state]
    if missing:
        raise ConversionError(f'stc_net: the checkpoint has no {", ".join(missing)}; it is not an STC-Net')
    learned = {int(key.split('.')[4]): value.numpy() for key, value in state.items()
               if key.startswith(f'{first}.dk.') and key.endswith('.PA')}
    joints, channels = learned[0].shape[-1], state[needed[1]].shape[1]
    # training moves the graph, but not so far that another layout's or window's would be nearer
    layouts = [name for name in dict.fromkeys((*GRAPHS.values(), *LAYOUTS)) if get_layout(name).num_joints == joints]
    if not layouts:
        raise ConversionError(f'stc_net: a graph of {joints} joints, and no layout has as many')

    def nearest(layout: str) -> tuple[float, list[int]]:
        starts = [dilated_kernel(layout, window) for window in _WINDOWS]
        away = [[float(np.abs(graph - start).sum()) for start in starts] for _, graph in sorted(learned.items())]
        return sum(map(min, away)), [_WINDOWS[row.index(min(row))] for row in away]

    layout = min(layouts, key=lambda name: nearest(name)[0])
    taps, width = state[needed[2]].shape[:2]
    return dict(num_class=state['fc.weight'].shape[0], graph=layout, in_channels=channels, windows=nearest(layout)[1],
                num_person=state['data_bn.weight'].numel() // (joints * channels),
                curve_radius=(taps // width - 1) // 2)


# the curve module alone


@cache
def _kernels() -> dict[str, Tensor]:
    graphs = {CHAIN.name: CHAIN, **{name: get_layout(name) for name in LAYOUTS}, **GRAPHS}
    return {f'out_dk_{name}_w{window}': torch.from_numpy(dilated_kernel(layout, window)).float()
            for name, layout in graphs.items() for window in _WINDOWS}


class _Curves(nn.Module):
    """The curve module with its batch first, and what it computes on the way."""

    def __init__(self, arguments: Mapping[str, Any]):
        super().__init__()
        self.stc = CurveModule(**arguments)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """(B, C, T, V) -> ``out_y`` (B, Cout, T, V), links (B, T - 1, V, k), link features (B, c, T, V), and dilated
        kernels of several graphs."""
        x = x.permute(3, 0, 2, 1)
        features, links = self.stc.link_features(x)
        found = dict(out_y=self.stc.out(self.stc.sum_along_curves(features, links)).permute(1, 3, 2, 0),
                     out_link_features=features.permute(1, 3, 0, 2))
        if links is not None:
            found.update(out_forward_links=links.forward.transpose(0, 1),
                         out_backward_links=links.backward.transpose(0, 1))
        return {**found, **_kernels()}


def _rename_curves(key: str, size: int) -> Sequence[Piece]:
    place, _, leaf = key.rpartition('.')
    return (_of_curves('stc.', place, leaf), )


def _part(arguments: Mapping[str, Any], state: Mapping[str, Any]) -> nn.Module | None:
    """The curve module alone, where the arguments are its own."""
    if 'out_channels' not in arguments:
        return None
    _refuse(arguments, _MODULE)
    module = _Curves(arguments)
    module.load_state_dict(CURVES.convert(state, module))
    return PublishedModel(CURVES, module, {key: value.shape for key, value in state.items()})


CURVES = System('stc_net', dict, _rename_curves, lambda module, x: module(x), lambda state: {})
STC_NET = System('stc_net', _config, _rename, _logits, _guess, _part)
