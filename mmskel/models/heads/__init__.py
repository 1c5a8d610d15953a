"""Heads that MMAction2 does not have."""
from mmskel.models.heads.group_activity import GroupActivityHead

__all__ = ['GroupActivityHead']
