"""Names that turn: a value at a config's top, or an option, reaches every part that takes it; others are refused."""
import warnings

import pytest
from mmengine.config import Config

from mmskel.configuration import (
    ConfigError,
    coords_of,
    dataset_of,
    datasets_of,
    load_config,
    needs_video,
    places_of,
    set_knob,
)
from mmskel.synthetic.motions import write_motion_dataset

NAME = 'hdgcn/hdgcn_nwucla.py'


def values(cfg, key):
    return [step[key] for dataset in datasets_of(cfg) for step in dataset['pipeline'] if key in step]


def test_the_top_of_a_config_reaches_every_part():
    cfg = load_config(NAME)
    assert values(cfg, 'clip_len') == [52] * 3 and values(cfg, 'layout') == ['kinect20'] * 3
    assert cfg.model.backbone.layout == cfg.model.data_preprocessor.layout == 'kinect20'
    assert cfg.model.backbone.num_person == 1 and cfg.model.cls_head.num_classes == 10
    assert [d['repeat'] if 'repeat' in d else 1 for d in datasets_of(cfg)] == [5, 1, 1], 'a test sees every clip once'
    assert all(d['ann_file'] == 'data/nwucla.pkl' and d['num_classes'] == 10 for d in datasets_of(cfg))
    assert cfg.test_pipeline == dataset_of(cfg, 'test_dataloader')['pipeline']
    inside = load_config('skateformer/skateformer_ntu60_3d.py').train_dataloader.dataset.pipeline[2].branches
    assert inside[0].transforms[4].layout == inside[1].transforms[0].layout == 'ntu25', 'steps inside of steps'
    assert load_config('hdgcn/hdgcn_nwucla_short.py').clip_len == 32
    assert values(load_config('hdgcn/hdgcn_nwucla_short.py'), 'clip_len') == [32] * 3


def test_an_option_turns_it_in_training_and_testing():
    cfg = load_config(NAME, cfg_options=dict(clip_len=32, num_person=2, repeat=3))
    assert values(cfg, 'clip_len') == [32] * 3 and cfg.model.backbone.num_person == 2
    assert cfg.train_dataloader.dataset.repeat == 3 and 'repeat' not in cfg.test_dataloader.dataset
    volleyball = load_config('mpgcn/mpgcn_volleyball.py', cfg_options=dict(clip_len=41, objects=['net'], num_person=6))
    assert values(volleyball, 'length') == [41] * 3 and values(volleyball, 'names') == [['net']] * 3
    assert volleyball.model.backbone.objects == volleyball.model.data_preprocessor.objects == ['net']
    last = load_config(NAME, cfg_options={'clip_len': 32, 'test_dataloader.dataset.pipeline.2.clip_len': 48})
    assert values(last, 'clip_len') == [32, 32, 48], 'what is said of one part counts more'


def test_a_work_dirs_config_turns_too(tmp_path):
    load_config(NAME, cfg_options=dict(clip_len=32)).dump(tmp_path / 'config.py')
    path = str(tmp_path / 'config.py')
    assert values(load_config(path), 'clip_len') == [32] * 3
    assert values(load_config(path, cfg_options=dict(clip_len=20)), 'clip_len') == [20] * 3
    options = {f'{part}_dataloader.dataset.pipeline.{place}.clip_len': 16 for part, place in
               (('train', 4), ('val', 2), ('test', 2))}
    load_config(path, cfg_options=options).dump(tmp_path / 'config.py')
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        cfg = load_config(path)
    assert values(cfg, 'clip_len') == [16] * 3 and 'clip_len' not in cfg


def test_width_takes_the_head_along():
    cfg = load_config(NAME, cfg_options=dict(base_channels=16))
    assert cfg.model.backbone.base_channels == 16 and cfg.model.cls_head.in_channels == 64
    cfg = load_config('posec3d/posec3d_nwucla.py', cfg_options=dict(base_channels=8))
    assert cfg.model.cls_head.in_channels == 128


