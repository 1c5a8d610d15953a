"""Every config: its name says what it holds, its header what was measured, and it runs on a clip of its layout."""
import re
from pathlib import Path

import mmaction.engine  # noqa: F401  (registers the initialisers of MMAction2's own backbones, as its runner does)
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS, TRANSFORMS
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from narrow import narrow

from mmskel.configuration import dataset_of, load_config
from mmskel.data.published_lists import published_list
from mmskel.models.backbones.ensemble_1dcnn import NETWORKS
from mmskel.skeleton import get_layout

FOLDER = Path(__file__).resolve().parents[2] / 'configs'
# those of zero-shot recognition train no recogniser; tests/apis/test_zero_shot.py reads them
CONFIGS = sorted(str(p.relative_to(FOLDER)) for p in FOLDER.rglob('*.py') if not {'_base_', 'zeroshot'} & set(p.parts))
# the words of a config's name -> what must then be in it
WORDS = {
    'aagcn': lambda c: c.model.backbone.type == 'AAGCN',
    'stgcnpp': lambda c: c.model.backbone.type == 'STGCN' and c.model.backbone.tcn_type == 'mstcn',
    'hdgcn': lambda c: c.model.backbone.type == 'HDGCN' and (c.get('fit_to_data') or c.fusion.preset == 'hdgcn'),
    'ctrgcn': lambda c: c.model.backbone.type == 'CTRGCN' and (c.get('fit_to_data') or c.fusion.preset == 'pyskl'),
    'hagrid': lambda c: c.layout == 'hand21' and len(published_list(c.class_list)) == classes(c) == 40,
    'skateformer': lambda c: c.model.backbone.type == 'SkateFormer' and c.model.data_preprocessor.type == 'SkateEncoder',
    'mans': lambda c: c.model.backbone.type == 'MANs' and c.model.penalties[0].l2 == 1e-4,
    'densenet161': lambda c: c.model.backbone.network == 'densenet161' and c.clip_len == 224,
    'ensemnn': lambda c: (c.model.backbone.type == 'Ensemble1DCNN' and c.fusion.rule == 'product'
                                and set(c.members) == set(NETWORKS) - {'base'}),
    'sbu': lambda c: 'sbu' in data(c) and c.model.cls_head.num_classes == 8 and c.num_person == 2,
    'hdm05': lambda c: 'hdm05' in data(c) and c.model.cls_head.num_classes == 130,
    'sysu': lambda c: 'sysu' in data(c) and c.model.cls_head.num_classes == 12,
    'stcnet': lambda c: c.model.backbone.type == 'STCNet',
    'stgcn': lambda c: c.model.backbone.type == 'SkeletonSTGCN',
    'mpgcn': lambda c: c.model.backbone.type == 'MPGCN' and c.model.data_preprocessor.type == 'PanoramaEncoder',
    'volleyball': lambda c: 'volleyball' in data(c) and classes(c) == 8,
    'weak': lambda c: 'weak' in data(c) and c.clip_len == 41,
    'scenes': lambda c: 'scenes' in data(c) and classes(c) == 4,
    'nba': lambda c: 'nba' in data(c) and classes(c) == 9,
    'nwucla': lambda c: 'nwucla' in data(c) and classes(c) == 10,
    'utkinect': lambda c: 'utkinect' in data(c) and classes(c) == 10,
    'ntu60': lambda c: 'ntu60' in data(c) and classes(c) == 60,
    'ntu120': lambda c: 'ntu120' in data(c) and classes(c) == 120,
    'ntu60inter': lambda c: interactions(c) == (11, 59) and 'ntu60' in data(c),
    'ntu120inter': lambda c: interactions(c) == (26, 119) and 'ntu120' in data(c),
    'kinetics': lambda c: 'kinetics' in data(c) and classes(c) == 400,
    'posec3d': lambda c: draws(c) and c.model.data_preprocessor.stream == 'joint',
    'c3dlight': lambda c: draws(c) and c.model.backbone.type == 'C3DLight',
    'x3dshallow': lambda c: draws(c) and c.model.backbone.type == 'X3DShallow',
    'gym': lambda c: 'gym' in data(c) and classes(c) == 99,
    'k400': lambda c: 'k400' in data(c) and classes(c) == 400,
    'ucf101': lambda c: 'ucf101' in data(c) and classes(c) == 101,
    'hmdb51': lambda c: 'hmdb51' in data(c) and classes(c) == 51,
    'diving48': lambda c: 'diving48' in data(c) and classes(c) == 48,
    'rgbpose': lambda c: c.model.backbone.type == 'RGBPoseConv3D' and looks(c),
    'rgbonly': lambda c: c.model.data_preprocessor.type == 'PictureEncoder' and looks(c),
    'poseonly': lambda c: draws(c) and c.clip_len == 32,
    'gsp': lambda c: c.model.backbone.type in ('GSFResNet', 'GSFLateFusion', 'JointConvNet'),
    'early': lambda c: c.model.backbone.type == 'GSFResNet' and looks(c) and c.model.backbone.in_channels == 4,
    'late': lambda c: c.model.backbone.type == 'GSFLateFusion' and looks(c),
    'pose': lambda c: c.model.backbone.type == 'JointConvNet' and not looks(c),
    'r18': lambda c: c.model.backbone.depth == 34,
    'r50': lambda c: c.model.backbone.depth == 50,
    'frfs': lambda c: 'frfs' in data(c) and classes(c) == 2,
    '2d': lambda c: (draws(c) or c.model.data_preprocessor.with_score) and c.model.data_preprocessor.layout == 'coco17',
    '3d': lambda c: c.model.backbone.layout == 'ntu25',
    'cascadeformer': lambda c: c.model.backbone.type == 'CascadeFormer',
    'pretrain': lambda c: c.model.type == 'MaskedPretraining' and not c.model.backbone.cascade,
    'penn': lambda c: 'penn' in data(c) and classes(c) == 15,
    'custom': lambda c: c.fit_to_data,
    'small': lambda c: c.model.backbone.base_channels == 16 and c.clip_len == 8 if WORDS['gsp'](c) else (c.model.backbone.rgb_pathway.base_channels == 16 and c.pose_len == 16 if looks(c) else
                        c.model.backbone.base_channels == (16 if draws(c) else 32) and c.clip_len == 32),
    'plan': lambda c: list(c.plan.stages)[-1] in ('joint', 'fine_tuning') and not c.load_from,
    'short': lambda c: c.train_cfg.max_epochs <= 20,
    'synthetic': lambda c: c.fit_to_data,
}


