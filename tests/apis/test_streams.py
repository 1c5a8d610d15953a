import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from mmskel.apis.plan import is_finished
from mmskel.apis.streams import fused_folder, fusion_of
from mmskel.cli import main
from mmskel.configuration import ConfigError, find_config, load_config, members_of, stream_configs
from mmskel.evaluation import fuse, load_results

CONFIG = 'stgcn/stgcn_synthetic.py'


@pytest.fixture(scope='module')
def command(motions, small):
    """``mmskel train`` of joint and bone, two epochs each, into a folder."""
    def run(folder, *more, seed=5):
        return main(['train', CONFIG, '--streams', 'joint', 'bone', '--data', str(motions), '--work-dir', str(folder),
                     '--epochs', '2', '--seed', str(seed), *more, '--cfg-options', *small, 'fusion.preset=ctrgcn'])
    return run


@pytest.fixture(scope='module')
def trained(tmp_path_factory, command):
    """A finished run."""
    folder = tmp_path_factory.mktemp('streams')
    assert command(folder) == 0
    return folder


@pytest.fixture
def copied(trained, tmp_path):
    """A copy of the finished run, to be damaged."""
    shutil.copytree(trained, tmp_path / 'run')
    for name in ('joint', 'bone'):
        (tmp_path / 'run' / name / 'last_checkpoint').write_text(str(tmp_path / 'run' / name / 'epoch_2.pth'))
    return tmp_path / 'run'


def state_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {str(p.relative_to(folder)): (p.stat().st_mtime_ns, p.read_bytes()) for p in sorted(folder.rglob('*')) if p.is_file()}


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / 'epoch_2.pth', weights_only=True)['state_dict']


def assert_same_weights(first: Path, second: Path) -> None:
    first, second = weights_of(first), weights_of(second)
    assert first.keys() == second.keys() and all(torch.equal(value, second[key]) for key, value in first.items())


def test_fused_is_fused_by_hand(trained):
    joint, bone, fused = (load_results(trained / name / 'results.json') for name in ('joint', 'bone', 'fused'))
    assert (joint.meta['stream'], bone.meta['stream']) == ('joint', 'bone')
    total = joint.logits + bone.logits[[bone.ids.index(name) for name in joint.ids]]
    np.testing.assert_allclose(fused.scores, np.exp(total / 2) / np.exp(total / 2).sum(1, keepdims=True), rtol=1e-4)
    assert (fused.meta['preset'], fused.meta['rule'], fused.meta['weights']) == ('ctrgcn', 'logits', [1, 1])
    assert [member['top1'] for member in fused.meta['members']] == [joint.summary()['top1'], bone.summary()['top1']]
    page = (trained / 'fused' / 'report.html').read_text()
    assert 'What was fused' in page and '<td>bone<td class="num">1<td' in page and (trained / 'fused' / 'clips.gif').is_file()


def test_logits_and_probabilities_of_one_view_agree(trained):
    joint = load_results(trained / 'joint' / 'results.json')
    powers = np.exp(joint.logits - joint.logits.max(1, keepdims=True))
    np.testing.assert_allclose(joint.scores, powers / powers.sum(1, keepdims=True), rtol=1e-4)
    assert joint.logits.std() > .01


def test_every_stream_is_as_if_it_had_been_trained_alone(trained, motions, small, tmp_path):
    """The second training of a process: seeds, loggers and curves are its own."""
    assert main(['train', CONFIG, '--stream', 'bone', '--data', str(motions), '--work-dir', str(tmp_path), '--epochs', '2',
                 '--seed', '5', '--cfg-options', *small]) == 0
    assert_same_weights(trained / 'bone', tmp_path)
    np.testing.assert_array_equal(load_results(tmp_path / 'results.json').logits, load_results(trained / 'bone/results.json').logits)
    for name in ('joint', 'bone'):
        assert len(list((trained / name).glob('*/vis_data/scalars.json'))) == 1
        assert (next((trained / name).glob('*/vis_data/scalars.json')).read_text().count('acc/top1')) == 2


