"""The ``mmskel`` command. Every command imports what it needs when it is called, so ``mmskel --help`` is quick."""
from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Sequence

from mmskel.commands.command import Parser
from mmskel.commands.files import FILES
from mmskel.commands.memory import keep_freed_memory
from mmskel.commands.training import TRAINING
from mmskel.commands.videos import VIDEOS
from mmskel.version import __version__

_ALL = {**TRAINING, **FILES, **VIDEOS}
COMMANDS = {name: _ALL[name] for name in ('train', 'test', 'fuse', 'prepare', 'extract', 'predict', 'features',
                                          'draw', 'check', 'convert', 'export', 'models', 'demo', 'doctor')}


def usage() -> str:
    """The overview that ``mmskel --help`` prints."""
    lines = [f'  {name:<10}{command.help}' for name, command in COMMANDS.items()]
    return ('usage: mmskel COMMAND ...\n\nSkeleton-based action recognition for OpenMMLab.\n\ncommands:\n'
            + '\n'.join(lines) + '\n\n`mmskel COMMAND --help` explains one; `mmskel --version` prints '
            f'{__version__}.')


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit status. A user's mistake is one line on standard error, and status 1.

    Set ``MMSKEL_DEBUG=1`` for the traceback.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ('-h', '--help'):
        print(usage())
        return 0 if arguments else 2
    if arguments[0] == '--version':
        print(__version__)
        return 0
    name = arguments[0]
    if name not in COMMANDS:
        print(f"mmskel: unknown command '{name}'; known: {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    parser = Parser(f'mmskel {name}', description=COMMANDS[name].help)
    COMMANDS[name].configure(parser)
    args = parser.parse_args(arguments[1:])
    try:
        return COMMANDS[name].run(args)
    except BrokenPipeError:  # `mmskel doctor | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print('mmskel: stopped', file=sys.stderr)
        return 130
    except (ValueError, KeyError, TypeError, OSError, ImportError, AssertionError, EOFError,
            pickle.UnpicklingError) as error:
        if os.environ.get('MMSKEL_DEBUG') == '1':
            raise
        print(f'mmskel: {readable(error)}', file=sys.stderr)
        return 1


def program(arguments: Sequence[str] | None = None) -> int:
    """:func:`main` in a process of its own, which keeps freed memory: ``mmskel`` on the path, ``tools/train.py``."""
    keep_freed_memory()
    return main(arguments)


def readable(error: Exception) -> str:
    """One line for an exception; of a data loader's worker only its last line, which has the message."""
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if 'Original Traceback' in text:
        text = text.strip().splitlines()[-1].partition(': ')[2]
    return text or f'{type(error).__name__}; set MMSKEL_DEBUG=1 for the traceback'
