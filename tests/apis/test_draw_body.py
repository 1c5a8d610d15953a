"""Pictures of a fitted body: angles over time, and a page with its surfaces."""
import base64
import json
import re

import numpy as np
import pytest
import torch

from mmskel.apis.draw_body import draw_angles, draw_body
from mmskel.body import ANGLES, SKEL, tube_body
from mmskel.body.posed_skin import posed_meshes
from mmskel.cli import main
from mmskel.data import save_annotation_file
from mmskel.files.errors import UserError
from mmskel.skeleton import Clip
from mmskel.synthetic.motions import make_motion_clips


@pytest.fixture(scope='module')
def moved():
    """Six frames of the body itself, the fourth of them missing."""
    skel, rng = SKEL(tube_body('skel')), np.random.default_rng(0)
    poses = (rng.normal(size=(6, 46)) * 0.2).astype(np.float32)
    trans = rng.normal(size=(6, 3)).astype(np.float32)
    with torch.no_grad():
        joints = skel.joints(torch.from_numpy(poses), torch.zeros(1, 10), torch.from_numpy(trans)).numpy()
    score = np.ones((1, 6, 24), np.float32)
    score[:, 3], joints[3], poses[3] = 0, 0, 0
    return Clip('a/moved', joints[None], score, layout='skel24', fps=30., angles=poses[None], angle_names=ANGLES), trans


@pytest.fixture
def file(moved, tmp_path):
    plain = make_motion_clips(num_per_class=1, layout='kinect20')[0]
    flat = make_motion_clips(num_per_class=1, layout='coco17', project=True)[1]
    save_annotation_file(tmp_path / 'c.pkl', [moved[0], plain, flat], {}, dict(layout='skel24'))
    return tmp_path / 'c.pkl', plain.id, flat.id


def test_the_skin_is_the_bodys_own_where_bones_have_its_lengths(moved):
    clip, trans = moved
    skel = SKEL(tube_body('skel'))
    points, faces = posed_meshes(skel, clip.angles[0], clip.keypoint[0], clip.score[0].any(-1))['skin']
    assert np.isnan(points[3]).all() and faces.shape[1] == 3
    with torch.no_grad():
        found = skel(torch.from_numpy(clip.angles[0]), torch.zeros(1, 10), torch.from_numpy(trans))
    away = np.linalg.norm(points - found.skin_verts.numpy(), axis=-1)[[0, 1, 2, 4, 5]]
    assert away.max() < 0.03  # metres: the offsets of the pose are left out


def test_a_page_holds_skeleton_and_skin(file, moved, tmp_path):
    page = draw_body(file[0], name='a/moved', out=tmp_path / 'b.html').read_text()
    data = json.loads(re.search(r'id="clips">(.*?)</script>', page, re.S)[1])
    mesh, = data['clips'][0]['meshes']
    whole = np.frombuffer(base64.b64decode(mesh['points']), '<i2').reshape(6, -1, 3)
    assert (whole[3] == -32768).all() and 0 < mesh['opacity'] < 1
    points = whole * mesh['step'] + np.array(mesh['origin'])
    expected = posed_meshes(SKEL(tube_body('skel')), moved[0].angles[0], moved[0].keypoint[0])['skin'][0]
    np.testing.assert_allclose(points[[0, 1, 2, 4, 5]], expected[[0, 1, 2, 4, 5]], atol=0.01)
    faces = np.frombuffer(base64.b64decode(mesh['faces']), '<i2')
    assert faces.min() == 0 and faces.max() == whole.shape[1] - 1


def test_angles_of_a_body_and_of_any_skeleton(file, tmp_path, monkeypatch, capsys):
    import cv2
    monkeypatch.chdir(tmp_path)
    assert main(['draw', str(file[0]), '--clip', 'a/moved', '--angles']) == 0
    assert capsys.readouterr().out == 'wrote a_moved_angles.png\n'
    image = cv2.imread('a_moved_angles.png')
    assert min(image.shape[:2]) > 500 and (image != 255).any(-1).mean() > 0.02
    path = draw_angles(file[0], file[1], tmp_path / 'plain.svg')
    assert 'left_knee' not in path.read_text() and path.stat().st_size > 5000


def test_what_is_refused(file, tmp_path, capsys):
    for arguments, message in (
            (['--clip', file[2], '--angles'], 'is in 2-D and has no joint angles'), (['--clip', file[1], '--body', 'tube'], 'not fitted'),
            (['--clip', 'a/moved', '--angles', '--body', 'tube'], '--angles and --body cannot be drawn together'),
            (['--clip', 'a/moved', '--person', '1'], '--person goes with'), (['--clip', 'a/moved', '--angles', '--plain'], 'neither'),
            (['--clip', 'a/moved', '--angles', '--person', '4'], 'there is no person 4'),
            (['--clip', 'a/moved', '--angles', '--out', str(tmp_path / 'a.mp4')], 'cannot draw angles to'),
            (['--clip', 'a/moved', '--body', 'nowhere.pkl'], "there is no body model 'nowhere.pkl'")):
        assert main(['draw', str(file[0]), *arguments]) == 1
        assert message in capsys.readouterr().err
    with pytest.raises(UserError, match='is an input'):
        draw_angles(file[0], 'a/moved', file[0])
    assert [path.name for path in tmp_path.iterdir()] == ['c.pkl']


def test_demo(tmp_path, capsys, monkeypatch):
    import mmskel.apis.body_demo as module
    monkeypatch.setattr(module, 'find_spec', lambda name: None)  # the body of tubes, wherever this runs
    for _ in range(2):  # again into the same folder
        assert main(['demo', '--body', '--out', str(tmp_path / 'd')]) == 0
        assert '3 clips fitted' in capsys.readouterr().out
    assert len(list((tmp_path / 'd').glob('*_body.html'))) == len(list((tmp_path / 'd').glob('*_angles.png'))) == 3
    assert main(['demo', '--body', '--data', 'x']) == 1 and '--data' in capsys.readouterr().err
