"""The base of every reader of a benchmark format: a list of named items, a clip for each, splits and facts."""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from mmskel.files.errors import UserError
from mmskel.skeleton import Clip

_KINDS = {'flag': (bool, ), 'number': (int, float), 'text': (str, ), 'path': (str, Path)}


class ReadError(UserError):
    """A source or one file of it that cannot be read; names the file, what was found and what was expected."""


@dataclass(frozen=True)
class Option:
    """One option of a reader, with everything a command line needs to offer it.

    Args:
        name: Name as in Python, e.g. ``with_score``.
        kind: Kind of value: ``'flag'`` (bool), ``'number'``, ``'text'`` or ``'path'``.
        default: Value when not given; None: no value.
        help: Description in one sentence.
        choices: Allowed values, or empty.
    """
    name: str
    kind: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()


def option(kind: str, default: Any, help: str, choices: Sequence[str] = ()) -> Any:
    """A dataclass field that is an option of a reader; see :class:`Option`."""
    return field(default=default, metadata=dict(option=(kind, help, tuple(choices))))


@dataclass
class Reader(ABC):
    """One source (folder, archive or file) in one format.

    Subclasses are dataclasses; their fields made by :func:`option` are the user's options. Readers change no
    coordinates: they do not centre, scale or rotate (``docs/published/data.md``, D1); pipelines do.

    Args:
        source: Folder, archive or file to read.

    Raises:
        ReadError: If an option has a value it cannot have, or the source is not such a data set.
        FileNotFoundError: If there is no such source.
    """
    source: str | Path
    what: ClassVar[str] = ''  # one line that describes the source
    whole: ClassVar[bool] = False  # whether splits compare the clips, so that a part of them cannot be read alone

    def __post_init__(self):
        self.source = Path(self.source)
        for item in options_of(type(self)).values():
            value = getattr(self, item.name)
            if value is None and item.default is None:
                continue
            allowed = _KINDS[item.kind]
            if not isinstance(value, allowed) or (item.kind == 'number' and isinstance(value, bool)):
                raise ReadError(f"option '{item.name}' is {value!r}; expected a {item.kind}: {item.help}")
            if item.choices and value not in item.choices:
                raise ReadError(f"option '{item.name}' is '{value}'; expected one of {', '.join(item.choices)}: "
                                f'{item.help}')
            if item.kind == 'number' and not value > 0:
                raise ReadError(f"option '{item.name}' is {value}; expected a positive number")

    @abstractmethod
    def items(self) -> list[str]:
        """The names of the items that can be read, in the order clips are stored; errors use them."""

    @abstractmethod
    def read(self, item: str) -> Clip:
        """The clip of one item.

        Raises:
            ReadError, ClipError: If the item is broken; other items can still be read.
        """

    @abstractmethod
    def splits(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """Split name -> clip ids, from the ids that were read. Splits may be empty."""

    @abstractmethod
    def meta(self) -> dict[str, Any]:
        """The facts about all clips: ``layout``, ``source`` (the data set in words), ``class_names`` if known."""

    def notes(self) -> list[str]:
        """Sentences for the summary: choices made, clips left out by rule, counts made while reading."""
        return []

    def close(self) -> None:
        """Closes open files."""


def options_of(reader: type[Reader]) -> dict[str, Option]:
    """The options of a reader by name, in the order they are declared."""
    def declared(item: Field) -> Option:
        kind, text, choices = item.metadata['option']
        return Option(item.name, kind, item.default, text, choices)

    return {f.name: declared(f) for f in fields(reader) if 'option' in f.metadata}


def some(names: Sequence[str], limit: int = 3) -> str:
    """The first names of a list for a sentence: ``'a, b, c and 4 more'``."""
    more = len(names) - limit
    return ', '.join(map(str, names[:limit])) + (f' and {more} more' if more > 0 else '')
