"""What is installed: Python, the packages that matter against the supported versions, devices, optional parts."""
from __future__ import annotations

import importlib
import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from mmskel import compat

PYTHON = '>=3.10,<3.14'


def in_words(versions: str) -> str:
    """``'>=2.1,<2.2'`` as ``'supported: >= 2.1, < 2.2'``."""
    limits = sorted(SpecifierSet(versions), key=lambda limit: limit.operator, reverse=True)
    return f'supported: {", ".join(f"{limit.operator} {limit.version}" for limit in limits) or "any version"}'


@dataclass(frozen=True)
class Package:
    """A package with the versions that are supported.

    Args:
        module: Import name.
        versions: Specifier as in requirements, e.g. ``'>=2.1,<2.2'``; '' if any will do.
        distributions: Names under which the module is published.
        required: Whether the main job needs it.
    """
    module: str
    versions: str
    distributions: tuple[str, ...]
    required: bool = True


@dataclass(frozen=True)
class Part:
    """An optional part: what it is for and the modules it needs."""
    name: str
    purpose: str
    modules: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Args:
        mark: One word: ok, untested, missing, absent, conflict, usable or broken.
        name: Subject of the line.
        text: Finding, in words.
        requirement: Requirement to install as a fix.
        obsolete: Distributions to be uninstalled before.
    """
    mark: str
    name: str
    text: str
    requirement: str = ''
    obsolete: tuple[str, ...] = ()


PACKAGES = (
    Package('torch', '>=2.1', ('torch', )),
    Package('numpy', '>=1.26', ('numpy', )),
    Package('mmengine', '>=0.10.7,<1', ('mmengine', 'mmengine-lite', 'onedl-mmengine')),
    Package('mmcv', '>=2.1,<2.2', ('mmcv', 'mmcv-lite')),
    Package('mmaction', '>=1.2.0,<1.2.1', ('mmaction2', )),
    Package('mmdet', '>=3.2,<3.4', ('mmdet', ), required=False),
    Package('mmpose', '>=1.3.2,<1.3.3', ('mmpose', ), required=False),
    Package('cv2', '', ('opencv-python-headless', 'opencv-python', 'opencv-contrib-python',
                        'opencv-contrib-python-headless')),
)

PARTS = (
    Part('mmdet', 'finding persons in videos', ('mmdet.models', 'mmdet.apis')),
    Part('mmpose', 'estimating and drawing poses',
         ('mmpose.models', 'mmpose.apis', 'mmpose.visualization')),
    Part('cv2', 'images, cameras and writing videos', ('cv2', )),
    Part('av', 'reading videos', ('av', )),
    Part('decord', 'video decoder of mmaction2', ('decord', )),
    Part('matplotlib', 'plots and skeleton images', ('matplotlib.pyplot', )),
    Part('tensorboard', 'training curves', ('torch.utils.tensorboard', )),
    Part('onnx', 'exporting models', ('onnx', 'onnxruntime')),
    Part('onnxruntime', 'running exported models', ('onnxruntime', )),
    Part('torchvision', 'faster detection operators, never required', ('torchvision', )),
)

# distributions that install a module of another name
PUBLISHED_AS = dict(
    cv2='opencv-python-headless', PIL='pillow', yaml='pyyaml', mmaction='mmaction2',
    mmcv='mmcv-lite', mmengine='mmengine-lite', importlib_metadata='importlib-metadata',
    distutils='setuptools')


def python_finding() -> Finding:
    """Whether this Python is one of those the project is tested with."""
    version = platform.python_version()
    good = SpecifierSet(PYTHON).contains(version, prereleases=True)
    return Finding('ok' if good else 'untested', f'Python {version}', in_words(PYTHON))


def package_findings() -> list[Finding]:
    """Versions of the packages that matter against the supported ranges."""
    return [package_finding(package) for package in PACKAGES]


def package_finding(package: Package) -> Finding:
    """The version of a package against the supported range."""
    installed, requirement, supported = _installed(package), requirement_of(package.module), in_words(package.versions)
    if not installed:
        mark = 'missing' if package.required else 'absent'
        return Finding(mark, package.module, f'not installed; {supported}', requirement)
    name = ', '.join(f'{distribution} {version}' for distribution, version in installed.items())
    if len(installed) > 1:
        text = f'these write into the same folder {package.module}/; one must go'
        return Finding('conflict', name, text, requirement, tuple(installed))
    if SpecifierSet(package.versions).contains(next(iter(installed.values())), prereleases=True):
        return Finding('ok', name, supported)
    obsolete = tuple(old for old in installed if old != Requirement(requirement).name)
    return Finding('untested', name, supported, requirement, obsolete)


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


def torch_findings() -> list[Finding]:
    """Devices and threads that torch sees."""
    try:
        import torch
    except Exception as error:  # a torch that fails to load can raise anything
        return [Finding('missing', 'devices', f'torch does not import: {reason(error)}')]
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
        text = f'{part.purpose}: {reason(error)}'
        if isinstance(error, ModuleNotFoundError):
            return Finding('absent', part.name, text)
        return Finding('broken', part.name, text)
    return Finding('usable', part.name, part.purpose)


def openmmlab() -> dict[str, str]:
    """Name to requirement of the packages that are installed without their dependencies."""
    text = Path(compat.__file__).with_name('openmmlab.txt').read_text()
    lines = [line.strip() for line in text.splitlines()]
    return {Requirement(line).name: line for line in lines if line and not line.startswith('#')}


def requirement_of(module: str) -> str:
    """What to install for a module, with the supported versions where there are some."""
    name = PUBLISHED_AS.get(module, module)
    if name in openmmlab():
        return openmmlab()[name]
    return name + next((package.versions for package in PACKAGES if package.module == module), '')


def reason(error: Exception) -> str:
    """The first line of what an exception says."""
    first = (str(error).strip() or repr(error)).splitlines()[0]
    return first if isinstance(error, ImportError) else f'{type(error).__name__}: {first}'
