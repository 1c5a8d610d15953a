"""Gives one module the names that NumPy dropped; NumPy itself is not touched."""
from __future__ import annotations

import re
from types import ModuleType

from mmskel.compat.repair import source_of

ISSUE = 'none found; see https://numpy.org/doc/stable/numpy_2_0_migration_guide.html'
TODAY = dict(Inf='inf', trapz='trapezoid', float='float64', in1d='isin')


def _lost(module: ModuleType) -> list[str]:
    """The names that the module's source uses and its NumPy does not have."""
    used = re.findall(rf'\bnp\.({"|".join(TODAY)})\b', source_of(module))
    return sorted(name for name in set(used) if not hasattr(module.np, name))


def healthy(module: ModuleType) -> str:
    """'' where ``module`` uses a name that NumPy dropped, else the reason why there is nothing to do."""
    if _lost(module):
        return ''
    return f'NumPy has every name that {module.__name__} uses'


def fix(module: ModuleType) -> None:
    """Put a copy of NumPy's namespace, with the missing names added, into ``module`` as ``np``."""
    numpy = ModuleType('numpy')
    vars(numpy).update(vars(module.np))
    for name in _lost(module):
        setattr(numpy, name, getattr(numpy, TODAY[name]))
    module.np = numpy
