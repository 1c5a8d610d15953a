"""Parts of a list of work, for the array jobs of a cluster."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from mmskel.files.errors import UserError

Item = TypeVar('Item')


@dataclass(frozen=True)
class Shard:
    """One of several equal parts.

    Args:
        number: Number of the part, from 1.
        count: Number of parts.

    Raises:
        UserError: A number outside of 1 to ``count``.

    Example:
        >>> [list(Shard(i, 3).of('abcdefg')) for i in (1, 2, 3)]
        [['a', 'd', 'g'], ['b', 'e'], ['c', 'f']]
    """
    number: int = 1
    count: int = 1

    def __post_init__(self):
        if not 1 <= self.number <= self.count:
            raise UserError(f'shard {self.number}/{self.count}; expected I/N with I from 1 to N, e.g. 2/8')

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard of a text like ``'2/8'``.

        Raises:
            UserError: Any other text.
        """
        found = re.fullmatch(r'(\d{1,9})/(\d{1,9})', text)
        if not found:
            raise UserError(f'shard {text!r}; expected I/N with I from 1 to N, e.g. 2/8')
        return cls(int(found[1]), int(found[2]))

    def of(self, items: Iterable[Item]) -> Iterator[Item]:
        """Every ``count``-th item: neighbours, which often take equally long, go to different parts."""
        return (item for place, item in enumerate(items) if place % self.count == self.number - 1)
