"""The partitioned attentions: views against tables, the hand-written passes against plain ones, with dropout, too."""
import pytest
import torch

from mmskel.models.kernels import skate_attention
from mmskel.models.layers import dropout
from mmskel.skeleton import SKATE_TYPES, skate_partition


@pytest.mark.parametrize('kind', SKATE_TYPES)
def test_views_are_the_tables(kind):
    size = (4, 3)
    place = torch.arange(16 * 12).view(16, 12)
    view = skate_attention.windows_view(place.view(1, 1, 16, 12), kind, size)
    assert torch.equal(view.reshape(-1, 12), torch.from_numpy(skate_partition(kind, 16, 12, size)))


def parts(dtype=torch.float64, heads=2, depth=1):
    torch.manual_seed(0)
    sizes = ((2, 2), (2, 1), (2, 2), (2, 1))
    qkv = torch.randn(12 * heads * depth, 2, 4, 2, dtype=dtype, requires_grad=True)
    biases = [torch.randn(heads, a * b, a * b, dtype=dtype, requires_grad=True) for a, b in sizes]
    beside = torch.randn(3, 2, 4, 2, dtype=dtype, requires_grad=True)
    return sizes, qkv, biases, beside


@pytest.mark.parametrize('pieces', [1, 10**6])
@pytest.mark.parametrize('sums', [(1e-20, 1e30), (1., 1.)])
def test_equals_the_plain_form(pieces, sums, monkeypatch):
    monkeypatch.setattr(skate_attention, 'AT_ONCE', pieces)
    monkeypatch.setattr(skate_attention, 'SUMS', sums)  # with and without the rows' largest subtracted
    sizes, qkv, biases, beside = parts(depth=3)
    ours = skate_attention.skate_attention((beside[:1], beside[1:]), qkv, biases, sizes, 0.7)
    plain = skate_attention._plain((beside, ), qkv, biases, sizes, 0.7, 0.)
    torch.testing.assert_close(ours, plain)
    with torch.no_grad():
        torch.testing.assert_close(skate_attention.skate_attention((beside, ), qkv, biases, sizes, 0.7), plain)
    weight = torch.randn_like(plain)
    for found, expected in zip(*(torch.autograd.grad((out * weight).sum(), (qkv, beside, *biases))
                                 for out in (ours, plain))):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize('p', [0.5, 0.25])
def test_gradients_under_dropout(p):
    sizes, qkv, biases, beside = parts()

    def attend(qkv, beside, *biases):
        torch.manual_seed(1)  # the same drops every time
        return skate_attention.skate_attention((beside, ), qkv, biases, sizes, 0.7, p)
    assert torch.autograd.gradcheck(attend, (qkv, beside, *biases))
    torch.manual_seed(1)
    with torch.no_grad():
        assert torch.equal(attend(qkv, beside, *biases), attend(qkv.clone().requires_grad_(), beside, *biases))


def test_dropout_keeps_the_mean():
    sizes, qkv, biases, beside = parts()
    with torch.no_grad():
        expected = skate_attention.skate_attention((), qkv, biases, sizes, 0.7)
        mean = sum(skate_attention.skate_attention((), qkv, biases, sizes, 0.7, 0.5) for _ in range(400)) / 400
    assert (mean - expected).abs().max() < 0.25 and (mean - expected).abs().mean() < 0.05


@pytest.mark.parametrize('scale', [1, 3, 10, 100])
def test_scores_of_any_size_are_those_of_a_softmax(scale):
    sizes, qkv, biases, _ = parts(torch.float32, depth=3)
    with torch.no_grad():
        expected = skate_attention._plain((), qkv.double() * scale, [bias.double() for bias in biases], sizes, 1., 0.)
        found = skate_attention.skate_attention((), qkv * scale, biases, sizes, 1.)
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-4 * scale)


def test_large_scores_do_not_overflow():
    sizes, qkv, biases, _ = parts(torch.float32)
    out = skate_attention.skate_attention((), qkv * 100, biases, sizes, 1.)
    out.sum().backward()
    assert torch.isfinite(out).all() and torch.isfinite(qkv.grad).all()


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize('p', [0.5, 0.25, 0.1])
def test_drops_have_the_right_share_and_do_not_repeat(p, dtype):
    torch.manual_seed(0)
    x = torch.ones(3, 7, 5001, dtype=dtype)
    drops = dropout.Drops(x.numel(), p, x.device)
    once, again = (dropout.drop_(x.clone(), drops.mask(x)) for _ in range(2))
    assert torch.equal(once, again) and set(once.unique().tolist()) == {0., 1.}
    assert once.double().mean().item() == pytest.approx(dropout.keep_share(p), abs=0.006)
    flat = once.double().flatten() - dropout.keep_share(p)
    for shift in (1, 8, 64, 5001, x.numel() // 32, x.numel() // 64):  # neighbours, bytes, words, planes
        assert (flat[shift:] * flat[:-shift]).mean().abs() < 0.006, shift
