import json
import os

import numpy as np
import pytest

from mmskel.data import PrepareError, load_annotation_file, prepare
from mmskel.data.prepare import summary
from mmskel.files.errors import OutputError


@pytest.fixture
def clips(tmp_path):
    """A folder of four small N-UCLA clips; the label of one contradicts its name."""
    folder = tmp_path / 'clips'
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, label in (('a01_s01_e00_v01', 1), ('a01_s01_e00_v03', 1), ('a02_s02_e01_v02', 2), ('a03_s01_e00_v01', 9)):
        data = dict(file_name=name, skeletons=rng.normal(size=(3, 20, 3)).tolist(), label=label)
        (folder / f'{name}.json').write_text(json.dumps(data))
    return folder


@pytest.fixture
def good(clips):
    (clips / 'a03_s01_e00_v01.json').unlink()
    return clips


def test_a_file_is_written_that_reads_back(good, tmp_path, capsys):
    out = tmp_path / 'sub' / 'set.pkl'
    file = prepare('nw_ucla', good, out)
    back = load_annotation_file(out)
    assert [clip.id for clip in back.clips()] == ['a01_s01_e00_v01', 'a01_s01_e00_v03', 'a02_s02_e01_v02']
    assert back.split == file.split and back.split['xview_test'] == ['a01_s01_e00_v03']
    assert 'xsub_train' in back.split and 'view2_test' in back.split
    assert back.meta['format'] == 'nw_ucla' and back.layout == 'kinect20' and len(back.class_names) == 10
    assert "3 clips of 10 classes -> '" in capsys.readouterr().out
    assert 'split xview_test: 1 clips' in summary(file)
    assert os.listdir(out.parent) == ['set.pkl']


def test_splits_without_a_clip_are_not_written(good, tmp_path):
    (good / 'a01_s01_e00_v03.json').unlink()
    assert 'xview_test' not in prepare('nw_ucla', good, tmp_path / 'set.pkl', progress=False).split


def test_a_broken_file_stops_everything_and_is_named(clips, tmp_path, capsys):
    out = tmp_path / 'out' / 'set.pkl'
    with pytest.raises(PrepareError, match=r"a03_s01_e00_v01.json': label 9 .*keep_going=True"):
        prepare('nw_ucla', clips, out)
    assert not out.parent.exists() or os.listdir(out.parent) == []
    assert capsys.readouterr().out == ''


def test_a_broken_file_can_be_skipped_and_is_listed(clips, tmp_path, capsys):
    out = tmp_path / 'out' / 'set.pkl'
    file = prepare('nw_ucla', clips, out, keep_going=True)
    name, reason = (out.parent / 'set.pkl.skipped.txt').read_text().splitlines()[0].split('\t')
    assert name == 'a03_s01_e00_v01.json' and reason.startswith("'a03_s01_e00_v01.json': label 9 in the file")
    assert len(file.annotations) == 3 and list(load_annotation_file(out).meta['skipped']) == [name]
    assert "skipped as broken: 1, see '" in capsys.readouterr().out
    # the list of an earlier run does not outlive it
    (clips / name).unlink()
    prepare('nw_ucla', clips, out, progress=False)
    assert os.listdir(out.parent) == ['set.pkl']


def test_a_clip_that_fails_its_check_is_named_by_its_id(good, tmp_path):
    path = good / 'a02_s02_e01_v02.json'
    data = json.loads(path.read_text())
    data['skeletons'][0][3][1] = float('nan')
    path.write_text(json.dumps(data))
    with pytest.raises(PrepareError, match="clip 'a02_s02_e01_v02': keypoint holds NaN"):
        prepare('nw_ucla', good, tmp_path / 'set.pkl', progress=False)
    assert not (tmp_path / 'set.pkl').exists()


def test_nothing_readable_is_an_error_even_when_skipping(good, tmp_path):
    for path in good.iterdir():
        path.write_text('{}')
    with pytest.raises(PrepareError, match='none of the 3 clips .* the first: '):
        prepare('nw_ucla', good, tmp_path / 'set.pkl', keep_going=True, progress=False)
    assert not (tmp_path / 'set.pkl').exists() and not (tmp_path / 'set.pkl.skipped.txt').exists()


