"""Objects in a pickle as inert stand-ins: the name of their class and their state, which nothing is ever called with.

Model files of other projects hold objects of libraries that few people have (chumpy) or that trust a crafted state
(SciPy's sparse matrices). A reader names the classes it expects, and takes what it needs out of the stand-ins.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mmskel.files.pickled_parts import UnsafePickleError, hashable


@dataclass(frozen=True)
class ObjectClass:
    """The name of a class that a pickle makes objects of.

    Args:
        name: Dotted name as the pickle has it, e.g. ``'chumpy.ch.Ch'``.
    """
    name: str

    def make(self, arguments: Any = ()) -> PickledObject:
        """An object of the class; as such files have it, nothing is passed to its constructor."""
        if arguments != ():
            raise UnsafePickleError(f'the pickle passes arguments to {self.name}; nothing was run')
        return PickledObject(self.name)


class PickledObject:
    """An object of a pickle: what its class is called, and its state by name.

    Attributes:
        kind: Dotted name of the class.
        state: Attributes as the pickle has them; empty until it says.
    """

    def __init__(self, kind: str):
        self.kind = kind
        self.state: dict[str, Any] = {}

    def build(self, state: Any) -> None:
        """Takes the state: a dictionary of attributes, once."""
        if not isinstance(state, dict) or not all(isinstance(key, str) for key in state) or self.state:
            raise UnsafePickleError(f'the pickle sets the state of a {self.kind} in a way that the library never '
                                    'does; nothing was run')
        self.state = state


_BASE = ObjectClass('object')


def _reconstructed(kind: Any, base: Any, state: Any) -> PickledObject:
    if not isinstance(kind, ObjectClass) or base is not _BASE or state is not None or kind is _BASE:
        raise UnsafePickleError('the pickle reconstructs an object in a way that Python never writes; nothing was run')
    return kind.make()


def object_names(known: Callable[[str], bool]) -> Callable[[str, str], Any]:
    """What a pickle's names stand for, beyond plain containers and arrays.

    Args:
        known: Whether a class, by its dotted name, may be in the file.

    Returns:
        Function: module, name -> stand-in of the class, or of Python 2's function that makes objects; None for
        anything else.
    """
    def find(module: str, name: str) -> Any:
        if module in ('builtins', '__builtin__') and name == 'object':
            return _BASE
        if module in ('copyreg', 'copy_reg') and name == '_reconstructor':
            return _reconstructed
        full = hashable(f'{module}.{name}')
        return ObjectClass(full) if known(full) else None
    return find
