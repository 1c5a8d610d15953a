"""The columnar store: what goes in comes out, whatever happens while it is written, and damage is named."""
import json
import pickle
import shutil
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('pyarrow', reason='pyarrow is not installed')

from mmskel.data import save_annotation_file
from mmskel.data.converting import convert
from mmskel.data.prepare import PrepareError, prepare
from mmskel.data.store import NUMBERS, StoreError, StoreWriter, merge_stores, open_store, verify
from mmskel.files.errors import UserError
from mmskel.files.locks import InUseError
from mmskel.parallel.shards import Shard
from mmskel.skeleton import Clip
from mmskel.synthetic.motions import make_motion_clips


@pytest.fixture(scope='module')
def odd():
    """Clips with everything an annotation may say."""
    rng = np.random.default_rng(0)
    first = Clip('a/ä 1', rng.uniform(0, 1920, (2, 5, 17, 2)), rng.uniform(size=(2, 5, 17)), layout='coco17', image_size=(1080, 1920),
                 fps=29.97, label=1, track_id=np.array([4, 7]), objects={'ball': rng.uniform(size=(5, 3)).astype(np.float32)}, rgb='v/a.mp4',
                 extra=dict(subject=3, note='x', parts=[1, {'deep': np.arange(4)}], none=None))
    second = replace(first, id='b', keypoint=first.keypoint[:1, :1], score=first.score[:1, :1], label=None, track_id=None, objects={}, extra={})
    third = Clip('c', rng.normal(size=(1, 3, 20, 3)), layout='kinect20', label=0, angles=rng.normal(size=(1, 3, 2)).astype(np.float32),
                 angle_names=('p', 'q'))
    first.keypoint[0, 0, 0] = 0  # missing
    return [first, second, third]


def same(one, other, numbers='float32'):
    """Two annotations; numbers as exact as they are kept."""
    assert one.keys() == other.keys()
    for key, value in one.items():
        if key in ('keypoint', 'keypoint_score') and numbers != 'float32':
            step = {'float16': np.abs(value).max() / 2048, 'uint16': np.ptp(value) / 2 / 65533 * 1.01 + 1e-6}[numbers]
            assert np.abs(value - other[key]).max() <= step and ((value == 0) == (other[key] == 0)).all(), key
        elif isinstance(value, np.ndarray):
            assert value.dtype == other[key].dtype
            np.testing.assert_array_equal(value, other[key])
        elif isinstance(value, dict):
            same(value, other[key])
        else:
            assert repr(value) == repr(other[key]), key


@pytest.mark.parametrize('numbers', NUMBERS)
def test_what_goes_in_comes_out(numbers, odd, tmp_path):
    split = dict(train=['a/ä 1', 'c'], test=['b'])
    with StoreWriter(tmp_path / 's.mmsk', meta=dict(layout='coco17', class_names=['x', 'y']), numbers=numbers) as writer:
        for clip in odd:
            writer.add(clip)
        writer.splits = split
    store = open_store(tmp_path / 's.mmsk')
    assert list(store.ids) == ['a/ä 1', 'b', 'c'] and store.labels.tolist() == [1, -1, 0] and store.scored.tolist() == [True, True, False]
    assert store.shapes.tolist() == [[2, 5, 17, 2], [1, 1, 17, 2], [1, 3, 20, 3]] and store.split == split
    assert store.class_names == ['x', 'y'] and store.layout == 'coco17' and len(store) == verify(store, progress=False) == 3
    for row, clip in enumerate(odd):
        found = store.clip(row).check()
        item = clip.to_annotation()
        again = found.to_annotation()
        same({key: item[key] for key in item if key != 'parts'}, {key: again[key] for key in again if key != 'parts'}, numbers)
    deep = store.annotation(0)['parts'][1]['deep']
    assert deep.tolist() == [0, 1, 2, 3] and store.clip(2).angle_names == ('p', 'q')
    assert pickle.loads(pickle.dumps(store)).ids == store.ids  # a worker process opens it by its path


def test_prepare_writes_a_store_clip_by_clip(tmp_path, capsys):
    clips = make_motion_clips(2, num_subjects=2)
    split = dict(train=[clip.id for clip in clips[::2]], test=[clip.id for clip in clips[1::2]])
    save_annotation_file(tmp_path / 'a.pkl', clips, split, dict(layout='kinect20'))
    store = prepare('pickle', tmp_path / 'a.pkl', tmp_path / 'a.mmsk', numbers='uint16')
    assert len(store) == 20 and store.split == split and store.numbers == 'uint16' and '20 clips' in capsys.readouterr().out
    parts = [prepare('pickle', tmp_path / 'a.pkl', tmp_path / f'p{i}.mmsk', shard=Shard(i, 3), progress=False) for i in (1, 2, 3)]
    assert [len(part) for part in parts] == [7, 7, 6]
    merged = merge_stores(tmp_path / 'all.mmsk', parts, progress=False)
    assert sorted(merged.ids) == sorted(store.ids) and {name: sorted(ids) for name, ids in merged.split.items()} == \
        {name: sorted(ids) for name, ids in split.items()}
    with pytest.raises(PrepareError, match='shard 21/21 is empty: there are 20 clips'):
        prepare('pickle', tmp_path / 'a.pkl', tmp_path / 'b.pkl', shard=Shard(21, 21), progress=False)
    with pytest.raises(PrepareError, match='for stores'):
        prepare('pickle', tmp_path / 'a.pkl', tmp_path / 'b.pkl', numbers='uint16')
    with pytest.raises(UserError, match='is the source'):
        convert(tmp_path / 'a.mmsk', tmp_path / 'a.mmsk')
    with pytest.raises(StoreError, match="two clips are called"):
        merge_stores(tmp_path / 'twice.mmsk', [store, store], progress=False)
    assert not (tmp_path / 'twice.mmsk').exists()


