"""A linear layer for when only its result is needed: oneDNN's, whose instructions fit the processor it runs on.

PyTorch's own goes through MKL, which is as fast on Intel's processors, but not on others (docs/skateformer.md, "The
same function, faster").
"""
from __future__ import annotations

from contextlib import suppress

import torch
from torch import Tensor
from torch.nn import functional

from mmskel.models.kernels.custom_backward import only_result

_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, '_linear_pointwise')

if _ONEDNN:
    with suppress(ImportError):  # PyTorch's counter of operations does not know oneDNN's; older ones cannot learn it
        from torch.utils.flop_counter import register_flop_formula

        @register_flop_formula(torch.ops.mkldnn._linear_pointwise)
        def _count(x_shape, weight_shape, *_, out_shape=None, **__) -> int:
            rows, channels = x_shape
            return 2 * rows * channels * weight_shape[0]


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None, gelu: bool = False, relu: bool = False) -> Tensor:
    """``x @ weight.T + bias``, optionally followed by an activation, without a separate pass over the memory.

    Args:
        x: (rows, Cin).
        weight: (Cout, Cin).
        bias: (Cout,).
        gelu: Whether the exact GELU follows.
        relu: Whether the ReLU follows.

    Returns:
        (rows, Cout).
    """
    if _ONEDNN and torch.backends.mkldnn.enabled and x.dtype == weight.dtype == torch.float32 and only_result(x):
        activation = 'gelu' if gelu else 'relu' if relu else 'none'
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, activation, [], 'none')
    x = functional.linear(x, weight, bias)
    return functional.gelu(x) if gelu else functional.relu(x) if relu else x
