"""RGBPose-Conv3D: MMAction2's and PYSKL's checkpoints as ours, and the start of a joint training from two networks.

See ``docs/published/posec3d.md``, D16 and D19. The networks are MMAction2's own, under the official names of tensors.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmskel.interop.system import ConversionError, Piece, System
from mmskel.skeleton import get_layout

_EXPANSION = 4  # of ResNet-50's bottlenecks
# of the published constructors
_RATIOS = ('speed_ratio', 'channel_ratio')
_SWITCHES = ('rgb_detach', 'pose_detach', 'rgb_drop_path', 'pose_drop_path')
_HEAD = ('dropout', 'loss_weights', 'init_std', 'average_clips')


def rgb_pathway(base_channels: int = 64, stage_blocks: Sequence[int] = (3, 4, 6, 3)) -> dict[str, Any]:
    """The published RGB pathway's arguments; two exchanges, before its last two stages."""
    return dict(num_stages=4, stage_blocks=tuple(stage_blocks), lateral=True, lateral_infl=1,
                lateral_activate=(0, 0, 1, 1), fusion_kernel=7, base_channels=base_channels, conv1_kernel=(1, 7, 7),
                inflate=(0, 0, 1, 1), with_pool2=False)


def pose_pathway(in_channels: int = 17, base_channels: int = 32,
                 stage_blocks: Sequence[int] = (4, 6, 3)) -> dict[str, Any]:
    """The published pose pathway's arguments."""
    return dict(num_stages=3, stage_blocks=tuple(stage_blocks), lateral=True, lateral_inv=True, lateral_infl=16,
                lateral_activate=(0, 1, 1), fusion_kernel=7, in_channels=in_channels, base_channels=base_channels,
                out_indices=(2, ), conv1_kernel=(1, 7, 7), conv1_stride_s=1, conv1_stride_t=1, pool1_stride_s=1,
                pool1_stride_t=1, inflate=(0, 1, 1), spatial_strides=(2, 2, 2), temporal_strides=(1, 1, 1),
                dilations=(1, 1, 1), with_pool2=False)


def is_rgbpose(arguments: Mapping[str, Any]) -> bool:
    """Whether published arguments are those of RGBPose-Conv3D: a backbone of two pathways."""
    backbone = arguments.get('backbone') or {}
    names = {arguments.get('kind'), arguments.get('type'), backbone.get('type')}
    return bool(names & {'rgbpose', 'RGBPoseConv3D'} or {'rgb_pathway', 'pose_pathway'} & {*arguments, *backbone})


