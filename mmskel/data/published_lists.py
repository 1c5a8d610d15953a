"""Lists that were published with data sets (splits, unusable clips, class names), kept as text beside the code."""
from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def published_list(name: str) -> tuple[str, ...]:
    """The lines of ``mmskel/data/lists/<name>.txt`` without comments (``#``) and empty lines.

    Raises:
        FileNotFoundError: If there is no such list; names the existing ones.
    """
    folder = files('mmskel.data') / 'lists'
    path = folder / f'{name}.txt'
    if not path.is_file():
        known = sorted(p.name.removesuffix('.txt') for p in folder.iterdir()) if folder.is_dir() else []
        raise FileNotFoundError(f"there is no list '{name}'; there are: {', '.join(known) or 'none'} (is the package "
                                'installed with its text files?)')
    lines = (line.partition('#')[0].strip() for line in path.read_text(encoding='utf-8').splitlines())
    return tuple(line for line in lines if line)


def published_classes(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The class names of a recogniser whose checkpoint holds none: its config's ``class_names``, or the list that the
    config names as ``class_list``.

    Args:
        config: Config of the recogniser.

    Returns:
        The names; none if the config has none, or its network has another number of classes.
    """
    names = tuple(config.get('class_names') or ())
    if not names and config.get('class_list'):
        names = published_list(config['class_list'])
    head = config.get('model', {}).get('cls_head') or {}
    return names if len(names) == head.get('num_classes') else ()
