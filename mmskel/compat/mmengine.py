"""Repairs of mmengine, and the registration that lets ``mmskel::...`` config references resolve.

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
    """Put ``new`` wherever ``old`` was imported under its own name."""
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
        raise ValueError(f'cannot infer the module name of {package}: '
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
    if not hasattr(torch.serialization, 'add_safe_globals'):
        return f'torch {torch.__version__} has no way to allow classes for safe loading'
    if module.HistoryBuffer in torch.serialization.get_safe_globals():
        return 'mmengine registers HistoryBuffer for safe loading itself'
    return ''


def _allow_history_buffer(module: ModuleType) -> None:
    """Let torch's safe loading read what mmengine writes into a checkpoint, and nothing more.

    ``torch.load`` is untouched. NumPy's arrays are rebuilt from checked parts.
    """
    import torch

    from mmskel.files.numpy_parts import SAFE_GLOBALS, named
    torch.serialization.add_safe_globals(
        [module.HistoryBuffer, *SAFE_GLOBALS, named(_statistics_of(module.HistoryBuffer), 'builtins.getattr')])


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


def _loads_safely(module: ModuleType) -> str:
    return '' if hasattr(module, 'torch') and hasattr(module, 'load_url') else 'mmengine loads in another way'


def _load_safely(module: ModuleType) -> None:
    """Read every checkpoint, whatever its URL scheme, with mmskel's loader.

    All schemes end in the module's ``torch.load`` or ``load_url``, so these two are replaced, in this module alone.
    """
    safe = ModuleType('torch')
    vars(safe).update(vars(module.torch), load=_read_safely)
    module.torch, module.load_url = safe, _download_and_read


def _read_safely(f: Any, map_location: Any = None, **ignored: Any) -> Any:
    from mmskel.checkpoints import read_data
    return read_data(f, map_location)


def _download_and_read(url: str, model_dir: str | None = None, map_location: Any = None, progress: bool = True,
                       **ignored: Any) -> Any:
    from mmskel.checkpoints import download, read_data
    return read_data(download(url, model_dir, progress), map_location)


def _finds_moved(module: ModuleType) -> str:
    return '' if hasattr(module, 'find_latest_checkpoint') else 'mmengine looks for the last checkpoint elsewhere'


def _find_moved(module: ModuleType) -> None:
    """Look for the last checkpoint in the work dir itself, wherever that was when it was written."""
    original = module.find_latest_checkpoint

    def find_latest_checkpoint(path: str) -> str | None:
        last = original(path)
        here = osp.join(path, osp.basename(last)) if last else ''
        return here if last and '://' not in last and osp.isfile(here) else last

    _replace_everywhere(original, find_latest_checkpoint)


def _knows_mmskel(module: ModuleType) -> str:
    return 'mmengine lists mmskel itself' if 'mmskel' in module.MODULE2PACKAGE else ''


def _list_mmskel(module: ModuleType) -> None:
    module.MODULE2PACKAGE['mmskel'] = 'mmskel'


def _knows_scope(module: ModuleType) -> str:
    return '' if hasattr(module.Config, '_get_cfg_path') else 'mmengine no longer gives base configs a scope'


def _read_in_mmaction_scope(module: ModuleType) -> None:
    """Give a ``mmskel::`` base the scope ``mmaction``, in whose registries our classes are."""
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
        'setuptools 82 dropped and which gives the wrong folder for an editable mmskel',
        healthy=_uses_no_pkg_resources,
        fix=_look_up_by_metadata),
    Repair(
        package='mmengine',
        name='resume with safe loading',
        modules=('mmengine.logging.history_buffer', ),
        issue='https://github.com/open-mmlab/mmengine/issues/1655',
        why='torch >= 2.6 loads with weights_only=True and refuses the HistoryBuffer in every '
        'training checkpoint',
        healthy=_loads_checkpoints,
        fix=_allow_history_buffer),
    Repair(
        package='mmengine',
        name='safe loading of every checkpoint',
        modules=('mmengine.runner.checkpoint', ),
        issue='https://github.com/open-mmlab/mmengine/issues/1655',
        why='mmengine calls torch.load without weights_only, so that a checkpoint runs code on torch < 2.6, and on '
        'later ones if TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD is set',
        healthy=_loads_safely,
        fix=_load_safely),
    Repair(
        package='mmengine',
        name='resume in a moved work dir',
        modules=('mmengine.runner.checkpoint', ),
        issue='none, it is a limitation',
        why='last_checkpoint holds the path of the work dir at the time it was written',
        healthy=_finds_moved,
        fix=_find_moved),
    Repair(
        package='mmengine',
        name='mmskel:: config references',
        modules=('mmengine.config.utils', ),
        issue='none, it is a registration',
        why='mmengine resolves package::config only for the packages in its MODULE2PACKAGE, so '
        'mmskel is added there',
        healthy=_knows_mmskel,
        fix=_list_mmskel),
    Repair(
        package='mmengine',
        name='scope of mmskel:: configs',
        modules=('mmengine.config.config', ),
        issue='none, it is a registration',
        why='mmengine builds the types of a package::config in the registries of that package, but our classes '
        'are in those of mmaction',
        healthy=_knows_scope,
        fix=_read_in_mmaction_scope),
)
