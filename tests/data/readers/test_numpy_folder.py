import numpy as np
import pytest

from mmskel.data.prepare import PrepareError, prepare
from mmskel.data.readers import NumpyFolder, ReadError


def write(folder, arrays, table):
    (folder / 'arrays').mkdir(exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / 'arrays' / f'{name}.npy', array)
    (folder / 'labels.csv').write_text(table)
    return folder / 'arrays', folder / 'labels.csv'


def pose(*shape):
    return np.random.default_rng(0).uniform(1, 2, shape)


def test_clips_with_all_columns(tmp_path):
    source, labels = write(tmp_path, dict(a=pose(4, 17, 2), b=pose(2, 3, 17, 2)),
                           'id,label,split,subject,fps\na,0,train,p1,25\nb.npy,2,val;all,,\n')
    reader = NumpyFolder(source, labels=labels, layout='coco', width=640, height=480, fps=30)
    a, b = (reader.read(item).check() for item in reader.items())
    assert (a.id, a.label, a.layout, a.unit, a.fps, a.image_size) == ('a', 0, 'coco17', 'pixel', 25, (480, 640))
    assert (a.extra, b.extra, b.fps, b.label) == (dict(subject='p1'), {}, 30, 2)
    assert a.keypoint.shape == (1, 4, 17, 2) and b.keypoint.shape == (2, 3, 17, 2)
    assert reader.splits(['a', 'b']) == dict(train=['a'], val=['b'], all=['b'])
    assert 'class_names' not in reader.meta() and 'class indices' in reader.notes()[0]


def test_names_become_classes_in_alphabetical_order(tmp_path):
    source, labels = write(tmp_path, dict(a=pose(4, 20, 3), b=pose(4, 20, 3), c=pose(4, 20, 3)),
                           'label, id\nwalk, a\nsit down, b\n3, c\n')
    reader = NumpyFolder(source, labels=str(labels), layout='kinect20')
    assert [reader.read(item).label for item in reader.items()] == [2, 1, 0]
    assert reader.meta()['class_names'] == ['3', 'sit down', 'walk']
    assert 'numbered alphabetically' in reader.notes()[0]


def test_the_last_channel_can_be_a_score(tmp_path):
    array = pose(4, 17, 3)
    array[..., 2] = .25
    source, labels = write(tmp_path, dict(a=array), 'id,label\na,0\n')
    clip = NumpyFolder(source, labels=labels, layout='coco17', with_score=True).read('a').check()
    assert clip.keypoint.shape == (1, 4, 17, 2) and (clip.score == .25).all()
    assert NumpyFolder(source, labels=labels, layout='coco17').read('a').keypoint.shape[-1] == 3


def test_arrays_and_lines_must_meet(tmp_path):
    source, labels = write(tmp_path, dict(a=pose(4, 17, 2)), 'id,label\nb,0\n')
    reader = NumpyFolder(source, labels=labels, layout='coco17')
    assert reader.items() == ['b', 'a']
    with pytest.raises(ReadError, match="'labels.csv' has a line for 'b', but there is no 'b.npy'"):
        reader.read('b')
    with pytest.raises(ReadError, match="'a.npy' has no line in 'labels.csv'; add one: a,<label>"):
        reader.read('a')


@pytest.mark.parametrize('array, words', [
    (pose(4, 18, 2), r'float64 \(4, 18, 2\); expected numbers .* 17 joints'), (pose(4, 17, 4), 'C = 2 or 3'),
    (pose(17, 2), r'\(17, 2\)'), (np.array(['x'] * 34).reshape(1, 17, 2), '<U1'),
    (np.array([{}, None], dtype=object), 'nothing in it was run')])
def test_a_wrong_array_is_named(tmp_path, array, words):
    source, labels = write(tmp_path, dict(a=array), 'id,label\na,0\n')
    with pytest.raises(ReadError, match=words) as error:
        NumpyFolder(source, labels=labels, layout='coco17').read('a')
    assert "'a.npy'" in str(error.value)


def test_files_that_are_no_arrays(tmp_path):
    source, labels = write(tmp_path, dict(a=pose(4, 17, 2)), 'id,label\na,0\n')
    whole = (source / 'a.npy').read_bytes()
    for content in (b'', b'text', whole[:100], whole[:-9]):
        (source / 'a.npy').write_bytes(content)
        with pytest.raises(ReadError, match="'a.npy' is not a plain array"):
            NumpyFolder(source, labels=labels, layout='coco17').read('a')


@pytest.mark.parametrize('table, words', [
    ('', 'header with id or path, label .* found nothing'), ('id,class\na,0\n', 'header with id or path, label .*found id,class'), ('id,label,sex\na,0,f\n', 'header'),
    ('id,label\n', 'no row below'), ('id,label\na\n', 'line 2: 1 cells; expected 2'),
    ('id,label\na,0,1\n', 'line 2: 3 cells; expected 2'), ('id,label\na,0\na,1\n', "line 3: a second line for 'a'"),
    ('id,label\na,\n', 'line 2: an empty id or label'), ('id,label,fps\na,0,fast\n', "fps is 'fast'")])
def test_a_wrong_table_is_named(tmp_path, table, words):
    source, labels = write(tmp_path, dict(a=pose(4, 17, 2)), table)
    with pytest.raises(ReadError, match=words) as error:
        NumpyFolder(source, labels=labels, layout='coco17').read('a')
    assert 'labels.csv' in str(error.value)


