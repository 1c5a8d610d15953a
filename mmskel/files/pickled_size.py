"""How much a pickle stands for: containers within containers, and containers that appear many times."""
from __future__ import annotations

from typing import Any

from mmskel.files.pickled_objects import ObjectClass, PickledObject
from mmskel.files.pickled_parts import ArrayType, PendingArray, UnsafePickleError

MAX_DEPTH = 32
"""Deepest nesting of containers; annotation files have five levels."""


def check_nesting(value: Any, size: int) -> None:
    """Refuses what a file of data never holds: containers that contain themselves, deep nesting, and types in place of
    values.

    A container that appears many times is counted each time: a kilobyte may stand for more than memory can hold.
    """
    counted: dict[int, int] = {}

    def count(part: Any, depth: int) -> int:
        part = part.state if isinstance(part, PickledObject) else part
        if not isinstance(part, (list, tuple, dict, set, frozenset)):
            if isinstance(part, (PendingArray, ArrayType, ObjectClass)) or callable(part):
                raise UnsafePickleError('the pickle holds the name of a type in place of a value; nothing was run')
            return 1
        if counted.get(id(part), 1) == 0 or depth > MAX_DEPTH:
            raise ValueError(f'a container holds itself, or more than {MAX_DEPTH} hold one another')
        if id(part) not in counted:
            counted[id(part)] = 0
            items = part.values() if isinstance(part, dict) else part
            counted[id(part)] = 1 + sum(count(item, depth + 1) for item in items)
        return counted[id(part)]

    total = count(value, 0)
    if total > 10_000_000 and total > 100 * size:
        raise ValueError(f'its {size} bytes stand for {total} values')
