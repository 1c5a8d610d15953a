"""The official SkateFormer (github.com/KAIST-VICLab/SkateFormer) as ours. See ``docs/published/skateformer.md``."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from mmskel.interop.system import ConversionError, Piece, System
from mmskel.skeleton import SKATE_TYPES, skate_parts, skate_sizes

LAYOUTS = {24: 'ntu25', 20: 'kinect20'}
_BLOCK = re.compile(r'stages\.(\d+)\.blocks\.(\d+)\.(.+)')
_BIAS = re.compile(r'attention\.([0-3])\.relative_position_bias_table')
_WHOLE = ('norm_1', 'norm_2', 'mapping', 'tconv', 'proj', 'mlp.fc1', 'mlp.fc2')
# what no published model has otherwise
_FIXED = dict(num_heads=32, kernel_size=7, rel=True, index_t=True, drop=0.0, head_drop=0.0, global_pool='avg',
              embed_dim=96, depths=(2, 2, 2, 2), channels=(96, 192, 192, 192), in_channels=3, num_frames=64)
_TYPES = tuple(f'type_{kind}_size' for kind in SKATE_TYPES)


def _config(arguments: Mapping[str, Any]) -> dict[str, Any]:
    known = {'num_classes', 'num_people', 'num_points', 'mlp_ratio', 'attn_drop', 'drop_path', *_TYPES, *_FIXED}
    unknown = set(arguments) - known
    if unknown:
        raise ConversionError(f'skateformer: unknown constructor arguments {", ".join(sorted(unknown))}; known: '
                              f'{", ".join(sorted(known))}')
    for name, value in _FIXED.items():
        given = arguments.get(name, value)
        if (tuple(given) if isinstance(given, (list, tuple)) else given) != value:
            raise ConversionError(f'skateformer: {name}={given!r}; every published model has {value!r}')
    points, persons = arguments.get('num_points', 24), arguments.get('num_people', 2)
    if points not in LAYOUTS:
        raise ConversionError(f'skateformer: {points} joints; known: 24 (NTU) and 20 (N-UCLA)')
    layout = LAYOUTS[points]
    sizes = skate_sizes(skate_parts(layout), persons)
    for kind, name in zip(SKATE_TYPES, _TYPES):
        if tuple(arguments.get(name, sizes.of(kind))) != sizes.of(kind):
            raise ConversionError(f'skateformer: {name}={tuple(arguments[name])}; every published model with {points} '
                                  f'joints and {persons} persons has {sizes.of(kind)}')
    return dict(
        type='RecognizerGCN',
        data_preprocessor=dict(type='SkateEncoder', layout=layout),
        backbone=dict(type='SkateFormer', layout=layout, num_person=persons, mlp_ratio=arguments.get('mlp_ratio', 4.0),
                      attn_drop=arguments.get('attn_drop', 0.5), drop_path=arguments.get('drop_path', 0.2)),
        cls_head=dict(type='GCNHead', num_classes=arguments.get('num_classes', 60), in_channels=192, init_cfg=None))


def _rename(key: str, size: int) -> Sequence[Piece]:
    if key.endswith('.relative_position_index'):
        return ()
    if key.startswith('stem.'):
        return (Piece(f'backbone.{key}'), )
    if key == 'joint_person_embedding':
        return (Piece('backbone.embedding'), )
    if key in ('head.weight', 'head.bias'):
        return (Piece(key.replace('head', 'cls_head.fc')), )
    match = _BLOCK.fullmatch(key)
    if not match:
        raise KeyError(key)
    stage, block, place = int(match[1]), int(match[2]), match[3]
    module, _, leaf = place.rpartition('.')
    if module.startswith('downsample.') and stage and not block:
        part = {'downsample.reduction': 'conv', 'downsample.bn': 'norm'}[module]
        return (Piece(f'backbone.stages.{stage}.0.{part}.{leaf}'), )
    # the downsampling is the first layer of our later stages
    ours, place = f'backbone.stages.{stage}.{block + (stage > 0)}', place.removeprefix('transformer.')
    table = _BIAS.fullmatch(place)
    if table:
        return (Piece(f'{ours}.biases.{table[1]}.table'), )
    if place == 'gconv' or place.rpartition('.')[0] in _WHOLE:
        return (Piece(f'{ours}.{place}'), )
    raise KeyError(key)


def _logits(model: nn.Module, x: Tensor, index_t: Tensor) -> Tensor:
    """(N, C, T, V, M) in the order of the body parts, (N, T) -> (N, K)."""
    tokens = x.permute(0, 2, 4, 3, 1).flatten(2, 3)
    features = model.backbone.encode_tokens(tokens, index_t)  # (N, T', W, C)
    return model.cls_head(features.permute(0, 3, 1, 2)[:, None].contiguous())


def _guess(state: Mapping[str, Tensor]) -> dict[str, Any]:
    first = 'stages.0.blocks.0.transformer'
    needed = ('joint_person_embedding', f'{first}.mlp.fc1.weight', f'{first}.attention.1.relative_position_bias_table',
              'head.weight')
    if any(key not in state for key in needed):
        missing = ', '.join(repr(key) for key in needed if key not in state)
        raise ConversionError(f'skateformer: the checkpoint has no {missing}; it is not a SkateFormer of the official '
                              'code')
    tokens = state['joint_person_embedding'].shape[1]
    far = state[needed[2]].shape[1]  # parts of all persons
    found = {(persons * np.size(parts), persons * len(parts)): (points, persons) for points, layout in LAYOUTS.items()
             for persons in (1, 2, 3, 4) for parts in (skate_parts(layout), )}
    if (tokens, far) not in found:
        raise ConversionError(f'skateformer: {tokens} tokens of a frame, {far} of them in a window of far joints; that '
                              'is neither NTU (24 joints) nor N-UCLA (20 joints) with 1 to 4 persons')
    points, persons = found[tokens, far]
    hidden, width = state[needed[1]].shape
    return dict(num_classes=state['head.weight'].shape[0], num_people=persons, num_points=points,
                mlp_ratio=hidden / width)


SKATEFORMER = System('skateformer', _config, _rename, _logits, _guess)
