"""Two processes without GPUs train what one trains with the doubled batch, and go on to the bit."""
import os
import shutil
import subprocess
import sys

import pytest
import torch

from mmskel.checkpoints import read_checkpoint
from mmskel.cli import main
from mmskel.data import save_annotation_file
from mmskel.evaluation import load_results
from mmskel.synthetic.motions import make_motion_clips

# without batch statistics and without dropout
OPTIONS = ['model.backbone.channels=32', 'model.backbone.num_layers=1', 'model.cls_head.in_channels=32', 'repeat=1',
           *(f'model.backbone.{kind}dropout=0' for kind in ('', 'second_', 'cross_')),
           *(f'{part}_dataloader.{option}' for part in ('train', 'val', 'test') for option in ('num_workers=0', 'persistent_workers=False'))]


def arguments(folder, batch, *more):
    return ['train', 'custom/cascadeformer_custom.py', '--data', str(folder / 'a.pkl'), '--work-dir', str(folder / f'by_{8 // batch}'),
            '--epochs', '2', '--seed', '3', *more, '--cfg-options', *OPTIONS, f'train_dataloader.batch_size={batch}']


def by_two(folder, *more):
    done = subprocess.run([sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node', '2', '--master_port', '0', '--rdzv-backend',
                           'c10d', '--rdzv-endpoint', 'localhost:0', '-m', 'mmskel', *arguments(folder, 4, '--launcher', 'pytorch', *more)],
                          capture_output=True, text=True, timeout=300, env={**os.environ, 'OMP_NUM_THREADS': '1'})
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.skipif(torch.cuda.is_available(), reason='two processes would want two GPUs')
def test_two_ranks(tmp_path):
    clips = make_motion_clips(4, layout='coco17', num_subjects=4, project=True)
    test = [clip.id for clip in clips if '_s03_' in clip.id]
    save_annotation_file(tmp_path / 'a.pkl', clips, dict(train=[c.id for c in clips if c.id not in test], test=test), {})
    assert main(arguments(tmp_path, 8)) == 0
    by_two(tmp_path)
    one, two = (read_checkpoint(tmp_path / f'by_{count}/epoch_2.pth').state for count in (1, 2))
    assert one.keys() == two.keys()
    assert max((one[key].double() - two[key].double()).abs().max() for key in one) < 5e-5  # AdamW divides by small numbers
    alone, together = (load_results(tmp_path / f'by_{count}/results.json') for count in (1, 2))
    scores = [{name: row for name, row in zip(found.ids, found.scores)} for found in (alone, together)]
    assert scores[0].keys() == scores[1].keys() == set(test) and len(together.ids) == len(test)  # none lost, none twice
    assert max(abs(scores[0][name] - scores[1][name]).max() for name in test) < 1e-5

    whole = tmp_path / 'whole'
    shutil.copytree(tmp_path / 'by_2', whole)
    for name in ('epoch_2.pth', 'results.json'):
        (tmp_path / 'by_2' / name).unlink()
    (tmp_path / 'by_2/last_checkpoint').write_text('epoch_1.pth')
    by_two(tmp_path, '--resume')
    again = read_checkpoint(tmp_path / 'by_2/epoch_2.pth').state
    assert all(torch.equal(two[key], again[key]) for key in two)
