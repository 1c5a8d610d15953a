"""``mmskel.compat`` as a whole: light, described, and second to whatever works by itself."""
import textwrap
from pathlib import Path

from mmskel.compat import REPAIRS

HERE = Path(__file__).parent
LIGHT = '''
import sys
import bare_mmskel
import mmskel.compat
mmskel.compat.install()
mmskel.compat.install()
heavy = 'torch numpy mmengine mmcv cv2 mmaction mmdet mmpose pycocotools matplotlib'.split()
assert not set(heavy) & set(sys.modules), set(heavy) & set(sys.modules)
assert all(s.state in ('waiting (package not imported)', 'package absent', 'not needed')
           for s in mmskel.compat.status()), mmskel.compat.status()
assert not set(heavy) & set(sys.modules), 'status imports'
'''


def test_imports_nothing_heavy(run_python):
    run = run_python('-W', 'error', '-c', LIGHT, path=(HERE, ))
    assert run.returncode == 0, run.stderr


def test_repairs_are_described():
    names = [(r.package, r.name) for r in REPAIRS]
    assert len(set(names)) == len(names)
    for repair in REPAIRS:
        assert repair.issue.startswith(('https://', 'none')), repair.name
        assert len(repair.why) > 40 and repair.modules, repair.name


# A world in which everything works by itself: packages made up of one line each.
HEALTHY = {
    'mmcv/__init__.py': '',
    'mmcv/_ext.py': 'real = True',
    'mmaction/__init__.py': '',
    'mmaction/models/__init__.py': '',
    'mmaction/models/localizers/__init__.py': 'from .drn.drn import DRN',
    'mmaction/models/localizers/drn/__init__.py': '',
    'mmaction/models/localizers/drn/drn.py': 'DRN = "real"',
    'mmaction/utils/__init__.py': '',
    'mmaction/utils/misc.py': 'import numpy as np\nx = np.inf',
    'xtcocotools/__init__.py': '',
    'xtcocotools/_mask.py': 'real = True',
    'xtcocotools/mask.py': 'import xtcocotools._mask as _mask',
    'torchvision/__init__.py': '',
    'torchvision/transforms.py': 'class ToPILImage:\n    real = True',
    'mmpose/__init__.py': '',
    'mmpose/visualization/__init__.py': '',
    'mmpose/visualization/simcc_vis.py': 'from torchvision.transforms import ToPILImage',
    'mmengine/__init__.py': '',
    'mmengine/utils/__init__.py': '',
    'mmengine/utils/package_utils.py': 'def is_installed(package):\n    return "upstream"',
    'mmengine/config/__init__.py': '',
    'mmengine/config/utils.py': 'MODULE2PACKAGE = dict(mmskel="upstream")',
}

PREFERRED = '''
import sys
import bare_mmskel
from mmskel import compat
compat.install()
import mmcv._ext, xtcocotools.mask, mmaction.models.localizers, mmaction.utils.misc
import mmpose.visualization.simcc_vis, mmengine.utils.package_utils, mmengine.config.utils
import numpy
assert mmcv._ext.real and xtcocotools._mask.real and xtcocotools.mask._mask.real
assert mmaction.models.localizers.DRN == 'real' and mmaction.utils.misc.np is numpy
assert mmpose.visualization.simcc_vis.ToPILImage.real and 'torchvision' in sys.modules
assert mmengine.utils.package_utils.is_installed('x') == 'upstream'
assert mmengine.config.utils.MODULE2PACKAGE['mmskel'] == 'upstream'
for s in compat.status():
    assert s.state == 'not needed' or s.state.startswith('waiting'), s
print(sum(s.state == 'not needed' for s in compat.status()))
'''


def write_world(folder, files):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text + '\n')


def test_what_works_is_preferred(run_python, tmp_path):
    write_world(tmp_path, HEALTHY)
    run = run_python('-c', PREFERRED, path=(tmp_path, HERE))
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) == 8  # waiting: HistoryBuffer, mmdet, radius


# torchvision beside a torch it was not built for: it leaves modules behind and raises.
BROKEN = {
    'torchvision/__init__.py': textwrap.dedent('''
        import torchvision.extension
        raise RuntimeError('operator torchvision::nms does not exist')'''),
    'torchvision/extension.py': '',
    'mmpose/__init__.py': '',
    'mmpose/visualization/__init__.py': '',
    'mmpose/visualization/simcc_vis.py': 'from torchvision.transforms import ToPILImage',
}

REPLACED = '''
import sys
import bare_mmskel
from mmskel import compat
compat.install()
from mmpose.visualization.simcc_vis import ToPILImage
assert ToPILImage.__module__ == 'mmskel.compat.mmpose'
assert not [name for name in sys.modules if name.startswith('torchvision')]
try:
    import torchvision
except RuntimeError:
    print('still broken')
'''


def test_broken_torchvision_is_replaced_for_mmpose_only(run_python, tmp_path):
    write_world(tmp_path, BROKEN)
    run = run_python('-c', REPLACED, path=(tmp_path, HERE))
    assert run.stdout == 'still broken\n', run.stderr
