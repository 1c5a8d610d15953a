"""Repairs of mmengine, and the entry that makes ``mmskel::...`` config references resolve.

The functions import ``importlib.metadata`` themselves, because it is slow to import.
"""
from __future__ import annotations

import importlib.util
import os.path as osp
import pickle
import sys
from types import ModuleType
from typing import Any, Callable

from mmskel.compat.repair import Repair


def _uses_no_pkg_resources(module: ModuleType) -> str:
    if 'pkg_resources' not in module.is_installed.__code__.co_names:
        return 'mmengine no longer uses pkg_resources'
    if importlib.util.find_spec('pkg_resources') is not None and not _is_editable('mmskel'):
        return 'pkg_resources is installed (setuptools < 82)'
    return ''


def _is_editable(package: str) -> bool:
    """Whether a distribution's module lies elsewhere than pkg_resources says."""
    from importlib import metadata
    try:
        return not osp.exists(str(metadata.distribution(package).locate_file(package)))
    except metadata.PackageNotFoundError:
        return False


def _look_up_by_metadata(module: ModuleType) -> None:
    for function in (is_installed, get_installed_path, package2module):
        _replace_everywhere(getattr(module, function.__name__), function)


def _replace_everywhere(old: Callable, new: Callable) -> None:
    """Put ``new`` wherever ``old`` was imported to by its own name."""
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType) and vars(module).get(new.__name__) is old:
            setattr(module, new.__name__, new)


def is_installed(package: str) -> bool:
    """Whether ``package`` is an installed distribution, or a regular package on the path."""
    from importlib import metadata
    try:
        metadata.distribution(package)
        return True
    except metadata.PackageNotFoundError:
        spec = importlib.util.find_spec(package)
        return spec is not None and spec.origin is not None


def package2module(package: str) -> str:
    """Name of the module that the distribution ``package`` installs.

    Raises:
        ValueError: The distribution does not say.
    """
    from importlib import metadata
    modules = (metadata.distribution(package).read_text('top_level.txt') or '').split()
    if not modules:
        raise ValueError(f'can not infer the module name of {package}: '
                         'its metadata has no top_level.txt')
    return modules[0]


def get_installed_path(package: str) -> str:
    """Folder of an installed distribution's module; editable installs included.

    Raises:
        importlib.metadata.PackageNotFoundError: ``package`` is neither a distribution nor a module.
        RuntimeError: ``package`` is a namespace package, which has no one folder.
    """
    from importlib import metadata
    module = package
    try:
        root = str(metadata.distribution(package).locate_file(''))
        if osp.exists(osp.join(root, package)):
            return osp.join(root, package)
        module = package2module(package)
        if osp.exists(osp.join(root, module)):
            return osp.join(root, module)
    except metadata.PackageNotFoundError:
        if importlib.util.find_spec(package) is None:
            raise
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise RuntimeError(f'{package} is a namespace package, which is invalid for '
                           '`get_install_path`')
    return osp.dirname(spec.origin)


def _loads_checkpoints(module: ModuleType) -> str:
    import torch
    if torch.__version__ < (2, 6):
        return f'torch {torch.__version__} does not load with weights_only=True by default'
    if module.HistoryBuffer in torch.serialization.get_safe_globals():
        return 'mmengine registers HistoryBuffer for safe loading itself'
    return ''


def _allow_history_buffer(module: ModuleType) -> None:
    """Let torch's safe loading read what mmengine puts into a checkpoint, and nothing more.

    ``torch.load`` is untouched. NumPy's reconstructors are known by two names, for files written
    with NumPy 1 and 2; an empty array is pickled as a call of ``bytes``.
    """
    import numpy as np
    import torch
    try:
        from numpy._core import multiarray
    except ImportError:  # NumPy 1
        from numpy.core import multiarray
    allowed: list[Any] = [module.HistoryBuffer, np.ndarray, np.dtype, bytes]
    allowed += [type(np.dtype(code)) for code in '?bBhHiIlLqQefd']
    for path in ('numpy.core.multiarray', 'numpy._core.multiarray'):
        allowed += [(multiarray._reconstruct, f'{path}._reconstruct'),
                    (multiarray.scalar, f'{path}.scalar')]
    allowed.append((_statistics_of(module.HistoryBuffer), 'builtins.getattr'))
    torch.serialization.add_safe_globals(allowed)


def _statistics_of(buffer: type) -> Callable[[Any, str], Callable]:
    """A stand-in for ``getattr`` in pickles that serves the public methods of ``buffer`` only.

    A HistoryBuffer's pickle holds its statistics as ``getattr(HistoryBuffer, 'mean')``.
    """

    def statistic(owner: Any, name: str) -> Callable:
        method = vars(buffer).get(name) if owner is buffer else None
        if name.startswith('_') or not callable(method):
            raise pickle.UnpicklingError(
                f'refused to load {owner!r}.{name}: a checkpoint may name nothing but the '
                f'statistics of {buffer.__name__}')
        return method

    return statistic


def _knows_mmskel(module: ModuleType) -> str:
    return 'mmengine lists mmskel itself' if 'mmskel' in module.MODULE2PACKAGE else ''


def _list_mmskel(module: ModuleType) -> None:
    module.MODULE2PACKAGE['mmskel'] = 'mmskel'


def _knows_scope(module: ModuleType) -> str:
    return '' if hasattr(module.Config, '_get_cfg_path') else 'mmengine no longer gives base configs a scope'


def _read_in_mmaction_scope(module: ModuleType) -> None:
    """Give a ``mmskel::`` base the scope ``mmaction``, in whose registries our classes stand."""
    original = module.Config._get_cfg_path

    def _get_cfg_path(cfg_path: str, filename: str) -> tuple[str, str | None]:
        path, scope = original(cfg_path, filename)
        return path, 'mmaction' if scope == 'mmskel' else scope

    module.Config._get_cfg_path = staticmethod(_get_cfg_path)


REPAIRS = (
    Repair(
        package='mmengine',
        name='package look-up without pkg_resources',
        modules=('mmengine.utils.package_utils', ),
        issue='https://github.com/open-mmlab/mmengine/pull/1676',
        why='is_installed, get_installed_path and package2module import pkg_resources, which '
        'setuptools 82 dropped and which gives a wrong folder for an editable mmskel',
        healthy=_uses_no_pkg_resources,
        mend=_look_up_by_metadata),
    Repair(
        package='mmengine',
        name='resume with safe loading',
        modules=('mmengine.logging.history_buffer', ),
        issue='https://github.com/open-mmlab/mmengine/issues/1655',
        why='torch >= 2.6 loads with weights_only=True and refuses the HistoryBuffer in every '
        'training checkpoint',
        healthy=_loads_checkpoints,
        mend=_allow_history_buffer),
    Repair(
        package='mmengine',
        name='mmskel:: config references',
        modules=('mmengine.config.utils', ),
        issue='none, it is a registration',
        why='mmengine resolves package::config only for the packages in its MODULE2PACKAGE, so '
        'mmskel is entered there',
        healthy=_knows_mmskel,
        mend=_list_mmskel),
    Repair(
        package='mmengine',
        name='scope of mmskel:: configs',
        modules=('mmengine.config.config', ),
        issue='none, it is a registration',
        why='mmengine builds what a package::config names in registries of that package, and ours '
        'stands in those of mmaction',
        healthy=_knows_scope,
        mend=_read_in_mmaction_scope),
)
