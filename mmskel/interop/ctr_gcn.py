"""The authors' CTR-GCN (github.com/Uason-Chen/CTR-GCN) as ours; PYSKL's is read by ``interop/pyskl.py``.

See ``docs/published/ctr_gcn.md``, D1 and D2.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmskel.interop.system import ConversionError, Piece, System

# the module of the published graph -> layout; which of them a file is trained on, by the number of joints
LAYOUTS = {'ntu_rgb_d': 'ntu25', 'ucla': 'kinect20'}
_GRAPHS = {25: 'graph.ntu_rgb_d.Graph', 20: 'graph.ucla.Graph'}
_BLOCK = re.compile(r'l(\d+)\.((?:gcn1|tcn1|residual)\..+)')


def _config(arguments: Mapping[str, Any]) -> dict[str, Any]:
    known = {'num_class', 'num_point', 'num_person', 'graph', 'graph_args', 'in_channels', 'drop_out', 'adaptive'}
    if unknown := set(arguments) - known:
        raise ConversionError(f'ctr_gcn: unknown constructor arguments {", ".join(sorted(unknown))}; known: '
                              f'{", ".join(sorted(known))}')
    if not arguments.get('adaptive', True):
        raise ConversionError('ctr_gcn: adaptive=False, graphs that do not learn, is not part of the conversion')
    graph = str(arguments.get('graph', 'ntu_rgb_d'))
    name = next((name for name in LAYOUTS if name in graph.split('.')), None)
    if name is None:
        raise ConversionError(f"ctr_gcn: unknown graph '{graph}'; known: {', '.join(_GRAPHS.values())}")
    return dict(
        type='RecognizerGCN',
        data_preprocessor=dict(type='StreamEncoder', layout=LAYOUTS[name]),
        backbone=dict(type='CTRGCN', layout=LAYOUTS[name], in_channels=arguments.get('in_channels', 3),
                      num_person=arguments.get('num_person', 2), official=True),
        cls_head=dict(type='GCNHead', num_classes=arguments.get('num_class', 60), in_channels=256,
                      dropout=arguments.get('drop_out', 0)))


def _rename(key: str, size: int) -> Sequence[Piece]:
    if key.startswith('data_bn.'):
        return (Piece(f'backbone.{key}'), )
    if key in ('fc.weight', 'fc.bias'):
        return (Piece(f'cls_head.{key}'), )
    match = _BLOCK.fullmatch(key)
    if not match or not 1 <= int(match[1]) <= 10:
        raise KeyError(key)
    part = 'gcn1.A' if match[2] == 'gcn1.PA' else match[2]
    return (Piece(f'backbone.net.{int(match[1]) - 1}.{part}'), )


def _logits(model: nn.Module, x: Tensor) -> Tensor:
    """(N, C, T, V, M), or (N, T, V C) of one person, -> (N, K)."""
    if x.ndim == 3:
        x = x.unflatten(2, (-1, model.backbone.in_channels)).permute(0, 3, 1, 2)[..., None]
    return model.cls_head(model.backbone(x.permute(0, 4, 2, 3, 1)))


def _guess(state: Mapping[str, Tensor]) -> dict[str, Any]:
    if 'l1.gcn1.PA' not in state or 'l1.gcn1.convs.0.conv1.weight' not in state or 'fc.weight' not in state:
        pyskl = "; PYSKL's are read by `mmskel convert pyskl`" if any(
            key.startswith('backbone.') for key in state) else ''
        raise ConversionError("ctr_gcn: the checkpoint has no 'l1.gcn1.PA', 'l1.gcn1.convs.0.conv1.weight' and "
                              f"'fc.weight'; it is not a CTR-GCN of the authors' code{pyskl}")
    joints = state['l1.gcn1.PA'].shape[-1]
    if joints not in _GRAPHS:
        raise ConversionError(f'ctr_gcn: a graph of {joints} joints; known: 25 (NTU) and 20 (N-UCLA)')
    channels = state['l1.gcn1.convs.0.conv1.weight'].shape[1]
    return dict(num_class=state['fc.weight'].shape[0], num_point=joints, in_channels=channels, graph=_GRAPHS[joints],
                num_person=state['data_bn.weight'].numel() // (joints * channels))


CTR_GCN = System('ctr_gcn', _config, _rename, _logits, _guess)
