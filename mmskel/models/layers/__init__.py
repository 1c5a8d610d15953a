"""Units shared by more than one system."""
from mmskel.models.layers.dropout import FastDropout
from mmskel.models.layers.edge_conv import EdgeConv, nearest_points
from mmskel.models.layers.linear_norm import LinearNorm, affine_of, finish, normalize
from mmskel.models.layers.stochastic_depth import DropPath

__all__ = ['DropPath', 'EdgeConv', 'FastDropout', 'LinearNorm', 'affine_of', 'finish', 'nearest_points', 'normalize']
