"""One person of a clip."""
import numpy as np
import pytest

from mmskel.data.transforms import ChoosePerson
from mmskel.skeleton.coordinates import chosen_person


def two_persons():
    """The first moves near the origin, the second stands still far from it."""
    keypoint = np.zeros((2, 6, 5, 3), np.float32)
    keypoint[0] = np.linspace(0, 1, 6)[:, None, None]
    keypoint[1] = 5
    return keypoint


def test_the_published_rule_keeps_who_is_far_and_the_papers_who_moves():
    keypoint = two_persons()
    assert chosen_person(keypoint) == 1 and chosen_person(keypoint, 'motion') == 0
    score = np.arange(60, dtype=np.float32).reshape(2, 6, 5)
    out = ChoosePerson('motion')(dict(keypoint=keypoint, keypoint_score=score, person_label=[3, 4], frame_dir='a'))
    assert out['keypoint'].shape == (1, 6, 5, 3) and np.array_equal(out['keypoint_score'], score[:1])
    assert out['person_label'].tolist() == [3]


def test_coming_and_going_is_no_motion():
    keypoint = two_persons()
    keypoint[1, 3:] = 0
    assert chosen_person(keypoint, 'motion') == 0


def test_the_first_of_nobody():
    assert chosen_person(np.zeros((2, 3, 4, 3))) == chosen_person(np.zeros((2, 3, 4, 3)), 'motion') == 0
    with pytest.raises(ValueError, match='rule must be one of absolute_sum, motion'):
        ChoosePerson('variance')
