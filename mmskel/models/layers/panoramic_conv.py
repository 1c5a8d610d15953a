"""The graph product of a panoramic graph, person by person: V x V matrices of which nearly all is zero.

Symbols: P persons, v nodes of each, V = P v, B graphs, T frames, K partitions.
"""
from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


class Pattern(nn.Module):
    """Where a stack of adjacency matrices is not zero, and how its product is computed there.

    A link within a person belongs to one of P small matrices; the few links between persons to one small matrix per
    partition over the nodes that have such links. Where a partition has nothing but the nodes themselves, the product
    is a scale.

    Args:
        adjacency: (K, V, V), source before target.
        num_person: P; 1 takes all nodes for one person's.
        everywhere: Keep the zeros, too (an adjacency that learns).

    Attributes:
        mask: (K, V, V) bool: the links. Values of links are kept in the order of ``adjacency[mask]``.
        links: Their number.
    """

    def __init__(self, adjacency: np.ndarray, num_person: int, everywhere: bool = False):
        super().__init__()
        parts, nodes, _ = adjacency.shape
        self.num_person, self.size = (1 if everywhere else num_person), nodes // (1 if everywhere else num_person)
        mask = np.ones_like(adjacency, bool) if everywhere else adjacency != 0
        owner = np.arange(nodes) // self.size
        inside = owner[:, None] == owner[None]
        self.scaled, self.blocks, self.bridges = [], [], []
        at = np.cumsum(mask.ravel()).reshape(mask.shape) - 1  # of every link, in the order of values
        for part in range(parts):
            own, other = mask[part] & inside, mask[part] & ~inside
            if own.any() and not (own & ~np.eye(nodes, dtype=bool)).any() and own.diagonal().all():
                self.scaled.append(part)
                self._keep(f'scale{part}', at[part].diagonal().copy())
            elif own.any():
                self.blocks.append(part)
                source, target = np.nonzero(own)
                self._keep(f'block{part}', at[part][own])
                # the block of a person is (target, source), as in a product with (source, channels) on its right
                self._keep(f'place{part}', (target * self.size + source % self.size))
            if other.any():
                self.bridges.append(part)
                source, target = np.nonzero(other)
                sources, row = np.unique(source, return_inverse=True)
                targets, column = np.unique(target, return_inverse=True)
                self._keep(f'from{part}', sources)
                self._keep(f'to{part}', targets)
                self._keep(f'bridge{part}', at[part][other])
                self._keep(f'link{part}', column * len(sources) + row)
        self.links = int(mask.sum())
        self.register_buffer('mask', torch.from_numpy(mask), persistent=False)

    def _keep(self, name: str, index: np.ndarray) -> None:
        self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(index, np.int64)), persistent=False)

    def _matrix(self, name: str, place: str, part: int, values: Tensor, shape: tuple[int, ...]) -> Tensor:
        flat = values.new_zeros(int(np.prod(shape)))
        return flat.index_copy(0, getattr(self, f'{place}{part}'), values[getattr(self, f'{name}{part}')]).view(shape)

    def convolve(self, x: Tensor, values: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """``sum over k of A_k^T (W_k x + b_k)``.

        Args:
            x: (V, B, T, Cin), contiguous.
            values: (links,) of the adjacency, in the order of ``mask``.
            weight, bias: (K, Cout, Cin) and (K, Cout).

        Returns:
            (V, B, T, Cout).
        """
        nodes, batch, frames, _ = x.shape
        shape, out = (nodes, batch, frames, weight.shape[1]), None
        for part in self.scaled:
            scale = values[getattr(self, f'scale{part}')].view(-1, 1, 1, 1)
            term = functional.linear(x, weight[part], bias[part]) * scale
            out = term if out is None else out + term
        for part in self.blocks:
            term = functional.linear(x, weight[part], bias[part]).view(self.num_person, self.size, -1)
            block = self._matrix('block', 'place', part, values, (self.num_person, self.size, self.size))
            out = torch.bmm(block.to(term.dtype), term) if out is None else \
                torch.baddbmm(out.reshape(term.shape).to(term.dtype), block.to(term.dtype), term)
            out = out.view(shape)
        if out is None:
            out = x.new_zeros(shape)
        for part in self.bridges:
            sources, targets = getattr(self, f'from{part}'), getattr(self, f'to{part}')
            term = functional.linear(x.index_select(0, sources), weight[part], bias[part]).flatten(1)
            matrix = self._matrix('bridge', 'link', part, values, (len(targets), len(sources))).to(term.dtype)
            out.index_add_(0, targets, (matrix @ term).view(len(targets), *shape[1:]).to(out.dtype))
        return out
