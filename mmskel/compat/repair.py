"""How a repair is described, carried out and reported.

Two finders on ``sys.meta_path`` do the work, and neither imports anything by itself:

- the *hook*, first in the list, answers for a few named modules only. It lets the other finders
  find the module and wraps the run of its code with the repairs for it;
- the *last resort*, at the end of the list, serves our stand-in for a module that upstream lost.
  It is asked only when no other finder knows the name, so the real module always wins.
"""
from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Callable, Iterable

ACTIVE = 'active'
NOT_NEEDED = 'not needed'
WAITING = 'waiting (package not imported)'
ABSENT = 'package absent'


def _do_nothing(module: ModuleType) -> None:
    return None


@dataclass(frozen=True, eq=False)
class Repair:
    """One defect of a third-party package, and its repair.

    Attributes:
        package: Import name of the defective package.
        name: Subject of the repair, unique within the package.
        modules: Full names of the modules whose import triggers the repair.
        issue: Upstream's own report of the defect.
        why: Symptom and cause, in one sentence.
        healthy: Function of the module that says in words why nothing needs to be done, '' if the defect
            is present.
        fix: Function that repairs a module that ``healthy`` reports as defective. It runs after
            the module's code, or before it if ``before`` is set; then it may return a function
            that is called after the code has run.
        before: Whether ``healthy`` and ``fix`` run before the module's own code.
        stand_in: Full name of our module that is served under each name in ``modules`` when no
            other finder has it; the other functions are not used then.
        needs: Import name of the package without which the repair is pointless; ``package``
            unless given.
    """
    package: str
    name: str
    modules: tuple[str, ...]
    issue: str
    why: str
    healthy: Callable[[ModuleType], str] = lambda module: ''
    fix: Callable[[ModuleType], Callable[[], None] | None] = _do_nothing
    before: bool = False
    stand_in: str = ''
    needs: str = ''


@dataclass(frozen=True)
class Status:
    """The outcome of a repair: its state is one of ``ACTIVE``, ``NOT_NEEDED``, ``WAITING`` and
    ``ABSENT``, and ``reason`` says why in words."""
    package: str
    name: str
    issue: str
    state: str
    reason: str


class RepairHook:
    """Meta path finder that runs repairs and callbacks around the import of named modules."""

    def __init__(self) -> None:
        self.repairs: dict[str, list[Repair]] = {}
        self.callbacks: dict[str, list[Callable[[ModuleType], None]]] = {}
        self.findings: dict[Repair, dict[str, str]] = {}

    def find_spec(self, name: str, path=None, target=None):
        """Find a named module by the other finders, and wrap the run of its code."""
        if name not in self.repairs and name not in self.callbacks:
            return None
        spec = _spec_from_others(name, path, target, without=(self, ))
        if spec is not None and spec.loader is not None:
            spec.loader = _RepairingLoader(spec.loader, self.run)
        return spec

    def run(self, module: ModuleType, run: Callable[[ModuleType], None]) -> None:
        """Run the code of a module, with the repairs for it before and after."""
        repairs = self.repairs.get(module.__name__, ())
        endings = [self._apply(repair, module) for repair in repairs if repair.before]
        try:
            run(module)
        finally:
            for end in filter(None, endings):
                end()
        for repair in repairs:
            if not repair.before:
                self._apply(repair, module)
        for function in self.callbacks.get(module.__name__, ()):
            function(module)

    def _apply(self, repair: Repair, module: ModuleType) -> Callable[[], None] | None:
        reason = repair.healthy(module)
        self.findings.setdefault(repair, {})[module.__name__] = reason
        return None if reason else repair.fix(module)

    def add(self, repair: Repair) -> None:
        """Register a repair; a module that is already imported is repaired at once."""
        for name in repair.modules:
            repairs = self.repairs.setdefault(name, [])
            if repair in repairs:
                continue
            repairs.append(repair)
            if not _imported(name):
                continue
            if repair.before:
                self.findings.setdefault(repair, {})[name] = 'it was imported without any problem'
            else:
                self._apply(repair, sys.modules[name])


class _RepairingLoader:
    """Stands before the loader of a module until the module's code is to be run."""

    def __init__(self, loader, around: Callable) -> None:
        self._loader, self._around = loader, around

    def __getattr__(self, name: str):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__.loader = module.__loader__ = self._loader
        self._around(module, self._loader.exec_module)


