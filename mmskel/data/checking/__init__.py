"""What may be wrong with an annotation file: clip by clip, and between its splits."""