def test_a_failure_leaves_what_was_there(odd, tmp_path):
    bad = replace(odd[0], id='bad', extra=dict(what={1, 2}))
    for path, before in ((tmp_path / 'new.mmsk', None), (tmp_path / 'old.mmsk', odd)):
        if before:
            with StoreWriter(path) as writer:
                for clip in before:
                    writer.add(clip)
        with pytest.raises(StoreError, match="clip 'bad': what is .*which a store cannot keep"):
            with StoreWriter(path, replace=True, clips_per_file=1) as writer:
                writer.add(replace(odd[0], id='z'))
                writer.add(bad)
        assert path.exists() == bool(before)
    assert list(open_store(tmp_path / 'old.mmsk').ids) == [clip.id for clip in odd]
    huge = replace(odd[0], keypoint=odd[0].keypoint * 100)
    with pytest.raises(StoreError, match='too large for float16'):
        with StoreWriter(tmp_path / 'half.mmsk', numbers='float16') as writer:
            writer.add(huge)
    with StoreWriter(tmp_path / 'old.mmsk') as writer, pytest.raises(InUseError, match='written by another process'):
        subprocess.run([sys.executable, '-c', 'pass'])  # the lock is this process's
        StoreWriter(tmp_path / 'old.mmsk')
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'folder/mine.txt').write_text('x')
    with pytest.raises(UserError, match='it is something else'):
        StoreWriter(tmp_path / 'folder')


APPEND = '''
import sys
import numpy as np
from mmskel.data.store import StoreWriter
from mmskel.skeleton import Clip
rng = np.random.default_rng(0)
print('ready', flush=True)
while True:
    with StoreWriter('s.mmsk', clips_per_file=3) as writer:
        for i in range(len(list(writer.ids)), len(list(writer.ids)) + 7):
            writer.add(Clip(f'c{i}', rng.normal(size=(1, 4, 17, 2)), layout='coco17'))
        writer.splits = {'train': list(writer.ids)}
'''


def _killed(tmp_path, times):
    (tmp_path / 'append.py').write_text(APPEND)
    rng, before = np.random.default_rng(1), 0
    for _ in range(times):
        process = subprocess.Popen([sys.executable, 'append.py'], cwd=tmp_path, stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(rng.uniform(0, .25))
        process.kill()
        process.wait()
        if not (tmp_path / 's.mmsk/store.json').is_file():
            continue
        store = open_store(tmp_path / 's.mmsk')
        assert list(store.ids) == [f'c{i}' for i in range(len(store))] and len(store) >= before  # each once, none lost
        assert verify(store, progress=False) == len(store) and set(store.split.get('train', ())) <= set(store.ids)
        before = len(store)
    assert before > times
    with StoreWriter(tmp_path / 's.mmsk'):
        pass
    listed = {entry['name'] for entry in open_store(tmp_path / 's.mmsk').manifest['files']}
    assert {file.name for file in (tmp_path / 's.mmsk').glob('clips-*')} == listed  # what the dead left is gone


def test_a_killed_writer_loses_no_finished_clip(tmp_path):
    _killed(tmp_path, 8)


@pytest.mark.long
def test_fifty_killed_writers(tmp_path):
    _killed(tmp_path, 50)


def test_damage_is_named(odd, tmp_path):
    with StoreWriter(tmp_path / 's.mmsk') as writer:
        for clip in odd:
            writer.add(clip)
        writer.splits = dict(train=['b'])
    good = {file.name: file.read_bytes() for file in (tmp_path / 's.mmsk').iterdir()}
    clips, splits = (next(name for name in good if name.startswith(kind)) for kind in ('clips', 'splits'))
    manifest = json.loads(good['store.json'])

    def said(**files):
        shutil.rmtree(tmp_path / 's.mmsk')
        (tmp_path / 's.mmsk').mkdir()
        for name, content in {**good, **files}.items():
            if content is not None:
                (tmp_path / 's.mmsk' / name).write_bytes(content)
        with pytest.raises(UserError) as caught:
            store = open_store(tmp_path / 's.mmsk')
            _ = store.split, store.meta
            verify(store, progress=False)
        assert not isinstance(caught.value, StoreError) or 's.mmsk' in str(caught.value)
        return str(caught.value)

    assert f"{clips}', block 0: not a readable Arrow file" in said(**{clips: good[clips][:-200]})
    assert 'is missing' in said(**{clips: None}) and f"{splits}' is not a readable" in said(**{splits: good[splits][:50]})
    place = good[clips].index(odd[0].keypoint.tobytes()[:16])
    flipped = good[clips][:place] + bytes([good[clips][place] ^ 4]) + good[clips][place + 1:]
    assert "block 0: clip 'a/ä 1' is not what was written" in said(**{clips: flipped})
    index = good[clips].rindex('a/ä 1'.encode())
    assert 'block 0' in said(**{clips: good[clips][:index] + b'q' + good[clips][index + 1:]})
    for change, message in ((dict(version=2), 'a store of version 2'), (dict(kind='x'), 'not the manifest'), (dict(numbers='int8'), 'is damaged'),
                            (dict(files=[dict(name='../x.arrow', clips=3)]), 'is damaged'), (dict(meta=dict(class_names=3)), "'class_names'"),
                            (dict(files=[dict(name=clips, clips=4)]), 'holds 3 clips')):
        assert message in said(**{'store.json': json.dumps({**manifest, **change}).encode()})
    assert 'not the manifest of a store' in said(**{'store.json': b'{'}) and 'has no' in said(**{'store.json': None})
    with pytest.raises(FileNotFoundError, match='there is no store'):
        open_store(tmp_path / 'nowhere.mmsk')
