"""The bones of a skeleton as a list of pairs, for features with one place per bone."""
from __future__ import annotations

from scipy.sparse.csgraph import breadth_first_order

from mmskel.skeleton.layout import Layout, adjacency_matrix
from mmskel.skeleton.tables import get_layout

# CascadeFormer 1.4's, which are not the layout's tree: finger tips and thumbs hang on the hand; see
# docs/published/cascadeformer.md
PUBLISHED_PAIRS = {'ntu25': ((0, 1), (1, 2), (2, 3), (2, 20), (20, 4), (4, 5), (5, 6), (6, 7), (7, 21), (7, 22),
                             (20, 8), (8, 9), (9, 10), (10, 11), (11, 23), (11, 24), (0, 12), (12, 13), (13, 14),
                             (14, 15), (0, 16), (16, 17), (17, 18), (18, 19))}


def bone_pairs(layout: str | Layout) -> tuple[tuple[int, int], ...]:
    """(parent, child) joints of every bone: the published list if there is one, else the tree from the centre outwards.

    Args:
        layout: Layout or its name.

    Returns:
        V - 1 pairs of joint indices; a child comes after its parent.
    """
    layout = get_layout(layout)
    if layout.name in PUBLISHED_PAIRS:
        return PUBLISHED_PAIRS[layout.name]
    parent = dict(layout.edges)
    links = adjacency_matrix(layout.num_joints, layout.edges)
    order, _ = breadth_first_order(links, layout.centre, directed=False)
    return tuple((parent[joint], joint) for joint in order.tolist() if joint != layout.centre)
