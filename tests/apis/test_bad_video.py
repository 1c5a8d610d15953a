"""What goes wrong between a video and a label: every kind ends in one readable line and a non-zero exit."""
import errno
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from pose_models import DETECTOR, TINYPOSE

from mmskel.cli import main
from mmskel.data.annotation_file import save_annotation_file
from mmskel.skeleton import Clip
from mmskel.video.writing import video_writer

RAN = 'MMSKEL_TEST_CODE_RAN_IN_WEIGHTS'


class Bomb:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return os.putenv, (RAN, '1')


def film(path, frames=4, value=90, size=(64, 96)):
    path.parent.mkdir(parents=True, exist_ok=True)
    with video_writer(path, 8) as write:
        for _ in range(frames):
            write(np.full((*size, 3), value, np.uint8))
    return path


def sound(path):
    import av
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('aac', rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format='fltp', layout='mono')
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """Everything that the cases name, in one folder; they run in it."""
    from mmaction.apis import init_recognizer

    from mmskel.configuration import load_config
    folder = tmp_path_factory.mktemp('bad')
    film(folder / 'good.mp4')
    film(folder / 'one_frame.mp4', 1)
    film(folder / 'two/a/x.mp4')
    film(folder / 'two/b/y.mp4')
    film(folder / 'twice/x.mp4')
    (folder / 'twice/x.avi').write_bytes((folder / 'good.mp4').read_bytes())
    (folder / 'empty.mp4').touch()
    (folder / 'text.mp4').write_text('no video\n' * 99)
    (folder / 'cut.mp4').write_bytes((folder / 'good.mp4').read_bytes()[:-600])
    sound(folder / 'sound.mp4')
    (folder / 'nothing').mkdir()
    (folder / 'notes').mkdir()
    (folder / 'notes/a.txt').write_text('x')
    (folder / 'images').mkdir()
    (folder / 'images/1.png').write_bytes(b'no image')
    (folder / 'lost.txt').write_text('gone.mp4\n')
    (folder / 'empty.txt').write_text('\n')
    (folder / 'columns.csv').write_text('name,class\nx,y\n')
    (folder / 'strange.csv').write_text('id,label\nother,y\n')
    (folder / 'names.txt').write_text('one\ntwo\nthree\n')
    (folder / 'broken.py').write_text('model = dict(\n')
    (folder / 'nomodel.py').write_text('a = 1\n')
    (folder / 'damaged.pth').write_bytes(b'damaged')
    (folder / 'broken.pkl').write_bytes(b'damaged')
    torch.save(dict(state_dict=dict(a=torch.ones(1))), folder / 'other.pth')
    torch.save(dict(meta=Bomb(), state_dict={}), folder / 'bomb.pth')
    (folder / 'tinypose.py').write_text(TINYPOSE)
    rng = np.random.default_rng(0)
    for name, layout, V, C in (('flat', 'coco17', 17, 2), ('hand', 'hand21', 21, 2), ('deep', 'ntu25', 25, 3)):
        clips = [Clip(f'{name}{i}', rng.uniform(1, 90, (1, 6, V, C)), layout=layout, label=i,
                      image_size=(100, 100) if C == 2 else None) for i in range(2)]
        save_annotation_file(folder / f'{name}.pkl', clips, dict(train=[f'{name}0'], test=[f'{name}1']),
                             dict(layout=layout, class_names=['to', 'fro']))
    for name in ('flat', 'deep'):
        cfg = load_config('custom/stgcn_custom.py', data=str(folder / f'{name}.pkl'), cfg_options={
            'model.backbone.base_channels': 4, 'model.cls_head.in_channels': 16})
        torch.save(dict(state_dict=init_recognizer(cfg, device='cpu').state_dict()), folder / f'{name}.pth')
        cfg.dump(folder / f'{name}.py')
    return folder


@dataclass
class Case:
    """A command without its flags for models, and what it says."""
    command: str
    said: str
    models: bool = False  # gets as far as the models, which must then be there

    def __str__(self):
        return self.command


EXTRACT, PREDICT = 'extract {} out.pkl {}', 'predict {} --config flat.py --checkpoint flat.pth {}'


def extract(source, said, flags='', models=False):
    return Case(EXTRACT.format(source, flags), said, models)


def predict(source, said, flags='', models=False):
    return Case(PREDICT.format(source, flags), said, models)


