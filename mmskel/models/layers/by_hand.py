"""When a hand-written backward pass is wanted."""
import torch
from torch import Tensor

_compiling = getattr(torch.compiler, 'is_compiling', lambda: False)  # PyTorch 2.1 and 2.2 may lack it


def by_hand(x: Tensor) -> bool:
    """Whether ``x`` needs a gradient and nobody else writes the backward pass: a compiler makes its own."""
    return torch.is_grad_enabled() and x.requires_grad and not _compiling()
