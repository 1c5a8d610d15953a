"""Clips as rows of a table: what each column holds, and how exactly numbers are kept.

Symbols: M persons, T frames, V joints, C coordinates.
"""
from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from mmskel.data.annotation_file import AnnotationError
from mmskel.files.json_text import JsonError, read_json
from mmskel.skeleton import Clip

NUMBERS = {
    'float32': 'as they are',
    'float16': 'half the size; a pixel above 2,048 is off by up to one',
    'uint16': 'half the size; a clip\'s range in 65,534 steps: 0.02 pixels across 1,920, half a millimetre across 30 m'}
"""Ways to keep coordinates and scores, in words."""
_STEPS = 65534
_ARRAY, _TUPLE = '__array__', '__tuple__'  # what JSON cannot say
_DTYPE = re.compile(r'[<>|][biufSU]\d{1,4}')


class StoreError(AnnotationError):
    """A store that cannot be read or written; names the file, and the block or the clip."""


def row_of(clip: Clip, layout: str, numbers: str) -> dict[str, Any]:
    """The row of a checked clip.

    Args:
        clip: Clip to keep.
        layout: Layout of the store, which its clips need not name.
        numbers: A key of :data:`NUMBERS`.

    Raises:
        StoreError: A fact about the clip that a table cannot hold, or numbers too large for float16.
    """
    item = clip.to_annotation()
    item.pop('frame_dir')
    item.pop('total_frames')
    if clip.layout != layout:
        item['layout'] = clip.layout
    label, keypoint, score = item.pop('label', None), item.pop('keypoint'), item.pop('keypoint_score', None)
    arrays: list[dict[str, Any]] = []
    facts = json.dumps(_plain(item, arrays, clip.id, 'annotation'), ensure_ascii=False, allow_nan=False)
    ranges: list[float] = []
    data = [_encoded(values, numbers, ranges, clip.id) for values in (keypoint, score) if values is not None]
    row = dict(id=clip.id, label=label, shape=list(keypoint.shape), scored=score is not None, ranges=ranges,
               keypoint=data[0], score=data[1] if score is not None else b'', facts=facts, arrays=arrays)
    return dict(row, crc=checksum(row))


def checksum(row: Mapping[str, Any]) -> int:
    """CRC-32 of a row's data and facts."""
    value = zlib.crc32(row['facts'].encode('utf-8', 'surrogatepass'))
    for data in (row['keypoint'], row['score'], *(array['data'] for array in row['arrays'])):
        value = zlib.crc32(data, value)
    return zlib.crc32(np.asarray(row['ranges'], '<f8').tobytes(), value)


def annotation_of(row: Mapping[str, Any], numbers: str) -> dict[str, Any]:
    """The annotation of a row; arrays kept as float32 are the row's own memory and read-only.

    Raises:
        StoreError: Parts that do not fit together; without the file's name.
    """
    try:
        item = read_json(row['facts'])
        arrays = [_array(one) for one in row['arrays']]
        shape, ranges = tuple(row['shape']), np.asarray(row['ranges'], float)
        coords = shape[3]
        item = _restored(item, arrays) if '"__' in row['facts'] else item
        item = dict(item, frame_dir=row['id'], total_frames=shape[1],
                    keypoint=_decoded(row['keypoint'], shape, numbers, ranges[:2 * coords]))
        if row['scored']:
            item['keypoint_score'] = _decoded(row['score'], shape[:3], numbers, ranges[2 * coords:])
    except (ValueError, TypeError, LookupError, AttributeError, JsonError) as error:
        raise StoreError(f"clip '{row['id']}' holds something else than a clip: {error}") from None
    if row['label'] is not None:
        item['label'] = int(row['label'])
    return item


def _encoded(values: np.ndarray, numbers: str, ranges: list[float], name: str) -> bytes:
    """The bytes of coordinates or scores; appends their ranges, (low, high) per coordinate."""
    if numbers == 'float16':
        with np.errstate(over='ignore'):  # refused below
            halves = values.astype('<f2')
        if not np.isfinite(halves).all():
            raise StoreError(f"clip '{name}': {np.abs(values).max():.6g} is too large for float16; use "
                             "numbers='uint16' or 'float32'")
        return halves.tobytes()
    if numbers == 'float32':
        return values.astype('<f4', copy=False).tobytes()
    columns = values.reshape(-1, values.shape[-1] if values.ndim == 4 else 1).astype(float)
    low, high = columns.min(0), columns.max(0)
    ranges += np.stack([low, high], 1).ravel().tolist()
    steps = np.rint((columns - low) / np.where(high > low, high - low, 1) * (_STEPS - 1)).astype('<u2') + 1
    steps[columns == 0] = 0  # a missing joint lies at 0, exactly
    return steps.astype('<u2').tobytes()


def _decoded(data: Any, shape: tuple[int, ...], numbers: str, ranges: np.ndarray) -> np.ndarray:
    """float32 numbers of a shape."""
    kind = {'float16': '<f2', 'float32': '<f4', 'uint16': '<u2'}[numbers]
    values = np.frombuffer(data, kind).reshape(shape)
    if numbers != 'uint16':
        return values.astype(np.float32, copy=False)
    low, high = ranges.reshape(-1, 2).T
    numbers_of = (values.astype(float) - 1) * ((high - low) / (_STEPS - 1)) + low if len(shape) == 4 else \
        (values.astype(float) - 1) * ((high[0] - low[0]) / (_STEPS - 1)) + low[0]
    return np.where(values == 0, 0, numbers_of).astype(np.float32)


def _plain(value: Any, arrays: list[dict[str, Any]], name: str, key: str) -> Any:
    """A value as JSON can say it; arrays are moved into ``arrays``."""
    if isinstance(value, np.ndarray) and value.dtype.kind in 'biufSU':
        arrays.append(dict(dtype=value.dtype.newbyteorder('<').str if value.dtype.byteorder != '|' else value.dtype.str,
                           shape=list(value.shape),
                           data=value.astype(value.dtype.newbyteorder('<')).tobytes()))
        return {_ARRAY: len(arrays) - 1}
    if isinstance(value, Mapping):
        if _ARRAY in value or _TUPLE in value or not all(isinstance(one, str) for one in value):
            raise StoreError(f"clip '{name}': {key} has keys that a store cannot keep; expected text")
        return {one: _plain(part, arrays, name, one) for one, part in value.items()}
    if isinstance(value, (list, tuple)):
        parts = [_plain(part, arrays, name, key) for part in value]
        return {_TUPLE: parts} if isinstance(value, tuple) else parts
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)) or isinstance(value, float) and np.isfinite(value):
        return value
    raise StoreError(f"clip '{name}': {key} is {value!r:.60}, which a store cannot keep; it keeps finite numbers, "
                     'text, lists, dictionaries and arrays')


def _array(kept: Mapping[str, Any]) -> np.ndarray:
    if not _DTYPE.fullmatch(kept['dtype']):
        raise StoreError(f'an array of type {kept["dtype"]!r:.20}')
    return np.frombuffer(kept['data'], np.dtype(kept['dtype'])).reshape(kept['shape'])


def _restored(value: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(value, dict):
        if _ARRAY in value:
            return arrays[value[_ARRAY]]
        if _TUPLE in value:
            return tuple(_restored(part, arrays) for part in value[_TUPLE])
        return {key: _restored(part, arrays) for key, part in value.items()}
    return [_restored(part, arrays) for part in value] if isinstance(value, list) else value
