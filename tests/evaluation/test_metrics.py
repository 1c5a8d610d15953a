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
