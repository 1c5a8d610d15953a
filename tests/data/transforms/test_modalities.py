"""Images and joints through the same transforms, against MMAction2's RGB+pose pipeline, run here."""
import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from mmskel.data.transforms import (
    CropAtRandom,
    CropToPersons,
    MirrorImage,
    PackSkeleton,
    ResizeImage,
    SampleVideoAndPose,
)
from mmskel.data.transforms.images import cut_out


def sample(low=10, high=85, frames=60, size=(90, 130), seed=0):
    rng = np.random.default_rng(seed)
    keypoint = rng.uniform(low, high, (1, frames, 17, 2)).astype(np.float32)
    return dict(keypoint=keypoint, keypoint_score=np.ones(keypoint.shape[:3], np.float32), img_shape=size, frame_dir='a',
                total_frames=frames, label=0, rng=np.random.default_rng(seed),
                imgs=rng.integers(0, 256, (4, *size, 3), dtype=np.uint8))


def theirs(config, data):
    data = {key: value.copy() if isinstance(value, np.ndarray) else value for key, value in data.items() if key != 'rng'}
    data = TRANSFORMS.build(config)(dict(data, imgs=list(data['imgs']), modality=['RGB', 'Pose']))
    return dict(data, imgs=np.stack(data['imgs']))


@pytest.mark.parametrize('frames', [5, 40, 200])
@pytest.mark.parametrize('clips', [1, 10])
def test_frames_are_those_of_mmaction2(frames, clips):
    data = sample(frames=frames)
    expected = theirs(dict(type='MMUniformSampleFrames', clip_len=dict(RGB=8, Pose=32), num_clips=clips, test_mode=True), data)
    before = data['keypoint']
    found = SampleVideoAndPose(8, 32, clips, test_mode=True)(data)
    np.testing.assert_array_equal(found['video_inds'], expected['RGB_inds'])
    np.testing.assert_array_equal(found['frame_inds'], expected['Pose_inds'])
    np.testing.assert_array_equal(found['keypoint'], before[:, expected['Pose_inds']])


def test_both_sets_are_drawn_for_themselves_and_of_pictures_alone_all_joints_stay():
    found = SampleVideoAndPose(32, 32)(sample())
    assert not np.array_equal(found['video_inds'], found['frame_inds']) and found['total_frames'] == 32
    alone = SampleVideoAndPose(8, None)(sample())
    assert alone['keypoint'].shape[1] == 60 and len(alone['video_inds']) == 8 and 'frame_inds' not in alone


@pytest.mark.parametrize('low, high', [(10, 85), (-20, 60), (40, 160), (50, 55)])
def test_the_whole_geometry_is_that_of_mmaction2(low, high):
    """Boxes inside, over the border on either side, and too small to be cut."""
    data = sample(low, high)
    expected = theirs(dict(type='MMCompact', hw_ratio=1., allow_imgpad=True), data)
    found = CropToPersons(hw_ratio=1)(data)
    assert found['img_shape'] == tuple(expected['img_shape']) == found['imgs'].shape[1:3]
    np.testing.assert_array_equal(found['imgs'], expected['imgs'])
    np.testing.assert_array_equal(found['keypoint'], expected['keypoint'])
    expected = theirs(dict(type='Resize', scale=(64, 56), keep_ratio=False), found)
    found = ResizeImage((56, 64))(found)
    np.testing.assert_array_equal(found['imgs'], expected['imgs'])
    np.testing.assert_allclose(found['keypoint'], expected['keypoint'], rtol=1e-6)
    swap = dict(left_kp=[1, 3, 5, 7, 9, 11, 13, 15], right_kp=[2, 4, 6, 8, 10, 12, 14, 16])
    expected = theirs(dict(type='Flip', flip_ratio=1, **swap), found)
    found = MirrorImage('coco17', 1)(found)
    np.testing.assert_array_equal(found['imgs'], expected['imgs'])
    np.testing.assert_allclose(found['keypoint'], expected['keypoint'], atol=1e-5)


def marked(position):
    """Black images with one white pixel where the first joint is."""
    data = sample()
    data['imgs'] = np.zeros_like(data['imgs'])
    data['imgs'][:, position[1], position[0]] = 255
    data['keypoint'][..., 0, :] = position
    return data


def test_a_random_crop_takes_the_joint_with_its_pixel():
    for seed in range(20):
        data = marked((60, 40))
        data['rng'] = np.random.default_rng(seed)
        found = CropAtRandom((.56, 1))(data)
        assert found['imgs'].shape[1:3] == found['img_shape']
        x, y = found['keypoint'][0, 0, 0].astype(int)
        inside = 0 <= x < found['img_shape'][1] and 0 <= y < found['img_shape'][0]
        assert inside == bool(found['imgs'].any()) and (not inside or found['imgs'][0, y, x, 0] == 255)


@pytest.mark.parametrize('corrected, beside', [(False, 1), (True, 0)])
def test_mirrored_joints_lie_beside_their_pixel_or_corrected_upon_it(corrected, beside):
    found = MirrorImage('coco17', 1, corrected)(marked((60, 40)))
    x, y = found['keypoint'][0, 0, 0].astype(int)
    assert found['imgs'][0, y, x - beside, 0] == 255


def test_a_box_that_misses_the_picture_is_black():
    images = np.full((2, 5, 6, 3), 9, np.uint8)
    assert cut_out(images, (8, 1, 12, 4)).shape == (2, 3, 4, 3) and not cut_out(images, (8, 1, 12, 4)).any()
    assert cut_out(images, (-3, -2, 2, 2)).sum() == 2 * 2 * 2 * 3 * 9


def test_pictures_are_packed_as_bytes_and_by_clips():
    data = SampleVideoAndPose(2, 8, 2, test_mode=True)(sample())
    inputs = PackSkeleton(with_frames=True)(dict(data))['inputs']
    assert inputs['imgs'].shape == (2, 2, 90, 130, 3) and inputs['imgs'].element_size() == 1
    assert inputs['keypoint'].shape == (2, 1, 8, 17, 2) and inputs['frame_inds'].shape == (2, 8)
    assert set(PackSkeleton(with_joints=False)(dict(data))['inputs']) == {'imgs'}
