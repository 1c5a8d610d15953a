"""HD-GCN: the fast form against the plain one, any layout and centre, in both modes; initialisation; errors."""
import pytest
import torch
from parity import draw, load, relative_error
from reference.hd_gcn import HDGCNReference
from torch.nn import functional

from mmskel.interop import build_published
from mmskel.models import HDGCN
from mmskel.models.backbones.hd_gcn import nearest_points
from mmskel.skeleton import get_layout

CASES = [('ntu_hierarchy', 'ntu25', 1, 2), ('ntu_hierarchy', 'ntu25', 21, 1), ('ntu_hierarchy', 'ntu25', 2, 2),
         ('ucla_hierarchy', 'kinect20', 1, 1), ('ucla_hierarchy', 'kinect20', 2, 2), ('ucla_hierarchy', 'kinect20', 3, 1)]


def twins(graph, layout, centre, persons):
    """The plain model under drawn weights, and ours from its state dict."""
    plain = HDGCNReference(layout, centre - 1, 7, persons)
    state = {key: torch.from_numpy(draw(key, tuple(value.shape))) for key, value in plain.state_dict().items()}
    plain.load_state_dict(state)
    arguments = dict(graph=graph, graph_args=dict(CoM=centre), num_class=7, num_person=persons)
    torch.manual_seed(centre)
    x = torch.randn(3, 3, 13, get_layout(layout).num_joints, persons)
    return plain, build_published('hd_gcn', arguments, state), x


def losses_and_gradients(plain, ours, x, label):
    found = []
    for model in (plain, ours):
        logits = model(x)
        functional.cross_entropy(logits, label).backward()
        found.append(logits.detach())
    return *found, {k: p.grad for k, p in plain.named_parameters()}, ours.published_gradients()


@pytest.mark.parametrize('training', [False, True], ids=['eval', 'train'])
@pytest.mark.parametrize('case', CASES, ids=lambda c: f'{c[1]}_com{c[2]}')
def test_equals_the_plain_form(case, training):
    # float64: in float32 two nearly equal neighbours may change places, and few clips' statistics magnify rounding
    plain, ours, x = (part.double() for part in twins(*case))
    plain.train(training), ours.train(training)
    expected, logits, wanted, gradients = losses_and_gradients(plain, ours, x, torch.tensor([0, 3, 6]))
    assert relative_error(logits, expected.numpy()) < 1e-9
    assert set(gradients) == set(wanted)
    for key, gradient in wanted.items():
        assert (gradients[key] - gradient).abs().max() < 1e-8 * max(1, gradient.abs().max()), key
    plain.eval(), ours.eval()  # the running statistics moved alike
    assert relative_error(ours(x).detach(), plain(x).detach().numpy()) < 1e-9


def test_inner_features():
    description, arrays, state = load('hd_gcn_ntu_com1')
    backbone = build_published('hd_gcn', description['model_kwargs'], state).eval().model.backbone
    seen = {}
    places = dict(l1=backbone.blocks[0], l2_gcn=backbone.blocks[1].gcn, att=backbone.blocks[1].gcn.attention)
    for name, module in places.items():
        module.register_forward_hook(lambda m, i, out, name=name: seen.__setitem__(name, out.detach()))
    feature = backbone(torch.from_numpy(arrays['in_x']).permute(0, 4, 2, 3, 1)).detach()
    assert relative_error(seen['l1'].mean(2).permute(1, 2, 0), arrays['out_l1_tmean']) < 1e-4
    assert relative_error(seen['l2_gcn'].mean(2).permute(1, 2, 0), arrays['out_l2_gcn_tmean']) < 1e-4
    assert relative_error(seen['att'].transpose(1, 2), arrays['out_l2_att']) < 1e-4
    assert relative_error(feature.mean((3, 4)).flatten(0, 1), arrays['out_feat']) < 1e-4


def test_gradients_of_the_hand_written_backward_passes():
    from mmskel.models.kernels.hierarchy import hierarchical_conv, temporal_max, weighted_sum

    def drawn(*shape):
        return torch.randn(*shape, dtype=torch.float64, requires_grad=True)

    def both(x, gates):
        peak, link = temporal_max(x)
        return weighted_sum(x, gates * peak.sum(0), link), peak.square()

    def maximum(x):
        return temporal_max(x)[0]
    torch.manual_seed(0)
    assert torch.autograd.gradcheck(hierarchical_conv, (drawn(2, 4, 2, 3, 2), drawn(2, 3, 4, 4), drawn(6, 2, 2)))
    assert torch.autograd.gradcheck(both, (drawn(4, 2, 3, 2, 5), drawn(2, 2, 5)))
    assert torch.autograd.gradcheck(maximum, (drawn(4, 2, 3, 2, 5), ))


