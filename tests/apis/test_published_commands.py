"""``--model`` from the download to the labelled video; a server on this machine stands in for the net."""
import hashlib
import io
import json
from dataclasses import replace

import av
import numpy as np
import pytest
import torch
from acted import acted_file
from local_server import local_server
from mmengine.registry import DefaultScope

from mmskel.apis import zoo
from mmskel.cards.zoo import DEFAULT, entries, find_entry
from mmskel.cli import main
from mmskel.configuration.building import build_model
from mmskel.data.annotation_file import load_annotation_file, save_annotation_file
from mmskel.evaluation import load_results
from mmskel.evaluation.features import load_features
from mmskel.synthetic.hands import GESTURES, make_hand_clips

STREAMS = [f'stgcnpp_ntu60_xsub_2d_{stream}' for stream in ('joint', 'bone', 'joint_motion', 'bone_motion')]
START = 'stgcn_ntu60_xsub_2d_joint'
assert DEFAULT in STREAMS


def content_of(entry, seed):
    torch.manual_seed(seed)
    with DefaultScope.overwrite_default_scope('mmaction'):
        model = build_model(zoo.config_of(entry))
    file = io.BytesIO()
    torch.save(dict(state_dict=model.state_dict(), meta={}), file)
    return file.getvalue()


@pytest.fixture(scope='module')
def contents():
    """Name -> weights as bytes, of MMAction2's own configs."""
    return {name: content_of(find_entry(name), seed) for seed, name in enumerate([*STREAMS, START])}


