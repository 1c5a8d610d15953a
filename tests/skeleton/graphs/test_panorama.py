"""The panoramic graph: the published ones, any layout, any topology, and errors that say what to do."""
import numpy as np
import pytest
from parity import load

from mmskel.skeleton import LAYOUTS, LayoutError, ObjectNode, panoramic_graph, person_graph

PUBLISHED = {'coco': ('coco17', ()), 'coco_ball': ('coco17', ('ball', )), 'coco_ball_net': ('coco17', ('ball', 'net')),
             'openpose': ('openpose25', ())}
DESCRIPTION, ARRAYS, _ = load('mp_gcn_graphs')


def published(graph, labeling, max_hop=10, inter_link='off', **links):
    name, _, persons = graph.partition('-')
    layout, objects = PUBLISHED[name]
    return panoramic_graph(layout, int(persons or 1), objects, inter_link=inter_link or 'off', **links), labeling, max_hop


@pytest.mark.parametrize('name', DESCRIPTION['model_kwargs'])
def test_published_graphs(name):
    graph, labeling, max_hop = published(**DESCRIPTION['model_kwargs'][name])
    found = graph.partitions(labeling, max_hop)
    want = {key.rpartition('__')[2]: value for key, value in ARRAYS.items() if key.startswith(f'out_{name}__')}
    np.testing.assert_array_equal(found[:3].astype(np.float32), want['A'])
    np.testing.assert_allclose(found.sum((1, 2)), want['partition_sums'], rtol=1e-12)
    np.testing.assert_array_equal(graph.bone_origins, want['connect_joint'])
    np.testing.assert_array_equal(graph.centres, want['center'])
    np.testing.assert_array_equal(graph.part_of_node, want['part_of_joint'])


def test_non_zeros_of_the_published_graphs():
    volleyball = panoramic_graph('coco17', 12, ['ball'], 'pairwise', dilation=2)
    assert (volleyball.partitions(keep=3) != 0).sum((1, 2)).tolist() == [216, 432, 12]
    nba = panoramic_graph('coco17', 12, ['ball', 'net'], 'pairwise', dilation=2)
    assert (nba.partitions(keep=3) != 0).sum((1, 2)).tolist() == [228, 456, 12]
    assert (panoramic_graph('coco17', 4).partitions('distance', keep=3) != 0).sum((1, 2)).tolist() == [68, 128, 160]
    assert set(np.unique(volleyball.partitions(keep=3))) == {0, 1 / 36}


def test_parts_by_person():
    assert panoramic_graph('coco17', 3, ['ball'], parts='person').part_of_node.tolist() == [p for p in range(3) for _ in range(18)]
    assert panoramic_graph('coco17', 1, ['ball', 'net'], parts='person').parts == (tuple(range(17)), (17, ), (18, ))
    assert panoramic_graph('coco17', 1, parts='person').parts == panoramic_graph('coco17').parts
    assert len(panoramic_graph('coco17', 12, ['ball']).parts) == 72


@pytest.mark.parametrize('layout', [name for name in LAYOUTS if LAYOUTS[name].num_joints < 60])
def test_any_layout_any_object(layout):
    root = LAYOUTS[layout].joints[LAYOUTS[layout].centre]
    rim = dict(name='rim', links=[root])
    graph = panoramic_graph(layout, 3, [rim, ObjectNode('clock', ('rim', root), 'rim')], 'full', base=root)
    v = graph.person.num_nodes
    assert v == LAYOUTS[layout].num_joints + 2 and sorted(sum(graph.parts, ())) == list(range(3 * v))
    matrices = graph.partitions('spatial')
    assert matrices.shape == (21, 3 * v, 3 * v) and (graph.person.bone_origins[-1], graph.person.objects) == (v - 2, ('rim', 'clock'))
    np.testing.assert_allclose(matrices.sum((0, 1)), 1)


@pytest.mark.parametrize('base, node', [(17, 17), ('ball', 17), ('net', 18), (['nose', 'net'], 18)])
def test_persons_are_joined_at_their_objects(base, node):
    graph = panoramic_graph('coco17', 4, ('ball', 'net'), 'linear', base=base)
    v, last = 19, [((p + 1) * 19 + node, p * 19 + node) for p in range(3)]
    assert list(graph.inter_links[-3:]) == last
    hop1 = graph.partitions('intra-inter', keep=3)[2] != 0
    expected = np.zeros_like(hop1)
    for a, b in graph.inter_links:
        expected[a, b] = expected[b, a] = True
    np.testing.assert_array_equal(hop1, expected)
    assert panoramic_graph('coco17', 2, ['ball'], centre='ball').centres.tolist() == [17] * 18 + [35] * 18 and v == graph.person.num_nodes


@pytest.mark.parametrize('labeling', ['distance', 'spatial', 'intra-inter'])
def test_corrected_normalisation_averages_over_what_is_kept(labeling):
    graph = panoramic_graph('coco17', 4, ['ball'], 'pairwise', dilation=2)
    matrices, plain = graph.partitions(labeling, keep=3, corrected=True), graph.partitions(labeling, keep=3)
    np.testing.assert_allclose(matrices.sum((0, 1)), 1)
    np.testing.assert_array_equal(matrices != 0, plain != 0)


def test_errors():
    with pytest.raises(LayoutError, match="'hand21' has no left_wrist.*dict.name='ball', links"):
        person_graph('hand21', ['ball'])
    with pytest.raises(LayoutError, match="already has that node"):
        person_graph('coco17', ['ball', 'ball'])
    with pytest.raises(LayoutError, match="object 'rim' hangs on ..hoop..; joints and objects before it: nose"):
        person_graph('coco17', [dict(name='rim', links=['hoop'])])
    with pytest.raises(ValueError, match="unknown inter_link 'ring'; known: off, pairwise"):
        panoramic_graph('coco17', 2, inter_link='ring')
    with pytest.raises(ValueError, match="unknown labeling 'near'"):
        panoramic_graph('coco17').partitions('near')
    with pytest.raises(ValueError, match="the graph has one person; use 'spatial'"):
        panoramic_graph('coco17').partitions('intra-inter')
    with pytest.raises(ValueError, match='has 11 partitions; 12 cannot be kept'):
        panoramic_graph('coco17').partitions('distance', keep=12)
    with pytest.raises(LayoutError, match="joints 0 to 16, not 17"):
        panoramic_graph('coco17', 2, inter_link='full', base=17)
    with pytest.raises(LayoutError, match="'coco17' with ball has nodes 0 to 17, not 18"):
        panoramic_graph('coco17', 2, ['ball'], 'full', base=18)
    with pytest.raises(LayoutError, match="'coco17' with ball has no node 'net'; it has: nose, .*, ball"):
        panoramic_graph('coco17', 2, ['ball'], 'full', base='net')