CASES = [
    extract('gone.mp4', "'gone.mp4': no such file or folder"),
    extract('nothing', "'nothing': a folder without videos"),
    extract('notes', "'notes': a folder without videos; expected files that end in"),
    extract('lost.txt', "'lost.txt', line 1: there is no 'gone.mp4'"),
    extract('empty.txt', "'empty.txt': the list names no video"),
    extract('twice', "1 ids occur twice, e.g. 'x'"),
    extract('two', "'columns.csv': expected a header with id", '--labels columns.csv'),
    extract('two', "'strange.csv': 1 rows name no video, e.g. 'other'", '--labels strange.csv'),
    extract('two', 'gone.csv', '--labels gone.csv'),
    extract('good.mp4', '--jobs 0; expected', '--jobs 0'),
    extract('good.mp4', 'det_every = 0', '--det-every 0'),
    extract('good.mp4', "unknown preset 'best'", '--preset best'),
    extract('good.mp4', '--det-config needs --det-weights', '--det-config a.py'),
    extract('good.mp4', "--pose-config 'gone.py': there is no such config", '--pose-config gone.py --pose-weights a.pth'),
    extract('good.mp4', "--pose-config 'broken.py' is not a config that can be read",
            '--pose-config broken.py --pose-weights a.pth'),
    extract('good.mp4', "--pose-config 'nomodel.py' has no model", '--pose-config nomodel.py --pose-weights a.pth'),
    extract('good.mp4', "--pose-config 'nopackage::a.py' needs the package nopackage",
            '--pose-config nopackage::a.py --pose-weights a.pth'),
    extract('good.mp4', "--pose-weights: there is no checkpoint 'gone.pth'",
            '--pose-config tinypose.py --pose-weights gone.pth'),
    extract('good.mp4', "--pose-weights: 'damaged.pth' (7 bytes) is not a checkpoint",
            '--pose-config tinypose.py --pose-weights damaged.pth'),
    extract('good.mp4', "--pose-weights: 'other.pth' is a checkpoint of another model",
            '--pose-config tinypose.py --pose-weights other.pth'),
    extract('good.mp4', "--pose-weights: 'bomb.pth' (1307 bytes) is not a checkpoint that can be read",
            '--pose-config tinypose.py --pose-weights bomb.pth'),
    extract('good.mp4', 'Download it on a machine with a network and give the file: --pose-weights FILE',
            '--pose-config tinypose.py --pose-weights http://127.0.0.1:9/a.pth'),
    Case('extract good.mp4 out.txt', "cannot write to 'out.txt': expected the name of a file that ends in .pkl"),
    Case('extract good.mp4 nothing', "cannot write to 'nothing'"),
    Case('extract good.mp4 good.mp4/out.pkl', 'good.mp4/out.pkl'),
    extract('empty.mp4', "'empty.mp4': the file is empty", models=True),
    extract('text.mp4', "'text.mp4'", models=True),
    extract('cut.mp4', "'cut.mp4'", models=True),
    extract('sound.mp4', "'sound.mp4'", models=True),
    extract('good.mp4', "'good.mp4': nobody was found in 4 frames", models=True),
    extract('one_frame.mp4', "'one_frame.mp4': nobody was found in 1 frames", models=True),
    extract('good.mp4', 'fps is -1.0; expected a positive number', '--fps -1', models=True),
    predict('gone.mp4', "'gone.mp4': no such file"),
    predict('nothing', "'nothing': a folder without videos"),
    predict('broken.pkl', "'broken.pkl'"),
    predict('flat.pkl', 'a stride of 1 s needs a window length', '--stride 1'),
    predict('flat.pkl', 'would leave frames out', '--window 1s --stride 2s'),
    predict('flat.pkl', 'expected positive, finite times', '--window 0'),
    predict('flat.pkl', "--save 'a.txt': expected .json (everything) or .csv (segments)", '--save a.txt'),
    predict('flat.pkl', 'several clips; give a folder', '--out a.mp4'),
    predict('good.mp4', "--out 'a.txt': expected a video", '--out a.txt'),
    predict('good.mp4', "cannot write to 'good.mp4/a.mp4'", '--out good.mp4/a.mp4'),
    predict('flat.pkl', '3 class names were given, but the recogniser has 2 classes', '--class-names names.txt'),
    predict('flat.pkl', "there is no list of class names 'gone.txt'", '--class-names gone.txt'),
    predict('hand.pkl', "clip 'hand0': the recogniser takes skeletons of layout 'coco17'"),
    predict('deep.pkl', "clip 'deep0': the recogniser takes skeletons of layout 'coco17'"),
    Case('predict flat.pkl --config deep.py --checkpoint deep.pth',
         "the recogniser takes skeletons of layout 'ntu25'; layout 'coco17' has no counterpart for these joints"),
    Case('predict flat.pkl --config flat.py --checkpoint gone.pth', "there is no checkpoint 'gone.pth'"),
    Case('predict flat.pkl --config flat.py --checkpoint deep.pth', "'deep.pth' is a checkpoint of another model"),
    Case('predict flat.pkl --config flat.py --checkpoint bomb.pth', "'bomb.pth'"),
    Case('predict flat.pkl --config gone.py --checkpoint flat.pth', "there is no config 'gone.py'"),
    Case('predict flat.pkl --config custom/stgcn_custom.py --checkpoint flat.pth', 'in the work dir of the training'),
    predict('empty.mp4', "'empty.mp4': the file is empty", models=True),
    predict('sound.mp4', "'sound.mp4'", models=True),
    predict('images', "'1.png'", models=True),
    predict('good.mp4', 'nobody was found', models=True),
]


