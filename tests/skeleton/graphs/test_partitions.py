import numpy as np
import pytest
from parity import load

from mmskel.skeleton import LAYOUTS, get_layout, hop_distance, normalize_columns, normalize_symmetric, partition


def test_published_graphs_exactly():
    arrays = load('st_gcn_graphs')[1]
    for key, expected in arrays.items():
        *_, layout, strategy, hop = key.split('_')
        found = partition({'openpose': 'openpose18', 'ntu-rgb+d': 'ntu25'}[layout], strategy, int(hop[3:]))
        np.testing.assert_array_equal(found.astype(expected.dtype), expected, err_msg=key)
    assert len(arrays) == 10


@pytest.mark.parametrize('layout, published, corrected', [('openpose18', (18, 25, 9), (18, 17, 17)),
                                                          ('ntu25', (25, 40, 8), (25, 24, 24))])
def test_flaw_of_the_spatial_partition_and_its_correction(layout, published, corrected):
    count = [tuple((a > 0).sum((1, 2))) for a in (partition(layout), partition(layout, corrected=True))]
    assert count == [published, corrected]
    np.testing.assert_array_equal(partition(layout).sum(0), partition(layout, corrected=True).sum(0))


@pytest.mark.parametrize('layout', sorted(LAYOUTS))
@pytest.mark.parametrize('strategy, hops, dilation, subsets', [
    ('uniform', 1, 1, 1), ('distance', 3, 1, 4), ('distance', 4, 2, 3), ('spatial', 2, 1, 5), ('inout', 1, 1, 3)])
def test_any_layout(layout, strategy, hops, dilation, subsets):
    a = partition(layout, strategy, hops, dilation)
    assert a.shape == (subsets, get_layout(layout).num_joints, get_layout(layout).num_joints)
    if strategy != 'inout':
        np.testing.assert_allclose(a.sum((0, 1)), 1)  # every target averages over its sources
        assert ((a > 0).sum(0) <= 1).all()  # every link lies in one subset


def test_hop_distance_of_a_path():
    hops = hop_distance(4, [(0, 1), (1, 2)], max_hop=1)
    assert hops[0].tolist() == [0, 1, np.inf, np.inf] and hops[3].tolist() == [np.inf, np.inf, np.inf, 0]
    assert hop_distance(3, [(0, 1), (1, 2)])[0].tolist() == [0, 1, 2]


def test_normalisations_of_isolated_joints():
    a = np.array([[0., 1], [1, 1]])
    np.testing.assert_allclose(normalize_columns(a), [[0, .5], [1, .5]])
    np.testing.assert_allclose(normalize_symmetric(a), [[0, 2**-.5], [2**-.5, .5]])
    assert not normalize_columns(np.zeros((2, 2))).any() and not normalize_symmetric(np.zeros((2, 2))).any()


def test_bad_arguments():
    with pytest.raises(ValueError, match="unknown partition 'spacial'"):
        partition('coco17', 'spacial')
    with pytest.raises(ValueError, match='at least 1'):
        partition('coco17', max_hop=0)
