import numpy as np
import pytest

from mmskel.skeleton import LAYOUTS, Layout, LayoutError, get_layout, hop_distance, register_layout

COUNTS = dict(coco17=17, openpose18=18, openpose25=25, ntu25=25, kinect20=20, kinect20_msr=20, coco_wholebody133=133,
              halpe26=26, hand21=21, smpl24=24, h36m17=17)


@pytest.mark.parametrize('name', COUNTS)
def test_table_is_a_tree_with_involutive_sides(name):
    layout = get_layout(name)
    assert layout.num_joints == COUNTS[name]
    assert len(layout.edges) == layout.num_joints - 1
    hops = hop_distance(layout.num_joints, layout.edges)
    assert np.isfinite(hops).all() and (hops == hops.T).all()
    # every edge leads one step nearer to the centre
    assert all(hops[child, layout.centre] == hops[parent, layout.centre] + 1 for child, parent in layout.edges)
    swap = layout.swap
    assert (swap[swap] == np.arange(layout.num_joints)).all()
    for left, right in layout.pairs:
        if layout.joints[left].startswith('left'):
            assert layout.joints[right] == layout.joints[left].replace('left', 'right')
    # mirrored: a link of the left side has its twin on the right
    links = {frozenset(edge) for edge in layout.edges}
    assert {frozenset(int(swap[j]) for j in edge) for edge in layout.edges} == links
    assert sorted(j for part in layout.parts.values() for j in part) == list(range(layout.num_joints))


def test_published_bones():
    kinect = get_layout('kinect20')
    spec = '1-2 2-3 4-3 5-3 6-5 7-6 8-7 9-3 10-9 11-10 12-11 13-1 14-13 15-14 16-15 17-1 18-17 19-18 20-19'
    pairs = {tuple(int(j) - 1 for j in pair.split('-')) for pair in spec.split()}
    assert set(kinect.edges) == pairs and kinect.centre == 2 and kinect.bone_origins[2] == 2
    ntu = get_layout('nturgb+d')
    assert ntu.parents[21] == 22 and ntu.parents[22] == 7 and ntu.centre == 20  # the tip hangs on the thumb
    # the bone streams of COCO and OpenPose do not follow their graphs (PYSKL, MMAction2)
    assert get_layout('coco').bone_origins[11] == 0 and get_layout('coco').parents[11] == 5
    assert get_layout('openpose').bone_origins[1] == 0 and get_layout('openpose').centre == 1


def test_msr_order_is_the_published_permutation():
    to_msr = np.array([5, 9, 3, 2, 13, 17, 1, 6, 10, 7, 11, 8, 12, 14, 18, 15, 19, 16, 20, 4]) - 1
    kinect, msr = get_layout('kinect20'), get_layout('kinect20_msr')
    assert [kinect.joints[j] for j in to_msr] == list(msr.joints)


@pytest.mark.parametrize('edges, centre, message', [
    ([(1, 0), (2, 1), (0, 2)], 0, 'two parents or is a centre'),
    ([(1, 2), (2, 1)], 0, 'no path to the centre'),
    ([(1, 0)], 0, 'no path to the centre'),
    ([(1, 0), (2, 3)], 0, 'name'),
])
def test_what_is_no_tree_is_refused(edges, centre, message):
    with pytest.raises(LayoutError, match=message):
        Layout('odd', ('a', 'b', 'c'), tuple(edges), centre)


def test_unknown_names_teach():
    with pytest.raises(LayoutError, match="unknown layout 'cocoa'.*coco17.*kinect20"):
        get_layout('cocoa')
    with pytest.raises(LayoutError, match="no joint 'tail'"):
        get_layout('hand21').index('tail')
    with pytest.raises(LayoutError, match='already called'):
        register_layout(Layout('coco17', ('a', ), (), 0))


def test_one_table_adds_a_layout():
    mine = Layout.from_tree('arrow3', ('root', 'left_tip', 'right_tip'), [(1, 0), (2, 0)], 0)
    try:
        assert register_layout(mine) is get_layout('arrow3')
        assert mine.swap.tolist() == [0, 2, 1]
    finally:
        LAYOUTS.pop('arrow3', None)
