import pickle
from pathlib import Path

import numpy as np
import pytest

from mmskel.data.annotation_file import AnnotationError, save_annotation_file
from mmskel.data.dataset import SkeletonDataset
from mmskel.data.transforms import PackSkeleton, RandomRotation3D, ResampleFrames
from mmskel.skeleton import Clip, ClipError, LayoutError


def write(path, layout='kinect20', V=20, **meta):
    rng = np.random.default_rng(0)
    clips = [Clip(f'c{i}', rng.normal(size=(1, 8 + i, V, 3)), layout=layout, label=i % 3) for i in range(6)]
    split = dict(xsub_train=['c0', 'c1', 'c2', 'c3'], xsub_val=['c4', 'c5'], xsub_test_clean=['c5'],
                 train=['c0'], test=['c1'])
    save_annotation_file(path, clips, split, dict(layout=layout, class_names=['a', 'b', 'c'], **meta))
    return str(path)


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / 'a.pkl')


PIPELINE = [RandomRotation3D((60, 60, 60)), ResampleFrames(5, random=True), PackSkeleton()]


def ids(dataset):
    return [dataset.get_data_info(i)['frame_dir'] for i in range(len(dataset))]


def test_splits(file):
    assert ids(SkeletonDataset(file, [], split='xsub')) == ['c0', 'c1', 'c2', 'c3']
    assert ids(SkeletonDataset(file, [], split='xsub', test_mode=True)) == ['c4', 'c5']  # _val serves as the test
    assert ids(SkeletonDataset(file, [], split='xsub_test_clean')) == ['c5']
    assert ids(SkeletonDataset(file, [], split='')) == ['c0']
    assert len(SkeletonDataset(file, [])) == 6
    data = SkeletonDataset(file, [], split='xsub', part='test', subsets=dict(clean='xsub_test_clean', none='nowhere'))
    assert data.metainfo['subsets'] == dict(clean=['c5']) and data.metainfo['class_names'] == ['a', 'b', 'c']
    assert data.metainfo['split'] == 'xsub_val' and data.metainfo['layout'] == 'kinect20'


def test_samples_depend_on_seed_epoch_and_index_alone(file):
    def drawn(seed=0, epoch=0, index=1, repeat=1):
        data = SkeletonDataset(file, PIPELINE, split='xsub', repeat=repeat)
        data.set_epoch(epoch, seed=seed)
        return data[index]['inputs']['keypoint']

    same = drawn()
    assert same.equal(drawn())
    for other in (drawn(seed=1), drawn(epoch=1), drawn(index=5, repeat=2)):  # index 5 is clip 1 again
        assert other.shape == same.shape and not other.equal(same)


def test_copies_that_are_augmented_once(file):
    data = SkeletonDataset(file, PIPELINE, split='xsub', repeat=2, fixed_copies=True)
    first = [data[index]['inputs']['keypoint'] for index in (1, 5)]
    assert not first[0].equal(first[1]), 'copies of a clip differ'
    data.set_epoch(3)
    assert data[1]['inputs']['keypoint'].equal(first[0]) and data[5]['inputs']['keypoint'].equal(first[1])
    data.set_epoch(3, seed=1)
    assert not data[1]['inputs']['keypoint'].equal(first[0])


def test_repeat_shows_every_clip_afresh(file):
    data = SkeletonDataset(file, PIPELINE, split='xsub', repeat=3)
    assert len(data) == 12 and data.get_data_info(9)['frame_dir'] == 'c1'


def test_running_workers_see_the_epoch(file):
    from torch.utils.data import DataLoader
    data = SkeletonDataset(file, PIPELINE, split='xsub')
    loader = DataLoader(data, batch_size=None, num_workers=1, persistent_workers=True)
    epochs = []
    for epoch in range(2):
        data.set_epoch(epoch)
        epochs.append([sample['inputs']['keypoint'] for sample in loader])
    data.set_epoch(1)
    assert not epochs[0][0].equal(epochs[1][0])
    assert all(a.equal(data[i]['inputs']['keypoint']) for i, a in enumerate(epochs[1]))


def test_layouts_are_converted_by_name(tmp_path):
    file = write(tmp_path / 'ntu.pkl', 'ntu25', 25)
    plain, converted = SkeletonDataset(file, []), SkeletonDataset(file, [], layout='kinect20')
    x = plain.get_data_info(0)['keypoint']
    np.testing.assert_array_equal(converted.get_data_info(0)['keypoint'], x[:, :, [0, 1, 20, 3, *range(4, 20)]])
    with pytest.raises(LayoutError, match='left_eye'):
        SkeletonDataset(file, [], layout='coco17')


