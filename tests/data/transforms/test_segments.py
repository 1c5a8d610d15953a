"""Segments of images and skeletons together, crops at corners, ten views, steps for images alone, the largest person."""
import numpy as np
import pytest

from mmskel.data.transforms import ChoosePerson, CropAtCorner, ImagesAlone, MirrorImage, SampleSegments, TenCrops
from mmskel.files.errors import UserError
from mmskel.skeleton.segments import random_segments, segment_centres


def sample(frames=40, persons=1, size=(60, 80)):
    rng = np.random.default_rng(0)
    keypoint = np.tile(np.arange(frames, dtype=np.float32)[:, None, None], (persons, 1, 17, 2))
    return dict(frame_dir='c', keypoint=keypoint, keypoint_score=np.ones((persons, frames, 17), np.float32), total_frames=frames,
                img_shape=size, imgs=rng.integers(0, 255, (4, *size, 3), dtype=np.uint8), rng=rng)


@pytest.mark.parametrize('test_mode', [False, True])
def test_images_and_skeletons_are_of_the_same_frames(test_mode):
    found = SampleSegments(8, num_clips=2, test_mode=test_mode, corrected=True)(sample())
    np.testing.assert_array_equal(found['keypoint'][0, :, 0, 0], found['video_inds'])
    assert found['num_clips'] == 2 and len(found['video_inds']) == 16
    one = found['video_inds'][:8]
    assert ((one >= np.arange(8) * 5) & (one < np.arange(1, 9) * 5)).all()
    few = SampleSegments(8, video_len=2, test_mode=True, corrected=True)(sample())
    assert few['video_inds'].tolist() == few['frame_inds'][2::4].tolist()


def test_published_frames_are_counted_from_one():
    assert SampleSegments(8, test_mode=True)(sample())['video_inds'].tolist() == segment_centres(40, 8).tolist()
    every = SampleSegments(4, test_mode=True)(sample(4))
    assert every['video_inds'].tolist() == [1, 2, 3, 1]  # the one after the last does not exist
    assert SampleSegments(2, test_mode=True)(sample(1))['video_inds'].tolist() == [0, 0]
    drawn = np.concatenate([random_segments(103, 16, np.random.default_rng(i)) for i in range(50)])
    assert drawn.min() == 1 and drawn.max() == 96


def test_corner_crops_move_joints_and_images():
    found = CropAtCorner()(sample(4))
    height, width = found['img_shape']
    assert found['imgs'].shape[1:3] == (height, width) and {height, width} <= {60, 52, 45, 39}


def test_ten_views():
    given = dict(sample(4), num_clips=1)
    given['keypoint'][:] = 30, 20
    images = given['imgs']
    found = TenCrops(40, 'coco17')(given)
    assert found['imgs'].shape == (40, 40, 40, 3) and found['keypoint'].shape == (1, 40, 17, 2) and found['num_clips'] == 10
    np.testing.assert_array_equal(found['imgs'][32:36], images[:, 10:50, 20:60])  # the centre comes last
    np.testing.assert_array_equal(found['imgs'][36:], images[:, 10:50, 20:60][:, :, ::-1])
    assert found['keypoint'][0, 32, 0].tolist() == [10, 10] and found['keypoint'][0, 36, 0].tolist() == [29, 10]
    with pytest.raises(UserError, match="clip 'c': TenCrops of 70 pixels do not fit into an image of 80 x 60"):
        TenCrops(70, 'coco17')(sample(4))


def test_joints_stay_where_they_are():
    given = sample(4)
    joints = given['keypoint'].copy()
    found = ImagesAlone([dict(type='CropAtCorner'), dict(type='ResizeImage', size=(32, 32)), MirrorImage('coco17')])(given)
    assert found['imgs'].shape == (4, 32, 32, 3) and found['img_shape'] == (60, 80)
    np.testing.assert_array_equal(found['keypoint'], joints)
    views = ImagesAlone([dict(type='TenCrops', size=32, layout='coco17')])(dict(sample(4), num_clips=1))
    assert views['num_clips'] == 10 and views['keypoint'].shape[1] == 40
    np.testing.assert_array_equal(views['keypoint'][:, 36:], joints)


def test_the_largest_person_and_nobody():
    given = sample(4, persons=3)
    given['keypoint'][1] = np.random.default_rng(1).uniform(0, 80, (4, 17, 2))
    assert (ChoosePerson('largest')(dict(given))['keypoint'][0] == given['keypoint'][1]).all()
    with pytest.raises(UserError, match="clip 'c': ChoosePerson: nobody is in it"):
        ChoosePerson('largest')(dict(sample(4), keypoint=np.zeros((0, 4, 17, 2))))


@pytest.mark.parametrize('wrong', [dict(clip_len=0), dict(clip_len=8, video_len=3), dict(num_clips=0)])
def test_wrong_numbers(wrong):
    with pytest.raises(UserError, match='expected positive numbers, and images that divide the segments'):
        SampleSegments(**wrong)
    with pytest.raises(UserError, match='scales must be in'):
        CropAtCorner(scales=(2, ))
    with pytest.raises(UserError, match="clip 'c' has no frames to sample"):
        SampleSegments(4)(sample(0))
