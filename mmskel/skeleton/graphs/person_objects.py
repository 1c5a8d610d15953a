"""A person with private copies of the objects of a scene: the part that a panoramic graph repeats. NumPy only.

Source and symbols: :mod:`mmskel.skeleton.graphs.panorama`.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mmskel.skeleton.layout import Layout, LayoutError
from mmskel.skeleton.tables import get_layout

# what attention pools over in the published graphs; other layouts: their own parts
_PUBLISHED_PARTS = {
    'coco17': ((5, 7, 9), (6, 8, 10), (11, 13, 15), (12, 14, 16), (0, 1, 2, 3, 4)),
    'openpose25': ((5, 6, 7), (2, 3, 4), (9, 10, 11, 22, 23, 24), (12, 13, 14, 19, 20, 21), (0, 1, 8, 15, 16, 17, 18))}


@dataclass(frozen=True)
class ObjectNode:
    """An object as a node of a person's graph.

    Args:
        name: Name, e.g. ``'ball'``; the key of ``Clip.objects``.
        links: Joints or earlier objects that it is linked to, by name.
        origin: Joint where its bone begins; default: the last of ``links``.
    """
    name: str
    links: tuple[str, ...]
    origin: str = ''


@dataclass(frozen=True)
class PersonGraph:
    """One person with objects: what the encoder needs, whatever the number of persons.

    Args:
        layout: The joints' layout.
        objects: Object names, in the order of their nodes.
        edges: Pairs of nodes.
        bone_origins: v nodes; node j's bone is ``x[j] - x[bone_origins[j]]``.
        parts: Body parts, then one part per object; every node is in one.
    """
    layout: Layout
    objects: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    bone_origins: tuple[int, ...]
    parts: tuple[tuple[int, ...], ...]

    @property
    def num_nodes(self) -> int:
        """v."""
        return self.layout.num_joints + len(self.objects)


def person_graph(layout: str | Layout, objects: Sequence[str | Mapping | ObjectNode] = ()) -> PersonGraph:
    """One person with objects.

    An object given by its name alone is attached where the published graphs attach it: the first on both wrists (its
    bone begins at the right one), every further one on the object before it.

    Args:
        layout: The joints.
        objects: Names, or :class:`ObjectNode` (or its arguments as a dictionary) for other links.

    Raises:
        LayoutError: A repeated object or one attached to something that does not exist; a layout without wrists.
    """
    layout = get_layout(layout)
    nodes, edges, origins = list(layout.joints), list(layout.edges), list(layout.bone_origins)
    for node in objects:
        node = _object_node(node, nodes, layout)
        if node.name in nodes:
            raise LayoutError(f"object '{node.name}': layout '{layout.name}' with its objects already has that node")
        unknown = [name for name in (*node.links, node.origin) if name and name not in nodes]
        if unknown or not node.links:
            raise LayoutError(f"object '{node.name}' hangs on {unknown or 'nothing'}; joints and objects before it: "
                              f'{", ".join(nodes)}')
        edges += [(nodes.index(link), len(nodes)) for link in node.links]
        origins.append(nodes.index(node.origin or node.links[-1]))
        nodes.append(node.name)
    joints = layout.num_joints
    free, parts = list(range(joints)), []
    for part in (*(_PUBLISHED_PARTS.get(layout.name) or layout.parts.values()), tuple(free)):  # a part of those in none
        parts.append(tuple(j for j in part if j in free))  # in two parts: kept in the first
        free = [j for j in free if j not in part]
    return PersonGraph(layout, tuple(nodes[joints:]), tuple(edges), tuple(origins),
                       (*filter(None, parts), *((j, ) for j in range(joints, len(nodes)))))


def _object_node(node: str | Mapping | ObjectNode, nodes: Sequence[str], layout: Layout) -> ObjectNode:
    if isinstance(node, Mapping):
        return ObjectNode(node['name'], tuple(node['links']), node.get('origin', ''))
    if isinstance(node, ObjectNode):
        return node
    if len(nodes) > layout.num_joints:
        return ObjectNode(node, (nodes[-1], ))
    if not {'left_wrist', 'right_wrist'} <= set(nodes):
        raise LayoutError(f"layout '{layout.name}' has no left_wrist and right_wrist for the object '{node}' to hang "
                          f"on; say where to attach it: dict(name='{node}', links=[...]), of {', '.join(nodes)}")
    return ObjectNode(node, ('left_wrist', 'right_wrist'))
