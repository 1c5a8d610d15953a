"""The layouts of SKEL and SMPL: tree, sides, parts, and what they give other layouts."""
import numpy as np
import pytest

from mmskel.body.skel_joints import JOINTS, PARENTS
from mmskel.skeleton import Clip, get_layout, hop_distance, joint_map


def test_skel24_is_the_tree_of_the_body():
    layout = get_layout('skel')
    assert layout.name == 'skel24' and layout.num_joints == 24
    bones = {frozenset((j, p)) for j, p in enumerate(PARENTS) if p >= 0}
    assert {frozenset(edge) for edge in layout.edges} == bones
    hops = hop_distance(24, layout.edges)
    assert hops[layout.centre].max() == 6 == hops.max(1).min()
    pairs = {frozenset(pair) for pair in layout.pairs}
    assert pairs == {frozenset((JOINTS.index(f'{name[:-2]}_r'), JOINTS.index(f'{name[:-2]}_l'))) for name in JOINTS
                     if name.endswith('_r')}
    assert sorted(layout.parts['right_arm']) == [14, 15, 16, 17, 18] and sorted(layout.parts['left_leg']) == [6, 7, 8, 9, 10]
    assert sorted(layout.parts['torso']) == [0, 11, 12, 13]


COCO = {5: 20, 6: 15, 7: 21, 8: 16, 9: 23, 10: 18, 11: 6, 12: 1, 13: 7, 14: 2, 15: 8, 16: 3}
NTU = {0: 0, 1: 12, 2: 13, 4: 20, 5: 21, 6: 23, 8: 15, 9: 16, 10: 18, 12: 6, 13: 7, 14: 8, 15: 10, 16: 1, 17: 2, 18: 3, 19: 5}


@pytest.mark.parametrize('target, expected', [('coco17', COCO), ('ntu25', NTU)])
def test_skel24_in_other_layouts(target, expected):
    found = joint_map('skel24', target, missing='zero')
    assert {i: origin[0] for i, origin in enumerate(found.joints) if len(origin) == 1} == expected
    if target == 'ntu25':
        assert sorted(found.joints[20]) == [14, 19] and found.missing == (3, 7, 11, 21, 22, 23, 24)


def test_smpl24_in_other_layouts():
    coco = joint_map('smpl24', 'coco17', missing='zero').joints
    assert [coco[j][0] for j in range(5, 17)] == [16, 17, 18, 19, 20, 21, 1, 2, 4, 5, 7, 8]
    assert not set(range(21)) & set(joint_map('smpl24', 'ntu25', missing='zero').missing)
    clip = Clip('a', np.random.default_rng(0).normal(size=(1, 3, 24, 3)), layout='skel24')
    assert clip.to_layout('coco17', missing='zero').score[..., :5].max() == 0
