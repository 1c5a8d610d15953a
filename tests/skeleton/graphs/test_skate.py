import numpy as np
import pytest
from parity import load

from mmskel.skeleton import LAYOUTS, Layout, LayoutError, get_layout
from mmskel.skeleton.graphs.skate import SKATE_TYPES, skate_bone_origins, skate_partition, skate_parts, skate_sizes


def test_published_orders_exactly():
    arrays = load('skateformer_data')[1]
    for layout, key in (('ntu25', 'ntu'), ('kinect20', 'nucla')):
        np.testing.assert_array_equal(np.ravel(skate_parts(layout)), arrays[f'out_joint_order_{key}'])


def test_published_partitions_exactly():
    description, arrays, _ = load('skateformer_partition')
    for tag, case in description['model_kwargs'].items():
        for kind in SKATE_TYPES:
            found = skate_partition(kind, case['T'], case['V'], case['sizes'][kind - 1])
            np.testing.assert_array_equal(found, arrays[f'out_{tag}_type{kind}'])
            assert sorted(found.ravel()) == list(range(case['T'] * case['V']))  # so its inverse is a reverse


def test_published_window_sizes():
    for layout, persons, near, far in (('ntu25', 2, (8, 8), (8, 12)), ('kinect20', 1, (8, 4), (8, 5))):
        sizes = skate_sizes(skate_parts(layout), persons)
        assert (sizes.near, sizes.far) == (near, far)
        assert [sizes.of(kind) for kind in SKATE_TYPES] == [near, far, near, far]


@pytest.mark.parametrize('name', sorted(LAYOUTS))
def test_every_layout_has_parts_of_equal_size(name):
    layout, parts = get_layout(name), skate_parts(name)
    assert len({len(part) for part in parts}) == 1
    joints = [joint for part in parts for joint in part if joint >= 0]
    left_out = {layout.index('spine_shoulder')} if name == 'ntu25' else set()
    assert sorted(joints) == sorted(set(range(layout.num_joints)) - left_out)
    assert all(part[0] >= 0 for part in parts)
    for persons in (1, 2, 3):
        tokens = persons * np.size(parts)
        sizes = skate_sizes(parts, persons)
        for kind in SKATE_TYPES:
            windows = skate_partition(kind, 16, tokens, sizes.of(kind))
            person = windows % tokens // np.size(parts)
            mixed = (person != person[:, :1]).any()
            assert mixed == (persons > 1 and kind in (2, 4)), 'only far joints mix persons'


def test_far_windows_hold_the_same_place_of_every_part():
    parts = np.array(skate_parts('ntu25'))
    windows = skate_partition(2, 8, 48, (8, 12)) % 48
    for place, window in enumerate(windows):
        assert set(window) == {person * 24 + part * 4 + place for person in (0, 1) for part in range(len(parts))}


def test_parts_of_a_body_a_hand_and_a_whole_body():
    coco, hand = get_layout('coco17'), get_layout('hand21')
    named = [[coco.joints[j] if j >= 0 else '' for j in part] for part in skate_parts(coco)]
    assert named == [['nose', 'left_eye', ''], ['left_ear', 'right_eye', 'right_ear'],
                     ['left_shoulder', 'left_elbow', 'left_wrist'], ['right_shoulder', 'right_elbow', 'right_wrist'],
                     ['left_hip', 'left_knee', 'left_ankle'], ['right_hip', 'right_knee', 'right_ankle']]
    assert skate_parts(hand)[0] == (0, -1, -1, -1) and skate_parts(hand)[1:] == tuple(
        tuple(range(first, first + 4)) for first in range(1, 21, 4))
    whole = get_layout('coco_wholebody133')
    fours = [[whole.joints[j] if j >= 0 else '' for j in part] for part in skate_parts(whole, 4)]
    assert ['left_hip', 'left_knee', '', ''] in fours and ['left_hand_root', '', '', ''] in fours
    assert [f'right_thumb{i}' for i in range(1, 5)] in fours
    assert ['left_ankle', 'left_big_toe', 'left_small_toe', 'left_heel'] in fours


def test_a_layout_without_parts_follows_its_bones():
    chain = Layout('chain', tuple('abcdefgh'), ((0, 3), (1, 0), (2, 1), (4, 3), (5, 4), (6, 5), (7, 6)), 3)
    assert skate_parts(chain) == ((3, 0, 1, 2), (4, 5, 6, 7))


def test_published_bones():
    published = {0: 1, 1: 1, 2: 20, 3: 2, 4: 20, 5: 4, 6: 5, 7: 6, 8: 20, 9: 8, 10: 9, 11: 10, 12: 0, 13: 12, 14: 13,
                 15: 14, 16: 0, 17: 16, 18: 17, 19: 18, 20: 1, 21: 7, 22: 7, 23: 11, 24: 11}
    assert skate_bone_origins('ntu25') == tuple(published[j] for j in range(25))
    assert skate_bone_origins('kinect20') == get_layout('kinect20').bone_origins


def test_errors():
    with pytest.raises(ValueError, match='64 frames and 50 joints does not divide into windows of 8 frames and 8 joints'):
        skate_partition(1, 64, 50, (8, 8))
    with pytest.raises(ValueError, match='1, 2, 3 and 4, not 5'):
        skate_partition(5, 64, 48, (8, 8))
    with pytest.raises(LayoutError, match="not size=0; layout 'coco17'"):
        skate_parts('coco17', 0)
