"""The conditions for a custom backward pass, and building blocks of such passes."""
from functools import partial

import torch
from torch import Tensor

_compiling = getattr(torch.compiler, 'is_compiling', lambda: False)  # PyTorch 2.1 and 2.2 may lack it


try:
    torch.is_autocast_enabled('cpu')
    _autocasting = partial(torch.is_autocast_enabled, 'cpu')
except TypeError:  # PyTorch below 2.4 takes no device here
    _autocasting = torch.is_autocast_cpu_enabled


def wants_custom_backward(x: Tensor) -> bool:
    """Whether ``x`` needs a gradient and no compiler makes its own backward pass."""
    return torch.is_grad_enabled() and x.requires_grad and not _compiling()


def eager() -> bool:
    """Whether operators run as they are called, neither compiled nor traced."""
    return not (_compiling() or torch.jit.is_tracing())


def only_result(x: Tensor) -> bool:
    """Whether only the result is needed, on a CPU: no gradient, no graph, no other precision.

    Passes may then work in place and call operators that autograd, exporters and autocast do not know.
    """
    return eager() and not (torch.is_grad_enabled() or x.device.type != 'cpu' or _autocasting())


def equal(x: Tensor, other: Tensor) -> Tensor:
    """1 where two tensors are equal, else 0, in the type of ``x``; ``other`` may be broadcast.

    Several times as fast on a CPU as booleans that are converted afterwards. For passes that keep no graph.
    """
    return torch.eq(x, other, out=torch.empty_like(x))
