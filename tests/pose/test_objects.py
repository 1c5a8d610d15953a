"""Objects: names and classes, the one path among many boxes, tables of places."""
from itertools import product

import numpy as np
import pytest

from mmskel.pose.detection import Detections
from mmskel.pose.loading import PoseModelError
from mmskel.pose.object_tracks import ObjectTracks
from mmskel.pose.objects import ObjectDetector, ObjectRecord, best_path, fill_track, parse_names
from mmskel.video.sources import VideoError


class Knows:
    config = 'knows.py'
    class_names = ('person', 'sports ball')


def test_names_and_classes():
    assert parse_names(['ball=sports ball', 'net']) == dict(ball='sports ball', net='net')
    for wrong in (['=ball'], ['ball='], ['ball', 'ball=1'], ['']):
        with pytest.raises(ValueError, match='NAME or NAME=CLASS'):
            parse_names(wrong)
    assert ObjectDetector(Knows(), dict(ball='sports ball', who='0')).classes == dict(ball=1, who=0)
    with pytest.raises(PoseModelError, match="no class 'net'.*person, sports ball.*object_config=..."):
        ObjectDetector(Knows(), dict(net='net'))
    with pytest.raises(PoseModelError, match='no class'):
        ObjectDetector(Knows(), dict(net='2'))


def test_candidates_are_middles_of_sure_boxes_of_the_class():
    found = Detections(np.array([[0, 0, 10, 20], [10, 10, 20, 20], [0, 0, 4, 4]], np.float32), np.array([.9, .5, .1]),
                       np.array([0, 1, 1]))
    rows = ObjectDetector(Knows(), dict(ball='sports ball', who='person'))(found)
    np.testing.assert_allclose(rows['ball'], [[15, 15, .5]])
    np.testing.assert_allclose(rows['who'], [[5, 10, .9]])


def brute_force(candidates, reach, look_back=15):
    """The best path of all that there are."""
    best, chosen = 0., ()
    for path in product(*[range(-1, len(rows)) for rows in candidates]):
        stops = [(t, i) for t, i in enumerate(path) if i >= 0]
        value = sum(candidates[t][i][2] for t, i in stops)
        for (s, i), (t, j) in zip(stops, stops[1:]):
            far = np.linalg.norm(candidates[s][i][:2] - candidates[t][j][:2]) / ((t - s) * reach)
            value -= min(far**2, 1) if t - s <= look_back else 1
        if value > best + 1e-9:
            best, chosen = value, stops
    return best, chosen


@pytest.mark.parametrize('seed', range(8))
def test_the_best_of_all_paths(seed):
    rng = np.random.default_rng(seed)
    candidates = [np.concatenate([rng.uniform(0, 40, (n, 2)), rng.uniform(.1, 1, (n, 1))], 1).astype(np.float32)
                  for n in rng.integers(0, 4, 6)]
    value, stops = brute_force(candidates, 15.)
    track = best_path(candidates, 15.)
    assert [(t, next(i for i, row in enumerate(candidates[t]) if (row == track[t]).all()))
            for t in np.flatnonzero(track[:, 2])] == list(stops)


def test_a_flash_elsewhere_is_left_out_and_a_cut_is_followed():
    ball = [np.array([[10. + t, 50, .4]]) for t in range(10)]
    ball[4] = np.array([[14., 50, .3], [400, 300, .9]])
    ball[5] = np.array([[400., 300, .9]])
    track = best_path([rows.astype(np.float32) for rows in ball], reach=50.)
    np.testing.assert_allclose(track[4], [14, 50, .3], rtol=1e-6)
    assert track[5, 2] == 0, 'jumping there and back costs more than it brings'
    after = [np.array([[400., 300 + t, .4]], np.float32) for t in range(10)]
    np.testing.assert_allclose(best_path([*map(np.float32, ball), *after], 50.)[-1], [400, 309, .4], rtol=1e-6)


def test_short_gaps_are_filled_with_half_the_score():
    track = np.zeros((8, 3), np.float32)
    track[1], track[4], track[7] = (10, 0, .8), (16, 3, .6), (0, 0, .5)
    filled = fill_track(track, 2)
    np.testing.assert_allclose(filled[2], [12, 1, .3], rtol=1e-6)
    np.testing.assert_allclose(filled[3], [14, 2, .3], rtol=1e-6)
    assert (filled[5:7, 2] > 0).all() and not filled[0].any()
    np.testing.assert_array_equal(fill_track(track, 1), track)


def test_a_record_of_every_second_frame():
    record = ObjectRecord(['ball', 'net'])
    for t in (0, 2, 4, 4):
        record.add(t, dict(ball=np.array([[t, 5, .5]], np.float32), net=np.zeros((0, 3), np.float32)))
    tracks = record.tracks(5, (100, 100), max_gap=1)
    np.testing.assert_allclose(tracks['ball'][:, 0], range(5))
    assert tracks['net'].shape == (5, 3) and not tracks['net'].any()


def test_tables(tmp_path):
    table = tmp_path / 'ball.csv'
    table.write_text('object,frame,x,y,score\nball,0,1,2,0.5\nball,2,3,4,\nnet,1,9,9,1\n')
    tracks = ObjectTracks(table)
    assert tracks.names == ('ball', 'net')
    np.testing.assert_allclose(tracks.of('any', 3)['ball'], [[1, 2, .5], [0, 0, 0], [3, 4, 1]])
    tracks.check(['one'])
    with pytest.raises(VideoError, match='no column id.*2 videos'):
        tracks.check(['one', 'two'])
    with pytest.raises(VideoError, match='frame 2 of .*frames 0 to 1.*from 0'):
        tracks.of('any', 2)
    table.write_text('id,object,frame,x,y\na/b,ball,0,1,2\n')
    tracks = ObjectTracks(table)
    assert tracks.of('other', 4) == {} and tracks.of('a/b', 1)['ball'].tolist() == [[1, 2, 1]]
    with pytest.raises(VideoError, match="'a/b'.*'other'"):
        tracks.check(['other'])


@pytest.mark.parametrize('text, said', [
    ('', 'expected a header'), ('object,frame,x\nball,0,1\n', 'expected a header'), ('object,frame,x,y\n', 'no row below'),
    ('object,frame,x,y\nball,a,1,2\n', 'line 2'), ('object,frame,x,y\nball,0,1,nan\n', 'line 2'),
    ('object,frame,x,y\nball,-1,1,2\n', 'line 2'), ('object,frame,x,y\n,0,1,2\n', 'line 2'),
    ('object,frame,x,y,score\nball,0,1,2,7\n', 'from 0 to 1'), ('object,frame,x,y\nball,0,1\n', 'line 2'),
    ('object,frame,x,y\nball,0,1,2\nball,0,1,2\n', 'frame 0 twice')])
def test_tables_that_are_none(tmp_path, text, said):
    (tmp_path / 't.csv').write_text(text)
    with pytest.raises(VideoError, match=said):
        ObjectTracks(tmp_path / 't.csv')
    with pytest.raises(VideoError, match='no table of objects'):
        ObjectTracks(tmp_path / 'gone.csv')
