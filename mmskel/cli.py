"""The ``mmskel`` command. Every command imports what it needs when it is called, so ``mmskel --help`` is quick."""
from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from mmskel.commands.bodies import BODIES
from mmskel.commands.command import Parser
from mmskel.commands.files import FILES
from mmskel.commands.flags import flags_of, in_flags
from mmskel.commands.memory import keep_freed_memory
from mmskel.commands.stores import STORES
from mmskel.commands.training import TRAINING
from mmskel.commands.videos import VIDEOS
from mmskel.commands.zero_shot import ZERO_SHOT
from mmskel.files.errors import UserError
from mmskel.files.text import printable
from mmskel.version import __version__

_ALL = {**TRAINING, **FILES, **VIDEOS, **ZERO_SHOT, **BODIES, **STORES}
COMMANDS = {name: _ALL[name] for name in ('train', 'test', 'fuse', 'prepare', 'extract', 'fit', 'predict',
                                          'features', 'zeroshot', 'draw', 'check', 'store', 'convert', 'export',
                                          'models', 'demo', 'doctor')}


def parser_of(command: str = '') -> Parser:
    """The parser for all commands.

    Args:
        command: Command that will run; the others' arguments are left out, since some import what they list.
    """
    parser = Parser('mmskel', description='Skeleton-based action recognition for OpenMMLab.',
                    epilog='`mmskel COMMAND --help` explains a command.')
    parser.add_argument('--version', action='version', version=__version__)
    commands = parser.add_subparsers(title='commands', dest='command', metavar='COMMAND', required=True)
    for name, one in COMMANDS.items():
        of_command = commands.add_parser(name, help=one.help, description=one.help)
        if name == command:
            one.configure(of_command)
            of_command.set_defaults(flags={**flags_of(of_command), **one.flags})
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit status. A user's mistake is one line on standard error, and status 1.

    Set ``MMSKEL_DEBUG=1`` for the traceback.

    Raises:
        SystemExit: Of argparse: 0 after help or the version, 2 for arguments that no command takes.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    args = parser_of(*arguments[:1]).parse_args(arguments)
    try:
        return COMMANDS[args.command].run(args)
    except BrokenPipeError:  # `mmskel doctor | head`: nobody reads any further
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print('mmskel: stopped', file=sys.stderr)
        return 130
    except (UserError, OSError) as error:
        if os.environ.get('MMSKEL_DEBUG') == '1':
            raise
        print(f'mmskel: {in_flags(readable(error), args.flags)}', file=sys.stderr)
        return 1


def program(arguments: Sequence[str] | None = None) -> int:
    """:func:`main` in a process of its own, which keeps freed memory: ``mmskel`` on the path, ``tools/train.py``."""
    keep_freed_memory()
    return main(arguments)


def readable(error: Exception) -> str:
    """The text of an exception for a terminal; for a data loader's worker only its last line, which is the message."""
    text = str(error)
    if 'Original Traceback' in text:
        text = text.strip().splitlines()[-1].partition(': ')[2]
    return printable(' '.join(text.split('\n'))) or f'{type(error).__name__}; set MMSKEL_DEBUG=1 for the traceback'
