import pickle

import numpy as np
import pytest

from mmskel.configuration import (
    ConfigError,
    dataset_of,
    datasets_of,
    find_config,
    load_config,
    packaged_configs,
    set_epochs,
)
from mmskel.synthetic.motions import write_motion_dataset


def test_configs_are_found_by_path_and_by_name(tmp_path):
    path = find_config('stgcn/stgcn_nwucla.py')
    assert path == find_config('mmskel::stgcn/stgcn_nwucla.py') == find_config('stgcn_nwucla')
    assert path == find_config('configs/stgcn/stgcn_nwucla.py') or path.samefile('configs/stgcn/stgcn_nwucla.py')
    assert find_config(str(path)) == path and packaged_configs() in path.parents
    with pytest.raises(ConfigError, match="no config 'stgcn_nwucl'.*stgcn/stgcn_nwucla.py"):
        find_config('stgcn_nwucl')


def test_arguments_reach_every_loader():
    cfg = load_config('stgcn/stgcn_nwucla.py', data='x.pkl', split='view1', stream='bone_motion', seed=3,
                      cfg_options={'optim_wrapper.optimizer.lr': 0.5})
    assert [d['ann_file'] for d in datasets_of(cfg)] == ['x.pkl'] * 3
    assert [d['split'] for d in datasets_of(cfg)] == ['view1'] * 3
    assert [d['part'] for d in datasets_of(cfg)] == ['train', 'test', 'test']
    assert cfg.model.data_preprocessor.stream == 'bone_motion' and cfg.randomness.seed == 3
    assert cfg.optim_wrapper.optimizer.lr == 0.5 and cfg.work_dir == 'work_dirs/stgcn_nwucla_view1_bone_motion'


def test_epochs_stretch_the_schedule():
    cfg = load_config('stgcn/stgcn_nwucla.py')
    ratio = cfg.train_cfg.max_epochs // 2
    set_epochs(cfg, ratio)
    assert cfg.train_cfg.max_epochs == ratio and cfg.param_scheduler[-1].end == ratio
    assert cfg.param_scheduler[0].end == cfg.param_scheduler[1].begin == 1
    averaged = load_config('hdgcn/hdgcn_nwucla.py', epochs=20)  # from the 45th of 65 epochs on
    assert averaged.custom_hooks[-1].begin_epoch == 14
    assert load_config('hdgcn/hdgcn_nwucla.py', epochs=1).custom_hooks[-1].begin_epoch == 1
    kinetics = load_config('stgcn/stgcn_kinetics.py', epochs=5)
    assert kinetics.param_scheduler[0].milestones == [2, 3, 4]
    with pytest.raises(ConfigError, match='must be from 1 to a million'):
        set_epochs(cfg, 0)


def test_amp_is_bfloat16_on_cpu(monkeypatch):
    import torch
    assert load_config('stgcn/stgcn_nwucla.py').optim_wrapper.type == 'OptimWrapper'
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    assert load_config('stgcn/stgcn_nwucla.py', amp=True).optim_wrapper.type == 'BFloat16OptimWrapper'
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    assert load_config('stgcn/stgcn_nwucla.py', amp=True).optim_wrapper.type == 'AmpOptimWrapper'


@pytest.mark.parametrize('layout, project, channels', [('ntu25', False, 3), ('coco17', True, 3)])
def test_custom_config_fits_itself_to_the_file(tmp_path, layout, project, channels):
    write_motion_dataset(tmp_path / 'a.pkl', num_per_class=2, num_subjects=2, layout=layout, project=project)
    cfg = load_config('custom/stgcn_custom.py', data=str(tmp_path / 'a.pkl'))
    model = cfg.model
    assert model.backbone.layout == model.data_preprocessor.layout == layout
    assert model.cls_head.num_classes == 10 and model.backbone.in_channels == channels
    assert model.cls_head.in_channels == 256 and model.data_preprocessor.with_score == project
    assert dataset_of(cfg, 'train_dataloader')['pipeline'][0]['num_person'] == 1


def test_clips_without_a_person_axis_fit_too(tmp_path):
    item = dict(frame_dir='a', total_frames=4, label=0, keypoint=np.ones((4, 25, 3), np.float32))
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(dict(split=dict(train=['a'], test=['a']), annotations=[item])))
    cfg = load_config('custom/stgcn_custom.py', data=str(tmp_path / 'a.pkl'))
    assert cfg.model.backbone.layout == 'ntu25' and cfg.model.cls_head.num_classes == 1


def test_wrappers_are_looked_through():
    assert dataset_of(dict(a=dict(dataset=dict(dataset=dict(ann_file='x')))), 'a') == dict(ann_file='x')
    assert dataset_of({}, 'a') is None


def test_streams_of_volumes_are_joint_and_limb():
    from mmskel.configuration import members_of
    name = 'posec3d/posec3d_ntu60_2d.py'
    assert list(members_of(load_config(name))) == ['joint', 'limb']
    for stream, channels in (('joint', 17), ('limb', 17), ('joint_limb', 34)):
        cfg = load_config(name, stream=stream)
        assert cfg.model.data_preprocessor.stream == stream and cfg.model.backbone.in_channels == channels
        assert 'member' not in cfg and cfg.work_dir.endswith(f'_{stream}')
    with pytest.raises(ConfigError, match="no stream 'bone'; known: joint, limb, joint_limb"):
        load_config(name, stream='bone')
