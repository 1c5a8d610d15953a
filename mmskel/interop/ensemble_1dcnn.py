"""The published Ensem-NN (github.com/Qingyang-Xu/Ensem-NN) as ours; docs/published/ensemble_1dcnn.md.

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
from mmskel.models.backbones.ensemble_1dcnn import STREAMS

_KNOWN = ('feat_dim', 'max_len', 'n_classes', 'network', 'layout', 'num_person')
_BLOCK = re.compile(r'blocks\.(\d)\.(?:(\d)\.(conv|bn)|(down)|att\.([02]))\.(\w+)')
# features of a frame -> whose they most likely are
_FEATURES = {150: ('ntu25', 2), 75: ('ntu25', 1), 120: ('kinect20', 2), 60: ('kinect20', 1), 90: ('sbu15', 2),
             93: ('hdm31', 1), 102: ('coco17', 2), 51: ('coco17', 1), 36: ('ntu25', 2), 18: ('ntu25', 1)}
_PARTS = 5


def _config(arguments: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := set(arguments) - set(_KNOWN):
        raise ConversionError(f'ensemble_1dcnn: unknown constructor arguments {", ".join(sorted(unknown))}; known: '
                              f'{", ".join(_KNOWN)}')
    network, features = arguments.get('network', 'base'), arguments.get('feat_dim', 150)
    layout, persons = _FEATURES.get(features, ('ntu25', 2))
    if features not in _FEATURES and 'layout' not in arguments:
        raise ConversionError(f'ensemble_1dcnn: {features} features of a frame are those of no skeleton that the '
                              "published code knows; name 'layout' and 'num_person' (convert_checkpoint(model_kwargs="
                              '...))')
    layout, persons = arguments.get('layout', layout), arguments.get('num_person', persons)
    return dict(
        type='RecognizerGCN',
        data_preprocessor=dict(type='SeriesEncoder', layout=layout),
        backbone=dict(type='Ensemble1DCNN', layout=layout, num_person=persons, network=network,
                      num_frames=arguments.get('max_len', 300)),
        cls_head=dict(type='StreamProductHead', num_classes=arguments.get('n_classes', 60), in_channels=256,
                      num_streams=STREAMS.get(network, 1)))


def _rename(key: str, size: int) -> Sequence[Piece]:
    first, _, rest = key.partition('.')
    if first in ('temporal', 'spatial'):
        return (_piece(rest, f'backbone.{first}', ('temporal', 'spatial').index(first)), )
    if first == 'parts':
        part, _, rest = rest.partition('.')
        piece = _piece(rest, 'backbone.parts', int(part))
        if rest.startswith('fc.') or rest.endswith('num_batches_tracked'):
            return (piece, )
        width = _width(rest)
        return (Piece(piece.key, (slice(int(part) * width, (int(part) + 1) * width), )), )
    if first == 'input_att':
        return (Piece(f'backbone.{key}'), )
    return (_piece(key, 'backbone.trunk', 0), )


def _piece(key: str, trunk: str, stream: int) -> Piece:
    first, _, leaf = key.partition('.')
    if first == 'fc':
        return Piece(f'cls_head.fcs.{stream}.{leaf}')
    if first in ('stem', 'norm') and '.' not in leaf:
        return Piece(f'{trunk}.{key}')
    if match := _BLOCK.fullmatch(key):
        group, place, kind, down, attention, leaf = match.groups()
        inner = 'down' if down else f'att.{attention}' if attention else f'{kind}s.{place}'
        return Piece(f'{trunk}.groups.{group}.{inner}.{leaf}')
    raise KeyError(key)


def _width(key: str) -> int:
    """Channels of a tensor of one body-part trunk, the first axis of its weight."""
    if key.startswith('stem.'):
        return 64
    return 256 if key.startswith('norm.') else 64 * 2**int(key.split('.')[1])


def _logits(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """(N, T, D), of the body-part network (N, 5, T, D) -> probabilities and raw scores of the first trunk, both (N, K),
    and the mean over time of its last group (N, 256)."""
    backbone, seen = model.backbone, []
    first = getattr(backbone, {'two_stream': 'temporal', 'body_part': 'parts'}.get(backbone.network, 'trunk'))
    handle = first.groups.register_forward_hook(lambda module, inputs, output: seen.append(output))
    try:
        if backbone.network == 'body_part':
            features = backbone.part_features(x)
        elif backbone.network == 'frame_difference':  # the published input are the differences
            features = backbone.trunk(x.transpose(1, 2))[..., None]
        else:
            features = backbone.series_features(x.transpose(1, 2))
    finally:
        handle.remove()
    scores = model.cls_head.stream_scores(features)
    return dict(out_prob=sum(scores).softmax(-1), out_logits0=scores[0],
                out_block2_mean=seen[0].unflatten(1, (first.trunks, -1))[:, 0].mean(-1))


def _network(state: Mapping[str, Any]) -> str:
    """Which of the five networks has these tensors."""
    firsts = {key.partition('.')[0] for key in state}
    if 'parts' in firsts:
        return 'body_part'
    if 'temporal' in firsts:
        return 'two_stream'
    if 'input_att' in firsts:
        return 'attention'
    return 'base' if 'norm' in firsts else 'frame_difference'


def _guess(state: Mapping[str, Tensor]) -> dict[str, Any]:
    network = _network(state)
    prefix = dict(two_stream='temporal.', body_part='parts.0.').get(network, '')
    missing = [key for key in (f'{prefix}stem.weight', f'{prefix}fc.weight') if key not in state]
    if missing:
        raise ConversionError(f"ensemble_1dcnn: the checkpoint has no '{missing[0]}'; it is not a network of the "
                              'ensemble (docs/published/ensemble_1dcnn.md lists the names)')
    length = dict(max_len=state['spatial.stem.weight'].shape[1]) if network == 'two_stream' else {}
    features = state[f'{prefix}stem.weight'].shape[1]
    skeleton = dict(zip(('layout', 'num_person'), _FEATURES.get(features, ())))
    return dict(network=network, feat_dim=features, **skeleton, n_classes=len(state[f'{prefix}fc.weight']), **length)


def _complete(arguments: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """Which network it is is not among the published arguments, but the tensors tell."""
    return dict(dict(network=_network(state)) if state else {}, **arguments)


def _assumed(arguments: Mapping[str, Any]) -> dict[str, str]:
    """A frame is a vector, and no tensor says of which joints."""
    if 'layout' not in arguments:
        return {}
    why = f'{arguments["feat_dim"]} features of a frame are taken for those of this skeleton'
    return dict(layout=why, num_person=why)


ENSEMBLE_1DCNN = System('ensemble_1dcnn', _config, _rename, _logits, _guess, preprocessing, complete=_complete,
                        assumed=_assumed)
