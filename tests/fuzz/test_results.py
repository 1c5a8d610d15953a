"""Damaged results, features, tables and texts: what fusion, zero-shot recognition and listing read."""
import json
import pickle

import pytest
from fuzz.judge import Tally, judge, reading
from fuzz.mutations import changed, damaged
from fuzz.samples import flat_file, npy, npz, results
from fuzz.test_formats import _plain
from zero_shot_world import table

from mmskel.cli import main
from mmskel.evaluation import load_results


def test_fuse(inputs, rng_of, fresh):
    tally = Tally()
    for number in inputs(150):
        rng = rng_of(number)
        good, other = results(0), results(1)
        text = json.dumps(_plain(changed(other, rng))) if rng.random() < .6 else damaged(json.dumps(other).encode(), rng)
        folder = fresh({'a.json': json.dumps(good), 'b.json': text})
        words = ['fuse', 'a.json', 'b.json', '--out', 'f', *rng.choice((
            [], ['--rule', 'logits'], ['--rule', 'product'], ['--weights', '1', '2'], ['--fit-on', 'clean']))]
        from mmskel.apis.fusion import describe_members, fuse_files  # the report takes seconds
        weights = [1., 2.] if '--weights' in words else None

        def fused():
            found = fuse_files(['a.json', 'b.json'], weights=weights, rule=words[6] if '--rule' in words else None,
                               fit_on='clean' if '--fit-on' in words else None)
            describe_members(found)
        outcome = judge(reading(fused) if number % 25 else lambda: main(words), folder, ('a.json', 'b.json', 'clean'))
        if outcome.status == 0 and set(load_results('a.json').ids) != set(load_results('b.json').ids):
            outcome.faults.append('clips of one file only')
        tally.add(outcome, str(number))
    tally.check()


def _features(**more):
    known = table(clips=3)
    arrays = dict(ids=list(known.ids), features=known.features, labels=known.labels, class_names=list(known.class_names),
                  split=known.split, logits=known.logits)
    return npz(**{**arrays, **more})


def test_features(inputs, rng_of, fresh):
    """Archives of arrays: damaged bytes, and arrays of another kind."""
    import numpy as np

    from mmskel.data.feature_table import read_features
    from mmskel.evaluation.features import Features, load_features, save_features
    tally = Tally()
    for number in inputs(120):
        rng = rng_of(number)
        ours = number % 2
        folder = fresh({'f.npz': _features()})
        if ours:
            save_features('f.npz', Features(['a', 'b'], np.ones((2, 3)), np.array([0, 1]), ['x', 'y'], dict(train=['a']),
                                            dict(model='m')))
        content = (folder / 'f.npz').read_bytes()
        if rng.random() < .5:
            with np.load('f.npz') as file:
                arrays = {key: file[key] for key in file.files}
            data = changed(arrays, rng)
            (folder / 'f.npz').write_bytes(npz(**{str(key).replace('\0', 'x').replace('\ud800', ''): value for key, value in data.items() if not isinstance(value, (int, set)) or abs(value) < 9})
                                           if isinstance(data, dict) else npy(np.zeros(2)))
        else:
            (folder / 'f.npz').write_bytes(damaged(content, rng))
        read = (lambda: load_features('f.npz')) if ours else (lambda: read_features('f.npz'))
        tally.add(judge(reading(read), folder, ('f.npz', )), str(number))
    tally.check()


VIDEOS = 'id,label,split\nkick/a,kick,train\nb,"say, what",val\n'
OBJECTS = 'id,object,frame,x,y,score\nclip0,ball,0,1.5,2,1\nclip0,ball,1,1.5,2,.5\n'
TEXTS = 'name,text\nwave,waving a hand\nkick,kicking | a kick\n'


