"""Penn Action: made-up annotation files in the release's form."""
import numpy as np
import pytest
from scipy.io import savemat

from mmskel.data import READERS, ReadError, prepare


def write(folder, number, action, train, frames=5, **more):
    rng = np.random.default_rng(number)
    visible = np.ones((frames, 13))
    visible[1, 4] = 0
    fields = dict(action=action, x=rng.uniform(1, 300, (frames, 13)), y=rng.uniform(1, 200, (frames, 13)),
                  visibility=visible, train=train, dimensions=np.array([270, 480, frames]), nframes=frames, pose='right')
    fields.update(more)
    savemat(folder / f'{number:04d}.mat', {key: value for key, value in fields.items() if value is not None})
    return fields


@pytest.fixture
def release(tmp_path):
    (tmp_path / 'Penn_Action/labels').mkdir(parents=True)
    return tmp_path / 'Penn_Action'


def test_clips_splits_and_classes(release, tmp_path):
    first = write(release / 'labels', 1, 'tennis_serve', 1)
    write(release / 'labels', 2, 'bowl', -1, frames=7)
    write(release / 'labels', 3, 'tennis_serve', -1)
    file = prepare('penn_action', release, tmp_path / 'penn.pkl', progress=False)
    assert file.split == dict(train=['0001'], test=['0002', '0003'])
    assert file.meta['class_names'] == ['tennis_serve', 'bowl'], 'by their first file'
    clips = {clip.id: clip for clip in file.clips()}
    clip = clips['0001']
    assert (clip.layout, clip.unit, clip.image_size, clip.label) == ('penn13', 'pixel', (270, 480), 0)
    assert clip.keypoint.shape == (1, 5, 13, 2) and clips['0002'].num_frames == 7 and clips['0003'].label == 0
    np.testing.assert_allclose(clip.keypoint[0, 0], np.stack([first['x'][0], first['y'][0]], -1), rtol=1e-6)
    assert not clip.keypoint[0, 1, 4].any() and clip.score[0, 1, 4] == 0 and clip.score.sum() == 64


@pytest.mark.parametrize('wrong, message', [
    (dict(x=None), "'0002.mat' has no x; expected the fields"),
    (dict(x=np.ones((5, 14))), r"x \(5, 14\), y \(5, 13\)"),
    (dict(train=0), 'train is 0; expected 1'),
    (dict(dimensions=np.array([0, 4])), r'dimensions \[0, 4\]'),
    (dict(action=3), "'action' is"),
    (dict(visibility='yes'), 'not an array of numbers'),
])
def test_broken_files_are_named(release, wrong, message):
    write(release / 'labels', 1, 'bowl', 1)
    write(release / 'labels', 2, **dict(dict(action='bowl', train=1), **wrong))
    reader = READERS['penn_action'](release)
    assert reader.items() == ['0001.mat', '0002.mat'] and reader.read('0001.mat').label == 0
    with pytest.raises(ReadError, match=message):
        reader.read('0002.mat')


def test_what_is_no_matlab_file(release):
    write(release / 'labels', 1, 'bowl', 1)
    (release / 'labels/0002.mat').write_bytes(b'no matrix')
    with pytest.raises(ReadError, match="'0002.mat' is not a MATLAB 5 file"):
        READERS['penn_action'](release).read('0002.mat')
    (release / 'labels/0003.mat').write_bytes((release / 'labels/0001.mat').read_bytes()[:400])
    with pytest.raises(ReadError, match="'0003.mat'"):
        READERS['penn_action'](release).read('0003.mat')


def test_empty_folders_are_refused(tmp_path):
    with pytest.raises(ReadError, match='holds no Penn Action annotation'):
        READERS['penn_action'](tmp_path)
