"""Every custom config trains on 2-D body poses and on hands as they come, without a line of new code."""
from pathlib import Path

import numpy as np
import pytest

from mmskel import cli
from mmskel.data import save_annotation_file
from mmskel.evaluation import load_results
from mmskel.skeleton import Clip
from mmskel.synthetic.motions import make_motion_clips

# networks that look at images need videos: tests/apis/test_rgbpose.py, tests/apis/test_gate_shift_pose.py; pretraining:
# tests/apis/test_pretraining.py
CONFIGS = sorted(p.stem for p in (Path(__file__).resolve().parents[2] / 'configs/custom').glob('*.py')
                 if not {'pretrain', 'plan'} & set(p.stem.split('_')) and not p.stem.startswith(('rgb', 'gsp_custom', 'gsp_late')))


def hands():
    """Two classes: fingers that curl and fingers that spread."""
    rng = np.random.default_rng(0)
    finger = np.arange(21)
    for i in range(24):
        t = np.linspace(0, 1, 20 + i)[:, None]
        x = np.where(finger == 0, 0., ((finger - 1) // 4 - 2) * (1 + t * (i % 2)))
        y = np.where(finger == 0, 0., ((finger - 1) % 4 + 1) * (1 - t * (1 - i % 2)))
        points = np.stack([x, y, 0 * x], -1) + rng.normal(0, 0.05, (len(t), 21, 3))
        yield Clip(f'hand_{i:02d}_s{i % 3:02d}_', points[None].astype(np.float32), layout='hand21', label=i % 2, unit='metre')


def shorter(config):
    """Fewer blocks and channels, or fewer frames and pixels."""
    if 'skateformer' in config:  # without base_channels
        return ['model.backbone.channels=[32,32,32,32]', 'model.backbone.depths=[1,1,1,1]']
    if 'cascadeformer' in config:
        return ['model.backbone.channels=32', 'model.backbone.num_layers=1']
    narrow = ['model.backbone.base_channels=8']
    if 'mpgcn' in config or 'ensemnn' in config:  # their blocks are all there is
        return narrow
    if 'mans' in config:
        return [*narrow, 'model.cls_head.in_channels=16']
    if 'posec3d' not in config:
        return [*narrow, 'model.backbone.num_stages=4', 'model.backbone.inflate_stages=[2,3]',
                'model.backbone.down_stages=[2,3]']
    # the positions of ResizeImage in the two pipelines
    sizes = [f'{loader}_dataloader.dataset.pipeline.{place}.size=[24,24]' for loader, place in
             (('train', 4), ('val', 3), ('test', 3))]
    network = ['model.cls_head.in_channels=64'] if 'small' in config else [
        'model.cls_head.in_channels=128', 'model.backbone.stage_blocks=[1,1,1]']
    return [*narrow, 'clip_len=12', *sizes, *network, 'model.cls_head.dropout_ratio=0']


@pytest.mark.parametrize('layout', ['coco17', 'hand21'])
@pytest.mark.parametrize('config', CONFIGS)
def test_trains(config, layout, tmp_path, small, capsys):
    clips = list(hands() if layout == 'hand21' else make_motion_clips(3, layout='coco17', num_subjects=3, project=True))
    test = [c.id for c in clips if '_s02_' in c.id]
    save_annotation_file(tmp_path / 'a.pkl', clips, dict(train=[c.id for c in clips if c.id not in test], test=test), {})
    options = [o for o in small if 'repeat' not in o and 'base_channels' not in o] + [
        'train_dataloader.batch_size=4', f'train_dataloader.dataset.repeat={8 if layout == "hand21" else 1}',
        *shorter(config)]
    status = cli.main(['train', f'custom/{config}.py', '--data', str(tmp_path / 'a.pkl'), '--work-dir', str(tmp_path / 'w'),
                       '--epochs', '2', '--cfg-options', *options])
    assert status == 0, capsys.readouterr().err
    results = load_results(tmp_path / 'w/results.json')
    assert sorted(results.ids) == sorted(test) and np.isfinite(results.scores).all()
    if layout == 'hand21':
        assert results.summary()['top1'] == 1
