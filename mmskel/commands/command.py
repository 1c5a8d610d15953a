"""The definition of a command, and settings that several commands take."""
from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from mmskel.files.errors import UserError
from mmskel.files.text import printable


class Parser(argparse.ArgumentParser):
    """argparse's parser; what was typed is shown without control characters."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


@dataclass(frozen=True)
class Command:
    """One command.

    Args:
        help: Sentence that says what it is for.
        configure: Function that adds its arguments to a parser.
        run: Function that carries it out and returns an exit status.
        flags: Flags by the library's names for them, where the names differ, such as ``{'table': '--save'}``.
    """
    help: str
    configure: Callable[[Parser], None]
    run: Callable[[argparse.Namespace], int]
    flags: Mapping[str, str] = field(default_factory=dict)


def say(text: str) -> None:
    """Prints what may hold names out of files: without control characters, which a terminal would obey."""
    print(printable(text))


def cfg_options(args: argparse.Namespace) -> dict | None:
    """The settings of ``--cfg-options KEY=VALUE ...`` as MMEngine reads them; None where there are none."""
    os.environ.setdefault('LOCAL_RANK', str(getattr(args, 'local_rank', 0)))
    return key_values('--cfg-options', args.cfg_options)


def key_values(flag: str, pairs: Sequence[str]) -> dict | None:
    """``KEY=VALUE`` pairs as MMEngine reads them, keys with their dots; None where there are none.

    Raises:
        UserError: If there is no ``=``; names the flag.
    """
    from mmengine.config import DictAction
    holder = argparse.Namespace()
    if wrong := [pair for pair in pairs if '=' not in pair]:
        raise UserError(f"{flag} takes KEY=VALUE pairs; '{wrong[0]}' has no '='")
    if pairs:
        DictAction([flag], 'options')(Parser(), holder, list(pairs))
    return getattr(holder, 'options', None)
