"""AMASS's and others' sequences: keys, rates, axes, and what is refused."""
import pickle

import numpy as np
import pytest

from mmskel.body import SMPL, tube_body
from mmskel.body.sequences import load_sequence
from mmskel.files.errors import UserError


def amass(**changes):
    rng = np.random.default_rng(0)
    return {**dict(poses=rng.normal(size=(24, 156)) * 0.2, trans=rng.normal(size=(24, 3)), betas=rng.normal(size=16),
                   dmpls=np.zeros((24, 8)), gender=np.array('male'), mocap_framerate=np.array(120.)), **changes}


def test_a_file_of_amass(tmp_path):
    content = amass()
    np.savez(tmp_path / '01_01_poses.npz', **content)
    sequence = load_sequence(tmp_path / '01_01_poses.npz')
    assert (sequence.gender, sequence.fps, sequence.name) == ('male', 120, '01_01_poses')
    np.testing.assert_allclose(sequence.poses[:, :66], content['poses'][:, :66], rtol=1e-6)
    assert not sequence.poses[:, 66:].any() and sequence.betas.shape == (10, )
    slow = sequence.resampled(30)
    assert slow.fps == 30 and len(slow.poses) == 6
    np.testing.assert_array_equal(slow.trans, sequence.trans[::4])
    smpl = SMPL(tube_body('smpl'))
    turned, plain = slow.clip(smpl).check(), slow.clip(smpl, y_up=False)
    assert turned.layout == 'smpl24' and turned.keypoint.shape == (1, 6, 24, 3) and turned.fps == 30
    np.testing.assert_array_equal(turned.keypoint[..., 1], plain.keypoint[..., 2])


def test_other_keys(tmp_path):
    rng = np.random.default_rng(0)
    content = dict(global_orient_axis_angle=rng.normal(size=(5, 1, 3)), body_pose_axis_angle=rng.normal(size=(5, 23, 3)),
                   betas=rng.normal(size=(1, 10)), gender='female')
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(content))
    sequence = load_sequence(tmp_path / 'a.pkl')
    assert sequence.poses.shape == (5, 72) and not sequence.trans.any() and sequence.fps is None and sequence.gender == 'female'
    with pytest.raises(UserError, match="'a' has an unknown number of frames per second"):
        sequence.resampled(30)


@pytest.mark.parametrize('changes, message', [
    (dict(poses=np.zeros((5, 165))), 'SMPL-X parameters: download the SMPL'), (dict(poses=np.zeros((0, 72))), 'at least one frame'),
    (dict(poses=np.full((24, 72), np.nan)), 'poses holds NaN'), (dict(trans=np.zeros((5, 3))), r'trans has shape \(5, 3\)'),
    (dict(betas=np.zeros(4)), r'betas \(4,\)'), (dict(gender=np.array('child')), "gender is 'child'"),
    (dict(mocap_framerate=np.array(0.)), '0.0 frames per second')])
def test_what_is_refused(changes, message, tmp_path):
    np.savez(tmp_path / 'bad.npz', **amass(**changes))
    with pytest.raises(UserError, match=f'bad.npz.*{message}'):
        load_sequence(tmp_path / 'bad.npz')


def test_missing_and_foreign_files(tmp_path):
    np.savez(tmp_path / 'b.npz', images=np.zeros(3))
    (tmp_path / 'c.pkl').write_bytes(pickle.dumps([1]))
    for name, message in (('a.npz', 'no sequence'), ('b.npz', "neither 'poses' nor 'global_orient'; it holds images"),
                          ('c.pkl', 'holds a list')):
        with pytest.raises(UserError, match=message):
            load_sequence(tmp_path / name)
