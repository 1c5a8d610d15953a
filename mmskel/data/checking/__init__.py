"""Checks of an annotation file: clip by clip, and between its splits."""
