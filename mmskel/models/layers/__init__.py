"""Units shared by more than one system."""
from mmskel.models.layers.dropout import FastDropout

__all__ = ['FastDropout']
