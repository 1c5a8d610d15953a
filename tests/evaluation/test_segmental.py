"""Measures of temporal segmentation against examples worked out on paper."""
import numpy as np
import pytest

from mmskel.evaluation import segmental_scores
from mmskel.evaluation.segmental import edit_score, segments_of
from mmskel.files.errors import UserError


def test_segments():
    assert segments_of([2, 2, 0, 1, 1, 1]) == [(2, 0, 2), (0, 2, 3), (1, 3, 6)]
    assert segments_of([2, 2, 0, 1, 1, 1], {0, 1}) == [(2, 0, 2)] and segments_of([]) == []


@pytest.mark.parametrize('found, truth, score', [
    ('abc', 'abc', 1), ('abc', 'abd', 2 / 3), ('ac', 'abc', 2 / 3), ('abcabc', 'abc', .5), ('bca', 'abc', 1 / 3), ('', 'ab', 0),
    ('', '', 1), ('kitten', 'sitting', 1 - 3 / 7)])
def test_edit_score(found, truth, score):
    assert edit_score(list(map(ord, found)), list(map(ord, truth))) == pytest.approx(score)


def test_by_hand():
    """Truth: a 0-10, b 10-20. Prediction: a 0-4, b 4-6, a 6-8, b 8-20."""
    truth = np.repeat([0, 1], 10)
    found = np.repeat([0, 1, 0, 1], [4, 2, 2, 12])
    scores = segmental_scores([(found, truth)])
    assert scores.accuracy == pytest.approx((4 + 2 + 10) / 20)
    assert scores.edit == pytest.approx(1 - 2 / 4)  # two segments too many
    # IoU with the truth: a 4/10, b (4-6) 0, a 2/10, b 10/12; the second a finds its truth taken
    assert scores.f1 == pytest.approx({.1: 2 * 2 / (4 + 2), .25: 2 * 2 / (4 + 2), .5: 2 * 1 / (4 + 2)})


def test_a_later_segment_cannot_replace_a_hit():
    """As in the published code: the first prediction that reaches the overlap takes the true segment."""
    scores = segmental_scores([(np.repeat([0, 1, 0], [3, 1, 6]), np.zeros(10, int))])
    assert scores.f1 == pytest.approx({.1: 2 / (3 + 1), .25: 2 / (3 + 1), .5: 2 / (3 + 1)})


def test_background_and_several_videos():
    """F1 counts hits over all videos, the edit score is the mean of the videos, accuracy that of the frames."""
    one = ([9, 9, 1, 1], [9, 1, 1, 1])
    two = ([2] * 6, [3] * 6)
    scores = segmental_scores([one, two], background={9})
    assert scores.accuracy == pytest.approx(3 / 10) and scores.edit == pytest.approx((1 + 0) / 2)
    assert scores.f1[.5] == pytest.approx(2 * 1 / (2 * 1 + 1 + 1))  # 2 of 3 frames; then one false, one missed
    assert segmental_scores([one]).edit == 1 and segmental_scores([([9, 9], [9, 9])], {9}).f1[.1] == 0
    with pytest.raises(UserError, match='video 1: prediction'):
        segmental_scores([one, ([1], [1, 2])])
    with pytest.raises(UserError, match='no video'):
        segmental_scores([])


def test_against_the_published_arithmetic():
    """Transcribed from MS-TCN's ``f_score``: precision and recall over predicted and true segments."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        truth, found = (np.repeat(rng.integers(0, 4, 8), rng.integers(1, 9, 8))[:20].repeat(2)[:20] for _ in 'ab')
        length = min(len(truth), len(found))
        truth, found = truth[:length], found[:length]
        p, y = segments_of(found), segments_of(truth)
        for overlap, ours in segmental_scores([(found, truth)]).f1.items():
            tp = fp = 0
            hits = np.zeros(len(y))
            for label, start, end in p:
                ys, ye = np.array([one[1] for one in y]), np.array([one[2] for one in y])
                iou = (1. * (np.minimum(end, ye) - np.maximum(start, ys)) / (np.maximum(end, ye) - np.minimum(start, ys))) * (
                    [label == one[0] for one in y])
                idx = iou.argmax()
                if iou[idx] >= overlap and not hits[idx]:
                    tp, hits[idx] = tp + 1, 1
                else:
                    fp += 1
            fn = len(y) - hits.sum()
            precision, recall = tp / (tp + fp), tp / (tp + fn)
            wanted = 2 * precision * recall / (precision + recall) if tp else 0
            assert ours == pytest.approx(wanted)