class LastResort:
    """Meta path finder that serves stand-ins for modules nobody else has."""

    def __init__(self) -> None:
        self.repairs: dict[str, Repair] = {}

    def find_spec(self, name: str, path=None, target=None):
        """Serve our stand-in for ``name``, if there is one."""
        repair = self.repairs.get(name)
        # A finder that was added after this one takes precedence, too.
        if repair is None or _spec_from_others(name, path, target, without=(HOOK, self)):
            return None
        is_package = any(other.startswith(f'{name}.') for other in repair.modules)
        return importlib.util.spec_from_loader(
            name, StandInLoader(repair.stand_in), origin=repair.stand_in, is_package=is_package)

    def add(self, repair: Repair) -> None:
        """Register a repair that has a stand-in."""
        self.repairs.update(dict.fromkeys(repair.modules, repair))


class StandInLoader:
    """Fills a module with the names of one of ours, so that both share the same objects."""

    def __init__(self, stand_in: str) -> None:
        self.stand_in = stand_in

    def create_module(self, spec) -> None:
        """Leave the creation of the module to the import system."""

    def exec_module(self, module: ModuleType) -> None:
        """Copy the names of the stand-in, ``__doc__`` and ``__getattr__`` included."""
        for name, value in vars(importlib.import_module(self.stand_in)).items():
            if not name.startswith('__') or name in ('__doc__', '__getattr__'):
                setattr(module, name, value)


HOOK, LAST_RESORT = RepairHook(), LastResort()


def install(repairs: Iterable[Repair]) -> None:
    """Register ``repairs``; those already registered are left as they are."""
    _place_finders()
    for repair in repairs:
        (LAST_RESORT if repair.stand_in else HOOK).add(repair)


def after_import(module_name: str, function: Callable[[ModuleType], None]) -> None:
    """Call ``function(module)`` when ``module_name`` has been imported, or now if it already is.

    The call is repeated when the module is reloaded. Nothing is imported by this function.
    """
    _place_finders()
    HOOK.callbacks.setdefault(module_name, []).append(function)
    if _imported(module_name):
        function(sys.modules[module_name])


def status(repairs: Iterable[Repair]) -> list[Status]:
    """Report the outcome of each of ``repairs``; imports nothing."""
    return [Status(r.package, r.name, r.issue, *_state(r)) for r in repairs]


def source_of(module: ModuleType) -> str:
    """Source text of a module, '' if there is none; its code need not have run."""
    get_source = getattr(module.__spec__.loader, 'get_source', None)
    return (get_source(module.__name__) if get_source else None) or ''


def _place_finders() -> None:
    if HOOK not in sys.meta_path:
        sys.meta_path.insert(0, HOOK)
    if LAST_RESORT not in sys.meta_path:
        sys.meta_path.append(LAST_RESORT)


def _spec_from_others(name: str, path=None, target=None, without: tuple = ()):
    for finder in sys.meta_path:
        find = None if finder in without else getattr(finder, 'find_spec', None)
        spec = find(name, path, target) if find else None
        if spec is not None:
            return spec
    return None


def _exists(name: str, path=None) -> bool:
    """Whether there is such a module, stand-ins not counted."""
    try:
        return _spec_from_others(name, path, without=(HOOK, LAST_RESORT)) is not None
    except ImportError:  # a finder's way to forbid a name
        return False


def _imported(name: str) -> bool:
    """Whether a module's code has run to its end."""
    module = sys.modules.get(name)
    spec = getattr(module, '__spec__', None)
    return module is not None and not getattr(spec, '_initializing', False)


def _state(repair: Repair) -> tuple[str, str]:
    if repair.stand_in:
        return _stand_in_state(repair)
    findings = HOOK.findings.get(repair, {}).values()
    if '' in findings:
        return ACTIVE, repair.why
    if findings:
        return NOT_NEEDED, next(iter(findings))
    return _untouched(repair)


def _stand_in_state(repair: Repair) -> tuple[str, str]:
    name = repair.modules[0]
    parent = name.rpartition('.')[0]
    if name in sys.modules:
        loader = getattr(getattr(sys.modules[name], '__spec__', None), 'loader', None)
        if isinstance(loader, StandInLoader):
            return ACTIVE, repair.why
        return NOT_NEEDED, f'the real {name} is in use'
    if not parent or parent in sys.modules:
        path = sys.modules[parent].__path__ if parent else None
        if _exists(name, path):
            return NOT_NEEDED, f'the real {name} is installed'
    return _untouched(repair)


def _untouched(repair: Repair) -> tuple[str, str]:
    needed = repair.needs or repair.package
    if not _exists(needed):
        return ABSENT, f'{needed} is not installed'
    return WAITING, f'{repair.modules[0]} has not been imported yet'
