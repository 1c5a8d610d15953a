"""Configs by path, or by name among those that come with mmskel."""
from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path

import mmskel
from mmskel.cards.zoo.mmaction import mmaction_folder
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
    """A config by path, by ``mmskel::stgcn/stgcn_nwucla.py``, or by its path inside ``configs/``; or one that
    MMAction2 carries, ``mmaction::skeleton/stgcn/...``.

    Raises:
        ConfigError: If there is none; lists configs with similar names.
    """
    if name.startswith('mmaction::'):
        return _of_mmaction(name)
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


def _of_mmaction(name: str) -> Path:
    folder = mmaction_folder()
    if folder is None:
        raise ConfigError(f"the config '{name}' comes with MMAction2, which is not installed; `mmskel doctor` says how")
    path = folder / name.removeprefix('mmaction::')
    if not path.is_file() or folder.resolve() not in path.resolve().parents:
        raise ConfigError(f"the installed MMAction2 has no config '{name.removeprefix('mmaction::')}' in {folder}")
    return path
