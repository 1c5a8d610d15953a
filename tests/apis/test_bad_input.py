"""What users get wrong: every kind ends in one readable line that names the file or clip, and a non-zero exit."""
import io
import json
import os
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from mmskel.cli import main

RAN = 'MMSKEL_TEST_CODE_RAN'


class Bomb:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return os.putenv, (RAN, '1')


def clip(name='a', V=20, label=0, frames=4, **more):
    keypoint = np.random.default_rng(0).normal(size=(1, frames, V, 3)).astype(np.float32)
    return dict(dict(frame_dir=name, total_frames=frames, label=label, keypoint=keypoint), **more)


def annotations(*clips, split=None, **meta):
    ids = [c['frame_dir'] for c in clips]
    return dict(split=dict(train=ids, test=ids, xview_train=ids, xview_test=ids) if split is None else split,
                annotations=list(clips), meta=dict(dict(layout='kinect20', class_names=['x', 'y']), **meta))


def ucla(T=3, V=20, label=1, **more):
    return json.dumps(dict(dict(file_name='a01_s01_e00_v01', skeletons=np.ones((T, V, 3)).tolist(), label=label), **more))


def ntu_text(frames=2, joints=25, cut=None):
    rows = [str(frames)]
    for t in range(frames):
        rows += ['1', '72057594037927936 0 1 1 1 1 0 0.1 0.2 2', str(joints)]
        rows += [f'{j} {t} 2.5 1 1 1 1 0 0 0 0 2' for j in range(joints)]
    return '\n'.join(rows[:cut])


