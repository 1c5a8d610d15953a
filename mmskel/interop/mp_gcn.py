"""The official MP-GCN (github.com/mgiant/MP-GCN) as ours. See ``docs/published/mp_gcn.md``."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from mmskel.files.errors import UserError
from mmskel.interop.system import ConversionError, Piece, System
from mmskel.skeleton import panoramic_graph

# published graph -> our layout and objects
GRAPHS = {'coco': ('coco17', ()), 'coco_ball': ('coco17', ('ball', )), 'coco_net': ('coco17', ('net', )),
          'coco_ball_net': ('coco17', ('ball', 'net')), 'openpose': ('openpose25', ())}
_ARGUMENTS = {'': {'data_shape', 'num_class', 'graph', 'model_args'},
              'graph': {'graph', 'labeling', 'max_hop', 'inter_link', 'base', 'dilation', 'hop', 'part'},
              # the published code takes `dilation` and ignores it: dilations 1 and 2 are what ran
              'model_args': {'kernel_size', 'reduct_ratio', 'use_att', 'dilation', 'adaptive', 'edge_importance'}}
_STREAMS = ('joint', 'joint_motion', 'bone', 'bone_motion')  # in the published order
_BLOCK = re.compile(r'(?:input_branches\.(\d+)\.layers\.([012])|main_stream\.([0-5]))\.(.+)')
_WHOLE = {'scn.bn': 'gcn.norm', 'scn.residual.0': 'gcn.residual', 'scn.residual.1': 'gcn.residual.norm',
          'tcn.residual.conv': 'residual', 'tcn.residual.bn': 'residual.norm', 'tcn.branches.3.0': 'tcn.shortcut',
          'att.fcn.0': 'attention.reduce', 'att.fcn.1': 'attention.reduce.norm', 'att.conv_t': 'attention.of_time',
          'att.conv_v': 'attention.of_part', 'att.bn': 'attention.norm', 'scn.conv.gcn': 'gcn'}
# stacked in ours, a quarter of the block's channels each: pattern -> our module
_STACKED = ((re.compile(r'tcn\.branches\.([012])\.0'), 'tcn.reduce'),
            (re.compile(r'tcn\.branches\.([012])\.1'), 'tcn.reduce.norm'),
            (re.compile(r'tcn\.branches\.([01])\.3\.bn'), 'tcn.norm'),
            (re.compile(r'tcn\.branches\.(2)\.4'), 'tcn.norm'), (re.compile(r'tcn\.branches\.(3)\.1'), 'tcn.norm'))
_LINKS = 'backbone.pattern.mask'
# what a file that brings no arguments may have been trained on, likeliest first
_TOPOLOGIES = ({'inter_link': False}, *({'inter_link': 'pairwise', 'hop': hop, 'dilation': dilation}
                                       for hop in (1, 2) for dilation in (2, 1)),
               {'inter_link': 'linear'}, {'inter_link': 'star'}, {'inter_link': 'full'})


def _config(arguments: Mapping[str, Any]) -> dict[str, Any]:
    for name, known in _ARGUMENTS.items():
        unknown = set(arguments.get(name, {}) if name else arguments) - known
        if unknown:
            raise ConversionError(f'mp_gcn: unknown {name or "constructor"} arguments {", ".join(sorted(unknown))}; '
                                  f'known: {", ".join(sorted(known))}')
    streams, channels = arguments['data_shape'][:2]
    extended = channels > 3  # two halves of two or three coordinates
    options = arguments.get('model_args', {})
    kernel_size, max_distance = options.get('kernel_size', (3, 2))
    encoder, graph = _graph(arguments['graph'])
    reduction = options.get('reduct_ratio', 2) if options.get('use_att', True) else 0
    return dict(
        type='RecognizerGCN',
        data_preprocessor=dict(type='PanoramaEncoder', **encoder, extended=extended, **_streams(streams, channels)),
        backbone=dict(type='MPGCN', **encoder, **graph, in_channels=channels // (1 + extended), streams=streams,
                      extended=extended, num_partitions=max_distance + 1, kernel_size=kernel_size, reduction=reduction,
                      edge_importance=options.get('edge_importance', True), adaptive=options.get('adaptive', False)),
        cls_head=dict(type='GroupActivityHead', num_classes=arguments['num_class'], in_channels=256))


def _streams(streams: int, channels: int) -> dict[str, Any]:
    """The encoder's arguments; a file does not say which streams fewer than four are."""
    return dict(with_score=channels % 3 == 0, **({} if streams == 4 else dict(streams=_STREAMS[:streams])))


