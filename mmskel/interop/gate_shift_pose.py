"""Gate-Shift-Pose: the released code's checkpoints as ours, its pieces one by one.

See docs/published/gate_shift_pose.md. No trained weights are published; the code writes ``model_state_dict`` with
``module.`` before every name.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmskel.interop.gate_shift_pose_data import data_part
from mmskel.interop.system import ConversionError, Piece, PublishedModel, System
from mmskel.models.backbones.gsf_resnet import DEPTHS
from mmskel.models.layers.gate_shift import GateShiftFuse

KINDS = ('early', 'rgb', 'late', 'late_fast', 'pose', 'gsf', 'heatmap', 'preprocess', 'segments')
_DATA = ('heatmap', 'preprocess', 'segments')
_RECOGNISERS = ('early', 'rgb', 'late', 'late_fast', 'pose')
_LISTS = {'args', 'kind', 'taps', 'grads', 'layout'}
_ARGUMENTS = {'base_model', 'dropout', 'gsf', 'gsf_ch_ratio', 'num_channels', 'num_class', 'num_segments',
              'stage_blocks', 'base_channels', 'modality', 'consensus_type'}
_DEPTH = {'resnet18': 34, 'resnet34': 34, 'resnet50': 50, 'resnet101': 101}  # the released "resnet18" is 34 deep
_BOTTLENECKS = ('resnet50', 'resnet101')


def _said(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The constructor's arguments, which may stand in ``args``, flat."""
    kind = arguments.get('kind', 'early')
    if kind not in KINDS:
        raise ConversionError(f"gate_shift_pose: unknown kind '{kind}'; known: {', '.join(KINDS)}")
    said = dict(arguments.get('args') or {key: arguments[key] for key in arguments if key not in _LISTS})
    if unknown := set(said) - _ARGUMENTS:
        raise ConversionError(f'gate_shift_pose: unknown constructor arguments {", ".join(sorted(unknown))}; known: '
                              f'{", ".join(sorted(_ARGUMENTS))}')
    if said.get('base_model', 'resnet18') not in _DEPTH:
        raise ConversionError(f"gate_shift_pose: base_model='{said['base_model']}'; known: {', '.join(_DEPTH)}")
    return said


