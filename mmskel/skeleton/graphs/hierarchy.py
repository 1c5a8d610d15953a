"""HD-Graph: joints sorted into rings around a centre, neighbouring rings fully linked. NumPy only.

J. Lee et al., "Hierarchically Decomposed Graph Convolutional Networks for Skeleton-Based Action Recognition", ICCV
2023, arXiv 2208.10741; see ``docs/published/hd_gcn.md``, D1.
"""
from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mmskel.skeleton.graphs.partitions import hop_distance
from mmskel.skeleton.layout import Layout, LayoutError
from mmskel.skeleton.tables import get_layout


@dataclass(frozen=True)
class RingRule:
    """The places where a layout's published rings differ from the hop rings of its bone tree.

    Args:
        parents: Child -> the joint it hangs on instead of its parent.
        last: Rings beyond this one are merged into it.
    """
    parents: dict[int, int] = field(default_factory=dict)
    last: int | None = None


# NTU: the tip of the hand hangs on the hand as the thumb does; centre 1 would need a seventh ring for tips and thumbs
PUBLISHED_RINGS = {'ntu25': RingRule({21: 7, 23: 11}, last=6)}


def hierarchy_rings(layout: str | Layout, centre: int | str | None = None) -> tuple[tuple[int, ...], ...]:
    """The joint sets H_0 ... H_L of a layout, in order from the centre.

    H_d holds the joints at d bones from the centre; layouts in ``PUBLISHED_RINGS`` follow the published exceptions.

    Args:
        layout: Layout or its name.
        centre: Joint in the middle (the paper's "centre of mass"), index or name; default: the layout's centre.

    Returns:
        L + 1 rings of joint indices, each in ascending order, none empty.

    Raises:
        LayoutError: No such joint, or fewer than two rings.
    """
    layout = get_layout(layout)
    centre = layout.centre if centre is None else layout.index(centre) if isinstance(centre, str) else centre
    if not 0 <= centre < layout.num_joints:
        raise LayoutError(f"layout '{layout.name}' has joints 0 to {layout.num_joints - 1}; there is no centre "
                          f'{centre}')
    rule = PUBLISHED_RINGS.get(layout.name, RingRule())
    edges = [(child, rule.parents.get(child, parent)) for child, parent in layout.edges]
    distance = hop_distance(layout.num_joints, edges)[centre]
    if rule.last is not None:
        distance = np.minimum(distance, rule.last)
    rings = tuple(tuple(np.flatnonzero(distance == d).tolist()) for d in range(int(distance.max()) + 1))
    if len(rings) < 2:
        raise LayoutError(f"layout '{layout.name}' has only one joint; a hierarchy needs at least two")
    return rings


def hierarchy_graph(rings: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """The HD-Graph of :func:`hierarchy_rings`.

    Layer l links ring l with ring l + 1: subset 0 is the identity on both, subset 1 leads away from the centre with
    weight 1 / |H_{l+1}|, subset 2 towards it with 1 / |H_l|.

    Returns:
        (L, 3, V, V) float64; ``A[l, s, v, u]`` is the weight from joint u to joint v. (:func:`partition` keeps them
        the other way round.)
    """
    joints = sum(map(len, rings))
    graph = np.zeros((len(rings) - 1, 3, joints, joints))
    for layer, inner, outer in zip(graph, rings, rings[1:]):
        both = [*inner, *outer]
        layer[0, both, both] = 1
        layer[1][np.ix_(outer, inner)] = 1 / len(outer)
        layer[2][np.ix_(inner, outer)] = 1 / len(inner)
    return graph
