"""The cheap draw has PyTorch's distribution."""
import numpy as np
import pytest
import torch

from mmskel.models.layers import FastDropout


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('p', [0.5, 0.1, 0.25, 0.2, 0.003])
def test_distribution(p, dtype):
    torch.manual_seed(0)
    out = FastDropout(p).train()(torch.ones(777, 1031, dtype=dtype))
    assert out.dtype == dtype and out.shape == (777, 1031)
    kept = (out != 0).double().mean().item()
    deviation = np.sqrt(p * (1 - p) / out.numel())
    assert abs(kept - (1 - p)) < 5 * deviation
    values = out.unique()
    assert len(values) == 2 and values[1].item() == pytest.approx(1 / (1 - p), rel=1e-4 if dtype == torch.float32 else 8e-3)
    rows, columns = (out != 0).double().mean(1), (out != 0).double().mean(0)  # no stripes: neighbours are independent
    assert rows.std().item() == pytest.approx(np.sqrt(p * (1 - p) / 1031), rel=0.15)
    assert columns.std().item() == pytest.approx(np.sqrt(p * (1 - p) / 777), rel=0.15)
    mask = (out != 0).double() - kept
    for shift in range(1, 9):
        assert abs((mask[:, shift:] * mask[:, :-shift]).mean().item()) < 6 * p * (1 - p) / np.sqrt(out.numel())


def test_gradient_is_the_mask_and_the_seed_decides():
    x = torch.ones(1000, requires_grad=True)
    drop = FastDropout(0.5)
    torch.manual_seed(3)
    out = drop(x)
    out.sum().backward()
    torch.testing.assert_close(x.grad, out.detach())
    torch.manual_seed(3)
    torch.testing.assert_close(drop(x), out)
    assert not torch.equal(drop(x), out)


def test_the_ends():
    x = torch.randn(50)
    torch.testing.assert_close(FastDropout(0.5).eval()(x), x)
    torch.testing.assert_close(FastDropout(0.)(x), x)
    assert not FastDropout(1.)(x).any()
