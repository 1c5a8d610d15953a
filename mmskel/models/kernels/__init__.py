"""Modules and functions with a custom backward pass, and their building blocks."""
from mmskel.models.kernels.gelu_perceptron import GELUPerceptron
from mmskel.models.kernels.multi_branch_tcn import MultiBranchTCN

__all__ = ['GELUPerceptron', 'MultiBranchTCN']
