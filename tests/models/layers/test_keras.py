import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from mmskel.models.layers.keras import (
    BidirectionalGRUs,
    SameConv1d,
    SameConv2d,
    hard_sigmoid,
    he_normal_,
    keras_norm1d,
    same_padding,
    tanh,
)
from mmskel.models.layers.rows import exactly


def test_padding_of_the_published_examples():
    assert same_padding(45, 8, 2) == (3, 4) and same_padding(40, 8, 2) == (3, 3) and same_padding(300, 8) == (3, 4)
    assert same_padding(50, 5, 2) == (1, 2) and same_padding(25, 3, 2) == (1, 1) and same_padding(150, 1, 2) == (0, 0)


@pytest.mark.parametrize('kernel, stride', [(8, 1), (8, 2), (1, 2)])
@pytest.mark.parametrize('length', [1, 2, 5, 40, 45])
def test_convolution_in_one_dimension(kernel, stride, length):
    conv, x = SameConv1d(3, 4, kernel, stride), torch.randn(2, 3, length)
    padded = functional.pad(x, same_padding(length, kernel, stride))
    torch.testing.assert_close(conv(x), functional.conv1d(padded, conv.weight, conv.bias, stride))
    assert conv(x).shape[2] == -(-length // stride)


def test_convolution_in_two_dimensions_pads_each_axis_by_its_length():
    conv, x = SameConv2d(3, 4, 5, 2), torch.randn(2, 3, 50, 25)
    padded = functional.pad(x, (*same_padding(25, 5, 2), *same_padding(50, 5, 2)))
    torch.testing.assert_close(conv(x), functional.conv2d(padded, conv.weight, conv.bias, 2))
    assert conv(x).shape == (2, 4, 25, 13)


def test_constants():
    norm = keras_norm1d(3)
    assert (norm.eps, norm.momentum) == (1e-3, 0.01)
    weight = he_normal_(torch.empty(400, 50, 8))
    assert weight.abs().max() <= 2 * np.sqrt(2 / 400) and abs(float(weight.std()) / np.sqrt(2 / 400) - 0.88) < 0.01
    assert hard_sigmoid(torch.tensor([-9., -1., 0., 1., 9.])).tolist() == pytest.approx([0, 0.3, 0.5, 0.7, 1])
    x = torch.linspace(-9, 9, 99)
    torch.testing.assert_close(tanh(x), x.tanh(), rtol=0, atol=3e-7)


def filled(groups, kind, **options):
    torch.manual_seed(0)
    gru = BidirectionalGRUs(groups, 5, 7, kind, **options)
    for parameter in gru.parameters():
        nn.init.normal_(parameter, std=0.5)
    return gru


def test_batched_grus_are_pytorchs():
    gru, x = filled(3, 'torch').double(), torch.randn(3, 4, 9, 5, dtype=torch.float64)
    found = gru(x)
    for group in range(3):
        plain = nn.GRU(5, 7, batch_first=True, bidirectional=True).double()
        with torch.no_grad():
            for direction, suffix in enumerate(('', '_reverse')):
                for name in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'):
                    getattr(plain, f'{name}_l0{suffix}').copy_(getattr(gru, name)[group, direction])
        both = plain(x[group])[0]
        torch.testing.assert_close(found[group], both[..., :7] + both[..., 7:])
    torch.testing.assert_close(gru.by_library(x), found)


def test_keras_gru_is_keras_2s():
    gru, x = filled(1, 'keras').double(), torch.randn(1, 2, 6, 5, dtype=torch.float64)

    def run(frames, direction):
        weight, recurrent, bias = gru.weight_ih[0, direction], gru.weight_hh[0, direction], gru.bias_ih[0, direction]
        state, out = torch.zeros(2, 7, dtype=torch.float64), []
        for frame in frames:
            r_in, z_in, n_in = (frame @ weight.T + bias).chunk(3, 1)
            r_w, z_w, n_w = recurrent.chunk(3)
            reset, update = hard_sigmoid(r_in + state @ r_w.T), hard_sigmoid(z_in + state @ z_w.T)
            state = update * state + (1 - update) * (n_in + (reset * state) @ n_w.T).tanh()
            out.append(state)
        return torch.stack(out, 1)

    frames = x[0].unbind(1)
    torch.testing.assert_close(gru(x)[0], run(frames, 0) + run(frames[::-1], 1).flip(1))
    assert gru.bias_hh is None


@pytest.mark.parametrize('kind', ['torch', 'keras'])
def test_dropout_is_one_mask_per_sequence_and_gate(kind):
    gru = filled(2, kind, dropout=0.5, recurrent_dropout=0.5)
    x = torch.randn(2, 3, 8, 5)
    gates = gru._input_gates(torch.stack([x, x.flip(2)], 1).flatten(0, 1).transpose(1, 2)[:, :, :, :])
    same = torch.ones(2, 1, 1, 5).expand(2, 3, 8, 5).transpose(1, 2).repeat(2, 1, 1, 1)
    constant = gru._input_gates(same)  # the same input in every frame: the same mask shows as the same gates
    torch.testing.assert_close(constant, constant[:, :1].expand_as(constant))
    assert (constant.std(2) > 0).any() and gates.shape == (4, 8, 3, 21)
    gru(x).sum().backward()
    assert all(parameter.grad.any() for parameter in gru.parameters())
    torch.testing.assert_close(gru.eval()(x), gru(x), rtol=0, atol=0)


def test_exactly_so_many_frames():
    x = torch.arange(1., 8.).view(1, 7, 1)
    assert exactly(x, 1, 7) is x
    assert exactly(x, 1, 4).flatten().tolist() == [1, 3, 5, 7]
    assert exactly(x, 1, 10).flatten().tolist() == [*range(1, 8), 0, 0, 0]
    assert exactly(x, 1, 10, centre=True).flatten().tolist() == [0, *range(1, 8), 0, 0]


def test_wrong_kind():
    with pytest.raises(ValueError, match="torch, keras, not 'lstm'"):
        BidirectionalGRUs(1, 2, 3, 'lstm')
