import numpy as np
import pytest

from mmskel.data.published_lists import published_list
from mmskel.files.errors import UserError
from mmskel.skeleton import get_layout
from mmskel.synthetic.hands import GESTURES, IMAGE_SIZE, hand_pose, make_hand_clips


def fingertips(gesture):
    """Which fingertips are farther from the wrist than the knuckles."""
    pose, layout = hand_pose(gesture), get_layout('hand21')
    reach = {finger: np.linalg.norm(pose[[layout.index(f'{name}1'), layout.index(f'{name}4')]], axis=1)
             for finger, name in zip(('index', 'middle', 'ring', 'little'), NAMES)}
    return {finger for finger, (knuckle, tip) in reach.items() if tip > 1.3 * knuckle}


NAMES = [name[:-1] for name in get_layout('hand21').joints[5::4]]


def test_stretched_fingers_are_those_of_the_gesture():
    assert fingertips('fist') == set() and fingertips('palm') == {'index', 'middle', 'ring', 'little'}
    assert fingertips('one') == {'index'} and fingertips('rock') == {'index', 'little'} and fingertips('call') == {'little'}
    like, dislike = hand_pose('like'), hand_pose('dislike')
    assert like[4, 1] > like[5:, 1].max() and dislike[4, 1] < dislike[5:, 1].min()


def test_clips_are_valid_varied_and_the_same_for_the_same_seed():
    clips, again, other = make_hand_clips(2), make_hand_clips(2), make_hand_clips(2, seed=1)
    assert len(clips) == 2 * len(GESTURES) and len({clip.id for clip in clips}) == len(clips)
    for one, same, different in zip(clips, again, other):
        one.check()
        assert one.layout == 'hand21' and (one.keypoint >= 0).all() and (one.keypoint <= IMAGE_SIZE[::-1]).all()
        np.testing.assert_array_equal(one.keypoint, same.keypoint)
        assert np.abs(one.keypoint - different.keypoint).max() > 10
    left, right = (clip.keypoint[0, 0] for clip in make_hand_clips(2, gestures=('palm', )))
    assert left[4, 0] < left[20, 0] and right[4, 0] > right[20, 0]  # thumb and little finger, x


def test_their_names_are_those_of_the_recogniser():
    assert set(GESTURES) <= set(published_list('hagrid_classes'))
    with pytest.raises(UserError, match="unknown gesture 'wave'; known: fist, palm"):
        make_hand_clips(gestures=('wave', ))
