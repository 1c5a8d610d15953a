"""The recognisers of PYSKL (github.com/kennymckormick/pyskl, Apache-2.0) as MMAction2's or ours.

ST-GCN, ST-GCN++ and AAGCN become MMAction2's networks, which are PYSKL's, and CTR-GCN ours; PYSKL's networks of
heatmaps are those of ``interop/posec3d.py``. See ``docs/published/pyskl.md``.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from mmskel.interop.posec3d import POSEC3D
from mmskel.interop.pyskl_configs import model_in_config
from mmskel.interop.system import ConversionError, Piece, System
from mmskel.skeleton import LAYOUTS, Layout, get_layout

_COMMON = {'type', 'pretrained', 'graph_cfg', 'in_channels', 'base_channels', 'num_person', 'num_stages',
           'inflate_stages', 'down_stages'}
_PER_STAGE = {'data_bn_type', 'tcn_type', 'tcn_dropout', 'tcn_ms_cfg', 'tcn_mid_channels', 'tcn_norm', 'tcn_dilation',
              'gcn_type'}
# network -> arguments of PYSKL's constructor
_NETWORKS = {
    'STGCN': _COMMON | _PER_STAGE | {'ch_ratio', 'gcn_adaptive', 'gcn_conv_pos', 'gcn_with_res', 'gcn_norm', 'gcn_act'},
    'AAGCN': _COMMON | _PER_STAGE | {'gcn_coff_embedding', 'gcn_adaptive', 'gcn_attention'},
    'CTRGCN': _COMMON | {'kernel_size', 'dilations', 'tcn_dropout'}}
_ABSENT = {'MSG3D': ('backbone.gcn3d1.', 'backbone.sgcn1.'), 'DGSTGCN': ('backbone.gcn.0.gcn.pre.', )}
# PYSKL's layouts -> ours; MMAction2's networks know those that MMAction2 ships by PYSKL's name
_LAYOUTS = {'coco': 'coco17', 'nturgb+d': 'ntu25', 'openpose': 'openpose18', 'handmp': 'hand21'}
_BY_NAME = ('coco', 'nturgb+d', 'openpose')
# beginnings of the names in networks of heatmaps
_VOLUMES = ('backbone.conv1', 'backbone.layer1.', 'backbone.rgb_path.', 'backbone.pose_path.')
_IN_SPACE = ('ntu25', )
_NOTES = {'type', 'train_cfg', 'test_cfg', 'layout', 'stream'}


def _graph_model(arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The network's name, its arguments and the head's."""
    if unknown := set(arguments) - _NOTES - {'backbone', 'cls_head'}:
        raise ConversionError(f'pyskl: unknown parts of a recogniser {", ".join(sorted(unknown))}; known: backbone, '
                              'cls_head, layout, stream')
    backbone, head = (dict(arguments.get(part) or {}) for part in ('backbone', 'cls_head'))
    kind = backbone.get('type')
    if kind not in _NETWORKS:
        raise ConversionError(f"pyskl: the network '{kind}' is neither one of MMAction2's nor of ours; known: "
                              f'{", ".join(_NETWORKS)}, and the networks of heatmaps')
    if unknown := set(backbone) - _NETWORKS[kind]:
        raise ConversionError(f'pyskl: {kind} has no arguments {", ".join(sorted(unknown))}; known: '
                              f'{", ".join(sorted(_NETWORKS[kind]))}')
    if missing := {'num_classes', 'in_channels'} - set(head):
        raise ConversionError(f'pyskl: cls_head does not say {" and ".join(sorted(missing))}')
    return kind, backbone, head


def _layout(graph: Mapping[str, Any]) -> Layout:
    name = graph.get('layout', 'coco')
    if name not in _LAYOUTS and name not in LAYOUTS:
        raise ConversionError(f"pyskl: unknown graph layout '{name}'; known: {', '.join(_LAYOUTS)}")
    return get_layout(_LAYOUTS.get(name, name))


