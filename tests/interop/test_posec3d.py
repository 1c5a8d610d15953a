"""PoseC3D's checkpoints: what is read off the tensors, and what is not."""
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from parity import load, relative_error

from mmskel.apis.training import load_weights
from mmskel.interop import ConversionError, build_published, convert_checkpoint

GOLDEN = ['posec3d_c3d_light', 'posec3d_slowonly', 'posec3d_x3d_shallow']


def tensors(state):
    return {key: torch.from_numpy(value) for key, value in state.items()}


@pytest.mark.parametrize('name', GOLDEN)
def test_file_becomes_checkpoint_and_config(name, tmp_path):
    description, arrays, state = load(name)
    torch.save(dict(state_dict=tensors(state), meta=dict(epoch=24)), tmp_path / 'official.pth')
    config = Config.fromfile(convert_checkpoint('posec3d', tmp_path / 'official.pth', tmp_path / 'ours.pth'))
    assert config.model.data_preprocessor.layout == 'coco17' and config.model.cls_head.average_clips == 'prob'
    init_default_scope('mmaction')
    model = MODELS.build(config.model).eval()
    load_weights(model, tmp_path / 'ours.pth')
    with torch.no_grad():
        logits = model.cls_head(model.backbone(torch.from_numpy(arrays['in_imgs'])))
    assert relative_error(logits, arrays['out_logits']) < 1e-4


@pytest.mark.parametrize('name', GOLDEN)
def test_inner_features(name):
    description, arrays, state = load(name)
    published = build_published('posec3d', description['model_kwargs'], state).eval()
    seen = {}
    for tap in description['model_kwargs']['taps']:
        published.model.get_submodule(tap).register_forward_hook(
            lambda module, given, out, tap=tap: seen.__setitem__(tap, out.mean((2, 3, 4)).detach()))
    with torch.no_grad():
        published(torch.from_numpy(arrays['in_imgs']))
    assert len(seen) >= 4
    for tap, value in seen.items():
        assert relative_error(value, arrays[f'out_mean_{tap.replace(".", "_")}']) < 1e-4, tap


def test_configs_of_mmaction2_are_arguments():
    description, _, state = load('posec3d_slowonly')
    arguments = dict(description['model_kwargs'], layout='coco17', stream='limb')
    arguments['backbone'] = dict(type='ResNet3dSlowOnly', **arguments['backbone'])
    del arguments['kind'], arguments['grads'], arguments['taps']
    assert build_published('posec3d', arguments, state).model.data_preprocessor.stream == 'limb'


def test_wrong_checkpoints_are_refused(tmp_path):
    description, _, state = load('posec3d_c3d_light')
    arguments = description['model_kwargs']
    with pytest.raises(ConversionError, match='unknown constructor arguments neck'):
        build_published('posec3d', dict(arguments, neck=None), state)
    with pytest.raises(ConversionError, match="unknown backbone 'potion'; known: slowonly, c3d, x3d"):
        build_published('posec3d', dict(arguments, kind='potion'), state)
    with pytest.raises(ConversionError, match='1 tensors that are missing'):
        build_published('posec3d', arguments, {k: v for k, v in state.items() if k != 'backbone.conv3a.conv.weight'})
    missing = {'fc.weight': np.zeros(3, np.float32)}
    wide = dict(state, **{'backbone.conv1a.conv.weight': np.zeros((32, 25, 3, 3, 3), np.float32)})
    bare = {k: v for k, v in state.items() if k.startswith('cls_head')}
    for case, message in ((missing, "no 'cls_head.fc_cls.weight'"), (wide, '25 channels'), (bare, 'no SlowOnly, C3D-light')):
        torch.save(tensors(case), tmp_path / 'a.pth')
        with pytest.raises(ConversionError, match=f'a.pth.*{message}'):
            convert_checkpoint('posec3d', tmp_path / 'a.pth', tmp_path / 'o.pth')
    gated = dict(load('posec3d_x3d_shallow')[2])
    gated['backbone.layer1.0.se_module.fc1.weight'] = np.zeros((8, 54, 1, 1, 1), np.float32)
    torch.save(tensors(gated), tmp_path / 'a.pth')
    with pytest.raises(ConversionError, match='squeeze and excitation'):
        convert_checkpoint('posec3d', tmp_path / 'a.pth', tmp_path / 'o.pth')
