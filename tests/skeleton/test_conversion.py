import numpy as np
import pytest

from mmskel.skeleton import LAYOUTS, Clip, LayoutError, get_layout, joint_map


def coordinates(layout, coords=3):
    V = get_layout(layout).num_joints
    return np.random.default_rng(0).normal(size=(2, 4, V, coords)).astype(np.float32), np.ones((2, 4, V), np.float32)


@pytest.mark.parametrize('layout', sorted(LAYOUTS))
def test_identity(layout):
    x, score = coordinates(layout)
    moved, points = joint_map(layout, layout).convert(x, score)
    np.testing.assert_array_equal(moved, x)
    np.testing.assert_array_equal(points, score)


def test_ntu_to_kinect_takes_the_named_joints():
    x, score = coordinates('ntu25')
    moved, _ = joint_map('ntu25', 'kinect20').convert(x, score)
    np.testing.assert_array_equal(moved, x[:, :, [0, 1, 20, 3, *range(4, 20)]])


def test_wholebody_to_coco_is_its_first_17():
    x, score = coordinates('coco_wholebody133', 2)
    moved, _ = joint_map('coco_wholebody133', 'coco17').convert(x, score)
    np.testing.assert_array_equal(moved, x[:, :, :17])


def test_permutations_invert():
    x, score = coordinates('kinect20')
    there, points = joint_map('kinect20', 'kinect20_msr').convert(x, score)
    assert not np.array_equal(there, x)
    np.testing.assert_array_equal(joint_map('kinect20_msr', 'kinect20').convert(there, points)[0], x)


def test_human36m_and_kinect_share_what_both_have():
    x, score = coordinates('h36m17')
    found = joint_map('h36m17', 'ntu25', missing='zero')
    joints = get_layout('ntu25').joints
    assert {joints[j] for j in found.missing} == {f'{s}_{j}' for s in ('left', 'right')
                                                  for j in ('hand', 'foot', 'hand_tip', 'thumb')}
    moved, _ = found.convert(x, score)
    np.testing.assert_array_equal(moved[:, :, [0, 1, 20, 2, 3, 4, 8, 14]], x[:, :, [0, 7, 8, 9, 10, 11, 14, 6]])
    back, _ = joint_map('ntu25', 'h36m17').convert(moved)
    np.testing.assert_array_equal(back, x)


def test_midpoints_and_their_scores():
    x, score = coordinates('coco17', 2)
    score[0, 0, 5], score[0, 1, 5] = 0.25, 0
    moved, points = joint_map('coco17', 'openpose18').convert(x, score)
    np.testing.assert_allclose(moved[0, 0, 1], (x[0, 0, 5] + x[0, 0, 6]) / 2)
    assert points[0, 0, 1] == 0.25
    assert points[0, 1, 1] == 0 and not moved[0, 1, 1].any()  # half of a neck is no neck


def test_missing_joints():
    with pytest.raises(LayoutError, match="'coco17' has no counterpart for.*'kinect20'.*spine.*left_hand.*missing='zero'"):
        joint_map('coco17', 'kinect20')
    x, score = coordinates('coco17')
    found = joint_map('coco17', 'kinect20', missing='zero')
    moved, points = found.convert(x, score)
    assert not moved[..., found.missing, :].any() and not points[..., found.missing].any()


def test_clip_converts():
    x, score = coordinates('ntu25')
    clip = Clip('a', x, score, layout='ntu25').to_layout('kinect20').check()
    assert clip.layout == 'kinect20' and clip.keypoint.shape == (2, 4, 20, 3)
