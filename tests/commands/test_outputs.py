"""Outputs of commands respect what is there: inputs, devices, links, spreadsheets and terminals."""
import json
import os
import pickle
import resource
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from fuzz.samples import flat_file, results

from mmskel.cli import main
from mmskel.files.errors import OutputError
from mmskel.files.torch_files import write_data


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('MMSKEL_DEBUG', raising=False)
    Path('a.pkl').write_bytes(pickle.dumps(flat_file()))
    Path('one').mkdir()
    for name, seed in (('one/results.json', 0), ('b.json', 1)):
        Path(name).write_text(json.dumps(results(seed)))
    torch.save(dict(state_dict={}), 'w.pth')
    torch.save(dict(state_dict={}), 'out.py')
    Path('link.pkl').symlink_to('a.pkl')
    Path('l.csv').write_text('id,label\na,0\n')
    Path('arrays').mkdir()
    np.save('arrays/a.npy', np.ones((4, 17, 2)))
    Path('c.py').write_text("_base_ = 'mmskel::stgcn/stgcn_nwucla.py'\n")
    Path('video.mp4').write_bytes(b'x')


@pytest.mark.parametrize('words', [
    ['prepare', 'pickle', 'a.pkl', 'a.pkl'], ['prepare', 'pickle', 'link.pkl', 'a.pkl'], ['prepare', 'pickle', 'a.pkl', './link.pkl'],
    ['check', 'a.pkl', '--html', 'a.pkl'], ['check', 'a.pkl', '--html', 'link.pkl'], ['check', 'a.pkl', '--html', 'fifo.pkl'],
    ['check', 'a.pkl', '--html', 'to_fifo.html'], ['convert', 'st_gcn', 'w.pth', 'fifo.pth'],
    ['prepare', 'numpy', 'arrays', 'fifo.pkl', '--labels', 'l.csv', '--layout', 'coco17'],
    ['convert', 'st_gcn', 'w.pth', 'w.pth'], ['convert', 'st_gcn', 'out.py', 'out.py'], ['convert', 'st_gcn', 'out.py', 'out.pth'],
    ['fuse', 'one', 'b.json', '--out', 'one'], ['fuse', 'one/results.json', 'b.json', '--out', './one'],
    ['draw', 'a.pkl', '--clip', 'clip0', '--plain', '--out', 'a.pkl'],
    ['predict', 'a.pkl', '--config', 'c.py', '--checkpoint', 'w.pth', '--save', 'b.json/x.json'],
    ['features', 'c.py', 'w.pth', '--data', 'a.pkl', '--out', 'w.pth'], ['export', 'c.py', 'w.pth', 'w.pth'],
    ['extract', 'video.mp4', 'arrays'], ['extract', 'arrays', 'a.pkl', '--labels', 'a.pkl']])
def test_inputs_and_devices_are_not_replaced(words, capsys):
    for name in ('fifo.pkl', 'fifo.pth'):
        os.mkfifo(name)
    Path('to_fifo.html').symlink_to('fifo.pkl')
    files = [path for path in Path().rglob('*') if path.is_file()]
    before = {path: (path.read_bytes(), path.lstat().st_mode) for path in files}
    assert main(words) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    assert {path: (path.read_bytes(), path.lstat().st_mode) for path in before} == before
    assert not [path for path in Path().rglob('*') if path.is_file() and path not in before]
    assert Path('fifo.pkl').is_fifo() and Path('fifo.pth').is_fifo() and Path('to_fifo.html').is_symlink()


def test_links_and_modes_stay():
    Path('private.pkl').write_bytes(b'old')
    Path('private.pkl').chmod(0o600)
    Path('out.pkl').symlink_to('private.pkl')
    assert main(['prepare', 'pickle', 'a.pkl', 'out.pkl']) == 0
    assert Path('out.pkl').is_symlink() and os.stat('private.pkl').st_mode & 0o777 == 0o600
    assert Path('private.pkl').stat().st_size > 100


