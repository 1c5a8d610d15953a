"""What a run leaves can be trusted: nothing is overwritten or mixed, a refusal changes nothing."""
import os
import shutil
import subprocess
import sys

import pytest
import torch

from mmskel.cli import main
from mmskel.configuration import load_config
from mmskel.evaluation import load_results
from mmskel.synthetic.motions import write_motion_dataset

CONFIG = 'stgcn/stgcn_synthetic.py'


@pytest.fixture(scope='module')
def run(motions, small):
    """``mmskel COMMAND CONFIG ...`` on the made-up motions."""
    def run(command, *arguments, data=motions, options=()):
        return main([command, CONFIG, *map(str, arguments), '--data', str(data), '--cfg-options', *small, *options])
    return run


@pytest.fixture(scope='module')
def printed(tmp_path_factory, motions, small):
    """(work dir, everything printed) of a training of one epoch, bone stream, seed 5, in a process of its own."""
    folder = tmp_path_factory.mktemp('trust') / 'run'
    ran = subprocess.run(
        [sys.executable, '-m', 'mmskel', 'train', CONFIG, '--data', str(motions), '--work-dir', str(folder), '--epochs', '1',
         '--seed', '5', '--stream', 'bone', '--cfg-options', *small], capture_output=True, text=True,
        env=dict(os.environ, OMP_NUM_THREADS='1'))
    assert ran.returncode == 0, ran.stderr[-3000:]
    return folder, ran.stdout + ran.stderr


@pytest.fixture(scope='module')
def trained(printed):
    return printed[0]


def state_of(folder):
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
            for path in sorted(folder.rglob('*'))}


def test_a_training_prints_lines_not_pages(printed):
    folder, text = printed
    lines = [line for line in text.splitlines() if line.strip() and 'Warning' not in line and 'warn' not in line]
    assert len(lines) < 16, text
    assert 'training 0/1 epochs' in text and 'epoch 1/1, loss' in text and 'top-1' in text
    log = next(folder.glob('*/*.log')).read_text()
    assert len(log.splitlines()) > 100 and 'Epoch(train)' in log  # the rest


@pytest.mark.parametrize('arguments', [['--epochs', 1, '--seed', 5, '--stream', 'bone'], ['--epochs', 3]])
def test_a_used_work_dir_is_refused(trained, run, capsys, arguments):
    before = state_of(trained)
    assert run('train', '--work-dir', trained, *arguments) == 1
    assert 'already holds a training or test' in capsys.readouterr().err and state_of(trained) == before


def test_it_is_overwritten_when_asked(trained, run, tmp_path):
    shutil.copytree(trained, tmp_path / 'run')
    (tmp_path / 'run/epoch_7.pth').write_bytes(b'old')
    (tmp_path / 'run/notes.txt').write_text('mine')
    assert run('train', '--work-dir', tmp_path / 'run', '--epochs', 1, '--seed', 6, '--overwrite', '--no-test') == 0
    left = sorted(path.name for path in (tmp_path / 'run').iterdir() if path.is_file())
    assert left == ['best_acc_top1_epoch_1.pth', 'epoch_1.pth', 'last_checkpoint', 'notes.txt', 'stgcn_synthetic.py']
    assert len(list((tmp_path / 'run').glob('*/*.log'))) == 1  # the old run's logs and curves are gone
    assert run('train', '--work-dir', trained, '--overwrite', '--resume') == 1


def test_another_training_is_not_resumed(trained, run, motions, tmp_path, capsys):
    write_motion_dataset(tmp_path / 'motions.pkl', num_per_class=5, seed=2, num_subjects=3)
    before = state_of(trained)
    for arguments, data, options, message in (
            (['--seed', 6, '--stream', 'bone'], motions, [], 'randomness.seed was 5, now 6'),
            (['--seed', 5], motions, [], "model.data_preprocessor.stream was 'bone', now 'joint'"),
            (['--seed', 5, '--stream', 'bone'], tmp_path / 'motions.pkl', [], 'was trained on other clips (40 clips'),
            (['--seed', 5, '--stream', 'bone'], motions, ['train_dataloader.batch_size=8'], 'batch_size was '),
            (['--seed', 5, '--stream', 'bone'], motions, ['optim_wrapper.optimizer.lr=1.5'], 'optim_wrapper.optimizer.lr was'),
            (['--seed', 5, '--stream', 'bone'], motions, ['train_dataloader.dataset.classes=[0,1]'], 'dataset.classes was None')):
        assert run('train', '--work-dir', trained, '--resume', '--epochs', 2, *arguments, data=data, options=options) == 1
        assert message in capsys.readouterr().err, message
        assert state_of(trained) == before, message


