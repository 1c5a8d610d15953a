"""Windows, their probabilities, and the segments and files they become."""
import csv
import json

import numpy as np
import pytest

from mmskel.evaluation.prediction import ActionTrack, Prediction, Segment, save_predictions
from mmskel.evaluation.windows import sliding_windows


def prediction():
    """4 seconds at 10 per second in windows of 2 every second: a, a, b; nobody in the last half second."""
    windows = np.array([[0, 20], [10, 30], [20, 35]])
    scores = np.array([[.9, .1, 0], [.7, .3, 0], [.1, .8, .1]], np.float32)
    return Prediction('x', ('a', 'b', 'c'), 40, 10., (ActionTrack(windows, scores, 1), ))


@pytest.mark.parametrize('length, stride, expected', [
    (None, None, [[0, 25]]),
    (1, 1, [[0, 10], [10, 20], [15, 25]]),
    (1, None, [[0, 10], [5, 15], [10, 20], [15, 25]]),
    (2.5, 1, [[0, 25]]),
    (99, 1, [[0, 25]]),
    (.1, .1, [[i, i + 1] for i in range(25)]),
    (.001, .001, [[i, i + 1] for i in range(25)]),
])
def test_windows_cover_every_frame(length, stride, expected):
    windows = sliding_windows(25, 10., length, stride)
    assert windows.tolist() == expected
    assert np.isin(np.arange(25), np.concatenate([np.arange(a, b) for a, b in windows])).all()


@pytest.mark.parametrize('length, stride, said', [
    (0, None, '0 s every 0 s'), (-1, 1, 'positive'), (1, 0, 'positive'), (1, 2, 'would leave frames out'),
    (None, 1, 'needs a window')])
def test_windows_that_cannot_be(length, stride, said):
    with pytest.raises(ValueError, match=said):
        sliding_windows(25, 10., length, stride)


def test_frames_have_the_mean_of_their_windows():
    scores = prediction().tracks[0].frame_scores(40)
    assert np.allclose(scores[5], [.9, .1, 0]) and np.allclose(scores[15], [.8, .2, 0])
    assert np.allclose(scores[25], [.4, .55, .05]) and np.allclose(scores[32], [.1, .8, .1])
    assert np.isnan(scores[35:]).all() and not np.isnan(scores[:35]).any()


def test_neighbours_of_one_label_become_a_segment():
    one = prediction()
    first, second = one.segments(one.tracks[0])
    assert first == Segment(0., 2., 0, pytest.approx(.85)) and second.label == 1
    assert (second.start, second.stop) == (2., 3.5) and second.score == pytest.approx((10 * .55 + 5 * .8) / 15)
    assert [s.start for s in one.segments(one.tracks[0], .6)] == [0., 3.]  # the doubtful second is in none
    assert one.segments(one.tracks[0], .95) == []
    assert one.best(one.tracks[0]) == ('a', pytest.approx((.9 + .7 + .1) / 3))


def test_a_track_of_nobody():
    empty = ActionTrack(np.zeros((0, 2), int), np.zeros((0, 3), np.float32))
    one = Prediction('x', ('a', 'b', 'c'), 4, 30., (empty, ))
    assert one.best(empty) == ('', 0.) and one.segments(empty) == [] and empty.mean_score().tolist() == [0, 0, 0]
    assert one.as_dict()['tracks'] == [dict(person=None, label='', score=0., top=[], windows=[], segments=[])]


def test_files_say_the_same(tmp_path):
    rows = list(csv.DictReader(save_predictions([prediction()], tmp_path / 'a.csv').open()))
    assert [(r['id'], r['person'], r['start'], r['stop'], r['label'], r['score']) for r in rows] == [
        ('x', '1', '0.000', '2.000', 'a', '0.8500'), ('x', '1', '2.000', '3.500', 'b', '0.6333')]
    (read, ) = json.loads(save_predictions([prediction()], tmp_path / 'a.json').read_text())
    track = read['tracks'][0]
    assert read['id'] == 'x' and read['num_frames'] == 40 and read['fps'] == 10 and track['person'] == 1
    assert [w['start'] for w in track['windows']] == [0, 1, 2]
    assert track['windows'][2]['top'][0] == dict(label='b', score=pytest.approx(.8))
    assert [s['label'] for s in track['segments']] == ['a', 'b']
    with pytest.raises(ValueError, match='.json'):
        save_predictions([prediction()], tmp_path / 'a.txt')
    assert sorted(p.name for p in tmp_path.iterdir()) == ['a.csv', 'a.json']
