"""Text from files that ends up in a terminal or a spreadsheet."""
from __future__ import annotations

from typing import Any

_FORMULA = ('=', '+', '-', '@', '\t', '\r')


def printable(text: str) -> str:
    """The text without control characters, which a terminal would obey: each becomes its escape (``\\x1b``).

    Line breaks stay. Lone surrogates, which cannot be printed, are also escaped.
    """
    return ''.join(char if char == '\n' or char.isprintable() else char.encode('unicode_escape').decode('ascii')
                   for char in text)


def csv_cell(value: Any) -> Any:
    """A cell of a CSV file: text that a spreadsheet would take for a formula gets a leading apostrophe.

    Numbers are left alone, including those written as text, such as ``'-1.5'``.
    """
    if not isinstance(value, str) or not value.startswith(_FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def brief(value: Any, limit: int = 60) -> str:
    """A value in one short line, for messages: an array by type and shape, text quoted, everything else by type and
    content.

    Args:
        value: Value from a file.
        limit: Maximum number of characters of the content.
    """
    if hasattr(value, 'dtype') and getattr(value, 'shape', ()):  # without importing NumPy: `--help` is quick
        return f'an array of {value.dtype} {value.shape}'
    try:
        text = ' '.join(repr(value)[:10 * limit].split())
    except ValueError:  # a number of more digits than Python prints
        text = f'a number of {value.bit_length()} bits' if isinstance(value, int) else '...'
    text = text if len(text) <= limit else f'{text[:limit - 3]}...'
    plain = value is None or isinstance(value, (str, int, float)) or hasattr(value, 'dtype')
    return text if plain else f'{type(value).__name__} {text}'
