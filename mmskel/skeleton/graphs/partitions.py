"""Graph mathematics of skeletons: hop distance, partitions, normalisations. NumPy only.

Everywhere ``A[k, v, w]``: subset k, source joint v, target joint w; the output of joint w is the sum over v of
``A[k, v, w] * x[v]``. Source: S. Yan, Y. Xiong, D. Lin, "Spatial Temporal Graph Convolutional Networks for
Skeleton-Based Action Recognition", AAAI 2018, arXiv 1801.07455.
"""
from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.sparse.csgraph import shortest_path

from mmskel.files.errors import UserError
from mmskel.skeleton.layout import Layout, adjacency_matrix
from mmskel.skeleton.tables import get_layout

PARTITIONS = ('uniform', 'distance', 'spatial', 'inout')


def hop_distance(num_joints: int, edges: Iterable[tuple[int, int]], max_hop: float = np.inf) -> np.ndarray:
    """Shortest-path lengths of an undirected graph.

    Args:
        num_joints: Number of joints, V.
        edges: Joint pairs; direction does not matter.
        max_hop: Distances above it become infinite, as unreachable ones are.

    Returns:
        (V, V) float64: 0 on the diagonal.
    """
    hops = shortest_path(adjacency_matrix(num_joints, edges), directed=False, unweighted=True)
    hops[hops > max_hop] = np.inf
    return hops


def normalize_columns(adjacency: np.ndarray) -> np.ndarray:
    """``A . diag(1 / column sum)``: every target averages over its sources; empty columns stay zero. (..., V, V)."""
    total = adjacency.sum(-2, keepdims=True)
    return np.divide(adjacency, total, out=np.zeros_like(adjacency, dtype=float), where=total > 0)


def normalize_symmetric(adjacency: np.ndarray) -> np.ndarray:
    """``D^-1/2 . A . D^-1/2`` with the degrees of the rows; isolated joints stay zero. (..., V, V)."""
    degree = adjacency.sum(-1)
    root = np.divide(1, np.sqrt(degree), out=np.zeros_like(degree, dtype=float), where=degree > 0)
    return root[..., :, None] * adjacency * root[..., None, :]


def partition(layout: str | Layout, strategy: str = 'spatial', max_hop: int = 1, dilation: int = 1,
              corrected: bool = False) -> np.ndarray:
    """The adjacency tensor of a layout, split into K subsets.

    ========== ============================ =========================================================================
    strategy   K                            subsets
    ========== ============================ =========================================================================
    uniform    1                            the column-normalised adjacency of all valid hops
    distance   number of valid hops         the same, one matrix per hop
    spatial    1 + 2 (hops - 1)             hop 0; per further hop: source not nearer to the centre than the target,
                                            source nearer
    inout      3                            identity, inward links, outward links, each column-normalised (CTR-GCN;
                                            MMAction2 calls it ``'spatial'``); ``max_hop`` and ``dilation`` unused
    ========== ============================ =========================================================================

    Args:
        layout: Layout or its name.
        strategy: One of ``PARTITIONS``.
        max_hop: Largest hop distance of a link.
        dilation: Valid hops are 0, dilation, 2 dilation, ... up to ``max_hop``.
        corrected: Whether distances are complete; only for ``spatial``. The published code knows the distance to the
            centre only up to ``max_hop``; beyond, infinity equals infinity and the link lands in the first subset (NTU:
            25, 40 and 8 links instead of 25, 24 and 24; ``docs/published/st_gcn.md``, D1). ``True`` uses the full
            distance. Published checkpoints need ``False``.

    Returns:
        (K, V, V) float64.

    Raises:
        UserError: For an unknown strategy or hops that are not positive numbers.

    Example:
        >>> from mmskel.skeleton import partition
        >>> partition('ntu25').shape, partition('ntu25', 'distance', max_hop=2).shape
        ((3, 25, 25), (3, 25, 25))
    """
    layout = get_layout(layout)
    if strategy not in PARTITIONS:
        raise UserError(f"unknown partition '{strategy}'; known: {', '.join(PARTITIONS)}")
    if max_hop < 1 or dilation < 1:
        raise UserError(f'max_hop and dilation are at least 1, not {max_hop} and {dilation}')
    if strategy == 'inout':
        inward = np.zeros((layout.num_joints, ) * 2)
        for child, parent in layout.edges:
            inward[parent, child] = 1
        return np.stack([np.eye(layout.num_joints), normalize_columns(inward), normalize_columns(inward.T)])
    hops = hop_distance(layout.num_joints, layout.edges, max_hop)
    valid = range(0, max_hop + 1, dilation)
    adjacency = normalize_columns(np.isin(hops, valid).astype(float))
    if strategy == 'uniform':
        return adjacency[None]
    rings = [np.where(hops == hop, adjacency, 0) for hop in valid]
    if strategy == 'distance':
        return np.stack(rings)
    full = hop_distance(layout.num_joints, layout.edges) if corrected else hops
    to_centre = full[:, layout.centre]
    not_nearer = to_centre[:, None] >= to_centre[None, :]
    subsets = [rings[0]]
    for ring in rings[1:]:
        subsets += [np.where(not_nearer, ring, 0), np.where(not_nearer, 0, ring)]
    return np.stack(subsets)
