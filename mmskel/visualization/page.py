"""HTML pages from the Jinja templates in ``assets``: everything inside one file, nothing from the network.

Values are escaped by the templates, so that no name in a data set can change a page.
"""
from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mmskel.files.atomic import atomic_path


def asset(name: str) -> str:
    """The text of a file in ``mmskel/visualization/assets``."""
    return (resources.files('mmskel.visualization') / 'assets' / name).read_text(encoding='utf-8')


@cache
def _environment() -> Environment:
    environment = Environment(loader=PackageLoader('mmskel.visualization', 'assets'), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.policies['json.dumps_kwargs'] = dict(separators=(',', ':'))
    environment.filters['percent'] = percent
    environment.globals['asset'] = lambda name: Markup(asset(name))  # ours: style sheets and scripts
    return environment


def render(template: str, **values: Any) -> Markup:
    """A filled template, which another template inserts as it is; every other text is escaped there.

    Raises:
        jinja2.UndefinedError: If the template names a value that is not given.
    """
    return Markup(_environment().get_template(template).render(**values))


def write_page(path: str | Path, template: str, **values: Any) -> Path:
    """Writes a filled template as one file; returns its path."""
    page = render(template, **values)
    with atomic_path(path) as temporary:
        temporary.write_text(page, encoding='utf-8', errors='backslashreplace')
    return Path(path)


def percent(share: float, digits: int = 2) -> str:
    """``'93.42 %'`` of 0.9342 (with a space that does not break); a dash for NaN."""
    return '\u2013' if share != share else f'{100 * share:.{digits}f}\u00a0%'
