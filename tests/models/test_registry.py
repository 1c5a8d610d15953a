"""Every backbone of ours, found in the registry: a model added later is tested by existing."""
import pytest
import torch
from mmaction.registry import MODELS

import mmskel.models  # noqa: F401  (registers)
from mmskel.skeleton import get_layout

BACKBONES = {name: cls for name, cls in MODELS.module_dict.items() if cls.__module__.startswith('mmskel.models.backbones')}


def build(name, layout):
    torch.manual_seed(0)
    model = MODELS.build(dict(type=name, layout=layout, in_channels=3))
    model.init_weights()
    return model


def test_there_are_backbones():
    assert 'SkeletonSTGCN' in BACKBONES


@pytest.mark.parametrize('layout', ['coco17', 'ntu25', 'kinect20', 'hand21'])
@pytest.mark.parametrize('name', BACKBONES)
def test_any_layout_any_persons_any_length(name, layout):
    model = build(name, layout).eval()
    joints = get_layout(layout).num_joints
    with torch.no_grad():
        for persons, frames in ((1, 13), (2, 4), (2, 1)):
            out = model(torch.randn(2, persons, frames, joints, 3))
            assert out.shape[:2] == (2, persons) and torch.isfinite(out).all()


@pytest.mark.parametrize('name', BACKBONES)
def test_gradients_reach_every_parameter(name):
    model = build(name, 'kinect20').train()
    model(torch.randn(3, 2, 9, 20, 3)).square().mean().backward()
    dead = [key for key, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    # a bias before a batch norm has no effect, and so a gradient of rounding errors or none
    assert not [key for key in dead if not key.endswith('bias')], dead


@pytest.mark.parametrize('name', BACKBONES)
def test_eval_is_deterministic_and_clips_do_not_mix(name):
    model = build(name, 'kinect20').eval()
    x = torch.randn(4, 2, 11, 20, 3)
    with torch.no_grad():
        whole = model(x)
        torch.testing.assert_close(model(x), whole, rtol=0, atol=0)
        torch.testing.assert_close(model(x[:2]), whole[:2], rtol=1e-4, atol=1e-5)
