"""HTML pages from the templates in this folder: everything inside one file, nothing from the network."""
from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

_HOLE = re.compile(r'\{\{(\w+)\}\}')


def asset(name: str) -> str:
    """The text of a file in ``mmskel/visualization/assets``."""
    return (resources.files('mmskel.visualization') / 'assets' / name).read_text(encoding='utf-8')


def fill(template: str, **parts: str) -> str:
    """A template with each ``{{name}}`` replaced once; what is put in is not searched again.

    Raises:
        KeyError: If the template has a hole that is not given, or a part has no hole.
    """
    text = asset(template)
    holes = set(_HOLE.findall(text))
    if holes != set(parts):
        raise KeyError(f'{template} has holes {sorted(holes)}; given: {sorted(parts)}')
    return _HOLE.sub(lambda hole: parts[hole.group(1)], text)


def style_and_scripts(*scripts: str) -> dict[str, str]:
    """The parts ``style`` and ``scripts`` of a template: our style sheet and the named scripts."""
    return dict(style=asset('report.css'), scripts='\n'.join(asset(script) for script in scripts))


def json_for_html(value: Any) -> str:
    """JSON that can stand in a ``<script>`` element: no ``<``, so that no text in it can end the element."""
    return json.dumps(value, separators=(',', ':')).replace('<', '\\u003c')


def percent(share: float, digits: int = 2) -> str:
    """``'93.42 %'`` of 0.9342 (with a space that does not break); a dash for NaN."""
    return '\u2013' if share != share else f'{100 * share:.{digits}f}\u00a0%'