@pytest.mark.parametrize('kind', ['labels', 'list', 'objects', 'texts', 'lines', 'names'])
def test_tables_and_texts(kind, inputs, rng_of, fresh):
    from mmskel.apis.recogniser_options import _read_names
    from mmskel.language.class_texts import read_class_texts
    from mmskel.pose.object_tracks import ObjectTracks
    from mmskel.video.listing import list_videos
    name, content, read = {
        'labels': ('l.csv', VIDEOS, lambda: list_videos('v', 'l.csv')), 'list': ('v/l.txt', 'kick/a.mp4\nb.mp4\n', lambda: list_videos('v/l.txt')),
        'objects': ('o.csv', OBJECTS, lambda: ObjectTracks('o.csv').check(['clip0'])), 'texts': ('t.csv', TEXTS, lambda: read_class_texts('t.csv')),
        'lines': ('t.txt', 'wave\nkick\n', lambda: read_class_texts('t.txt')), 'names': ('n.txt', 'wave\nkick\n', lambda: _read_names('n.txt'))}[kind]
    tally = Tally()
    for number in inputs(60):
        files = {'v/kick/a.mp4': b'x', 'v/b.mp4': b'y', name: damaged(content.encode(), rng_of(number))}
        tally.add(judge(reading(read), fresh(files), (name.rpartition('/')[2], )), f'{kind} {number}')
    tally.check()


@pytest.mark.parametrize('kind', ['npy', 'published'])
def test_embeddings_and_folders_of_features(kind, inputs, rng_of, fresh):
    import numpy as np

    from mmskel.apis.zero_shot_inputs import load_embeddings
    from mmskel.data.zero_shot_sets import read_published, validation_folder, write_published  # noqa: F401
    tally = Tally()
    for number in inputs(30):
        rng = rng_of(number)
        array = npy(np.ones((2, 5), np.float32))
        if kind == 'npy':
            folder = fresh({'e.npy': damaged(array, rng)})
            tally.add(judge(reading(lambda: load_embeddings(['e.npy'], class_names=('a', 'b'))), folder, ('e.npy', )), str(number))
            continue
        names = ('train.npy', 'train_label.npy', 'ztest.npy', 'z_label.npy', 'gtest.npy', 'g_label.npy', 'unseen.npy')
        files = {f'p/{name}': array for name in names}
        victim = rng.choice(list(files))
        folder = fresh({**files, victim: damaged(files[victim], rng)})
        tally.add(judge(reading(lambda: read_published('p')), folder, ("'p", *names)), str(number))
    tally.check()


def test_journals(inputs, rng_of, fresh):
    """What an extraction kept, damaged: it is refused by name, or the clip is extracted again."""
    from mmskel.pose.journal import Journal
    from mmskel.skeleton import Clip
    tally = Tally()
    for number in inputs(30):
        rng = rng_of(number)
        folder = fresh({'v.mp4': b'video'})
        journal = Journal('o.pkl', dict(a=1))
        key = journal.key('c', 'v.mp4')
        journal.keep(key, Clip.from_annotation(flat_file()['annotations'][0]))
        journal.close()
        victim = rng.choice([path for path in (folder / 'o.pkl.journal').iterdir() if path.name != 'lock'])
        victim.write_bytes(damaged(victim.read_bytes(), rng))

        def read():
            again = Journal('o.pkl', dict(a=1))
            try:
                if again.is_done(key):
                    again.clip(key).check()
            finally:
                again.close()
        outcome = judge(reading(read), folder, ('o.pkl.journal', 'clip', "'c'"))
        outcome.faults = [fault for fault in outcome.faults if 'input' not in fault]  # a damaged record is removed
        tally.add(outcome, str(number))
    tally.check()


def test_pickles_end(inputs, rng_of, fresh):
    """Whatever the bytes, the restricted reader ends: with data, or with one line."""
    from mmskel.files.restricted_pickle import load_pickle
    tally = Tally()
    for number in inputs(150):
        rng = rng_of(number)
        content = damaged(pickle.dumps(flat_file(), rng.randrange(6)), rng)
        tally.add(judge(reading(lambda: load_pickle('a.pkl')), fresh({'a.pkl': content}), ('a.pkl', )), str(number))
    tally.check()
