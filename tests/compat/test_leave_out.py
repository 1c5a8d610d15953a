"""Each repair is needed, and does what it is for: tried without it, then with it."""
import json
from pathlib import Path

import pytest

from mmskel.compat import REPAIRS

# What is seen without the repair, where its defect is present.
SYMPTOMS = {
    'mmengine: package look-up without pkg_resources': "No module named 'pkg_resources'",
    'mmengine: resume with safe loading': 'HistoryBuffer',
    'mmengine: safe loading of every checkpoint': 'the checkpoint ran code',
    'mmengine: resume in a moved work dir': 'it looks where the work dir was',
    'mmengine: mmskel:: config references': 'does not support to load mmskel config',
    'mmengine: scope of mmskel:: configs': 'AssertionError',
    'mmcv: operators without compiling': "No module named 'mmcv._ext'",
    'mmaction: the missing DRN module': "No module named 'mmaction.models.localizers.drn'",
    'mmaction: transformers without its old names': 'transformers',
    'mmaction: names that NumPy dropped': 'np.Inf',
    'mmaction: frozen stages of pathways with lateral connections': 'IndexError',
    'mmaction: RGBPoseConv3D without traces in its arguments': 'its arguments have changed',
    'mmaction: networks whose train() and eval() return nothing': 'no network',
    'mmdet: names that NumPy dropped': "no attribute 'float'",
    'xtcocotools: extension module built for NumPy 1': 'numpy.dtype size changed',
    'mmpose: drawing without torchvision': 'torchvision',
    'mmpose: radius of drawn keypoints': 'only 0-dimensional arrays can be converted',
    'xtcocotools: no wheel for this Python': "No module named 'xtcocotools'",
}


@pytest.fixture(scope='module')
def outcomes(run_python):
    run = run_python(Path(__file__).with_name('leave_out.py'))
    lines = [line for line in run.stdout.splitlines() if line.startswith('OUTCOMES ')]
    assert lines, run.stdout + run.stderr
    return json.loads(lines[0].partition(' ')[2])


@pytest.mark.parametrize('name', [f'{r.package}: {r.name}' for r in REPAIRS])
def test_fails_without_and_works_with(name, outcomes):
    without, outcome, state = outcomes[name]
    assert outcome == 'ok'
    if without == 'ok':
        assert state in ('not needed', 'package absent')
        pytest.skip('the defect is absent here')
    assert SYMPTOMS[name] in without
    assert state == 'active'
