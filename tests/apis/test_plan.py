"""Plans of trainings: stages that start from earlier ones, resumed as a whole."""
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from acted import acted_file
from mmengine.config import Config
from narrow import narrow

from mmskel.apis.plan import InitFrom, Stage, load_plan, run_plan
from mmskel.apis.training import train
from mmskel.cli import main
from mmskel.configuration import ConfigError, find_config, load_config
from mmskel.evaluation import load_results

CONFIG = 'stgcn/stgcn_synthetic.py'


@pytest.fixture(scope='module')
def planned(tmp_path_factory, motions, small):
    """A config of two stages, and the command that trains it: the second starts from the first one's backbone."""
    folder = tmp_path_factory.mktemp('plan')
    path = folder / 'planned.py'
    path.write_text(f'_base_ = {str(find_config(CONFIG))!r}\n'
                    "plan = dict(stages=dict(first=dict(stream='joint', options={'train_cfg.max_epochs': 1}, test=False),\n"
                    "    second=dict(stream='bone', init_from=dict(stage='first', prefixes={'backbone.': 'backbone.'}))))\n")

    def run(work_dir, *more):
        return main(['train', str(path), '--data', str(motions), '--work-dir', str(work_dir), '--seed', '5', *more,
                     '--cfg-options', *small, 'train_cfg.max_epochs=1'])
    return SimpleNamespace(path=path, run=run, folder=folder)


@pytest.fixture(scope='module')
def trained(planned):
    assert planned.run(planned.folder / 'run') == 0
    return planned.folder / 'run'


def state_of(path):
    return torch.load(path, weights_only=True)['state_dict']


def test_the_second_stage_starts_from_the_first(planned, trained, capsys):
    assert not (trained / 'first/results.json').exists() and load_results(trained / 'second/results.json').meta['stream'] == 'bone'
    log = next((trained / 'second').glob('*/*.log')).read_text()
    assert "first/epoch_1.pth':" in log and 'new: cls_head.fc.weight, cls_head.fc.bias' in log
    first, second = state_of(trained / 'first/epoch_1.pth'), state_of(trained / 'second/epoch_1.pth')
    key = 'backbone.gcn.3.tcn.conv.weight'
    moved = (second[key] - first[key]).abs().mean() / first[key].abs().mean()
    assert 0 < moved < .2
    hooks = Config.fromfile(trained / 'second/planned.py').custom_hooks
    assert any(hook['type'] == 'StartWeightsHook' for hook in hooks)  # the config in the work dir says where it began


def test_a_finished_plan_is_kept(planned, trained, capsys):
    before = {path: path.stat().st_mtime_ns for path in trained.rglob('*')}
    assert planned.run(trained, '--resume') == 0
    said = capsys.readouterr().out
    assert 'first: already trained,' in said and 'second: already trained and tested' in said
    assert {path: path.stat().st_mtime_ns for path in trained.rglob('*')} == before


def test_an_unfinished_stage_is_made(planned, trained, tmp_path, capsys):
    shutil.copytree(trained, tmp_path / 'run')
    shutil.rmtree(tmp_path / 'run/second')
    assert planned.run(tmp_path / 'run', '--resume') == 0
    said = capsys.readouterr().out
    assert 'first: already trained' in said and 'second: training' in said and 'tensors taken' in said
    for key, value in state_of(trained / 'second/epoch_1.pth').items():
        assert torch.equal(value, state_of(tmp_path / 'run/second/epoch_1.pth')[key]), key


@pytest.mark.parametrize('stages, message', [
    ({}, 'a plan is dict'), (dict(a=dict(models=1)), "stage 'a' has the unknown key 'models'; known: config, init_from"),
    (dict(a=dict(init_from=dict(stage='b')), b={}), "stage 'a' starts from 'b', which is no stage before it; those are: none"),
    (dict(a={}, b=dict(init_from=dict(stage='a', prefix=1))), "init_from of stage 'b' has stage, prefix; expected prefixes, stage"),
    (dict(a={}, b=dict(init_from=dict(convert='magic'))), "unknown conversion 'magic'; known: rgbpose"),
    (dict(a={}, b=dict(init_from=dict(convert='rgbpose', rgb='a'))), 'has convert, rgb; expected convert, pose, rgb'),
])
def test_plans_that_are_written_wrong(planned, motions, stages, message):
    whole = load_config(str(planned.path), data=str(motions))
    whole.plan = dict(stages=stages)
    with pytest.raises(ConfigError, match=message):
        load_plan(whole, lambda config, stream, options: load_config(config, data=str(motions), stream=stream,
                                                                         cfg_options=options))


def test_a_plan_is_no_single_training(planned, motions):
    with pytest.raises(ConfigError, match='is a plan of several trainings'):
        train(load_config(str(planned.path), data=str(motions)))


def test_the_published_sequence_of_rgbpose_is_a_plan(tmp_path):
    data = acted_file(tmp_path, train=4, test=2, named=False)
    whole = load_config('rgbpose/rgbpose_ntu60_plan.py', work_dir=str(tmp_path / 'run'))

    def load(config, stream, options):
        width = 4 if 'poseonly' in str(config) else 8
        videos = None if 'poseonly' in str(config) else str(tmp_path / 'videos')
        cfg = load_config(str(config), data=str(data), videos=videos, epochs=1)
        narrow(cfg, width)
        cfg.model.cls_head.num_classes = 2
        for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
            loader.update(batch_size=2, num_workers=0, persistent_workers=False)
            loader.dataset.update(split='', num_classes=2)
            for transform in loader.dataset.pipeline:
                small = dict(num_clips=2, size=(64, 64), pose_len=transform.get('pose_len') and 16, video_len=4, clip_len=16)
                transform.update({key: value for key, value in small.items() if key in transform})
        cfg.train_dataloader.dataset.repeat = 1
        cfg.train_cfg.val_interval = 2  # none
        return cfg

    stages = load_plan(whole, load)
    assert list(stages) == ['rgb', 'pose', 'joint'] and stages['joint'].init_from.stages == dict(rgb='rgb', pose='pose')
    for name in ('rgb', 'pose'):
        stages[name].test = False
    found = run_plan(stages)
    assert found['rgb'] is None and set(found['joint'].meta['heads']) == {'rgb', 'pose'}
    before, state = state_of(tmp_path / 'run/joint/start.pth'), state_of(tmp_path / 'run/joint/epoch_1.pth')
    for key in ('backbone.rgb_path.layer1.0.conv1.conv.weight', 'cls_head.fc_pose.weight'):
        assert 0 < (state[key] - before[key]).abs().mean() < .1 * before[key].abs().mean(), key
    rgb = state_of(tmp_path / 'run/rgb/epoch_1.pth')
    np.testing.assert_array_equal(before['cls_head.fc_rgb.weight'], rgb['cls_head.fc_cls.weight'])


def test_stages_of_one_s_own_making():
    stage = Stage(Config(dict(test_dataloader=None)), InitFrom({'': 'a'}))
    assert not stage.tested and stage.init_from.prefixes is None