def test_names_out_of_files_reach_neither_terminal_nor_spreadsheet(capsys):
    data = flat_file()
    data['annotations'][0]['frame_dir'] = '\x1b]0;owned\x07\ud800clip'
    data['split'] = {'tra\x1b[2Jin': ['\x1b]0;owned\x07\ud800clip', 'nobody'], 'test': ['clip2']}
    data['meta']['class_names'] = ['=1+1', '\x1b[31mkick']
    Path('bad.pkl').write_bytes(pickle.dumps(data))
    assert main(['check', 'bad.pkl', '--html', 'p.html']) == 1
    assert main(['prepare', 'pickle', 'bad.pkl', 'o.pkl', '--keep-going']) == 0
    assert main(['draw', 'bad.pkl', '--clip', 'no\x1b[2Jbody']) == 1
    printed = capsys.readouterr()
    assert '\x1b' not in printed.out + printed.err and '\\x1b' in printed.out
    members = [dict(results(seed), class_names=['=1+1', '\x1b[31mkick', '@bow']) for seed in (0, 1)]
    for name, one in zip(('x.json', 'y.json'), members):
        Path(name).write_text(json.dumps(one))
    assert main(['fuse', 'x.json', 'y.json', '--out', 'f']) == 0
    assert '\x1b' not in capsys.readouterr().out
    rows = Path('f/per_class.csv').read_text().splitlines()
    assert any(row.startswith("'=1+1") for row in rows) and any(row.startswith("'@bow") for row in rows)


@pytest.mark.parametrize('names', [['$x_{', '$y$'], ['\\frac$', '$\\frac$'], ['\ud800', 'a\nb'], ['$$', '\\$1$2']])
def test_names_out_of_files_are_no_formulas(names, capsys):
    """Plots and videos draw a class's name as it is written."""
    data = flat_file()
    data['meta']['class_names'], data['split'] = names, {'$\\frac$_train': ['clip0', 'clip1'], '$\\frac$_test': ['clip2', 'clip3']}
    Path('named.pkl').write_bytes(pickle.dumps(data))
    assert main(['check', 'named.pkl', '--html', 'p.html']) == 0 and Path('p.html').stat().st_size > 10_000
    from PIL import Image, ImageDraw, ImageFont

    from mmskel.evaluation.results import load_results
    from mmskel.visualization.confusion import draw_confusion_matrix
    from mmskel.visualization.labelled_video import shortened
    Path('r.json').write_text(json.dumps(dict(results(0), class_names=[*names, 'third'])))
    assert draw_confusion_matrix(load_results('r.json'), 'c.png').stat().st_size > 10_000
    for name in names:
        assert shortened(ImageDraw.Draw(Image.new('L', (9, 9))), name, ImageFont.load_default(12), 200) == ' '.join(name.split())


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises((OutputError, OSError), match='big.pth|File too large'):
            write_data('big.pth', dict(a=torch.ones(100_000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert not [path for path in tmp_path.iterdir() if 'big' in path.name]


@pytest.mark.parametrize('words, message', [
    (['predict', 'a.pkl', '--window', 'inf'], 'inf'), (['predict', 'a.pkl', '--stride', 'nan'], 'nan'),
    (['predict', 'a.pkl', '--window', '-3s'], 'window')])
def test_times_that_are_none(words, message, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*words, '--config', 'c.py', '--checkpoint', 'w.pth'])
    assert ended.value.code == 2 and message in capsys.readouterr().err


@pytest.mark.parametrize('device, message', [('foo', "no device 'foo' here"), ('cuda:99', "no device 'cuda:99'"), ('meta', "no device 'meta'")])
def test_devices_that_are_none(device, message, capsys):
    assert main(['predict', 'a.pkl', '--config', 'c.py', '--checkpoint', 'w.pth', '--device', device]) == 1
    assert message in capsys.readouterr().err
    assert main(['extract', 'video.mp4', 'o.pkl', '--device', device]) == 1
    assert message in capsys.readouterr().err


def test_an_image_of_a_billion_pixels_takes_no_memory():
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    Path('p').mkdir()
    Path('p/0.png').write_bytes(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 100_000, 100_000, 8, 2, 0, 0, 0))
                                + chunk(b'IDAT', zlib.compress(b'\0' * 1000)) + chunk(b'IEND', b''))
    from mmskel.video.reading import open_video
    from mmskel.video.sources import VideoError
    with pytest.raises(VideoError, match='0.png'), open_video('p') as video:
        list(video)
