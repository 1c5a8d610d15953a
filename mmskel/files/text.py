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
