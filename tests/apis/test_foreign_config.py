"""An encoder and a step from outside the package: a config names them, and everything works with them unchanged."""
import numpy as np
import pytest

from mmskel.apis.training import train
from mmskel.configuration import ConfigError, coords_of, dataset_of, load_config, members_of, needs_video, streams_of

CONFIG = '''
_base_ = 'mmskel::custom/stgcn_custom.py'
custom_imports = dict(imports=['mmskel', 'foreign_parts'], allow_failed_imports=False)
clip_len = 16
num_classes = 10
model = dict(
    data_preprocessor=dict(_delete_=True, type='ReachEncoder'),
    backbone=dict(base_channels=8, num_stages=2, inflate_stages=(2, ), down_stages=(2, )), cls_head=dict(in_channels=16))
train_pipeline = [dict(type='SetPersons'), dict(type='EveryOther', backwards=0.5), dict(type='PackSkeleton')]
test_pipeline = [dict(type='SetPersons'), dict(type='EveryOther'), dict(type='PackSkeleton')]
quick = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(**quick, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(**quick, dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(**quick, dataset=dict(pipeline=test_pipeline))
'''


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp('foreign') / 'reach.py'
    path.write_text(CONFIG)
    return str(path)


def clip_lengths(cfg):
    return [step['clip_len'] for part in ('train', 'val', 'test')
            for step in dataset_of(cfg, f'{part}_dataloader')['pipeline'] if step['type'] == 'EveryOther']


def test_config_and_training(config, motions, tmp_path, monkeypatch):
    monkeypatch.setenv('MMSKEL_DEBUG', '1')
    cfg = load_config(config, data=str(motions), work_dir=str(tmp_path), epochs=1, cfg_options={'repeat': 1})
    assert cfg.model.data_preprocessor.layout == cfg.model.backbone.layout == dataset_of(cfg, 'test_dataloader')['layout']
    assert cfg.model.backbone.in_channels == 4 and clip_lengths(cfg) == [16] * 3
    assert streams_of(cfg) == ('reach', 'near') and list(members_of(cfg)) == ['reach', 'near']
    assert coords_of(cfg) == (3, ) and not needs_video(cfg)
    results = train(cfg)
    assert len(results.ids) == 20 and np.isfinite(results.scores).all()
    assert (tmp_path / 'report.html').is_file()


def test_knobs_and_streams_turn(config, motions):
    cfg = load_config(config, data=str(motions), stream='near', cfg_options=dict(clip_len=8))
    assert clip_lengths(cfg) == [8] * 3 and cfg.model.data_preprocessor.stream == 'near'
    with pytest.raises(ConfigError, match="ReachEncoder has no argument 'steam'; did you mean 'stream'"):
        load_config(config, data=str(motions), cfg_options={'model.data_preprocessor.steam': 'near'})
    with pytest.raises(ConfigError, match="EveryOther has no argument 'backward'; did you mean 'backwards'"):
        load_config(config, data=str(motions), cfg_options={'train_dataloader.dataset.pipeline.1.backward': 1})
