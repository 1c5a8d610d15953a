"""The code's own documentation: public names have docstrings, and their examples run."""
from __future__ import annotations

import importlib
import inspect

import pytest
from pages.text import ROOT


def modules() -> list[str]:
    """Every module of the package, by its file."""
    files = sorted((ROOT / 'mmskel').rglob('*.py'))
    places = [f.relative_to(ROOT).with_suffix('').parts for f in files if '.mim' not in f.parts]
    return ['.'.join(parts[:-1] if parts[-1] == '__init__' else parts) for parts in places if parts[-1] != '__main__']


def test_every_folder_of_modules_is_a_package():
    """Else ``pip install .`` leaves it out."""
    folders = {f.parent for f in (ROOT / 'mmskel').rglob('*.py') if '.mim' not in f.parts}
    assert not [str(folder.relative_to(ROOT)) for folder in sorted(folders) if not (folder / '__init__.py').is_file()]


@pytest.mark.parametrize('module', modules())
def test_public_names_have_docstrings(module):
    try:
        code = importlib.import_module(module)
    except ImportError as error:
        pytest.skip(f'{module} needs {error.name}')
    assert inspect.getdoc(code), f'{module} has no docstring'
    bare = [name for name, thing in vars(code).items()
            if not name.startswith('_') and (inspect.isfunction(thing) or inspect.isclass(thing))
            and thing.__module__ == module and not own_docstring(thing)]
    assert not bare, f'{module}: no docstring: {", ".join(bare)}'


def own_docstring(thing) -> str:
    """A docstring that somebody wrote: not a parent's, not the signature that dataclasses and tuples put in."""
    text = (vars(thing).get('__doc__') if inspect.isclass(thing) else thing.__doc__) or ''
    return '' if text.startswith(f'{thing.__name__}(') else text


def examples() -> list:
    """The examples in docstrings, by owner; those that need data or weights are marked ``# doctest: +SKIP``."""
    found = []
    for name in modules():
        path = ROOT / f'{name.replace(".", "/")}.py'
        text = (path if path.is_file() else path.with_suffix('') / '__init__.py').read_text()
        if '>>> ' in text:
            found += [pytest.param(name, id=name)]
    return found


@pytest.mark.parametrize('module', examples())
def test_examples_run(module, tmp_path, monkeypatch):
    import doctest
    monkeypatch.chdir(tmp_path)
    code = importlib.import_module(module)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    said: list[str] = []
    for test in doctest.DocTestFinder(exclude_empty=True).find(code, module):
        runner.run(test, out=said.append)
    assert not runner.failures, ''.join(said)


def test_where_people_begin_there_are_examples():
    for name in ('skeleton.layout.Layout', 'skeleton.clip.Clip', 'data.annotation_file.AnnotationFile',
                 'data.dataset.SkeletonDataset', 'data.prepare.prepare', 'data.checking.file.check_file',
                 'configuration.load.load_config', 'apis.training.train', 'apis.training.test',
                 'apis.inferencer.SkeletonInferencer', 'models.encoders.streams.StreamEncoder',
                 'models.encoders.heatmap_encoder.HeatmapEncoder', 'models.encoders.base.SkeletonEncoder',
                 'models.recognizers.features.recognise', 'data.transforms.base.SkeletonTransform',
                 'evaluation.fusion.fuse', 'evaluation.results.Results', 'pose.models.PoseModels',
                 'pose.extraction.SkeletonExtractor', 'pose.tracking.Tracker', 'video.reading.open_video'):
        module, _, thing = name.rpartition('.')
        text = inspect.getdoc(getattr(importlib.import_module(f'mmskel.{module}'), thing))
        assert 'Example:\n    >>> ' in text, name
