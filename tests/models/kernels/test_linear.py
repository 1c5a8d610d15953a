"""oneDNN's linear layer against PyTorch's, and where it steps aside."""
import pytest
import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from mmskel.models.kernels.linear import linear


@pytest.mark.parametrize('gelu', [False, True])
@pytest.mark.parametrize('rows', [0, 1, 37])
def test_equals_pytorchs(rows, gelu):
    torch.manual_seed(0)
    x, weight, bias = torch.randn(24, rows).t(), torch.randn(40, 24), torch.randn(40)
    for given in ((x, weight), (x, weight, bias)):
        exact = functional.linear(*(part.double() for part in given))
        expected = functional.gelu(exact) if gelu else exact
        with torch.no_grad():
            torch.testing.assert_close(linear(*given, gelu=gelu), expected.float(), rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(linear(*(part.double() for part in given), gelu=gelu), expected)


def test_gradients_and_autocast_are_pytorchs():
    torch.manual_seed(0)
    x, weight = torch.randn(5, 4, requires_grad=True), torch.randn(3, 4)
    linear(x, weight, gelu=True).sum().backward()
    assert x.grad is not None
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        assert linear(x, weight).dtype == torch.bfloat16


def test_a_recorded_graph_knows_the_operation():
    weight = torch.randn(3, 4)
    with torch.no_grad():
        graph = torch.jit.trace(lambda x: linear(x, weight), torch.randn(5, 4))
    assert 'aten::linear' in str(graph.graph) and 'mkldnn' not in str(graph.graph)


@pytest.mark.parametrize('grad', [True, False])
def test_its_arithmetic_is_counted(grad):
    with torch.set_grad_enabled(grad), FlopCounterMode(display=False) as counter:
        linear(torch.randn(5, 4), torch.randn(3, 4), torch.randn(3))
    assert counter.get_total_flops() == 2 * 5 * 4 * 3