def test_a_shorter_training_is_not_resumed(trained, run, tmp_path, capsys):
    shutil.copytree(trained, tmp_path / 'run')
    state = torch.load(tmp_path / 'run/epoch_1.pth', weights_only=True)
    state['meta']['epoch'] = 9
    torch.save(state, tmp_path / 'run/epoch_1.pth')
    assert run('train', '--work-dir', tmp_path / 'run', '--resume', '--epochs', 2, '--seed', 5, '--stream', 'bone') == 1
    assert 'was trained for 9 epochs, more than 2' in capsys.readouterr().err


def test_a_test_writes_no_config_and_takes_the_checkpoint_s_stream(trained, run, tmp_path, capsys):
    shutil.copytree(trained, tmp_path / 'run')
    config = (tmp_path / 'run/stgcn_synthetic.py').read_bytes()
    assert run('test', tmp_path / 'run/epoch_1.pth', '--work-dir', tmp_path / 'run') == 0
    assert 'stream bone: as the checkpoint was trained' in capsys.readouterr().out
    assert (tmp_path / 'run/stgcn_synthetic.py').read_bytes() == config
    first, second = load_results(trained / 'results.json'), load_results(tmp_path / 'run/results.json')
    assert second.meta['stream'] == 'bone' and abs(first.scores - second.scores).max() < 1e-6


def test_a_test_that_contradicts_the_checkpoint_changes_nothing(trained, run, tmp_path, capsys):
    before = state_of(trained)
    for arguments, options, message in (
            (['--stream', 'joint'], [], "trained with the stream 'bone', but the config has 'joint'"),
            ([], ['model.data_preprocessor.stream=joint'], "trained with the stream 'bone', but the config has 'joint'"),
            ([], ['model.backbone.type=AAGCN'], "trained with the network "),
            ([], ['test_dataloader.dataset.classes=[1,0]'], "with the classes 'all classes', but the config has [1, 0]")):
        assert run('test', trained / 'epoch_1.pth', '--work-dir', trained, *arguments, options=options) == 1
        said = capsys.readouterr().err
        assert message in said, said
    (tmp_path / 'cut.pth').write_bytes((trained / 'epoch_1.pth').read_bytes()[:900])
    assert run('test', tmp_path / 'cut.pth', '--work-dir', trained, '--stream', 'bone') == 1
    assert "cut.pth' (900 bytes) is not a checkpoint" in capsys.readouterr().err
    assert state_of(trained) == before


def test_fine_tuning_says_what_it_takes(trained, run, tmp_path, capfd):
    assert run('train', '--work-dir', tmp_path / 'tuned', '--epochs', 1, '--no-test', '--from', trained / 'epoch_1.pth',
               options=['model.cls_head.num_classes=12']) == 0
    said = capfd.readouterr().out
    assert "start from '" in said and 'tensors taken; 2 new, with initial values: cls_head.fc' in said
    torch.save(dict(state_dict={'neck.conv.weight': torch.ones(3)}), tmp_path / 'detector.pth')
    assert run('train', '--work-dir', tmp_path / 'none', '--epochs', 1, '--no-test', '--from', tmp_path / 'detector.pth') == 1
    said = capfd.readouterr().err
    assert "detector.pth' has nothing for this model" in said
    assert not list((tmp_path / 'none').glob('*.py'))  # no config of a training that never was
    assert run('train', '--work-dir', tmp_path / 'none', '--resume', '--from', trained / 'epoch_1.pth') == 1


