"""The panoramic graph: several persons, each with private copies of the objects, in one graph. NumPy only.

Z. Li, X. Chang, Y. Li, J. Su, "Skeleton-based Group Activity Recognition via Spatial-Temporal Panoramic Graph", ECCV
2024, arXiv 2407.19497; see ``docs/published/mp_gcn.md``. Symbols: P persons of one graph, v nodes of a person (joints,
then objects), V = P v; node ``p v + j`` is joint or object j of person p. ``A[k, a, b]``: source a, target b.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from mmskel.files.errors import UserError
from mmskel.skeleton.graphs.partitions import hop_distance
from mmskel.skeleton.graphs.person_objects import ObjectNode, PersonGraph, person_graph
from mmskel.skeleton.layout import Layout, LayoutError

INTER_LINKS = ('off', 'pairwise', 'linear', 'full', 'star')
LABELINGS = ('distance', 'spatial', 'intra-inter', 'zeros', 'ones', 'eye')


@dataclass(frozen=True)
class PanoramicGraph:
    """P persons in one graph.

    Args:
        person: Graph of one person.
        num_person: Number of persons, P.
        inter_links: Pairs of nodes of different persons.
        centre: Node of every person that distances and relative coordinates are taken from.
        parts: Nodes of every attention part; every node is in exactly one.
    """
    person: PersonGraph
    num_person: int
    inter_links: tuple[tuple[int, int], ...]
    centre: int
    parts: tuple[tuple[int, ...], ...]

    @property
    def num_nodes(self) -> int:
        """V."""
        return self.num_person * self.person.num_nodes

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """The edges within every person, then those between persons."""
        v = self.person.num_nodes
        inside = tuple((p * v + a, p * v + b) for p in range(self.num_person) for a, b in self.person.edges)
        return inside + self.inter_links

    @property
    def bone_origins(self) -> np.ndarray:
        """(V,) the node where every node's bone begins."""
        return self._of_every_person(np.array(self.person.bone_origins))

    @property
    def centres(self) -> np.ndarray:
        """(V,) the reference node of every node: its own person's centre."""
        return self._of_every_person(np.full(self.person.num_nodes, self.centre))

    def _of_every_person(self, nodes: np.ndarray) -> np.ndarray:
        return (np.arange(self.num_person)[:, None] * self.person.num_nodes + nodes).ravel()

    @property
    def part_of_node(self) -> np.ndarray:
        """(V,) the attention part of every node."""
        part = np.empty(self.num_nodes, np.int64)
        for place, members in enumerate(self.parts):
            part[list(members)] = place
        return part

    def partitions(self, labeling: str = 'intra-inter', max_hop: int = 10, keep: int | None = None,
                   corrected: bool = False) -> np.ndarray:
        """The adjacency tensor, a matrix per partition; hop runs over 0 .. ``max_hop``.

        ============= ==========================================================================================
        labeling      partitions
        ============= ==========================================================================================
        distance      one per hop
        spatial       hop 0; per further hop: source not nearer to its own person's centre than the target to
                      its own, source nearer
        intra-inter   hop 0; per further hop: both in one person, in different persons (P > 1)
        zeros, ones,  ablations, one per hop: nothing, all ones column-normalised, the identity
        eye
        ============= ==========================================================================================

        Args:
            labeling: One of ``LABELINGS``.
            max_hop: Largest hop distance; published: always 10.
            keep: Number of leading matrices that a network uses (the published ``max_graph_distance + 1``); default:
                all.
            corrected: The published weight of a link is one over the number of nodes within ``max_hop`` hops of its
                target, far more than the network's partitions reach (1/36 on volleyball's graph;
                ``docs/published/mp_gcn.md``, D1). True: one over the number of links that the kept partitions give the
                target, so that together they average. Published checkpoints need False.

        Returns:
            (partitions, V, V) float64.

        Raises:
            UserError: Unknown labeling; a hop that is not positive; more matrices to keep than there are.
        """
        if labeling not in LABELINGS:
            raise UserError(f"unknown labeling '{labeling}'; known: {', '.join(LABELINGS)}")
        if max_hop < 1:
            raise UserError(f'max_hop is at least 1, not {max_hop}')
        if labeling == 'intra-inter' and self.num_person == 1:
            raise UserError("the labeling 'intra-inter' distinguishes links within a person from links between "
                            "persons, but the graph has one person; use 'spatial' or 'distance'")
        size = self.num_nodes
        if labeling in ('zeros', 'ones', 'eye'):
            ones = np.full((size, size), 1 / size)
            matrix = dict(zeros=np.zeros_like(ones), ones=ones, eye=np.eye(size))[labeling]
            found = np.stack([matrix] * (max_hop + 1))
        else:
            found = self._by_hop(labeling, max_hop)
        if keep is not None and not 0 < keep <= len(found):
            raise UserError(f"'{labeling}' up to hop {max_hop} has {len(found)} partitions; {keep} cannot be kept")
        found = found[:keep]
        if corrected:
            links = (found != 0).astype(float)
            found = links / np.maximum(links.sum((0, 1)), 1)
        return found

    def _by_hop(self, labeling: str, max_hop: int) -> np.ndarray:
        hops = hop_distance(self.num_nodes, self.edges, max_hop)
        within = np.isfinite(hops).astype(float)
        normalized = within / within.sum(0)
        if labeling == 'distance':
            return np.stack([normalized * (hops == hop) for hop in range(max_hop + 1)])
        if labeling == 'spatial':
            to_centre = hops[np.arange(self.num_nodes), self.centres]
            first = to_centre[:, None] >= to_centre[None]
        else:
            owner = np.arange(self.num_nodes) // self.person.num_nodes
            first = owner[:, None] == owner[None]
        found = [normalized * (hops == 0)]
        for hop in range(1, max_hop + 1):
            ring = normalized * (hops == hop)
            found += [ring * first, ring * ~first]
        return np.stack(found)