def _complete(arguments: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """With the numbers of blocks that the tensors show: released "resnet18" or the true one."""
    if arguments.get('kind', 'early') not in ('early', 'rgb', 'late', 'late_fast') or not state:
        return dict(arguments)
    blocks = _blocks(state)
    said = _said(arguments)
    return dict(arguments, args=dict(said, stage_blocks=blocks) if blocks else said)


def _blocks(state: Mapping[str, Any]) -> list[int]:
    found = {tuple(map(int, match.groups())) for key in state
             if (match := re.match(r'base_model\.layer(\d+)\.(\d+)\.', key))}
    return [sum(stage == one for stage, _ in found) for one in sorted({stage for stage, _ in found})]


def _config(arguments: Mapping[str, Any]) -> dict[str, Any]:
    said, kind = _said(arguments), arguments.get('kind', 'early')
    layout, name = arguments.get('layout', 'coco17'), said.get('base_model', 'resnet18')
    classes, width = said.get('num_class', 2), said.get('base_channels', 64)
    if kind == 'pose':
        return dict(
            type='RecognizerGCN', data_preprocessor=dict(type='StreamEncoder', layout=layout),
            backbone=dict(type='JointConvNet', layout=layout),
            cls_head=dict(type='GCNHead', num_classes=classes, in_channels=128, average_clips='score'))
    network = dict(depth=_DEPTH[name], base_channels=width, stage_blocks=said.get('stage_blocks'),
                   ratio=said.get('gsf_ch_ratio', 100) if said.get('gsf', True) else 0)
    features = 8 * width * (4 if name in _BOTTLENECKS else 1)
    dropout = said.get('dropout', 0.5)
    if kind in ('late', 'late_fast'):
        return dict(
            type='MMRecognizer3D', data_preprocessor=dict(type='FramesAndPoseEncoder', layout=layout),
            backbone=dict(type='GSFLateFusion', layout=layout, attention='linear' if kind == 'late' else 'none',
                          dropout=dropout, **network),
            cls_head=dict(type='SegmentHead', num_classes=classes, in_channels=(features + 2 * width) // 4, dropout=0.))
    channels = said.get('num_channels', 3 if kind == 'rgb' else 4)
    return dict(
        type='Recognizer3D', data_preprocessor=dict(type='FrameStackEncoder', layout=layout,
                              stream='rgb_heatmap' if channels == 4 else 'rgb'),
        backbone=dict(type='GSFResNet', in_channels=channels, **network),
        cls_head=dict(type='SegmentHead', num_classes=classes, in_channels=features, dropout=dropout))


def _of_gsf(prefix: str, place: str, leaf: str) -> tuple[Piece]:
    """A tensor of the published module: its two convolutions of means are one of ours."""
    if match := re.fullmatch(r'channel_conv([12])', place):
        at = int(match[1]) - 1
        return (Piece(f'{prefix}fuse.{leaf}', (slice(at, at + 1), )), )
    if place not in ('conv3D', 'bn'):
        raise KeyError(place)
    return (Piece(f'{prefix}{"gate" if place == "conv3D" else "norm"}.{leaf}'), )


def _of_resnet(key: str, prefix: str) -> tuple[Piece]:
    module, _, leaf = key.rpartition('.')
    if module in ('conv1', 'bn1'):
        return (Piece(f'{prefix}{key}'), )
    match = re.fullmatch(r'layer([1-9])\.(\d+)\.(.+)', module)
    if not match:
        raise KeyError(key)
    block, place = f'{prefix}layers.{int(match[1]) - 1}.{match[2]}', match[3]
    if place.startswith('gsf.'):
        return _of_gsf(f'{block}.gsf.', place.removeprefix('gsf.'), leaf)
    if inner := re.fullmatch(r'(conv|bn)([1-3])', place):
        kind = 'norms' if inner[1] == 'bn' else 'convs'
        return (Piece(f'{block}.{kind}.{int(inner[2]) - 1}.{leaf}'), )
    if re.fullmatch(r'downsample\.[01]', place):
        return (Piece(f'{block}.{place}.{leaf}'), )
    raise KeyError(key)


def _renamed(key: str, late: bool) -> Sequence[Piece]:
    module, _, leaf = key.rpartition('.')
    if module in ('new_fc', 'base_model.fc'):
        return (Piece(f'cls_head.fc.{leaf}'), )
    if key.startswith('base_model.'):
        return _of_resnet(key.removeprefix('base_model.'), 'backbone.rgb.' if late else 'backbone.')
    if re.fullmatch(r'pose_model\.(fc[123]|conv[12]|fc)', module):
        return (Piece(f'backbone.{"pose." if late else ""}{key.removeprefix("pose_model.")}'), )
    if module in ('attention_layer', 'attention_layer.out_proj'):
        return (Piece(f'backbone.attention.tensors.{key.removeprefix("attention_layer.")}'), )
    if re.fullmatch(r'feature_refinement_layer\.[0145]', module):
        return (Piece(f'backbone.refine.{key.removeprefix("feature_refinement_layer.")}'), )
    raise KeyError(key)


def _frames(imgs: Tensor, channels: int) -> Tensor:
    """(N, T * C, H, W) -> (N, C, T, H, W)."""
    if imgs.shape[1] % channels:
        raise ConversionError(f'gate_shift_pose: {imgs.shape[1]} stacked channels are no multiple of {channels}, the '
                              'channels of a frame')
    return imgs.unflatten(1, (-1, channels)).transpose(1, 2)


def _logits(model: nn.Module, *inputs: Tensor) -> dict[str, Tensor]:
    """Published inputs -> ``out_logits``, the means of every stage and, with labels, ``out_loss``.

    Args:
        model: Our recogniser.
        inputs: ``imgs`` (N, T * C, H, W) and, for the late fusion, ``pose`` (N, T, 2 V); for joints alone ``pose``;
            then, optional, ``label`` (N,).
    """
    inputs, label = (inputs[:-1], inputs[-1]) if inputs[-1].ndim == 1 else (inputs, None)
    backbone, found, handles = model.backbone, {}, []
    kind = type(backbone).__name__

    def keep(name: str, module: nn.Module, change) -> None:
        handles.append(module.register_forward_hook(lambda *seen: found.__setitem__(f'out_mean_{name}',
                                                                                  change(seen[2]))))

    def spatial(x: Tensor) -> Tensor:
        return x.mean((2, 3))

    try:
        if kind == 'JointConvNet':
            pose, = inputs
            keep('pose_model', backbone.fc, lambda x: x.unflatten(0, pose.shape[:2]))
            features = backbone(pose.unflatten(-1, (-1, 2))[:, None])
        elif kind == 'GSFLateFusion':
            imgs, pose = inputs
            keep('base_model', backbone.rgb, lambda x: x.mean((3, 4)).transpose(1, 2).flatten(0, 1))
            keep('pose_model', backbone.pose, lambda x: x)
            keep('feature_refinement_layer', backbone.refine, lambda x: x)
            if backbone.attention is not None:
                keep('attention_layer', backbone.attention, lambda x: x.flatten(0, 1))
            features = backbone(_frames(imgs, 3), pose)
        else:
            for stage, layer in enumerate(backbone.layers, 1):
                keep(f'base_model_layer{stage}', layer[-1], spatial)
            features = backbone(_frames(inputs[0], backbone.in_channels))
            found['out_mean_base_model'] = features.mean((3, 4)).transpose(1, 2).flatten(0, 1)
    finally:
        for handle in handles:
            handle.remove()
    found['out_logits'] = model.cls_head(features)
    if label is not None:
        found['out_loss'] = functional.cross_entropy(found['out_logits'], label)
    return found


def _guess(state: Mapping[str, Tensor]) -> dict[str, Any]:
    head = next((key for key in ('new_fc.weight', 'base_model.fc.weight') if key in state), None)
    stem = state.get('base_model.conv1.weight')
    if head is None or stem is None and 'pose_model.conv1.weight' not in state:
        raise ConversionError("gate_shift_pose: expected 'new_fc.weight' and 'base_model.conv1.weight' or "
                              f"'pose_model.conv1.weight', found {', '.join(sorted(state)[:3])}; it is not a "
                              'checkpoint of the released code')
    classes = len(state[head])
    if stem is None:
        return dict(kind='pose', args=dict(num_class=classes))
    blocks, deep = _blocks(state), 'base_model.layer1.0.conv3.weight' in state
    gsf = next((key for key in state if key.endswith('layer1.0.gsf.bn.weight')), None)
    width = state['base_model.layer1.0.conv3.weight' if deep else 'base_model.layer1.0.conv2.weight'].shape[0]
    said = dict(num_class=classes, base_channels=len(stem), gsf=gsf is not None, stage_blocks=blocks,
                gsf_ch_ratio=-(-100 * len(state[gsf]) // width) if gsf else 100,
                base_model=('resnet101' if blocks == list(DEPTHS[101]) else 'resnet50') if deep else 'resnet18')
    if 'feature_refinement_layer.0.weight' in state:
        return dict(kind='late' if 'attention_layer.in_proj_weight' in state else 'late_fast', args=said)
    return dict(kind='early' if stem.shape[1] == 4 else 'rgb', args=dict(said, num_channels=stem.shape[1]))


def _assumed(arguments: Mapping[str, Any]) -> dict[str, str]:
    if arguments['kind'] == 'pose':
        return {}
    return {'args.dropout': 'the published trainings have 0.5'}


class _GSF(nn.Module):

    def __init__(self, arguments: Mapping[str, Any]):
        super().__init__()
        self.num_segments = arguments.get('num_segments', 8)
        self.gsf = GateShiftFuse(arguments['fPlane'], arguments.get('gsf_ch_ratio', 100))

    def forward(self, x: Tensor, dy: Tensor | None = None) -> dict[str, Tensor]:
        """(B T, C, H, W) -> ``out_y`` and, for an upstream gradient, ``out_loss``."""
        y = self.gsf(x, self.num_segments)
        return dict(out_y=y) if dy is None else dict(out_y=y, out_loss=(y * dy).sum())


def _part(arguments: Mapping[str, Any], state: Mapping[str, Any]) -> nn.Module | None:
    kind = arguments.get('kind', 'early')
    if kind in _DATA:
        return data_part(arguments)
    if kind == 'gsf':
        module, known = _GSF(arguments.get('args') or arguments), _MODULE
    elif kind in ('late', 'late_fast'):
        from mmaction.registry import MODELS
        config, known = _config(arguments), _LATE
        config['backbone']['train_value'] = True  # the published code computes its gradient, and then ignores it
        module = MODELS.build(dict(config, data_preprocessor=MODELS.build(config['data_preprocessor'])))
    else:
        return None
    module.load_state_dict(known.convert(state, module))
    return PublishedModel(known, module, {key: torch.as_tensor(value).shape for key, value in state.items()})


def _rename_gsf(key: str, size: int) -> Sequence[Piece]:
    place, _, leaf = key.rpartition('.')
    return _of_gsf('gsf.', place, leaf)


_MODULE = System('gate_shift_pose', dict, _rename_gsf, lambda module, *inputs: module(*inputs), lambda state: {})
_LATE = System('gate_shift_pose', _config, lambda key, size: _renamed(key, True), _logits, _guess)
GATE_SHIFT_POSE = System('gate_shift_pose', _config, lambda key, size: _renamed(key, False), _logits, _guess, _part,
                         _assumed, _complete)
