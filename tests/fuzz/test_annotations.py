"""Annotation files whose structure is damaged: whatever is in them, one line or a file of all good clips."""
import pickle
from collections import Counter

import pytest
from fuzz.judge import Tally, judge, reading
from fuzz.mutations import changed
from fuzz.samples import deep_file, flat_file, old_list

from mmskel.cli import main
from mmskel.data.annotation_file import load_annotation_file
from mmskel.data.checking.file import check_file
from mmskel.files.text import printable
from mmskel.skeleton.annotation import is_id

KINDS = dict(flat=flat_file, deep=deep_file, list=old_list)


def broken(kind, rng):
    data = changed(KINDS[kind](), rng)
    return data, pickle.dumps(data, rng.choice((2, 4, 5)))


def ids(data):
    """The ids that a file has, each once."""
    items = data.get('annotations', []) if isinstance(data, dict) else data
    items = items if isinstance(items, list) else []
    named = [item.get('frame_dir', item.get('filename')) for item in items if isinstance(item, dict)]
    return {str(name) for name in named if is_id(name)}


def count(data):
    """How many annotations there are."""
    return len(data['annotations'] if isinstance(data, dict) else data)


def names_of(data, *more):
    return ('a.pkl', 'annotation', *more, *(repr(i) for i in ids(data)), *(str(i) for i in ids(data) if len(str(i)) > 1))


@pytest.mark.parametrize('kind', KINDS)
def test_prepare_and_check_agree(kind, inputs, rng_of, fresh):
    """What `check` finds no error in, `prepare` takes; and with --keep-going every clip is in the file or in the list."""
    tally = Tally()
    for number in inputs(60):
        data, content = broken(kind, rng_of(number))
        folder = fresh({'a.pkl': content})
        names = names_of(data)
        checked = judge(lambda: print(printable(str(report := check_file('a.pkl')))) or report.exit_code, folder, names, report=True)
        outcome = judge(lambda: main(['prepare', 'pickle', 'a.pkl', 'out.pkl']), folder, names)
        if checked.status == 0 and outcome.status != 0:
            outcome.faults.append(f'check finds no error, but prepare says {outcome.line}')
        going = judge(lambda: main(['prepare', 'pickle', 'a.pkl', 'all.pkl', '--keep-going']), folder, names)
        for one, name in ((outcome, 'out.pkl'), (going, 'all.pkl')):
            if (folder / name).exists() != (one.status == 0):
                one.faults.append(f'status {one.status}, and {name} is {"there" if one.status else "missing"}')
        if outcome.status == 0:
            kept = {item['frame_dir'] for item in load_annotation_file('out.pkl').annotations}
            if kept != ids(data) or len(kept) != count(data):
                outcome.faults.append(f'lost {Counter(ids(data)) - Counter(kept)}')
        if going.status == 0:
            file = load_annotation_file('all.pkl')
            kept = {item['frame_dir'] for item in file.annotations} | set(file.meta.get('skipped', ()))
            if not ids(data) <= kept or len(kept) < count(data):
                going.faults.append(f'lost without a word: {ids(data) - kept}')
        for one in (checked, outcome, going):
            tally.add(one, f'{kind} {number}')
    tally.check()


def test_draw(inputs, rng_of, fresh):
    tally = Tally()
    for number in inputs(20):
        data, content = broken('flat', rng_of(number))
        folder = fresh({'a.pkl': content})
        name = next(iter(ids(data) or {'clip0'}))
        outcome = judge(lambda: main(['draw', 'a.pkl', '--clip', name, '--plain', '--out', 'o.png']), folder, names_of(data))
        if (folder / 'o.png').exists() != (outcome.status == 0):
            outcome.faults.append('o.png')
        tally.add(outcome, str(number))
    tally.check()


def test_pages_of_check(inputs, rng_of, fresh):
    tally = Tally()
    for number in inputs(4):
        data, content = broken('flat', rng_of(number))
        folder = fresh({'a.pkl': content})
        outcome = judge(lambda: main(['check', 'a.pkl', '--html', 'p.html']), folder, names_of(data), report=True)
        if not outcome.faults and not (folder / 'p.html').is_file():
            outcome.faults.append('no page')
        tally.add(outcome, str(number))
    tally.check()


def test_data_sets_of_a_training(inputs, rng_of, fresh):
    """Training obeys the rules of `check`: a file without errors can be trained on, every clip of it."""
    from mmskel.data.dataset import SkeletonDataset
    tally = Tally()
    for number in inputs(60):
        data, content = broken('flat', rng_of(number))
        folder = fresh({'a.pkl': content})

        def load():
            for split in ('train', 'test'):
                dataset = SkeletonDataset('a.pkl', [], split=split, test_mode=split == 'test')
                for place in range(len(dataset)):
                    dataset.get_data_info(place)
        outcome = judge(reading(load), folder, names_of(data))
        if outcome.status == 1 and not {'split', 'label'} & set(outcome.line.split()):
            report = check_file('a.pkl')
            if report.exit_code == 0:
                outcome.faults.append(f'check finds no error, but a training says {outcome.line}')
        tally.add(outcome, str(number))
    tally.check()
