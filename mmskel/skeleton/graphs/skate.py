"""Skate partitions: joints in body parts of equal size, and the four ways to cut (frames x joints) into windows.

J. Do, M. Kim, "SkateFormer: Skeletal-Temporal Transformer for Human Action Recognition", ECCV 2024, arXiv 2403.09508;
``docs/published/skateformer.md``, D6. NumPy only.

Symbols: T frames, V joints of a person, M persons, W = M * V tokens of a frame (person by person).
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import depth_first_order

from mmskel.files.errors import UserError
from mmskel.skeleton.layout import Layout, LayoutError, adjacency_matrix
from mmskel.skeleton.tables import get_layout

SKATE_TYPES = {1: (False, False), 2: (True, False), 3: (False, True), 4: (True, True)}
"""The four Skate-Types: number -> (distant joints?, distant frames?)."""

_LEGS = tuple(tuple(f'{side}_{joint}' for joint in ('hip', 'knee', 'ankle', 'foot')) for side in ('left', 'right'))
_NTU = (*(tuple(f'{side}_{joint}' for joint in ('wrist', 'hand', 'hand_tip', 'thumb')) for side in ('left', 'right')),
        *_LEGS, ('left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow'), ('spine', 'neck', 'pelvis', 'head'))
_ARMS = tuple(tuple(f'{side}_{joint}' for joint in ('shoulder', 'elbow', 'wrist', 'hand'))
              for side in ('left', 'right'))
_KINECT = (*_ARMS, *_LEGS, ('spine', 'spine_shoulder', 'pelvis', 'head'))
# by joint name, so layouts that are the same joints in another order share them; NTU's has no joint between the
# shoulders
PUBLISHED_PARTS = {'ntu25': _NTU, 'ntu24': _NTU, 'kinect20': _KINECT, 'kinect20_msr': _KINECT}
# where the published bone stream's bones begin, if not at the layout's: child -> joint
PUBLISHED_BONES = {'ntu25': {'spine': 'spine', 'spine_shoulder': 'spine', 'left_hand_tip': 'left_hand',
                             'right_hand_tip': 'right_hand'}}
PART_SIZES = (3, 4, 5, 6)
"""Sizes that :func:`skate_parts` tries where none is published."""


def skate_parts(layout: str | Layout, size: int | None = None) -> tuple[tuple[int, ...], ...]:
    """The joints of one person in body parts of equal size; -1 is a slot without a joint.

    The published parts if there are any. Otherwise, from the layout's ``parts``: those of the middle first, then
    the sides, so that a left part is next to its right counterpart; joints in no part form one more. In a part joints
    follow the bones outwards from the centre. A part is cut into pieces of ``size`` joints; where that leaves a
    remainder, the short piece comes first and is filled up (a leg with toes of 6 joints becomes hip and knee, then the
    foot).

    Args:
        layout: Layout or its name.
        size: Number of joints in a part; default: the published one, or that of ``PART_SIZES`` which needs the fewest
            slots (of (the largest on a tie).

    Raises:
        LayoutError: If ``size`` is not positive.
    """
    layout = get_layout(layout)
    if size is not None and size < 1:
        raise LayoutError(f"a body part has at least one joint, not size={size}; layout '{layout.name}'")
    published = PUBLISHED_PARTS.get(layout.name)
    if published and size in (None, len(published[0])):
        return tuple(tuple(layout.index(joint) for joint in part) for part in published)
    parts = _body_parts(layout)
    if size is None:
        size = min(PART_SIZES, key=lambda s: (sum(-(-len(part) // s) * s for part in parts), -s))
    pieces = []
    for part in parts:
        rest = len(part) % size
        if rest:
            pieces.append((*part[:rest], *(-1, ) * (size - rest)))
        pieces += [part[at:at + size] for at in range(rest, len(part), size)]
    return tuple(pieces)


def _body_parts(layout: Layout) -> list[tuple[int, ...]]:
    links = adjacency_matrix(layout.num_joints, layout.edges)
    outwards, _ = depth_first_order(links, layout.centre, directed=False)  # depth first, so a limb stays together
    place = {joint: at for at, joint in enumerate(outwards.tolist())}
    named = sorted(layout.parts.items(), key=lambda item: item[0].startswith(('left', 'right')))
    found: list[tuple[int, ...]] = []
    for _, joints in [*named, ('', tuple(range(layout.num_joints)))]:
        used = set(sum(found, ()))
        part = tuple(sorted(set(joints) - used, key=place.get))
        if part:
            found.append(part)
    return found


@dataclass(frozen=True)
class SkateSizes:
    """Window sizes (frames, joints) of the four Skate-Types.

    Args:
        near: Size for types 1 and 3.
        far: Size for types 2 and 4.
    """
    near: tuple[int, int]
    far: tuple[int, int]

    def of(self, kind: int) -> tuple[int, int]:
        """(frames, joints) of Skate-Type 1, 2, 3 or 4."""
        return self.far if SKATE_TYPES[kind][0] else self.near


def skate_sizes(parts: tuple[tuple[int, ...], ...], num_person: int, frames: int = 8) -> SkateSizes:
    """The published windows, as a rule: near windows hold two parts of a person (one, if their number is odd), far
    windows the l-th joint of every part of all persons.

    With NTU's parts and two persons (8, 8) and (8, 12), with N-UCLA's and one (8, 4) and (8, 5).
    """
    near = len(parts[0]) * (1 if len(parts) % 2 else 2)
    return SkateSizes((frames, near), (frames, len(parts) * num_person))


def skate_partition(kind: int, frames: int, tokens: int, size: tuple[int, int]) -> np.ndarray:
    """The windows of one Skate-Type as a table.

    Args:
        kind: Skate-Type. 1: near joints, near frames; 2: far joints, near frames; 3: near joints, far frames; 4: both
            far.
        frames, tokens: T and W of the map.
        size: (a, b) frames and joints of a window.

    Returns:
        (T W / (a b), a b) int64: the position ``t * W + w`` of every token of every window; windows and tokens in the
        published order, frames slowest.

    Raises:
        UserError: An unknown type, or a map that does not divide into windows.
    """
    if kind not in SKATE_TYPES:
        raise UserError(f'Skate-Types are 1, 2, 3 and 4, not {kind}')
    (a, b), (far_joints, far_frames) = size, SKATE_TYPES[kind]
    if frames % a or tokens % b:
        raise UserError(f'a map of {frames} frames and {tokens} joints does not divide into windows of {a} frames and '
                        f'{b} joints (Skate-Type {kind})')
    place = np.arange(frames * tokens)
    place = place.reshape(*((a, frames // a) if far_frames else (frames // a, a)),
                          *((b, tokens // b) if far_joints else (tokens // b, b)))
    outer = 1 if far_frames else 0, 3 if far_joints else 2
    inner = 0 if far_frames else 1, 2 if far_joints else 3
    return place.transpose(*outer, *inner).reshape(-1, a * b)


def skate_bone_origins(layout: str | Layout) -> tuple[int, ...]:
    """V joints where the bones of SkateFormer's bone stream begin: the layout's own, with the published exceptions."""
    layout = get_layout(layout)
    origins = list(layout.bone_origins)
    for child, origin in PUBLISHED_BONES.get(layout.name, {}).items():
        origins[layout.index(child)] = layout.index(origin)
    return tuple(origins)
