import pytest
import torch
from mmaction.models import STGCN

from mmskel.models import SkeletonSTGCN
from mmskel.skeleton import Layout, get_layout, partition


@pytest.mark.parametrize('partition_name, classes, layout, parameters', [
    ('spatial', 60, 'ntu25', 3_098_832), ('distance', 60, 'ntu25', 2_873_894), ('uniform', 60, 'ntu25', 2_648_956),
    ('spatial', 400, 'openpose18', 3_177_140)])
def test_published_parameter_counts(partition_name, classes, layout, parameters):
    backbone = SkeletonSTGCN(layout, partition=partition_name)
    head = backbone.out_channels * classes + classes
    assert sum(p.numel() for p in backbone.parameters()) + head == parameters


@pytest.mark.parametrize('theirs, options', [
    (dict(mode='stgcn_spatial'), dict()),
    (dict(mode='stgcn_spatial', max_hop=2), dict(max_hop=2)),
    (dict(mode='spatial'), dict(partition='inout')),
])
@pytest.mark.parametrize('more', [dict(), dict(edge_importance='init', with_res=True, temporal='mstcn')])
def test_equals_mmaction2_on_its_own_layouts(theirs, options, more):
    names = dict(edge_importance='gcn_adaptive', with_res='gcn_with_res', temporal='tcn_type')
    stock = STGCN(graph_cfg=dict(layout='coco', **theirs), **{names[k]: v for k, v in more.items()}).eval()
    ours = SkeletonSTGCN('coco17', **options, **more).eval()
    ours.load_state_dict(stock.state_dict())
    x = torch.randn(2, 2, 17, 17, 3)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), stock(x))


def test_shape_is_a_quarter_of_the_frames_rounded_up():
    backbone = SkeletonSTGCN('hand21', in_channels=2).eval()
    assert backbone(torch.randn(1, 1, 13, 21, 2)).shape == (1, 1, 256, 4, 21)
    assert backbone(torch.randn(1, 1, 1, 21, 2)).shape == (1, 1, 256, 1, 21)


def test_published_initialisation():
    torch.manual_seed(0)
    backbone = SkeletonSTGCN('ntu25', published_init=True)
    backbone.init_weights()
    weight = backbone.gcn[9].tcn.conv.weight
    assert abs(weight.std().item() - 0.02) < 1e-3 and not backbone.gcn[9].tcn.conv.bias.any()
    assert abs(backbone.gcn[9].tcn.bn.weight.mean().item() - 1) < 0.01


def test_layout_objects_and_corrected_partition():
    star = Layout.from_tree('star', ['hub', 'a', 'b', 'c'], [(1, 0), (2, 0), (3, 0)], 0)
    backbone = SkeletonSTGCN(star, corrected=True)
    torch.testing.assert_close(backbone.gcn[0].gcn.A, torch.tensor(partition(star, corrected=True)).float())
    wrong = SkeletonSTGCN('ntu25').gcn[0].gcn.A
    assert not torch.equal(wrong, SkeletonSTGCN(get_layout('ntu25'), corrected=True).gcn[0].gcn.A)


def test_unknown_arguments_are_refused():
    with pytest.raises(TypeError, match='tcn_dropuot'):
        SkeletonSTGCN('ntu25', tcn_dropuot=0.5)
