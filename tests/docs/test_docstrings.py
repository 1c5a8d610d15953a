"""The code's own documentation: public names have docstrings, and their examples run."""
from __future__ import annotations

import importlib
import inspect

import pytest
from pages.text import ROOT


def modules() -> list[str]:
    """Every module of the package, by its file."""
    files = sorted((ROOT / 'mmskel').rglob('*.py'))
    places = [f.relative_to(ROOT).with_suffix('').parts for f in files if '.mim' not in f.parts]
    return ['.'.join(parts[:-1] if parts[-1] == '__init__' else parts) for parts in places if parts[-1] != '__main__']


def test_every_folder_of_modules_is_a_package():
    """Else ``pip install .`` leaves it out."""
    folders = {f.parent for f in (ROOT / 'mmskel').rglob('*.py') if '.mim' not in f.parts}
    assert not [str(folder.relative_to(ROOT)) for folder in sorted(folders) if not (folder / '__init__.py').is_file()]


@pytest.mark.parametrize('module', modules())
def test_public_names_have_docstrings(module):
    try:
        code = importlib.import_module(module)
    except ImportError as error:
        pytest.skip(f'{module} needs {error.name}')
    assert inspect.getdoc(code), f'{module} has no docstring'
    bare = [name for name, thing in vars(code).items()
            if not name.startswith('_') and (inspect.isfunction(thing) or inspect.isclass(thing))
            and thing.__module__ == module and not own_docstring(thing)]
    assert not bare, f'{module}: no docstring: {", ".join(bare)}'


def own_docstring(thing) -> str:
    """A docstring that somebody wrote: not a parent's, not the signature that dataclasses and tuples put in."""
    text = (vars(thing).get('__doc__') if inspect.isclass(thing) else thing.__doc__) or ''
    return '' if text.startswith(f'{thing.__name__}(') else text
