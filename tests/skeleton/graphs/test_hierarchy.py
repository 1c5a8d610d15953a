import numpy as np
import pytest
from parity import load

from mmskel.skeleton import LAYOUTS, Layout, LayoutError, get_layout, hierarchy_graph, hierarchy_rings

# the published sets, joints counted from 1
NTU = {
    1: [[1], [2, 13, 17], [14, 18, 21], [3, 5, 9, 15, 19], [4, 6, 10, 16, 20], [7, 11], [8, 12, 22, 23, 24, 25]],
    2: [[2], [1, 21], [13, 17, 3, 5, 9], [14, 18, 4, 6, 10], [15, 19, 7, 11], [16, 20, 8, 12], [22, 23, 24, 25]],
    21: [[21], [2, 3, 5, 9], [4, 6, 10, 1], [7, 11, 13, 17], [8, 12, 14, 18], [22, 23, 24, 25, 15, 19], [16, 20]]}
UCLA = {
    1: [[1], [2, 13, 17], [3, 14, 18], [4, 5, 9, 15, 19], [6, 10, 16, 20], [7, 11], [8, 12]],
    2: [[2], [1, 3], [4, 5, 9, 13, 17], [6, 10, 14, 18], [7, 11, 15, 19], [8, 12, 16, 20]],
    3: [[3], [2, 4, 5, 9], [1, 6, 10], [7, 11, 13, 17], [8, 12, 14, 18], [15, 19], [16, 20]]}


@pytest.mark.parametrize('layout, table', [('ntu25', NTU), ('kinect20', UCLA)])
def test_published_rings(layout, table):
    for centre, rings in table.items():
        found = hierarchy_rings(layout, centre - 1)
        assert [set(ring) for ring in found] == [{j - 1 for j in ring} for ring in rings], centre


def test_published_graphs_exactly():
    arrays = load('hd_gcn_graphs')[1]
    assert len(arrays) == 4
    for key, expected in arrays.items():
        layout = 'ntu25' if 'ntu' in key else 'kinect20'
        found = hierarchy_graph(hierarchy_rings(layout, int(key[-1]) - 1))
        np.testing.assert_array_equal(found.astype(np.float32), expected, err_msg=key)


@pytest.mark.parametrize('name', sorted(LAYOUTS))
def test_any_layout_and_any_centre(name):
    layout = get_layout(name)
    for centre in range(layout.num_joints):
        rings = hierarchy_rings(layout, centre)
        assert sorted(sum(rings, ())) == list(range(layout.num_joints)) and rings[0] == (centre, )
        graph = hierarchy_graph(rings)
        assert graph.shape == (len(rings) - 1, 3, layout.num_joints, layout.num_joints)
        for layer, inner, outer in zip(graph, rings, rings[1:]):
            np.testing.assert_allclose(layer[1].sum(0)[list(inner)], 1)  # what leaves a joint sums to 1
            np.testing.assert_allclose(layer[2].sum(0)[list(outer)], 1)
            assert (layer != 0).any(0).any(1).sum() == len(inner) + len(outer)


def test_centre_by_name_and_default():
    assert hierarchy_rings('coco17', 'nose')[0] == (0, )
    assert hierarchy_rings('ntu25') == hierarchy_rings('ntu25', 'spine_shoulder')


def test_bad_centres_and_layouts():
    with pytest.raises(LayoutError, match="'coco17' has joints 0 to 16; there is no centre 17"):
        hierarchy_rings('coco17', 17)
    with pytest.raises(LayoutError, match="'coco17' has no joint 'tail'; it has: nose"):
        hierarchy_rings('coco17', 'tail')
    with pytest.raises(LayoutError, match='only one joint'):
        hierarchy_rings(Layout('point', ('a', ), (), 0))
    with pytest.raises(LayoutError, match=r"'ring' is not a tree: joints 1 \(b\), 2 \(c\) have no path to the centre, joint 0 \(a\)"):
        Layout('ring', ('a', 'b', 'c'), ((1, 2), (2, 1)), 0)
