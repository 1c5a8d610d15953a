"""A stock MMAction2 skeleton config plus ``custom_imports = dict(imports=['mmskel'])`` gets everything of ours."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmskel.synthetic.motions import write_motion_dataset

# Runs in a process of its own that imports neither mmskel nor mmaction: the config alone must do it.
STOCK = '''
import sys
from importlib.util import find_spec
from pathlib import Path
from mmengine.config import Config
from mmengine.runner import Runner

data, work_dir, parts = sys.argv[1:]
stock = Path(find_spec('mmaction').origin).parent / '.mim/configs/skeleton/stgcn'
text = f"""
_base_ = {str(stock / 'stgcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-3d.py')!r}
custom_imports = dict(imports=['mmskel'], allow_failed_imports=False)
"""
(Path(work_dir) / 'config.py').write_text(text)
cfg = Config.fromfile(Path(work_dir) / 'config.py')
assert 'torchvision' not in sys.modules and 'mmdet' not in sys.modules
cfg.work_dir, cfg.train_cfg.max_epochs = work_dir, 1
cfg.default_hooks.checkpoint.pop('save_best', None)
cfg.model.cls_head.num_classes = 10
for loader, split in (('train', 'train'), ('val', 'test'), ('test', 'test')):
    cfg[f'{loader}_dataloader'].update(num_workers=0, persistent_workers=False, batch_size=4)
    dataset = cfg[f'{loader}_dataloader'].dataset
    dataset = dataset.get('dataset', dataset)
    dataset.update(ann_file=data, split=split)
    for transform in dataset.pipeline:
        if transform.type == 'UniformSampleFrames':
            transform.update(clip_len=16, num_clips=1)
    if parts == 'ours':
        dataset.type = 'SkeletonDataset'
        dataset.pipeline = [
            dict(type='AlignBody3D', layout='ntu25'),
            dict(type='RandomRotation3D'),
            dict(type='SampleUniformly', clip_len=16, with_next=True, test_mode=split == 'test'),
            dict(type='SetPersons', num_person=2),
            dict(type='PackSkeleton')]
if parts == 'ours':
    cfg.model.data_preprocessor = dict(type='StreamEncoder', layout='ntu25', stream='bone_motion')
    cfg.model.backbone = dict(type='SkeletonSTGCN', layout='ntu25', partition='distance', base_channels=8)
    cfg.model.cls_head.in_channels = 32
    cfg.val_evaluator = cfg.test_evaluator = [dict(type='AccMetric'), dict(type='SkeletonAccuracy', prefix='ours')]
    cfg.custom_hooks = [dict(type='EpochSeedHook')]
runner = Runner.from_cfg(cfg)
runner.train()
metrics = runner.test()
print('backbone', type(runner.model.backbone).__module__)
print('metrics', metrics)
if parts == 'ours':  # two implementations, one number
    assert abs(metrics['acc/top1'] - metrics['ours/top1']) < 1e-9, metrics
'''


@pytest.fixture(scope='module')
def clips(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp('ntu') / 'ntu.pkl'
    write_motion_dataset(path, num_per_class=3, num_subjects=3, layout='ntu25', dropout=0)
    return path


@pytest.mark.parametrize('parts, backbone', [('theirs', 'mmaction.models.backbones.stgcn'),
                                             ('ours', 'mmskel.models.backbones.st_gcn')])
def test_stock_config_runs(clips, tmp_path, parts, backbone):
    done = subprocess.run([sys.executable, '-c', STOCK, str(clips), str(tmp_path), parts], capture_output=True, text=True,
                          env=dict(os.environ, OMP_NUM_THREADS='1'))
    assert done.returncode == 0, done.stderr[-3000:]
    assert f'backbone {backbone}' in done.stdout and 'acc/top1' in done.stdout
    assert (tmp_path / 'epoch_1.pth').is_file()