@pytest.mark.parametrize('case', CASES, ids=str)
def test_every_mistake_is_one_line_and_leaves_nothing(case, place, monkeypatch, capsys, request, tmp_path):
    flags = []
    if case.models:
        weights = request.getfixturevalue('shared') / 'weights'
        flags = ['--det-config', DETECTOR, '--det-weights', str(weights / 'rtmdet_nano_person_320.pth'), '--pose-config',
                 'tinypose.py', '--pose-weights', str(weights / 'pp_tinypose_256x192.pth')]
    monkeypatch.chdir(place)
    before = set(place.rglob('*'))
    assert main([*case.command.split(), '--device', 'cpu', *flags]) == 1
    said = capsys.readouterr()
    lines = [line for line in said.err.splitlines() if line.startswith('mmskel: ')]
    assert case.said in (lines[0] if lines else said.out), (said.err, said.out)
    assert len(lines) == (0 if 'nobody' in case.said and 'predict' in case.command else 1) and 'Traceback' not in said.err
    assert RAN not in subprocess.run([sys.executable, '-c', 'import os; print(list(os.environ))'],
                                     capture_output=True, text=True).stdout if 'bomb' in case.command else True
    left = {path for path in set(place.rglob('*')) - before if '.journal' not in str(path)}
    assert not left, 'nothing half-written'
    for path in place.glob('*.journal/*'):
        path.unlink()


def test_there_are_thirty_kinds_at_least():
    assert len({case.said for case in CASES}) >= 40


def test_a_full_disk(place, monkeypatch, capsys, tmp_path):
    def full(descriptor):
        raise OSError(errno.ENOSPC, 'No space left on device')
    monkeypatch.chdir(place)
    monkeypatch.setattr('mmskel.files.atomic.os.fsync', full)
    command = 'predict flat.pkl --config flat.py --checkpoint flat.pth --device cpu'.split()
    for flags in (['--save', str(tmp_path / 'a.json')], ['--out', str(tmp_path / 'films')]):
        assert main([*command, *flags]) == 1
        assert 'No space left on device' in capsys.readouterr().err
    assert [path for path in tmp_path.rglob('*') if path.is_file()] == []


def test_one_bad_video_of_several_does_not_stop_the_others(place, shared, monkeypatch, capsys, tmp_path):
    for name in ('good.mp4', 'empty.mp4'):
        (tmp_path / 'films').mkdir(exist_ok=True)
        (tmp_path / 'films' / name).write_bytes((place / name).read_bytes())
    monkeypatch.chdir(place)
    weights = shared / 'weights'
    assert main(['predict', str(tmp_path / 'films'), '--config', 'flat.py', '--checkpoint', 'flat.pth', '--device', 'cpu',
                 '--det-config', DETECTOR, '--det-weights', str(weights / 'rtmdet_nano_person_320.pth'),
                 '--pose-config', 'tinypose.py', '--pose-weights', str(weights / 'pp_tinypose_256x192.pth'),
                 '--save', str(tmp_path / 'a.json')]) == 1
    printed = capsys.readouterr().out
    assert 'good   (4 frames' in printed and 'nobody was found' in printed and 'the file is empty' in printed
    assert Path(tmp_path / 'a.json').is_file()
