"""The official CascadeFormer (YusenPeng/CascadeFormerCheckpoints) as ours; see docs/published/cascadeformer.md.

A published model is four files, T1, T2, cross-attention and head, joined here under ``t1.``, ``t2.``, ``cross_attn.``
and ``gait_head.``; a pretrained one is T1 alone.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from mmskel.interop.cascadeformer_parts import DataPipeline, pretraining_outputs, recogniser_outputs
from mmskel.interop.system import ConversionError, Piece, PublishedModel, System

PARTS = {'T1': 't1', 'T2': 't2', 'cross_attn': 'cross_attn', 'head': 'gait_head'}
"""What the published files are called -> the prefix of their keys."""

# joints and coordinates of a frame -> joints, layout, joint order of the published arrays
_FRAMES = {26: (13, 'penn13', 'layout'), 60: (20, 'kinect20', 'parts'), 75: (25, 'ntu25', 'layout')}
_LAYOUTS = {(joints, width > 2 * joints): (layout, order) for width, (joints, layout, order) in _FRAMES.items()}
# published widths -> heads, which no tensor shows
_HEADS = {256: 8, 512: 8, 600: 8, 768: 16, 800: 16}
_PUBLISHED = {'d_model', 'nhead', 'num_layers', 'num_classes', 'num_joints', 'three_d', 't2_dropout', 'dropout',
              'cross_attn_dropout', 'head_dropout', 'mask_ratio'}
# what the published code has a class for, and we read off the tensors
_READ = {'embedding', 'max_frames', 'cross_perceptron', 'pretraining', 'reconstruction'}
_LAYER = r'(?:self_attn\.(?:in_proj_|out_proj\.)|linear1\.|linear2\.|norm1\.|norm2\.)(?:weight|bias)'
_RENAMED = (
    (r't1\.transformer_encoder\.(layers\.\d+\.' + _LAYER + ')', r'backbone.t1.encoder.\1'),
    (r't1\.spatial_transformer\.encoder\.layers\.0\.(' + _LAYER + ')', r'backbone.t1.embed.layer.\1'),
    (r't1\.spatial_transformer\.joint_embedding\.(weight|bias)', r'backbone.t1.embed.joint.\1'),
    (r't1\.spatial_transformer\.output_proj\.(weight|bias)', r'backbone.t1.embed.out.\1'),
    (r't1\.joint_conv\.([02]\.(?:weight|bias))', r'backbone.t1.embed.conv.\1'),
    (r't1\.(?:joint_)?embedding\.(weight|bias)', r'backbone.t1.embed.proj.\1'),
    (r't1\.pos_embedding', 'backbone.t1.position'),
    (r't2\.encoder\.(layers\.\d+\.' + _LAYER + ')', r'backbone.t2.\1'),
    (r'cross_attn\.cross_attention\.((?:in_proj_|out_proj\.)(?:weight|bias))', r'backbone.cross.attention.\1'),
    (r'cross_attn\.norm1?\.(weight|bias)', r'backbone.cross.norm1.\1'),
    (r'cross_attn\.norm2\.(weight|bias)', r'backbone.cross.norm2.\1'),
    (r'cross_attn\.ffn\.([03]\.(?:weight|bias))', r'backbone.cross.perceptron.\1'),
    (r'gait_head\.fc\.(weight|bias)', r'cls_head.fc.\1'),
    (r'gait_head\.net\.([025]\.(?:weight|bias))', r'cls_head.net.\1'))


def _complete(arguments: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    if not state:
        return dict(arguments)
    position = state.get('t1.pos_embedding')
    if position is None:
        raise ConversionError("cascadeformer: the checkpoint has no 't1.pos_embedding'; it is not a CascadeFormer of "
                              'the official code')
    joints, coords = _size(arguments)
    if 't1.joint_conv.0.weight' in state:
        embedding = 'joint_conv'
    elif 't1.spatial_transformer.output_proj.weight' in state:
        embedding = 'spatial_coords'
    elif 't1.spatial_transformer.joint_embedding.weight' in state:
        embedding = 'spatial'
    else:
        proj = state.get('t1.joint_embedding.weight', state.get('t1.embedding.weight'))
        of_bones = coords == 3 and proj is not None and proj.shape[1] == 5 * (joints - 1) != joints * coords
        embedding = 'bone_angles' if of_bones else 'linear'
    return dict(arguments, embedding=embedding, max_frames=position.shape[1],
                cross_perceptron='cross_attn.ffn.0.weight' in state,
                pretraining=not any(key.startswith(('t2.', 'cross_attn.', 'gait_head.')) for key in state),
                reconstruction='t1.reconstruction_head.weight' in state)


def _size(arguments: Mapping[str, Any]) -> tuple[int, int]:
    """Joints and coordinates."""
    if 'num_joints' not in arguments:
        raise ConversionError('cascadeformer: the constructor arguments have no num_joints')
    return arguments['num_joints'], 3 if arguments.get('three_d', True) else 2


def _config(arguments: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := set(arguments) - _PUBLISHED - _READ:
        raise ConversionError(f'cascadeformer: unknown constructor arguments {", ".join(sorted(unknown))}; known: '
                              f'{", ".join(sorted(_PUBLISHED))}')
    joints, coords = _size(arguments)
    if (joints, coords == 3) not in _LAYOUTS:
        raise ConversionError(f'cascadeformer: {joints} joints with {coords} coordinates; known: 13 with 2 (Penn '
                              'Action), 20 with 3 (N-UCLA), 25 with 3 (NTU RGB+D)')
    layout, order = _LAYOUTS[joints, coords == 3]
    perceptron, width = arguments.get('cross_perceptron', False), arguments.get('d_model', 256)
    pretraining = arguments.get('pretraining', False)
    backbone = dict(
        type='CascadeFormer', layout=layout, in_channels=coords, channels=width, num_heads=arguments.get('nhead', 8),
        num_layers=arguments.get('num_layers', 4), embedding=arguments.get('embedding', 'linear'), joint_order=order,
        max_frames=arguments.get('max_frames', 2048), dropout=arguments.get('dropout', 0.1))
    encoder = dict(type='PaddedStreamEncoder', layout=layout)
    if pretraining:
        return dict(type='MaskedPretraining', data_preprocessor=encoder, backbone=dict(backbone, cascade=False),
                    mask_ratio=arguments.get('mask_ratio', 0.3))
    backbone |= dict(second_dropout=arguments.get('t2_dropout', 0.2 if perceptron else 0.1),
                     cross_perceptron=perceptron,
                     cross_dropout=arguments.get('cross_attn_dropout', 0.2 if perceptron else 0.1),
                     reconstruction=arguments.get('reconstruction', False))
    head = dict(type='PerceptronHead', dropout=arguments.get('head_dropout', 0.3)) if perceptron else \
        dict(type='GCNHead', init_cfg=None)
    return dict(type='RecognizerGCN', data_preprocessor=encoder, backbone=backbone,
                cls_head=dict(head, num_classes=arguments.get('num_classes', 60), in_channels=width))


def _renamed(key: str, decoder: str) -> Sequence[Piece]:
    if key in ('t1.reconstruction_head.weight', 't1.reconstruction_head.bias'):
        return (Piece(f'{decoder}.{key.rpartition(".")[2]}'), )
    for pattern, ours in _RENAMED:
        if match := re.fullmatch(pattern, key):
            return (Piece(match.expand(ours)), )
    raise KeyError(key)


def _gradients(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """With a part of the positions' gradient, which is large, under the name that files of expected numbers use."""
    positions = found.get('t1.pos_embedding')
    return found if positions is None else dict(found, **{'t1.pos_embedding_slice': positions[:, :8, ::4]})


