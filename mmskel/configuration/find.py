"""Configs by path, or by name among those that come with mmskel."""
from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path

import mmskel
from mmskel.files.errors import UserError


class ConfigError(UserError):
    """A config that cannot be found or lacks what an argument would set."""


def packaged_configs() -> Path:
    """The folder of the configs that come with mmskel (in the wheel, or in the checkout)."""
    root = Path(mmskel.__file__).parent
    for folder in (root / '.mim' / 'configs', root.parent / 'configs'):
        if folder.is_dir():
            return folder
    raise ConfigError('the configs that belong to mmskel are not installed; install the wheel or use a checkout')


def find_config(name: str) -> Path:
    """A config by path, by ``mmskel::stgcn/stgcn_nwucla.py``, or by its path inside ``configs/``.

    Raises:
        ConfigError: If there is none; lists configs with similar names.
    """
    short = name.removeprefix('mmskel::').removeprefix('configs/')
    if Path(name).is_file():
        return Path(name)
    folder = packaged_configs()
    by_name = folder.rglob(f'{short.removesuffix(".py")}.py') if '/' not in short else ()
    for path in (folder / short, folder / f'{short}.py', *by_name):
        if path.is_file() and '_base_' not in path.parts:
            return path
    known = sorted(str(p.relative_to(folder)) for p in folder.rglob('*.py') if '_base_' not in p.parts)
    near = sorted(known, key=lambda one: -SequenceMatcher(None, short, one).ratio())[:12]
    raise ConfigError(f"there is no config '{name}', neither as a file nor among the {len(known)} of mmskel; "
                      f'the nearest: {", ".join(near)}')