@pytest.fixture
def site(contents, tmp_path, monkeypatch):
    """A net of this machine, an empty cache, and a table whose URLs lead there."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'home'))
    monkeypatch.delenv('MMSKEL_WEIGHTS', raising=False)
    monkeypatch.delenv('MMSKEL_DEBUG', raising=False)
    monkeypatch.chdir(tmp_path)
    config_of = zoo.config_of

    def one_view(*args, **kwargs):
        """A tenth of the work: one short view of a clip."""
        cfg = config_of(*args, **kwargs)
        for step in cfg.test_dataloader.dataset.pipeline:
            step.update({key: value for key, value in (('clip_len', 16), ('num_clips', 1)) if key in step})
        return cfg

    for place in ('mmskel.apis.zoo.config_of', 'mmskel.apis.inferencer.config_of'):
        monkeypatch.setattr(place, one_view)
    with local_server() as one:
        for name, content in contents.items():
            path = f'/{name}_2022-{hashlib.sha256(content).hexdigest()[:8]}.pth'
            one.files[path] = content
            monkeypatch.setitem(entries(), name, replace(find_entry(name), url=one.url + path))
        yield one


@pytest.fixture(scope='module')
def acted(tmp_path_factory):
    return acted_file(tmp_path_factory.mktemp('acted'), train=2, test=2)


def cached(tmp_path):
    return [path.name for path in (tmp_path / 'home').rglob('*') if path.is_file()]


def test_nothing_but_the_source(site, acted, tmp_path, capsys):
    """Downloads, keeps, recognises and draws; the second time nothing is downloaded."""
    for time in range(2):
        assert main(['predict', str(acted), '--out', f'drawn{time}', '--save', f'found{time}.json', '--device', 'cpu']) == 0
        assert len(site.asked) == 1 and cached(tmp_path) == [find_entry(DEFAULT).file]
    said = capsys.readouterr().out
    assert f'recognised by {DEFAULT}\n' in said
    found = json.loads((tmp_path / 'found0.json').read_text())
    assert found == json.loads((tmp_path / 'found1.json').read_text()) and len(found) == 4
    assert found[0]['models'] == [DEFAULT] and found[0]['checkpoints'] == [find_entry(DEFAULT).file]
    with av.open(str(next((tmp_path / 'drawn0').glob('*.mp4')))) as film:
        assert sum(1 for _ in film.decode(video=0)) == 24


def test_a_real_video(site, shared, pose_flags, tmp_path):
    video = str(shared / 'videos/demo_skeleton.mp4')
    assert main(['predict', video, '--out', 'labelled.mp4', '--save', 'found.json', '--det-every', '8', '--device', 'cpu',
                 *pose_flags]) == 0
    assert len(site.asked) == 1 and cached(tmp_path) == [find_entry(DEFAULT).file]
    track = json.loads((tmp_path / 'found.json').read_text())[0]['tracks'][0]
    assert track['score'] > 1 / 60 and len(track['top']) == 5
    with av.open(str(tmp_path / 'labelled.mp4')) as film:
        assert sum(1 for _ in film.decode(video=0)) == 72


def test_downloads_that_go_wrong_leave_nothing(site, acted, tmp_path, capsys, contents):
    site.cuts = [1000] * 3
    assert main(['predict', str(acted)]) == 1
    error = capsys.readouterr().err
    assert 'the connection broke after 1000 of' in error and '--weights FILE' in error and site.url in error
    assert 'MMSKEL_WEIGHTS' in error and error.count('\n') == 1 and not cached(tmp_path)
    path = find_entry(DEFAULT).url.removeprefix(site.url)
    site.files[path] = contents[START]
    assert main(['predict', str(acted)]) == 1
    assert 'is not the file that was published' in capsys.readouterr().err and not cached(tmp_path)


def test_weights_by_file_and_by_folder(site, acted, tmp_path, contents, monkeypatch, capsys):
    (tmp_path / 'mine.pth').write_bytes(contents[STREAMS[0]])
    assert main(['predict', str(acted), '--model', STREAMS[0], '--weights', 'mine.pth', '--save', 'a.json']) == 0
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'folder' / f'{STREAMS[0]}.pth').write_bytes(contents[STREAMS[0]])
    monkeypatch.setenv('MMSKEL_WEIGHTS', str(tmp_path / 'folder'))
    assert main(['predict', str(acted), '--model', STREAMS[0].removesuffix('_joint'), '--save', 'b.json']) == 0
    a, b = (json.loads((tmp_path / name).read_text()) for name in ('a.json', 'b.json'))
    assert [one['tracks'] for one in a] == [one['tracks'] for one in b] and not site.asked
    (tmp_path / 'mine.pth').write_bytes(contents[START])
    assert main(['predict', str(acted), '--model', STREAMS[0], '--weights', 'mine.pth']) == 1
    assert "'mine.pth' is a checkpoint of another model" in capsys.readouterr().err


def test_four_streams_are_one_command(site, acted, tmp_path, capsys):
    clips = load_annotation_file(acted)
    assert main(['predict', str(acted), '--model', *STREAMS, '--save', 'fused.json', '--window', '0.5s']) == 0
    assert f'{STREAMS[0]} (2), {STREAMS[1]} (2), {STREAMS[2]} (1), {STREAMS[3]} (1): softmax, preset pyskl' in \
        capsys.readouterr().out
    fused = json.loads((tmp_path / 'fused.json').read_text())[0]
    assert fused['models'] == STREAMS and len(fused['checkpoints']) == 4
    assert fused['fusion'] == dict(rule='softmax', weights=[2., 2., 1., 1.], preset='pyskl')
    from mmskel.apis.fused import published_inferencer
    clip = next(iter(clips.clips()))
    each = [published_inferencer([name], device='cpu').predict(clip, window=.5).tracks[0].scores for name in STREAMS]
    together = published_inferencer(STREAMS, device='cpu').predict(clip, window=.5).tracks[0].scores
    assert len(together) > 1 and np.abs(np.tensordot([2, 2, 1, 1], each, 1) / 6 - together).max() < 1e-6


def test_training_starts_from_a_name(site, acted, tmp_path, capsys):
    words = ['train', 'custom/stgcn_custom.py', '--data', str(acted), '--from', START.removesuffix('_joint'), '--epochs', '1',
             '--no-test', '--cfg-options', 'repeat=1', 'clip_len=8', 'train_dataloader.num_workers=0',
             'train_dataloader.persistent_workers=False', 'val_dataloader.num_workers=0',
             'val_dataloader.persistent_workers=False']
    assert main([*words, 'optim_wrapper.optimizer.lr=0', '--work-dir', 'tuned']) == 0
    said = capsys.readouterr().out
    assert find_entry(START).file in said and '179 tensors taken; 2 new, with initial values: cls_head.fc' in said
    given = torch.load(tmp_path / 'home/hub/checkpoints' / find_entry(START).file, weights_only=True)['state_dict']
    kept = torch.load(tmp_path / 'tuned/epoch_1.pth', weights_only=True)['state_dict']
    name = 'backbone.gcn.9.tcn.conv.weight'
    assert torch.equal(given[name], kept[name]) and kept['cls_head.fc.weight'].shape == (2, 256)
    assert main([*words, 'model.backbone.base_channels=7', '--work-dir', 'narrow', '--from', 'posec3d_gym_']) == 1
    assert "there is no published recogniser 'posec3d_gym_'" in capsys.readouterr().err


def test_weights_of_another_network_are_no_start(site, acted, tmp_path, contents, capsys):
    torch.save(dict(state_dict={'a.b': torch.ones(3)}), tmp_path / 'other.pth')
    assert main(['train', 'custom/stgcn_custom.py', '--data', str(acted), '--from', 'other.pth', '--epochs', '1', '--no-test',
                 '--work-dir', 'no']) == 1
    assert "'other.pth' has nothing for this model: none of its 1 tensors fits" in capsys.readouterr().err


def test_the_other_commands(site, acted, tmp_path, capsys):
    name, file = STREAMS[1], find_entry(STREAMS[1]).file
    assert main(['test', '--model', name, '--data', str(acted), '--split', 'test', '--work-dir', 'tested', '--cfg-options',
                 'test_dataloader.num_workers=0', 'test_dataloader.persistent_workers=False']) == 0
    results = load_results(tmp_path / 'tested/results.json')
    assert results.scores.shape == (2, 60) and results.meta['checkpoint'] == file and results.meta['layout'] == 'coco17'
    assert (tmp_path / 'tested/report.html').is_file()
    assert main(['features', '--model', name, '--data', str(acted), '--out', 'f.npz', '--device', 'cpu', '--cfg-options',
                 'test_dataloader.num_workers=0', 'test_dataloader.persistent_workers=False']) == 0
    features = load_features(tmp_path / 'f.npz')
    assert features.features.shape == (4, 256)
    logits = dict(zip(features.ids, features.logits))
    found = dict(zip(results.ids, results.logits))
    assert all(np.abs(logits[one] - found[one]).max() < 1e-4 for one in found)
    assert main(['test', '--model', name, '--stream', 'bone', '--data', str(acted)]) == 1
    assert '--stream goes with a config of your own' in capsys.readouterr().err
    assert len(site.asked) == 1


def test_hands_by_name(site, shared, tmp_path, monkeypatch, capsys):
    """The released weights of gestures, out of a folder, on hands that are drawn."""
    if not (shared / 'weights/hagrid.pth').is_file():
        pytest.skip('no hagrid.pth at hand')
    clips = [clip for clip in make_hand_clips(num_per_gesture=1) if GESTURES[clip.label] in ('fist', 'palm', 'one')]
    save_annotation_file(tmp_path / 'hands.pkl', clips, {}, dict(layout='hand21', class_names=list(GESTURES)))
    monkeypatch.setenv('MMSKEL_WEIGHTS', str(shared / 'weights'))
    assert main(['predict', 'hands.pkl', '--model', 'hagrid_gestures', '--save', 'found.json']) == 0
    found = {one['id']: one['tracks'][0]['label'] for one in json.loads((tmp_path / 'found.json').read_text())}
    assert found == {clip.id: GESTURES[clip.label] for clip in clips} and len(found) == 3
    monkeypatch.setenv('MMSKEL_WEIGHTS', str(tmp_path))
    (tmp_path / 'hagrid.pth').write_bytes(b'x')
    assert main(['predict', 'hands.pkl', '--model', 'hagrid_gestures']) == 1
    assert 'should begin with 14d3e55e' in capsys.readouterr().err


def test_export(site, tmp_path, capsys):
    onnx = pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    assert main(['export', 'a.onnx', '--model', STREAMS[0], '--clip-len', '12']) == 0
    about = {one.key: one.value for one in onnx.load(tmp_path / 'a.onnx').metadata_props}
    assert json.loads(about['class_names'])[0] == 'drink water' and about['layout'] == 'coco17'


@pytest.mark.parametrize('words, message', [
    (['--model', 'stgcnpp_ntu60_xsub_3d_bone'], "takes skeletons in 3-D, but .* has skeletons in 2-D; give clips in 3-D, or a "
                                                "lifter .*--lift-config"),
    (['--config', 'c.py'], '--config and --checkpoint belong together; give both, or the name of a published recogniser: '
                           '--model'),
    (['--config', 'c.py', '--checkpoint', 'w.pth', '--model', STREAMS[0]], 'a recogniser of your own, which goes with neither '
                                                                           '--model nor --weights'),
    (['--model', *STREAMS[:2], '--weights', 'a.pth'], '1 files of weights were given .--weights. for 2 recognisers'),
    (['--model', STREAMS[0], 'posec3d_gym'], 'recognisers of the same classes can be fused'),
    (['--model', 'posec3d'], "there is no published recogniser 'posec3d'; the nearest: ")])
def test_what_does_not_go_together_is_said_first(site, acted, words, message, capsys):
    import re
    assert main(['predict', str(acted), *words]) == 1
    error = capsys.readouterr().err
    assert re.search(message, error), error
    assert not site.asked and error.count('\n') == 1
