"""Slots of a group: few, kept by who has them, from left to right; nobody is lost."""
import numpy as np
import pytest

from mmskel.pose.grouping import assign_slots
from mmskel.pose.tracks import TrackArrays


def tracks(*spans, frames=20):
    """One person per ``(x, first, stop)``, numbered from 1; joint 0 holds the number."""
    M = len(spans)
    keypoint, score = np.zeros((M, frames, 3, 2), np.float32), np.zeros((M, frames, 3), np.float32)
    boxes, box_score = np.zeros((M, frames, 4), np.float32), np.zeros((M, frames), np.float32)
    for m, (x, first, stop) in enumerate(spans):
        keypoint[m, first:stop, 0, 0], keypoint[m, first:stop, 1] = m + 1, x
        score[m, first:stop] = box_score[m, first:stop] = .9
        boxes[m, first:stop] = x - 5, 0, x + 5, 20
    return TrackArrays(keypoint, score, np.arange(1, M + 1), boxes, box_score)


def test_who_comes_takes_the_nearest_free_slot():
    # left (1) leaves at 8, right (2) at 9; 3 appears on the right, 4 on the left
    found = tracks((10, 0, 8), (100, 0, 9), (90, 10, 20), (15, 12, 20))
    slots = assign_slots(found)
    assert slots.rows == ((0, 3), (1, 2))
    who = slots.merge(found.keypoint)[:, :, 0, 0]
    np.testing.assert_array_equal(who[0], [1] * 8 + [0] * 4 + [4] * 8)
    np.testing.assert_array_equal(who[1], [2] * 9 + [0] + [3] * 10)
    assert slots.numbers.tolist() == [1, 3]  # those who had a slot longest; equals: the first
    assert slots.history() == [[[1, 0, 8], [4, 12, 20]], [[2, 0, 9], [3, 10, 20]]]


def test_a_gap_of_a_track_is_nobody_elses():
    found = tracks((10, 0, 20), (12, 5, 9))
    for values in (found.keypoint, found.score, found.boxes, found.box_score):
        values[0, 4:10] = 0
    slots = assign_slots(found)
    assert len(slots.rows) == 2 and slots.merge(found.score).shape == (2, 20, 3)


@pytest.mark.parametrize('seed', range(5))
def test_as_many_slots_as_tracks_at_a_time_and_nothing_lost(seed):
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, 15, 30)
    found = tracks(*[(int(x), int(a), int(min(a + d, 20))) for x, a, d in
                     zip(rng.integers(0, 500, 30), starts, rng.integers(1, 12, 30))])
    slots = assign_slots(found)
    assert len(slots.rows) == found.present.sum(0).max()
    assert sorted(row for rows in slots.rows for row in rows) == list(range(30))
    assert slots.merge(found.score).sum() == pytest.approx(found.score.sum())
    middles = [np.median(np.concatenate([found.boxes[row, found.present[row], 0] for row in rows]))
               for rows in slots.rows]
    assert middles == sorted(middles)


def test_the_surest_slots_stay_and_still_stand_from_left_to_right():
    found = tracks((300, 0, 20), (200, 0, 3), (100, 0, 15))
    slots = assign_slots(found, max_persons=2)
    assert slots.rows == ((2, ), (0, )) and slots.numbers.tolist() == [3, 1]
    assert assign_slots(found, max_persons=9).rows == ((2, ), (1, ), (0, ))


def test_nobody():
    slots = assign_slots(tracks())
    assert slots.rows == () and slots.numbers.shape == (0, ) and slots.merge(np.zeros((0, 20, 3))).shape == (0, 20, 3)
