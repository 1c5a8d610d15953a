"""``mmskel doctor``: what is installed, what was repaired, what is missing and what to do about it.

The verdict is about the main job, training and testing a skeleton recogniser; person detection,
pose estimation and the rest are optional parts.
"""
from __future__ import annotations

import importlib
import os
import platform
import re
import shlex
import sys
import textwrap
import warnings
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mmskel import compat
from mmskel.version import __version__

PYTHON = ('3.10', '3.14')


@dataclass(frozen=True)
class Package:
    """A package with the versions that are supported: ``low <= version < high``.

    Attributes:
        module: Import name.
        low: Lowest version, '' if any will do.
        high: First version that is too new, '' if none is known.
        distributions: Names under which the module is published.
        required: Whether the main job needs it.
    """
    module: str
    low: str
    high: str
    distributions: tuple[str, ...]
    required: bool = True

    @property
    def supported(self) -> str:
        """The range in words."""
        limits = [f'>= {self.low}'] * bool(self.low) + [f'< {self.high}'] * bool(self.high)
        return f'supported: {", ".join(limits) or "any version"}'


@dataclass(frozen=True)
class Part:
    """An optional part: what it is for and the modules it needs."""
    name: str
    purpose: str
    modules: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """One line of the report; ``requirement`` is what would have to be installed to mend it, and
    ``obsolete`` the distributions to be uninstalled before."""
    mark: str
    name: str
    text: str
    requirement: str = ''
    obsolete: tuple[str, ...] = ()


PACKAGES = (
    Package('torch', '2.1', '', ('torch', )),
    Package('numpy', '1.26', '', ('numpy', )),
    Package('mmengine', '0.10.7', '1', ('mmengine', 'mmengine-lite', 'onedl-mmengine')),
    Package('mmcv', '2.1', '2.2', ('mmcv', 'mmcv-lite')),
    Package('mmaction', '1.2.0', '1.2.1', ('mmaction2', )),
    Package('mmdet', '3.2', '3.4', ('mmdet', ), required=False),
    Package('mmpose', '1.3.2', '1.3.3', ('mmpose', ), required=False),
    Package('cv2', '', '', ('opencv-python-headless', 'opencv-python', 'opencv-contrib-python',
                             'opencv-contrib-python-headless')),
)

PARTS = (
    Part('mmdet', 'finding persons in videos', ('mmdet.models', 'mmdet.apis')),
    Part('mmpose', 'estimating and drawing poses',
         ('mmpose.models', 'mmpose.apis', 'mmpose.visualization')),
    Part('cv2', 'pictures, cameras and writing videos', ('cv2', )),
    Part('av', 'reading videos', ('av', )),
    Part('decord', 'video decoder of mmaction2', ('decord', )),
    Part('matplotlib', 'plots and skeleton pictures', ('matplotlib.pyplot', )),
    Part('tensorboard', 'training curves', ('torch.utils.tensorboard', )),
    Part('onnx', 'exporting models', ('onnx', 'onnxruntime')),
    Part('onnxruntime', 'running exported models', ('onnxruntime', )),
    Part('torchvision', 'faster detection operators, never required', ('torchvision', )),
)

# Distributions that install a module of another name.
PUBLISHED_AS = dict(
    cv2='opencv-python-headless', PIL='pillow', yaml='pyyaml', mmaction='mmaction2',
    mmcv='mmcv-lite', mmengine='mmengine-lite', importlib_metadata='importlib-metadata',
    distutils='setuptools')


def python_finding() -> Finding:
    """Whether this Python is one of those the project is tested with."""
    low, high = (_release(version) for version in PYTHON)
    good = low <= sys.version_info[:2] < high
    return Finding('ok' if good else 'untested', f'Python {platform.python_version()}',
                   f'supported: >= {PYTHON[0]}, < {PYTHON[1]}')


def package_findings() -> list[Finding]:
    """Versions of the packages that matter against the supported ranges."""
    return [_package_finding(package) for package in PACKAGES]


