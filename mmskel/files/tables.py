"""Text files and tables written by people and spreadsheets: one rule for encodings, separators and malformed rows."""
from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from pathlib import Path

from mmskel.files.errors import UserError


class TableError(UserError):
    """A text file or table that cannot be read; names the file, and the line if there is one."""


def read_text(path: str | Path, what: str) -> str:
    """The text of a file, without the byte order mark that Windows programs add.

    Args:
        path: Path of the file, which is UTF-8.
        what: Kind of file it should be, for messages: ``'list of videos'``.

    Raises:
        TableError: No such file, or one that is not UTF-8 text.
    """
    if '\0' in str(path):
        raise TableError(f'there is no {what} {str(path)!r}: a name cannot contain a NUL character')
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise TableError(f"there is no {what} '{path}'") from None
    except OSError as error:
        raise TableError(f"'{path}' is not a {what} that can be read: {error.strerror}") from None
    try:
        text = data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        hint = '; it seems to be UTF-16' if data[:2] in (b'\xff\xfe', b'\xfe\xff') else f', byte {error.start}'
        said = f"'{path}' is not a {what} that can be read: it is not UTF-8{hint}. Save it as UTF-8"
        raise TableError(said) from None
    if '\0' in text:
        raise TableError(f"'{path}' is not a {what} that can be read: it holds NUL characters")
    return text


def read_table(path: str | Path, what: str, needed: Sequence[str | Collection[str]],
               known: Collection[str] | None = None) -> list[tuple[int, dict[str, str]]]:
    """The rows of a ``.csv`` table with a header; cells without white space around them.

    Args:
        path: Path of the file.
        what: Kind of file it should be, for messages: ``'table of labels'``.
        needed: Required columns; of a collection one is enough.
        known: Columns that are allowed as well; None: any.

    Returns:
        Line number and column -> cell, for every row that is not empty.

    Raises:
        TableError: See :func:`read_text`; a missing, unknown or repeated column; a row of another length; no row.
    """
    text = read_text(path, what).replace('\r\n', '\n').replace('\r', '\n')
    reader = csv.reader(io.StringIO(text, newline=''), skipinitialspace=True, strict=True)
    choices = [(one, ) if isinstance(one, str) else tuple(one) for one in needed]
    expected = ', '.join(' or '.join(one) for one in choices)
    if more := [name for name in known or () if not any(name in one for one in choices)]:
        expected += f' and, optionally, {", ".join(more)}'
    try:
        header = [name.strip() for name in next(reader, [])]
        if not all(set(one) & set(header) for one in choices) or len(set(header)) < len(header) or \
                known is not None and not set(header) <= {*known, *(name for one in choices for name in one)}:
            raise TableError(f"'{path}': expected a header with {expected}, each once; found "
                             f'{",".join(header)[:200] or "nothing"}{_separator(header)}')
        rows = []
        for cells in reader:
            if not any(map(str.strip, cells)):
                continue
            if len(cells) != len(header):
                raise TableError(f"'{path}', line {reader.line_num}: {len(cells)} cells; expected {len(header)}: "
                                 f'{", ".join(header)}. A comma within a cell needs quotes around it')
            rows.append((reader.line_num, dict(zip(header, map(str.strip, cells)))))
    except csv.Error as error:
        raise TableError(f"'{path}', line {reader.line_num}: {error}; expected a {what}") from None
    if not rows:
        raise TableError(f"'{path}' has no row below its header; expected a {what}")
    return rows


def are_class_numbers(path: str | Path, labels: Collection[str]) -> bool:
    """Whether the labels of a table are class indices 0, 1, ... (also ``0.0``, as data frames write them), not names.

    Args:
        path: Path of the table, for messages.
        labels: Labels of the table; empty ones are ignored.

    Raises:
        TableError: All are numbers, but one is negative or has a fraction.
    """
    labels = [label for label in labels if label]
    try:
        numbers = [float(label) for label in labels]
    except ValueError:
        return False
    for label, number in zip(labels, numbers):
        if not (number.is_integer() and number >= 0):
            raise TableError(f"'{path}': label '{label[:60]}' is not a class index; labels that are numbers are "
                             'counted from 0')
    return bool(labels)


def _separator(header: Sequence[str]) -> str:
    """A hint for tables that a spreadsheet has written with other separators."""
    for mark, word in ((';', 'semicolons'), ('\t', 'tabs')):
        if len(header) == 1 and mark in header[0]:
            return f'. The columns are separated by {word}; save the table with commas'
    return ''
