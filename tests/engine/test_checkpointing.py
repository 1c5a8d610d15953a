"""Checkpoints that are whole whenever a process stops, in folders that may be moved and copied."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from engine.toy import Score, toy_runner

from mmskel.apis.run_folder import last_checkpoint, resume_point
from mmskel.checkpoints import read_data
from mmskel.engine import DivergedError
from mmskel.files import atomic


@pytest.fixture
def scores():
    Score.told = []
    yield Score
    Score.told = []


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob('*')
            if path.is_file() and path.suffix in ('.pth', '') and 'vis_data' not in str(path)}


def weights(path):
    return torch.load(path, weights_only=True)['state_dict']['layer.weight']


def test_what_a_run_leaves(tmp_path, scores):
    scores.told = [.5, .7, .6]
    toy_runner(tmp_path).train()
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == ['best_score_epoch_2.pth', 'epoch_2.pth', 'epoch_3.pth']
    assert (tmp_path / 'last_checkpoint').read_text() == 'epoch_3.pth'  # a name, no path
    hub = torch.load(tmp_path / 'epoch_3.pth', weights_only=True)['message_hub']  # nothing but tensors and plain data
    assert (hub['runtime_info']['best_ckpt'], hub['runtime_info']['best_score']) == ('best_score_epoch_2.pth', .7)
    assert str(tmp_path) not in str(hub)
    assert hub['log_scalars']['train/loss']['history'].shape == (12, )


def test_resumed_is_uninterrupted(tmp_path, scores):
    toy_runner(tmp_path / 'whole').train()
    schedule = [dict(type='CosineAnnealingLR', T_max=3, end=3, by_epoch=True)]
    toy_runner(tmp_path / 'cut', epochs=1, schedule=schedule).train()
    runner = toy_runner(tmp_path / 'cut', resume=True)
    runner.train()
    assert torch.equal(weights(tmp_path / 'whole/epoch_3.pth'), weights(tmp_path / 'cut/epoch_3.pth'))
    assert len(runner.message_hub.get_scalar('train/loss').data[0]) == 12  # the log goes on, too


def test_a_copy_leaves_the_original_alone_and_a_moved_one_resumes(tmp_path, scores):
    scores.told = [.5, .6]
    toy_runner(tmp_path / 'first', epochs=2).train()
    shutil.copytree(tmp_path / 'first', tmp_path / 'copy')
    before = files(tmp_path / 'first')
    scores.told = [.9, .8]
    toy_runner(tmp_path / 'copy', epochs=4, resume=True).train()
    assert files(tmp_path / 'first') == before
    assert [path.name for path in (tmp_path / 'copy').glob('best*')] == ['best_score_epoch_3.pth']
    shutil.move(tmp_path / 'first', tmp_path / 'moved')
    assert resume_point(tmp_path / 'moved')[0] == tmp_path / 'moved/epoch_2.pth'
    toy_runner(tmp_path / 'moved', epochs=3, resume=True).train()
    assert last_checkpoint(tmp_path / 'moved').name == 'epoch_3.pth'


class Stop(Exception):
    """Stands for a process that ends here."""


def stopped(monkeypatch, folder, at, how):
    """Trains three epochs into a folder, and ends at the n-th file that takes its place: before or after it does."""
    replaced, replace = [0], os.replace

    def place(source, target):
        replaced[0] += 1
        if replaced[0] == at and how == 'before':
            shutil.copy(source, Path(source).with_name(f'.left.mmskel-{at}.pth'))  # what a killed process leaves
            raise Stop
        replace(source, target)
        if replaced[0] == at and how == 'after':
            raise Stop

    monkeypatch.setattr(atomic.os, 'replace', place)
    try:
        toy_runner(folder).train()
        return False
    except Stop:
        return True
    finally:
        monkeypatch.undo()


@pytest.mark.parametrize('how', ['before', 'after'])
def test_stopped_at_every_file_it_resumes(tmp_path, monkeypatch, scores, how):
    """Every checkpoint, best checkpoint and marker of a training of three epochs, whose score rises and falls."""
    scores.told = [.5, .7, .6]
    toy_runner(tmp_path / 'whole').train()
    expected = weights(tmp_path / 'whole/epoch_3.pth')
    for at in range(1, 30):
        folder = tmp_path / str(at)
        scores.told = [.5, .7, .6]
        if not stopped(monkeypatch, folder, at, how):
            break
        if last_checkpoint(folder) is None:
            assert at <= 2  # the first checkpoint and its marker
            continue
        point, meta = resume_point(folder)
        scores.told = [.5, .7, .6][meta['epoch']:]
        toy_runner(folder, resume=True).train()
        assert torch.equal(weights(folder / 'epoch_3.pth'), expected), at
        assert len(list(folder.glob('best*'))) == 1 and not list(folder.glob('.*')), at
    assert at > 10


KILLED = '''
import os, sys
sys.path[:0] = {path!r}
import mmskel
from mmskel.files import atomic
from engine.toy import Score, toy_runner
replace, count = os.replace, [0]

def place(source, target):
    count[0] += 1
    if count[0] == int(sys.argv[2]) and sys.argv[3] == 'before':
        os.kill(os.getpid(), 9)
    replace(source, target)
    if count[0] == int(sys.argv[2]):
        os.kill(os.getpid(), 9)

atomic.os.replace = place
Score.told = [.5, .7, .6]
toy_runner(sys.argv[1]).train()
'''


KILLS = [pytest.param(at, how, marks=() if (at, how) in ((4, 'before'), (7, 'after')) else pytest.mark.long)
         for at in range(1, 11) for how in ('before', 'after')]


@pytest.mark.parametrize('at, how', KILLS)
def test_killed_while_a_file_takes_its_place(tmp_path, at, how, scores):
    """Twenty kills; two of them in `make test`, all in `make test-all`."""
    script = KILLED.format(path=[str(Path(__file__).resolve().parent.parent)])
    ran = subprocess.run([sys.executable, '-c', script, str(tmp_path / 'run'), str(at), how],
                         capture_output=True, text=True)
    assert ran.returncode == -9, ran.stderr[-2000:]
    begun = last_checkpoint(tmp_path / 'run') is not None
    epoch = resume_point(tmp_path / 'run')[1]['epoch'] if begun else 0
    scores.told = [.5, .7, .6][epoch:]
    toy_runner(tmp_path / 'run', resume=begun).train()
    scores.told = [.5, .7, .6]
    toy_runner(tmp_path / 'whole').train()
    assert torch.equal(weights(tmp_path / 'run/epoch_3.pth'), weights(tmp_path / 'whole/epoch_3.pth'))
    assert not list((tmp_path / 'run').glob('.*'))


def test_a_full_disk_keeps_what_is_there(tmp_path, monkeypatch, scores):
    toy_runner(tmp_path, epochs=1).train()
    before = files(tmp_path)

    def full(self, obj, filepath):
        raise OSError(28, 'No space left on device')

    from mmengine.fileio import LocalBackend
    monkeypatch.setattr(LocalBackend, 'put', full)
    with pytest.raises(OSError, match="epoch_2.pth' cannot be written .*No space left.*resume=True"):
        toy_runner(tmp_path, epochs=2, resume=True).train()
    assert files(tmp_path) == before


def test_a_cut_checkpoint_is_passed_over_and_said(tmp_path, scores, capsys):
    toy_runner(tmp_path).train()
    last = tmp_path / 'epoch_3.pth'
    last.write_bytes(last.read_bytes()[:500])
    assert resume_point(tmp_path)[0] == tmp_path / 'epoch_2.pth'
    said = capsys.readouterr().out
    assert "epoch_3.pth' (500 bytes)" in said and 'Resuming from the last whole checkpoint, epoch_2.pth' in said
    (tmp_path / 'last_checkpoint').write_bytes(b'\xff\x00')
    assert resume_point(tmp_path)[0] == tmp_path / 'epoch_2.pth'


@pytest.mark.parametrize('schedule', [
    lambda n: [dict(type='CosineAnnealingLR', T_max=n, end=n, by_epoch=True, convert_to_iter_based=True)],
    lambda n: [dict(type='MultiStepLR', milestones=[n // 2, n - 1], end=n, by_epoch=True, gamma=.1)],
    lambda n: [dict(type='LinearLR', start_factor=.1, end=1, by_epoch=True, convert_to_iter_based=True),
               dict(type='CosineFromStartLR', begin=1, end=n, T_max=n, by_epoch=True, convert_to_iter_based=True)]])
def test_more_epochs_have_the_learning_rates_of_the_longer_schedule(tmp_path, schedule, scores):
    def rates(runner):
        return runner.message_hub.get_scalar('train/lr').data[0][-8:]

    longer = toy_runner(tmp_path / 'longer', epochs=6, schedule=schedule(6))
    longer.train()
    toy_runner(tmp_path / 'short', epochs=4, schedule=schedule(4)).train()
    resumed = toy_runner(tmp_path / 'short', epochs=6, schedule=schedule(6), resume=True, new_schedule=True)
    resumed.train()
    assert rates(longer).tolist() == rates(resumed).tolist() and len(set(rates(longer))) > 1


def test_other_steps_per_epoch_are_refused(tmp_path, scores):
    from mmskel.files.errors import UserError
    toy_runner(tmp_path, epochs=1).train()
    runner = toy_runner(tmp_path, resume=True)
    runner._train_dataloader['batch_size'] = 4
    with pytest.raises(UserError, match='trained with 4 steps per epoch, this training has 2: the batch size'):
        runner.train()


def test_a_diverged_training_stops_and_names_the_last_good_epoch(tmp_path, scores):
    runner = toy_runner(tmp_path)
    runner.model.poison = 5
    with pytest.raises(DivergedError, match=r"loss is nan in step 2 of epoch 2: .* the last good epoch is in '.*epoch_1.pth'"):
        runner.train()
    assert last_checkpoint(tmp_path).name == 'epoch_1.pth'
    runner = toy_runner(tmp_path / 'other')
    runner.model.poison = 0
    with pytest.raises(DivergedError, match='in step 1 of epoch 1: .* no epoch was kept'):
        runner.train()


def test_weights_that_are_not_finite_are_not_written(tmp_path, scores):
    from mmaction.registry import HOOKS
    from mmengine.hooks import Hook

    @HOOKS.register_module(force=True)
    class PoisonHook(Hook):
        priority = 'LOW'

        def after_train_epoch(self, runner):
            if runner.epoch == 1:
                runner.model.layer.weight.data[0, 0] = float('inf')

    with pytest.raises(DivergedError, match="weights hold NaN or infinity after epoch 2 .'layer.weight'., which is not written"):
        toy_runner(tmp_path, hooks=[dict(type='PoisonHook')]).train()
    assert sorted(path.name for path in tmp_path.glob('epoch*')) == ['epoch_1.pth'] and not list(tmp_path.glob('.*'))


def test_a_score_that_is_no_number_is_never_the_best(tmp_path, scores):
    scores.told = [float('nan'), .2, float('nan')]
    toy_runner(tmp_path).train()
    assert [path.name for path in tmp_path.glob('best*')] == ['best_score_epoch_2.pth']
    assert read_data(tmp_path / 'epoch_3.pth')['message_hub']['runtime_info']['best_score'] == .2


def test_averages_of_a_shorter_training_do_not_count_in_the_longer_one(tmp_path, scores):
    def hook(begin):
        return [dict(type='AveragedWeightsHook', ema_type='StochasticWeightAverage', begin_epoch=begin)]

    toy_runner(tmp_path / 'longer', epochs=4, schedule=[], hooks=hook(4)).train()
    toy_runner(tmp_path / 'cut', epochs=2, schedule=[], hooks=hook(2)).train()
    toy_runner(tmp_path / 'cut', epochs=4, schedule=[], hooks=hook(4), resume=True).train()
    for name in ('state_dict', 'ema_state_dict'):
        first, second = (torch.load(tmp_path / run / 'epoch_4.pth', weights_only=True)[name] for run in ('longer', 'cut'))
        for key in first:
            assert torch.equal(first[key], second[key]), (name, key)
