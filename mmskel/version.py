"""The version of mmskel, without importing anything."""

__version__ = '0.1.0'
