"""SKEL fitted to joints: what was posed is found again, with joints missing, in several layouts; and the fit of a whole skin."""
import numpy as np
import pytest
import torch

from mmskel.body import ANGLES, SKEL, SMPL, BodyError, tube_body, within_limits
from mmskel.body.align import anatomical_joints, fit_skin, unwrapped
from mmskel.body.export import clinical_names, write_angle_table, write_mot, write_trc
from mmskel.body.fit_points import fit_points
from mmskel.skeleton import joint_map


@pytest.fixture(scope='module')
def skel():
    return SKEL(tube_body('skel'))


@pytest.fixture(scope='module')
def motion(skel):
    """A person a tenth larger than the body, who turns around and bends knees and elbows."""
    torch.manual_seed(0)
    poses = torch.randn(12, 46) * 0.15
    poses[:, 2] = torch.linspace(0, 3, 12)
    for name in ('knee_angle_r', 'knee_angle_l', 'elbow_flexion_r', 'elbow_flexion_l'):
        poses[:, ANGLES.index(name)] = torch.linspace(0.2, 1.5, 12)
    return poses.numpy(), skel.joints(poses, torch.zeros(1, 10), torch.randn(12, 3)).numpy() * 1.1


@pytest.mark.parametrize('layout, limit', [('skel24', 0.015), ('kinect20', 0.03), ('coco17', 0.04)])
def test_finds_the_motion_again(skel, motion, layout, limit):
    poses, joints = motion
    points, score = joint_map('skel24', layout, 'zero').convert(joints, np.ones(joints.shape[:2], np.float32))
    fit = fit_points(skel, points, layout, score > 0)
    assert fit.fitted.all() and np.nanmean(fit.error) < limit
    np.testing.assert_allclose(fit.scales[:4], 1.1, rtol=0.02)
    for name in ('knee_angle_r', 'knee_angle_l'):
        assert np.abs(fit.poses[:, ANGLES.index(name)] - poses[:, ANGLES.index(name)]).mean() < 0.12, name
    assert np.abs(np.diff(fit.poses[:, :3], axis=0)).max() < 1 and within_limits(fit.poses).mean() > 0.9


def test_missing_joints_and_frames(skel, motion):
    _, joints = motion
    seen = np.ones(joints.shape[:2], bool)
    seen[:, 3] = seen[4, 15:19] = False  # an ankle for good, an arm in one frame
    seen[7, 3:] = False
    points = np.where(seen[..., None], joints, np.nan)  # what is missing may be anything
    fit = fit_points(skel, points, 'skel24', seen)
    assert fit.fitted.tolist() == [i != 7 for i in range(12)] and not fit.joints[7].any()
    assert np.isnan(fit.error[~seen]).all() and np.nanmean(fit.error) < 0.015


@pytest.mark.parametrize('points, layout, seen, message', [
    (np.zeros((0, 24, 3)), 'skel24', None, r'shape \(0, 24, 3\)'),
    (np.zeros((4, 24, 2)), 'skel24', None, r'expected \(T, 24, 3\)'),
    (np.zeros((4, 24, 3)), 'skel24', None, 'no frame has 4 joints'),
    (np.full((4, 24, 3), np.nan), 'skel24', None, 'NaN or infinity'),
    (np.ones((4, 24, 3)), 'skel24', np.ones((4, 20)), 'seen has shape'),
    (np.ones((4, 21, 3)), 'hand21', None, "layout 'hand21' shares 0 joints"),
])
def test_what_cannot_be_fitted_is_named(skel, points, layout, seen, message):
    with pytest.raises(BodyError, match=message):
        fit_points(skel, points, layout, seen)


def test_fit_to_a_skin(skel):
    torch.manual_seed(1)
    smpl = SMPL(tube_body('smpl'))
    poses, betas, trans = torch.randn(3, 72) * 0.15, torch.randn(1, 10) * 0.5, torch.randn(3, 3)
    poses[:, :3] = torch.tensor(((0., 0., 0.), (0., 3., 0.), (1., 1., 0.)))
    before = trans.clone()
    target = smpl(poses, betas, trans).vertices
    fit = fit_skin(skel, smpl.weights, target, poses, betas, trans)
    assert torch.equal(trans, before) and fit.vertex_error.mean() < 0.025
    assert (anatomical_joints(skel, target) - fit.joints).norm(dim=-1).mean() < 0.03
    found = skel(fit.poses, betas, fit.trans)
    torch.testing.assert_close((found.skin_verts - target).norm(dim=-1).mean(1), fit.vertex_error, atol=1e-4, rtol=1e-3)
    for wrong, message in ((dict(target=target[:, :5]), 'vertices have shape'), (dict(smpl_poses=poses[:2]), 'trans has shape'),
                           (dict(target=target * torch.nan), 'target holds NaN'), (dict(target=target[:0]), 'at least one frame')):
        given = dict(dict(target=target, smpl_poses=poses, betas=betas, trans=trans), **wrong)
        with pytest.raises(BodyError, match=message):
            fit_skin(skel, smpl.weights, **given)


def test_unwrapped():
    angles = np.zeros((5, 46))
    angles[:, 2] = (3.0, 3.1, -3.1, -3.0, -2.9)
    assert np.abs(np.diff(unwrapped(angles), axis=0)).max() < 0.2


def test_files_of_biomechanics(tmp_path, motion):
    poses, joints = motion
    write_mot(tmp_path / 'a.mot', poses, np.ones((12, 3)), 30)
    lines = (tmp_path / 'a.mot').read_text().splitlines()
    end = lines.index('endheader')
    names, rows = lines[end + 1].split('\t'), np.array([line.split('\t') for line in lines[end + 2:]], float)
    assert 'nRows=12' in lines and f'nColumns={len(names)}' in lines and rows.shape == (12, 50)
    np.testing.assert_allclose(rows[:, names.index('knee_angle_r')], np.degrees(poses[:, 6]), rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(rows[:, 0], np.arange(12) / 30, atol=1e-6)
    write_trc(tmp_path / 'a.trc', joints, 30)
    lines = (tmp_path / 'a.trc').read_text().splitlines()
    assert lines[2].split('\t')[2:5] == ['12', '24', 'm'] and lines[3].split('\t')[2] == 'pelvis'
    np.testing.assert_allclose(np.array(lines[6].split('\t')[2:], float), joints[0].ravel(), rtol=1e-5, atol=1e-6)
    write_angle_table(tmp_path / 'a.csv', poses, 30)
    head = (tmp_path / 'a.csv').read_text().splitlines()[0].split(',')
    assert len(set(head)) == 47 and 'knee_flexion_r' in head and clinical_names()[0] == 'pelvis_tilt'
    with pytest.raises(BodyError, match='fps=0'):
        write_mot(tmp_path / 'b.mot', poses, np.ones((12, 3)), 0)
    with pytest.raises(BodyError, match='NaN'):
        write_angle_table(tmp_path / 'b.csv', poses * np.nan, 30)
    assert not (tmp_path / 'b.mot').exists()
