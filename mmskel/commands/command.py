"""What a command is, and the settings that several take."""
from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass

Parser = argparse.ArgumentParser


@dataclass(frozen=True)
class Command:
    """One command: what it is for, its arguments, and what it does (returns an exit status)."""
    help: str
    configure: Callable[[Parser], None]
    run: Callable[[argparse.Namespace], int]


def cfg_options(args: argparse.Namespace) -> dict | None:
    """The settings of ``--cfg-options KEY=VALUE ...`` as MMEngine reads them; None where there are none."""
    from mmengine.config import DictAction
    os.environ.setdefault('LOCAL_RANK', str(getattr(args, 'local_rank', 0)))
    holder = argparse.Namespace()
    if args.cfg_options:
        wrong = [option for option in args.cfg_options if '=' not in option]
        if wrong:
            raise ValueError(f"--cfg-options takes KEY=VALUE pairs; '{wrong[0]}' has no '='")
        DictAction(['--cfg-options'], 'options')(Parser(), holder, list(args.cfg_options))
    return getattr(holder, 'options', None)