def test_a_finished_stream_is_kept_and_a_missing_one_trained(copied, trained, command, capsys):
    shutil.rmtree(copied / 'bone')
    shutil.rmtree(copied / 'fused')
    before = state_of(copied / 'joint')
    assert command(copied, '--resume') == 0
    assert state_of(copied / 'joint') == before
    assert_same_weights(copied / 'bone', trained / 'bone')
    np.testing.assert_array_equal(load_results(copied / 'fused/results.json').scores, load_results(trained / 'fused/results.json').scores)
    printed = capsys.readouterr().out
    assert 'joint: already trained and tested' in printed and 'bone: training' in printed and 'preset ctrgcn, logits' in printed


def test_an_interrupted_stream_goes_on_from_its_last_epoch(copied, trained, command, capsys):
    (copied / 'bone' / 'results.json').unlink()
    (copied / 'bone' / 'epoch_2.pth').unlink()
    (copied / 'bone' / 'last_checkpoint').write_text(str(copied / 'bone' / 'epoch_1.pth'))
    first = (copied / 'bone' / 'epoch_1.pth').read_bytes()
    assert command(copied, '--resume') == 0
    assert 'bone: resuming' in capsys.readouterr().out
    assert (copied / 'bone' / 'epoch_1.pth').read_bytes() == first
    assert_same_weights(copied / 'bone', trained / 'bone')


def test_results_without_logits_are_tested_again_not_trained(copied, command, monkeypatch):
    from mmskel.evaluation import save_results
    old = load_results(copied / 'bone' / 'results.json')
    logits, old.logits = old.logits, None
    save_results(copied / 'bone' / 'results.json', old)
    checkpoint = state_of(copied / 'bone')['epoch_2.pth']
    assert command(copied, '--resume') == 0
    np.testing.assert_allclose(load_results(copied / 'bone' / 'results.json').logits, logits, rtol=1e-5, atol=1e-6)
    assert state_of(copied / 'bone')['epoch_2.pth'] == checkpoint


def test_a_run_of_other_settings_is_not_mixed_in(trained, command, motions, small, capsys):
    before = state_of(trained)
    assert command(trained, '--resume', seed=6) == 1
    assert "joint' holds a training with seed 5, not 6" in capsys.readouterr().err
    cfg = load_config(CONFIG, data=str(motions), work_dir=str(trained / 'joint'), epochs=1, seed=5)
    with pytest.raises(ConfigError, match='trained for 2 epochs, more than 1'):
        is_finished(cfg)
    cfg = load_config(CONFIG, data=str(motions), work_dir=str(trained / 'joint'), epochs=3, seed=5)
    assert not is_finished(cfg) and state_of(trained) == before


def test_fuse_command(trained, tmp_path, capsys, monkeypatch, motions):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained / 'joint', 'runs/joint')
    shutil.copytree(trained / 'bone', 'runs/bone')
    assert main(['fuse', 'runs/joint', 'runs/bone/results.json', '--rule', 'product', '--weights', '2', '1', '--data', str(motions)]) == 0
    members = [load_results(f'runs/{name}/results.json') for name in ('joint', 'bone')]
    fused, expected = load_results('runs/fused/results.json'), fuse(members, 'product', [2, 1])
    np.testing.assert_allclose(fused.scores, expected.scores, rtol=1e-5)
    printed = capsys.readouterr().out
    for said in ('top-1', 'rule   product', f'{100 * expected.summary()["top1"]:.2f} %', 'report: runs/fused/report.html'):
        assert said in printed, said
    assert Path('runs/fused/clips.gif').is_file()
    assert main(['fuse', 'runs/joint', 'runs/bone', '--out', 'here']) == 0  # without the clips at hand
    assert Path('here/report.html').is_file() and not Path('here/clips.gif').exists()


# configs


def test_work_dirs(tmp_path, monkeypatch):
    names = {name: cfg.work_dir for name, cfg in stream_configs('stgcn_nwucla', ['joint', 'bone'], split='xsub').items()}
    assert names == dict(joint='work_dirs/stgcn_nwucla_xsub_joint', bone='work_dirs/stgcn_nwucla_xsub_bone')
    assert load_config('stgcn_nwucla', split='xsub', stream='bone').work_dir == names['bone']
    assert fused_folder(stream_configs('stgcn_nwucla', ['joint', 'bone'], split='xsub')) == Path('work_dirs/stgcn_nwucla_xsub_fused')
    configs = stream_configs('stgcn_nwucla', ['all'], work_dir='w')
    assert [cfg.work_dir for cfg in configs.values()] == ['w/joint', 'w/bone', 'w/joint_motion', 'w/bone_motion']
    assert fused_folder(configs) == Path('w/fused') and len({cfg.experiment_name for cfg in configs.values()}) == 4
    configs = stream_configs('stgcn_nwucla', ['joint', 'bone'], cfg_options=dict(work_dir='mine'))
    assert [cfg.work_dir for cfg in configs.values()] == ['mine/joint', 'mine/bone']