def test_scores_are_there_for_all_clips_or_for_none(tmp_path):
    rng = np.random.default_rng(0)
    clips = [Clip(f'c{i}', rng.normal(size=(1, 8, 20, 3)), rng.random((1, 8, 20)) if i else None, label=0) for i in range(3)]
    save_annotation_file(tmp_path / 'a.pkl', clips, dict(all=['c0', 'c1', 'c2']), dict(layout='kinect20'))
    data = SkeletonDataset(str(tmp_path / 'a.pkl'), PIPELINE)
    assert all('keypoint_score' in data[i]['inputs'] for i in range(3))
    save_annotation_file(tmp_path / 'b.pkl', clips[:1], dict(all=['c0']), dict(layout='kinect20'))
    assert 'keypoint_score' not in SkeletonDataset(str(tmp_path / 'b.pkl'), PIPELINE)[0]['inputs']


def test_a_subset_that_is_no_part_of_the_split_is_left_out(file):
    data = SkeletonDataset(file, [], split='xsub', part='train', subsets=dict(clean='xsub_test_clean'))
    assert data.metainfo['subsets'] == {}


@pytest.mark.parametrize('arguments, error, message', [
    (dict(split='xview'), AnnotationError, "no split 'xview' with a part for train .xview_train.; it has: test, "),
    (dict(num_classes=2), AnnotationError, "clip 'c2'.* has label 2, but the model has 2 classes"),
    (dict(part='dev'), ValueError, "part must be 'train' or 'test'"),
    (dict(repeat=0), ValueError, 'repeat must be at least 1'),
    (dict(layout='cocoa'), LayoutError, "unknown layout 'cocoa'"),
])
def test_wrong_arguments(file, arguments, error, message):
    with pytest.raises(error, match=message):
        SkeletonDataset(file, [], **arguments)


def test_wrong_clips_are_named(tmp_path):
    import pickle
    path = tmp_path / 'bad.pkl'
    item = dict(frame_dir='c9', total_frames=4, keypoint=np.full((1, 4, 25, 3), np.nan, np.float32), label=0)
    path.write_bytes(pickle.dumps(dict(split={}, annotations=[item])))
    data = SkeletonDataset(str(path), [])  # opening checks nothing clip by clip
    with pytest.raises(ClipError, match="bad.pkl': clip 'c9'.*NaN"):
        data.get_data_info(0)
    path.write_bytes(pickle.dumps(dict(split={}, annotations=[dict(item, keypoint=np.ones((1, 4, 25, 3)), label=None)])))
    with pytest.raises(AnnotationError, match="clip 'c9' in .*bad.pkl' has no label"):
        SkeletonDataset(str(path), [])


def test_numbered_splits_and_labels(file):
    from mmskel.data import load_annotation_file
    content = load_annotation_file(file)
    content.split.update(train2=['c1', 'c3'], test2=['c4'])
    data = dict(split=content.split, annotations=content.annotations, **content.meta)
    path = Path(file).with_name('numbered.pkl')
    path.write_bytes(pickle.dumps(data))
    assert ids(SkeletonDataset(path, [], split='2')) == ['c1', 'c3']
    assert ids(SkeletonDataset(path, [], split='2', test_mode=True)) == ['c4']
    twice = SkeletonDataset(path, [], split='xsub', repeat=2)
    assert twice.labels() == [twice.get_data_info(i)['label'] for i in range(8)]


def unlabelled(path):
    rng = np.random.default_rng(0)
    clips = [Clip(f'c{i}', rng.normal(size=(1, 8, 20, 3)), layout='kinect20', label=None if i % 2 else i) for i in range(4)]
    save_annotation_file(path, clips, dict(train=['c0', 'c1', 'c2', 'c3']), dict(layout='kinect20'))
    return str(path)


def test_clips_without_labels_are_taken_when_asked(tmp_path):
    file = unlabelled(tmp_path / 'a.pkl')
    with pytest.raises(AnnotationError, match="clip 'c1' in .*a.pkl' has no label"):
        SkeletonDataset(file, PIPELINE, split='')
    data = SkeletonDataset(file, PIPELINE, split='', need_labels=False)
    assert data.labels() == [0, -1, 2, -1] and data[1]['inputs']['keypoint'].shape[0] == 1
    assert SkeletonDataset(file, [], split='', classes=(2, 0)).labels() == [1, 0]  # labelled clips alone


def test_a_sample_that_is_changed_leaves_the_clip_as_it_was(file):
    data = SkeletonDataset(file, [])
    before = data.get_data_info(0)
    before['keypoint'][:] = 7
    assert not (data.get_data_info(0)['keypoint'] == 7).any()


def test_loaders_share_one_reading_of_the_file(file):
    train, test = SkeletonDataset(file, [], split='xsub'), SkeletonDataset(file, [], split='xsub', test_mode=True)
    assert train._store is test._store
    assert train.metainfo['fingerprint'] != test.metainfo['fingerprint']
