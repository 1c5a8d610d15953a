"""SKEL and SMPL against the plain transcription, the mirror, the limits, and what they refuse."""
import numpy as np
import pytest
import torch
from reference.skel import skel_forward

from mmskel.body import (
    ANGLES,
    JOINTS,
    LIMITS,
    PUBLISHED_LIMITS,
    SKEL,
    SMPL,
    BodyError,
    mirror,
    tube_body,
    within_limits,
)
from mmskel.body.jacobian import joint_jacobian, motion, offsets_gradient, skin_jacobian
from mmskel.body.model_files import body_arrays
from mmskel.body.start import angles_of_rotations

PAIRS = [(1, 6), (2, 7), (3, 8), (4, 9), (5, 10), (14, 19), (15, 20), (16, 21), (17, 22), (18, 23)]


@pytest.fixture(scope='module')
def skel():
    return SKEL(tube_body('skel'))


def random_pose(frames, seed=0):
    torch.manual_seed(seed)
    return torch.randn(frames, 46) * 0.5, torch.randn(frames, 10), torch.randn(frames, 3)


def test_equals_the_plain_transcription(skel):
    poses, betas, trans = random_pose(6)
    model = {key: torch.as_tensor(value) for key, value in body_arrays(tube_body('skel')).items() if value.dtype.kind in 'fi'}
    for one in (betas, betas[:1]):
        found, expected = skel(poses, one, trans), skel_forward(model, poses, one.expand(6, -1), trans)
        for key, value in expected.items():
            torch.testing.assert_close(getattr(found, key), value, atol=2e-5, rtol=1e-4, msg=key)
        torch.testing.assert_close(skel.joints(poses, one, trans), expected['joints'], atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(skel.joints(poses, skel.shape(one), trans), expected['joints'], atol=2e-5, rtol=1e-4)


def test_gradients_are_clean_at_zero(skel):
    poses, betas = torch.zeros(2, 46, requires_grad=True), torch.zeros(2, 10, requires_grad=True)
    skel(poses, betas).skin_verts.square().sum().backward()
    assert poses.grad.isfinite().all() and betas.grad.isfinite().all() and poses.grad.abs().max() > 0
    smpl, poses = SMPL(tube_body('smpl')), torch.zeros(2, 72, requires_grad=True)
    smpl(poses, torch.zeros(1, 10)).vertices.square().sum().backward()
    assert poses.grad.isfinite().all() and poses.grad.abs().max() > 0


def test_mirror(skel):
    poses, betas, _ = random_pose(5)
    betas[:, 5:] = 0  # the random shapes are not symmetric
    order = np.arange(24)
    for right, left in PAIRS:
        order[[right, left]] = left, right
    joints = skel.joints(poses, betas).numpy()
    mirrored = skel.joints(torch.from_numpy(mirror(poses.numpy())), betas).numpy()[:, order] * (-1, 1, 1)
    same = [j for j in range(24) if JOINTS[j][:-2] not in ('calcn', 'toes')]  # the ankles share an axis, as published
    np.testing.assert_allclose(mirrored[:, same], joints[:, same], atol=1e-4)
    np.testing.assert_array_equal(mirror(mirror(poses.numpy())), poses.numpy())


@pytest.mark.parametrize('angle, joint, direction', [
    ('knee_angle_r', 'talus_r', (0, 0, -1)), ('hip_flexion_l', 'tibia_l', (0, 0, 1)), ('elbow_flexion_r', 'hand_r', (0, 0, 1)),
    ('elbow_flexion_l', 'hand_l', (0, 0, 1)), ('hip_adduction_r', 'tibia_r', (1, 0, 0)), ('hip_adduction_l', 'tibia_l', (-1, 0, 0)),
    ('ankle_angle_r', 'toes_r', (0, 1, 0)), ('lumbar_extension', 'head', (0, 0, -1))])
def test_angles_turn_as_their_names_say(skel, angle, joint, direction):
    poses = torch.zeros(2, 46)
    poses[1, ANGLES.index(angle)] = 0.4
    rest, turned = skel.joints(poses, torch.zeros(1, 10))[:, JOINTS.index(joint)]
    assert (turned - rest) @ torch.tensor(direction, dtype=torch.float) > 0.03


def test_limits():
    assert LIMITS.shape == PUBLISHED_LIMITS.shape == (46, 2) and (LIMITS[:, 0] < LIMITS[:, 1]).all()
    known = np.isfinite(LIMITS[:, 0])
    assert known.sum() == 43 and not known[:3].any()
    poses = np.zeros((2, 46))
    poses[1, ANGLES.index('knee_angle_r')] = -0.2
    assert within_limits(poses).all(1).tolist() == [True, False]
    assert not within_limits(poses, PUBLISHED_LIMITS)[0, ANGLES.index('scapula_elevation_r')]  # excludes the rest pose


def test_jacobians(skel):
    body, (poses, betas, _) = SKEL(tube_body('skel')).double(), random_pose(2)
    poses, betas = poses.double(), betas[:1].double()
    shape = body.shape(betas)
    found = motion(body, poses, shape)
    exact = torch.stack([torch.autograd.functional.jacobian(lambda q: body.joints(q[None], betas)[0], one) for one in poses])
    torch.testing.assert_close(joint_jacobian(found), exact.permute(0, 3, 2, 1), atol=1e-6, rtol=1e-5)
    # skin: what moves rigidly, and the gradient of the pose offsets, together
    target = torch.randn(2, 414, 3, dtype=torch.float64)
    leaf = poses.clone().requires_grad_()
    out = body(leaf, betas)
    (out.skin_verts - target).square().sum().div(2).backward()
    residual = (out.skin_verts.detach() - target).mT
    jacobian = skin_jacobian(found, body.weights, shape.joints, (out.v_shaped + out.pose_offsets).mT.detach())
    gradient = (jacobian * residual[:, None]).sum((2, 3)) + offsets_gradient(body, found, body.weights, residual)
    torch.testing.assert_close(gradient, leaf.grad, atol=1e-4, rtol=1e-5)


def test_angles_of_rotations(skel):
    poses, betas, _ = random_pose(4)
    shape = skel.shape(betas)
    rotations = skel.rotations(poses, shape).permute(3, 2, 0, 1)
    again = skel.rotations(angles_of_rotations(skel, rotations, shape), shape).permute(3, 2, 0, 1)
    assert (again - rotations).abs().amax((1, 2, 3)).median() < 0.05
    torch.testing.assert_close(angles_of_rotations(skel, rotations, shape)[:, :3], poses[:, :3], atol=1e-4, rtol=1e-4)


def test_wrong_parameters_are_named(skel):
    with pytest.raises(BodyError, match=r'poses has shape \(2, 72\); expected \(B, 46\).*those of SKEL'):
        skel.joints(torch.zeros(2, 72), torch.zeros(1, 10))
    with pytest.raises(BodyError, match=r'betas has shape \(2, 16\); expected \(2, 10\)'):
        skel.joints(torch.zeros(2, 46), torch.zeros(2, 16))
    with pytest.raises(BodyError, match=r'trans has shape \(3,\)'):
        skel(torch.zeros(2, 46), torch.zeros(1, 10), torch.zeros(3))
    with pytest.raises(BodyError, match=r'dJ has shape'):
        skel(torch.zeros(2, 46), torch.zeros(1, 10), None, torch.zeros(3, 24, 3))
    with pytest.raises(BodyError, match='no mesh of the bones'):
        skel(torch.zeros(2, 46), torch.zeros(1, 10), bones=True)
