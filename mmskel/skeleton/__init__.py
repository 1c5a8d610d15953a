"""What a skeleton is: layouts as tables, graph mathematics, the clip. NumPy only."""
from mmskel.skeleton.clip import Clip, ClipError, derived_score, likely_layout
from mmskel.skeleton.conversion import JointMap, joint_map
from mmskel.skeleton.graph import PARTITIONS, hop_distance, normalize_columns, normalize_symmetric, partition
from mmskel.skeleton.layout import Layout, LayoutError
from mmskel.skeleton.tables import ALIASES, LAYOUTS, get_layout, register_layout

__all__ = ['ALIASES', 'LAYOUTS', 'PARTITIONS', 'Clip', 'ClipError', 'JointMap', 'Layout', 'LayoutError',
           'derived_score', 'get_layout', 'hop_distance', 'joint_map', 'likely_layout', 'normalize_columns',
           'normalize_symmetric', 'partition', 'register_layout']
