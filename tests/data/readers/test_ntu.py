import zipfile

import numpy as np
import pytest

from mmskel.data.readers import NTU, ReadError
from mmskel.data.readers.ntu_text import parse_skeleton

# larger than a float64 can distinguish
ID_A, ID_B = '72057594037931101', '72057594037931102'


def body(value, tail='nan nan 960.5 540.25 0.1 0.2 0.3 0.4 2'):
    """25 lines of a body whose joint j lies at (value, j, 3)."""
    return [f'{value} {j} 3 {tail}' for j in range(25)]


def skeleton(frames, end='\r\n'):
    """The text of a .skeleton file; per frame a list of (id, 25 joint lines)."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for name, joints in bodies:
            lines += [f'{name} 0 1 1 1 1 0 0.02 -0.1 2', '25', *joints]
    return end.join(lines) + end


def write(folder, name='S001C002P003R001A050', frames=(((ID_A, body(1)), ), ((ID_A, body(2)), (ID_B, body(3))))):
    folder.mkdir(exist_ok=True)
    (folder / f'{name}.skeleton').write_text(skeleton(frames))
    return f'{name}.skeleton'


@pytest.mark.parametrize('end', ['\n', '\r\n', ' \r\n'])
def test_the_text_is_read_with_any_line_ends(end):
    recording = parse_skeleton(skeleton([[(ID_A, body(1))], [], [(ID_B, body(2)), (ID_A, body(3))]], end), 'x')
    assert [[name for name, _ in bodies] for bodies in recording.frames] == [[ID_A], [], [ID_B, ID_A]]
    np.testing.assert_array_equal(recording.frames[2][1][1][:, 0], [3] * 25)
    np.testing.assert_array_equal(recording.frames[0][0][1][:, 1], range(25))
    tracks = recording.tracks()
    assert {name: frames for name, (frames, _) in tracks.items()} == {ID_A: [0, 2], ID_B: [2]}
    assert recording.tracks(renumbered=True)[ID_A][0] == [0, 1]


def test_nan_coordinates_become_lost_joints():
    joints = body(1)
    tail = ' 0 0 0 0 1 0 0 0 2'
    joints[4] = 'NaN 1 2' + tail
    joints[7] = '1 -1.#IND 2' + tail
    with pytest.raises(ReadError, match='line 12: found .*joint 8 of 25 in frame 1 of 1'):
        parse_skeleton(skeleton([[(ID_A, joints)]]), 'x')
    joints[7] = '1 inf 2' + tail
    recording = parse_skeleton(skeleton([[(ID_A, joints)]]), 'x')
    pose = recording.frames[0][0][1]
    assert recording.lost_joints == 2 and not pose[[4, 7]].any() and np.isfinite(pose).all()


@pytest.mark.parametrize('change, words', [
    (lambda t: '', 'line 1: found the end of the file; expected the number of frames'),
    (lambda t: 'two\n' + t, "line 1: found 'two'"),
    (lambda t: t.replace('2\n1\n', '3\n1\n', 1), 'found the end of the file; expected the number of bodies in frame 3'),
    (lambda t: t.replace('2\n1\n', '1\n1\n', 1), 'expected the end of the file after 1 frames'),
    (lambda t: t[:len(t) // 2], 'expected joint'),
    (lambda t: t.replace('\n25\n', '\n24\n', 1), "found '24'; expected the number of joints, 25"),
    (lambda t: t.replace(ID_B, ID_A), 'already has this body'),
    (lambda t: t.replace(' 0.02 -0.1 2', ''), 'expected a body of frame 1 of 2: 10 fields'),
    (lambda t: '0\n', 'has 0 frames|says it has 0 frames'),
])
def test_a_broken_file_is_named_with_its_line(change, words):
    text = skeleton([[(ID_A, body(1))], [(ID_A, body(2)), (ID_B, body(3))]], '\n')
    with pytest.raises(ReadError, match=words) as error:
        parse_skeleton(change(text), 'S001.skeleton')
    assert 'S001.skeleton' in str(error.value)


def test_a_raw_clip_has_a_slot_per_body(tmp_path):
    item = write(tmp_path)
    reader = NTU(tmp_path)
    assert reader.items() == [item]
    clip = reader.read(item).check()
    assert (clip.id, clip.label, clip.layout, clip.unit, clip.fps) == ('S001C002P003R001A050', 49, 'ntu25', 'metre', 30)
    assert clip.keypoint[:, :, 0, 0].tolist() == [[1, 2], [0, 3]]
    assert clip.score[:, :, 0].tolist() == [[1, 1], [0, 1]]
    assert clip.track_id.tolist() == [int(ID_A), int(ID_B)]
    assert clip.extra == dict(subject=3, camera=2, setup=1, replication=1)
    assert reader.meta()['class_names'][49] == 'punching/slapping other person'


def test_ids_beyond_64_bits_are_no_track_ids(tmp_path):
    item = write(tmp_path, frames=((('9' * 25, body(1)), ), ))
    assert NTU(tmp_path).read(item).check().track_id is None


@pytest.mark.parametrize('options, shape', [
    (dict(denoise='sgn'), (1, 2)), (dict(denoise='sgn', duplicate_single_actor=True), (2, 2)),
    (dict(denoise='pyskl'), (1, 2)), (dict(denoise='mmaction'), (1, 3))])
def test_variants_are_options(tmp_path, options, shape):
    item = write(tmp_path, frames=(((ID_A, body(1)), ), (), ((ID_A, body(2)), )))
    clip = NTU(tmp_path, **options).read(item).check()
    assert clip.keypoint.shape[:2] == shape and clip.track_id is None
    if options.get('duplicate_single_actor'):
        np.testing.assert_array_equal(clip.keypoint[0], clip.keypoint[1])


def test_half_rounds_as_the_published_pickles(tmp_path):
    item = write(tmp_path, frames=(((ID_A, body(.1234567)), ), ))
    clip = NTU(tmp_path, half=True).read(item)
    assert clip.keypoint.dtype == np.float32 and clip.keypoint[0, 0, 0, 0] == np.float16(.1234567)


@pytest.mark.parametrize('options, words', [
    (dict(denoise='ctr'), "option 'denoise' is 'ctr'; expected one of none, sgn, pyskl, mmaction"),
    (dict(translate=True), "option 'translate' belongs to the sgn pipeline, but denoise is 'none'"),
    (dict(duplicate_single_actor=True, denoise='pyskl'), "'duplicate_single_actor' belongs"),
    (dict(half='yes'), "option 'half' is 'yes'; expected a flag"), (dict(benchmark='61'), 'auto, 60, 120')])
def test_options_that_cannot_be(tmp_path, options, words):
    write(tmp_path)
    with pytest.raises(ReadError, match=words):
        NTU(tmp_path, **options)


def test_missing_skeletons_are_left_out_and_counted(tmp_path):
    write(tmp_path, 'S001C002P005R002A008')  # the first name of the published list
    item = write(tmp_path)
    reader = NTU(tmp_path)
    assert reader.items() == [item]
    assert any('1 clips are on the published list' in note for note in reader.notes())


def test_a_clip_without_any_body_is_named(tmp_path):
    item = write(tmp_path, frames=((), ()))
    with pytest.raises(ReadError, match=f"'{item}' has no body in any of its 2 frames"):
        NTU(tmp_path).read(item)


def test_the_sets_and_their_splits(tmp_path):
    names = ['S001C001P001R001A001', 'S002C002P003R001A060', 'S017C003P008R002A010', 'S018C001P045R001A061',
             'S019C002P044R001A120']
    for name in names:
        write(tmp_path, name)
    full, small = NTU(tmp_path), NTU(tmp_path, benchmark='60')
    assert (full.benchmark, len(full.items()), len(small.items())) == ('120', 5, 3)
    assert len(full.meta()['class_names']) == 120 and len(small.meta()['class_names']) == 60
    assert small.splits(names[:3]) == dict(
        xsub_train=[names[0], names[2]], xsub_val=[names[1]], xview_train=names[1:3], xview_val=names[:1])
    assert full.splits(names) == dict(xsub_train=[names[0], names[2], names[3]], xsub_val=[names[1], names[4]],
                                      xset_train=[names[1], names[3]], xset_val=[names[0], names[2], names[4]])
    assert any('2 clips of setups above 17' in note for note in small.notes())
    for name in names[3:]:
        (tmp_path / f'{name}.skeleton').unlink()
    assert NTU(tmp_path).benchmark == '60'


def test_nominal_and_usable_counts_of_the_60_set():
    """All names of the 60 set, by its plan: 17 setups with their performers, 3 cameras, 2 replications, 60 actions.

    The plan itself is not published as a list; what can be counted without it are the 302 missing names by split.
    """
    from mmskel.data.published_lists import published_list
    reader = object.__new__(NTU)
    reader.benchmark = '60'
    missing = reader.splits(published_list('ntu_missing')[:302])
    # nominal minus usable, docs/published/data.md, D2
    assert {name: len(ids) for name, ids in missing.items()} == dict(
        xsub_train=40320 - 40091, xsub_val=16560 - 16487, xview_train=37920 - 37646, xview_val=18960 - 18932)
    reader.benchmark = '120'
    missing = reader.splits(published_list('ntu_missing'))
    assert {name: len(ids) for name, ids in missing.items()} == dict(
        xsub_train=63360 - 63026, xsub_val=51120 - 50919, xset_train=54720 - 54468, xset_val=59760 - 59477)


def test_two_archives_in_a_folder_are_one_set(tmp_path):
    for name, part in (('S001C001P001R001A001', 'a.zip'), ('S020C001P001R001A100', 'b.zip')):
        with zipfile.ZipFile(tmp_path / part, 'w') as archive:
            archive.writestr(f'nturgb+d_skeletons/{name}.skeleton', skeleton([[(ID_A, body(1))]]))
    reader = NTU(tmp_path)
    assert reader.benchmark == '120' and [reader.read(item).label for item in reader.items()] == [0, 99]
    reader.close()
