"""The official ST-GCN (github.com/yysijie/st-gcn, open-mmlab/mmskeleton) as ours (``docs/published/st_gcn.md``)."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from mmskel.interop.system import ConversionError, Piece, System
from mmskel.skeleton import Layout, get_layout, partition

_BLOCK = re.compile(r'st_gcn_networks\.(\d+)\.(.+)')
_PARTS = {'gcn.conv': 'gcn.conv', 'tcn.0': 'gcn.bn', 'tcn.2': 'tcn.conv', 'tcn.3': 'tcn.bn',
          'residual.0': 'residual.conv', 'residual.1': 'residual.bn'}
# what a file's graph may be, by the published constructor's names; graphs that differ in name alone: the first
_LAYOUTS = {18: 'openpose', 25: 'ntu-rgb+d', 24: 'ntu_edge'}
_HOPS = [(max_hop, dilation) for max_hop in (1, 2, 3, 4) for dilation in range(1, max_hop + 1)]


def _layout(name: str) -> Layout:
    known = {'openpose': 'openpose18', 'ntu-rgb+d': 'ntu25', 'ntu_edge': 'ntu24'}
    if name not in known:
        raise ConversionError(f"st_gcn: unknown graph layout '{name}'; known: {', '.join(known)}")
    return get_layout(known[name])


def _config(arguments: Mapping[str, Any]) -> dict[str, Any]:
    known = {'in_channels', 'num_class', 'graph_args', 'edge_importance_weighting', 'dropout'}
    unknown = set(arguments) - known
    if unknown:
        raise ConversionError(f'st_gcn: unknown constructor arguments {", ".join(sorted(unknown))}; known: '
                              f'{", ".join(sorted(known))}')
    graph = dict(arguments.get('graph_args', {}))
    layout = _layout(graph.pop('layout', 'openpose'))
    partition = graph.pop('strategy', 'uniform')
    return dict(
        type='RecognizerGCN',
        # OpenPose's joints are x, y and confidence, Kinect's x, y and z
        data_preprocessor=dict(type='StreamEncoder', layout=layout, with_score=layout.name == 'openpose18'),
        backbone=dict(
            type='SkeletonSTGCN', layout=layout, partition=partition, **graph,
            in_channels=arguments.get('in_channels', 3), dropout=arguments.get('dropout', 0),
            edge_importance='importance' if arguments.get('edge_importance_weighting', True) else None),
        cls_head=dict(type='GCNHead', num_classes=arguments['num_class'], in_channels=256))


def _rename(key: str, size: int) -> Sequence[Piece]:
    if key == 'A':  # a function of the arguments
        return (Piece('backbone.gcn.0.gcn.A', fixed=True), )
    if key.startswith('data_bn.'):
        return (Piece(f'backbone.{key}'), )
    if key.startswith('edge_importance.'):
        return (Piece(f'backbone.gcn.{int(key.rpartition(".")[2])}.gcn.PA'), )
    if key in ('fcn.weight', 'fcn.bias'):
        return (Piece(key.replace('fcn', 'cls_head.fc')), )
    match = _BLOCK.fullmatch(key)
    if match:
        part, _, leaf = match[2].rpartition('.')
        return (Piece(f'backbone.gcn.{match[1]}.{_PARTS[part]}.{leaf}'), )
    raise KeyError(key)


def _logits(model: nn.Module, x: Tensor) -> Tensor:
    """(N, C, T, V, M) -> (N, K)."""
    return model.cls_head(model.backbone(x.permute(0, 4, 2, 3, 1)))


def _guess(state: Mapping[str, Tensor]) -> dict[str, Any]:
    if 'A' not in state or 'fcn.weight' not in state:
        raise ConversionError("st_gcn: the checkpoint has no 'A' and 'fcn.weight'; it is not an ST-GCN of the official "
                              'code')
    adjacency = state['A'].numpy()
    joints = adjacency.shape[-1]
    if joints not in _LAYOUTS:
        raise ConversionError(f'st_gcn: a graph of {joints} joints; known: {_LAYOUTS}')
    graph = next(_fitting(adjacency), None)
    if graph is None:
        raise ConversionError(f"st_gcn: the file's graph 'A' {adjacency.shape} is not a partition of the published "
                              f"layout '{_LAYOUTS[joints]}' (uniform, distance or spatial, up to {_HOPS[-1][0]} hops); "
                              'the network was trained on other links')
    return dict(in_channels=state['st_gcn_networks.0.gcn.conv.weight'].shape[1],
                num_class=state['fcn.weight'].shape[0], graph_args=graph,
                edge_importance_weighting='edge_importance.0' in state)


def _fitting(adjacency: np.ndarray) -> Iterator[dict[str, Any]]:
    """Published graphs that equal this one, as ``graph_args``; (K, V, V)."""
    name = _LAYOUTS[adjacency.shape[-1]]
    for max_hop, dilation in _HOPS:
        for strategy in ('spatial', 'distance', 'uniform'):
            found = partition(_layout(name), strategy, max_hop, dilation)
            if found.shape == adjacency.shape and np.allclose(found, adjacency, atol=1e-5):
                hops = {} if (max_hop, dilation) == (1, 1) else dict(max_hop=max_hop, dilation=dilation)
                yield dict(layout=name, strategy=strategy, **hops)


ST_GCN = System('st_gcn', _config, _rename, _logits, _guess)
