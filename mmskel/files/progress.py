"""One progress bar for everything that goes clip by clip or video by video."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar('Item')


def progress_bar(items: Iterable[Item], what: str, *, total: int | None = None, done: int = 0, unit: str = 'clip',
                 wanted: bool = True) -> Iterator[Item]:
    """The items, with a progress bar on standard error if that is a terminal.

    Args:
        items: Anything to go through.
        what: Title of the bar.
        total: Total number of items; default: the length, if there is one.
        done: Number of items that are already done.
        unit: Word for one item.
        wanted: Whether to draw a bar.
    """
    if not wanted:
        return iter(items)
    from tqdm import tqdm  # only where a bar is drawn
    return iter(tqdm(items, what, total, initial=done, unit=unit, disable=None))
