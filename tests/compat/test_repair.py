"""The mechanism: hook, last resort, callbacks and status, on packages made up for the purpose."""
import importlib
import sys

import pytest

from mmskel.compat import repair
from mmskel.compat.repair import Repair


@pytest.fixture(autouse=True)
def own_finders(monkeypatch):
    """Finders of the test's own, and an import system that is as before when it ends."""
    theirs = repair.HOOK, repair.LAST_RESORT
    monkeypatch.setattr(sys, 'meta_path', [f for f in sys.meta_path if f not in theirs])
    monkeypatch.setattr(repair, 'HOOK', repair.RepairHook())
    monkeypatch.setattr(repair, 'LAST_RESORT', repair.LastResort())
    modules = set(sys.modules)
    yield
    for name in set(sys.modules) - modules:
        del sys.modules[name]


@pytest.fixture
def write(tmp_path, monkeypatch):
    """``write(path, text)`` makes a module that can be imported."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(path, text=''):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        importlib.invalidate_caches()

    return write


def make(**changes):
    """A repair that turns ``answer`` of the module ``sick`` from 41 into 42."""
    fields = dict(package='sick', name='answer', modules=('sick', ), issue='none', why='it is 41',
                  healthy=lambda module: '' if module.answer == 41 else 'it is right',
                  fix=lambda module: setattr(module, 'answer', 42))
    return Repair(**{**fields, **changes})


def state(one):
    return repair.status([one])[0].state, repair.status([one])[0].reason


def test_repairs_on_import(write):
    write('sick.py', 'answer = 41')
    one = make()
    repair.install([one])
    assert state(one) == (repair.WAITING, 'sick has not been imported yet')
    import sick
    assert sick.answer == 42
    assert state(one) == (repair.ACTIVE, 'it is 41')
    assert sick.__loader__.__class__.__name__ == 'SourceFileLoader'


def test_repairs_what_is_imported_already(write):
    write('sick.py', 'answer = 41')
    import sick
    repair.install([make()])
    assert sick.answer == 42


def test_leaves_the_healthy_alone(write):
    write('sick.py', 'answer = 40')
    one = make()
    repair.install([one])
    import sick
    assert sick.answer == 40
    assert state(one) == (repair.NOT_NEEDED, 'it is right')


def test_repairs_again_after_reload(write):
    write('sick.py', 'answer = 41')
    repair.install([make()])
    import sick
    assert importlib.reload(sick).answer == 42


def test_absent_package(monkeypatch):
    assert state(make()) == (repair.ABSENT, 'sick is not installed')

    class Forbidding:

        @staticmethod
        def find_spec(name, path=None, target=None):
            raise ModuleNotFoundError(name)

    monkeypatch.setattr(sys, 'meta_path', [Forbidding, *sys.meta_path])
    assert state(make()) == (repair.ABSENT, 'sick is not installed')


def test_install_is_idempotent(write):
    calls = []
    write('sick.py', 'answer = 41')
    one = make(fix=calls.append)
    repair.install([one])
    before = list(sys.meta_path)
    import sick  # noqa: F401
    repair.install([one])
    assert sys.meta_path == before
    assert sys.meta_path[0] is repair.HOOK and sys.meta_path[-1] is repair.LAST_RESORT
    assert len(calls) == 1


def test_before_runs_first_and_ends_even_when_the_import_fails(write):
    events = []

    def fix(module):
        events.append(('before', hasattr(module, 'answer')))
        return lambda: events.append('end')

    write('sick.py', 'answer = 41\nraise RuntimeError("broken")')
    repair.install([make(before=True, healthy=lambda module: '', fix=fix)])
    with pytest.raises(RuntimeError, match='broken'):
        import sick
    assert events == [('before', False), 'end']
    write('sick.py', 'answer = 4141')
    import sick
    assert sick.answer == 4141 and len(events) == 4


def test_before_is_not_needed_for_what_is_imported_already(write):
    write('sick.py')
    import sick  # noqa: F401
    one = make(before=True)
    repair.install([one])
    assert state(one) == (repair.NOT_NEEDED, 'it was imported without any problem')


def test_stand_in_serves_what_is_lost(write):
    write('sick/__init__.py')
    write('ours.py', '"""Ours."""\nclass Thing: ...\ndef __getattr__(name): return name + "!"')
    one = make(modules=('sick.lost', 'sick.lost.deep'), stand_in='ours')
    repair.install([one])
    assert state(one)[0] == repair.WAITING
    import ours
    import sick.lost.deep
    assert sick.lost.deep.Thing is sick.lost.Thing is ours.Thing
    assert sick.lost.anything == 'anything!' and sick.lost.__doc__ == 'Ours.'
    assert sick.lost.__name__ == 'sick.lost'
    assert state(one) == (repair.ACTIVE, 'it is 41')


def test_stand_in_gives_way_to_the_real_one(write):
    write('sick/__init__.py')
    write('sick/lost.py', 'real = True')
    one = make(modules=('sick.lost', ), stand_in='ours')
    repair.install([one])
    import sick
    assert state(one) == (repair.NOT_NEEDED, 'the real sick.lost is installed')
    assert importlib.import_module('sick.lost').real
    assert state(one) == (repair.NOT_NEEDED, 'the real sick.lost is in use')
    assert sick.lost.real


def test_stand_in_gives_way_to_another_finder(write):
    """An editable install's finder may come to the list after ours."""
    write('elsewhere.py', 'real = True')
    repair.install([make(modules=('lost', ), stand_in='ours')])

    class Editable:

        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == 'lost':
                return importlib.util.spec_from_file_location(
                    name, importlib.util.find_spec('elsewhere').origin)

    sys.meta_path.append(Editable)
    repair.install([])
    import lost
    assert lost.real


def test_after_import(write):
    seen = []
    write('later.py', 'x = 1')
    repair.after_import('later', lambda module: seen.append(module.x))
    repair.after_import('later', lambda module: seen.append(module.x + 1))
    assert seen == []
    import later
    assert seen == [1, 2]
    repair.after_import('later', lambda module: seen.append(module.__name__))
    assert seen == [1, 2, 'later']
    importlib.reload(later)
    assert seen == [1, 2, 'later', 1, 2, 'later']


def test_after_import_waits_for_the_end_of_an_import(write):
    write('later.py', 'import register_now\nx = 1')
    write('register_now.py', 'from mmskel.compat import repair\nimport seen\n'
          'repair.after_import("later", lambda module: seen.xs.append(module.x))')
    write('seen.py', 'xs = []')
    import seen
    repair.after_import('later', lambda module: seen.xs.append(0))
    import later  # noqa: F401
    assert seen.xs == [0, 1]


def test_after_import_of_a_built_in_module():
    seen = []
    name = next(n for n in sys.builtin_module_names if n not in sys.modules and n != '__main__')
    repair.after_import(name, seen.append)
    assert seen == [importlib.import_module(name)]


def test_source_of(write):
    write('plain.py', 'x = 1')
    import plain
    assert repair.source_of(plain) == 'x = 1'
    assert repair.source_of(sys) == ''
