"""Tables and texts as spreadsheets and people write them."""
import numpy as np
import pytest
from scipy.io import savemat

from mmskel.files.json_text import JsonError, read_json
from mmskel.files.mat import MatFileError, read_mat
from mmskel.files.tables import TableError, are_class_numbers, read_table, read_text


@pytest.mark.parametrize('content', [b'id,label\na,x\n', b'\xef\xbb\xbfid,label\r\na,x\r\n', b' id , label\n\n a,  x \n , \n', b'id,label\ra,x\r',
                                     b'id,label\n"a","x"'])
def test_rows(tmp_path, content):
    (tmp_path / 't.csv').write_bytes(content)
    (line, row), = read_table(tmp_path / 't.csv', 'table', ['id', 'label'])
    assert row == dict(id='a', label='x') and line >= 2


@pytest.mark.parametrize('content, message', [
    ('id;label\na;x\n', 'separated by semicolons'), ('id\tlabel\na\tx\n', 'separated by tabs'), ('', 'found nothing'),
    ('id,label\n', 'no row below its header'), ('id,label\na\n', 'line 2: 1 cells; expected 2'), ('id,label\na,"b\n', 't.csv'),
    ('id,label\na,b,c\n', 'line 2: 3 cells; expected 2.*quotes'), ('id,label,id\na,b,c\n', 'each once'), ('id,sex\na,b\n', 'found id,sex'),
    ('id,label\na,b\0\n', 'NUL characters')])
def test_odd_tables_are_named(tmp_path, content, message):
    (tmp_path / 't.csv').write_text(content)
    with pytest.raises(TableError, match=message):
        read_table(tmp_path / 't.csv', 'table', ['id', 'label'])


def test_texts_that_are_none(tmp_path):
    (tmp_path / 't.txt').write_text('wave', encoding='utf-16')
    with pytest.raises(TableError, match="t.txt' is not a list that can be read: .*UTF-16.*Save it as UTF-8"):
        read_text(tmp_path / 't.txt', 'list')
    with pytest.raises(TableError, match='a list that can be read'):
        read_text(tmp_path, 'list')
    for name in ('none.txt', 'a\0b'):
        with pytest.raises(TableError, match='no list'):
            read_text(tmp_path / name, 'list')


def test_class_numbers():
    assert are_class_numbers('t', ['0', '1.0', '', '11']) and not are_class_numbers('t', ['0', 'wave'])
    assert not are_class_numbers('t', [])
    for label in ('-1', '0.5', 'nan', 'inf', '-0.5'):
        with pytest.raises(TableError, match='is not a class index'):
            are_class_numbers('t', ['0', label])


@pytest.mark.parametrize('text', ['{', '[' * 100_000, '[' * 100_000 + ']' * 100_000, '9' * 5000, b'\xff', ''])
def test_odd_json_is_one_line(text):
    with pytest.raises(JsonError):
        read_json(text)


@pytest.mark.parametrize('compressed', [False, True])
def test_matlab_files_are_read_as_scipy_reads_them(tmp_path, compressed):
    rng = np.random.default_rng(0)
    arrays = dict(x=rng.normal(size=(5, 13)), small=np.array([[3]], np.uint8), ints=np.arange(-3, 3, dtype=np.int16), train=1,
                  singles=rng.normal(size=(2, 3, 4)).astype(np.float32), none=np.zeros((0, 3)))
    savemat(tmp_path / 'a.mat', dict(arrays, action='tennis_serve', umlaut='größe', other=dict(a=1)), do_compression=compressed)
    data = (tmp_path / 'a.mat').read_bytes()
    found = read_mat(data, [*arrays, 'action', 'umlaut', 'other', 'absent'])
    assert found.keys() == {*arrays, 'action', 'umlaut'} and found['action'] == 'tennis_serve' and found['umlaut'] == 'größe'
    from scipy.io import loadmat
    for name, array in loadmat(tmp_path / 'a.mat', variable_names=arrays).items():
        if name in arrays:
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == array.dtype
    for end in (3, 127, 140, len(data) // 2, len(data) - 1):
        with pytest.raises(MatFileError):
            read_mat(data[:end], ['x', 'none', 'action', 'umlaut', 'singles'])
