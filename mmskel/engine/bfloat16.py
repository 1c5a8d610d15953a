"""Mixed precision that MMEngine lacks: bfloat16 on CPU."""
from __future__ import annotations

from contextlib import contextmanager

import torch
from mmaction.models.heads.base import BaseHead
from mmaction.registry import OPTIM_WRAPPERS
from mmengine.optim import OptimWrapper
from torch import nn


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """An ``OptimWrapper`` whose forward pass runs in bfloat16 autocast, on CPU or GPU.

    The class scores leave the head in float32, so that losses and accuracies are computed in it. bfloat16 has
    float32's range, so no loss scaling is needed. MMEngine's ``AmpOptimWrapper`` refuses CPUs; ``mmskel train --amp``
    uses this one there.
    """

    @contextmanager
    def optim_context(self, model: nn.Module):
        """Autocast around the forward pass of ``model``."""
        device = next(model.parameters()).device.type
        heads = [module.register_forward_hook(_to_float32) for module in model.modules()
                 if isinstance(module, BaseHead)]
        try:
            with super().optim_context(model), torch.autocast(device, torch.bfloat16):
                yield
        finally:
            for hook in heads:
                hook.remove()


def _to_float32(module: nn.Module, inputs: tuple, scores: torch.Tensor) -> torch.Tensor:
    return scores.float()
