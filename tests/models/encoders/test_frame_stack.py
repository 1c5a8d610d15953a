"""Gate-Shift-Pose's encoders: heatmaps joint by joint, masked images, cyclic normalisation, pose in the image, errors."""
import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from reference.gate_shift_pose import heatmap

from mmskel.files.errors import UserError
from mmskel.models import FramesAndPoseEncoder, FrameStackEncoder
from mmskel.models.encoders.frame_stack import joint_heatmap, masked_by_heatmap, normalize_cyclically


def batch(frames=4, joints=17, persons=1):
    torch.manual_seed(0)
    return dict(imgs=torch.randint(0, 256, (2, 3, frames, 20, 24, 3), dtype=torch.uint8),
                keypoint=24 * torch.rand(2, 3, persons, frames, joints, 2))


@pytest.mark.parametrize('sigma', [1., 2.5, 10.])
def test_heatmap_joint_by_joint(sigma):
    joints = np.random.default_rng(0).uniform(-8, 40, (3, 17, 2)).astype(np.float32)
    joints[0, :3] = np.array([[0], [0.5], [np.nan]])
    found = joint_heatmap(torch.from_numpy(joints), (24, 32), sigma)
    for frame, expected in zip(found, np.nan_to_num(joints)):
        np.testing.assert_allclose(frame, heatmap(expected, 24, 32, sigma), atol=1e-6)


def test_images_are_masked_as_pillow_does():
    from PIL import Image
    rng = np.random.default_rng(0)
    rgba = rng.integers(0, 256, (40, 60, 4), dtype=np.uint8)
    rgba[:20, :, 3] = 0
    # the same size by way of another, without interpolation: a part that is resized to its own size is left alone
    expected = np.asarray(Image.fromarray(rgba).convert('RGBa').convert('RGBA'))[..., :3]
    found = masked_by_heatmap(torch.from_numpy(rgba[..., :3]), torch.from_numpy(rgba[..., 3]))
    np.testing.assert_array_equal(found.numpy()[rgba[..., 3] > 0], expected[rgba[..., 3] > 0])
    assert not found[:20].any()


def test_the_cycle_runs_over_frames_and_views():
    x = torch.ones(1, 8, 2, 2)
    found = normalize_cyclically(x, (0., .5, 1.), (1., .5, 1.))[0, :, 0, 0]
    assert found.tolist() == [1, 1, 0, 1, 1, 0, 1, 1]  # the last two as they are
    data = batch()
    published = FrameStackEncoder('coco17', mask_rgb=False).encode(data)
    assert published.shape == (2, 3, 4, 4, 20, 24)
    values = torch.cat([data['imgs'].movedim(-1, -3).float(), FrameStackEncoder('coco17').draw(data['keypoint'], (20, 24)).unsqueeze(-3)], -3)
    mean, std = (.485, .456, .406), (.229, .224, .225)
    for view, frame, channel in ((0, 0, 3), (1, 2, 0), (2, 3, 3)):
        number = (view * 4 + frame) * 4 + channel
        expected = (values[1, view, frame, channel] / 255 - mean[number % 3]) / std[number % 3]
        torch.testing.assert_close(published[1, view, channel, frame], expected, rtol=1e-4, atol=1e-4)


def test_the_correct_normalisation_and_images_alone():
    data = batch()
    found = FrameStackEncoder('coco17', mask_rgb=False, cyclic=False).encode(data)
    assert 0 <= found[:, :, 3].min() and found[:, :, 3].max() <= 1
    torch.testing.assert_close(FrameStackEncoder('coco17', 'rgb', cyclic=False).encode(data), found[:, :, :3])
    masked = FrameStackEncoder('coco17', cyclic=False, sigma=1.).encode(data)
    dark = masked[:, :, 3] == 0
    assert dark.any() and (masked[:, :, 0][dark] - masked[:, :, 0].min()).abs().max() < 1e-6


def test_pose_is_pixels_or_shares_of_the_image():
    data = batch()
    data['keypoint'][0, 0, 0, 0, 0] = 0
    samples = [ActionDataSample(metainfo=dict(img_shape=(20, 24)))] * 2
    found = FramesAndPoseEncoder('coco17').encode(data, samples)
    assert found['imgs'].shape == (2, 3, 3, 4, 20, 24) and found['pose'].shape == (2, 3, 4, 34)
    torch.testing.assert_close(found['pose'].unflatten(-1, (17, 2)), data['keypoint'][:, :, 0])
    scaled = FramesAndPoseEncoder('coco17', scale_pose=True).encode(data, samples)['pose'].unflatten(-1, (17, 2))
    torch.testing.assert_close(scaled[1, ..., 0], 2 * data['keypoint'][1, :, 0, ..., 0] / 24 - 1)
    assert not scaled[0, 0, 0, 0].any()


@pytest.mark.parametrize('cls', [FrameStackEncoder, FramesAndPoseEncoder])
def test_wrong_batches(cls):
    encoder = cls('coco17')
    with pytest.raises(UserError, match='looks at images, and the samples have none; .* SampleSegments'):
        encoder.encode(dict(keypoint=torch.zeros(1, 1, 1, 4, 17, 2)))
    with pytest.raises(UserError, match='3 skeletons .*for 4 images'):
        encoder.encode(dict(batch(), keypoint=torch.zeros(2, 3, 1, 3, 17, 2)))


def test_wrong_arguments():
    with pytest.raises(UserError, match="unknown stream 'joint'; known: rgb_heatmap, rgb"):
        FrameStackEncoder('coco17', 'joint')
    with pytest.raises(UserError, match='sigma must be above 0'):
        FrameStackEncoder('coco17', sigma=0)
