"""``mmskel doctor`` tells what is wrong and what to do, and its exit status says whether it can."""
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from mmskel import compat
from mmskel.apis import environment as module
from mmskel.apis.doctor import advice
from mmskel.apis.environment import Finding, Package

SCRIPT = '''
import sys

class Blocker:
    """As if packages were not installed, although their metadata is there."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition('.')[0] in {blocked!r}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)

sys.meta_path.insert(0, Blocker)
from mmskel.apis.doctor import doctor
raise SystemExit(doctor())
'''


def run_doctor(*blocked):
    root = str(Path(__file__).resolve().parents[2])
    environment = dict(os.environ, OMP_NUM_THREADS='1')
    environment['PYTHONPATH'] = os.pathsep.join([root, os.environ.get('PYTHONPATH', '')])
    return subprocess.run([sys.executable, '-c', SCRIPT.format(blocked=blocked)], text=True,
                          env=environment, capture_output=True, timeout=120)


def test_ready():
    run = run_doctor()
    assert run.returncode == 0, run.stdout + run.stderr
    for text in ('Python', 'torch', 'threads', 'mmcv: operators without compiling', 'decord',
                 'ready: the main job', 'STGCN was built'):
        assert text in run.stdout
    assert 'not ready' not in run.stdout
    assert all(repair.name in run.stdout for repair in compat.REPAIRS)
    assert 'Traceback' not in run.stderr


def test_without_mmaction():
    run = run_doctor('mmaction')
    assert run.returncode == 1, run.stdout + run.stderr
    verdict = run.stdout.partition('Verdict')[2]
    assert 'not ready' in verdict and "No module named 'mmaction'" in verdict
    assert 'pip install --no-deps mmaction2==1.2.0' in verdict
    assert 'Traceback' not in run.stderr


def test_without_torch():
    run = run_doctor('torch')
    assert run.returncode == 1, run.stdout + run.stderr
    assert "pip install 'torch>=2.1'" in run.stdout.partition('Verdict')[2]
    assert "torch does not import: No module named 'torch'" in run.stdout


@pytest.fixture
def installed(monkeypatch):
    """``installed(name=version, ...)`` decides which distributions there are."""

    def install(**versions):
        versions = {name.replace('_', '-'): version for name, version in versions.items()}

        def version(name):
            if name not in versions:
                raise metadata.PackageNotFoundError(name)
            return versions[name]

        monkeypatch.setattr(module.metadata, 'version', version)
        return {f.name.partition(' ')[0]: f for f in module.package_findings()}

    return install


def test_supported_versions(installed):
    found = installed(torch='2.1.0', numpy='2.4.6', mmengine='0.10.7', mmcv='2.1.0',
                      mmaction2='1.2.0', mmdet='3.2.0', mmpose='1.3.2', opencv_python='4.9.0.80')
    assert {f.mark for f in found.values()} == {'ok'} and len(found) == len(module.PACKAGES)


def test_unsupported_versions(installed):
    found = installed(torch='2.0.1+cu118', numpy='1.24.0', mmcv='2.2.0', mmdet='3.4.0')
    for name in ('torch', 'numpy', 'mmcv', 'mmdet'):
        assert found[name].mark == 'untested'
    commands = advice(list(found.values()), RuntimeError('x'))
    assert commands[0] == 'pip uninstall -y mmcv'  # the requirement is mmcv-lite
    assert commands[1].startswith("pip install 'torch>=2.1' 'numpy>=1.26'")
    assert commands[2] == 'pip install --no-deps mmcv-lite==2.1.0 mmdet==3.3.0'


def test_two_distributions_of_one_module(installed):
    found = installed(opencv_python='4.9.0', opencv_python_headless='4.9.0')
    conflict = next(f for f in found.values() if f.mark == 'conflict')
    assert 'opencv-python 4.9.0' in conflict.name
    assert advice([conflict], RuntimeError('x')) == [
        'pip uninstall -y opencv-python-headless opencv-python',
        'pip install opencv-python-headless']


def test_absent_packages():
    package = Package('no_such_module', '>=1', ('no-such', ))
    assert module.package_finding(package).mark == 'missing'
    optional = Package('no_such_module', '>=1', ('no-such', ), required=False)
    assert module.package_finding(optional).mark == 'absent'


@pytest.mark.parametrize('name, command', [
    ('mmpose.models', 'pip install --no-deps mmpose==1.3.2'),
    ('importlib_metadata', 'pip install importlib-metadata'),
    ('cv2', 'pip install opencv-python-headless'),
    ('einops', 'pip install einops')])
def test_advice_for_a_missing_module(name, command):
    assert advice([], ModuleNotFoundError(f'No module named {name!r}', name=name)) == [
        command]


def test_advice_for_a_broken_torchvision():
    broken = Finding('broken', 'torchvision', 'operator torchvision::nms does not exist')
    assert advice([broken], RuntimeError('x')) == ['pip uninstall -y torchvision']


def test_advice_for_the_unknown():
    assert 'report' in advice([], RuntimeError('x'))[0]


def test_list_of_packages_without_dependencies():
    listed = module.openmmlab()
    assert list(listed) == ['mmcv-lite', 'mmaction2', 'mmdet', 'mmpose', 'xtcocotools']
    assert listed['xtcocotools'] == 'xtcocotools==1.14.3 ; python_version < "3.12"'
    for package in module.PACKAGES:  # what is advised is what is supported
        name = module.PUBLISHED_AS.get(package.module, package.module)
        if name in listed:
            advised = next(iter(Requirement(listed[name]).specifier)).version
            assert SpecifierSet(package.versions).contains(advised), name
