"""Skeletons: layouts as tables, graph mathematics, the clip. NumPy only."""
from mmskel.skeleton.annotation import clip_id
from mmskel.skeleton.clip import Clip, ClipError, derived_score, likely_layout
from mmskel.skeleton.conversion import JointMap, joint_map
from mmskel.skeleton.graphs.dilated import dilated_kernel
from mmskel.skeleton.graphs.five_parts import five_parts
from mmskel.skeleton.graphs.hierarchy import PUBLISHED_RINGS, RingRule, hierarchy_graph, hierarchy_rings
from mmskel.skeleton.graphs.panorama import PanoramicGraph, panoramic_graph
from mmskel.skeleton.graphs.partitions import (
           PARTITIONS,
           hop_distance,
           normalize_columns,
           normalize_symmetric,
           partition,
)
from mmskel.skeleton.graphs.person_objects import ObjectNode, person_graph
from mmskel.skeleton.graphs.skate import SKATE_TYPES, skate_bone_origins, skate_partition, skate_parts, skate_sizes
from mmskel.skeleton.layout import Layout, LayoutError
from mmskel.skeleton.tables import ALIASES, LAYOUTS, get_layout, register_layout

__all__ = ['ALIASES', 'Clip', 'ClipError', 'JointMap', 'LAYOUTS', 'Layout', 'LayoutError', 'ObjectNode', 'PARTITIONS',
           'PUBLISHED_RINGS', 'PanoramicGraph', 'RingRule', 'SKATE_TYPES', 'clip_id', 'derived_score', 'dilated_kernel',
           'five_parts', 'get_layout', 'hierarchy_graph', 'hierarchy_rings', 'hop_distance', 'joint_map',
           'likely_layout', 'normalize_columns', 'normalize_symmetric', 'panoramic_graph', 'partition',
           'person_graph', 'register_layout', 'skate_bone_origins', 'skate_partition', 'skate_parts', 'skate_sizes']
