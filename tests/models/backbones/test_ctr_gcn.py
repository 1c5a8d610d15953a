"""CTR-GCN: the fast form against the paper's equations, PYSKL's names, the authors' variant, any skeleton."""
import pytest
import torch
from mmaction.models.utils import Graph
from mmaction.registry import MODELS
from reference.ctr_gcn import CTRGCNReference

from mmskel.files.errors import UserError
from mmskel.models import CTRGCN

NARROW = dict(base_channels=16, num_stages=5, inflate_stages=(3, 5), down_stages=(3, 5))
# five taps of three dilations in 18 channels: branches of 3, 3, 3, 3 and 6
UNEVEN = dict(base_channels=18, num_stages=2, inflate_stages=(), down_stages=(2, ), dilations=(1, 2, 3), kernel_size=5)
DOWN = {id(NARROW): (2, 4), id(UNEVEN): (1, )}


def network(layout, persons, sizes=NARROW, **options):
    """In float64, with every tensor drawn: published gains of 1e-6 and strengths of 0 would hide the graphs."""
    torch.manual_seed(0)
    model = CTRGCN(layout, num_person=persons, **sizes, **options).double()
    for name, tensor in model.state_dict().items():
        if name.endswith(('alpha', 'bn.weight', 'running_var', 'running_mean')):
            tensor.uniform_(0.5, 1.5)
        elif name.endswith('bias'):
            tensor.normal_(0, 0.1)
    return model


def plain(model, sizes=NARROW, **options):
    state = {key: value.clone().requires_grad_(value.is_floating_point()) for key, value in model.state_dict().items()}
    return CTRGCNReference(state, DOWN[id(sizes)], sizes.get('dilations', (1, 2)), **options)


@pytest.mark.parametrize('official', [False, True])
@pytest.mark.parametrize('training', [False, True])
@pytest.mark.parametrize('layout, persons, joints', [('coco17', 1, 17), ('ntu25', 2, 25), ('hand21', 1, 21)])
def test_features_and_gradients_are_those_of_the_equations(layout, persons, joints, training, official):
    model = network(layout, persons, official=official).train(training)
    reference = plain(model, official=official, training=training)
    x = torch.randn(2, persons, 13, joints, 3, dtype=torch.float64)
    weights = torch.randn(2, persons, 64, 4, joints, dtype=torch.float64)
    found, expected = model(x), reference(x)
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-8)
    (found * weights).sum().backward()
    (expected * weights).sum().backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, reference.state[name].grad, rtol=1e-6, atol=1e-6, msg=name)


def test_other_temporal_branches():
    model = network('coco17', 1, UNEVEN).eval()
    x = torch.randn(1, 1, 9, 17, 3, dtype=torch.float64)
    torch.testing.assert_close(model(x), plain(model, UNEVEN)(x), rtol=1e-8, atol=1e-8)
    assert [branch[0].out_channels for branch in model.net[0].tcn1.branches] == [3, 3, 3, 3, 6]


def test_the_authors_network_is_another_one():
    ours, theirs = (network('coco17', 1, official=official).eval() for official in (False, True))
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(1, 1, 8, 17, 3, dtype=torch.float64)
    assert (ours(x) - theirs(x)).abs().max() > 0.1 * ours(x).abs().max()


def test_names_and_shapes_are_pyskls():
    shapes = {key: tuple(value.shape) for key, value in CTRGCN('coco17').state_dict().items()}
    assert shapes['data_bn.weight'] == (102, ) and shapes['net.9.gcn1.A'] == (3, 17, 17)
    assert shapes['net.0.gcn1.alpha'] == (1, ) and shapes['net.0.gcn1.convs.2.conv1.weight'] == (8, 3, 1, 1)
    assert shapes['net.7.gcn1.convs.0.conv4.weight'] == (256, 16, 1, 1)
    assert shapes['net.4.gcn1.down.0.weight'] == (128, 64, 1, 1) and shapes['net.4.gcn1.down.1.running_var'] == (128, )
    assert shapes['net.3.tcn1.branches.1.3.conv.weight'] == (16, 16, 5, 1)
    assert {'net.3.tcn1.branches.0.3.bn.bias', 'net.3.tcn1.branches.2.4.weight', 'net.3.tcn1.branches.3.1.weight',
            'net.7.residual.conv.weight', 'net.7.residual.bn.weight'} <= set(shapes)
    assert not [key for key in shapes if key.startswith(('net.0.residual', 'net.1.residual', 'net.1.gcn1.down'))]
    assert sum(value.numel() for value in CTRGCN('ntu25').parameters()) == 1_431_252


def test_the_graphs_start_as_mmaction2s():
    start = CTRGCN('coco17', base_channels=8, num_stages=1).net[0].gcn1.A
    torch.testing.assert_close(start.detach(), torch.tensor(Graph('coco', mode='spatial').A, dtype=torch.float32))


def test_every_block_starts_as_its_shortcut():
    torch.manual_seed(0)
    model = MODELS.build(dict(type='CTRGCN', layout='coco17', num_person=1, **NARROW)).eval()
    model.init_weights()
    x = torch.randn(3, 16, 8, 17)
    torch.testing.assert_close(model.net[1].gcn1(x), x.relu(), atol=1e-3, rtol=0)


def test_mistakes_are_named():
    with pytest.raises(UserError, match='num_person=2, but the clips have 1 persons'):
        CTRGCN('coco17', **NARROW)(torch.zeros(1, 1, 4, 17, 3))
    with pytest.raises(UserError, match='base_channels must be at least 4'):
        CTRGCN('coco17', base_channels=2)
