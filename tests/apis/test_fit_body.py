"""``mmskel fit``: clips of any layout, killed and resumed, and whatever it cannot fit."""
import pickle

import numpy as np
import pytest

from mmskel.apis import fit_body as module
from mmskel.apis.fit_body import export_angles, fit_body
from mmskel.body import ANGLES, save_body, tube_body
from mmskel.cli import main
from mmskel.data import load_annotation_file, save_annotation_file
from mmskel.files.errors import UserError
from mmskel.skeleton import Clip
from mmskel.synthetic.motions import make_motion_clips


@pytest.fixture(scope='module')
def clips():
    made = make_motion_clips(num_per_class=1, layout='kinect20')[:4]
    return [Clip(clip.id, clip.keypoint[:, :6], clip.score[:, :6], layout='kinect20', label=clip.label, fps=30.) for clip in made]


@pytest.fixture
def source(clips, tmp_path):
    split = dict(train=[clip.id for clip in clips[:2]], test=[clip.id for clip in clips[2:]])
    save_annotation_file(tmp_path / 'clips.pkl', clips, split, dict(layout='kinect20', class_names=[f'c{i}' for i in range(10)]))
    return tmp_path / 'clips.pkl'


def test_command(source, clips, tmp_path, capsys):
    out = tmp_path / 'fitted.pkl'
    assert main(['fit', str(source), str(out), '--export', str(tmp_path / 'angles')]) == 0
    assert '4 clips fitted' in capsys.readouterr().out
    file = load_annotation_file(out)
    assert file.layout == 'skel24' and file.split['train'] == [clip.id for clip in clips[:2]] and file.meta['body'] == 'tube'
    for before, after in zip(clips, file.clips()):
        after.check()
        assert after.id == before.id and after.label == before.label and after.angle_names == ANGLES
        assert after.angles.shape == (len(before.keypoint), 6, 46) and after.extra['fit_error'] < 0.1
        assert after.seen.any((1, 2)).tolist() == before.seen.any((1, 2)).tolist()
    names = {path.suffix for path in (tmp_path / 'angles').iterdir()}
    assert names == {'.mot', '.trc', '.csv'} and not (tmp_path / 'fitted.pkl.journal').exists()


def test_stopped_and_resumed(source, tmp_path, monkeypatch):
    whole = fit_body(source, tmp_path / 'whole.pkl', progress=False)
    assert whole.annotations
    fitted, real = [], module.fit_clip

    def stop(clip, skel):
        if len(fitted) == 2:
            raise KeyboardInterrupt
        fitted.append(clip.id)
        return real(clip, skel)
    monkeypatch.setattr(module, 'fit_clip', stop)
    with pytest.raises(KeyboardInterrupt):
        fit_body(source, tmp_path / 'resumed.pkl', progress=False)
    assert not (tmp_path / 'resumed.pkl').exists()
    monkeypatch.setattr(module, 'fit_clip', lambda clip, skel: fitted.append(clip.id) or real(clip, skel))
    fit_body(source, tmp_path / 'resumed.pkl', progress=False)
    assert len(fitted) == len(set(fitted)) == 4
    assert (tmp_path / 'resumed.pkl').read_bytes() == (tmp_path / 'whole.pkl').read_bytes()


def annotation(**changes):
    clip = Clip('bad', np.random.default_rng(0).normal(size=(1, 4, 20, 3)), layout='kinect20', label=0)
    return {**clip.to_annotation(), **changes}


@pytest.mark.parametrize('item, message', [
    (annotation(keypoint=np.ones((1, 4, 17, 2), np.float32), layout='coco17', keypoint_score=np.ones((1, 4, 17))),
     "'bad' has 2 coordinates.*lift"),
    (annotation(unit='normalised'), "'bad'.*unit 'normalised'"),
    (annotation(keypoint=np.zeros((1, 4, 20, 3), np.float32)), "'bad': no frame has 4 joints"),
    (annotation(keypoint=np.full((1, 4, 20, 3), np.nan, np.float32)), "'bad'.*NaN"),
    (annotation(layout='hand21', keypoint=np.ones((1, 4, 21, 3), np.float32)), "'bad': layout 'hand21' shares 0 joints"),
    (annotation(layout='no_such'), "'bad'.*no known layout"),
])
def test_bad_clips(item, message, clips, tmp_path):
    items = [clips[0].to_annotation() | dict(layout='kinect20'), item]
    (tmp_path / 'in.pkl').write_bytes(pickle.dumps(dict(annotations=items, split={}, meta=dict(layout='kinect20'))))
    with pytest.raises(UserError, match=message):
        fit_body(tmp_path / 'in.pkl', tmp_path / 'out.pkl', progress=False)
    assert not (tmp_path / 'out.pkl').exists()


def test_bad_clips_can_be_skipped(clips, tmp_path):
    items = [clips[0].to_annotation() | dict(layout='kinect20'), annotation(keypoint=np.zeros((1, 4, 20, 3), np.float32))]
    (tmp_path / 'in.pkl').write_bytes(pickle.dumps(dict(annotations=items, split=dict(a=['bad']), meta=dict(layout='kinect20'))))
    file = fit_body(tmp_path / 'in.pkl', tmp_path / 'out.pkl', keep_going=True, progress=False)
    assert len(file.annotations) == 1 and list(file.meta['skipped']) == ['bad'] and file.split == {}
    assert 'bad\t' in (tmp_path / 'out.pkl.skipped.txt').read_text()


def test_bad_files(source, tmp_path, capsys):
    save_body(tmp_path / 'smpl.npz', tube_body('smpl'))
    (tmp_path / 'text.pkl').write_text('hello')
    for model, message in ((tmp_path / 'none.pkl', 'no body model'), (tmp_path / 'smpl.npz', 'is an SMPL model'),
                           (tmp_path / 'text.pkl', 'not a readable pickle'), (source, 'neither an SMPL model')):
        with pytest.raises(UserError, match=message):
            fit_body(source, tmp_path / 'o.pkl', model, progress=False)
    for out, message in ((tmp_path / 'o.txt', 'ends in .pkl'), (source, 'is an input'), (tmp_path, 'ends in .pkl')):
        with pytest.raises(UserError, match=message):
            fit_body(source, out, progress=False)
    with pytest.raises(UserError, match="no split 'val'"):
        fit_body(source, tmp_path / 'o.pkl', split='val', progress=False)
    with pytest.raises(UserError, match='no joint angles of SKEL'):
        export_angles(load_annotation_file(source), tmp_path)
    assert main(['fit', str(tmp_path / 'nothing.pkl'), str(tmp_path / 'o.pkl')]) == 1
    assert "there is no file" in capsys.readouterr().err and not (tmp_path / 'o.pkl').exists()
