"""``python -m mmskel`` is the ``mmskel`` command."""
import sys

from mmskel.cli import program

sys.exit(program())
