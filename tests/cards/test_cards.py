"""Model cards: complete, true to configs, metafiles and pages, and quick to read."""
import inspect
import json
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from pathlib import Path

import pytest
from mmaction.registry import MODELS
from mmengine.fileio import load

from mmskel.cards import CARDS, Measured, find_card
from mmskel.cards.text import HEAD, full_text, overview, overview_rows
from mmskel.cli import main
from mmskel.interop import SYSTEMS
from mmskel.skeleton import get_layout

ROOT = Path(__file__).resolve().parents[2]
every_card = pytest.mark.parametrize('card', CARDS.values(), ids=CARDS)


def leaves(thing, place=''):
    """(place, value) of every field, those of parts included."""
    for field in fields(thing):
        value, here = getattr(thing, field.name), f'{place}.{field.name}'
        if is_dataclass(value):
            yield from leaves(value, here)
        else:
            yield here, value


@every_card
def test_no_field_is_empty(card):
    may_be_empty = {'.ours', '.published', '.reference.encoder', '.reference.images'}
    empty = [place for place, value in leaves(card) if value in ('', (), {}, None) and place not in may_be_empty]
    empty += [f'{row}{place}' for row in (*card.published, *card.ours) for place, value in leaves(row)
              if value in ('', None) and place != '.top1_clean']
    assert not empty
    assert re.fullmatch(r'\d{4}\.\d{4,5}', card.paper.arxiv) and 2010 < card.paper.year < 2100
    assert re.fullmatch(r'https://(github|gitlab)\.com/[\w.-]+/[\w.-]+', card.official.repository)
    for row in (*card.published, *card.ours):
        assert 1 < row.top1 <= 100, 'in percent'


@every_card
def test_names_lead_somewhere(card):
    for layout in (*card.published_layouts, *(name for name in card.layouts if name != 'any')):
        assert get_layout(layout).name == layout
    assert (ROOT / 'configs' / card.config).is_file()
    _, convert, system, *_ = card.official.convert.split()
    assert convert == 'convert' and system in SYSTEMS and card.name.startswith(system)
    for name in (card.name, card.title, card.backbone, card.name.replace('_', '')):
        assert find_card(name) is card


def test_every_published_system_has_a_card():
    assert set(SYSTEMS) - {'pyskl'} <= set(CARDS)  # a toolbox: networks of several papers, each with its card
    assert all(name == card.name for name, card in CARDS.items())


def test_cards_are_frozen():
    with pytest.raises(FrozenInstanceError):
        CARDS['st_gcn'].name = 'x'


# what is said in several places


def metafiles():
    """(config relative to ``configs``, accuracy, accuracy of the clean clips or None) of every metafile."""
    for metafile in load(ROOT / 'configs/model-index.yml')['Import']:
        for model in load(ROOT / metafile)['Models']:
            for result in model['Results']:
                metrics = result['Metrics']
                yield (model['Config'].removeprefix('configs/'), metrics['Top 1 Accuracy'],
                       metrics.get('Top 1 Accuracy (clean)'))


def test_metafiles_and_cards_agree():
    measured = {}
    for card in CARDS.values():
        for row in card.ours:
            measured.setdefault(row.config, []).append((row.top1, row.top1_clean))
    for config, *accuracies in metafiles():
        assert tuple(accuracies) in measured.get(config, ()), f'{config}: metafile {accuracies}, card {measured}'


@every_card
def test_what_we_measured_stands_in_config_and_docs(card):
    page = (ROOT / 'docs/training.md').read_text()
    for row in card.ours:
        header = (ROOT / 'configs' / row.config).read_text().partition('_base_')[0]
        for accuracy in filter(None, (row.top1, row.top1_clean)):
            assert f'{accuracy:.2f} %' in header, f'{row.config} does not say {accuracy:.2f} %'
            assert f'{accuracy:.2f} %' in page, f'docs/training.md does not say {accuracy:.2f} %'
        assert row.date in header and row.stream in header


