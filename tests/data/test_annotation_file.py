import pickle

import numpy as np
import pytest

from mmskel.data import AnnotationError, load_annotation_file, save_annotation_file
from mmskel.skeleton import Clip, ClipError


def _clip(name, label=0, frames=4):
    rng = np.random.default_rng(frames)
    return Clip(name, rng.normal(size=(1, frames, 20, 3)), layout='kinect20', label=label, extra=dict(subject=3))


def _write(path, value):
    path.write_bytes(pickle.dumps(value))
    return path


def test_clips_come_back(tmp_path):
    clips = [_clip('a', 0), _clip('b', 1, frames=7)]
    meta = dict(layout='kinect20', class_names=['sit', 'stand'])
    save_annotation_file(tmp_path / 'f.pkl', clips, dict(train=['b'], test=['a']), meta)
    file = load_annotation_file(tmp_path / 'f.pkl')
    assert file.layout == 'kinect20' and file.class_names == ['sit', 'stand']
    assert file.split == dict(train=['b'], test=['a'])
    [back] = file.clips('train')
    np.testing.assert_array_equal(back.keypoint, clips[1].keypoint)
    assert (back.id, back.label, back.unit, back.extra) == ('b', 1, 'metre', dict(subject=3))
    assert [clip.id for clip in file.clips()] == ['a', 'b']


def test_pysk_and_older_files_are_read(tmp_path):
    old = [dict(filename='x', keypoint=np.zeros((1, 3, 17, 2), np.float16), label=np.int64(4), total_frames=3)]
    file = load_annotation_file(_write(tmp_path / 'old.pkl', old))
    assert file.layout == 'coco17' and file.class_names == [f'class {i}' for i in range(5)] and file.split == {}


def test_ids_that_are_numbers_find_their_clips(tmp_path):
    data = dict(split=dict(train=[7]), annotations=[dict(frame_dir=7, keypoint=np.ones((1, 3, 17, 2)), label=0)])
    [clip] = load_annotation_file(_write(tmp_path / 'n.pkl', data)).clips('train')
    assert clip.id == '7'


@pytest.mark.parametrize('data, words', [
    ({'a': 1}, 'not an annotation file'),
    ('text', 'not an annotation file'),
    (dict(annotations=[]), 'holds no clip'),
    (dict(annotations=[3]), 'annotation 0: 3 is not an annotation'),
    (dict(annotations=[dict(frame_dir='a'), dict(frame_dir='a')]), "two clips called 'a'"),
    (dict(annotations=[dict(frame_dir='a')], split=['a']), "'split' is list .*expected a dictionary"),
    (dict(annotations=[dict(frame_dir='a')], split=dict(train='a')), "split 'train' is 'a'; expected a list of clip ids"),
])
def test_other_files_are_refused_in_words(tmp_path, data, words):
    with pytest.raises(AnnotationError, match=words) as error:
        load_annotation_file(_write(tmp_path / 'f.pkl', data))
    assert 'f.pkl' in str(error.value)


def test_unknown_splits_and_lost_clips_are_named(tmp_path):
    data = dict(split=dict(train=['a', 'gone']), annotations=[dict(frame_dir='a', keypoint=np.ones((1, 2, 17, 2)))])
    file = load_annotation_file(_write(tmp_path / 'f.pkl', data))
    with pytest.raises(AnnotationError, match="no split 'val'; it has: train"):
        file.of('val')
    with pytest.raises(AnnotationError, match='names 1 clips.*gone'):
        file.of('train')


@pytest.mark.parametrize('clips, split, words', [
    ([_clip('a'), _clip('a')], {}, "1 ids occur twice, e.g. a"),
    ([_clip('a')], dict(train=['b']), 'unknown clips, e.g. b'),
])
def test_nothing_is_written_for_what_does_not_fit(tmp_path, clips, split, words):
    with pytest.raises(AnnotationError, match=words):
        save_annotation_file(tmp_path / 'f.pkl', clips, split, {})
    assert list(tmp_path.iterdir()) == []


def test_a_broken_clip_is_not_written(tmp_path):
    broken = _clip('a')
    broken.keypoint[0, 2, 5] = np.nan
    with pytest.raises(ClipError, match="clip 'a'.*NaN"):
        save_annotation_file(tmp_path / 'f.pkl', [broken], {}, {})
    assert list(tmp_path.iterdir()) == []
