"""Damaged bytes in every file of every format that `mmskel prepare` reads."""
import pickle
import zipfile

import pytest
from fuzz.judge import Tally, judge
from fuzz.mutations import changed, damaged
from fuzz.samples import formats, mat_file

from mmskel.cli import main
from mmskel.data.annotation_file import load_annotation_file

FORMATS = ('pickle', 'pickle, protocol 0', 'numpy', 'numpy, zip', 'nw_ucla', 'nw_ucla, zip', 'ntu', 'kinetics_skeleton',
           'kinetics_hrnet', 'msr_action3d', 'utkinect', 'penn_action', 'frfs', 'amass', 'volleyball', 'nba', 'group_scenes',
           'pickle, folder', 'sbu', 'sysu', 'hdm05')
STRUCTURED = ('kinetics_skeleton', 'kinetics_hrnet', 'nw_ucla', 'nba', 'volleyball', 'group_scenes', 'penn_action', 'sysu',
              'pickle, folder')


def test_every_format_is_here_and_its_samples_are_good(fresh):
    from mmskel.data.readers import READERS
    assert set(FORMATS) == set(formats())
    assert {arguments[0] for _, arguments in formats().values()} == set(READERS) - {'volleyball_weak'}
    for name, (files, arguments) in formats().items():
        folder = fresh(files)
        outcome = judge(lambda: main(['prepare', arguments[0], arguments[1], 'out.pkl', *arguments[2:]]), folder)
        assert outcome.status == 0 and not outcome.faults, (name, outcome)


def prepared(folder, files, arguments, going):
    words = ['prepare', arguments[0], arguments[1], 'out.pkl', *arguments[2:], *['--keep-going'] * going]
    names = [part for name in files for part in (name, name.rpartition('/')[2].partition('.')[0])]
    outcome = judge(lambda: main(words), folder, [*names, "clip '", arguments[1]])
    if (folder / 'out.pkl').exists() != (outcome.status == 0):
        outcome.faults.append(f'status {outcome.status}, and out.pkl is {"there" if outcome.status else "missing"}')
    elif outcome.status == 0:
        for clip in load_annotation_file('out.pkl').clips():
            clip.check()
    return outcome


@pytest.mark.parametrize('name', FORMATS)
def test_bytes(name, inputs, rng_of, fresh):
    tally, (files, arguments) = Tally(), formats()[name]
    for number in inputs(24):
        rng = rng_of(number)
        files = dict(formats()[name][0])
        victim = rng.choice(list(files))
        content = files[victim]
        files[victim] = damaged(content.encode() if isinstance(content, str) else content, rng)
        folder = fresh(files)
        tally.add(prepared(folder, files, arguments, rng.random() < .4), f'{name} {number}')
    tally.check()


@pytest.mark.parametrize('name', STRUCTURED)
def test_structure(name, inputs, rng_of, fresh):
    """JSON, pickles and MATLAB files that can be read, but hold something else."""
    import json
    tally, (_, arguments) = Tally(), formats()[name]
    for number in inputs(20):
        rng = rng_of(number)
        files = dict(formats()[name][0])
        victim = rng.choice([file for file in files if not file.endswith('.txt') and not file.endswith('_ids')])
        content = files[victim]
        if victim.endswith('.mat'):
            files[victim] = changed_mat(content, rng)
        elif isinstance(content, bytes):
            files[victim] = pickle.dumps(changed(pickle.loads(content), rng))
        else:
            files[victim] = json.dumps(_plain(changed(json.loads(content), rng)))
        folder = fresh(files)
        tally.add(prepared(folder, files, arguments, rng.random() < .4), f'{name} {number}')
    tally.check()


def changed_mat(content, rng):
    """A MATLAB file with other variables, as far as SciPy can write them."""
    import io

    from scipy.io import loadmat
    arrays = {key: value for key, value in loadmat(io.BytesIO(content)).items() if not key.startswith('__')}
    data = changed(arrays, rng)
    try:
        return mat_file(**{str(key): value for key, value in data.items()})
    except Exception:  # what cannot be written cannot be read
        return mat_file(x=1)


def _plain(value):
    """What JSON can say."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(one) for one in value]
    if isinstance(value, int) and abs(value) > 10 ** 400:
        return 1
    return value if isinstance(value, (str, int, float, type(None))) else str(value)[:50]


def test_zip_archives(inputs, rng_of, fresh):
    """A damaged archive beside good files is named; no clip of it is lost without a word."""
    tally = Tally()
    for number in inputs(20):
        rng = rng_of(number)
        files = {**formats()['nw_ucla'][0], 's/more.zip': damaged(formats()['nw_ucla, zip'][0]['s.zip'], rng)}
        folder = fresh(files)
        outcome = prepared(folder, files, ['nw_ucla', 's'], False)
        if outcome.status == 0:
            held = {item['frame_dir'] for item in load_annotation_file('out.pkl').annotations}
            with zipfile.ZipFile('s/more.zip') as archive:
                inside = {name[:-5] for name in archive.namelist() if name.endswith('.json')}
            if not {name for name in inside if name.startswith('a0')} <= held:
                outcome.faults.append(f'lost {inside - held}')
        tally.add(outcome, str(number))
    tally.check()
