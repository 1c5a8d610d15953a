"""The commands and scripts of the pages run.

How a page is run (:func:`test_page_runs`), in a folder that :data:`~pages.files.DATA` fills with small made-up data under
the page's names:

* a block ```` ```bash ````: lines that begin with ``mmskel`` (or ``python -m mmskel``) are run in order and must end with
  status 0, or with the one that their comment names (``# exit status 1``). Every other line, and every command that
  cannot be run here, is marked in the page before the block: ``<!-- skip: reason -->``, or ``<!-- skip 2, 3: reason -->``;
* a block ```` ```python ````: executed, one namespace per page; if its first line is ``# name.py``, written to that file;
* models and trainings are made small, see :func:`shrink`; what a page shows is otherwise what is run.
"""
from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest
from narrow import narrow
from pages.files import DATA
from pages.text import PAGES, ROOT, blocks, words_of

from mmskel import cli
from mmskel.configuration import set_epochs
from mmskel.configuration.knobs import forget_idle_knobs
from mmskel.skeleton import LAYOUTS


def shrink(cfg, width: int | None, epochs: int = 1) -> None:
    """Makes a run small: narrow model, few clips per step, short clips, small images, no loader processes, one epoch.

    Args:
        cfg: From ``load_config``; changed.
        width: Channels of the first blocks, or None to leave the model as it is.
        epochs: How many are trained.
    """
    if width:
        narrow(cfg, width)
    if cfg.get('train_cfg'):
        set_epochs(cfg, epochs)
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = cfg[name]
        loader.update(batch_size=8, num_workers=0, persistent_workers=False)
        for key in ('repeat', 'times'):
            if key in loader.dataset:
                loader.dataset[key] = 1
        for transform in loader.dataset.get('dataset', loader.dataset).pipeline:
            for key, value in (('clip_len', 16), ('length', 64), ('num_clips', 1)):
                if key in transform:
                    transform[key] = value
            if transform['type'] in ('ResizeImage', 'CropCentre'):
                transform['size'] = 24 if isinstance(transform['size'], int) else [24, 24]
    forget_idle_knobs(cfg)


@pytest.fixture
def small(monkeypatch):
    """A dictionary of arguments for :func:`shrink`, which every config loaded from now on goes through."""
    from mmskel import configuration
    from mmskel.visualization import report
    arguments, load_config = dict(width=8), configuration.load_config

    def load_small(*args, **kwargs):
        cfg = load_config(*args, **kwargs)
        shrink(cfg, **arguments)
        return cfg

    def draw_small(results, path):
        if len(results.class_names) < 100:  # 400 classes take twenty seconds
            draw(results, path)

    draw = report.draw_confusion_matrix
    monkeypatch.setattr(configuration, 'load_config', load_small)
    monkeypatch.setattr(configuration.load, 'load_config', load_small)  # which loads every stream of a config
    monkeypatch.setattr(report, 'draw_confusion_matrix', draw_small)
    return arguments


@pytest.fixture
def page_folder(tmp_path, monkeypatch):
    """The folder a page is run in: the current one, on the module path; what pages register is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    known, modules = dict(LAYOUTS), set(sys.modules)
    (tmp_path / 'data').mkdir()
    yield tmp_path
    LAYOUTS.clear()
    LAYOUTS.update(known)
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], '__file__', None) or '').startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize('page', PAGES)
def test_page_runs(page, page_folder, small, capsys):
    for fill in DATA[page]:
        fill(page_folder)
    namespace = dict(__name__='page')
    for block in blocks(page):
        where = f'{page}, line {block.line}'
        if block.language == 'python':
            named = re.match(r'# (\w+\.py)\n', block.text)
            if named:
                (page_folder / named[1]).write_text(block.text)
                importlib.invalidate_caches()
            else:
                exec(compile('\n' * (block.line - 1) + block.text, str(PAGES[page]), 'exec'), namespace)
        elif block.language == 'bash':
            for line in block.lines:
                if line not in block.skipped:
                    run_line(line, where, small, capsys)


def run_line(line: str, where: str, small: dict, capsys) -> None:
    """Runs a line that calls mmskel in this process, and holds its exit status against the page."""
    words = words_of(line)
    assert words, f'{where}: this line is no mmskel command, and no comment <!-- skip: ... --> marks it: {line}'
    expected = int(found[1]) if (found := re.search(r'# exit status (\d)', line)) else 0
    small.update(width=8, epochs=2 if '--resume' in words else 1)
    if words[0] in ('test', 'export'):
        words[2], small['width'] = trained(Path(words[2]))
    status = cli.main(words)
    printed = capsys.readouterr()
    assert status == expected, f'{where}: {line}\nended with {status}, not {expected}:\n{printed.err[-2000:]}'


def trained(checkpoint: Path) -> tuple[str, int]:
    """The checkpoint that stands for a page's, which names the last epoch of a whole training; and its width."""
    import torch
    if not checkpoint.is_file():
        assert re.fullmatch(r'epoch_\d+\.pth', checkpoint.name), checkpoint
        checkpoint = checkpoint.parent / (checkpoint.parent / 'last_checkpoint').read_text().strip()
    return str(checkpoint), torch.load(checkpoint, weights_only=True)['state_dict']['cls_head.fc.weight'].shape[1] // 4


def test_every_page_has_data():
    assert set(DATA) == set(PAGES)


@pytest.mark.parametrize('page', PAGES)
def test_lines_are_skipped_for_a_reason(page):
    for block in blocks(page):
        assert not block.skipped or block.language == 'bash', f'{page}, line {block.line}: only commands are skipped'
        for reason in block.skipped.values():
            missing = [path for path in re.findall(r'\b(?:tests|docs)/[\w/]+(?:\.\w+)?', reason) if not (ROOT / path).exists()]
            assert not missing, f'{page}, line {block.line}: there is no {missing[0]}'