def _graph(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What encoder and backbone share (layout, objects, centre), and the rest of the graph."""
    name, _, persons = str(arguments['graph']).partition('-')
    if name not in GRAPHS or not (persons or '1').isdigit():
        raise ConversionError(f"mp_gcn: unknown graph '{arguments['graph']}'; expected one of {', '.join(GRAPHS)}, for "
                              'several persons with their number, as coco_ball-12')
    (layout, objects), persons = GRAPHS[name], int(persons or 1)
    # the first joint of every person; the graph of one OpenPose skeleton has the neck
    centre = 1 if layout == 'openpose25' and persons == 1 else 0
    return dict(layout=layout, objects=objects, centre=centre), dict(
        num_person=persons, labeling=arguments.get('labeling', 'spatial'), max_hop=arguments.get('max_hop', 10),
        inter_link=arguments.get('inter_link') or 'off', base=arguments.get('base', 0),
        hop=arguments.get('hop', 1), dilation=arguments.get('dilation', 1), parts=arguments.get('part', 'body'))


def _rename(key: str, size: int) -> Sequence[Piece]:
    module, _, leaf = key.rpartition('.')
    if module == 'fcn':
        return (Piece(f'cls_head.fc.{leaf}'), )
    norm = re.fullmatch(r'input_branches\.(\d+)\.bn', module)
    if norm:
        return (Piece(f'backbone.input_norms.{norm[1]}.{leaf}'), )
    match = _BLOCK.fullmatch(key)
    if not match:
        raise KeyError(key)
    block = f'backbone.main.{match[3]}' if match[3] else f'backbone.branches.{match[1]}.{match[2]}'
    width = (64 * 2**(1 + (int(match[3]) >= 3)) if match[3] else 32 if match[2] == '2' else 64) // 4
    place, _, leaf = match[4].rpartition('.')
    # functions of the graph: compared, not copied, unless the adjacency learns
    special = {'scn.A': Piece(f'{block}.gcn.adjacency', links=_LINKS),
               'scn.edge': Piece(f'{block}.gcn.edge', links=_LINKS, elsewhere=1.),
               'att.joints': Piece('backbone.part_of_node'), 'att.mat': Piece('backbone.pooling')}
    if match[4] in special:
        return (special[match[4]], )
    if place in _WHOLE:
        return (Piece(f'{block}.{_WHOLE[place]}.{leaf}'), )
    temporal = re.fullmatch(r'tcn\.branches\.([01])\.3\.conv', place)
    if temporal:
        at = int(temporal[1])
        return (Piece(f'{block}.tcn.convs.{at}') if leaf == 'weight' else
                _slice(f'{block}.tcn.conv_bias', at, width), )
    for pattern, ours in _STACKED:
        stacked = pattern.fullmatch(place)
        if stacked:
            name = f'{block}.{ours}.{leaf}'
            return (Piece(name) if leaf == 'num_batches_tracked' else _slice(name, int(stacked[1]), width), )
    raise KeyError(key)


def _slice(key: str, at: int, width: int) -> Piece:
    return Piece(key, (slice(at * width, (at + 1) * width), ))


def _logits(model: nn.Module, x: Tensor) -> Tensor:
    """(N, I, 2C, T, V, M) -> (N, K)."""
    return model.cls_head(model.backbone(persons_first(x, model.backbone.num_person)))


def persons_first(x: Tensor, num_person: int) -> Tensor:
    """The published input as ours: (N, I, 2C, T, P v, M) -> (N, M P, T, v, I 2C)."""
    clips, streams, channels, frames, nodes, graphs = x.shape
    if nodes % num_person:
        raise UserError(f'{nodes} nodes are not those of {num_person} persons')
    x = x.view(clips, streams, channels, frames, num_person, nodes // num_person, graphs)
    x = x.permute(0, 6, 4, 3, 5, 1, 2)
    return x.reshape(clips, graphs * num_person, frames, nodes // num_person, streams * channels)


def _guess(state: Mapping[str, Tensor]) -> dict[str, Any]:
    first = 'input_branches.0.layers.0'
    if f'{first}.scn.A' not in state or 'fcn.weight' not in state:
        raise ConversionError(f"mp_gcn: the checkpoint has no '{first}.scn.A' and 'fcn.weight'; it is not an MP-GCN of "
                              'the official code (or its graph was left out: give the arguments)')
    adjacency = state[f'{first}.scn.A'].numpy()
    streams = len({key.split('.')[1] for key in state if key.startswith('input_branches.')})
    channels = state['input_branches.0.bn.weight'].numel()
    attention = f'{first}.att.joints' in state
    inner = state[f'{first}.att.fcn.0.weight'].shape[0] if attention else 0
    joints = state[f'{first}.att.joints'].numpy() if attention else None
    graph = next(_fitting(adjacency, joints), None)
    if graph is None:
        raise ConversionError(f'mp_gcn: a graph of {adjacency.shape[-1]} nodes that is none of the published ones; '
                              'give the constructor arguments (model_kwargs)')
    return dict(
        data_shape=[streams, channels, 1, adjacency.shape[-1], 1], num_class=state['fcn.weight'].shape[0], graph=graph,
        model_args=dict(kernel_size=[state[f'{first}.tcn.branches.0.3.conv.weight'].shape[2], len(adjacency) - 1],
                        use_att=attention, reduct_ratio=64 // inner if attention else 1))


def _fitting(adjacency: np.ndarray, joints: np.ndarray | None) -> Iterator[dict[str, Any]]:
    """Published graphs that are this one."""
    keep, nodes, _ = adjacency.shape
    for name, (layout, objects) in GRAPHS.items():
        size = len(panoramic_graph(layout, 1, objects).bone_origins)
        if nodes % size:
            continue
        persons, bases = nodes // size, _bases(adjacency, size)
        for links in _TOPOLOGIES if persons > 1 else _TOPOLOGIES[:1]:
            arguments = dict(graph=f'{name}-{persons}' if persons > 1 else name, **links)
            if bases != [0]:
                arguments['base'] = bases
            shared, rest = _graph(arguments)
            for labeling in ('intra-inter', 'spatial', 'distance') if persons > 1 else ('spatial', 'distance'):
                for parts in ('body', 'person'):
                    graph = panoramic_graph(**shared, **{key: value for key, value in dict(rest, parts=parts).items()
                                                         if key not in ('labeling', 'max_hop')})
                    if joints is not None and not np.array_equal(graph.part_of_node, joints):
                        continue
                    if np.allclose(graph.partitions(labeling, keep=keep), adjacency, atol=1e-6):
                        yield dict(arguments, labeling=labeling, part=parts)


def _bases(adjacency: np.ndarray, size: int) -> list[int]:
    """The nodes of a person that are linked to the same node of another, in the nearest partition that has any."""
    _, nodes, _ = adjacency.shape
    owner, place = np.divmod(np.arange(nodes), size)
    between = (owner[:, None] != owner[None]) & (place[:, None] == place[None])
    for matrix in adjacency[1:]:
        if (found := np.nonzero(matrix * between)[0]).size:
            return sorted(set((found % size).tolist()))
    return [0]


def _assumed(arguments: Mapping[str, Any]) -> dict[str, str]:
    streams = arguments['data_shape'][0]
    return {} if streams == 4 else dict(data_shape=f'its streams are {", ".join(_STREAMS[:streams])}')


MP_GCN = System('mp_gcn', _config, _rename, _logits, _guess, assumed=_assumed)