def _package_finding(package: Package) -> Finding:
    installed = _installed(package)
    requirement = _requirement(package.module)
    if not installed:
        mark = 'missing' if package.required else 'absent'
        return Finding(mark, package.module, f'not installed; {package.supported}', requirement)
    name = ', '.join(f'{distribution} {version}' for distribution, version in installed.items())
    if len(installed) > 1:
        text = f'these write into the same folder {package.module}/; one must go'
        return Finding('conflict', name, text, requirement, tuple(installed))
    version = _release(next(iter(installed.values())))
    good = _release(package.low) <= version and (not package.high
                                                 or version < _release(package.high))
    if good:
        return Finding('ok', name, package.supported)
    obsolete = tuple(old for old in installed if old != _name(requirement))
    return Finding('untested', name, package.supported, requirement, obsolete)


def _installed(package: Package) -> dict[str, str]:
    """Distribution to version; a module without distribution (a source folder) counts, too."""
    found = {}
    for distribution in package.distributions:
        try:
            found[distribution] = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    if not found:
        try:
            module = importlib.import_module(package.module)
            found[package.module] = str(module.__version__)
        except Exception:  # absent, or broken: what breaks it is shown with the main job
            return {}
    return found


def _release(version: str) -> tuple[int, ...]:
    """'2.13.0+cpu' to (2, 13)."""
    numbers = [int(n) for n in re.match(r'[\d.]*', version).group().split('.') if n]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def torch_findings() -> list[Finding]:
    """Devices and threads that torch sees."""
    try:
        import torch
    except Exception as error:  # a torch that fails to load can raise anything
        return [Finding('missing', 'devices', f'torch does not import: {_reason(error)}')]
    threads = f'{torch.get_num_threads()} threads, {os.cpu_count()} cores'
    findings = [Finding('ok', 'CPU', threads)]
    if not torch.cuda.is_available():
        built = f'torch was built for CUDA {torch.version.cuda}' if torch.version.cuda else \
            'this torch was built without CUDA'
        return findings + [Finding('absent', 'GPU', f'none usable; {built}')]
    return findings + [
        Finding('ok', f'GPU {i}', torch.cuda.get_device_name(i))
        for i in range(torch.cuda.device_count())
    ]


def part_findings() -> list[Finding]:
    """Which optional parts are usable; tries to import each."""
    return [_part_finding(part) for part in PARTS]


def _part_finding(part: Part) -> Finding:
    try:
        for module in part.modules:
            importlib.import_module(module)
    except Exception as error:  # a compiled package that does not fit can raise anything
        text = f'{part.purpose}: {_reason(error)}'
        if isinstance(error, ModuleNotFoundError):
            return Finding('absent', part.name, text)
        return Finding('broken', part.name, text)
    return Finding('usable', part.name, part.purpose)


def main_job() -> str:
    """Build MMAction2's STGCN, and run a training and a prediction step on a made-up clip.

    Returns:
        What was done.

    Raises:
        Exception: Whatever keeps the main job from running.
    """
    import mmaction.models  # noqa: F401
    import mmengine.runner  # noqa: F401
    import torch
    from mmaction.registry import MODELS
    from mmaction.structures import ActionDataSample
    from mmengine.registry import DefaultScope
    from mmengine.utils.dl_utils import collect_env
    collect_env()  # the runner writes it into every log
    with DefaultScope.overwrite_default_scope('mmaction'):
        model = MODELS.build(
            dict(
                type='RecognizerGCN',
                backbone=dict(type='STGCN', graph_cfg=dict(layout='coco', mode='stgcn_spatial')),
                cls_head=dict(type='GCNHead', num_classes=2, in_channels=256)))
    clips = torch.rand(2, 1, 2, 16, 17, 3)  # N, clips, M, T, V, C
    samples = [ActionDataSample().set_gt_label(label) for label in range(2)]
    sum(model(clips, samples, mode='loss').values()).sum().backward()
    with torch.no_grad():
        scores = model.eval()(clips, samples, mode='predict')[0].pred_score
    if scores.shape != (2, ) or not bool(torch.isfinite(scores).all()):
        raise RuntimeError(f'STGCN gave the scores {scores}, not two finite numbers')
    return 'STGCN was built, trained for a step and asked for a prediction'


