"""Config files: Python, which runs, and YAML or JSON, which must not run anything.

MMEngine's YAML loader makes any Python object that a file asks for, ``custom_imports`` imports any module, a ``type``
with dots is looked up in any module, and ``_base_`` may name a Python file. None of that is let through here.
"""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmskel.files.errors import UserError
from mmskel.files.json_text import JsonError, read_json
from mmskel.files.tables import read_text
from mmskel.files.text import brief

if TYPE_CHECKING:
    from mmengine.config import Config

_DATA = ('.yaml', '.yml', '.json')
_PACKAGES = ('mmskel', 'mmengine', 'mmcv', 'mmaction', 'mmdet', 'mmpose')
_TYPE = re.compile(rf'(?:(?:{"|".join(_PACKAGES)})\.)?[A-Za-z_]\w*')


class ConfigFileError(UserError):
    """A config file that cannot be read, or one of data that would run code; names the file."""


def read_config_file(path: str | Path) -> Config:
    """Reads a config of MMEngine.

    Args:
        path: ``.py``, which is run, or ``.yaml``, ``.yml`` or ``.json``, which are data.

    Raises:
        ConfigFileError: No such file, no config, or data that would run code.
    """
    from mmengine.config import Config
    path = Path(path)
    text = read_text(path, 'config')
    if path.suffix in _DATA:
        _check_data(path, text)
    elif path.suffix != '.py':
        raise ConfigFileError(f"'{path}' is not a config; expected .py, .yaml or .json")
    try:
        return Config.fromfile(path)
    except UserError:
        raise
    except Exception as error:  # a config is Python and may raise anything
        said = (str(error).strip().splitlines() or [''])[0]
        raise ConfigFileError(f"'{path}' is not a config that can be read: {type(error).__name__}: {said}") from error


def _check_data(path: Path, text: str, depth: int = 0) -> None:
    import yaml
    if '{{' in text:
        raise ConfigFileError(f"'{path}' has a template ({{{{...}}}}); only .py configs are filled in")
    try:
        data = read_json(text) if path.suffix == '.json' else yaml.safe_load(text)
    except (JsonError, yaml.YAMLError, ValueError, RecursionError, TypeError, OverflowError) as error:
        said = ' '.join(str(error).split())[:300]
        hint = '; a config of data runs no code' if 'tag:yaml.org,2002:python' in said else ''
        raise ConfigFileError(f"'{path}' is not a config that can be read: {said}{hint}") from None
    if not isinstance(data, Mapping):
        raise ConfigFileError(f"'{path}' is not a config: it holds {brief(data)}, no dictionary")
    for where, value in _entries(data):
        name = where.rpartition('.')[2]
        if not all(isinstance(key, str) for key in (value if isinstance(value, Mapping) else ())):
            raise ConfigFileError(f"'{path}': a key of {where or 'the file'} is no text")
        if name == 'type' and isinstance(value, str) and not _TYPE.fullmatch(value):
            raise ConfigFileError(f"'{path}': {where} is {brief(value)}; expected the name of a class in a registry, "
                                  f'which may begin with one of {", ".join(_PACKAGES)} and a dot: a config of data '
                                  'imports nothing else')
        if where == 'custom_imports':
            _check_imports(path, value)
        if where == '_base_':
            _check_bases(path, value, depth)


def _check_imports(path: Path, value: Any) -> None:
    names = value.get('imports', ()) if isinstance(value, Mapping) else None
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise ConfigFileError(f"'{path}': custom_imports is {brief(value)}; expected a dictionary with imports, a list")
    for name in names:
        if name.partition('.')[0] not in _PACKAGES:
            raise ConfigFileError(f"'{path}': custom_imports names '{name[:80]}', and importing a module runs it; a "
                                  f'config of data may import {", ".join(_PACKAGES)}. Use a .py config that you trust')


def _check_bases(path: Path, value: Any, depth: int) -> None:
    for base in [value] if isinstance(value, str) else value if isinstance(value, list) else [None]:
        if not isinstance(base, str) or depth > 8:
            raise ConfigFileError(f"'{path}': _base_ is {brief(value)}; expected names of configs, not nested deeper "
                                  'than 8')
        package = base.partition('::')[0] if '::' in base else ''
        if package in _PACKAGES and '..' not in base:
            continue  # a config that came with a package
        file = path.parent / base
        if package or file.suffix not in _DATA:
            raise ConfigFileError(f"'{path}': _base_ names '{base[:80]}', which would be run; the base of a config of "
                                  'data is data, too, or a config that came with a package: mmskel::...')
        _check_data(file, read_text(file, 'config'), depth + 1)


def _entries(value: Any, where: str = '') -> Iterator[tuple[str, Any]]:
    """Every value in dictionaries and lists, and its place with dots."""
    yield where, value
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, one in items:
        yield from _entries(one, f'{where}.{key}' if where else str(key))
