"""Dilated kernels of graph convolutions: the three-subset graph of a skeleton whose links skip joints. NumPy only.

J. Lee et al., "Leveraging Spatio-Temporal Dependency for Skeleton-Based Action Recognition", ICCV 2023, arXiv
2212.04761 (DK-GC); the exact form is ours, docs/published/stc_net.md, D3 and D4.
"""
from __future__ import annotations

import numpy as np

from mmskel.files.errors import UserError
from mmskel.skeleton.graphs.partitions import hop_distance, normalize_columns
from mmskel.skeleton.layout import Layout, LayoutError
from mmskel.skeleton.tables import get_layout


def dilated_kernel(layout: str | Layout, window: int = 1, centre: int | str | None = None,
                   links: bool = False) -> np.ndarray:
    """The spatial graph of a layout with taps at ``-window``, 0 and ``+window`` bones.

    Subset 0 is the identity; subset 1 links every joint to its ancestor ``window`` bones nearer to the centre, subset 2
    is the way back. Joints in between are skipped, as in a dilated convolution. Window 1 gives the usual graph of
    identity, inward and outward links; a window deeper than the skeleton leaves only the identity.

    Args:
        layout: Layout or its name.
        window: Number of bones that a link spans, at least 1.
        centre: Joint that inward links lead to, index or name; default: the layout's centre.
        links: Whether the layout's further links count as bones. The graph then is not a tree: joint j is an ancestor
            of joint i if they are ``window`` hops apart and j is that much nearer to the centre.

    Returns:
        (3, V, V) float64; ``A[s, v, u]`` is the weight from joint u to joint v, and every column that is not empty
        sums to 1. (:func:`~mmskel.skeleton.partition` stores them the other way round.)

    Raises:
        UserError: If the window is less than 1.
        LayoutError: If the layout has no such centre.
    """
    layout = get_layout(layout)
    if window < 1:
        raise UserError(f'the window of a dilated kernel is at least 1, not {window}')
    centre = layout.centre if centre is None else layout.index(centre) if isinstance(centre, str) else centre
    if not 0 <= centre < layout.num_joints:
        raise LayoutError(f"layout '{layout.name}' has joints 0 to {layout.num_joints - 1}; there is no centre "
                          f'{centre}')
    hops = hop_distance(layout.num_joints, layout.edges + layout.links if links else layout.edges)
    depth = hops[centre]
    upward = ((hops == window) & (depth - depth[:, None] == window)).astype(float)
    return np.stack([np.eye(layout.num_joints), normalize_columns(upward), normalize_columns(upward.T)])