def panoramic_graph(layout: str | Layout, num_person: int = 1, objects: Sequence[str | Mapping | ObjectNode] = (),
                    inter_link: str = 'off', base: int | str | Sequence[int | str] = 0, hop: int = 1,
                    dilation: int = 1, parts: str = 'body', centre: int | str | None = None) -> PanoramicGraph:
    """Persons and objects as one graph.

    Persons are joined at their ``base`` nodes:

    ========== =======================================================================================================
    inter_link links
    ========== =======================================================================================================
    off        none
    linear     person i to person i - 1
    full       every pair
    star       person 0 to every other
    pairwise   person i to person i - hop, for i = hop, hop + dilation, ... (published: 1 and 2, disjoint couples)
    ========== =======================================================================================================

    Args:
        layout: Joints of one person.
        num_person: Number of persons, P.
        objects: See :func:`person_graph`.
        inter_link: One of ``INTER_LINKS``.
        base: Node of a person (index or name): a joint, or an object; or several of them, each of which is linked.
        hop, dilation: Numbers used by ``pairwise``.
        parts: Nodes that attention pools over: ``'body'``: every body part of every person, and every object;
            ``'person'``: every person with its objects. With P = 1 ``'person'`` means the joints, then every object;
            for a person without objects it is the same as ``'body'``, as published.
        centre: Node of a person, index or name. Default, as published: the layout's centre for P = 1, the first joint
            of every person otherwise.

    Raises:
        UserError: Unknown topology or parts, numbers that are not positive.
        LayoutError: Unknown joints or objects.
    """
    for name, value, known in (('inter_link', inter_link, INTER_LINKS), ('parts', parts, ('body', 'person'))):
        if value not in known:
            raise UserError(f"unknown {name} '{value}'; known: {', '.join(known)}")
    if min(num_person, hop, dilation) < 1:
        raise UserError(f'num_person, hop and dilation are at least 1, not {num_person}, {hop} and {dilation}')
    person = person_graph(layout, objects)
    layout, v = person.layout, person.num_nodes
    pairs = dict(
        off=[], linear=[(i, i - 1) for i in range(1, num_person)], full=list(combinations(range(num_person), 2)),
        star=[(0, i) for i in range(1, num_person)],
        pairwise=[(i, i - hop) for i in range(hop, num_person, dilation)])[inter_link]
    bases = [base] if isinstance(base, (int, str)) else list(base)
    bases = [_node(person, node) for node in bases]
    links = tuple((a * v + node, b * v + node) for node in bases for a, b in pairs)
    if centre is None:
        centre = layout.centre if num_person == 1 else 0
    joints = layout.num_joints
    if parts == 'body' or (num_person == 1 and not person.objects):
        members = tuple(tuple(p * v + j for j in part) for p in range(num_person) for part in person.parts)
    elif num_person == 1:
        members = (tuple(range(joints)), *((j, ) for j in range(joints, v)))
    else:
        members = tuple(tuple(range(p * v, (p + 1) * v)) for p in range(num_person))
    return PanoramicGraph(person, num_person, links, _node(person, centre), members)


def _node(person: PersonGraph, node: int | str) -> int:
    """The index of a joint or an object of one person."""
    names = (*person.layout.joints, *person.objects)
    if node in names:
        return names.index(node)
    of, what = f"layout '{person.layout.name}'", 'joints'
    if person.objects:
        of, what = f'{of} with {", ".join(person.objects)}', 'nodes'
    if isinstance(node, str):
        raise LayoutError(f"{of} has no node '{node}'; it has: {', '.join(names)}")
    if not 0 <= node < len(names):
        raise LayoutError(f'{of} has {what} 0 to {len(names) - 1}, not {node}')
    return int(node)