@pytest.mark.parametrize('options, words', [
    (dict(layout='coco17'), "needs the options 'labels'"), (dict(labels='x.csv'), "and 'layout'"),
    (dict(labels='x.csv', layout='cocoa'), "unknown layout 'cocoa'"),
    (dict(labels='x.csv', layout='coco17', width=640), "'width' and 'height' belong together"),
    (dict(labels='x.csv', layout='coco17', unit='feet'), 'pixel, metre, normalised'),
    (dict(labels='x.csv', layout='coco17', fps=-1), "'fps' is -1; expected a positive number")])
def test_options_that_cannot_be(tmp_path, options, words):
    source, _ = write(tmp_path, dict(a=pose(4, 17, 2)), 'id,label\na,0\n')
    with pytest.raises(ReadError, match=words):
        NumpyFolder(source, **options)


def test_a_missing_table_is_named(tmp_path):
    source, _ = write(tmp_path, dict(a=pose(4, 17, 2)), '')
    with pytest.raises(ReadError, match="no table of labels '.*nowhere.csv'"):
        NumpyFolder(source, labels=tmp_path / 'nowhere.csv', layout='coco17')


def test_labels_of_a_spreadsheet_stay_numbers(tmp_path):
    """A column that was floats has '0.0' to '11.0'; as text they would be sorted 0, 1, 10, 11, 2."""
    rows = ['id,label']
    for label in range(12):
        np.save(tmp_path / f'c{label}.npy', np.random.default_rng(label).random((4, 17, 2)) + 1)
        rows.append(f'c{label},{label}.0')
    (tmp_path / 'labels.csv').write_text('\n'.join(rows))
    file = prepare('numpy', tmp_path, tmp_path / 'out.pkl', progress=False,
                   options=dict(labels=tmp_path / 'labels.csv', layout='coco17'))
    assert {item['frame_dir']: item['label'] for item in file.annotations} == {f'c{label}': label for label in range(12)}
    assert 'class_names' not in file.meta


@pytest.mark.parametrize('label', ['-1', '1.5', 'nan', 'inf'])
def test_numbers_that_are_no_class_are_refused(tmp_path, label):
    np.save(tmp_path / 'a.npy', np.ones((4, 17, 2)))
    (tmp_path / 'labels.csv').write_text(f'id,label\na,{label}\n')
    with pytest.raises(PrepareError, match=f"labels.csv': label '{label}' is not a class index"):
        prepare('numpy', tmp_path, tmp_path / 'out.pkl', progress=False,
                options=dict(labels=tmp_path / 'labels.csv', layout='coco17'))


def test_class_folders_with_the_same_file_names(tmp_path):
    rows = ['id,label,split']
    for name in ('kick', 'squat'):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / '000.npy', np.random.default_rng(len(name)).random((4, 17, 2)) + 1)
        rows.append(f'{name}/000,{name},train')
    np.save(tmp_path / 'squat' / 'own.npy', np.ones((4, 17, 2)))
    rows.append('own.npy,squat,test')
    (tmp_path / 'labels.csv').write_text('\n'.join(rows))
    options = dict(labels=tmp_path / 'labels.csv', layout='coco17')
    file = prepare('numpy', tmp_path, tmp_path / 'out.pkl', progress=False, options=options)
    assert [item['frame_dir'] for item in file.annotations] == ['kick/000', 'squat/000', 'own']
    (tmp_path / 'labels.csv').write_text('id,label\n000,kick\n')
    with pytest.raises(PrepareError, match=r"names '000', but .*kick/000.npy, squat/000.npy; name files by their path"):
        prepare('numpy', tmp_path, tmp_path / 'out.pkl', progress=False, options=options)


def test_a_second_array_in_a_file_is_not_dropped(tmp_path):
    with (tmp_path / 'a.npy').open('wb') as file:
        np.save(file, np.ones((4, 17, 2)))
        np.save(file, np.ones((4, 17, 2)))
    (tmp_path / 'labels.csv').write_text('id,label\na,x\n')
    with pytest.raises(PrepareError, match="a.npy' is not a plain array.*a second array"):
        prepare('numpy', tmp_path, tmp_path / 'out.pkl', progress=False,
                options=dict(labels=tmp_path / 'labels.csv', layout='coco17'))


def test_a_header_that_claims_a_terabyte_takes_none(tmp_path):
    import io
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, dict(descr='<f8', fortran_order=False, shape=(10**6, 10**3, 17, 2)))
    (tmp_path / 'a.npy').write_bytes(file.getvalue() + b'12345678')
    (tmp_path / 'labels.csv').write_text('id,label\na,x\n')
    with pytest.raises(PrepareError, match='cut off'):
        prepare('numpy', tmp_path, tmp_path / 'out.pkl', progress=False,
                options=dict(labels=tmp_path / 'labels.csv', layout='coco17'))


@pytest.mark.parametrize('header, said', [('id,label,label', 'each once'), ('id;label;split', 'separated by semicolons'),
                                          ('id\tlabel', 'separated by tabs')])
def test_tables_that_say_something_else(tmp_path, header, said):
    np.save(tmp_path / 'a.npy', np.ones((4, 17, 2)))
    (tmp_path / 'labels.csv').write_text(f'{header}\na,1,2\n')
    with pytest.raises(PrepareError, match=said):
        prepare('numpy', tmp_path, tmp_path / 'out.pkl', progress=False,
                options=dict(labels=tmp_path / 'labels.csv', layout='coco17'))