def advice(findings: list[Finding], error: Exception) -> list[str]:
    """Commands that bring the main job closer to running, in the order to be given."""
    amiss = [f for f in findings if f.mark in ('missing', 'untested', 'conflict')]
    needed = [f.requirement for f in amiss if f.requirement]
    obsolete = [distribution for f in amiss for distribution in f.obsolete]
    if isinstance(error, ModuleNotFoundError) and error.name:
        needed.append(_requirement(error.name.partition('.')[0]))
    # mmengine's environment report dies of it, and nothing needs it.
    obsolete += [f.name for f in findings if (f.mark, f.name) == ('broken', 'torchvision')]
    alone = [r for r in dict.fromkeys(needed) if r in _openmmlab().values()]
    others = [r for r in dict.fromkeys(needed) if r not in alone]
    commands = [f'pip {command} {shlex.join(names)}' for command, names in (
        ('uninstall -y', obsolete), ('install', others), ('install --no-deps', alone)) if names]
    return commands or ['no command is known for this; please report it with the lines above']


def _openmmlab() -> dict[str, str]:
    """Name to requirement of the packages that are installed without their dependencies."""
    text = Path(compat.__file__).with_name('openmmlab.txt').read_text()
    lines = [line.strip() for line in text.splitlines()]
    return {_name(line): line for line in lines if line and not line.startswith('#')}


def _name(requirement: str) -> str:
    return re.match(r'[\w.-]+', requirement).group()


def _requirement(module: str) -> str:
    """What to install for a module, with the supported version where there is one."""
    name = PUBLISHED_AS.get(module, module)
    if name in _openmmlab():
        return _openmmlab()[name]
    for package in PACKAGES:
        if package.module == module and package.low:
            return f'{name}>={package.low}' + (f',<{package.high}' if package.high else '')
    return name


def _reason(error: Exception) -> str:
    first = (str(error).strip() or repr(error)).splitlines()[0]
    return first if isinstance(error, ImportError) else f'{type(error).__name__}: {first}'


def _show(title: str, findings: list[Finding]) -> None:
    print(f'\n{title}')
    for f in findings:
        print(f'  {f.mark:9} {f.name:32} {f.text}')


def _show_repairs() -> None:
    print('\nRepairs')
    for repair in compat.status():
        print(f'  {repair.state.partition(" (")[0]:14} {repair.package}: {repair.name}')
        text = f'{repair.reason}; upstream: {repair.issue}'
        print(textwrap.fill(text, 100, initial_indent=' ' * 17, subsequent_indent=' ' * 17,
                            break_long_words=False, break_on_hyphens=False))


def doctor() -> int:
    """Print a report about this environment.

    Returns:
        0 if the main job can run, 1 if not.
    """
    compat.install()
    print(f'mmskel {__version__} on {platform.platform()}')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # what other packages say about themselves
        packages = [python_finding(), *package_findings()]
        devices = torch_findings()
        try:
            done, error = main_job(), None
        except Exception as raised:  # the report is about whatever it is
            done, error = '', raised
        parts = part_findings()
    _show('Packages', packages)
    _show('Devices', devices)
    _show('Optional parts', parts)
    _show_repairs()
    print('\nVerdict')
    if error is None:
        print(f'  {done}.')
        print('  ready: the main job (training and testing a skeleton recogniser) can run')
        return 0
    print('  not ready: the main job (training and testing a skeleton recogniser) cannot run:\n'
          f'    {_reason(error)}\n  what to do:')
    for command in advice(packages + parts, error):
        print(f'    {command}')
    return 1
