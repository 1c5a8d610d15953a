"""Tables and figures of the pages agree with the code."""
from __future__ import annotations

import dataclasses
import re
import shlex

import pytest
from pages.text import PAGES, ROOT, names, rows, shell_lines

from mmskel import cli, compat
from mmskel.cards import CARDS, ModelCard
from mmskel.cards.text import HEAD, overview_rows
from mmskel.cards.zoo import DEFAULT, entries, find_entry
from mmskel.cards.zoo.text import entry_row
from mmskel.data import READERS, check_file, options_of, prepare
from mmskel.data.checking.clips import KINDS
from mmskel.evaluation import PRESETS, RULES
from mmskel.models.encoders.streams import STREAMS
from mmskel.skeleton import ALIASES, tables


def requirements(words: list[str]) -> set[tuple[str, str, str]]:
    """(name, versions, marker) of requirements."""
    from packaging.requirements import Requirement
    found = map(Requirement, words)
    return {(r.name, str(r.specifier), str(r.marker or '')) for r in found}


def test_pip_lines_agree():
    listed = (ROOT / 'mmskel/compat/openmmlab.txt').read_text().splitlines()
    wanted = requirements([line for line in listed if line and not line.startswith('#')])
    without_mmcv = {r for r in wanted if r[0] != 'mmcv-lite'}
    found = {}
    for page in PAGES:
        for line in shell_lines(page):
            words = shlex.split(line, comments=True)
            if words[:3] == ['pip', 'install', '--no-deps']:
                found.setdefault(page, []).append(requirements(words[3:]))
    assert found == {'README.md': [wanted], 'docs/install.md': [wanted, without_mmcv]}
    for name in re.findall(r'(?:-r|--requirement) (\S+\.txt)', PAGES['docs/install.md'].read_text()):
        assert (ROOT / name).is_file()


def test_table_of_layouts():
    found = {}
    for name, joints, centre, aliases, _ in rows('docs/layouts.md', 'layout | joints'):
        found[names(name)[0]] = int(joints), names(centre)[0], set(names(aliases))
    assert found == {name: (layout.num_joints, layout.joints[layout.centre],
                            {alias for alias, meant in ALIASES.items() if meant == name})
                     for name, layout in tables._tables().items()}


def test_readers_and_their_flags():
    text = PAGES['docs/data.md'].read_text()
    sections = {part.split('\n')[0]: part for part in re.split(r'^### ', text, flags=re.M)[1:]}
    assert set(READERS) <= set(sections)
    for name, reader in READERS.items():
        for option in options_of(reader):
            assert f'--{option.replace("_", "-")}' in sections[name], f'{name}: --{option} is not explained'


def test_table_of_problems():
    found = {kind: severity for kinds, severity, _ in rows('docs/data.md', 'kind | severity') for kind in names(kinds)}
    for kind, (severity, *_) in KINDS.items():
        assert found[kind] == severity, kind


def test_table_of_models():
    found = [[cell.strip('`') for cell in row] for row in rows('docs/models.md', 'name | paper')]
    assert found == overview_rows(CARDS.values())
    assert f'| {" | ".join(HEAD)} |' in PAGES['docs/models.md'].read_text()
    explained = [name for cell, _ in rows('docs/models.md', 'field | meaning') for name in names(cell)]
    assert explained == [field.name for field in dataclasses.fields(ModelCard)]


def test_table_of_repairs():
    assert [(names(package)[0], repair) for package, repair in rows('docs/install.md', 'package | repair')] == [
        (repair.package, repair.name) for repair in compat.REPAIRS]


def test_table_of_configs():
    from mmskel.configuration import load_config
    found = {names(config)[0]: epochs for config, _, epochs in rows('docs/training.md', 'config | data')}
    folder = ROOT / 'configs'
    there = {p.relative_to(folder).as_posix() for p in folder.rglob('*.py') if not {'_base_', 'zeroshot'} & set(p.parts)}  # those have no epochs; docs/zero_shot.md lists them
    assert set(found) == there
    for name, epochs in found.items():
        cfg = load_config(str(folder / name), fit=False)
        passes = cfg.train_dataloader.dataset.get('repeat', 1)
        said = f'{cfg.train_cfg.max_epochs} of {passes} passes' if passes > 1 else str(cfg.train_cfg.max_epochs)
        assert epochs.startswith(said), f'{name}: {said}'


