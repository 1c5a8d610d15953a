import json
import zipfile
from collections import Counter

import numpy as np
import pytest

from mmskel.data.readers import NWUCLA, ReadError

JOINTS = np.random.default_rng(0).normal(size=(3, 20, 3)).round(6)


def _write(folder, name='a08_s03_e01_v02', **changes):
    folder.mkdir(exist_ok=True)
    data = dict(file_name=name, skeletons=JOINTS.tolist(), label=7)
    data.update(changes)
    (folder / f'{name}.json').write_text(json.dumps(data))
    return f'{name}.json'


def test_a_clip(tmp_path):
    item = _write(tmp_path / 'all_sqe')
    reader = NWUCLA(tmp_path)
    clip = reader.read(item).check()
    assert reader.items() == [item]
    assert (clip.id, clip.label, clip.layout, clip.unit) == ('a08_s03_e01_v02', 6, 'kinect20', 'metre')
    assert clip.extra == dict(subject=3, episode=1, view=2)
    np.testing.assert_array_equal(clip.keypoint, JOINTS[None].astype(np.float32))
    assert reader.meta()['class_names'][6] == 'donning'


@pytest.mark.parametrize('changes, words', [
    (dict(label=8), r"label 8 in the file, but action a08 in its name is label 7 \(donning\)"),
    (dict(label=None), 'label None in the file'),
    (dict(file_name='a01_s01_e01_v01'), "says it is 'a01_s01_e01_v01'"),
    (dict(skeletons=JOINTS[:, :19].tolist()), r'shape \(3, 19, 3\)'),
    (dict(skeletons=[]), r'shape \(0,\)'),
    (dict(skeletons=[[[1, 2, 3]], [[1, 2]]]), 'frames of equal size'),
    (dict(name='a07_s01_e01_v01'), 'no action a07'),
])
def test_a_broken_file_is_named(tmp_path, changes, words):
    item = _write(tmp_path, **changes)
    with pytest.raises(ReadError, match=words) as error:
        NWUCLA(tmp_path).read(item)
    assert item in str(error.value)


@pytest.mark.parametrize('text', ['', '{"file_name": "a08_s0', '[1, 2]', '{"label": 7}'])
def test_a_file_that_is_no_clip_is_named(tmp_path, text):
    item = _write(tmp_path)
    (tmp_path / item).write_text(text)
    with pytest.raises(ReadError, match=item):
        NWUCLA(tmp_path).read(item)


def test_splits_follow_from_names(tmp_path):
    ids = [f'a{a:02d}_s{s:02d}_e00_v0{v}' for a in (1, 2) for s in (1, 2) for v in (1, 2, 3)]
    ids.remove('a02_s02_e00_v03')
    _write(tmp_path)
    splits = NWUCLA(tmp_path).splits(ids)
    assert splits['view2_test'] == [i for i in ids if i.endswith('v02')]
    assert splits['xview_train'] == splits['view3_train'] == [i for i in ids if not i.endswith('v03')]
    assert splits['xsub_train'] == [i for i in ids if 's01' in i]
    assert splits['xview_test_clean'] == ['a01_s01_e00_v03', 'a01_s02_e00_v03']
    # only the twin of a clip that is tested goes
    assert set(splits['xview_train']) - set(splits['xview_train_clean']) == {'a02_s01_e00_v02'}


def test_other_files_are_mentioned(tmp_path):
    _write(tmp_path)
    (tmp_path / 'readme.txt').write_text('hello')
    assert 'readme.txt' in NWUCLA(tmp_path).notes()[0]


def test_the_real_set(shared):
    reader = NWUCLA(shared / 'data' / 'nw_ucla' / 'all_sqe.zip')
    clips = [reader.read(item).check() for item in reader.items()]
    ids = [clip.id for clip in clips]
    splits = reader.splits(ids)
    reader.close()
    assert len(ids) == 1484
    assert {name: len(members) for name, members in splits.items()} == {
        'xview_train': 1020, 'xview_test': 464, 'view1_train': 968, 'view1_test': 516, 'view2_train': 980,
        'view2_test': 504, 'view3_train': 1020, 'view3_test': 464, 'xsub_train': 724, 'xsub_test': 760,
        'xview_train_clean': 925, 'xview_test_clean': 369}
    per_view = {1: [53, 52, 51, 64, 50, 52, 49, 50, 49, 46], 2: [49, 50, 45, 60, 51, 50, 50, 49, 49, 51],
                3: [48, 50, 45, 49, 47, 47, 43, 43, 47, 45]}
    for view, expected in per_view.items():
        counts = Counter(clip.label for clip in clips if clip.extra['view'] == view)
        assert [counts[label] for label in range(10)] == expected
    subjects = Counter(clip.extra['subject'] for clip in clips if clip.extra['view'] == 3)
    assert [subjects[s] for s in range(1, 11)] == [54, 50, 55, 50, 10, 46, 51, 52, 48, 48]
    lengths = np.array([clip.num_frames for clip in clips])
    assert (lengths.min(), np.median(lengths), lengths.max(), lengths.sum()) == (1, 31, 201, 58534)
    assert [i for i, n in zip(ids, lengths) if n == 1] == ['a02_s09_e04_v02', 'a02_s09_e04_v03']
    # the check value is the first joint after the per-clip range is stretched to [-1, 1]
    clip = clips[ids.index('a01_s01_e00_v03')].keypoint[0]
    low, high = clip.min((0, 1)), clip.max((0, 1))
    np.testing.assert_allclose((2 * (clip - low) / (high - low) - 1)[0, 0], [-0.763378, 0.039218, -0.691403], atol=2e-6)


def test_an_unpacked_folder_reads_like_the_archive(shared, tmp_path):
    archive = shared / 'data' / 'nw_ucla' / 'all_sqe.zip'
    names = [f'all_sqe/a01_s01_e00_v0{v}.json' for v in (1, 2, 3)]
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path / 'nested', names)
    folder, packed = NWUCLA(tmp_path), NWUCLA(archive)
    assert folder.items() == packed.items()[:3]
    for item in folder.items():
        np.testing.assert_array_equal(folder.read(item).keypoint, packed.read(item).keypoint)
    packed.close()
