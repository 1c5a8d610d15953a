"""How the package is laid out: who imports whom, how long files are, what has a docstring.

A room imports only from its own room and from lower floors. What is imported inside a function counts, too.
"""
import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / 'mmskel'
FLOORS = {1: ('compat', 'version', 'cards', 'language', 'parallel', 'files', 'checkpoints', 'skeleton'),
          2: ('video', 'models', 'body', 'interop', 'evaluation'), 3: ('data', 'pose', 'engine'),
          4: ('configuration', 'synthetic', 'visualization'), 5: ('apis', ), 6: ('export', 'web'), 7: ('commands', ),
          8: ('cli', ), 9: ('__main__', '__init__')}
FLOOR = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
WALLS = [('visualization', 'pose'), ('body', 'pose'), ('body', 'models/backbones'), ('language', 'skeleton'),
         ('files', 'skeleton'), ('files', 'compat'), ('video', 'data'), ('video', 'models'), ('video', 'evaluation')]
MAX_LINES, MAX_PARAMETERS = 300, 8
FILES = {path.relative_to(ROOT).with_suffix('').as_posix(): path for path in sorted(ROOT.rglob('*.py')) if '.mim' not in path.parts}
TREES = {name: ast.parse(path.read_text()) for name, path in FILES.items()}


def imported(name):
    """The files of ours that a file imports, and the lines."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or '').partition('.')[0] == 'mmskel':
            base = node.module.replace('.', '/').removeprefix('mmskel').lstrip('/')
            names = [f'{base}/{one.name}'.lstrip('/') for one in node.names]
        elif isinstance(node, ast.Import):
            names = [one.name.replace('.', '/').removeprefix('mmskel/') for one in node.names if one.name.startswith('mmskel.')]
        else:
            assert not (isinstance(node, ast.ImportFrom) and node.level), f'{name}: a relative import'
            continue
        for one in names:
            while one and one not in FILES and f'{one}/__init__' not in FILES:
                one = one.rpartition('/')[0]
            if one:
                yield one, node.lineno


def room(name):
    return name.partition('/')[0]


def test_every_room_has_a_floor():
    assert {room(name) for name in FILES} <= set(FLOOR)


def test_rooms_import_from_lower_floors_alone():
    wrong = [f'{name}:{line}: floor {FLOOR[room(name)]} imports {target} of floor {FLOOR[room(target)]}'
             for name in FILES for target, line in imported(name)
             if FLOOR[room(target)] > FLOOR[room(name)]]
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('inside, never', WALLS)
def test_walls(inside, never):
    wrong = [f'{name}:{line} imports {target}' for name in FILES if room(name) == inside
             for target, line in imported(name) if target == never or target.startswith(f'{never}/')]
    assert not wrong, '\n'.join(wrong)


def test_layers_are_used_by_two_systems():
    """What one paper needs stands in its backbone, or in kernels if it has a backward of its own."""
    from mmskel.models import layers
    users = {}
    for name, tree in TREES.items():
        if not name.startswith('models/layers/'):
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and (node.module or '').startswith('mmskel.models.layers'):
                    for one in node.names:
                        users.setdefault(one.name, set()).add(name)
    classes = [one for one in layers.__all__ if isinstance(getattr(layers, one), type)]
    alone = {one: users.get(one) for one in classes if len(users.get(one, ())) < 2 and one not in ('DropPath', 'FastDropout')}
    assert not alone


@pytest.mark.parametrize('name', FILES)
def test_a_file_is_short_and_explained(name):
    lines = len(FILES[name].read_text().splitlines())
    assert lines <= MAX_LINES, f'{name}: {lines} lines; more than one thing lives here'
    assert ast.get_docstring(TREES[name]), f'{name}: what is in this file?'
    assert name.rpartition('/')[2] not in ('utils', 'helpers', 'misc', 'common'), f'{name}: a drawer; name the thing'
    public = [node for node in TREES[name].body if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith('_')]
    bare = [f'{name}:{node.lineno}: {node.name}' for node in public if not ast.get_docstring(node)]
    assert not bare, 'public, without a docstring: ' + ', '.join(bare)
    asserts = [node.lineno for node in ast.walk(TREES[name]) if isinstance(node, ast.Assert)]
    assert not asserts, f'{name}, lines {asserts}: a bare assert; a user needs a sentence'


@pytest.mark.parametrize('name', [name for name in FILES if room(name) == 'apis'])
def test_functions_of_apis_have_few_parameters(name):
    many = []
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.FunctionDef):
            args = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs) if one.arg not in ('self', 'cls')]
            if len(args) > MAX_PARAMETERS:
                many.append(f'{node.name} ({len(args)})')
    assert not many, f'{name}: more than {MAX_PARAMETERS} parameters: {", ".join(many)}'


def test_a_users_mistake_has_one_base_class():
    """Commands print a UserError in one line; a plain ValueError would show a traceback for a wrong option.

    What reads a pickle or an array raises plain errors inside and turns them into a UserError at its own door.
    """
    wrong = [f'{name}:{node.lineno}' for name, tree in TREES.items() if room(name) not in ('compat', 'files')
             for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
             and getattr(node.exc.func, 'id', '') in ('ValueError', 'ImportError', 'AssertionError')]
    assert not wrong, '\n'.join(wrong)
