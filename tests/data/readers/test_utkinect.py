import zipfile

import numpy as np
import pytest

from mmskel.data.readers import ReadError, UTKinect

NAMES = ('walk', 'sitDown', 'standUp', 'pickUp', 'carry', 'throw', 'push', 'pull', 'waveHands', 'clapHands')


def _row(number, value):
    return f'{number}  ' + '  '.join(f'{value:.6f}' for _ in range(60))


def _write(folder, recording='s01_e01', rows=((10, 1), (14, 2), (14, 3), (18, 4), (22, 5)), labels='actionLabel.txt',
           segment='14 18', ends=None):
    folder.mkdir(exist_ok=True)
    (folder / f'joints_{recording}.txt').write_text('\r\n'.join(_row(*row) for row in rows))
    lines = [recording, *(f'{name}: {(ends or {}).get(name, segment)}' for name in NAMES)]
    (folder / labels).write_text('\r\n'.join(lines) + '\r\n')
    return folder


def test_a_segment_keeps_the_first_row_of_a_number(tmp_path):
    reader = UTKinect(_write(tmp_path))
    clip = reader.read('a05_s01_e01').check()
    assert clip.keypoint[0, :, 0, 0].tolist() == [2, 4] and clip.keypoint.shape == (1, 2, 20, 3)
    assert (clip.label, clip.fps, clip.layout) == (4, 15, 'kinect20')
    assert any('1 rows repeat a frame number' in note for note in reader.notes())
    assert clip.extra == dict(subject=1, episode=1)


def test_a_segment_of_nan_does_not_exist(tmp_path):
    reader = UTKinect(_write(tmp_path, ends=dict(carry='NaN NaN')))
    assert len(reader.items()) == 9 and 'a05_s01_e01' not in reader.items()
    assert any('a05_s01_e01' in note for note in reader.notes())


def test_corrected_labels_are_preferred_and_said(tmp_path):
    _write(tmp_path, segment='10 22')
    assert "'actionLabel.txt' (original" in UTKinect(tmp_path).notes()[0]
    _write(tmp_path, labels='actionLabel_modified.txt', segment='18 22')
    reader = UTKinect(tmp_path)
    assert "'actionLabel_modified.txt' (corrected" in reader.notes()[0]
    assert reader.meta()['label_file'] == 'actionLabel_modified.txt'
    assert reader.read('a01_s01_e01').num_frames == 2


def test_labels_are_found_beside_an_archive(tmp_path):
    folder = _write(tmp_path / 'in')
    with zipfile.ZipFile(tmp_path / 'joints.zip', 'w') as archive:
        archive.write(folder / 'joints_s01_e01.txt', 'x/joints_s01_e01.txt')
    with pytest.raises(ReadError, match='no label file.*or beside it'):
        UTKinect(tmp_path / 'joints.zip')
    (folder / 'actionLabel.txt').rename(tmp_path / 'actionLabel.txt')
    reader = UTKinect(tmp_path / 'joints.zip')
    assert reader.read('a01_s01_e01').num_frames == 2
    reader.close()


@pytest.mark.parametrize('changes, words', [
    (dict(segment='30 40'), r"frames 30 to 40 .*has frames 10 to 22"),
    (dict(rows=((10, 1), (14, float('nan')))), None),
])
def test_broken_segments_are_named(tmp_path, changes, words):
    reader = UTKinect(_write(tmp_path, **changes))
    with pytest.raises(ValueError, match=words) as error:
        reader.read('a01_s01_e01').check()
    assert 'a01_s01_e01' in str(error.value)


@pytest.mark.parametrize('line, words', [
    ('10 1 2 3', 'line 6: 4 numbers; expected 61'), ('ten', "line 6: not a number in 'ten'"),
    (_row(10.5, 1), 'line 6: 10.5 is not a frame number')])
