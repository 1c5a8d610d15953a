import numpy as np
import pytest
from scipy.io import savemat

from mmskel.data.readers import SYSU, ReadError

JOINTS = np.arange(4 * 60).reshape(4, 20, 3) / 7


def write(folder, kinds=('text', 'lines', 'mat', 'turned'), subjects=4):
    for activity, kind in enumerate(kinds, 1):
        for subject in range(1, subjects + 1):
            place = folder / f'video{activity:02d}' / f'person{subject:02d}'
            place.mkdir(parents=True)
            if kind in ('mat', 'turned'):
                savemat(place / 'skeleton.mat', dict(joints=JOINTS if kind == 'mat' else JOINTS.transpose(1, 2, 0), n=3.))
            else:
                np.savetxt(place / 'skeleton.txt', JOINTS.reshape(-1, 60 if kind == 'text' else 3))


def test_text_and_matlab(tmp_path):
    write(tmp_path, subjects=1)
    reader = SYSU(tmp_path)
    assert reader.items() == ['a01_s01', 'a02_s01', 'a03_s01', 'a04_s01']
    for item in reader.items():
        clip = reader.read(item).check()
        np.testing.assert_allclose(clip.keypoint[0], JOINTS, rtol=1e-6)
        assert clip.layout == 'kinect20' and clip.label == int(item[1:3]) - 1


def test_splits_are_drawn_or_given(tmp_path):
    write(tmp_path / 'data', ('text', ) * 2, subjects=40)
    reader = SYSU(tmp_path / 'data')
    splits = reader.splits(reader.items())
    assert splits == SYSU(tmp_path / 'data').splits(reader.items()) and len(splits) == 120
    assert all(len(ids) == 40 for ids in splits.values()) and 'seed 0, not the published ones' in reader.notes()[0]
    for activity in ('a01', 'a02'):
        assert sum(i[:3] == activity for i in splits['set1_07_train']) == 20
    (tmp_path / 'lists.txt').write_text('# ours\n1 2 3\n4, 5\n')
    given = SYSU(tmp_path / 'data', split_file=str(tmp_path / 'lists.txt'))
    assert given.splits(given.items())['set2_02_train'] == ['a01_s04', 'a01_s05', 'a02_s04', 'a02_s05']
    assert "2 splits of 'lists.txt'" in given.notes()[0]
    (tmp_path / 'lists.txt').write_text('1 99\n')
    with pytest.raises(ReadError, match='lists.txt.*line 1.*1 to 40'):
        SYSU(tmp_path / 'data', split_file=str(tmp_path / 'lists.txt'))


def test_broken_files_are_named(tmp_path):
    place = tmp_path / 'video01' / 'person01'
    place.mkdir(parents=True)
    (place / 'skeleton.txt').write_text('1 2 3\n')
    with pytest.raises(ReadError, match=r"video01/person01/skeleton.txt' holds numbers of shape \(1, 3\)"):
        SYSU(tmp_path).read('a01_s01')
    (place / 'skeleton.txt').unlink()
    (place / 'skeleton.mat').write_bytes(b'no')
    with pytest.raises(ReadError, match='skeleton.mat. is not a MATLAB file'):
        SYSU(tmp_path).read('a01_s01')
