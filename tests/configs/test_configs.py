"""Every config: its name says what it holds, its header what was measured, and it runs on a clip of its layout."""
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS, TRANSFORMS
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope

from mmskel.apis.configuration import dataset_of
from mmskel.skeleton import get_layout

FOLDER = Path(__file__).resolve().parents[2] / 'configs'
CONFIGS = sorted(str(p.relative_to(FOLDER)) for p in FOLDER.rglob('*.py') if '_base_' not in p.parts)
# the words of a config's name -> what must then be in it
WORDS = {
    'hdgcn': lambda c: c.model.backbone.type == 'HDGCN' and (c.get('fit_to_data') or c.fusion.preset == 'hdgcn'),
    'stgcn': lambda c: c.model.backbone.type == 'SkeletonSTGCN',
    'mpgcn': lambda c: c.model.backbone.type == 'MPGCN' and c.model.data_preprocessor.type == 'PanoramaEncoder',
    'volleyball': lambda c: 'volleyball' in data(c) and c.model.cls_head.num_classes == 8,
    'weak': lambda c: 'weak' in data(c) and c.frames == 41,
    'nba': lambda c: 'nba' in data(c) and c.model.cls_head.num_classes == 9,
    'nwucla': lambda c: 'nwucla' in data(c) and c.model.cls_head.num_classes == 10,
    'utkinect': lambda c: 'utkinect' in data(c) and c.model.cls_head.num_classes == 10,
    'ntu60': lambda c: 'ntu60' in data(c) and c.model.cls_head.num_classes == 60,
    'ntu120': lambda c: 'ntu120' in data(c) and c.model.cls_head.num_classes == 120,
    'kinetics': lambda c: 'kinetics' in data(c) and c.model.cls_head.num_classes == 400,
    '2d': lambda c: c.model.data_preprocessor.with_score and c.model.backbone.layout == 'coco17',
    '3d': lambda c: c.model.backbone.layout == 'ntu25',
    'custom': lambda c: c.fit_to_data,
    'small': lambda c: c.model.backbone.base_channels == 32 and c.clip_len == 32,
    'synthetic': lambda c: c.fit_to_data,
}


def data(cfg):
    return dataset_of(cfg, 'train_dataloader')['ann_file']


@pytest.fixture(params=CONFIGS)
def config(request):
    init_default_scope('mmaction')
    return FOLDER / request.param, Config.fromfile(FOLDER / request.param)


def test_there_are_configs():
    assert {'stgcn/stgcn_nwucla.py', 'stgcn/stgcn_ntu120_2d.py', 'custom/stgcn_custom.py'} <= set(CONFIGS)


def test_name_and_header_tell_the_truth(config):
    path, cfg = config
    for word in path.stem.split('_'):
        assert WORDS[word](cfg), f'{path.name} says {word}'
    header = path.read_text().partition('_base_')[0]
    assert header.startswith('# '), 'a config begins with what it is and what was measured'
    if word not in ('custom', 'small', 'synthetic'):
        assert re.search(r'[Mm]easured|Not trained here yet', header), 'measured result, or that there is none yet'


def test_all_loaders_agree(config):
    _, cfg = config
    sets = [dataset_of(cfg, f'{part}_dataloader') for part in ('train', 'val', 'test')]
    for key in ('ann_file', 'split', 'layout', 'num_classes'):
        assert len({str(s[key]) for s in sets}) == 1, key
    assert cfg.model.cls_head.num_classes == sets[0]['num_classes'] or cfg.get('fit_to_data')
    assert cfg.report.epoch in ('last', 'best')
    assert any(hook['type'] == 'EpochSeedHook' for hook in cfg.custom_hooks)


def test_a_clip_runs_through(config):
    path, cfg = config
    cfg.model.backbone.base_channels = 8
    cfg.model.cls_head.in_channels = 32
    model = MODELS.build(cfg.model).eval()
    model.init_weights()
    layout = get_layout(cfg.model.backbone.layout)
    flat = cfg.model.data_preprocessor.get('with_score') or cfg.model.backbone.get('in_channels', 3) == 2
    coords = 2 if flat else 3
    rng = np.random.default_rng(0)
    for part, persons, frames in (('train', 1, 9), ('test', 2, 120)):
        pipeline = Compose([TRANSFORMS.build(t) for t in dataset_of(cfg, f'{part}_dataloader')['pipeline']])
        persons = persons if cfg.get('num_person', 2) > 1 else 1
        keypoint = rng.uniform(0.1, 0.9, (persons, frames, layout.num_joints, coords)).astype(np.float32)
        samples = [pipeline(dict(frame_dir=str(i), keypoint=keypoint + i * 0.1, total_frames=frames, label=0,
                                 keypoint_score=np.ones(keypoint.shape[:3], np.float32),
                                 rng=np.random.default_rng(i))) for i in range(2)]
        with torch.no_grad():
            predictions = model.test_step(pseudo_collate(samples))
        assert len(predictions) == 2 and predictions[0].pred_score.shape == (cfg.model.cls_head.num_classes, )
        assert predictions[1].frame_dir == '1' and abs(float(predictions[0].pred_score.sum()) - 1) < 1e-4