def test_broken_recordings_are_named(tmp_path, line, words):
    _write(tmp_path)
    path = tmp_path / 'joints_s01_e01.txt'
    path.write_text(path.read_text() + '\n' + line)
    with pytest.raises(ReadError, match=f"joints_s01_e01.txt' {words}"):
        UTKinect(tmp_path).read('a01_s01_e01')


@pytest.mark.parametrize('ends, words', [
    (dict(walk='5 3'), 'line 2'), (dict(walk='NaN 3'), 'line 2'), (dict(pull='1'), 'line 9'), ])
def test_broken_label_files_are_named(tmp_path, ends, words):
    with pytest.raises(ReadError, match=f"'actionLabel.txt' {words}"):
        UTKinect(_write(tmp_path, ends=ends))


def test_recording_and_labels_must_meet(tmp_path):
    _write(tmp_path)
    (tmp_path / 'joints_s02_e01.txt').write_text(_row(1, 1))
    with (tmp_path / 'actionLabel.txt').open('a') as file:
        file.write('s03_e01\nwalk: 1 2\n')
    reader = UTKinect(tmp_path)
    assert reader.items()[-2:] == ['a01_s03_e01', 's02_e01']
    with pytest.raises(ReadError, match="'joints_s02_e01.txt' has no labels"):
        reader.read('s02_e01')
    with pytest.raises(ReadError, match="no file 'joints_s03_e01.txt'"):
        reader.read('a01_s03_e01')


def test_the_real_set(shared):
    reader = UTKinect(shared / 'data' / 'utkinect' / 'joints.zip')
    clips = [reader.read(item).check() for item in reader.items()]
    ids = [clip.id for clip in clips]
    splits = reader.splits(ids)
    assert len(reader._recordings) == 20 and any('rows repeat' in note for note in reader.notes())
    reader.close()
    lengths = {clip.id: clip.num_frames for clip in clips}
    assert len(ids) == 199 and 'a05_s10_e02' not in ids
    assert (min(lengths.values()), max(lengths.values()), np.median(list(lengths.values()))) == (5, 110, 28)
    assert round(np.mean(list(lengths.values())), 1) == 29.3 and lengths['a05_s09_e02'] == 110
    assert sum(5 <= n <= 7 for n in lengths.values()) == 10
    for action, low, high in ((7, 6, 17), (8, 7, 29), (6, 5, 19)):  # push, pull, throw
        of_it = [clip.num_frames for clip in clips if clip.label == action - 1]
        assert (min(of_it), max(of_it)) == (low, high)
    assert [sum(clip.label == k for clip in clips) for k in range(10)] == [20, 20, 20, 20, 19, 20, 20, 20, 20, 20]
    assert (len(splits['xsub_train']), len(splits['xsub_test'])) == (100, 99)
    tests = [splits[f'loseqo{fold:02d}_test'] for fold in range(1, 21)]
    assert sorted(sum(tests, [])) == sorted(ids) and [len(t) for t in tests] == [10] * 19 + [9]
    assert {i[4:] for i in splits['loseqo03_test']} == {'s02_e01'}
    assert len(splits) == 2 * (1 + 20 + 10 + 10)
    assert {int(i[5:7]) for i in splits['se3_07_train']} == {1, 2, 4, 6, 7}
    assert {i[5:7] for i in splits['loso10_test']} == {'10'} and len(splits['loso10_test']) == 19
    for name, members in splits.items():
        other = splits[name.replace('_train', '_test')]
        assert name.endswith('_test') or sorted(members + other) == sorted(ids)


def test_the_corrections_of_the_real_labels_matter(shared, tmp_path):
    folder = shared / 'data' / 'utkinect'
    for name in ('joints.zip', 'actionLabel.txt'):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    original, corrected = UTKinect(tmp_path), UTKinect(folder)
    changed = [i for i in corrected.items() if original._segments[i] != corrected._segments[i]]
    assert changed == ['a01_s01_e02', 'a07_s03_e01', 'a08_s07_e01', 'a08_s07_e02', 'a07_s09_e01', 'a05_s10_e01',
                       'a08_s10_e02']
    for reader in (original, corrected):
        reader.close()
