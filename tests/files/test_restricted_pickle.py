import collections
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from mmskel.files.restricted_pickle import UnsafePickleError, load_pickle


class Evil:
    """Pickles as a call of any function."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def _write(path, value, protocol=4):
    path.write_bytes(pickle.dumps(value, protocol))
    return path


@pytest.mark.parametrize('protocol', range(2, 6))
def test_arrays_and_plain_containers_come_back(tmp_path, protocol):
    value = dict(a=np.arange(6, dtype=np.float16).reshape(2, 3), b=[1, 2.5, None, True, 'text', b'bytes'],
                 c=(np.float32(1.5), np.int64(3), np.bool_(True)), d=collections.OrderedDict(x={1, 2}),
                 e=np.array(['s01', 's02']), f=np.asfortranarray(np.ones((2, 3))), g=np.zeros((0, 3)))
    loaded = load_pickle(_write(tmp_path / 'a.pkl', value, protocol))
    np.testing.assert_array_equal(loaded['a'], value['a'])
    assert loaded['a'].dtype == np.float16
    assert loaded['b'] == value['b'] and loaded['c'] == value['c'] and loaded['d'] == value['d']
    np.testing.assert_array_equal(loaded['e'], value['e'])
    np.testing.assert_array_equal(loaded['f'], value['f'])
    assert loaded['g'].shape == (0, 3)


def test_pickles_of_numpy_1_are_read(tmp_path):
    data = pickle.dumps(np.arange(3.), 2).replace(b'numpy._core.multiarray', b'numpy.core.multiarray')
    (tmp_path / 'old.pkl').write_bytes(data)
    np.testing.assert_array_equal(load_pickle(tmp_path / 'old.pkl'), [0, 1, 2])


@pytest.mark.parametrize('wrap', [
    lambda evil: evil,
    lambda evil: dict(split={}, annotations=[dict(frame_dir='a', keypoint=evil)]),
    lambda evil: np.array([evil, None], dtype=object),
    lambda evil: {('a', evil): 1},
], ids=['bare', 'in an annotation', 'in an object array', 'in a key'])
@pytest.mark.parametrize('make', [
    lambda mark: Evil(os.system, f'touch {mark}'),
    lambda mark: Evil(eval, f"open({str(mark)!r}, 'w')"),
    lambda mark: Evil(exec, f"open({str(mark)!r}, 'w')"),
    lambda mark: Evil(getattr, 'text', 'upper'),
    lambda mark: Evil(np.load, str(mark)),
    lambda mark: Evil(open, str(mark), 'w'),
], ids=['os.system', 'eval', 'exec', 'getattr', 'numpy.load', 'open'])
def test_nothing_is_run(tmp_path, wrap, make):
    mark = tmp_path / 'mark'
    path = _write(tmp_path / 'evil.pkl', wrap(make(mark)))
    with pytest.raises(UnsafePickleError, match='evil.pkl') as error:
        load_pickle(path)
    assert 'nothing was run' in str(error.value)
    assert not mark.exists()


def test_attributes_of_allowed_modules_are_out_of_reach(tmp_path):
    # protocol 4 resolves dotted names; ndarray.tofile would write a file
    data = b'\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.'
    (tmp_path / 'dotted.pkl').write_bytes(data)
    with pytest.raises(UnsafePickleError, match='ndarray.tofile'):
        load_pickle(tmp_path / 'dotted.pkl')


@pytest.mark.parametrize('content', [b'', b'not a pickle', pickle.dumps(list(range(1000)))[:-100], b'\x80\x04P0\n.'],
                         ids=['empty', 'text', 'cut off', 'persistent id'])
def test_a_broken_file_is_named(tmp_path, content):
    path = tmp_path / 'broken.pkl'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'broken\.pkl.*not a readable pickle'):
        load_pickle(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.pkl'):
        load_pickle(tmp_path / 'nowhere.pkl')


class Call:
    """Pickles as a call, and what ``__setstate__`` of its result is told."""

    def __init__(self, function, args, state=None):
        self.parts = (function, args) if state is None else (function, args, state)

    def __reduce__(self):
        return self.parts


RECONSTRUCT = np._core.multiarray._reconstruct
SCALAR = np._core.multiarray.scalar
FROM_BUFFER = np._core.numeric._frombuffer


def typed(text, order='<', names=None, fields=None, size=-1, flags=0):
    return Call(np.dtype, (text, False, True), (3, order, None, names, fields, size, -1, flags))


def array(kind, shape, data, fortran=False):
    return Call(RECONSTRUCT, (np.ndarray, (0, ), b'b'), (1, shape, kind, fortran, data))


CRAFTED = {
    'fields beyond the item': array(typed('V4', '|', ('a', ), {'a': (np.dtype('f8'), 4096)}, 4), (1, ), b'1234'),
    'fields of a number': array(typed('f4', '<', ('a', ), {'a': (np.dtype('f8'), 4096)}), (1, ), b'1234'),
    'objects whose flags are denied': array(typed('O8', '|', flags=0), (1, ), b'\1' * 8),
    'an object scalar': Call(SCALAR, (typed('O8', '|', flags=63), b'\1' * 8)),
    'objects in a buffer': Call(FROM_BUFFER, (b'\1' * 8, typed('O8', '|', flags=63), (1, ), 'C')),
    'a longer item': array(typed('U3', size=4096, flags=8), (1, ), b'1234' * 3),
    'a negative item': array(typed('U3', size=-8, flags=8), (1, ), b'1234' * 3),
    'more numbers than bytes': array(np.dtype('f4'), (1000, ), b'1234'),
    'fewer numbers than bytes': array(np.dtype('f4'), (1, ), b'1234' * 9),
    'a shape below zero': array(np.dtype('f4'), (-1, -1), b'1234'),
    'a shape of objects': array(np.dtype('f4'), (1.0, ), b'1234'),
    'an item of no size': array(typed('S0', '|'), (10**12, ), b''),
    'a structure': array(np.dtype([('a', 'f4')]), (1, ), b'1234'),
    'an array within a type': array(Call(np.dtype, ('(3,)f4', False, True)), (1, ), b'1234' * 3),
    'truth values of two': array(np.dtype('?'), (1, ), b'\2'),
    'text beyond Unicode': array(np.dtype('U1'), (1, ), b'\xff' * 4),
    'dates': array(np.dtype('M8[s]'), (1, ), b'12345678'),
    'another class': Call(RECONSTRUCT, (set, (0, ), b'b')),
    'many bytes': Call(bytes, (2**40, )),
    'the state of a number': Call(np.float32, (1., ), (1, 2)),
    'a codec': Call(__import__('_codecs').encode, ('text', 'zip')),
    'a type for a value': [np.dtype('f4')],
    'a builder for a value': [set],
}


@pytest.mark.parametrize('name', CRAFTED)
def test_crafted_arrays_touch_no_memory(tmp_path, name):
    """In a process of its own, whose allocator notices writes beyond a block."""
    path = _write(tmp_path / 'crafted.pkl', dict(split={}, annotations=[CRAFTED[name]]))
    code = ('import sys\nfrom mmskel.files.restricted_pickle import load_pickle\n'
            'try:\n    value = load_pickle(sys.argv[1])\n    print(value, str(value)[:100])\n'
            'except ValueError as error:\n    print("refused:", error)\n'
            'except Exception as error:\n    print("refused:", error)\n')
    done = subprocess.run([sys.executable, '-c', code, str(path)], capture_output=True, text=True, timeout=60,
                          env=dict(os.environ, PYTHONMALLOC='debug'))
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.startswith('refused:') and 'crafted.pkl' in done.stdout, done.stdout


def itself():
    value = []
    value.append(value)
    return value


def laughs(depth):
    value = ['ha'] * 10
    for _ in range(depth):
        value = [value] * 10
    return value


@pytest.mark.parametrize('value, message', [
    (itself(), 'holds itself'), (laughs(12), 'stand for'), (eval('[' * 60 + ']' * 60), 'hold one another')],
    ids=['itself', 'many laughs', 'deep'])
def test_bombs_are_refused_at_once(tmp_path, value, message):
    with pytest.raises(ValueError, match=f'bomb.pkl.*{message}'):
        load_pickle(_write(tmp_path / 'bomb.pkl', value))


def test_a_key_that_takes_for_ever_to_hash_is_refused(tmp_path):
    (tmp_path / 'bomb.pkl').write_bytes(b'\x80\x04})' + b'2\x86' * 40 + b'K\x01s.')
    with pytest.raises(UnsafePickleError, match='bomb.pkl.*deeply nested tuples'):
        load_pickle(tmp_path / 'bomb.pkl')


def test_a_far_place_of_the_memo_costs_nothing(tmp_path):
    (tmp_path / 'memo.pkl').write_bytes(b'\x80\x04]r\xf0\xff\xff\xff.')
    assert load_pickle(tmp_path / 'memo.pkl') == []


@pytest.mark.parametrize('protocol', range(6))
def test_random_values_come_back_as_python_reads_them(tmp_path, protocol):
    rng = np.random.default_rng(protocol)

    def value(depth=0):
        kinds = 10 if depth < 4 else 6
        match rng.integers(kinds):
            case 0:
                return int(rng.integers(-2**62, 2**62)) * int(rng.integers(1, 2**40))
            case 1:
                return float(rng.normal())
            case 2:
                return ''.join(map(chr, rng.integers(32, 0x2000, rng.integers(300))))
            case 3:
                return [None, True, False, b'', bytes(rng.integers(0, 256, rng.integers(300), 'u1'))][rng.integers(5)]
            case 4:
                kind = ['f2', 'f4', '>f8', 'i1', 'u2', '<i8', '?', 'S3', 'U5'][rng.integers(9)]
                made = rng.integers(0, 2, rng.integers(0, 4, rng.integers(4))).astype(kind)
                return np.asfortranarray(made) if rng.integers(2) else made
            case 5:
                return [np.float32(1.5), np.int64(-3), np.bool_(True), np.str_('text'), np.uint8(7)][rng.integers(5)]
            case 6:
                return [value(depth + 1) for _ in range(rng.integers(5))]
            case 7:
                return tuple(value(depth + 1) for _ in range(rng.integers(5)))
            case 8:
                return {f'key{i}': value(depth + 1) for i in range(rng.integers(5))}
            case 9:
                return [{1, 'a', (2, 3)}, frozenset([1., 'b']), collections.OrderedDict(a=1, b=[2])][rng.integers(3)]

    made = [value() for _ in range(200)]
    made += made[:50]  # what the memo is for
    loaded = load_pickle(_write(tmp_path / 'random.pkl', made, protocol))
    assert same(loaded, pickle.loads(pickle.dumps(made, protocol)))
    assert all(array.flags.writeable for array in loaded if isinstance(array, np.ndarray))


def same(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype.newbyteorder('=') == b.dtype.newbyteorder('=') and a.shape == b.shape and (a == b).all()
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return (list(a) == list(b) and all(same(a[key], b[key]) for key in a)) if isinstance(a, dict) else a == b