def test_tables_of_streams_rules_and_presets():
    page = 'docs/streams.md'
    assert [names(row[0])[0] for row in rows(page, 'stream | what')] == list(STREAMS)
    assert {names(row[0])[0] for row in rows(page, 'rule | what')} == set(RULES)
    told = {names(row[0])[0]: row for row in rows(page, 'preset | rule')}
    assert {name: names(row[1])[0] for name, row in told.items()} == {name: p.rule for name, p in PRESETS.items()}
    for name, row in told.items():
        weights = [f'{w:g}' for table in PRESETS[name].weights for w in table.values()]
        assert re.findall(r'[\d.]*\d', row[2]) == weights and PRESETS[name].source.split('arXiv ')[1] in row[3]


def test_table_of_registered_names():
    from mmaction import registry
    found: dict[str, set[str]] = {}
    for title, text in rows('docs/mmaction2.md', 'registry | names'):
        found.setdefault(names(title)[0], set()).update(names(text))
    for name, classes in found.items():
        registered = getattr(registry, name)
        registered.import_from_location()
        ours = {key for key, value in registered.module_dict.items()
                if value.__module__.startswith('mmskel.') and not value.__module__.startswith('mmskel.compat')}
        assert classes == ours, name


def test_what_the_readme_says_is_there():
    told = {label: text for label, text in rows('README.md', '| |') if label}
    assert set(names(told['commands'])) == set(cli.COMMANDS)
    assert set(names(told['readers'])) == set(READERS)
    assert set(names(told['layouts'])) == set(tables._tables())  # LAYOUTS has what other tests register, too


def test_tables_of_published_recognisers():
    page, table = 'docs/recognise.md', 'name | published %'
    for name, *cells, classes in rows(page, table):
        entry = find_entry(names(name)[0])
        assert cells == entry_row(entry)[1:4] and classes == f'{entry.num_classes}, {entry.data}'
    told = {names(name)[0] for name, *_ in rows(page, table)}
    assert told == {name for name, entry in entries().items() if entry.coords == 2 and not name.startswith('pyskl_')}
    text = PAGES[page].read_text()
    assert f'recogniser is `{DEFAULT}`' in ' '.join(text.split()) and all(f'pyskl_{one}_...' in text for one in {
        entry.network for entry in entries().values() if entry.name.startswith('pyskl_')})
    assert f'{len(entries()) - 1} more recognisers' in PAGES['README.md'].read_text()


def test_checkpoints_of_the_last_epoch_have_its_number():
    from mmengine.config import Config
    found = [(page, *match) for page in PAGES for match in re.findall(
        r'mmskel test (\S+\.py) \S*/epoch_(\d+)\.pth', PAGES[page].read_text())]
    assert len(found) >= 3
    for page, config, epoch in found:
        assert Config.fromfile(ROOT / 'configs' / config).train_cfg.max_epochs == int(epoch), (page, config)


def test_figures_of_nwucla(shared, tmp_path):
    """What docs/data.md says about the real clips."""
    archive = shared / 'data' / 'nw_ucla' / 'all_sqe.zip'
    if not archive.is_file():
        pytest.skip('no N-UCLA clips at hand')
    file = prepare('nw_ucla', archive, tmp_path / 'nwucla.pkl', progress=False)
    sizes = {name: len(ids) for name, ids in file.split.items()}
    text = ' '.join(PAGES['docs/data.md'].read_text().replace('**', '').split())
    for split in ('xview', 'view1', 'view2', 'xsub'):
        assert f'{sizes[f"{split}_train"]:,} / {sizes[f"{split}_test"]}' in text
    assert (sizes['xview_train_clean'], sizes['xview_test_clean']) == (925, 369)
    report = check_file(tmp_path / 'nwucla.pkl')
    assert report.verdict == '3 errors, 6 warnings' and report.verdict.replace(',', ' and') in text
    leaks = {leak.test: (len(leak.overlaps), sum(o.identical for o in leak.overlaps)) for leak in report.leaks}
    assert leaks == dict(xview_test=(95, 95), view1_test=(9, 0), view2_test=(105, 95), view3_test=(95, 95))
    poses = [o.poses for o in report.conflicts if {o.clip[:7], o.twin[:7]} == {'a08_s01', 'a09_s01'}]
    assert (len(report.conflicts), len(poses), min(poses), max(poses)) == (11, 9, 6, 81)
    found = {kind: len(problem.clips) for kind in ('teleport', 'one frame', 'origin joints')
             for problem in report.problems if problem.kind == kind}
    assert found == {'teleport': 60, 'one frame': 2, 'origin joints': 2}