def classes(cfg):
    """Those of the head; of a pretraining, which has none, those of the data."""
    head = cfg.model.get('cls_head')
    return dataset_of(cfg, 'train_dataloader')['num_classes'] if head is None else head.num_classes


def interactions(cfg):
    """How many classes are left of a data set's, and the last of them."""
    classes = dataset_of(cfg, 'test_dataloader')['classes']
    assert len(classes) == cfg.model.cls_head.num_classes
    return len(classes), classes[-1]


def data(cfg):
    return dataset_of(cfg, 'train_dataloader')['ann_file']


def draws(cfg):
    return cfg.model.data_preprocessor.type in ('HeatmapEncoder', 'RGBPoseEncoder')


def looks(cfg):
    return any(t['type'] == 'LoadClipFrames' for t in dataset_of(cfg, 'train_dataloader')['pipeline'])


@pytest.fixture(params=CONFIGS)
def config(request):
    init_default_scope('mmaction')
    return FOLDER / request.param, load_config(str(FOLDER / request.param), fit=False)


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
    # MMAction2's own data set knows no layout, and names the split of each part
    keys = ('ann_file', 'num_classes', 'classes')
    for key in keys if sets[0].type == 'PoseDataset' else (*keys, 'split', 'layout'):
        assert len({str(s.get(key)) for s in sets}) == 1, key
    assert classes(cfg) == sets[0]['num_classes'] or cfg.get('fit_to_data')
    assert cfg.report.epoch in ('last', 'best')
    assert any(hook['type'] == 'EpochSeedHook' for hook in cfg.custom_hooks)


