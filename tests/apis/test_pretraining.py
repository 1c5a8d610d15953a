"""Masked pretraining on clips without labels, then a recogniser that continues with it."""
from dataclasses import replace

import numpy as np
import pytest
import torch

from mmskel import cli
from mmskel.data import save_annotation_file
from mmskel.evaluation import load_results
from mmskel.synthetic.motions import make_motion_clips

SMALL = ['model.backbone.channels=16', 'model.backbone.num_heads=2', 'model.backbone.num_layers=1',
         'train_dataloader.batch_size=4', 'train_dataloader.dataset.repeat=1', 'train_dataloader.num_workers=0',
         'train_dataloader.persistent_workers=False', 'val_dataloader.num_workers=0',
         'val_dataloader.persistent_workers=False', 'test_dataloader.num_workers=0',
         'test_dataloader.persistent_workers=False']


@pytest.fixture
def files(tmp_path):
    """``bare.pkl``, without labels, and ``labelled.pkl``."""
    clips = make_motion_clips(3, layout='coco17', num_subjects=3, project=True)
    split = dict(train=[c.id for c in clips if '_s02_' not in c.id], test=[c.id for c in clips if '_s02_' in c.id])
    save_annotation_file(tmp_path / 'bare.pkl', [replace(clip, label=None) for clip in clips], split, {})
    save_annotation_file(tmp_path / 'labelled.pkl', clips, split, {})
    return tmp_path


def run(*words):
    return cli.main([*map(str, words)])


def test_pretrained_without_labels_then_fine_tuned(files, capsys):
    status = run('train', 'custom/cascadeformer_pretrain_custom.py', '--data', files / 'bare.pkl', '--work-dir',
                 files / 'pre', '--epochs', 2, '--no-test', '--cfg-options', *SMALL)
    assert status == 0, capsys.readouterr().err
    pretrained = torch.load(files / 'pre/epoch_2.pth', weights_only=False)['state_dict']
    assert next(files.glob('pre/best_reconstruction_error_*.pth')).is_file()
    status = run('train', 'custom/cascadeformer_custom.py', '--data', files / 'labelled.pkl', '--work-dir', files / 'fine',
                 '--epochs', 1, '--cfg-options', *SMALL, 'model.cls_head.in_channels=16', 'model.backbone.frozen_layers=1',
                 f'load_from={files / "pre/epoch_2.pth"}')
    assert status == 0, capsys.readouterr().err
    results = load_results(files / 'fine/results.json')
    assert len(results.ids) and np.isfinite(results.scores).all()
    fine = torch.load(files / 'fine/epoch_1.pth', weights_only=False)['state_dict']
    first = {key: value for key, value in fine.items() if key.startswith('backbone.t1.')}
    assert first and all(torch.equal(value, pretrained[key]) for key, value in first.items()), 'frozen, so they are the same'


def test_both_in_one_command_and_resumed(files, capsys):
    options = [option for option in SMALL if 'channels' not in option]  # stages share options, and one has no head
    plan = ('train', 'custom/cascadeformer_custom_plan.py', '--data', files / 'labelled.pkl', '--work-dir', files / 'both',
            '--epochs', 1)
    assert run(*plan, '--cfg-options', *options) == 0, capsys.readouterr().err
    said = capsys.readouterr().out
    assert "start from" in said and 'pretraining/epoch_1.pth' in said
    assert len(load_results(files / 'both/fine_tuning/results.json').ids)
    assert not (files / 'both/pretraining/results.json').exists()
    assert run(*plan, '--resume', '--cfg-options', *options) == 0, capsys.readouterr().err
    assert 'pretraining: already trained' in capsys.readouterr().out


def test_a_folder_of_extracted_videos_has_no_splits(files, capsys):
    clips = list(make_motion_clips(1))
    save_annotation_file(files / 'loose.pkl', [replace(clip, label=None) for clip in clips], {}, {})
    assert run('train', 'custom/cascadeformer_pretrain_custom.py', '--data', files / 'loose.pkl', '--work-dir', files / 'pre',
               '--epochs', 1, '--no-test', '--cfg-options', *SMALL) == 0, capsys.readouterr().err
    assert run('train', 'custom/cascadeformer_custom.py', '--data', files / 'loose.pkl', '--work-dir', files / 'f') == 1
    assert 'has no splits' in capsys.readouterr().err


def test_a_recogniser_still_wants_labels(files, capsys):
    assert run('train', 'custom/cascadeformer_custom.py', '--data', files / 'bare.pkl', '--work-dir', files / 'fine',
               '--cfg-options', *SMALL, 'model.cls_head.in_channels=16') == 1
    assert 'has no label' in capsys.readouterr().err