@pytest.fixture
def ensemble(tmp_path):
    """A config with members that differ in more than the stream."""
    path = tmp_path / 'ensemble.py'
    members = {f'{stream}_{hops}': dict(stream=stream, options={'model.backbone.max_hop': hops})
               for hops in (1, 2) for stream in ('joint', 'bone')}
    path.write_text(f'_base_ = {str(find_config(CONFIG))!r}\nmembers = {members!r}\nfusion = dict(preset="hdgcn")\n')
    return str(path)


def test_members_of_a_config(ensemble, motions):
    configs = stream_configs(ensemble, ['all'], data=str(motions))
    assert list(configs) == ['joint_1', 'bone_1', 'joint_2', 'bone_2']
    told = [(cfg.model.data_preprocessor.stream, cfg.model.backbone.max_hop, cfg.member, cfg.work_dir) for cfg in configs.values()]
    assert told[1] == ('bone', 1, 'bone_1', 'work_dirs/ensemble_bone_1') and told[2][:2] == ('joint', 2)
    assert fusion_of(configs) == dict(preset='hdgcn', rule=None, weights=None)
    mixed = stream_configs(ensemble, ['joint', 'bone_2'], data=str(motions))  # the plain streams are there, too
    assert 'member' not in mixed['joint'] and mixed['joint'].model.data_preprocessor.stream == 'joint'
    over = load_config(ensemble, data=str(motions), stream='bone_2', cfg_options={'model.backbone.max_hop': 3})
    assert over.model.backbone.max_hop == 3  # what is said at the command line counts
    with pytest.raises(ConfigError, match="no stream 'bone_3'; known: joint, bone, joint_motion, bone_motion, joint_1, bone_1"):
        load_config(ensemble, data=str(motions), stream='bone_3')


def test_members_are_trained_and_fused(ensemble, motions, small, tmp_path):
    assert main(['train', ensemble, '--streams', 'bone_1', 'bone_2', '--data', str(motions), '--work-dir', str(tmp_path / 'w'),
                 '--epochs', '1', '--cfg-options', *small, 'model.backbone.partition=distance']) == 0
    fused = load_results(tmp_path / 'w/fused/results.json')
    assert [(m['member'], m['stream'], m['weight']) for m in fused.meta['members']] == [('bone_1', 'bone', 1), ('bone_2', 'bone', 1)]
    assert fused.meta['rule'] == 'l2norm' and '<td>bone_2<td' in (tmp_path / 'w/fused/report.html').read_text()


def test_fusion_of_a_config():
    configs = stream_configs('stgcn_nwucla', ['joint', 'bone'])
    first = configs['joint']
    first.pop('fusion', None)
    assert fusion_of(configs) == dict(preset=None, rule=None, weights=None)  # probabilities, equal weights
    first.fusion = dict(rule='softmax', weights=dict(bone=1, joint=2, joint_motion=9))
    assert fusion_of(configs) == dict(preset=None, rule='softmax', weights=[2, 1])
    first.fusion = dict(weights=dict(joint=2))
    with pytest.raises(ConfigError, match="weights has no 'bone'; it has: joint"):
        fusion_of(configs)
    first.fusion = dict(preset='ctrgcn', rule='softmax')
    with pytest.raises(ConfigError, match='a preset includes its rule and weights'):
        fusion_of(configs)


def test_members_have_names_of_their_own():
    cfg = load_config('stgcn_nwucla')
    assert list(members_of(cfg)) == ['joint', 'bone', 'joint_motion', 'bone_motion']
    cfg.members = dict(bone=dict(stream='bone'))
    with pytest.raises(ConfigError, match="'bone' has a meaning of its own"):
        members_of(cfg)
