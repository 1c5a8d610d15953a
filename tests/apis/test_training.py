import ast
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mmskel.apis import training
from mmskel.apis.training import describe, load_weights, reported_checkpoint, selection_notes
from mmskel.checkpoints import CheckpointError
from mmskel.cli import main
from mmskel.configuration import find_config, load_config
from mmskel.evaluation import load_results


@pytest.fixture(scope='module')
def trained(tmp_path_factory, motions, small):
    """A finished run of two epochs through the command line."""
    folder = tmp_path_factory.mktemp('run')
    assert main(['train', 'stgcn/stgcn_synthetic.py', '--data', str(motions), '--work-dir', str(folder), '--epochs', '2',
                 '--seed', '5', '--stream', 'bone', '--cfg-options', *small]) == 0
    return folder


def test_a_run_leaves_results_by_id_and_a_report(trained, motions):
    results = load_results(trained / 'results.json')
    assert len(results.ids) == 20 and all(name.count('_s02_') for name in results.ids)
    np.testing.assert_allclose(results.scores.sum(1), 1, atol=1e-5)
    meta = results.meta
    assert (meta['config'], meta['checkpoint'], meta['epoch']) == ('stgcn_synthetic.py', 'epoch_2.pth', 2)
    assert (meta['seed'], meta['stream'], meta['split'], meta['ann_file']) == (5, 'bone', 'test', 'motions.pkl')
    for name in ('report.html', 'confusion_matrix.png', 'per_class.csv'):
        assert (trained / name).stat().st_size > 100
    assert 'fixed before training' in (trained / 'report.html').read_text()
    assert 'top-1' in describe(results) and '(20 clips)' in describe(results)
    assert list(trained.glob('*/vis_data/events.out.tfevents*'))  # TensorBoard


def test_testing_the_checkpoint_gives_the_same_scores(trained, motions, small, tmp_path):
    arguments = ['test', 'stgcn/stgcn_synthetic.py', str(trained / 'epoch_2.pth'), '--data', str(motions), '--stream', 'bone',
                 '--work-dir', str(tmp_path), '--cfg-options', *small]
    assert main(arguments) == 0
    first, second = load_results(trained / 'results.json'), load_results(tmp_path / 'results.json')
    assert first.ids == second.ids
    np.testing.assert_allclose(first.scores, second.scores, atol=1e-6)


def test_averaged_weights_are_what_is_saved_and_tested(motions, small, tmp_path):
    """HD-GCN's recipe on N-UCLA averages the last epochs; here the last two of three, and two steps per epoch."""
    def run():
        options = {key: ast.literal_eval(value) for key, _, value in (option.partition('=') for option in small)}
        cfg = load_config('stgcn/stgcn_synthetic.py', data=str(motions), work_dir=str(tmp_path), epochs=3, seed=1,
                          cfg_options={**options, 'train_dataloader.batch_size': 20,
                                       'default_hooks.checkpoint.max_keep_ckpts': 9})
        cfg.custom_hooks.append(
            dict(type='AveragedWeightsHook', ema_type='StochasticWeightAverage', begin_epoch=2))
        return cfg

    def weights(epoch, which='state_dict'):
        return torch.load(tmp_path / f'epoch_{epoch}.pth', weights_only=True)[which]

    key = 'cls_head.fc.weight'
    results = training.train(run())
    assert int(weights(3, 'ema_state_dict')['steps']) == 4
    # what the optimizer left is kept beside, to resume from
    assert (weights(3, 'ema_state_dict')[f'module.{key}'] - weights(3)[key]).abs().max() > 1e-5
    assert torch.equal(weights(1)[key], weights(1, 'ema_state_dict')[f'module.{key}'])
    again = training.test(run(), tmp_path / 'epoch_3.pth')
    np.testing.assert_allclose(results.scores, again.scores, atol=1e-6)
    first = training.test(run(), tmp_path / 'epoch_1.pth')  # any checkpoint is tested as it lies there
    assert np.abs(first.scores - again.scores).max() > 1e-3


def test_a_best_epoch_chosen_on_the_test_clips_says_so(trained, motions):
    cfg = load_config('stgcn/stgcn_synthetic.py', data=str(motions), work_dir=str(trained))
    assert reported_checkpoint(cfg).name == 'epoch_2.pth'
    cfg.report.epoch = 'best'
    best = reported_checkpoint(cfg)
    assert best.name.startswith('best_acc_top1')
    assert 'ON THE TEST CLIPS' in selection_notes(cfg, best, True)[0]
    assert 'chosen by the person who ran the test' in selection_notes(cfg, reported_checkpoint(load_config(
        'stgcn/stgcn_synthetic.py', data=str(motions), work_dir=str(trained))), False)[0]
    cfg.val_dataloader.dataset.split = 'val'
    assert 'validation clips' in selection_notes(cfg, best, False)[0]