def test_a_prediction_with_another_stream_is_refused(trained, motions):
    from mmskel.apis import SkeletonInferencer
    from mmskel.configuration import ConfigError, set_stream
    cfg = load_config(str(trained / 'stgcn_synthetic.py'))
    set_stream(cfg, 'joint')
    with pytest.raises(ConfigError, match="trained with the stream 'bone', but the config has 'joint'"):
        SkeletonInferencer(cfg, trained / 'epoch_1.pth', 'cpu')


def test_weights_that_are_not_finite_go_nowhere(trained, run, tmp_path, capsys):
    state = torch.load(trained / 'epoch_1.pth', weights_only=True)
    state['state_dict']['cls_head.fc.bias'][3] = float('nan')
    torch.save(state, tmp_path / 'nan.pth')
    for arguments in (['test', str(trained / 'stgcn_synthetic.py'), str(tmp_path / 'nan.pth'), '--work-dir', str(tmp_path / 'w')],
                      ['predict', str(tmp_path / 'nan.pth'), '--config', str(trained / 'stgcn_synthetic.py'), '--checkpoint',
                       str(tmp_path / 'nan.pth')],
                      ['convert', 'st_gcn', str(tmp_path / 'nan.pth'), str(tmp_path / 'o.pth')]):
        assert main(arguments) == 1
        said = capsys.readouterr().err
        assert arguments[0] == 'predict' or "'cls_head.fc.bias' holds NaN or infinity (1 of 10 numbers)" in said, said
    assert not (tmp_path / 'w').exists() and not (tmp_path / 'o.pth').exists()


def test_names_out_of_a_checkpoint_are_no_orders_to_the_terminal(trained, run, tmp_path, capsys):
    state = torch.load(trained / 'epoch_1.pth', weights_only=True)
    state['state_dict']['\x1b[2Jx.y'] = torch.ones(2)
    state['meta']['cfg'] = state['meta']['cfg'].replace("split=''", "split='\\x1b[2J'")
    assert '\\x1b' in state['meta']['cfg']
    torch.save(state, tmp_path / 'odd.pth')
    assert run('test', tmp_path / 'odd.pth', '--work-dir', tmp_path / 'w') == 1
    assert run('train', '--work-dir', tmp_path / 'v', '--epochs', 1, '--no-test', '--from', tmp_path / 'odd.pth') == 0
    printed = capsys.readouterr()
    assert '\x1b' not in printed.out + printed.err and '1 of the file not used: \\x1b[2Jx' in printed.out
    (tmp_path / 'v/epoch_1.pth').write_bytes(b'\x1b[2J')
    (tmp_path / 'v/best_acc_top1_epoch_1.pth').unlink()
    assert run('train', '--work-dir', tmp_path / 'v', '--resume', '--epochs', 2) == 1


@pytest.mark.parametrize('place', ['file', 'fifo', 'file/deeper', 'nul\0'])
def test_work_dirs_that_cannot_be(place, trained, run, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'file').write_text('mine')
    os.mkfifo('fifo')
    for words in (['train'], ['train', '--overwrite'], ['test', trained / 'epoch_1.pth', '--stream', 'bone']):
        assert run(*words, '--work-dir', place) == 1
        assert 'cannot write to' in capsys.readouterr().err
    assert (tmp_path / 'file').read_text() == 'mine' and (tmp_path / 'fifo').is_fifo()


def test_early_stopping_is_told():
    from pathlib import Path

    from mmskel.apis.training import selection_notes
    cfg = load_config('stgcn/stgcn_nwucla.py')
    last = Path('epoch_4.pth')
    assert 'fixed before training' in selection_notes(cfg, last, True, 26)[0]
    cfg.custom_hooks.append(dict(type='EarlyStoppingHook', monitor='acc/top1'))
    assert selection_notes(cfg, last, True, 4) == ['The training was stopped after epoch 4 of 26 by the score ON THE TEST CLIPS: '
                                                   'the accuracy is optimistic.']
    assert 'could have stopped the training before' in selection_notes(cfg, last, True, 26)[0]
    cfg.val_dataloader.dataset.split = 'val'
    assert 'by the score on the validation clips' in selection_notes(cfg, last, True, 4)[0]
