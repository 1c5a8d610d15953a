import numpy as np
import pytest

from mmskel.evaluation import confusion_matrix, mean_class_accuracy, per_class_accuracy, top_k_accuracy

SCORES = np.array([[.7, .2, .1], [.1, .5, .4], [.3, .3, .4], [.6, .3, .1]])
LABELS = np.array([0, 2, 2, 1])


def test_by_hand():
    assert top_k_accuracy(SCORES, LABELS) == 0.5
    assert top_k_accuracy(SCORES, LABELS, 2) == 1 and top_k_accuracy(SCORES, LABELS, 9) == 1
    assert confusion_matrix(SCORES, LABELS).tolist() == [[1, 0, 0], [1, 0, 0], [0, 1, 1]]
    assert per_class_accuracy(SCORES, LABELS).tolist() == [1, 0, 0.5]
    assert mean_class_accuracy(SCORES, LABELS) == 0.5


def test_classes_without_clips_do_not_count():
    assert np.isnan(per_class_accuracy(SCORES[:1], LABELS[:1])[1:]).all()
    assert mean_class_accuracy(SCORES[:1], LABELS[:1]) == 1


def test_a_constant_output_is_no_success():
    assert top_k_accuracy(np.ones((5, 10)), np.arange(5), 1) == 0
    assert top_k_accuracy(np.ones((5, 10)), np.arange(5), 5) == 0


@pytest.mark.parametrize('scores, labels, message', [
    (np.ones((2, 3)), np.ones(3, int), r'scores \(n, K\) and labels \(n,\)'),
    (np.ones((0, 3)), np.ones(0, int), 'n > 0'),
    (np.ones((1, 3)), np.array([3]), 'labels reach from 3 to 3, but there are 3 classes'),
    (np.ones((1, 3)), np.array([-1]), 'from -1'),
])
def test_wrong_input(scores, labels, message):
    with pytest.raises(ValueError, match=message):
        top_k_accuracy(scores, labels)


def test_merged_classes():
    from mmskel.data.readers.volleyball_text import GROUP_ACTIVITIES, MERGED_ACTIVITIES, MERGED_CLASS
    from mmskel.evaluation import merge_scores
    assert [MERGED_ACTIVITIES[k].split('_')[0] for k in MERGED_CLASS] == [name.split('_')[0] for name in GROUP_ACTIVITIES]
    scores = np.eye(8)[[4, 0, 1, 7]] + 0.05 * np.eye(8)[[2, 2, 2, 2]]
    labels = np.array([0, 0, 0, 7])  # r_pass for r_set is right once merged, l_set for r_set is not
    merged, coarse = merge_scores(scores, labels, MERGED_CLASS)
    assert merged.shape == (4, 6) and coarse.tolist() == [0, 0, 0, 5] and merged.argmax(1).tolist() == [0, 0, 3, 5]
    assert top_k_accuracy(merged, coarse) == 0.75 and top_k_accuracy(scores, labels) == 0.5
    assert mean_class_accuracy(merged, coarse) == pytest.approx((2 / 3 + 1) / 2)
    with pytest.raises(ValueError, match='for each of 8 classes which of the merged ones'):
        merge_scores(scores, labels, [0, 1])
    with pytest.raises(ValueError, match='without a gap'):
        merge_scores(scores, labels, [0, 2, 0, 2, 0, 2, 0, 2])


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_count_as_nothing(bad):
    scores = np.array([[.9, .1], [bad, .1]])
    for metric in (top_k_accuracy, mean_class_accuracy, confusion_matrix):
        with pytest.raises(ValueError, match=r'the scores of 1 of 2 clips are NaN or infinite \(first: row 1\)'):
            metric(scores, np.array([0, 0]))