def test_weights_of_another_model_are_refused(trained, motions, small):
    from mmaction.registry import MODELS
    from mmengine.registry import init_default_scope
    init_default_scope('mmaction')
    cfg = load_config('stgcn/stgcn_synthetic.py', data=str(motions))
    model = MODELS.build(cfg.model)
    with pytest.raises(CheckpointError, match="epoch_2.pth' is a checkpoint of another model.*another shape"):
        load_weights(model, trained / 'epoch_2.pth')
    with pytest.raises(CheckpointError, match='no checkpoint'):
        load_weights(model, trained / 'epoch_9.pth')


def test_resume_without_a_checkpoint(tmp_path, motions, capsys):
    arguments = ['train', 'stgcn/stgcn_synthetic.py', '--data', str(motions), '--work-dir', str(tmp_path), '--resume']
    assert main(arguments) == 1
    assert 'no checkpoint to resume from' in capsys.readouterr().err


KILLER = '''
import os, signal
from mmengine.hooks import Hook
from mmaction.registry import HOOKS

@HOOKS.register_module()
class KillHook(Hook):
    """Kills its own process as a power cut would, in the middle of an epoch."""
    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == int(os.environ.get('KILL_AT', 0)):
            os.kill(os.getpid(), signal.SIGKILL)
'''


def test_killed_and_resumed_is_uninterrupted_bit_for_bit(tmp_path, motions, small):
    """SIGKILL in mid-epoch 2 of 3, with loader workers, dropout and random augmentation."""
    (tmp_path / 'kill_hook.py').write_text(KILLER)
    config = tmp_path / 'run.py'
    config.write_text(f"_base_ = {str(find_config('stgcn/stgcn_synthetic.py'))!r}\n"
                      "custom_imports = dict(imports=['mmskel', 'kill_hook'])\n"
                      "custom_hooks = [dict(type='EpochSeedHook'), dict(type='KillHook')]\n")
    options = [o for o in small if not o.startswith('train_dataloader.num_workers')
               and not o.startswith('train_dataloader.persistent')]

    def run(folder, *more, kill_at=0):
        path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get('PYTHONPATH')]))
        return subprocess.run(
            [sys.executable, '-m', 'mmskel', 'train', str(config), '--data', str(motions), '--work-dir',
             str(tmp_path / folder), '--epochs', '3', '--no-test', '--seed', '3', *more, '--cfg-options', *options,
             'train_dataloader.batch_size=8'],
            env=dict(os.environ, KILL_AT=str(kill_at), PYTHONPATH=path, OMP_NUM_THREADS='1'), capture_output=True,
            text=True)

    whole = run('whole')
    assert whole.returncode == 0, whole.stderr[-2000:]
    killed = run('cut', kill_at=8)  # five batches per epoch: the third batch of epoch 2
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    assert (tmp_path / 'cut' / 'last_checkpoint').read_text().endswith('epoch_1.pth')
    resumed = run('cut', '--resume')
    assert resumed.returncode == 0, resumed.stderr[-2000:]
    first, second = (torch.load(tmp_path / folder / 'epoch_3.pth', weights_only=True) for folder in ('whole', 'cut'))
    assert first['state_dict'].keys() == second['state_dict'].keys()
    for key, value in first['state_dict'].items():
        assert torch.equal(value, second['state_dict'][key]), key
    for key, state in first['optimizer']['state'].items():
        assert torch.equal(state['momentum_buffer'], second['optimizer']['state'][key]['momentum_buffer']), key
    scores = [json.loads(line) for line in
              next(Path(tmp_path / 'whole').glob('*/vis_data/scalars.json')).read_text().splitlines()]
    assert any('acc/top1' in line for line in scores)


def test_other_seed_other_weights(tmp_path, motions, small, trained):
    assert main(['train', 'stgcn/stgcn_synthetic.py', '--data', str(motions), '--work-dir', str(tmp_path), '--epochs', '2',
                 '--seed', '6', '--stream', 'bone', '--no-test', '--amp', '--cfg-options', *small]) == 0
    first, second = (torch.load(folder / 'epoch_2.pth', weights_only=True)['state_dict'] for folder in (trained, tmp_path))
    key = 'backbone.gcn.3.tcn.conv.weight'
    assert not torch.equal(first[key], second[key]) and second[key].dtype == torch.float32
