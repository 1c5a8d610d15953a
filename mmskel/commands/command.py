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
    """argparse's parser; what was typed is shown without control characters.

    Attributes:
        instead: Flag -> positional arguments that are not given if the flag is.
    """
    instead: Mapping[str, tuple[str, ...]] = {}

    def parse_known_args(self, args=None, namespace=None):
        """As argparse's, without the positional arguments that a flag replaces."""
        for flag, names in self.instead.items():
            if any(one == flag or one.startswith(f'{flag}=') for one in args or ()):
                self._actions = [one for one in self._actions if one.option_strings or one.dest not in names]
                self.set_defaults(**dict.fromkeys(names))
        return super().parse_known_args(args, namespace)

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
    """The settings of ``--cfg-options KEY=VALUE ...`` as MMEngine reads them; None if there are none."""
    os.environ.setdefault('LOCAL_RANK', str(getattr(args, 'local_rank', 0)))
    return key_values('--cfg-options', args.cfg_options)


def key_values(flag: str, pairs: Sequence[str]) -> dict | None:
    """``KEY=VALUE`` pairs as MMEngine reads them, keys with their dots; None if there are none.

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


def model_options(parser: Parser, *replaced: str) -> None:
    """Adds ``--model`` and ``--weights``, a published recogniser instead of a config and a checkpoint.

    Args:
        parser: Parser of the command.
        replaced: Positional arguments that are then not given.
    """
    parser.add_argument('--model', metavar='NAME', help='a published recogniser instead of CONFIG and CHECKPOINT, see '
                        '`mmskel models --weights`')
    parser.add_argument('--weights', metavar='FILE', help='with --model: its weights, instead of downloading them')
    parser.instead = {'--model': replaced}


def published(args: argparse.Namespace, data: str | None = None, split: str | None = None,
              work_dir: str | None = None):
    """Config and weights of ``--model``, with ``--cfg-options``."""
    from mmskel.apis.zoo import config_of, weights_of
    from mmskel.cards.zoo import find_entry
    from mmskel.configuration.options import merge_options
    if args.stream:
        raise UserError('--stream goes with a config of your own; a published recogniser has one stream, which its '
                        'name says')
    entry = find_entry(args.model)
    cfg = config_of(entry, data, split, work_dir)
    if options := cfg_options(args):
        merge_options(cfg, options)
    return cfg, weights_of(entry, args.weights)
