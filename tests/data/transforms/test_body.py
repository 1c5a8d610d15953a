"""A fitted body as input: points or angles, mirrored by the body."""
import numpy as np
import pytest
import torch

from mmskel.body import ANGLES, SKEL, tube_body
from mmskel.data.transforms import BodyToSkeleton
from mmskel.data.transforms.body import angles_as_joints
from mmskel.files.errors import UserError


def sample():
    torch.manual_seed(0)
    skel, poses = SKEL(tube_body('skel')), torch.randn(2, 5, 46) * 0.3
    joints = torch.stack([skel.joints(one, torch.zeros(1, 10)) for one in poses])
    return dict(frame_dir='a', layout='skel24', keypoint=joints.numpy(), keypoint_score=np.ones((2, 5, 24), np.float32),
                angles=poses.numpy(), angle_names=list(ANGLES), total_frames=5, rng=np.random.default_rng(0))


def test_angles_as_coordinates():
    given = sample()
    out = BodyToSkeleton(feature='angles')(dict(given))['keypoint']
    assert out.shape == (2, 5, 24, 3) and out.dtype == np.float32
    np.testing.assert_allclose(out[:, :, 0], given['angles'][:, :, :3], atol=1e-6)  # pelvis: three
    np.testing.assert_allclose(out[:, :, 2, 0], given['angles'][:, :, ANGLES.index('knee_angle_r')], atol=1e-6)
    assert not out[:, :, 2, 1:].any() and (out != 0).sum() == 2 * 5 * 46
    jump = np.zeros((1, 3, 46), np.float32)
    jump[0, :, 2] = (3.1, -3.1, -3.0)
    assert np.abs(np.diff(angles_as_joints(jump), axis=1)).max() < 0.2


def test_mirror_agrees_between_points_and_angles():
    given = sample()
    points = BodyToSkeleton(flip=1.)(dict(given))
    mirrored = SKEL(tube_body('skel')).joints(torch.from_numpy(points['angles'][0]).float(), torch.zeros(1, 10)).numpy()
    upper = [0, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 1, 2, 3, 6, 7, 8]
    np.testing.assert_allclose(mirrored[:, upper], points['keypoint'][0][:, upper], atol=1e-4)
    assert BodyToSkeleton()(dict(given))['keypoint'] is given['keypoint']


def test_wrong_arguments_and_clips():
    with pytest.raises(UserError, match="feature='mesh'"):
        BodyToSkeleton(feature='mesh')
    bare = {key: value for key, value in sample().items() if 'angle' not in key}
    assert BodyToSkeleton()(dict(bare))['keypoint'].shape == (2, 5, 24, 3)
    with pytest.raises(UserError, match="clip 'a' has no joint angles of SKEL; fit a body with mmskel fit"):
        BodyToSkeleton(feature='angles')(bare)