def _config(arguments: Mapping[str, Any]) -> dict[str, Any]:
    kind, backbone, head = _graph_model(arguments)
    graph = dict(backbone.get('graph_cfg') or {})
    layout = _layout(graph)
    coords = 3 if layout.name in _IN_SPACE else 2
    channels = backbone.get('in_channels', 3)
    if channels not in (coords, coords + 1) or (coords == 3 and channels == 4):
        raise ConversionError(f"pyskl: {channels} channels of '{layout.name}': several streams side by side in one "
                              'network are not part of the conversion')
    kept = {key: value for key, value in backbone.items() if key not in ('type', 'pretrained', 'graph_cfg', 'gcn_type')}
    if kind == 'CTRGCN':
        network = dict(type=kind, layout=layout, **kept)
    else:
        graph['layout'] = next((name for name in _BY_NAME if _LAYOUTS[name] == layout.name), None) or dict(
            num_node=layout.num_joints, inward=[list(edge) for edge in layout.edges], center=layout.centre)
        network = dict(type=kind, graph_cfg=graph, **_branches(kept))
    return dict(
        type='RecognizerGCN',
        data_preprocessor=dict(type='StreamEncoder', layout=layout, stream=arguments.get('stream', 'joint'),
                               with_score=channels > coords),
        backbone=network,
        cls_head=dict(type='GCNHead', num_classes=head['num_classes'], in_channels=head['in_channels'],
                      dropout=head.get('dropout', 0)))


def _branches(arguments: dict[str, Any]) -> dict[str, Any]:
    """The same arguments, the branches of ``mstcn`` in a form that MMAction2 reads as PYSKL does.

    A list of as many entries as stages is one entry per stage to MMAction2, the branches of every stage to PYSKL.
    """
    if arguments.get('tcn_ms_cfg') is None:
        return arguments
    branches = [tuple(one) if isinstance(one, (list, tuple)) else one for one in arguments['tcn_ms_cfg']]
    return dict(arguments, tcn_ms_cfg=(branches, ) * arguments.get('num_stages', 10))


def _rename(key: str, size: int) -> Sequence[Piece]:
    if key.startswith('cls_head.fc_cls.'):
        return (Piece(key.replace('.fc_cls.', '.fc.')), )
    if not key.startswith('backbone.'):
        raise KeyError(key)
    return (Piece(key), )


def _logits(model: nn.Module, x: Tensor) -> Tensor:
    """(N, M, T, V, C) -> (N, K); with several test clips, (N, clips, M, T, V, C) -> (N, K), the mean probability."""
    if x.ndim == 5:
        return model.cls_head(model.backbone(x))
    return model.cls_head(model.backbone(x.flatten(0, 1))).softmax(-1).unflatten(0, x.shape[:2]).mean(1)


def _choose(arguments: Mapping[str, Any], state: Mapping[str, Any]) -> System:
    return POSEC3D if any(key.startswith(_VOLUMES) for key in state) else PYSKL


