"""The names of a recogniser's classes: those of its training, or of a call."""
from __future__ import annotations

from collections.abc import Sequence

from mmskel.configuration import ConfigError


def complete_names(given: Sequence[str] | None, recorded: Sequence[str], number: int) -> tuple[str, ...]:
    """The names of all classes; those without one are called ``class 7``.

    Args:
        given: Names that the user gives, for all classes; None: the recorded ones.
        recorded: Names in the checkpoint or the config, or ().
        number: Number of classes K.

    Raises:
        ConfigError: A wrong number of names.
    """
    if given and len(given) != number:
        raise ConfigError(f'{len(given)} class names were given, but the recogniser has {number} classes')
    names = tuple(given or recorded)
    return (*names, *(f'class {i}' for i in range(len(names), number)))[:number]


def called_classes(named: Sequence[str] | None, known: tuple[str, ...], open_vocabulary: bool) -> tuple[str, ...]:
    """The classes of a call.

    Args:
        named: Names that the call gives; None: the known ones.
        known: Names of the recogniser's classes; () for an open vocabulary without any.
        open_vocabulary: Whether a call may name classes.

    Raises:
        ConfigError: Names for a recogniser of fixed classes, no names for an open vocabulary, or one name twice.
    """
    if named is None:
        if not known:
            raise ConfigError('the vocabulary is open, and no classes were named; give classes, e.g. '
                              "classes=['wave', 'kick']")
        return known
    if not open_vocabulary:
        raise ConfigError(f'classes were named, but those of the recogniser are fixed: {len(known)}, '
                          f"e.g. '{known[0]}'; only a scorer with an open vocabulary takes others")
    names = tuple(name.strip() for name in named)
    if not all(names) or not names or len(set(names)) < len(names):
        raise ConfigError(f'classes are {list(named)}; expected at least one name, none empty and none twice')
    return names
