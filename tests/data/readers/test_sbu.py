import numpy as np
import pytest

from mmskel.data import prepare
from mmskel.data.readers import SBU, ReadError
from mmskel.data.readers.sbu import FOLDS, PAIRS


def write(folder, pair='s01s02', number='03', recording='001', rows=2, width=90):
    place = folder / pair / number / recording
    place.mkdir(parents=True)
    numbers = np.arange(1, width + 1) / 100
    (place / 'skeleton_pos.txt').write_text('\n'.join(
        f'{row + 1},' + ','.join(f'{x:.6f}' for x in numbers) for row in range(rows)) + '\n')


def test_two_persons_by_folder_number(tmp_path):
    write(tmp_path)
    clip = SBU(tmp_path).read('s01s02_03_001').check()
    assert clip.keypoint.shape == (2, 2, 15, 3) and (clip.label, clip.fps, clip.layout) == (2, 15, 'sbu15')
    np.testing.assert_allclose(clip.keypoint[:, 0, 0], [[0.01, 0.02, 0.03], [0.46, 0.47, 0.48]], rtol=1e-6)
    scaled = SBU(tmp_path, denormalise=True).read('s01s02_03_001')
    np.testing.assert_allclose(scaled.keypoint[0, 0, 0], [1280 - 25.6, 960 - 38.4, 300 / 7.8125], rtol=1e-6)


def test_folds_are_those_of_the_pairs(tmp_path):
    assert sorted(sum(FOLDS, ())) == list(range(1, 22)) and len(set(PAIRS)) == 21
    for pair in PAIRS:
        write(tmp_path, pair, rows=1)
    file = prepare('sbu', tmp_path, tmp_path / 'sbu.pkl', progress=False)
    assert {i[:6] for i in file.split['fold1_test']} == {'s01s02', 's03s04', 's05s02', 's06s04'}
    for fold in range(1, 6):
        assert len(file.split[f'fold{fold}_train']) + len(file.split[f'fold{fold}_test']) == 21
    assert sorted(sum((file.split[f'fold{fold}_test'] for fold in range(1, 6)), [])) == sorted(c.id for c in file.clips())


@pytest.mark.parametrize('change, message', [
    (dict(width=89), 'line 1: 90 numbers; expected 91'), (dict(number='09'), 'no class 09'), (dict(rows=0), 'is empty')])
def test_broken_files_are_named(tmp_path, change, message):
    write(tmp_path, **change)
    reader = SBU(tmp_path)
    with pytest.raises(ReadError, match=f's01s02.*{message}'):
        reader.read(reader.items()[0])
