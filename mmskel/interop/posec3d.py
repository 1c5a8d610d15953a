"""The official PoseC3D, PYSKL's (github.com/kennymckormick/pyskl) and MMAction2's, as ours.

For what a file does not say, see ``docs/published/posec3d.md``, D18.

Networks have the official names of tensors, so a checkpoint is used as it is. It does not say what its channels
show: PYSKL's limb checkpoints have as many as its joint checkpoints.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmskel.interop.rgbpose import RGBPOSE, is_rgbpose
from mmskel.interop.system import ConversionError, Piece, System

# published kind (or name of the backbone) -> ours
_BACKBONES = {'slowonly': 'ResNet3dSlowOnly', 'c3d': 'C3DLight', 'x3d': 'X3DShallow', 'ResNet3dSlowOnly':
              'ResNet3dSlowOnly', 'C3D': 'C3DLight', 'X3D': 'X3DShallow'}
_PART = {'backbone', 'cls_head', 'kind', 'layout', 'stream'}
_NOTES = {'grads', 'taps', 'type', 'train_cfg', 'test_cfg'}  # records of the golden files, rest of PYSKL's recogniser
_DROPPED = {'type', 'pretrained', 'loss_cls', 'average_clips', 'spatial_type'}


def _config(arguments: Mapping[str, Any]) -> dict[str, Any]:
    if is_rgbpose(arguments):
        return RGBPOSE.config({key: value for key, value in arguments.items() if key not in _NOTES})
    if unknown := set(arguments) - _PART - _NOTES:
        raise ConversionError(f'posec3d: unknown constructor arguments {", ".join(sorted(unknown))}; known: '
                              f'{", ".join(sorted(_PART))}')
    backbone, head = arguments['backbone'], arguments['cls_head']
    kind = arguments.get('kind') or backbone.get('type')
    if kind not in _BACKBONES:
        raise ConversionError(f"posec3d: unknown backbone '{kind}'; known: {', '.join(_BACKBONES)}, RGBPoseConv3D")
    kept = {key: list(value) if isinstance(value, tuple) else value for key, value in backbone.items()
            if key not in _DROPPED}
    if _BACKBONES[kind] == 'X3DShallow':  # the official defaults are those of RGB
        kept = dict(dict(gamma_d=2.2, se_ratio=1 / 16, use_swish=True), **kept)
    size = dict(pretrained=None) if kind in ('slowonly', 'ResNet3dSlowOnly') else {}
    return dict(
        type='Recognizer3D',
        data_preprocessor=dict(type='HeatmapEncoder', layout=arguments.get('layout', 'coco17'),
                               stream=arguments.get('stream', 'joint')),
        backbone=dict(type=_BACKBONES[kind], **size, **kept),
        cls_head=dict(type='I3DHead', average_clips='prob', num_classes=head['num_classes'],
                      in_channels=head['in_channels'],
                      dropout_ratio=head.get('dropout_ratio', head.get('dropout', 0.5))))


def _rename(key: str, size: int) -> Sequence[Piece]:
    if not key.startswith(('backbone.', 'cls_head.fc_cls.', 'cls_head.fc_rgb.', 'cls_head.fc_pose.')):
        raise KeyError(key)
    return (Piece(key), )


def _logits(model: nn.Module, x: Tensor, heatmaps: Tensor | None = None) -> Tensor | dict[str, Tensor]:
    """(N, C, T, H, W) -> (N, K); for RGBPose-Conv3D, frames and heatmaps -> both heads' by name."""
    return model.cls_head(model.backbone(x)) if heatmaps is None else RGBPOSE.logits(model, x, heatmaps)


def _blocks(state: Mapping[str, Tensor]) -> list[int]:
    """The number of blocks in every layer."""
    found = {tuple(map(int, match.groups())) for key in state
             if (match := re.match(r'backbone\.layer(\d+)\.(\d+)\.', key))}
    return [sum(layer == one for layer, _ in found) for one in sorted({layer for layer, _ in found})]


def _guess(state: Mapping[str, Tensor]) -> dict[str, Any]:
    if 'cls_head.fc_rgb.weight' in state:
        return RGBPOSE.guess(state)
    if 'cls_head.fc_cls.weight' not in state:
        raise ConversionError("posec3d: the checkpoint has no 'cls_head.fc_cls.weight'; it is not a PoseC3D of PYSKL "
                              'or MMAction2 with one head')
    classes, features = state['cls_head.fc_cls.weight'].shape
    blocks = _blocks(state)
    if 'backbone.conv1a.conv.weight' in state:
        kind, (width, channels) = 'c3d', state['backbone.conv1a.conv.weight'].shape[:2]
        backbone = dict(num_stages=4 if 'backbone.conv5a.conv.weight' in state else 3, temporal_downsample=False)
    elif 'backbone.conv1_s.conv.weight' in state:
        kind, (width, channels) = 'x3d', state['backbone.conv1_s.conv.weight'].shape[:2]
        gates = [key for key in state if key.endswith('se_module.fc1.weight')]
        if gates:
            raise ConversionError("posec3d: this X3D has squeeze and excitation, which PoseC3D's has not; whether it "
                                  'also uses Swish cannot be read from the tensors: give model_kwargs')
        backbone = dict(num_stages=len(blocks), stage_blocks=blocks, spatial_strides=[2] * len(blocks), gamma_d=1,
                        se_ratio=None, use_swish=False)
    elif 'backbone.conv1.conv.weight' in state and blocks:
        kind, (width, channels) = 'slowonly', state['backbone.conv1.conv.weight'].shape[:2]
        inflate = [state[f'backbone.layer{layer}.0.conv1.conv.weight'].shape[2] // 3
                   for layer in range(1, len(blocks) + 1)]
        backbone = dict(
            depth=50, num_stages=len(blocks), out_indices=[len(blocks) - 1], stage_blocks=blocks, inflate=inflate,
            conv1_stride_s=1, pool1_stride_s=1, spatial_strides=[2] * len(blocks),
            temporal_strides=[1] * (len(blocks) - 1) + [2], dilations=[1] * len(blocks))
    else:
        raise ConversionError('posec3d: no SlowOnly, C3D-light or X3D-shallow; the backbone has '
                              f'{", ".join(sorted(state)[:3])}')
    if channels != 17:
        raise ConversionError(f'posec3d: {channels} channels, where the published networks have 17 (COCO joints or '
                              "limbs); give model_kwargs, which name 'layout' and 'stream'")
    return dict(kind=kind, stream='joint', backbone=dict(in_channels=channels, base_channels=width, **backbone),
                cls_head=dict(num_classes=classes, in_channels=features))


def _assumed(arguments: Mapping[str, Any]) -> dict[str, str]:
    if is_rgbpose(arguments):
        return dict(RGBPOSE.assumed(arguments))
    found = dict(stream='the channels are joints; networks of limbs have as many (and then: limb)')
    if arguments['kind'] == 'c3d':
        found['backbone.temporal_downsample'] = 'no pool halves time, as in every published configuration'
    elif arguments['kind'] == 'slowonly':
        last = len(arguments['backbone']['temporal_strides'])
        found['backbone.temporal_strides'] = (f'stage {last} halves time, as in every published network of poses; a '
                                              'pose pathway trained for RGBPose-Conv3D has 1 everywhere')
    return found


POSEC3D = System('posec3d', _config, _rename, _logits, _guess, assumed=_assumed)
