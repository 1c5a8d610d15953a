"""FR-FS: made-up folders of frames and joints, in the form of Gate-Shift-Pose's code."""
import cv2
import numpy as np
import pytest

from mmskel.data import READERS, ReadError, prepare
from mmskel.data.transforms import LoadClipFrames, SampleSegments


def write(folder, name, frames=6, joints=True):
    place = folder / 'Images' / name
    place.mkdir(parents=True)
    for frame in range(frames):
        cv2.imwrite(str(place / f'{frame:05d}.png'), np.full((36, 64, 3), 10 * frame, np.uint8))
        if joints:
            np.save(place / f'{frame:05d}.npy', np.full((1, 17, 2), 5. + frame) if frame % 2 else np.full((17, 2), 5. + frame))
    return place


@pytest.fixture
def release(tmp_path):
    folder = tmp_path / 'FRFS'
    write(folder, '1')
    write(folder, '2')
    (folder / 'train_videofolder.txt').write_text('Images/1 6 1\n')
    (folder / 'val_videofolder.txt').write_text('2 6 0\n')
    return folder


def test_clips_splits_and_the_way_to_the_frames(release, tmp_path):
    np.save(release / 'Images/2/00003.npy', np.zeros((17, 2)))
    (release / 'Images/2/00004.npy').unlink()
    file = prepare('frfs', release, tmp_path / 'frfs.pkl', progress=False)
    assert file.split == dict(train=['1'], test=['2']) and file.meta['class_names'] == ['label 0', 'label 1']
    first, second = file.clips()
    assert (first.label, second.label, first.layout, first.image_size, first.fps) == (1, 0, 'coco17', (36, 64), 25.)
    assert first.keypoint[0, :, 0, 0].tolist() == [5, 6, 7, 8, 9, 10] and first.score.all()
    assert second.score[0].any(-1).tolist() == [True, True, True, False, False, True]
    sample = dict(first.to_annotation(), num_clips=1)
    sample = LoadClipFrames()(SampleSegments(3, test_mode=True, corrected=True)(sample))
    assert sample['imgs'][:, 0, 0, 0].tolist() == [10, 30, 50] and sample['keypoint'][0, :, 0, 0].tolist() == [6, 8, 10]


@pytest.mark.parametrize('lines, message', [
    ('1 9 1\n', "'1': the list says 9 frames, and the folder has 6$"),
    ('1 12 1\n', 'the folder has 6; 12 is the number of its images and joints together'),
    ('7 6 1\n', "'7': the list says 6 frames, and the folder has 0"),
])
def test_clips_with_too_few_frames(release, lines, message):
    (release / 'train_videofolder.txt').write_text(lines)
    reader = READERS['frfs'](release)
    with pytest.raises(ReadError, match=message):
        reader.read(reader.items()[0])


@pytest.mark.parametrize('lines, message', [
    ('1 6\n', r"train_videofolder.txt' line 1: expected '<folder> <number of frames> <label>'; found '1 6'"),
    ('1 6 fall\n', "line 1: expected .* found '1 6 fall'"),
    ('1 6 1\n1 6 0\n', "line 2: '1' is listed twice"),
])
def test_broken_lists(release, lines, message):
    (release / 'train_videofolder.txt').write_text(lines)
    with pytest.raises(ReadError, match=message):
        READERS['frfs'](release)


@pytest.mark.parametrize('joints, message', [
    (np.zeros((2, 17, 2)), r"00001.npy' is an array float64 \(2, 17, 2\); expected the x and y of 17 joints"),
    (np.full((17, 2), np.nan), '00001.npy. has coordinates that are not finite'),
    (np.array(['a'] * 34).reshape(17, 2), 'is an array <U1'),
])
def test_broken_joints(release, joints, message):
    np.save(release / 'Images/1/00001.npy', joints)
    with pytest.raises(ReadError, match=message):
        READERS['frfs'](release).read('1')


def test_joints_of_another_frame_a_damaged_image_and_short_clips(release):
    np.save(release / 'Images/1/00009.npy', np.zeros((17, 2)))
    with pytest.raises(ReadError, match="00009.npy': joints of frame 9, which is not there; the folder has frames 0 to 5"):
        READERS['frfs'](release).read('1')
    (release / 'Images/2/00000.png').write_bytes(b'no image')
    with pytest.raises(ReadError, match='00000.png. is not an image'):
        READERS['frfs'](release).read('2')
    (release / 'train_videofolder.txt').write_text('1 2 1\n')
    reader = READERS['frfs'](release)
    assert reader.items() == ['2'] and '1 clips of fewer than 3 frames were left out' in reader.notes()[0]


def test_a_spreadsheet_and_a_set_without_joints(release, tmp_path):
    (tmp_path / 'raw').mkdir()
    (tmp_path / 'raw' / 'Train.xls').write_bytes(b'\xd0\xcf')
    with pytest.raises(ReadError, match="'Train.xls' is a spreadsheet: save its rows as such a list"):
        READERS['frfs'](tmp_path / 'raw')
    for file in release.rglob('*.npy'):
        file.unlink()
    with pytest.raises(ReadError, match='has no file of joints beside its frames; .*`mmskel extract'):
        READERS['frfs'](release)
