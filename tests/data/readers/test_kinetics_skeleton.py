import json

import numpy as np
import pytest

from mmskel.data.readers import KineticsSkeleton, ReadError


def person(x, score=.5, missing=()):
    scores = [0 if j in missing else score for j in range(18)]
    return dict(pose=[x, .25] * 18, score=scores)


def write(folder, frames, name='clip_a', label=1, listed=None, val='keintics_val_label.json'):
    for part in ('kinetics_train', 'kinetics_val'):
        (folder / part).mkdir(parents=True, exist_ok=True)
    data = dict(data=[dict(frame_index=t, skeleton=people) for t, people in frames], label='bowing', label_index=label)
    (folder / 'kinetics_train' / f'{name}.json').write_text(json.dumps(data))
    entry = dict(has_skeleton=True, label='bowing', label_index=1)
    (folder / 'kinetics_train_label.json').write_text(json.dumps(listed or {name: entry}))
    (folder / val).write_text(json.dumps({'clip_v': dict(has_skeleton=False, label='abseiling', label_index=0)}))
    return folder


def test_a_clip_stays_in_fractions_of_the_image(tmp_path):
    write(tmp_path, [(1, [person(.1), person(.2, .9)]), (3, [person(.3, missing=(4, ))])])
    reader = KineticsSkeleton(tmp_path)
    assert reader.items() == ['clip_a']
    clip = reader.read('clip_a').check()
    assert (clip.label, clip.layout, clip.unit, clip.fps) == (1, 'openpose18', 'normalised', 30)
    # file order, no sorting by score; frame_index is the place in time
    assert np.round(clip.keypoint[:, :, 0, 0].astype(float), 3).tolist() == [[0, .1, 0, .3], [0, .2, 0, 0]]
    assert np.round(clip.score[:, :, 0].astype(float), 3).tolist() == [[0, .5, 0, .5], [0, .9, 0, 0]]
    assert not clip.keypoint[0, 3, 4].any() and clip.score[0, 3, 4] == 0
    assert reader.meta()['class_names'] == ['abseiling', 'bowing']
    assert reader.splits(['clip_a']) == dict(train=['clip_a'], val=[])
    assert any('1 clips have no skeleton' in note for note in reader.notes())


def test_the_published_array_follows(tmp_path):
    """Subtract 0.5, zero lost joints, sort persons of a frame by score, keep two: what a pipeline does with a clip."""
    people = [person(.6, .2), person(.7, .9, missing=(2, )), person(.8, .5)]
    write(tmp_path, [(0, people)])
    clip = KineticsSkeleton(tmp_path).read('clip_a')
    centred = (clip.keypoint - .5) * (clip.score > 0)[..., None]
    order = np.argsort(-clip.score[:, 0].sum(-1))[:2]
    np.testing.assert_allclose(centred[order, 0, 0, 0], [.2, .3], atol=1e-6)
    assert not centred[order[0], 0, 2].any() or not centred[order[1], 0, 2].any()


@pytest.mark.parametrize('val', ['keintics_val_label.json', 'kinetics_val_label.json'])
def test_both_spellings_of_the_label_file(tmp_path, val):
    write(tmp_path, [(0, [person(.1)])], val=val)
    assert KineticsSkeleton(tmp_path)._split == dict(clip_a='train', clip_v='val')


def test_persons_beyond_five_and_frames_outside_are_left_out_and_counted(tmp_path):
    write(tmp_path, [(0, [person(i / 10) for i in range(1, 8)]), (300, [person(.5)]), (-1, [person(.5)])])
    reader = KineticsSkeleton(tmp_path)
    clip = reader.read('clip_a').check()
    assert clip.keypoint.shape == (5, 1, 18, 2)
    assert any('2 frames in 1 clips have an index outside 0 to 299' in note for note in reader.notes())
    assert KineticsSkeleton(tmp_path, max_persons=2).read('clip_a').keypoint.shape[0] == 2


@pytest.mark.parametrize('frames, changes, words', [
    ([(0, [person(.1)])], dict(label=3), 'has label_index 3, the label file 1'),
    ([(0, [])], {}, 'has no person'),
    ([(0, [dict(pose=[1] * 35, score=[1] * 18)])], {}, 'has a frame that is no'),
    ([(0, [dict(pose=[1] * 36, score=[1] * 17)])], {}, '18 scores expected'),
    ([('x', [person(.1)])], {}, 'has a frame that is no'),
    ([(0, [person(.1)])], dict(listed={'b': dict(has_skeleton=True, label='x', label_index=1)}), 'in no label file'),
])
def test_a_broken_clip_is_named(tmp_path, frames, changes, words):
    reader = KineticsSkeleton(write(tmp_path, frames, **changes))
    with pytest.raises(ReadError, match=words) as error:
        reader.read('clip_a')
    assert 'clip_a.json' in str(error.value)


def test_clips_without_a_file_and_files_that_are_no_json(tmp_path):
    reader = KineticsSkeleton(write(tmp_path, [(0, [person(.1)])], listed={
        'gone': dict(has_skeleton=True, label='x', label_index=1)}))
    assert reader.items() == ['gone', 'clip_a']
    with pytest.raises(ReadError, match="no file 'gone.json'"):
        reader.read('gone')
    write(tmp_path, [(0, [person(.1)])])
    (tmp_path / 'kinetics_train' / 'clip_a.json').write_text('{"data": [')
    with pytest.raises(ReadError, match="'clip_a.json' is not a whole JSON"):
        KineticsSkeleton(tmp_path).read('clip_a')


def test_a_broken_label_file_is_named(tmp_path):
    write(tmp_path, [(0, [person(.1)])], listed={'clip_a': dict(label='x')})
    with pytest.raises(ReadError, match="'kinetics_train_label.json', clip 'clip_a'"):
        KineticsSkeleton(tmp_path)