def _part(arguments: Mapping[str, Any], state: Mapping[str, Any]) -> nn.Module | None:
    if not state:
        return DataPipeline()
    if not arguments.get('pretraining'):
        return None
    from mmaction.registry import MODELS
    config = _config(arguments)
    model = MODELS.build(dict(config, data_preprocessor=MODELS.build(config['data_preprocessor'])))
    model.load_state_dict(_PRETRAINING.convert(state, model))
    return PublishedModel(_PRETRAINING, model, {key: value.shape for key, value in state.items()})


def _load(path: Path, read: Callable[[Path], dict[str, Tensor]]) -> dict[str, Tensor]:
    """The four files of a model, named by their folder or by one of them; a pretrained T1; or a file of all keys."""
    names = {name: f'_{name}.pt' for name in PARTS}
    if path.is_dir():
        stems = sorted({file.name.removesuffix(names['T1']) for file in path.glob(f'*{names["T1"]}')})
        if len(stems) != 1:
            found = ', '.join(stems) or ', '.join(sorted(file.name for file in path.iterdir())[:5]) or 'nothing'
            raise ConversionError(f"'{path}' holds {len(stems)} files *{names['T1']} ({found}); name one of them, or a "
                                  'folder with the four files of one model')
        path = path / f'{stems[0]}{names["T1"]}'
    part = next((name for name, end in names.items() if path.name.endswith(end)), None)
    if part is None:
        state = read(path)
        return state if any(key.startswith('t1.') for key in state) else {f't1.{k}': v for k, v in state.items()}
    files = {name: path.with_name(path.name.removesuffix(names[part]) + end) for name, end in names.items()}
    if missing := [file.name for file in files.values() if not file.is_file()]:
        raise ConversionError(f"'{path.parent}' has no {', '.join(missing)}; a model is four files: "
                              f'{", ".join(file.name for file in files.values())}')
    return {f'{PARTS[name]}.{key}': value for name, file in files.items() for key, value in read(file).items()}


