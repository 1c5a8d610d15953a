"""No function that a person calls has so many parameters that nobody remembers their order."""
import ast
from pathlib import Path

import pytest

import mmskel

APIS = Path(mmskel.__file__).parent / 'apis'


@pytest.mark.parametrize('path', sorted(APIS.rglob('*.py')), ids=lambda path: path.name)
def test_at_most_eight_parameters(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            given = node.args
            names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
            names = [name for name in names if name not in ('self', 'cls')]
            name = getattr(node, 'name', 'lambda')
            assert len(names) <= 8, f'{path.name}:{node.lineno}: {name} has {len(names)} parameters; group them'
            assert given.kwarg is None, f'{path.name}:{node.lineno}: {name} hides parameters in **{given.kwarg.arg}'