@every_card
def test_backbone_file_names_the_paper_the_code_and_its_licence(card):
    """Its header, as every one has it."""
    backbone = MODELS.get(card.backbone)
    assert backbone, f'{card.backbone} is not registered'
    if not backbone.__module__.startswith('mmskel'):  # MMAction2's own; what is ours is the encoder before it
        backbone = sys.modules['mmskel.models.encoders.heatmap'].heatmap_volume
    header = ' '.join(inspect.getdoc(inspect.getmodule(backbone)).split())
    wanted = (card.paper.arxiv, card.paper.venue, str(card.paper.year), card.official.repository.split('//')[1],
              card.official.code_licence)
    assert not [fact for fact in wanted if fact not in header], header


# the command


def test_cards_need_nothing_that_is_slow():
    code = ("import sys\nfrom mmskel.cli import main\nassert main(['models']) == main(['models', 'st_gcn']) == 0\n"
            "print([m for m in ('numpy', 'torch', 'mmengine', 'mmaction') if m in sys.modules])")
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.stdout.strip().splitlines()[-1] == '[]', done.stderr[-2000:]


def test_overview_is_aligned(capsys):
    assert main(['models']) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(CARDS) and max(map(len, (head, *lines))) <= 132
    for row, line in zip(overview_rows(CARDS.values()), lines):
        for title, cell in zip(HEAD, row):
            assert line[head.index(title):].startswith(cell), title
    assert '3,098,832' in lines[0] and '17.09 G, 300 frames' in lines[0] and '81.6 NTU60 X-Sub, joint' in lines[0]
    assert overview([CARDS['st_gcn']]).count('\n') == 1


@every_card
def test_one_card_says_everything(card, capsys):
    assert main(['models', card.name]) == 0
    text = capsys.readouterr().out
    joined = ' '.join(text.split())
    for place, value in leaves(card):
        if isinstance(value, str):
            assert value in joined, place
    for row in card.published:
        assert row.source in text and f'{row.top1:.1f}' in text
    for row in card.ours:
        assert f'{row.top1:.2f}' in text and row.config in text and row.date in text and row.machine in text
    assert max(map(len, text.splitlines())) <= 120


def test_what_we_measured_is_shown_or_missed():
    bare = replace(CARDS['st_gcn'], ours=())
    assert full_text(bare).endswith('nothing measured yet')
    row = Measured('a/b.py', 'data', 'split', 'bone', 50, 40, '3', 7, 'a machine', '2026-01-02')
    assert full_text(replace(bare, ours=(row, ))).endswith(
        '  data, split, bone: 50.00; 40.00 on clips without twins in training\n'
        '    a/b.py, 3, seed 7, a machine, 2026-01-02')


def test_json(capsys):
    assert main(['models', '--json']) == 0
    everything = json.loads(capsys.readouterr().out)
    assert [card['name'] for card in everything] == list(CARDS)
    assert everything[0]['reference']['arguments']['layout'] == 'ntu25'
    assert main(['models', 'ST-GCN', '--json']) == 0
    assert json.loads(capsys.readouterr().out) == everything[:1]


def test_unknown_model(capsys):
    assert main(['models', 'stgnc']) == 1
    assert capsys.readouterr().err == f"mmskel: there is no model 'stgnc'; known: {', '.join(CARDS)}; published recognisers: `mmskel models --weights`\n"


def test_bodies_have_cards(capsys):
    from mmskel.cards.bodies import BODIES
    from mmskel.interop import BODIES as BUILT
    assert set(BODIES) == set(BUILT) - {'motion_capture'}  # a network that finds a body
    for name, card in BODIES.items():
        assert main(['models', name]) == 0
        said = ' '.join(capsys.readouterr().out.split())
        assert card.summary in said and card.homepage in said and card.file_licence in said
        assert get_layout(card.layout).name == card.layout
        assert main(['models', name, '--json']) == 0
        assert json.loads(capsys.readouterr().out)[0]['title'] == card.title
