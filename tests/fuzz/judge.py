"""Runs a command on hostile input and says what it did wrong, if anything.

Right is: an exit status of 0, 1 or 2; with 1 exactly one line ``mmskel: ...`` (a report of `check` will do), which
names a file, clip or option; no exception that leaves ``main``; no hang; the input unchanged; the output whole or absent.
"""
import contextlib
import io
import os
import re
import signal
import sys
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path

LIMIT = 30  # seconds an input may take, on a slow machine


class Hang(BaseException):
    """An input took longer than it may."""


@dataclass
class Outcome:
    """What became of one input.

    Args:
        status: Exit status; None if an exception came through.
        line: The line on standard error, or the exception's last line.
        printed: Standard output.
        faults: What was wrong; empty if nothing.
        vague: Whether the line names neither file, clip nor option.
    """
    status: int | None = None
    line: str = ''
    printed: str = ''
    faults: list[str] = field(default_factory=list)
    vague: bool = False


@contextlib.contextmanager
def time_limit(seconds: float = LIMIT):
    def ring(*_):
        raise Hang(f'longer than {seconds} s')
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def judge(call, folder: Path, names=(), report: bool = False) -> Outcome:
    """Runs a call in a folder of inputs.

    Args:
        call: Returns an exit status: `mmskel.cli.main` with arguments, or a reader behind :func:`reading`.
        folder: Where the inputs lie, and the only place that may be written.
        names: Words of which a good message has one: files, clips, options.
        report: Whether what is printed may be the message, as of `mmskel check`.
    """
    before = {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}
    outcome, out, err = Outcome(), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings(), time_limit():
        warnings.simplefilter('ignore')
        try:
            outcome.status = call()
        except SystemExit as end:  # argparse
            outcome.status = end.code
        except Hang as hang:
            outcome.faults.append(f'hang: {hang}')
        except BaseException:
            lines = traceback.format_exc().strip().splitlines()
            places = [line.strip() for line in lines if '/mmskel/' in line and 'cli.py' not in line]
            where = re.sub(r'.*/mmskel/', '', places[-1]) if places else ''
            outcome.faults.append(f'traceback: {where}: {lines[-1][:160]}')
    outcome.printed = out.getvalue()
    lines = [line for line in err.getvalue().splitlines() if line.startswith('mmskel: ')]
    outcome.line = lines[-1] if lines else ''
    if outcome.status is not None and outcome.status not in (0, 1, 2):
        outcome.faults.append(f'exit status {outcome.status}')
    if outcome.status == 1:
        message = outcome.line or (outcome.printed if report else '')
        if len(lines) > 1 or not message:
            outcome.faults.append(f'{len(lines)} lines: {err.getvalue()[-200:]!r}')
        elif lines and len(err.getvalue().split('mmskel: ', 1)[1].strip().splitlines()) > 1:
            outcome.faults.append(f'more than one line: {err.getvalue()[-300:]!r}')
        outcome.vague = bool(message) and not any(name and name in message for name in names)
    for what, text in (('output', outcome.printed), ('message', err.getvalue())):
        if re.search('[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]', text.replace('\r', '')) and '\x1b[A' not in text:
            outcome.faults.append(f'control characters in the {what}: {text[-80:]!r}')
    for path, content in before.items():
        if not path.is_file() or path.read_bytes() != content:
            outcome.faults.append(f'the input {path.name} has changed')
    if rubbish := [path.name for path in folder.rglob('.*.mmskel-*')]:
        outcome.faults.append(f'left behind: {rubbish}')
    return outcome


def reading(read):
    """A status from a function that reads a file for a command; its errors as the command shows them."""
    from mmskel.cli import readable
    from mmskel.files.errors import UserError

    def call():
        try:
            read()
        except (UserError, OSError) as error:
            print(f'mmskel: {readable(error)}', file=sys.stderr)
            return 1
        return 0
    return call


class Tally:
    """Collects outcomes over a run; at the end there must be no fault and few vague lines."""

    def __init__(self):
        self.count, self.refused, self.vague, self.faults = 0, 0, [], []

    def add(self, outcome: Outcome, what: str) -> None:
        self.count += 1
        self.refused += outcome.status in (1, 2)
        self.faults += [f'{what}: {fault}' for fault in outcome.faults]
        self.vague += [f'{what}: {outcome.line}'] * outcome.vague

    def check(self) -> None:
        if path := os.environ.get('MMSKEL_FUZZ_LOG'):
            with open(path, 'a') as file:
                file.writelines(f'{line}\n' for line in [
                    f'== {self.count} inputs, {self.refused} refused, {len(self.vague)} vague', *self.faults,
                    *(f'vague {line}' for line in self.vague)])
        assert self.count
        assert not self.faults, f'{len(self.faults)} of {self.count}:\n' + '\n'.join(dict.fromkeys(self.faults))
        assert len(self.vague) <= self.count // 100, '\n'.join(self.vague)
