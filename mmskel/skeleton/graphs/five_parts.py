"""Five body parts of any skeleton: the limbs and what is left, or five pieces.

Y. Xu et al., "Ensemble One-Dimensional Convolution Neural Networks for Skeleton-Based Action Recognition", IEEE Signal
Processing Letters 2018; docs/published/ensemble_1dcnn.md.
"""
from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import depth_first_order

from mmskel.skeleton.layout import Layout, adjacency_matrix
from mmskel.skeleton.tables import get_layout

NUM_PARTS = 5
# the torso of the published parts begins with the trunk from below
_TRUNK = ('pelvis', 'spine', 'spine_shoulder', 'neck', 'head')


def outwards(layout: Layout) -> list[int]:
    """All joints, depth first along the bones from the centre, so that a limb stays together."""
    links = adjacency_matrix(layout.num_joints, layout.edges)
    return depth_first_order(links, layout.centre, directed=False, return_predecessors=False).tolist()


def five_parts(layout: str | Layout) -> tuple[tuple[int, ...], ...]:
    """The joints in five parts: right arm, left arm, right leg, left leg, all the rest; NTU's are the published ones.

    Hands belong to their arms. In a part joints follow the bones outwards, but the rest begins with pelvis, spine,
    shoulders' middle, neck and head. A skeleton without arms and legs (a hand) is cut into five pieces along its bones,
    the first ones longer where they cannot be equal: wrist and thumb, then the other fingers.
    """
    layout = get_layout(layout)
    order = outwards(layout)
    limbs = [{joint for part, joints in layout.parts.items()
              if part in ((f'{side}_arm', f'{side}_hand') if limb == 'arm' else (f'{side}_leg', )) for joint in joints}
             for limb in ('arm', 'leg') for side in ('right', 'left')]
    if not all(limbs):
        return tuple(tuple(int(joint) for joint in part) for part in np.array_split(order, NUM_PARTS))
    trunk = [layout.joints.index(joint) for joint in _TRUNK if joint in layout.joints]
    in_limbs = set().union(*limbs)
    rest = [joint for joint in dict.fromkeys((*trunk, *order)) if joint not in in_limbs]
    return (*(tuple(joint for joint in order if joint in limb) for limb in limbs), tuple(rest))
