import pickle

import numpy as np
import pytest

from mmskel.data.readers import Pickled, ReadError
from mmskel.skeleton import ClipError


def annotation(name, joints=25, coords=3, **more):
    keypoint = np.random.default_rng(0).normal(size=(1, 4, joints, coords)).astype(np.float16)
    return dict(frame_dir=name, total_frames=4, label=1, keypoint=keypoint, **more)


def write(folder, annotations, split=None, **more):
    path = folder / 'set.pkl'
    path.write_bytes(pickle.dumps(dict(annotations=annotations, split=split or {}, **more)))
    return path


def test_a_file_of_pyskl_keeps_its_splits_and_gets_a_layout(tmp_path):
    path = write(tmp_path, [annotation('a'), annotation('b')], dict(xsub_train=['b'], xsub_val=['a']))
    reader = Pickled(path)
    clips = [reader.read(item).check() for item in reader.items()]
    assert [clip.layout for clip in clips] == ['ntu25', 'ntu25'] and clips[0].keypoint.dtype == np.float32
    assert reader.splits(['a', 'b']) == dict(xsub_train=['b'], xsub_val=['a'])
    assert reader.splits(['a']) == dict(xsub_train=[], xsub_val=['a'])
    assert reader.meta() == dict(source='set.pkl', layout='ntu25')


def test_a_layout_can_be_given_and_must_fit(tmp_path):
    path = write(tmp_path, [annotation('a', 20)])
    assert Pickled(path, layout='kinect20_msr').read('a').check().layout == 'kinect20_msr'
    with pytest.raises(ClipError, match="clip 'a': has 20 joints, but layout 'coco17' has 17"):
        Pickled(path, layout='coco17').read('a').check()
    with pytest.raises(ClipError, match='14 joints but no known layout'):
        Pickled(write(tmp_path, [annotation('a', 14)])).read('a').check()


def test_clips_that_only_a_split_knows_are_items_that_fail(tmp_path):
    reader = Pickled(write(tmp_path, [annotation('a')], dict(train=['a', 'gone'])))
    assert reader.items() == ['a', 'gone']
    with pytest.raises(ReadError, match="split 'train' names clip 'gone'"):
        reader.read('gone')


def test_the_index_of_kinetics_says_where_its_keypoints_are(tmp_path):
    reader = Pickled(write(tmp_path, [dict(frame_dir='a', raw_file='x.pkl', label=0)]))
    with pytest.raises(ClipError, match="raw_file"):
        reader.read('a')


def test_layouts_are_not_mixed(tmp_path):
    reader = Pickled(write(tmp_path, [annotation('a', layout='ntu25'), annotation('b', 20, layout='kinect20')]))
    for item in reader.items():
        reader.read(item)
    with pytest.raises(ReadError, match='ntu25 and kinect20'):
        reader.meta()


@pytest.mark.parametrize('content', [b'text', pickle.dumps(dict(a=1)), pickle.dumps(dict(annotations=[]))])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / 'set.pkl').write_bytes(content)
    with pytest.raises(ReadError, match='set.pkl'):
        Pickled(tmp_path / 'set.pkl')
