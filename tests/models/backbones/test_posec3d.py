"""What the registry walk does not see of PoseC3D's networks: options, initialisation, refusals."""
import pytest
import torch
from mmaction.registry import MODELS
from torch import nn

from mmskel.models.backbones.x3d_shallow import SEModule, rounded_width


def test_rounded_width():
    assert [rounded_width(w) for w in (1, 8, 11, 12, 13.5, 54 / 16, 96 * 2.25 / 16)] == [8, 8, 16, 16, 16, 8, 16]


def test_options_of_c3d_light():
    x = torch.randn(1, 5, 8, 32, 32)
    small = dict(type='C3DLight', in_channels=5, base_channels=4)
    assert MODELS.build(small).eval()(x).shape == (1, 32, 8, 4, 4)
    deep = MODELS.build(dict(small, num_stages=4, temporal_downsample=True)).eval()
    assert deep(x).shape == (1, 32, 1, 2, 2) and deep(x[:, :, :1]).shape == (1, 32, 1, 2, 2)
    assert hasattr(deep, 'conv5b')
    with pytest.raises(ValueError, match='3 or 4 pools, num_stages=5'):
        MODELS.build(dict(small, num_stages=5))


def test_options_of_x3d_shallow():
    small = dict(type='X3DShallow', in_channels=5, base_channels=8)
    x = torch.randn(1, 5, 4, 32, 32)
    assert MODELS.build(small).eval()(x).shape == (1, 72, 4, 2, 2)
    full = MODELS.build(dict(small, se_ratio=1 / 16, use_swish=True, gamma_d=2.2)).eval()
    assert [len(getattr(full, f'layer{i}')) for i in (1, 2, 3)] == [5, 11, 7]
    gates = [isinstance(block.se_module, SEModule) for block in full.layer2]
    assert gates == [place % 2 == 0 for place in range(11)] and full(x).shape == (1, 72, 4, 2, 2)
    everywhere = MODELS.build(dict(small, se_ratio=1 / 16, se_style='all'))
    assert all(isinstance(block.se_module, SEModule) for block in everywhere.layer3)
    with pytest.raises(ValueError, match='as many stage_blocks'):
        MODELS.build(dict(small, num_stages=2))
    with pytest.raises(ValueError, match="'half' or 'all', not 'some'"):
        MODELS.build(dict(small, se_style='some'))


@pytest.mark.parametrize('name', ['C3DLight', 'X3DShallow'])
def test_published_initialisation(name):
    torch.manual_seed(0)
    network = MODELS.build(dict(type=name))
    network.init_weights()
    for module in network.modules():
        if isinstance(module, nn.Conv3d) and module.weight.numel() > 10000:
            fan_out = module.weight[:, 0].numel()
            assert module.weight.std().item() == pytest.approx((2 / fan_out)**0.5, rel=0.05)
    if name == 'X3DShallow':
        gains = [module.weight for key, module in network.named_modules() if key.endswith('conv3.bn')]
        assert len(gains) == 10 and not any(gain.any() for gain in gains)