def _guess(state: Mapping[str, Tensor]) -> dict[str, Any]:
    for kind, parts in _ABSENT.items():
        if any(key.startswith(parts) for key in state):
            raise ConversionError(f'pyskl: this is a {kind}, a network that neither MMAction2 nor we have; known: '
                                  f'{", ".join(_NETWORKS)}, and the networks of heatmaps')
    if 'cls_head.fc_cls.weight' not in state or 'backbone.data_bn.weight' not in state:
        raise ConversionError("pyskl: the checkpoint has no 'backbone.data_bn.weight' and 'cls_head.fc_cls.weight'; it "
                              'is not a graph network of PYSKL')
    ours = 'backbone.net.0.gcn1.A' in state
    blocks, gcn = ('net', 'gcn1') if ours else ('gcn', 'gcn')
    num_stages = len({key.split('.')[2] for key in state if key.startswith(f'backbone.{blocks}.')})

    def tensor(stage: int, name: str) -> Tensor | None:
        return state.get(f'backbone.{blocks}.{stage - 1}.{name}')

    widths = [tensor(stage, f'{gcn}.bn.weight').numel() for stage in range(1, num_stages + 1)]
    graph = tensor(1, f'{gcn}.A')
    subsets, joints = graph.shape[0], graph.shape[-1]
    layout = next((name for name, known in _LAYOUTS.items() if get_layout(known).num_joints == joints), None)
    if layout is None:
        raise ConversionError(f'pyskl: a graph of {joints} joints; known: {", ".join(_LAYOUTS)}')
    first = next(tensor(1, f'{gcn}.{name}.weight') for name in ('convs.0.conv3', 'conv_d.0', 'conv')
                 if tensor(1, f'{gcn}.{name}.weight') is not None)
    after = tensor(1, f'{gcn}.conv.weight') is not None and len(first) == widths[0] and subsets > 1
    channels = first.shape[1] // (subsets if after else 1)
    persons = state['backbone.data_bn.weight'].numel() // (joints * channels)
    backbone: dict[str, Any] = dict(
        graph_cfg=dict(layout=layout, mode='spatial'), in_channels=channels, base_channels=widths[0],
        num_stages=num_stages,
        inflate_stages=[stage for stage in range(2, num_stages + 1) if widths[stage - 1] != widths[stage - 2]],
        down_stages=[stage for stage in range(2, num_stages + 1) if tensor(stage, 'residual.conv.weight') is not None])
    if ours:
        backbone.update(type='CTRGCN', num_person=persons)
    else:
        backbone.update(tcn_type='mstcn' if tensor(1, 'tcn.branches.0.0.weight') is not None else 'unit_tcn')
        if tensor(1, 'gcn.conv_d.0.weight') is not None:
            backbone.update(type='AAGCN', data_bn_type='MVC', num_person=persons,
                            gcn_adaptive=tensor(1, 'gcn.alpha') is not None,
                            gcn_attention=tensor(1, 'gcn.conv_sa.weight') is not None)
        else:
            backbone.update(type='STGCN', gcn_adaptive=_adaptive(graph, tensor(1, 'gcn.PA')),
                            gcn_conv_pos='post' if after else 'pre',
                            gcn_with_res=tensor(1, 'gcn.down.0.weight') is not None)
            backbone.update(dict(data_bn_type='MVC', num_person=persons) if persons > 1 else {})
    classes, features = state['cls_head.fc_cls.weight'].shape
    return dict(stream='joint', backbone=backbone, cls_head=dict(num_classes=classes, in_channels=features))


def _adaptive(graph: Tensor, learned: Tensor | None) -> str:
    """How the graph learns: a factor per link starts at 1 everywhere, an offset at 0, also where there is no link."""
    if learned is None:
        return 'init'
    elsewhere = learned.double().numpy()[graph.double().numpy() == 0]
    return 'importance' if np.abs(elsewhere).mean() > 0.1 else 'offset'


def _assumed(arguments: Mapping[str, Any]) -> dict[str, str]:
    found = {'stream': 'networks of bones and of motion have the same tensors (bone, joint_motion, bone_motion)',
             'backbone.down_stages': 'time halves in every block with a convolution in its shortcut'}
    if arguments['backbone'].get('gcn_adaptive') in ('importance', 'offset'):
        found['backbone.gcn_adaptive'] = 'the learned part of the graph is near 1 (importance) or 0 (offset)'
    return found


def _recorded(content: Any) -> dict[str, Any]:
    meta = content.get('meta') if isinstance(content, Mapping) else None
    text = meta.get('config') if isinstance(meta, Mapping) else None
    return model_in_config(text) if isinstance(text, str) and re.search(r'^model\s*=', text, re.MULTILINE) else {}


PYSKL = System('pyskl', _config, _rename, _logits, _guess, assumed=_assumed, choose=_choose, recorded=_recorded)
