"""Text from files as plots draw it: literally, whatever characters it has."""
from __future__ import annotations

from mmskel.files.text import printable


def literal(text: str) -> str:
    """Text that matplotlib draws as it is: dollar signs are no formula, control characters and surrogates escapes."""
    return ' '.join(printable(text).split()).replace('$', r'\$')
