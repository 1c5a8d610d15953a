import numpy as np
import pytest

from mmskel.data.transforms import AlignTrunk3D, FitFrames
from mmskel.data.transforms.augmenting import rotation_xyz
from mmskel.skeleton import get_layout
from mmskel.synthetic.motions import make_motion_clips


def aligned(keypoint, layout='ntu25'):
    return AlignTrunk3D(layout)(dict(keypoint=keypoint, rng=np.random.default_rng(0)))['keypoint']


def clip(layout='ntu25'):
    return make_motion_clips(1, layout=layout, dropout=0)[0].keypoint.astype(np.float64)


@pytest.mark.parametrize('layout', ['ntu25', 'kinect20', 'sbu15', 'hdm31', 'h36m17'])
def test_a_turned_and_moved_body_is_the_same(layout):
    rng = np.random.default_rng(1)
    keypoint = rng.normal(size=(1, 6, get_layout(layout).num_joints, 3))
    joints = get_layout(layout).joints
    for side in ('left', 'right'):  # both feet point to the same side, or the rules contradict each other
        if f'{side}_foot' in joints and f'{side}_ankle' in joints:
            keypoint[:, :, joints.index(f'{side}_foot')] = keypoint[:, :, joints.index(f'{side}_ankle')] + (1, 2, 3)
    turned = keypoint @ rotation_xyz(np.deg2rad((20, 130, -40))) + (3, -2, 5)
    np.testing.assert_allclose(aligned(turned, layout), aligned(keypoint, layout), atol=1e-5)


def test_axes_of_a_made_up_body():
    keypoint, at = clip(), get_layout('ntu25').index
    found = aligned(keypoint)
    hips = found[0, 0, [at('left_hip'), at('right_hip')]]
    np.testing.assert_allclose(hips.mean(0), 0, atol=1e-6)
    assert (found[0, :, at('right_hip'), 0] > found[0, :, at('left_hip'), 0]).mean() > 0.5
    assert found[0, 0, at('left_shoulder'), 2] > 0.2
    # distances are kept
    ends = at('head'), at('left_foot')
    np.testing.assert_allclose(np.linalg.norm(found[0, :, ends[0]] - found[0, :, ends[1]], axis=-1),
                               np.linalg.norm(keypoint[0, :, ends[0]] - keypoint[0, :, ends[1]], axis=-1), rtol=1e-5)


def test_absent_persons_empty_frames_and_bodies_without_axes():
    keypoint = np.concatenate([clip(), clip() + 1, np.zeros_like(clip())])
    keypoint[1, :3] = 0
    found = aligned(keypoint)
    assert not found[2].any() and not found[1, :3].any() and found[1, 3:].any()
    assert not aligned(keypoint[::-1]).any(), 'nothing without the first person, as published'
    still = np.ones((1, 4, 25, 3))
    np.testing.assert_array_equal(aligned(still), np.zeros_like(still))
    with pytest.raises(ValueError, match="clip 'a'.*needs 3 coordinates"):
        AlignTrunk3D('coco17')(dict(frame_dir='a', keypoint=np.ones((1, 2, 17, 2))))


@pytest.mark.parametrize('frames, place, expected', [
    (3, 'start', [1, 2, 3, 0, 0, 0]), (3, 'centre', [0, 1, 2, 3, 0, 0]), (6, 'centre', [1, 2, 3, 4, 5, 6]),
    (11, 'centre', [1, 3, 5, 7, 9, 11]), (7, 'start', [1, 2, 3, 4, 5, 7])])
def test_exactly_so_many_frames(frames, place, expected):
    sample = dict(keypoint=np.arange(1., frames + 1).reshape(1, frames, 1, 1), keypoint_score=np.ones((1, frames, 1)))
    found = FitFrames(6, place)(sample)
    assert found['keypoint'].flatten().tolist() == expected and found['total_frames'] == 6
    assert found['keypoint_score'].shape == (1, 6, 1)
    with pytest.raises(ValueError, match="'start' or 'centre', not 'end'"):
        FitFrames(6, 'end')