@pytest.mark.parametrize('frames, stride', [(1, 1), (2, 1), (7, 1), (7, 2), (8, 2)])
def test_max_of_three_is_max_pooling(frames, stride):
    from mmskel.models.kernels.multi_branch_tcn import max_of_three
    torch.manual_seed(0)
    x = torch.randn(2, 3, frames, 4).relu().round(decimals=1).requires_grad_()  # with ties
    flat = x.permute(0, 1, 3, 2).flatten(0, 1)
    expected = functional.max_pool1d(flat, 3, stride, 1).view(2, 3, 4, -1).transpose(2, 3)
    found = max_of_three(x, stride)
    torch.testing.assert_close(found, expected)
    weight = torch.randn_like(expected)
    gradients = [torch.autograd.grad((out * weight).sum(), x)[0] for out in (found, expected)]
    at_zero = x.detach() == 0  # behind a ReLU, where no gradient passes
    torch.testing.assert_close(gradients[0].masked_fill(at_zero, 0), gradients[1].masked_fill(at_zero, 0))


def test_frames_that_are_equally_large_share_the_gradient():
    from mmskel.models.kernels.hierarchy import temporal_max
    x = torch.tensor([1., 5, 5, 2]).view(1, 1, 4, 1, 1).requires_grad_()
    temporal_max(x)[0].sum().backward()
    assert x.grad.ravel().tolist() == [0, 0.5, 0.5, 0]


def test_neighbours_include_the_point_and_never_exceed_the_points():
    x = torch.tensor([0., 1, 3, 7]).view(1, 4, 1, 1)
    assert nearest_points(x, 2)[0, :, :, 0].sort(1).values.tolist() == [[0, 1], [0, 1], [1, 2], [2, 3]]
    assert nearest_points(x, 9).shape == (1, 4, 4, 1)


def test_published_initialisation():
    torch.manual_seed(0)
    model = HDGCN('ntu25', centre=0)
    model.init_weights()
    ours, plain = model.blocks[4], HDGCNReference('ntu25', 0, 60, 2).l5
    assert ours.gcn.weight.std().item() == pytest.approx(plain.gcn1.conv[0][0][0].weight.std().item(), rel=0.1)
    assert ours.gcn.reduce.weight.std().item() == pytest.approx(plain.gcn1.conv_down[0][0].weight.std().item(), rel=0.1)
    assert ours.gcn.edge_conv.weight.std().item() == pytest.approx(plain.gcn1.conv[0][3].conv[0].weight.std().item(), rel=0.1)
    assert ours.tcn.convs[0].std().item() == pytest.approx(plain.tcn1.branches[0][3].conv.weight.std().item(), rel=0.1)
    assert ours.tcn.norm.weight.std().item() == pytest.approx(0.02, rel=0.3)
    assert ours.residual.weight.std().item() == pytest.approx(plain.residual.conv.weight.std().item(), rel=0.1)
    assert (ours.gcn.out_norm.weight == 1e-6).all() and not ours.gcn.bias.any() and not ours.tcn.conv_bias.any()


def test_norms_that_are_frozen_stay_frozen():
    model = HDGCN('kinect20', num_person=1, base_channels=16, num_stages=2).train()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.eval()
    before = {k: v.clone() for k, v in model.named_buffers()}
    model(torch.randn(2, 1, 8, 20, 3)).sum().backward()
    assert all(torch.equal(v, before[k]) for k, v in model.named_buffers())
    assert all(p.grad is not None for p in model.parameters())


def test_bfloat16_is_close():
    torch.manual_seed(0)
    model = HDGCN('kinect20', num_person=1, base_channels=32, num_stages=4)
    x = torch.randn(4, 1, 16, 20, 3)
    for mode in (model.train(), model.eval()):
        exact = mode(x).detach()
        with torch.autocast('cpu', torch.bfloat16):
            rounded = mode(x)
        rounded.float().square().mean().backward()
        assert relative_error(rounded.detach().float(), exact.numpy()) < 0.1


def test_errors():
    model = HDGCN('kinect20', num_person=2, base_channels=16, num_stages=2)
    with pytest.raises(ValueError, match='num_person=2, but the clips have 1 persons.*SetPersons'):
        model(torch.randn(2, 1, 8, 20, 3))
    with pytest.raises(ValueError, match='multiple of 4'):
        HDGCN('kinect20', base_channels=6)
