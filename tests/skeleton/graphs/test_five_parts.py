import pytest

from mmskel.skeleton import LAYOUTS, Layout, five_parts, get_layout


@pytest.mark.parametrize('name', sorted(LAYOUTS))
def test_every_joint_is_in_one_of_five_parts(name):
    parts = five_parts(name)
    assert len(parts) == 5 and sorted(sum(parts, ())) == list(range(get_layout(name).num_joints))
    assert all(parts)


def test_ntus_are_the_published_ones():
    published = ((9, 10, 11, 12, 25, 24), (5, 6, 7, 8, 23, 22), (17, 18, 19, 20), (13, 14, 15, 16), (1, 2, 21, 3, 4))
    assert five_parts('ntu25') == tuple(tuple(joint - 1 for joint in part) for part in published)


def test_hands_have_fingers_and_small_skeletons_empty_parts():
    joints = get_layout('hand21').joints
    assert [joints[part[-1]] for part in five_parts('hand21')] == [f'{finger}4' for finger in (
        'thumb', 'forefinger', 'middle_finger', 'ring_finger', 'pinky_finger')]
    assert five_parts(Layout.from_tree('three', ('a', 'b', 'c'), [(1, 0), (2, 0)], 0)) == ((0, ), (1, ), (2, ), (), ())