def _refuse_unknown(arguments: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := set(arguments) - known:
        raise ConversionError(f'rgbpose: unknown {where} {", ".join(sorted(unknown))}; known: '
                              f'{", ".join(sorted(known))}')


def _config(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """From the published ``backbone`` and ``cls_head``, or from their parts that a file shows (`_arguments`)."""
    if 'cls_head' in arguments:
        _refuse_unknown(arguments, {'backbone', 'cls_head', 'kind', 'layout'}, 'arguments')
        backbone, head = dict(arguments.get('backbone') or {}), dict(arguments['cls_head'])
    else:
        _refuse_unknown(arguments, {'num_classes', 'layout', 'rgb_pathway', 'pose_pathway'}, 'arguments')
        backbone = {key: arguments[key] for key in ('rgb_pathway', 'pose_pathway')}
        head = dict(num_classes=arguments['num_classes'])
    _refuse_unknown(backbone, {*_RATIOS, *_SWITCHES, 'rgb_pathway', 'pose_pathway', 'type', 'pretrained'},
                    'arguments of the backbone')
    _refuse_unknown(head, {*_HEAD, 'num_classes', 'in_channels', 'type', 'loss_cls', 'loss_components'},
                    'arguments of the head')
    rgb = dict(backbone.get('rgb_pathway') or rgb_pathway())
    pose = dict(backbone.get('pose_pathway') or pose_pathway())
    channels = [path.get('base_channels', 64) * _EXPANSION * 2**(path.get('num_stages', 4) - 1) for path in (rgb, pose)]
    return dict(
        type='MMRecognizer3D',
        data_preprocessor=dict(type='RGBPoseEncoder', layout=arguments.get('layout', 'coco17')),
        backbone=dict(type='RGBPoseConv3D', **{key: backbone.get(key, 4) for key in _RATIOS},
                      **{key: backbone[key] for key in _SWITCHES if key in backbone},
                      rgb_pathway=rgb, pose_pathway=pose),
        cls_head=dict(type='RGBPoseFusionHead', num_classes=head['num_classes'],
                      in_channels=list(head.get('in_channels', channels)),
                      **{key: head[key] for key in _HEAD if key in head}))


def _rename(key: str, size: int) -> Sequence[Piece]:
    if not key.startswith(('backbone.rgb_path.', 'backbone.pose_path.', 'cls_head.fc_rgb.', 'cls_head.fc_pose.')):
        raise KeyError(key)
    return (Piece(key), )


def _logits(model: nn.Module, frames: Tensor, heatmaps: Tensor) -> dict[str, Tensor]:
    """(N, 3, T, H, W) and (N, V, T', H', W') -> (N, K) each of RGB and pose."""
    scores = model.cls_head(model.backbone(frames, heatmaps))
    return dict(out_logits_rgb=scores['rgb'], out_logits_pose=scores['pose'])


def _guess(state: Mapping[str, Tensor]) -> dict[str, Any]:
    heads = [f'cls_head.fc_{stream}.weight' for stream in ('rgb', 'pose')]
    if missing := [key for key in heads if key not in state]:
        raise ConversionError(f"rgbpose: the checkpoint has no '{missing[0]}'; it is not an RGBPose-Conv3D of "
                              'MMAction2 or PYSKL. To start one from an RGB and a pose checkpoint: mmskel convert '
                              'rgbpose RGB.pth START.pth --pose POSE.pth')
    paths = [_pathway(state, f'backbone.{stream}_path.') for stream in ('rgb', 'pose')]
    return _arguments(len(state[heads[0]]), *paths)


def _pathway(state: Mapping[str, Tensor], prefix: str) -> tuple[int, int, list[int]]:
    """Channels in, width and blocks per stage of a SlowOnly."""
    stem = state.get(f'{prefix}conv1.conv.weight')
    pattern = re.compile(re.escape(prefix) + r'layer(\d+)\.(\d+)\.')
    found = {tuple(map(int, match.groups())) for key in state if (match := pattern.match(key))}
    if stem is None or not found:
        raise ConversionError(f"rgbpose: no SlowOnly at '{prefix}': expected '{prefix}conv1.conv.weight' and "
                              f"'{prefix}layer1.0...', found {', '.join(sorted(state)[:3])}")
    width, channels = stem.shape[:2]
    return channels, width, [sum(stage == one for stage, _ in found) for one in sorted({stage for stage, _ in found})]


def _arguments(num_classes: int, rgb: tuple[int, int, list[int]], pose: tuple[int, int, list[int]],
               layout: str = 'coco17') -> dict[str, Any]:
    if rgb[0] != 3 or len(rgb[2]) != 4 or len(pose[2]) != 3 or rgb[1] != 2 * pose[1]:
        raise ConversionError(
            'rgbpose: expected an RGB network of 3 channels and 4 stages and a pose network of 3 stages and half its '
            f'width; found {rgb[0]} channels, {len(rgb[2])} stages, width {rgb[1]} for RGB, {pose[0]} channels, '
            f"{len(pose[2])} stages, width {pose[1]} for pose. Are the two files in each other's place?")
    table = get_layout(layout)
    if pose[0] != table.num_joints:
        raise ConversionError(f"rgbpose: the pose network takes {pose[0]} channels, but layout '{table.name}' has "
                              f'{table.num_joints} joints; name the right one with the argument '
                              'layout, or with layout in model_kwargs')
    return dict(num_classes=num_classes, layout=table.name, rgb_pathway=rgb_pathway(rgb[1], rgb[2]),
                pose_pathway=pose_pathway(pose[0], pose[1], pose[2]))


def start_arguments(rgb: Mapping[str, Tensor], pose: Mapping[str, Tensor], layout: str = 'coco17') -> dict[str, Any]:
    """The joint network's arguments, read off the tensors of both single ones; ``layout`` names the pose's channels.

    Raises:
        ConversionError: Networks that do not go together; says what was found.
    """
    for name, state in (('RGB', rgb), ('pose', pose)):
        if 'cls_head.fc_cls.weight' not in state:
            raise ConversionError(f"rgbpose: the {name} checkpoint has no 'cls_head.fc_cls.weight'; expected a "
                                  f'SlowOnly of {name} alone, as configs/rgbpose/{name.lower()}only_ntu60.py trains it')
    classes = [len(state['cls_head.fc_cls.weight']) for state in (rgb, pose)]
    if classes[0] != classes[1]:
        raise ConversionError(f'rgbpose: the RGB network has {classes[0]} classes and the pose network {classes[1]}; '
                              'train both on the same classes')
    return _arguments(classes[0], _pathway(rgb, 'backbone.'), _pathway(pose, 'backbone.'), layout)


def start_model(arguments: Mapping[str, Any]) -> nn.Module:
    """The joint network as initialised, always the same: its lateral connections are what a start keeps of it."""
    from mmaction.registry import MODELS
    config = _config(arguments)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = MODELS.build(dict(config, data_preprocessor=MODELS.build(config['data_preprocessor'])))
        model.init_weights()
    return model


def start_state(rgb: Mapping[str, Tensor], pose: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """The published start of a joint training: both networks side by side, not yet exchanging anything.

    Layers behind an exchange have more input channels than those of the single networks. The new ones come last and
    their weights are zero, so that the joint network first computes what both computed alone; the lateral connections
    keep the initial weights of ``model``.

    Args:
        rgb, pose: Checkpoints of the single networks.
        model: The joint network, initialised.

    Returns:
        A state dict of ``model``.

    Raises:
        ConversionError: Tensors that are missing, unknown or do not fit.
    """
    ours = {key: value.clone() for key, value in model.state_dict().items()}
    waiting = {key for key in ours if '_lateral.' not in key}
    problems = []
    for stream, state in (('rgb', rgb), ('pose', pose)):
        for key, value in state.items():
            target = key.replace('backbone.', f'backbone.{stream}_path.', 1).replace('.fc_cls.', f'.fc_{stream}.', 1)
            if target not in ours:
                problems.append(f'{stream}: the joint network has no place for {key}')
                continue
            waiting.discard(target)
            room = ours[target]
            behind_exchange = target.endswith(('.0.conv1.conv.weight', '.0.downsample.conv.weight'))
            wider = behind_exchange and room.ndim == value.ndim and room.shape[1] > value.shape[1] \
                and room.shape[:1] + room.shape[2:] == value.shape[:1] + value.shape[2:]
            if room.shape != value.shape and not wider:
                problems.append(f'{stream}: {key} {tuple(value.shape)} does not fit {tuple(room.shape)}')
            elif room.shape == value.shape:
                room.copy_(value)
            else:
                room.zero_()[:, :value.shape[1]].copy_(value)
    problems += [f'{key} is in neither checkpoint' for key in sorted(waiting)
                 if key.startswith(('backbone.', 'cls_head.')) and not key.endswith('num_batches_tracked')]
    if problems:
        raise ConversionError(f'rgbpose: {len(problems)} tensors do not go together, e.g. {"; ".join(problems[:3])}')
    return ours


def _assumed(arguments: Mapping[str, Any]) -> dict[str, str]:
    return dict(layout='the channels of the pose pathway are the joints of this layout')


RGBPOSE = System('rgbpose', _config, _rename, _logits, _guess, assumed=_assumed)
