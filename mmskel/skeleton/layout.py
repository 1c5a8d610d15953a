"""The joints of a skeleton and how they are connected.

A :class:`Layout` is a frozen table; adjacency, hop distance, partitions, limbs, bones, flips and drawing are
functions of it. A new keypoint set is one more table in :mod:`mmskel.skeleton.tables` (or one call of
:meth:`Layout.from_mmpose`), never an ``elif`` anywhere.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, shortest_path

from mmskel.files.errors import UserError


class LayoutError(UserError):
    """A layout that is not a skeleton, or a joint that a layout does not have."""


@dataclass(frozen=True)
class Layout:
    """A skeleton as a table. ``V`` is the number of joints.

    Args:
        name: Name that configs use, e.g. ``'coco17'``.
        joints: Names of the V joints, in the order of the data; lower case, ``left_``/``right_`` for sides.
        edges: V - 1 pairs (child, parent), pointing towards the centre as the field's "inward" links do.
            They must form one tree.
        centre: Joint that every edge leads to; root of the tree.
        pairs: (left, right) joint pairs; joints in no pair lie on the midline.
        parts: Body part name -> joints, for part-wise models and for colours. May be empty.
        links: Additional lines to draw that are not bones of the tree (e.g. shoulder to shoulder).
        bone_origins: V joints; the bone vector of joint v is ``x[v] - x[bone_origins[v]]``. Default: the parents.
            The field's bone streams of COCO and OpenPose start hips and neck elsewhere than their graphs do.
        limbs: Pairs of joints that limb heatmaps draw as lines, in the order of their channels. Default: the edges and
            the links. COCO's are those of PoseC3D's released weights.

    Raises:
        LayoutError: If names repeat, an index is out of range, or the edges are not a tree towards ``centre``.

    Example:
        >>> from mmskel.skeleton import get_layout
        >>> layout = get_layout('coco17')
        >>> layout.num_joints, layout.joints[layout.centre], layout.index('left_wrist')
        (17, 'nose', 9)
        >>> layout.joints[layout.parents[9]]
        'left_elbow'
    """
    name: str
    joints: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    centre: int
    pairs: tuple[tuple[int, int], ...] = ()
    parts: Mapping[str, tuple[int, ...]] = field(default_factory=dict, compare=False)
    links: tuple[tuple[int, int], ...] = ()
    bone_origins: tuple[int, ...] = ()
    limbs: tuple[tuple[int, int], ...] = ()

    def __post_init__(self):
        num = len(self.joints)
        repeated = sorted({j for j in self.joints if self.joints.count(j) > 1})
        if repeated:
            raise LayoutError(f"layout '{self.name}': joint names occur twice: {', '.join(repeated)}")
        used = [*sum(self.edges, ()), *sum(self.pairs, ()), *sum(self.links, ()), self.centre,
                *self.bone_origins, *sum(self.limbs, ()),
                *(j for part in self.parts.values() for j in part)]
        wrong = sorted({j for j in used if not 0 <= j < num})
        if wrong:
            raise LayoutError(f"layout '{self.name}' has joints 0 to {num - 1}, but its tables name {wrong}")
        sided = sum(self.pairs, ())
        if len(set(sided)) != len(sided):
            raise LayoutError(f"layout '{self.name}': a joint is in two left/right pairs or on both sides")
        if self.bone_origins and len(self.bone_origins) != num:
            raise LayoutError(f"layout '{self.name}': {len(self.bone_origins)} bone origins for {num} joints")
        self._check_tree()
        if not self.bone_origins:
            object.__setattr__(self, 'bone_origins', self.parents)
        if not self.limbs:
            object.__setattr__(self, 'limbs', (*self.edges, *self.links))

    def _check_tree(self) -> None:
        parent: dict[int, int] = {}
        for child, head in self.edges:
            if child in parent or child == self.centre:
                raise LayoutError(f"layout '{self.name}' is not a tree: {self._named([child])} "
                                  'has two parents or is a centre with a parent')
            parent[child] = head
        missing = []
        for joint in range(self.num_joints):
            at, seen = joint, set()
            while at in parent and at not in seen:
                seen.add(at)
                at = parent[at]
            if at != self.centre:
                missing.append(joint)
        if missing:
            have = 'has' if len(missing) == 1 else 'have'
            raise LayoutError(f"layout '{self.name}' is not a tree: {self._named(missing)} {have} no path to the "
                              "centre, "
                              + self._named([self.centre]))

    def _named(self, joints: Sequence[int]) -> str:
        return f'joint{"s" * (len(joints) > 1)} ' + ', '.join(f'{j} ({self.joints[j]})' for j in joints)

    @property
    def num_joints(self) -> int:
        """V, the number of joints."""
        return len(self.joints)

    @property
    def parents(self) -> tuple[int, ...]:
        """V parents; the centre is its own parent, so its bone is the zero vector."""
        parent = dict(self.edges)
        return tuple(parent.get(j, j) for j in range(self.num_joints))

    @property
    def swap(self) -> np.ndarray:
        """(V,) permutation that exchanges left and right; its own inverse."""
        order = np.arange(self.num_joints)
        for left, right in self.pairs:
            order[[left, right]] = right, left
        return order

    def index(self, joint: str) -> int:
        """The index of a joint name.

        Raises:
            LayoutError: If the layout has no such joint; names the joints it has.
        """
        if joint not in self.joints:
            raise LayoutError(f"layout '{self.name}' has no joint '{joint}'; it has: {', '.join(self.joints)}")
        return self.joints.index(joint)

    @classmethod
    def from_tree(cls, name: str, joints: Sequence[str], edges: Iterable[tuple[int, int]], centre: int,
                  parts: Mapping[str, Sequence[int]] | None = None,
                  links: Iterable[tuple[int, int]] = (), bone_origins: Sequence[int] = (),
                  limbs: Iterable[tuple[int, int]] = ()) -> Layout:
        """A layout whose left/right pairs are read off the names ``left_*`` and ``right_*``."""
        joints = tuple(joints)
        pairs = tuple((i, joints.index('right_' + j[5:])) for i, j in enumerate(joints)
                      if j.startswith('left_') and 'right_' + j[5:] in joints)
        return cls(name, joints, tuple((int(a), int(b)) for a, b in edges), int(centre), pairs,
                   {k: tuple(v) for k, v in (parts or {}).items()}, tuple(links), tuple(bone_origins), tuple(limbs))

    @classmethod
    def from_mmpose(cls, dataset_info: Mapping, name: str | None = None, centre: str | None = None) -> Layout:
        """A layout from the ``dataset_info`` of any MMPose data set (``configs/_base_/datasets/*.py``).

        MMPose's skeletons may contain cycles (shoulder to shoulder) and disconnected pieces (faces have no links at
        all). Bones are the breadth-first tree of the links from the centre; remaining links are kept for drawing; a
        disconnected piece is tied to the centre by its first joint.

        Args:
            dataset_info: Dictionary with ``dataset_name``, ``keypoint_info`` and ``skeleton_info``.
            name: Name of the layout; default: the data set's.
            centre: Name of the centre joint; default: the joint with the smallest largest hop distance within the
                largest connected piece (ties: smaller sum of distances, then first).

        Raises:
            LayoutError: If ``keypoint_info`` is missing or a link or swap names an unknown joint.
        """
        if 'keypoint_info' not in dataset_info:
            raise LayoutError("an MMPose dataset_info has 'keypoint_info' and 'skeleton_info'; found: "
                              f'{", ".join(dataset_info)}')
        name = name or str(dataset_info.get('dataset_name', 'custom'))
        info = sorted(dataset_info['keypoint_info'].values(), key=lambda k: k['id'])
        joints = tuple(k['name'] for k in info)
        place = {joint: i for i, joint in enumerate(joints)}

        def at(joint: str, where: str) -> int:
            if joint not in place:
                raise LayoutError(f"layout '{name}': {where} names the unknown joint '{joint}'")
            return place[joint]

        links = [(at(s['link'][0], 'a skeleton link'), at(s['link'][1], 'a skeleton link'))
                 for s in dataset_info.get('skeleton_info', {}).values()]
        swaps = {place[k['name']]: at(k['swap'], 'a swap') for k in info if k.get('swap')}
        pairs = {tuple(sorted((a, b), key=lambda j: (not joints[j].startswith('left'), j)))
                 for a, b in swaps.items() if a != b}
        parts: dict[str, tuple[int, ...]] = {}
        for k in info:
            if k.get('type'):
                parts[k['type']] = parts.get(k['type'], ()) + (place[k['name']], )
        pieces = _components(len(joints), links)
        root = at(centre, 'the centre') if centre else _graph_centre(max(pieces, key=len), len(joints), links)
        ties = [(piece[0], root) for piece in pieces if root not in piece]
        edges = spanning_tree(len(joints), links + ties, root)
        bones = {frozenset(e) for e in edges}
        extra = tuple(link for link in links if frozenset(link) not in bones and link[0] != link[1])
        return cls(name, joints, edges, root, tuple(sorted(pairs)), parts, extra)


def adjacency_matrix(num: int, links: Iterable[tuple[int, int]]) -> csr_array:
    """(V, V) boolean matrix of an undirected graph with ``num`` nodes; self-links are left out."""
    pairs = sorted({pair for a, b in links if a != b for pair in ((a, b), (b, a))})
    rows, columns = np.array(pairs, int).reshape(-1, 2).T
    return csr_array((np.ones(len(pairs), bool), (rows, columns)), shape=(num, num))


def spanning_tree(num: int, links: Iterable[tuple[int, int]], root: int) -> tuple[tuple[int, int], ...]:
    """(child, parent) edges of the breadth-first tree from ``root``, sorted by child."""
    order, parents = breadth_first_order(adjacency_matrix(num, links), root, directed=False)
    return tuple((child, int(parents[child])) for child in sorted(order.tolist()) if child != root)


def _components(num: int, links: Sequence[tuple[int, int]]) -> list[list[int]]:
    count, piece = connected_components(adjacency_matrix(num, links), directed=False)
    return [np.flatnonzero(piece == label).tolist() for label in range(count)]


def _graph_centre(piece: Sequence[int], num: int, links: Sequence[tuple[int, int]]) -> int:
    hops = shortest_path(adjacency_matrix(num, links), directed=False, unweighted=True)[:, piece]
    return min(piece, key=lambda root: (hops[root].max(), hops[root].sum(), root))