@pytest.mark.parametrize('keep_going', [False, True])
def test_a_failed_run_leaves_the_old_file(clips, tmp_path, keep_going, monkeypatch):
    out = tmp_path / 'set.pkl'
    out.write_bytes(b'old')

    def full(*args, **kwargs):
        raise OSError('disk full')

    monkeypatch.setattr('pickle.dump', full)
    with pytest.raises(OSError if keep_going else PrepareError):
        prepare('nw_ucla', clips, out, keep_going=keep_going, progress=False)
    assert out.read_bytes() == b'old' and sorted(os.listdir(tmp_path)) == ['clips', 'set.pkl']


@pytest.mark.parametrize('format, options, words', [
    ('nw-ucla', {}, "unknown format 'nw-ucla'; known: .*nw_ucla"),
    ('nw_ucla', dict(view=3), "'nw_ucla' has no option 'view'; its options: none"),
    ('ntu', dict(denoising='sgn'), r"no option 'denoising'; its options: benchmark \(.*denoise \("),
    ('numpy', {}, "needs the options 'labels'"),
])
def test_unknown_formats_and_options_are_refused(good, tmp_path, format, options, words):
    with pytest.raises(PrepareError, match=words):
        prepare(format, good, tmp_path / 'set.pkl', options=options)


@pytest.mark.parametrize('out', ['set', 'set.npz', 'clips'])
def test_the_output_must_be_a_pickle(good, tmp_path, out):
    with pytest.raises(OutputError, match='ends in .pkl'):
        prepare('nw_ucla', good, tmp_path / out)


def test_options_are_kept_in_the_file_without_paths(tmp_path):
    (tmp_path / 'arrays').mkdir()
    np.save(tmp_path / 'arrays' / 'a.npy', np.ones((3, 17, 2)))
    (tmp_path / 'labels.csv').write_text('id,label,split\na,sit,train\n')
    options = dict(labels=str(tmp_path / 'labels.csv'), layout='coco17')
    prepare('numpy', tmp_path / 'arrays', tmp_path / 'set.pkl', options=options, progress=False)
    file = load_annotation_file(tmp_path / 'set.pkl')
    assert file.meta['options'] == dict(labels='labels.csv', layout='coco17', with_score=False, unit='')
    assert file.split == dict(train=['a']) and file.class_names == ['sit']
    assert str(tmp_path).encode() not in (tmp_path / 'set.pkl').read_bytes()


def test_a_file_of_ours_keeps_what_it_says_about_its_origin(good, tmp_path):
    first = prepare('nw_ucla', good, tmp_path / 'one.pkl', progress=False)
    second = prepare('pickle', tmp_path / 'one.pkl', tmp_path / 'two.pkl', progress=False)
    assert second.meta == first.meta and second.split == first.split
    for a, b in zip(first.annotations, second.annotations, strict=True):
        np.testing.assert_equal(a, b)


def test_the_same_data_give_the_same_bytes(good, tmp_path):
    for name in ('one.pkl', 'two.pkl'):
        prepare('nw_ucla', good, tmp_path / name, progress=False)
    assert (tmp_path / 'one.pkl').read_bytes() == (tmp_path / 'two.pkl').read_bytes()


def test_the_real_sets(shared, tmp_path, capsys):
    for format, source, count in (('nw_ucla', 'nw_ucla/all_sqe.zip', 1484), ('utkinect', 'utkinect', 199)):
        file = prepare(format, shared / 'data' / source, tmp_path / f'{format}.pkl')
        assert len(file.annotations) == count
        assert len(load_annotation_file(tmp_path / f'{format}.pkl').annotations) == count
    text = capsys.readouterr().out
    assert '1 to 201 frames (median 31)' in text and '5 to 110 frames (median 28)' in text
    assert "labels: 'actionLabel_modified.txt'" in text and 'a05_s10_e02' in text
