"""Arguments in messages of the library, ``max_persons=5``, as a command's user knows them: ``--max-persons 5``."""
from __future__ import annotations

import argparse
import re
from collections.abc import Mapping

from mmskel.commands.command import Parser

# an argument in a message, not part of a dotted name or of dict(...)
_ARGUMENT = re.compile(r'''(?<![\w.'"/-])(?<!dict\()([a-z]\w*)=(\.\.\.|True|False)?''')


def flags_of(parser: Parser) -> dict[str, str]:
    """Name of an argument in Python -> flag, for all flags of a parser and of its sub-parsers."""
    flags: dict[str, str] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                flags.update(flags_of(one))
        elif action.option_strings:
            flags[action.dest] = action.option_strings[0]
    return flags


def in_flags(text: str, flags: Mapping[str, str]) -> str:
    """A message of the library as the user of a command should read it.

    ``name=...`` and ``name=True`` become the flag alone, ``name=value`` the flag and the value; names that are no flag
    of the command stay.

    Args:
        text: Message that names arguments as Python does.
        flags: Flag of every argument, as :func:`flags_of` gives them; a key may be a name with its value, such as
            ``'test_after=False'``.

    Example:
        >>> in_flags("fps=... is missing; video='a.txt' (keep_going=True)", dict(fps='--fps', video='--out'))
        "--fps is missing; --out 'a.txt' (keep_going=True)"
    """
    def translated(found: re.Match) -> str:
        name, value = found.groups()
        if flag := flags.get(found[0]):
            return flag
        if name not in flags or value == 'False':
            return found[0]
        return flags[name] if value else f'{flags[name]} '

    return _ARGUMENT.sub(translated, text)
