"""A penalty on named kernels as a term of the loss, as Keras' kernel regularisers are.

An optimiser's weight decay shrinks every parameter and knows no L1; a term of the loss holds for the kernels it names.
"""
from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from mmskel.files.errors import UserError


@MODELS.register_module()
class KernelPenalty(nn.Module):
    """``l1 sum |w| + l2 sum w^2`` over the kernels that are named.

    ``l2`` has the gradient of a weight decay of twice its value.

    Args:
        kernels: Patterns of parameter names, as in a shell: ``'backbone.*.conv.weight'``.
        l1, l2: Factors; not both 0.
    """

    def __init__(self, kernels: Sequence[str], l1: float = 0., l2: float = 0.):
        super().__init__()
        if not kernels or min(l1, l2) < 0 or not l1 + l2 > 0:
            raise UserError('KernelPenalty needs patterns of kernels and a positive l1 or l2; found '
                            f'kernels={list(kernels)}, l1={l1}, l2={l2}')
        self.kernels, self.l1, self.l2 = tuple(kernels), l1, l2

    def named(self, model: nn.Module) -> dict[str, nn.Parameter]:
        """The parameters of a model that the patterns name; those that are not trained do not count.

        Raises:
            UserError: If a pattern matches none.
        """
        learned = {name: one for name, one in model.named_parameters() if one.requires_grad}
        idle = [pattern for pattern in self.kernels if not any(fnmatchcase(name, pattern) for name in learned)]
        if idle:
            raise UserError(f"KernelPenalty: no parameter of {type(model).__name__} is called '{idle[0]}'; it has "
                            f'{", ".join(list(learned)[:5])}, ...')
        return {name: one for name, one in learned.items()
                if any(fnmatchcase(name, pattern) for pattern in self.kernels)}

    def forward(self, model: nn.Module) -> Tensor:
        """The penalty of a model's kernels, a scalar."""
        terms = []
        for kernel in self.named(model).values():
            kernel = kernel.float()
            if self.l1:
                terms.append(self.l1 * kernel.abs().sum())
            if self.l2:
                terms.append(self.l2 * kernel.square().sum())
        return torch.stack(terms).sum()
