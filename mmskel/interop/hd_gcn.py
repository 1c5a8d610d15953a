"""The official HD-GCN (github.com/Jho-Yonsei/HD-GCN) as ours. See ``docs/published/hd_gcn.md``, D12."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from mmskel.interop.system import ConversionError, Piece, System
from mmskel.skeleton import hierarchy_graph, hierarchy_rings

LAYOUTS = {'ntu_hierarchy': 'ntu25', 'ucla_hierarchy': 'kinect20'}
_BLOCK = re.compile(r'l(\d+)\.(.+)')
# published place below a block -> our module; the numbers are kept by the functions below
_WHOLE = {'gcn1.bn': 'gcn.out_norm', 'gcn1.down.0': 'gcn.down', 'gcn1.down.1': 'gcn.down.norm',
          'gcn1.aha.conv_down.0': 'gcn.attention.reduce', 'gcn1.aha.conv_down.1': 'gcn.attention.reduce.norm',
          'gcn1.aha.edge_conv.conv.0': 'gcn.attention.edge_conv', 'gcn1.aha.edge_conv.conv.1':
          'gcn.attention.edge_conv.norm', 'gcn1.aha.aggregate': 'gcn.attention.expand',
          'residual.conv': 'residual', 'residual.bn': 'residual.norm', 'tcn1.branches.3.0': 'tcn.shortcut'}
# stacked in ours: pattern -> (our module, which of the stacked ones)
_STACKED = ((re.compile(r'gcn1\.conv_down\.(\d+)\.0'), 'gcn.reduce'),
            (re.compile(r'gcn1\.conv_down\.(\d+)\.1'), 'gcn.reduce.norm'),
            (re.compile(r'gcn1\.conv\.(\d+)\.3\.conv\.1'), 'gcn.edge_conv.norm'),
            (re.compile(r'tcn1\.branches\.([012])\.0'), 'tcn.reduce'),
            (re.compile(r'tcn1\.branches\.([012])\.1'), 'tcn.reduce.norm'),
            (re.compile(r'tcn1\.branches\.([01])\.3\.bn'), 'tcn.norm'),
            (re.compile(r'tcn1\.branches\.(2)\.4'), 'tcn.norm'),
            (re.compile(r'tcn1\.branches\.(3)\.1'), 'tcn.norm'))
# how alike (cosine) a learned graph and its start are at least, and how far on the way to another start it is at most
_LIKE, _NEAR = 0.2, 0.25
_SUBSET = re.compile(r'gcn1\.conv\.(\d+)\.([012])\.([01])')


def _config(arguments: Mapping[str, Any]) -> dict[str, Any]:
    known = {'num_class', 'num_point', 'num_person', 'graph', 'graph_args', 'in_channels', 'drop_out'}
    unknown = set(arguments) - known
    if unknown:
        raise ConversionError(f'hd_gcn: unknown constructor arguments {", ".join(sorted(unknown))}; known: '
                              f'{", ".join(sorted(known))}')
    graph = arguments.get('graph', 'ntu_hierarchy')
    if graph not in LAYOUTS:
        raise ConversionError(f"hd_gcn: unknown graph '{graph}'; known: {', '.join(LAYOUTS)}")
    layout, centre = LAYOUTS[graph], arguments.get('graph_args', {}).get('CoM', 21) - 1
    return dict(
        type='RecognizerGCN',
        data_preprocessor=dict(type='StreamEncoder', layout=layout),
        backbone=dict(type='HDGCN', layout=layout, centre=centre, in_channels=arguments.get('in_channels', 3),
                      num_person=arguments.get('num_person', 2)),
        cls_head=dict(type='GCNHead', num_classes=arguments.get('num_class', 60), in_channels=256,
                      dropout=arguments.get('drop_out', 0)))


def _rename(key: str, size: int) -> Sequence[Piece]:
    if '.conv_d.' in key:  # a second name of the last layer's tensors
        return ()
    module, _, leaf = key.rpartition('.')
    if module == 'data_bn':
        return (Piece(f'backbone.{key}'), )
    if module == 'fc':
        return (Piece(f'cls_head.{key}'), )
    match = _BLOCK.fullmatch(module)
    if not match or not 1 <= int(match[1]) <= 10:
        raise KeyError(key)
    block, place = f'backbone.blocks.{int(match[1]) - 1}', match[2]
    width = 16 * 2**sum(int(match[1]) >= stage for stage in (5, 8))
    if (place, leaf) == ('gcn1', 'PA'):
        return (Piece(f'{block}.gcn.graph'), )
    if place in _WHOLE:
        return (Piece(f'{block}.{_WHOLE[place]}.{leaf}'), )
    if re.fullmatch(r'tcn1\.branches\.[01]\.3\.conv', place) and leaf == 'weight':
        return (Piece(f'{block}.tcn.convs.{place[14]}'), )
    if re.fullmatch(r'tcn1\.branches\.[01]\.3', place) and leaf == 'bias':
        return (_slice(f'{block}.tcn.conv_bias', int(place[14]), width), )
    edge = re.fullmatch(r'gcn1\.conv\.(\d+)\.3\.conv\.0', place)
    if edge:
        return (Piece(f'{block}.gcn.edge_conv.weight', (int(edge[1]), )), )
    subset = _SUBSET.fullmatch(place)
    if subset:
        at = int(subset[1]) * 3 + int(subset[2])
        if subset[3] == '0':
            return (Piece(f'{block}.gcn.{leaf}', (at, )), )
        return (_norm_slice(f'{block}.gcn.norm', leaf, at, width), )
    for pattern, module in _STACKED:
        stacked = pattern.fullmatch(place)
        if stacked:
            return (_norm_slice(f'{block}.{module}', leaf, int(stacked[1]), width), )
    raise KeyError(key)


def _slice(key: str, at: int, width: int) -> Piece:
    return Piece(key, (slice(at * width, (at + 1) * width), ))


def _norm_slice(module: str, leaf: str, at: int, width: int) -> Piece:
    key = f'{module}.{leaf}'
    return Piece(key) if leaf == 'num_batches_tracked' else _slice(key, at, width)


def _logits(model: nn.Module, x: Tensor) -> Tensor:
    """(N, C, T, V, M) -> (N, K)."""
    return model.cls_head(model.backbone(x.permute(0, 4, 2, 3, 1)))


def _guess(state: Mapping[str, Tensor]) -> dict[str, Any]:
    if 'l2.gcn1.PA' not in state or 'fc.weight' not in state:
        raise ConversionError("hd_gcn: the checkpoint has no 'l2.gcn1.PA' and 'fc.weight'; it is not an HD-GCN of the "
                              'official code')
    blocks = [value.double().numpy() for key, value in state.items() if re.fullmatch(r'l\d+\.gcn1\.PA', key)]
    learned = np.mean([block for block in blocks if block.shape == blocks[0].shape], 0)
    joints = learned.shape[-1]
    graphs = {25: ('ntu_hierarchy', (1, 2, 21)), 20: ('ucla_hierarchy', (1, 2, 3))}
    if joints not in graphs:
        raise ConversionError(f'hd_gcn: a graph of {joints} joints; known: 25 (NTU) and 20 (N-UCLA)')
    graph, centres = graphs[joints]
    starts = {centre: hierarchy_graph(hierarchy_rings(LAYOUTS[graph], centre - 1)) for centre in centres}
    starts = {centre: start for centre, start in starts.items() if start.shape == learned.shape}
    if not starts:
        raise ConversionError(f'hd_gcn: a hierarchy of {len(learned)} layers on {joints} joints is none of the '
                              'published ones')
    channels = state['l1.gcn1.conv_down.0.0.weight'].shape[1]
    return dict(num_class=state['fc.weight'].shape[0], num_point=joints, in_channels=channels,
                num_person=state['data_bn.weight'].numel() // (joints * channels), graph=graph,
                graph_args=dict(CoM=_centre(learned, starts), labeling_mode='spatial'))


def _centre(learned: np.ndarray, starts: Mapping[int, np.ndarray]) -> int:
    """The centre joint whose graph the learned one began as.

    Weight decay shrinks a graph and training moves it, in every block on its own; so their mean is compared, at the
    size of the start. It must be like the nearest start, and far from half-way to any other.

    Raises:
        ConversionError: If that is not so; names what was found.
    """
    likeness = {centre: float((learned * start).sum() / np.linalg.norm(learned).clip(1e-12) / np.linalg.norm(start))
                for centre, start in starts.items()}
    nearest = max(likeness, key=likeness.get)
    start, way = starts[nearest], []
    if likeness[nearest] >= _LIKE:
        moved = learned * (start**2).sum() / (learned * start).sum() - start
        way = [float((moved * (other - start)).sum() / ((other - start)**2).sum())
               for centre, other in starts.items() if centre != nearest]
    if likeness[nearest] < _LIKE or max(way, default=0) > _NEAR:
        found = ', '.join(f'{centre}: {value:.2f}' for centre, value in likeness.items())
        raise ConversionError('hd_gcn: the learned graph is not clearly that of one centre joint (cosines to the '
                              f'published starts: {found}); give the constructor arguments (model_kwargs), with '
                              'graph_args=dict(CoM=...)')
    return nearest


HD_GCN = System('hd_gcn', _config, _rename, _logits, _guess)