def test_what_a_part_states_stays(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text("_base_ = 'mmskel::custom/stgcn_custom.py'\ntrain_pipeline = [dict(type='SetPersons'), "
                    "dict(type='ResampleFrames', clip_len=48, random=True), dict(type='PackSkeleton')]\n"
                    'train_dataloader = dict(dataset=dict(pipeline=train_pipeline))\n')
    assert values(load_config(str(path), fit=False), 'clip_len') == [48, 64, 64]
    assert values(load_config(str(path), fit=False, cfg_options=dict(clip_len=20)), 'clip_len') == [20] * 3
    path.write_text(path.read_text().replace('train_pipeline = ', 'clip_len = 30\ntrain_pipeline = ')
                    + 'val_dataloader = train_dataloader\ntest_dataloader = train_dataloader\n')
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        child = tmp_path / 'child.py'
        child.write_text("_base_ = 'mmskel::custom/stgcn_custom.py'\ntrain_dataloader = dict(dataset=dict(repeat=2))\n")
        assert load_config(str(child), fit=False).train_dataloader.dataset.repeat == 2
    with pytest.warns(UserWarning, match=r'clip_len = 30 changes nothing, since every part states .*\(48\)'):
        load_config(str(path), fit=False)


@pytest.mark.parametrize('option, message', [
    ('foo.bar', "unknown option 'foo.bar': the nearest is '"),
    ('clip_lem', "did you mean 'clip_len'"),
    ('base_lr', "constant that is read with the file; set optim_wrapper.optimizer.lr"),
    ('max_epochs', 'set epochs, which stretches the schedule, too'),
    ('train_pipeline.0.joint', "'train_pipeline' is a constant that is read with the file"),
    ('model.backbone.foo', "HDGCN has no argument 'foo'; the nearest is"),
    ('model.backbone.centr', "HDGCN has no argument 'centr'; did you mean 'centre'"),
    ('model.data_preprocessor.steam', "StreamEncoder has no argument 'steam'; did you mean 'stream'"),
    ('train_dataloader.batchsize', "train_dataloader has no 'batchsize'; did you mean 'batch_size'"),
    ('train_dataloader.dataset.pipeline.4.cliplen', "ResampleFrames has no argument 'cliplen'; did you mean 'clip_len'"),
    ('train_dataloader.dataset.pipeline.9.clip_len', 'Index 9 exceeds the length of list'),
    ('optim_wrapper.optimizer.learning_rate', "SGD has no argument 'learning_rate'"),
    ('train_cfg.epochs', "EpochBasedTrainLoop has no argument 'epochs'; did you mean 'max_epochs'"),
    ('report.epoc', "report has no 'epoc'; did you mean 'epoch'"),
    ('video_len', "no part of the config takes 'video_len'"),
])
def test_options_that_nothing_reads_are_refused(option, message):
    with pytest.raises(ConfigError, match=message):
        load_config(NAME, cfg_options={option: 3})


@pytest.mark.parametrize('option', [
    'train_dataloader.num_workers', 'optim_wrapper.clip_grad.max_norm', 'optim_wrapper.accumulative_counts',
    'optim_wrapper.paramwise_cfg.norm_decay_mult', 'default_hooks.checkpoint.interval', 'randomness.seed', 'resume',
    'param_scheduler.0.begin', 'train_dataloader.dataset.indices', 'custom_hooks.2.priority', 'visualizer.save_dir',
    'env_cfg.cudnn_benchmark', 'model.cls_head.loss_cls.loss_weight', 'auto_scale_lr.base_batch_size'])
def test_options_that_something_reads_are_taken(option):
    load_config(NAME, cfg_options={option: 1})


def test_the_users_knobs_count_more_than_the_data(tmp_path):
    write_motion_dataset(tmp_path / 'a.pkl', num_per_class=2, num_subjects=2, layout='coco17', project=True)
    cfg = load_config('custom/hdgcn_custom.py', data=str(tmp_path / 'a.pkl'),
                      cfg_options=dict(num_person=3, num_classes=12, max_person=5))
    assert cfg.model.backbone.num_person == 3 and set(values(cfg, 'num_person')) == {3}
    assert cfg.model.cls_head.num_classes == 12 and cfg.model.backbone.layout == 'coco17'


@pytest.mark.parametrize('layout', ['ntu25', 'kinect20'])
def test_mmactions_networks_take_any_layout(layout, tmp_path):
    from mmaction.registry import MODELS
    from mmengine.registry import init_default_scope
    init_default_scope('mmaction')
    write_motion_dataset(tmp_path / 'a.pkl', num_per_class=2, num_subjects=2, layout=layout)
    for name in ('aagcn', 'stgcnpp'):
        cfg = load_config(f'custom/{name}_custom.py', data=str(tmp_path / 'a.pkl'), cfg_options=dict(base_channels=16))
        graph = cfg.model.backbone.graph_cfg
        assert graph.layout == 'nturgb+d' if layout == 'ntu25' else len(graph.layout.inward) == 19
        assert graph.mode == 'spatial' and 'layout' not in cfg.model.backbone and cfg.model.cls_head.in_channels == 64
        assert MODELS.build(cfg.model).backbone.graph.num_node == (25 if layout == 'ntu25' else 20)


def test_clips_that_the_pipeline_cannot_take_are_refused_before_training(tmp_path):
    write_motion_dataset(tmp_path / 'a.pkl', num_per_class=2, num_subjects=2)
    with pytest.raises(ConfigError, match='has clips of 3 coordinates per joint, but the recogniser .* takes 2'):
        load_config('custom/rgbpose_custom_small.py', data=str(tmp_path / 'a.pkl'))


@pytest.mark.parametrize('name, coords, video', [
    (NAME, (3, ), False), ('stgcn/stgcn_ntu60_2d.py', (2, ), False), ('stgcn/stgcn_ntu60_3d.py', (3, ), False),
    ('mpgcn/mpgcn_kinetics.py', (2, ), False), ('posec3d/posec3d_ntu60_2d.py', (2, ), False),
    ('posec3d/posec3d_nwucla.py', (2, 3), False), ('rgbpose/rgbonly_ntu60.py', (2, ), True),
    ('rgbpose/rgbpose_ntu60.py', (2, ), True)])
def test_what_clips_a_config_takes(name, coords, video):
    cfg = load_config(name)
    assert coords_of(cfg) == coords and needs_video(cfg) == video


def test_stock_configs_are_left_as_they_are():
    name = 'mmaction::skeleton/stgcnpp/stgcnpp_8xb16-joint-u100-80e_ntu60-xsub-keypoint-2d.py'
    path = Config._get_cfg_path(name, '')[0]
    raw, cfg = Config.fromfile(path), load_config(path)
    for key in ('model', 'train_dataloader', 'val_dataloader', 'test_dataloader', 'test_pipeline'):
        assert cfg[key] == raw[key], key
    assert coords_of(cfg) is None and not needs_video(cfg)
    with pytest.raises(ConfigError, match="'ann_file' is a constant that is read with the file"):
        load_config(path, cfg_options=dict(ann_file='x.pkl'))
    assert len(list(places_of(cfg, 'clip_len'))) == 3
    set_knob(cfg, 'clip_len', 20)
    assert [step.clip_len for step in cfg.test_dataloader.dataset.pipeline if 'clip_len' in step] == [20]
    with pytest.raises(ConfigError, match="no part of the config takes 'objects'"):
        set_knob(cfg, 'objects', ())


def test_a_network_says_where_a_knob_goes():
    cfg = load_config('ensemnn/ensemnn_nwucla.py', cfg_options=dict(clip_len=24))
    assert cfg.model.backbone.num_frames == 24 and set(values(cfg, 'clip_len')) == {24}