def _guess(state: Mapping[str, Tensor]) -> dict[str, Any]:
    needed = ('t1.pos_embedding', 't1.reconstruction_head.weight')
    if any(key not in state for key in needed):
        missing = ', '.join(repr(key) for key in needed if key not in state)
        raise ConversionError(f'cascadeformer: the checkpoint has no {missing}; it is not a CascadeFormer of the '
                              'official code')
    width, coords = state[needed[0]].shape[2], len(state[needed[1]])
    if coords not in _FRAMES or width not in _HEADS:
        raise ConversionError(f'cascadeformer: {coords} coordinates of a frame and {width} channels; published are '
                              f'{", ".join(map(str, _FRAMES))} coordinates and {", ".join(map(str, _HEADS))} channels. '
                              'No tensor shows the number of heads: call convert_checkpoint with model_kwargs')
    classes = [len(state[key]) for key in ('gait_head.fc.weight', 'gait_head.net.5.weight') if key in state]
    layers = {key.split('.')[3] for key in state if key.startswith('t1.transformer_encoder.layers.')}
    joints = _FRAMES[coords][0]
    return dict(d_model=width, nhead=_HEADS[width], num_layers=len(layers), num_joints=joints,
                three_d=coords == 3 * joints, **(dict(num_classes=classes[0]) if classes else {}))


def _assumed(arguments: Mapping[str, Any]) -> dict[str, str]:
    layout = _LAYOUTS[_size(arguments)[0], arguments['three_d']][0]
    return dict(nhead=f'the published models of {arguments["d_model"]} channels have as many heads',
                num_joints=f"the size of a frame; its joints are taken for those of '{layout}'")


CASCADEFORMER = System('cascadeformer', _config, lambda key, size: _renamed(key, 'backbone.decoder'),
                       recogniser_outputs, _guess, _part, _assumed, _complete, _load, _gradients)
_PRETRAINING = System('cascadeformer', _config, lambda key, size: _renamed(key, 'decoder'), pretraining_outputs, _guess,
                      gradients=_gradients)
