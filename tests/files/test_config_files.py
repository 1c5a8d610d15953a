"""Configs of data run nothing, however they are written."""
import json
import os
from pathlib import Path

import pytest

from mmskel.configuration import ConfigError, load_config
from mmskel.files.config_files import ConfigFileError, read_config_file

RAN = 'MMSKEL_TEST_CODE_RAN'
RUN = '!!python/object/apply:os.mkdir ["ran"]'


@pytest.fixture(autouse=True)
def nothing_has_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ('evil.py', 'evilpack/__init__.py', 'evilpack/registry.py'):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text('import os\nos.environ["MMSKEL_TEST_CODE_RAN"] = "1"\nclass X: pass\n')
    yield
    assert RAN not in os.environ and not Path('ran').exists()


def test_the_same_lines_do_run_elsewhere():
    """The files of these tests are able to run something: a Python config does, and so does YAML's unsafe loader."""
    import yaml
    Path('c.py').write_text("__import__('os').mkdir('ran')\nmodel = dict()\n")
    read_config_file('c.py')
    assert Path('ran').is_dir()
    Path('ran').rmdir()
    yaml.unsafe_load(f'a: {RUN}')
    assert Path('ran').is_dir()
    Path('ran').rmdir()


@pytest.mark.parametrize('text, message', [
    (f'model: {RUN}', 'runs no code'), (f'model:\n  a: [1, {RUN}]', 'runs no code'),
    ('a: !!python/name:os.system', 'runs no code'), ('custom_imports: {imports: [evil]}', "custom_imports names 'evil'"),
    ('custom_imports: {imports: evil}', "custom_imports names 'evil'"), ('custom_imports: [evil]', 'custom_imports is list'),
    ('custom_imports: {imports: [mmskelevil]}', "'mmskelevil'"), ('model: {type: evilpack.X}', r'model.type is .evilpack.X'),
    ('model: {type: os.system, command: x}', 'model.type'), ('a: [{type: "mmengine.fileio.load"}]', r'a.0.type'),
    ("a: '{{$X:!!python/name:os.system}}'", 'has a template'), ('_base_: evil.py', 'would be run'),
    ('_base_: [mmskel::../../evil.py]', 'would be run'), ('_base_: base.yaml', 'runs no code'), ('_base_: 3', '_base_ is 3'),
    ('[1, 2]', 'not a dictionary'), ('a: [', 'is not a config that can be read'), ('1: 2', 'is not text'), ('', 'not a dictionary')])
def test_data_runs_nothing(text, message):
    Path('base.yaml').write_text(f'a: {RUN}')
    Path('c.yaml').write_text(text)
    with pytest.raises(ConfigFileError, match=f"(c|base).yaml'.*{message}"):
        read_config_file('c.yaml')
    if '!!' not in text and text[:1] not in ('1', '['):
        import yaml
        try:
            data = yaml.safe_load(text)
        except yaml.YAMLError:
            return
        Path('c.json').write_text(json.dumps(data))
        if 'base.yaml' not in text:
            with pytest.raises(ConfigFileError, match=message):
                read_config_file('c.json')


def test_configs_of_data_work():
    """A base of a package, one beside it, and a class by its package's name."""
    Path('base.yaml').write_text('seed_of_theirs: 4\n')
    Path('c.yaml').write_text("_base_: ['base.yaml', 'mmskel::stgcn/stgcn_nwucla.py']\nseed_of_mine: 3\n"
                              'test_evaluator: {type: mmskel.SkeletonAccuracy}\n')
    cfg = read_config_file('c.yaml')
    assert cfg.seed_of_mine == 3 and cfg.model.backbone.type == 'SkeletonSTGCN'


def test_what_python_raises_is_one_line():
    for text, message in (('1 / 0', 'ZeroDivisionError: division by zero'), ('raise SystemError("a\\nb")', 'SystemError: a$'),
                          ('x = (', 'SyntaxError')):
        Path('c.py').write_text(text)
        with pytest.raises(ConfigError, match=f"c.py' is not a config that can be read: .*{message}"):
            load_config('c.py')
    with pytest.raises(ConfigFileError, match=r"c.toml' is not a config; expected .py, .yaml or .json"):
        Path('c.toml').write_text('a = 1')
        read_config_file('c.toml')
