import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mmskel import __version__
from mmskel.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parent.parent


def python(code, **environment):
    return subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                          env=dict(os.environ, **environment))


def test_importing_mmskel_imports_nothing_heavy():
    code = ("import sys, mmskel\n"
            "heavy = [m for m in ('torch', 'mmengine', 'mmcv', 'mmaction', 'mmdet', 'mmpose', 'matplotlib', 'cv2', 'PIL')"
            " if m in sys.modules]\nprint(heavy)")
    assert python(code).stdout.strip() == '[]'


def test_skeletons_data_and_results_need_no_torch_and_no_plotting():
    code = ("import sys, mmskel.skeleton, mmskel.data.prepare, mmskel.data.checking.file, mmskel.evaluation, mmskel.visualization\n"
            "print([m for m in ('torch', 'mmengine', 'mmaction', 'matplotlib', 'cv2', 'PIL') if m in sys.modules])")
    done = python(code)
    assert done.stdout.strip() == '[]', done.stderr[-2000:]


def test_registries_find_our_classes_before_and_after_they_were_asked():
    code = (
        "import mmskel\nfrom mmaction.registry import MODELS, TRANSFORMS, DATASETS, HOOKS, METRICS\n"
        "print([r.get(n).__name__ for r, n in ((MODELS, 'SkeletonSTGCN'), (TRANSFORMS, 'PackSkeleton'),"
        " (DATASETS, 'SkeletonDataset'), (HOOKS, 'EpochSeedHook'), (METRICS, 'SkeletonAccuracy'))])")
    assert 'SkeletonSTGCN' in python(code).stdout
    # the registry had been asked before mmskel came
    late = ("import mmskel.compat as c; c.install()\nfrom mmaction.registry import MODELS\nMODELS.get('STGCN')\n"
            "import sys; sys.modules.pop('mmskel')\nimport mmskel\nprint(MODELS.get('SkeletonSTGCN').__name__)")
    done = python(late)
    assert 'SkeletonSTGCN' in done.stdout, done.stderr[-2000:]


def test_help_imports_nothing_that_is_slow():
    code = ("import sys\nfrom mmskel.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit as done:\n    assert done.code == 0\n"
            "print([m for m in ('numpy', 'torch', 'mmengine') if m in sys.modules])")
    done = python(code)
    assert done.stdout.strip().splitlines()[-1] == '[]' and 'train' in done.stdout and 'doctor' in done.stdout
    done = subprocess.run([sys.executable, '-m', 'mmskel', '--version'], capture_output=True, text=True)
    assert done.stdout.strip() == __version__


@pytest.mark.parametrize('command', COMMANDS)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as done:
        main([command, '--help'])
    printed = capsys.readouterr().out
    assert done.value.code == 0 and f'usage: mmskel {command}' in printed
    assert ' '.join(COMMANDS[command].help.split())[:30] in ' '.join(printed.split())


@pytest.mark.parametrize('arguments, message', [(['trian'], "invalid choice: 'trian'.*train"), ([], 'required: COMMAND'),
                                                (['check', 'a.pkl', '--htm1'], 'unrecognized arguments: --htm1')])
def test_unknown_arguments(arguments, message, capsys):
    with pytest.raises(SystemExit) as done:
        main(arguments)
    assert done.value.code == 2 and re.search(message, capsys.readouterr().err)


def test_openmmlab_style_entries():
    for tool in ('train', 'test'):
        done = subprocess.run([sys.executable, str(ROOT / 'tools' / f'{tool}.py'), '--help'], capture_output=True, text=True)
        assert done.returncode == 0 and '--cfg-options' in done.stdout


@pytest.mark.skipif(not (ROOT / 'setup.py').is_file(), reason='not a checkout')
def test_wheel_carries_configs_tools_and_data(tmp_path):
    """The wheel, built for real: what mim and `mmskel::` references need is in it, and nothing of the tests."""
    import shutil
    import zipfile
    source = tmp_path / 'source'
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns('.git', '.venv', '.mim', 'tests', 'build', '*.egg-info',
                                                                'work_dirs', 'demo_report', '__pycache__'))
    done = subprocess.run([sys.executable, '-m', 'pip', 'wheel', '--no-deps', '--no-build-isolation', '--quiet',
                           '--wheel-dir', str(tmp_path), str(source)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    with zipfile.ZipFile(next(tmp_path.glob('mmskel-*.whl'))) as wheel:
        names = set(wheel.namelist())
        wheel.extractall(tmp_path / 'site')
    assert {str(p.relative_to(ROOT)) for p in (ROOT / 'mmskel').rglob('*.py') if '.mim' not in p.parts} <= names
    wanted = {'mmskel/.mim/model-index.yml', 'mmskel/.mim/configs/stgcn/stgcn_nwucla.py', 'mmskel/.mim/tools/train.py',
              'mmskel/.mim/configs/stgcn/metafile.yml', 'mmskel/compat/openmmlab.txt', 'mmskel/data/lists/ntu_missing.txt',
              'mmskel/visualization/assets/report.html', 'mmskel/visualization/assets/player.js'}
    assert wanted <= names, wanted - names
    assert not [name for name in names if name.startswith('tests')]
    # a config of the wheel resolves, by our name and inside somebody's own config by MMEngine's
    code = ("import mmskel, sys\nfrom mmskel.configuration import find_config\n"
            "assert '.mim' in str(find_config('stgcn/stgcn_nwucla.py')), find_config('stgcn/stgcn_nwucla.py')\n"
            "from mmengine.config import Config\n"
            "from mmaction.registry import VISUALIZERS\n"
            "cfg = Config.fromfile(sys.argv[1])\nassert VISUALIZERS.build(dict(cfg.visualizer, name='x'))\n"
            "print(cfg.model.backbone.type, mmskel.__file__)")
    (tmp_path / 'mine.py').write_text("_base_ = 'mmskel::stgcn/stgcn_nwucla.py'\n")
    done = subprocess.run([sys.executable, '-c', code, str(tmp_path / 'mine.py')], capture_output=True, text=True,
                          cwd=tmp_path, env=dict(os.environ, PYTHONPATH=str(tmp_path / 'site')))
    assert 'SkeletonSTGCN' in done.stdout and 'site' in done.stdout, done.stderr[-2000:]


def test_metafiles_name_configs_that_exist():
    from mmengine.fileio import load
    index = load(ROOT / 'configs' / 'model-index.yml')
    for metafile in index['Import']:
        for model in load(ROOT / metafile)['Models']:
            assert (ROOT / model['Config']).is_file() and model['Name'] == Path(model['Config']).stem