def shrink(transforms):
    """Images of a sixth of the size: twenty views of 224 x 224 take long."""
    for step in transforms:
        if 'size' in step:
            step['size'] = step['size'] // 6 if isinstance(step['size'], int) else tuple(side // 6 for side in step['size'])
        shrink(step.get('transforms', ()))


def test_a_clip_runs_through(config):
    path, cfg = config
    narrow(cfg, 8)
    model = MODELS.build(cfg.model).eval()
    model.init_weights()
    layout = get_layout(cfg.model.data_preprocessor.get('layout', 'coco17'))
    pixels = draws(cfg) or looks(cfg) or cfg.model.backbone.type == 'JointConvNet'
    flat = cfg.model.data_preprocessor.get('with_score') or cfg.model.backbone.get('in_channels', 3) == 2
    coords = 2 if pixels and 'nwucla' not in path.stem or flat else 3
    rng = np.random.default_rng(0)
    for part, persons, frames in (('train', 1, 9), ('test', 2, 120)):
        transforms = [t for t in dataset_of(cfg, f'{part}_dataloader')['pipeline'] if t['type'] != 'DecompressPose']
        if WORDS['gsp'](cfg):
            shrink(transforms)
        for transform in transforms:
            if pixels:  # few and short, but several clips
                short = dict(clip_len=4, num_clips=2, video_len=2, pose_len=transform.get('pose_len') and 8)
                transform.update({key: value for key, value in short.items() if key in transform})
        pipeline = Compose([TRANSFORMS.build(t) for t in transforms])
        persons = persons if cfg.get('num_person', 2) > 1 else 1
        keypoint = rng.uniform(0.1, 0.9, (persons, frames, layout.num_joints, coords)).astype(np.float32)
        keypoint *= 200 if pixels else 1
        video = np.full((frames, 120, 160, 3), 128, np.uint8) if looks(cfg) else None
        samples = [pipeline(dict(frame_dir=str(i), keypoint=keypoint + i * 0.1, total_frames=frames, label=0,
                                 keypoint_score=np.ones(keypoint.shape[:3], np.float32), img_shape=(240, 320),
                                 video=video, rng=np.random.default_rng(i))) for i in range(2)]
        with torch.no_grad():
            predictions = model.test_step(pseudo_collate(samples))
        if cfg.model.type == 'MaskedPretraining':
            assert all(float(sample.hidden_error[1]) > 0 for sample in predictions)
            continue
        assert len(predictions) == 2 and predictions[0].pred_score.shape == (cfg.model.cls_head.num_classes, )
        assert predictions[1].frame_dir == '1' and abs(float(predictions[0].pred_score.sum()) - 1) < 1e-4


def test_test_time_of_posec3d_shows_every_clip_and_its_mirror_image():
    init_default_scope('mmaction')
    cfg = load_config('posec3d/posec3d_ntu60_2d.py')
    pipeline = Compose([TRANSFORMS.build(t) for t in dataset_of(cfg, 'test_dataloader')['pipeline']])
    keypoint = np.random.default_rng(0).uniform(100, 300, (1, 70, 17, 2)).astype(np.float32)
    sample = pipeline(dict(frame_dir='a', keypoint=keypoint, total_frames=70, label=0, img_shape=(480, 640),
                           keypoint_score=np.ones((1, 70, 17), np.float32), rng=np.random.default_rng(0)))
    inputs = MODELS.build(cfg.model.data_preprocessor)(pseudo_collate([sample]))['inputs']
    assert inputs.shape == (1, 20, 17, 48, 64, 64)
    swap = get_layout('coco17').swap
    torch.testing.assert_close(inputs[0, 13], inputs[0, 3, swap].flip(-1), rtol=0, atol=0)
