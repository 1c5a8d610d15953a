"""The published MANs (github.com/memory-attention-networks/MANs) as ours; docs/published/mans.md.

Names of tensors are PyTorch's: the reference, written for Keras, has automatic ones and released no weights. Its own
``.h5`` files are read by :mod:`mmskel.interop.keras_files`.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmskel.interop.mans_preprocessing import preprocessing
from mmskel.interop.system import ConversionError, Piece, System

_KNOWN = ('feature_dim', 'nb_classes', 'nb_lstm', 'num_frame', 'repetitions', 'gru', 'network', 'layout', 'num_person')
_TARM = re.compile(r'tarm\.(\d+)\.(embed|proj|att\.0|att\.2|gru)\.(\w+)')
_LAYERS = {'embed': 'embed', 'proj': 'proj', 'att.0': 'squeeze', 'att.2': 'excite'}
# joints side by side -> whose they most likely are
_COLUMNS = {50: ('ntu25', 2), 25: ('ntu25', 1), 40: ('kinect20', 2), 20: ('kinect20', 1), 30: ('sbu15', 2),
            31: ('hdm31', 1), 34: ('coco17', 2), 17: ('coco17', 1)}


def _skeleton(columns: int) -> tuple[str, int]:
    """Layout and persons that this many columns are most likely of."""
    return _COLUMNS.get(columns, ('ntu25', 2 if columns >= 50 else 1))


def _config(arguments: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := set(arguments) - set(_KNOWN):
        raise ConversionError(f'mans: unknown constructor arguments {", ".join(sorted(unknown))}; known: '
                              f'{", ".join(_KNOWN)}')
    network = arguments.get('network', 'small')
    small = network == 'small'
    columns = arguments.get('feature_dim', 50 if small else 224)
    layout, persons = _skeleton(columns)
    layout, persons = arguments.get('layout', layout), arguments.get('num_person', persons)
    channels = 64 * 2**(len(arguments.get('repetitions', (2, 2))) - 1) if small else 2208
    return dict(
        type='RecognizerGCN',
        data_preprocessor=dict(type='StreamEncoder', layout=layout),
        backbone=dict(
            type='MANs', layout=layout, num_person=persons, network=network, columns=columns,
            resize='pad' if columns >= 25 * persons or columns in _COLUMNS else 'bilinear',
            num_frames=arguments.get('num_frame', 50 if small else 224),
            hidden=arguments.get('nb_lstm', 64 if small else 128), gru=arguments.get('gru', 'torch'),
            repetitions=list(arguments.get('repetitions', (2, 2)))),
        cls_head=dict(type='GCNHead', num_classes=arguments.get('nb_classes', 60), in_channels=channels))


def _rename(key: str, size: int) -> Sequence[Piece]:
    if key.startswith(('fc.', 'classifier.')):
        return (Piece(f'cls_head.fc.{key.partition(".")[2]}'), )
    if match := _TARM.fullmatch(key):
        coordinate, layer, leaf = int(match[1]), match[2], match[3]
        if layer in _LAYERS:
            return (Piece(f'backbone.tarm.{_LAYERS[layer]}.{leaf}', (coordinate, )), )
        name, _, direction = leaf.partition('_l0')
        if name in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh') and direction in ('', '_reverse'):
            return (Piece(f'backbone.tarm.gru.{name}', (coordinate, int(bool(direction)))), )
    if key.startswith(('stem.', 'stages.', 'norm.', 'features.')):
        return (Piece(f'backbone.stcm.{key}'), )
    raise KeyError(key)


def _logits(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """(N, T, D, C) -> logits and probabilities (N, K), recalibrated image (N, C, T, D), gate (N, C, T)."""
    image, gate = model.backbone.tarm.recalibrate(x.permute(0, 3, 1, 2))
    logits = model.cls_head(model.backbone.stcm(image)[:, None])
    return dict(out_prob=logits.softmax(-1), out_logits=logits, out_tarm=image, out_attention=gate)


def _guess(state: Mapping[str, Tensor]) -> dict[str, Any]:
    if 'tarm.0.embed.weight' not in state or 'tarm.0.att.2.weight' not in state:
        raise ConversionError("mans: the checkpoint has no 'tarm.0.embed.weight' and 'tarm.0.att.2.weight'; it is not "
                              'a MANs (docs/published/mans.md lists the names)')
    hidden, columns = state['tarm.0.embed.weight'].shape
    small = 'stem.conv.weight' in state
    blocks = {tuple(map(int, key.split('.')[1:3])) for key in state if key.startswith('stages.')}
    classes = next((len(state[key]) for key in ('fc.weight', 'classifier.weight') if key in state), 60)
    layout, persons = _skeleton(columns)
    return dict(
        layout=layout, num_person=persons, network='small' if small else 'densenet161', feature_dim=columns,
        nb_lstm=hidden, nb_classes=classes,
        num_frame=state['tarm.0.att.2.weight'].shape[0], gru='torch' if 'tarm.0.gru.bias_hh_l0' in state else 'keras',
        repetitions=[sum(stage == one for stage, _ in blocks) for one in sorted({stage for stage, _ in blocks})]
        if small else [2, 2])


def _complete(arguments: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """Which network and which GRU is not among the published arguments, but the tensors tell."""
    if not state:
        return dict(arguments)
    network = 'densenet161' if any(key.startswith('features.') for key in state) else 'small'
    gru = 'torch' if any('.bias_hh_l0' in key for key in state) else 'keras'
    return dict(dict(network=network, gru=gru), **arguments)


def _assumed(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Joints stand in columns, and no tensor says whose."""
    why = f'{arguments["feature_dim"]} columns are taken for those of this skeleton'
    return dict(layout=why, num_person=why)


MANS = System('mans', _config, _rename, _logits, _guess, preprocessing, complete=_complete, assumed=_assumed)
