"""Units shared by more than one system."""
from mmskel.models.layers.dropout import FastDropout
from mmskel.models.layers.edge_conv import EdgeConv, nearest_points
from mmskel.models.layers.linear_norm import LinearNorm, affine_of, finish, normalize
from mmskel.models.layers.multi_branch_tcn import MultiBranchTCN
from mmskel.models.layers.transformer import DropPath, GELUPerceptron

__all__ = ['DropPath', 'EdgeConv', 'FastDropout', 'GELUPerceptron', 'LinearNorm', 'MultiBranchTCN', 'affine_of',
           'finish', 'nearest_points', 'normalize']
