"""A folder of AMASS's files becomes clips of SMPL's joints."""
import numpy as np
import pytest

from mmskel.body import SMPL, save_body, tube_body
from mmskel.body.sequences import load_sequence
from mmskel.data import load_annotation_file
from mmskel.data.prepare import PrepareError, prepare


def sequence(seed=0, **changes):
    rng = np.random.default_rng(seed)
    return {**dict(poses=rng.normal(size=(24, 156)) * 0.2, trans=rng.normal(size=(24, 3)), betas=rng.normal(size=16),
                   gender=np.array('male'), mocap_framerate=np.array(120.)), **changes}


@pytest.fixture
def folder(tmp_path):
    for place, content in (('CMU/01/01_01_poses', sequence()), ('CMU/02/01_01_poses', sequence(1, gender=np.array('female'))),
                           ('CMU/01/shape', dict(betas=np.zeros(16)))):
        (tmp_path / 'amass' / place).parent.mkdir(parents=True, exist_ok=True)
        np.savez(tmp_path / 'amass' / f'{place}.npz', **content)
    return tmp_path / 'amass'


def test_clips_are_paths_below_the_folder(folder, tmp_path, capsys):
    file = prepare('amass', folder, tmp_path / 'a.pkl', options=dict(fps=30.))
    assert 'one body for all genders' in capsys.readouterr().out
    assert [item['frame_dir'] for item in file.annotations] == ['CMU/01/01_01_poses', 'CMU/02/01_01_poses']
    clip = next(iter(load_annotation_file(tmp_path / 'a.pkl').clips()))
    expected = load_sequence(folder / 'CMU/01/01_01_poses.npz').resampled(30).clip(SMPL(tube_body('smpl')))
    np.testing.assert_array_equal(clip.keypoint, expected.keypoint)
    assert clip.layout == 'smpl24' and clip.fps == 30 and clip.num_frames == 6 and clip.label is None


def test_a_body_of_ones_own_and_y_up(folder, tmp_path):
    save_body(tmp_path / 'smpl.npz', tube_body('smpl', seed=3))
    file = prepare('amass', folder, tmp_path / 'a.pkl', options=dict(model=str(tmp_path / 'smpl.npz'), up='y'), progress=False)
    expected = load_sequence(folder / 'CMU/02/01_01_poses.npz').clip(SMPL(tube_body('smpl', seed=3)), y_up=False)
    np.testing.assert_array_equal(file.annotations[1]['keypoint'], expected.keypoint)


def test_what_is_refused(folder, tmp_path):
    save_body(tmp_path / 'skel.npz', tube_body('skel'))
    for options, message in ((dict(model='nowhere.pkl'), "there is no body model 'nowhere.pkl'"),
                             (dict(model=str(tmp_path / 'skel.npz')), 'is a SKEL model'), (dict(fps=600.), 'cannot be made'),
                             (dict(up='x'), 'expected one of y, z')):
        with pytest.raises(PrepareError, match=message):
            prepare('amass', folder, tmp_path / 'a.pkl', options=options, progress=False)
    np.savez(folder / 'smplx_poses.npz', **sequence(poses=np.zeros((5, 165))))
    with pytest.raises(PrepareError, match='SMPL-X parameters: download the SMPL.H version'):
        prepare('amass', folder, tmp_path / 'a.pkl', progress=False)
    (folder / 'torn_poses.npz').write_bytes((folder / 'smplx_poses.npz').read_bytes()[:300])
    file = prepare('amass', folder, tmp_path / 'a.pkl', keep_going=True, progress=False)
    assert len(file.annotations) == 2 and list(file.meta['skipped']) == ['smplx_poses', 'torn_poses']
    (tmp_path / 'empty').mkdir()
    with pytest.raises(PrepareError, match='holds no sequence'):
        prepare('amass', tmp_path / 'empty', tmp_path / 'b.pkl')
    assert not (tmp_path / 'b.pkl').exists()
