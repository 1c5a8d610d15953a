import numpy as np
import pytest

from mmskel.data.published_lists import published_list
from mmskel.data.readers import MSRAction3D, ReadError


def _write(folder, name='a13_s02_e03', frames=2, joints=None):
    joints = np.arange(frames * 60.).reshape(frames, 20, 3) if joints is None else joints
    lines = [' '.join(f'{x:.4f}' for x in row) + ' 0.0' for row in joints.reshape(-1, 3)]
    (folder / f'{name}_skeleton3D.txt').write_text('\n'.join(lines) + '\n')
    return f'{name}_skeleton3D.txt'


def test_a_clip(tmp_path):
    joints = np.arange(120.).reshape(2, 20, 3) + 1
    joints[1] = 0  # the tracker lost the person
    item = _write(tmp_path, joints=joints)
    reader = MSRAction3D(tmp_path)
    assert reader.items() == [item]
    clip = reader.read(item).check()
    assert (clip.id, clip.label, clip.layout, clip.fps) == ('a13_s02_e03', 12, 'kinect20_msr', 15)
    np.testing.assert_array_equal(clip.keypoint[0], joints)
    # confidence 0 means inferred, not missing
    assert clip.score[0].tolist() == [[1] * 20, [0] * 20]


def test_the_joint_order_meets_the_other_kinect_sets(tmp_path):
    # order given by the SE(3) code: Kinect v1 joint k is this joint (1-based) of MSR-Action3D
    order = [7, 4, 3, 20, 1, 8, 10, 12, 2, 9, 11, 13, 5, 14, 16, 18, 6, 15, 17, 19]
    item = _write(tmp_path)
    clip = MSRAction3D(tmp_path).read(item)
    np.testing.assert_array_equal(clip.to_layout('kinect20').keypoint, clip.keypoint[:, :, np.array(order) - 1])


@pytest.mark.parametrize('text, words', [
    ('1 2 3 4\n' * 39, '39 lines; expected 20'), ('', '0 lines'), ('1 2 3\n' * 20, "line 1: '1 2 3'"),
    ('1 2 x 4\n' * 20, 'line 1')])
def test_a_broken_file_is_named(tmp_path, text, words):
    item = _write(tmp_path)
    (tmp_path / item).write_text(text)
    with pytest.raises(ReadError, match=words) as error:
        MSRAction3D(tmp_path).read(item)
    assert item in str(error.value)


def test_splits_follow_the_protocols(tmp_path):
    _write(tmp_path)
    ids = [f'a{a:02d}_s{s:02d}_e01' for a in range(1, 21) for s in range(1, 11)] + ['a02_s03_e02', 'a13_s09_e02']
    splits = MSRAction3D(tmp_path).splits(ids)
    left_out = set(published_list('msr_action3d_left_out')) & set(ids)
    assert 'a02_s03_e02' in left_out and not left_out & {*splits['xsub_train'], *splits['xsub_test']}
    assert set(splits['xsub_all_train']) | set(splits['xsub_all_test']) == set(ids)
    assert {int(i[5:7]) for i in splits['xsub_train']} == {1, 3, 5, 7, 9}
    assert {int(i[1:3]) for i in splits['as2_test']} == {1, 4, 7, 8, 9, 11, 12, 14}
    assert {int(i[1:3]) for i in splits['as1_train']} == {2, 3, 5, 6, 10, 13, 18, 20}
    assert {int(i[1:3]) for i in splits['as3_all_train']} == {6, 14, 15, 16, 17, 18, 19, 20}
