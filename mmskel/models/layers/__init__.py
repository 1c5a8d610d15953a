"""Units shared by more than one system."""
from mmskel.models.layers.dropout import FastDropout
from mmskel.models.layers.linear_norm import LinearNorm, affine_of, finish, normalize
from mmskel.models.layers.stochastic_depth import DropPath

__all__ = ['DropPath', 'FastDropout', 'LinearNorm', 'affine_of', 'finish', 'normalize']
