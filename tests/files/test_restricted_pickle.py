import collections
import os
import pickle

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
    with pytest.raises(ValueError, match=r'broken\.pkl.*no readable pickle'):
        load_pickle(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.pkl'):
        load_pickle(tmp_path / 'nowhere.pkl')
