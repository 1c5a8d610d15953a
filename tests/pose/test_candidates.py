"""Boxes that are worth a skeleton: sure ones, and unsure ones of people who would be lost without them."""
import numpy as np
import pytest

from mmskel.pose.candidates import Candidates
from mmskel.pose.detection import Boxes
from mmskel.pose.poses import Poses
from mmskel.pose.tracking import Tracker, TrackingOptions


def boxes(*rows):
    """(x, score) of boxes 40 wide."""
    found = np.array([[x, 10, x + 40, 110] for x, _ in rows], np.float32).reshape(-1, 4)
    return Boxes(found, np.array([score for _, score in rows], np.float32))


def places(found):
    return found.boxes[:, 0].tolist()


def test_unsure_boxes_count_only_where_somebody_is_missing():
    candidates = Candidates()
    assert places(candidates(boxes((100, .9), (105, .2), (300, .3)))) == [100]  # nobody was there before
    assert places(candidates(boxes((104, .8), (120, .15), (90, .39)))) == [104]  # everybody has a sure one
    assert places(candidates(boxes((300, .6), (108, .2), (400, .3)))) == [300, 108]  # the first is unsure now
    assert places(candidates(boxes((300, .6), (112, .2)))) == [300, 112]
    assert places(candidates(boxes((300, .6)))) == [300]
    assert places(candidates(boxes((300, .6), (130, .12)))) == [300, 130]  # found again after a miss
    assert places(candidates(boxes((300, .6), (130, .05)))) == [300]  # below what the tracker looks at
    assert places(candidates(boxes())) == []


def test_two_behind_one_another_need_both_boxes():
    candidates = Candidates()
    candidates(boxes((100, .9), (160, .9)))
    candidates(boxes((115, .9), (145, .9)))
    assert places(candidates(boxes((130, .9), (134, .3)))) == [130, 134]


def test_who_is_gone_long_enough_is_not_waited_for():
    candidates = Candidates(TrackingOptions(max_lost=2))
    candidates(boxes((100, .9)))
    for _ in range(3):
        candidates(boxes())
    assert places(candidates(boxes((100, .2)))) == []


@pytest.mark.parametrize('seed', range(6))
def test_the_tracker_says_the_same_without_the_others(seed):
    """Walking people with boxes that flicker between sure and unsure, and unsure ones all around them."""
    rng = np.random.default_rng(seed)
    x, speed = rng.uniform(0, 900, 4), rng.uniform(-4, 4, 4)
    all_boxes, kept, candidates, counts = Tracker(), Tracker(), Candidates(), []
    for _ in range(60):
        x = x + speed
        rows = [(at, rng.choice([.9, .6, .2], p=[.6, .2, .2])) for at in x]
        rows += [(at + rng.uniform(-8, 8), .12) for at in x for _ in range(rng.integers(3))]
        found = boxes(*rows)
        order = np.argsort(-found.scores, kind='stable')
        found = Boxes(found.boxes[order], found.scores[order])
        few = candidates(found)
        numbers = [tracker.update(Poses(one.boxes, one.scores)) for tracker, one in ((all_boxes, found), (kept, few))]
        whole = {tuple(b): n for b, n in zip(found.boxes.tolist(), numbers[0]) if n >= 0}
        part = {tuple(b): n for b, n in zip(few.boxes.tolist(), numbers[1]) if n >= 0}
        assert whole == part
        counts.append((len(few.boxes), len(found.boxes)))
    few, found = np.sum(counts, 0)
    assert few < .85 * found
