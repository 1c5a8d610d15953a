"""Seeded damage: to bytes, as cut downloads and bad disks do it, and to values, as other people's scripts do it."""
import copy
import random

import numpy as np

TOKENS = (b'\0', b'\xff\xfe', b'\xef\xbb\xbf', b'\n', b'NaN', b'Infinity', b'-1', b'1e999', b'9' * 400, b'[' * 3000,
          b'"', b',', b';', b'{}', b'\x1b[31m', b'=1+1', b'../../x', b'\xed\xa0\x80', b'\x80\x04', b'PK\x03\x04', b'nan')
NUMBERS = (None, True, False, 0, -1, 1, 7, 2 ** 31, 2 ** 63, 10 ** 400, -1.5, .5, 1e308, float('nan'), float('inf'))
VALUES = (*NUMBERS, '', 'a', '\0', '\x1b[31mred', '\ud800', 'x' * 5000, '=1+1', '$x_{', b'\xff', [], {}, (), [[]], [1, [2, 3]],
          {'a': 1}, np.zeros(0), np.zeros((2, 3), np.float32), np.array(1.), np.array(['a', 'b']), np.ones(3, bool),
          np.full((1, 4, 17, 2), np.nan, np.float32), np.ones((1, 4, 17, 2), np.int64), np.float32('nan'), np.int64(-3),
          np.str_('x'), np.ones((1, 4, 17), np.float32), np.ones((300, 2, 17, 2), np.float32), {1, 2}, 1 + 2j)


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The bytes with one to three changes."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        at, end = sorted(rng.choices(range(len(data) + 1), k=2))
        end = min(end, at + 64)
        data = rng.choice((
            lambda: data[:at], lambda: data[:at] + data[end:], lambda: data[:at] + data[at:end] * 2 + data[end:],
            lambda: data[:at] + bytes([rng.randrange(256)]) + data[at + 1:],
            lambda: data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:] if at < len(data) else data,
            lambda: data[:at] + rng.choice(TOKENS) + data[end if rng.random() < .5 else at:],
            lambda: data[:at] + rng.randbytes(rng.randrange(1, 16)) + data[at:],
            lambda: data[:at] + rng.randbytes(4) + data[at + 4:]))()
    return data


def changed(value, rng: random.Random, odd=VALUES):
    """A copy of nested lists and dictionaries with one to three changes to keys, items, numbers and arrays."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 2, 3))):
        value = _change(value, rng, odd)
    return value


def _change(value, rng, odd):
    if isinstance(value, np.ndarray) and rng.random() < .7:
        return _changed_array(value, rng)
    if not isinstance(value, (dict, list)) or not value or rng.random() < .12:
        return copy.deepcopy(rng.choice(odd))
    keys = list(value) if isinstance(value, dict) else range(len(value))
    key = rng.choice(keys)
    what = rng.random()
    if what < .72:
        value[key] = _change(value[key], rng, odd)
    elif what < .82:
        del value[key]
    elif isinstance(value, list):
        value.insert(key, copy.deepcopy(rng.choice((value[key], rng.choice(odd)))))
    elif what < .92:
        value[rng.choice((key, 'new', 3, '\x1b[2J'))] = copy.deepcopy(rng.choice(odd))
    else:
        other = rng.choice(list(keys))
        value[key], value[other] = value[other], value[key]
    return value


def _changed_array(array, rng):
    flat = array.astype(np.float64, copy=True) if array.dtype.kind in 'fiub' else array
    change = rng.randrange(11)
    if change == 0:
        return array.T
    if change == 1:
        return array[..., :-1] if array.ndim else array
    if change == 2:
        return array[:0] if array.ndim else array
    if change == 3:
        kinds = (np.float16, np.int8, np.uint64, bool, 'U3', np.complex64, '>f8') if array.dtype.kind in 'fiub' else ('U1', 'U9')
        return array.astype(rng.choice(kinds))
    if change == 4:
        return array.tolist()
    if change == 5:
        return array[None]
    if change == 6:
        return array.reshape(-1)
    if change == 7 and flat.size and flat.dtype.kind == 'f':
        flat = np.array(flat)
        flat.flat[rng.randrange(flat.size)] = rng.choice((np.nan, np.inf, -np.inf, 1e300, -1, -0.02, 2.))
        return flat
    if change == 8 and flat.dtype.kind == 'f':
        return flat * rng.choice((0, -1, 1e-3, 1e30, 1e5))
    if change == 9 and array.ndim:
        return np.repeat(array, 2, rng.randrange(array.ndim))
    return np.zeros_like(array)