def archive(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w') as file:
        for name, text in content.items():
            file.writestr(name, text)
    return buffer.getvalue()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def checkpoint(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def scores(*ids, classes=2):
    clips = {name: dict(label=0, prediction=0, scores=[1] + [0] * (classes - 1)) for name in ids}
    return json.dumps(dict(meta=dict(stream='joint'), class_names=list('xyz')[:classes], subsets=dict(part=ids), clips=clips))


CSV = 'id,label,split\na,0,train\n'
GOOD = np.ones((4, 20, 3), np.float32)
UCLA = ['prepare', 'nw_ucla', 'src', 'out.pkl']
NPY = ['prepare', 'numpy', 'src', 'out.pkl', '--labels', 'l.csv', '--layout', 'kinect20']
NTU, UTK = ['prepare', 'ntu', 'src', 'out.pkl'], ['prepare', 'utkinect', 'src', 'out.pkl']
KINETICS, PKL = ['prepare', 'kinetics_skeleton', 'src', 'out.pkl'], ['prepare', 'pickle', 'a.pkl', 'out.pkl']
TRAIN = ['train', 'stgcn/stgcn_nwucla.py', '--data', 'a.pkl', '--work-dir', 'run', '--cfg-options',
         'train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False']
CUSTOM = ['train', 'custom/stgcn_custom.py', '--data', 'a.pkl', '--work-dir', 'run']
TEST = ['test', 'stgcn/stgcn_nwucla.py', 'c.pth', '--data', 'a.pkl', '--work-dir', 'run', '--cfg-options',
        'test_dataloader.num_workers=0', 'test_dataloader.persistent_workers=False']
STREAMS, FUSE = [*TRAIN[:4], '--streams'], ['fuse', 'a.json', 'b.json']
MEMBERS = "_base_ = 'mmskel::stgcn/stgcn_nwucla.py'\nmembers = dict(m={})\n"
FINE = pickle.dumps(annotations(clip()))

# kind: (files to write, command, what the one line says)
KINDS = {
    # N-UCLA
    'truncated JSON': ({'src/a01_s01_e00_v01.json': ucla()[:60]}, UCLA, 'a01_s01_e00_v01'),
    'empty JSON file': ({'src/a01_s01_e00_v01.json': ''}, UCLA, 'a01_s01_e00_v01'),
    'JSON of another kind': ({'src/a01_s01_e00_v01.json': '[1, 2]'}, UCLA, 'a01_s01_e00_v01'),
    'wrong joint count in JSON': ({'src/a01_s01_e00_v01.json': ucla(V=19)}, UCLA, 'a01_s01_e00_v01.*19'),
    'NaN in JSON': ({'src/a01_s01_e00_v01.json': ucla().replace('1.0', 'NaN', 1)}, UCLA, 'a01_s01_e00_v01.*NaN'),
    'zero frames in JSON': ({'src/a01_s01_e00_v01.json': ucla(T=0)}, UCLA, 'a01_s01_e00_v01'),
    'label against the name': ({'src/a01_s01_e00_v01.json': ucla(label=7)}, UCLA, 'a01_s01_e00_v01.*7'),
    'no such source': ({}, UCLA, "'src'"),
    'folder without clips': ({'src/readme.txt': 'x'}, UCLA, "'src'"),
    'broken archive': ({'src.zip': b'PK\x03\x04 no'}, ['prepare', 'nw_ucla', 'src.zip', 'out.pkl'], 'src.zip'),
    'truncated archive': ({'src.zip': archive({'a01_s01_e00_v01.json': ucla()})[:-30]},
                          ['prepare', 'nw_ucla', 'src.zip', 'out.pkl'], 'src.zip'),
    # arrays of one's own
    'array of two axes': ({'src/a.npy': npy(np.ones((4, 60))), 'l.csv': CSV}, NPY, "a.npy.*expected.*T, 20, C"),
    'wrong joint count of an array': ({'src/a.npy': npy(np.ones((4, 17, 3))), 'l.csv': CSV}, NPY, "'?a'?.*17.*20"),
    'NaN in an array': ({'src/a.npy': npy(GOOD * np.nan), 'l.csv': CSV}, NPY, "'a'.*NaN"),
    'array without frames': ({'src/a.npy': npy(GOOD[:0]), 'l.csv': CSV}, NPY, "'a'"),
    'array of objects': ({'src/a.npy': npy(np.array([Bomb()], object)), 'l.csv': CSV}, NPY, 'a.npy'),
    'truncated array': ({'src/a.npy': npy(GOOD)[:200], 'l.csv': CSV}, NPY, 'a.npy'),
    'table without header': ({'src/a.npy': npy(GOOD), 'l.csv': 'a,0\n'}, NPY, 'l.csv.*id'),
    'table line without array': ({'src/a.npy': npy(GOOD), 'l.csv': CSV + 'b,1,train\n'}, NPY, "'?b"),
    'array without table line': ({'src/a.npy': npy(GOOD), 'src/z.npy': npy(GOOD), 'l.csv': CSV}, NPY, "'?z"),
    'two table lines of one id': ({'src/a.npy': npy(GOOD), 'l.csv': CSV + 'a,1,test\n'}, NPY, 'l.csv.*a'),
    'no table': ({'src/a.npy': npy(GOOD)}, NPY, 'l.csv'),
    'table not named': ({'src/a.npy': npy(GOOD)}, ['prepare', 'numpy', 'src', 'out.pkl'], 'labels'),
    'unknown layout': ({'src/a.npy': npy(GOOD), 'l.csv': CSV}, [*NPY[:-1], 'kinect21'], "unknown layout 'kinect21'"),
    'output that is not a .pkl': ({'src/a.npy': npy(GOOD), 'l.csv': CSV}, [*NPY[:3], 'out.npz', *NPY[4:]], 'out.npz.*pkl'),
    # other formats
    'truncated NTU file': ({'src/S001C001P001R001A001.skeleton': ntu_text(cut=20)}, NTU, 'S001C001P001R001A001'),
    'NTU file with words': ({'src/S001C001P001R001A001.skeleton': 'hello\n'}, NTU, 'S001C001P001R001A001.*hello'),
    'NTU file of 20 joints': ({'src/S001C001P001R001A001.skeleton': ntu_text(joints=20)}, NTU, 'S001C001P001R001A001.*20'),
    'UT-Kinect without labels': ({'src/joints_s01_e01.txt': '2 ' + '0.1 ' * 60}, UTK, 'actionLabel'),
    'UT-Kinect row cut off': ({'src/joints_s01_e01.txt': '2 ' + '0.1 ' * 50,
                               'src/actionLabel.txt': 's01_e01\n' + '\n'.join(f'{n}: 2 2' for n in (
                                   'walk sitDown standUp pickUp carry throw push pull waveHands clapHands').split())},
                              UTK, 's01_e01'),
    'Kinetics without label file': ({'src/kinetics_val/a.json': '{}'}, KINETICS, 'label'),
    # pickles
    'pickle bomb to prepare': ({'a.pkl': pickle.dumps(Bomb())}, PKL, "a.pkl.*nothing was run"),
    'pickle bomb inside a clip': ({'a.pkl': pickle.dumps(annotations(clip(extra=Bomb())))}, TRAIN, 'a.pkl.*nothing was run'),
    'pickle bomb to check': ({'a.pkl': pickle.dumps(Bomb())}, ['check', 'a.pkl'], 'a.pkl.*nothing was run'),
    'truncated pickle': ({'a.pkl': FINE[:100]}, TRAIN, 'a.pkl.*100 bytes'),
    'empty pickle': ({'a.pkl': b''}, ['check', 'a.pkl'], 'a.pkl'),
    'pickle of something else': ({'a.pkl': pickle.dumps(dict(x=1))}, PKL, "a.pkl.*'annotations'"),
    'two clips of one id': ({'a.pkl': pickle.dumps(annotations(clip(), clip()))}, TRAIN, "a.pkl.*two clips called 'a'"),
    'split of unknown clips': ({'a.pkl': pickle.dumps(annotations(clip(), split=dict(xview_train=['b'])))}, TRAIN,
                               "a.pkl.*'xview_train' names 1 clips.*b"),
    'no file to check': ({}, ['check', 'a.pkl'], "no file 'a.pkl'"),
    # training
    'no data': ({}, TRAIN, "no file 'a.pkl'"),
    'no such config': ({}, ['train', 'stgcn/nope.py'], "no config 'stgcn/nope.py'.*stgcn/stgcn_nwucla.py"),
    'config with a syntax error': ({'c.py': 'model = dict('}, ['train', 'c.py'], "c.py' is not a config"),
    'part of a config': ({'c.py': 'x = 1'}, ['train', 'c.py'], "c.py' has no model"),
    'missing split': ({'a.pkl': FINE}, [*TRAIN[:2], '--split', 'xset', *TRAIN[2:]], "a.pkl' has no split 'xset'.*it has"),
    'label out of range': ({'a.pkl': pickle.dumps(annotations(clip(label=12)))}, TRAIN, "'a' .*label 12.*10 classes"),
    'label that is text': ({'a.pkl': pickle.dumps(annotations(clip(label='wave')))}, TRAIN, "'a'.*'wave'"),
    'clip without label': ({'a.pkl': pickle.dumps(annotations(clip(label=None)))}, TRAIN, "'a' .*no label"),
    'clip of another joint count': ({'a.pkl': pickle.dumps(annotations(clip(V=19)))}, TRAIN, "'a'.*19 joints"),
    'layout that lacks joints': ({'a.pkl': pickle.dumps(annotations(clip(V=17), layout='coco17'))}, TRAIN,
                                 "'coco17' has no counterpart for.*spine"),
    'NaN in a clip': ({'a.pkl': pickle.dumps(annotations(clip(keypoint=np.full((1, 4, 20, 3), np.nan))))}, TRAIN, "'a'.*NaN"),
    'frames that do not add up': ({'a.pkl': pickle.dumps(annotations(clip(total_frames=9)))}, TRAIN, "'a'.*total_frames is 9"),
    'file without splits': ({'a.pkl': pickle.dumps(annotations(clip(), split={}))}, CUSTOM, 'a.pkl.*no splits'),
    'split of one part': ({'a.pkl': FINE}, [*TRAIN[:2], '--split', 'xview_train', *TRAIN[2:]], "e.g. 'xview'$"),
    'misspelt setting of a model': ({'a.pkl': FINE}, [*TRAIN, 'model.backbone.base_chanels=3'], 'base_chanels'),
    'stock pipeline without clip ids': ({'a.pkl': FINE}, [*TRAIN, 'test_dataloader.dataset.pipeline.3.type=PackActionInputs'],
                                        "meta_keys=.'frame_dir'"),
    'negative scores': ({'a.pkl': pickle.dumps(annotations(clip(keypoint_score=-np.ones((1, 4, 20)))))}, TRAIN,
                        "'a'.*the lowest score is -1"),
    'mistyped folder of a config': ({}, ['train', 'nosuch/stgcn_nwucla.py'], "no config 'nosuch/stgcn_nwucla.py'"),
    'option without value': ({}, ['train', 'stgcn/stgcn_nwucla.py', '--cfg-options', 'a'], "'a' has no '='"),
    'metric that keeps no clip ids': ({'a.pkl': FINE}, [*TRAIN, 'test_evaluator.type=AccMetric'],
                                      "test_evaluator has no metric that keeps the results by clip id.*--no-test"),
    'no checkpoint to resume': ({'a.pkl': FINE}, [*TRAIN[:6], '--resume'], 'no checkpoint to resume'),
    'negative seed': ({}, ['train', 'stgcn/stgcn_nwucla.py', '--seed', '-1'], 'not -1'),
    'no epochs': ({}, ['train', 'stgcn/stgcn_nwucla.py', '--epochs', '0'], 'not 0'),
    # streams and fusion
    'unknown stream': ({}, ['train', 'stgcn/stgcn_nwucla.py', '--stream', 'bones'], "no stream 'bones'; known: joint, bone, joint"),
    'unknown stream among several': ({}, [*STREAMS, 'joint', 'bones'], "no stream 'bones'; known: joint, bone, joint"),
    'one stream of several': ({}, [*STREAMS, 'joint'], 'not 1; for one, give --stream'),
    'a stream twice': ({}, [*STREAMS, 'bone', 'joint', 'bone'], "stream 'bone' is named twice"),
    'several streams and one': ({}, [*STREAMS, 'joint', 'bone', '--stream', 'joint'], 'does not go with --stream$'),
    'several streams, no test': ({}, [*STREAMS, 'joint', 'bone', '--no-test'], 'does not go with --no-test'),
    'streams that a preset lacks': ({'a.pkl': FINE}, [*STREAMS, 'joint', 'joint_motion', '--cfg-options', 'fusion.preset=pyskl'],
                                    "'bone' is missing.*'bone_motion' is missing.*fusion.preset=None"),
    'unknown rule in a config': ({}, [*STREAMS, 'joint', 'bone', '--cfg-options', 'fusion.rule=mean'], "unknown rule 'mean'; known"),
    'misspelt key of fusion': ({}, [*STREAMS, 'joint', 'bone', '--cfg-options', 'fusion.weight=1'], "unknown key 'weight'; known"),
    'member with a misspelt key': ({'c.py': MEMBERS.format('dict(streams="bone")')}, ['train', 'c.py', '--stream', 'm'],
                                   "members: 'm' is a dict of stream and options"),
    'member of no stream': ({'c.py': MEMBERS.format('dict(stream="limb")')}, ['train', 'c.py', '--stream', 'm'], "'m'.*'limb'; known"),
    'results of other clips': ({'a.json': scores('x', 'y'), 'b.json': scores('x', 'z')}, FUSE, "only in 'a.json', e.g. y.*b.json.*z"),
    'results of other classes': ({'a.json': scores('x'), 'b.json': scores('x', classes=3)}, FUSE, "'a.json' has 2 classes, 'b.json' has 3"),
    'results without logits': ({'a.json': scores('x'), 'b.json': scores('x')}, [*FUSE, '--preset', 'hdgcn'], "'a.json' holds no logits.*`mmskel test`"),
    'no results file': ({'a.json': scores('x')}, FUSE, "no results file 'b.json'; `mmskel test` writes one"),
    'results file of another kind': ({'a.json': scores('x'), 'b.json': '[]'}, FUSE, "b.json' is not a results file"),
    'one file to fuse': ({'a.json': scores('x')}, FUSE[:-1], 'at least two results'),
    'one file twice': ({'a.json': scores('x')}, ['fuse', 'a.json', './a.json'], "'a.json' is named twice"),
    'wrong number of weights': ({'a.json': scores('x'), 'b.json': scores('x')}, [*FUSE, '--weights', '1', '2', '3'], '3 weights for 2 results'),
    'unknown rule': ({'a.json': scores('x'), 'b.json': scores('x')}, [*FUSE, '--rule', 'vote'], "unknown rule 'vote'; known: logits"),
    'unknown preset': ({'a.json': scores('x'), 'b.json': scores('x')}, [*FUSE, '--preset', 'x'], "unknown preset 'x'; known: pyskl"),
    'preset and weights': ({'a.json': scores('x'), 'b.json': scores('x')}, [*FUSE, '--preset', 'pyskl', '--weights', '1', '2'], 'a preset includes its rule'),
    'preset of other streams': ({'a.json': scores('x'), 'b.json': scores('x')}, [*FUSE, '--preset', 'pyskl'], "'bone' is missing; 'joint' occurs twice"),
    'no subset to fit on': ({'a.json': scores('x'), 'b.json': scores('x')}, [*FUSE, '--fit-on', 'val'], "'a.json' has no subset 'val'"),
    'fitted on everything': ({'a.json': scores('x'), 'b.json': scores('x')}, [*FUSE, '--fit-on', 'part'], "'part' is all of the clips"),
    'fitted and given weights': ({'a.json': scores('x'), 'b.json': scores('x')}, [*FUSE, '--fit-on', 'part', '--weights', '1', '2'], 'leave out --weights'),
    # checkpoints
    'no checkpoint': ({'a.pkl': FINE}, TEST, "no checkpoint 'c.pth'"),
    'checkpoint that is text': ({'a.pkl': FINE, 'c.pth': 'hello'}, TEST, "c.pth' .5 bytes. is not a checkpoint"),
    'checkpoint of another model': ({'a.pkl': FINE, 'c.pth': checkpoint(dict(state_dict={'l1.w': torch.ones(2)}))}, TEST,
                                    "c.pth' is a checkpoint of another model"),
    'checkpoint with code': ({'a.pkl': FINE, 'c.pth': checkpoint(dict(state_dict=Bomb()))}, TEST, "c.pth'.*safely"),
    'official checkpoint with code': ({'c.pth': checkpoint(Bomb())}, ['convert', 'st_gcn', 'c.pth', 'o.pth'], "c.pth'.*safely"),
    'official checkpoint of another system': ({'c.pth': checkpoint({'l1.PA': torch.ones(2)})},
                                              ['convert', 'st_gcn', 'c.pth', 'o.pth'], "c.pth'.*not an ST-GCN"),
    'unknown system': ({'c.pth': b''}, ['convert', 'st_gnc', 'c.pth', 'o.pth'], "unknown system 'st_gnc'"),
}


def test_there_are_many_kinds():
    assert len(KINDS) >= 40


@pytest.mark.parametrize('kind', KINDS)
def test_one_readable_line(kind, tmp_path, monkeypatch, capsys):
    files, command, expected = KINDS[kind]
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('MMSKEL_DEBUG', raising=False)
    for name, content in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    before = {str(p) for p in Path().rglob('*')}
    status = main(command)
    printed = capsys.readouterr()
    lines = [line for line in printed.err.splitlines() if line.startswith('mmskel: ')]
    if command[0] == 'check' and not lines:  # its report is the message
        lines = [' '.join(printed.out.split())]
    assert status not in (0, None) and len(lines) == 1, lines

    assert re.search(expected, lines[0]), lines[0]
    assert len(lines[0]) < 700 and os.environ.get(RAN) is None
    # nothing half-written stays behind
    left = {str(p) for p in Path().rglob('*')} - before
    assert not [p for p in left if p.startswith(('out', 'o.', '.out', '.o'))], left


def test_broken_files_can_be_skipped_but_not_silently(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path('src').mkdir()
    Path('src/a01_s01_e00_v01.json').write_text(ucla())
    Path('src/a02_s01_e00_v02.json').write_text('{')
    assert main([*UCLA, '--keep-going']) == 0
    assert 'a02_s01_e00_v02' in Path('out.pkl.skipped.txt').read_text()
    assert '1' in capsys.readouterr().out
