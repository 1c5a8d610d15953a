"""Gate-Shift-Fuse against its plain form: any share of channels, any number of frames, training, precision, errors."""
import pytest
import torch
from reference.gate_shift_pose import GSF

from mmskel.files.errors import UserError
from mmskel.models.layers.gate_shift import GateShiftFuse


def pair(channels, frames, ratio=100):
    torch.manual_seed(0)
    plain, ours = GSF(channels, frames, ratio).double(), GateShiftFuse(channels, ratio).double()
    torch.nn.init.uniform_(plain.bn.weight, 0.5, 1.5)
    torch.nn.init.uniform_(plain.bn.running_mean, -1, 1)
    state = plain.state_dict()
    taken = {key.replace('conv3D', 'gate').replace('bn', 'norm'): value for key, value in state.items() if 'channel' not in key}
    for leaf in ('weight', 'bias'):
        taken[f'fuse.{leaf}'] = torch.cat([state[f'channel_conv{i}.{leaf}'] for i in (1, 2)])
    ours.load_state_dict(taken)
    return plain, ours


@pytest.mark.parametrize('train', [False, True])
@pytest.mark.parametrize('channels, frames, ratio', [(8, 4, 100), (16, 1, 100), (16, 2, 50), (12, 3, 67), (40, 5, 30)])
def test_plain_form(channels, frames, ratio, train):
    plain, ours = pair(channels, frames, ratio)
    plain.train(train), ours.train(train)
    x = torch.randn(2 * frames, channels, 5, 7, dtype=torch.float64)
    inputs = [x.clone().requires_grad_() for _ in range(2)]
    upstream = torch.randn_like(x)
    expected, found = plain(inputs[0]), ours(inputs[1], frames)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    for y in (expected, found):
        y.backward(upstream)
    torch.testing.assert_close(inputs[1].grad, inputs[0].grad, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(ours.gate.weight.grad, plain.conv3D.weight.grad, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(ours.norm.running_var, plain.bn.running_var)


def test_initial_values_and_number_of_parameters():
    torch.manual_seed(0)
    layer = GateShiftFuse(64)
    assert sum(p.numel() for p in layer.parameters()) == 1896
    many = torch.cat([GateShiftFuse(4).fuse.weight.flatten() for _ in range(200)])
    assert abs(many.std().item() - (2 / 9)**0.5) < 0.02  # each of the two published convolutions has one output
    assert layer.fuse.bias.abs().max() <= 1 / 18**0.5


def test_a_part_of_the_channels_is_passed_on_unchanged():
    x = torch.randn(6, 16, 3, 3)
    found = GateShiftFuse(16, 50)(x, 3)
    assert torch.equal(found[:, 8:], x[:, 8:]) and not torch.equal(found[:, :8], x[:, :8])


def test_bfloat16():
    _, ours = pair(16, 4)
    x = torch.randn(8, 16, 6, 6)
    expected = ours.float()(x, 4)
    with torch.autocast('cpu', torch.bfloat16):
        found = ours(x, 4)
    assert (found.float() - expected).abs().max() < 0.1


@pytest.mark.parametrize('channels, ratio', [(6, 100), (16, 10), (2, 100)])
def test_channels_that_do_not_divide(channels, ratio):
    with pytest.raises(UserError, match='must be a multiple of 4; change base_channels or the ratio'):
        GateShiftFuse(channels, ratio)


def test_wrong_arguments():
    with pytest.raises(UserError, match='ratio is a percentage .* not 0'):
        GateShiftFuse(16, 0)
    with pytest.raises(UserError, match='7 frames do not divide into clips of 3'):
        GateShiftFuse(16)(torch.zeros(7, 16, 2, 2), 3)
