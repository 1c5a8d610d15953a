"""STC-Net: worked examples, the fast form against the plain one, any skeleton, ties, precisions, errors."""
from dataclasses import replace

import numpy as np
import pytest
import torch
from parity import draw, load, relative_error
from reference.stc_net import STC, STCNetReference, dilated
from torch.nn import functional

from mmskel.interop import ConversionError, build_published, convert_checkpoint
from mmskel.models import STCNet
from mmskel.models.backbones.stc_net import CurveModule
from mmskel.models.kernels.curves import (
    Links,
    along_curves,
    curve_joints,
    frame_distances,
    full_curves,
    link_features,
    link_weights,
    nearest_links,
)
from mmskel.models.kernels.dilated import add_graph_convs
from mmskel.skeleton import Layout, LayoutError, dilated_kernel, get_layout

CHAIN = Layout('five', tuple('abcde'), ((1, 2), (0, 1), (3, 2), (4, 3)), 2)


# dilated kernels


def entries(matrix):
    return {tuple(at): round(float(matrix[tuple(at)]), 6) for at in np.argwhere(matrix).tolist()}


@pytest.mark.parametrize('window, inward, outward', [
    (1, {(1, 0): 1, (2, 1): 1, (2, 3): 1, (3, 4): 1}, {(0, 1): 1, (4, 3): 1, (1, 2): .5, (3, 2): .5}),
    (2, {(2, 0): 1, (2, 4): 1}, {(0, 2): .5, (4, 2): .5}), (3, {}, {})])
def test_kernels_of_a_chain(window, inward, outward):
    identity, up, down = dilated_kernel(CHAIN, window)
    assert (identity == np.eye(5)).all() and entries(up) == inward and entries(down) == outward


@pytest.mark.parametrize('layout, inward, outward', [('ntu25', (24, 20, 16, 12, 8, 4), (20, 15, 11, 7, 4, 1)),
                                                     ('coco17', (16, 12, 6, 2, 0), (11, 5, 3, 1, 0))])
def test_counts_of_published_skeletons(layout, inward, outward):
    kernels = [dilated_kernel(layout, window) for window in range(1, len(inward) + 1)]
    assert tuple(int((k[1] > 0).sum()) for k in kernels) == inward
    assert tuple(round(k[2].sum()) for k in kernels) == outward


@pytest.mark.parametrize('layout', ['coco17', 'ntu25', 'kinect20', 'hand21', 'openpose18'])
def test_hop_distances_are_powers_of_the_parent_matrix(layout):
    for window in range(1, 6):
        np.testing.assert_allclose(dilated_kernel(layout, window), dilated(layout, window).numpy(), atol=1e-7)


def test_another_centre_and_a_graph_that_is_no_tree():
    assert entries(dilated_kernel(CHAIN, 3, 'a')[1]) == {(0, 3): 1, (1, 4): 1}
    ring = replace(CHAIN, name='ring', links=((0, 4), ))
    assert entries(dilated_kernel(ring, 2, links=True)[1]) == {(2, 0): 1, (2, 4): 1}  # 0 and 4 are one hop apart
    assert entries(dilated_kernel(ring, 2, 0, links=True)[1]) == {(0, 2): 1, (0, 3): 1}
    for wrong, error, message in ((dict(window=0), ValueError, 'at least 1, not 0'),
                                  (dict(centre=5), LayoutError, 'joints 0 to 4; there is no centre 5'),
                                  (dict(centre='x'), LayoutError, "no joint 'x'")):
        with pytest.raises(error, match=message):
            dilated_kernel(CHAIN, **wrong)


# the worked example of docs/published/stc_net.md: three frames, four joints, one channel


H = torch.tensor([[0, 1, 5, 9], [.2, 5.5, 1.2, 8], [9, .1, 1, 6]])[:, None, :, None]


def example(k):
    distance = frame_distances(H, H)
    links = nearest_links(distance, k)
    return links, link_features(H, H, *link_weights(distance, links))


def test_example_links_and_curves():
    links, _ = example(2)
    assert links.forward[:, 0, :, 0].tolist() == [[2, 2, 1, 1], [1, 3, 1, 0]]
    assert links.backward[:, 0, :, 0].tolist() == [[1, 2, 1, 2], [3, 0, 0, 1]]
    assert links.forward[0, 0].tolist() == [[2, 1], [2, 0], [1, 3], [1, 2]]
    assert full_curves(links.forward[..., 0])[:, 0].T.tolist() == [[0, 2, 1], [1, 2, 1], [2, 1, 3], [3, 1, 3]]
    wide = curve_joints(links, 2)[:, :, 0]
    assert wide[4, 0].tolist() == [1, 1, 3, 3] and wide[0, 2].tolist() == [2, 1, 1, 2]  # two frames on, two back
    assert wide[4, 1].tolist() == [1, 3, 1, 0]  # it stays where the clip ends


def test_example_features_and_sums_along_curves():
    links, features = example(1)
    expected = [[1.2, 2.2, 10.5, 14.5], [.75, 11, 1.75, 15], [17, .3, 1.2, 11.5]]
    np.testing.assert_allclose(features[:, 0, :, 0], expected, atol=1e-5)
    sums = along_curves(features * torch.tensor([1., 10, 100]), curve_joints(links, 1))
    np.testing.assert_allclose(sums[:, 0, :, 0], [[188.2, 199.2, 1215.5, 1259.5], [39.7, 1270.5, 49.7, 1860.5],
                                                  [1885, 33.75, 132.75, 1276]], rtol=1e-5)
    np.testing.assert_allclose(example(2)[1][1, 0, :, 0], [.9064, 11, 1.6511, 15], atol=1e-4)


# the module alone, and the network


def test_module_of_the_parity_file():
    description, arrays, state = load('stc_net_unit')
    module = build_published('stc_net', description['model_kwargs'], state).eval()
    for grad in (True, False):
        with torch.set_grad_enabled(grad):
            found = module(torch.from_numpy(arrays['in_x']))
        for key in (key for key in arrays if key.startswith('out_')):
            if arrays[key].dtype == np.int64:
                np.testing.assert_array_equal(found[key], arrays[key], err_msg=key)
            else:
                assert relative_error(found[key].detach(), arrays[key]) < 1e-5, key
    assert module.published_parameters() == description['n_params']


@pytest.mark.parametrize('frames, joints, neighbours, radius', [(9, 17, 5, 1), (6, 5, 3, 2), (2, 4, 9, 3), (1, 6, 5, 1),
                                                                (7, 1, 5, 1), (4, 2, 1, 0)])
def test_module_equals_the_plain_form(frames, joints, neighbours, radius):
    torch.manual_seed(frames)
    plain = STC(12, 64, neighbours, radius).double()
    state = {key: torch.from_numpy(draw(key, tuple(value.shape))) for key, value in plain.state_dict().items()}
    plain.load_state_dict(state)
    arguments = dict(in_channels=12, out_channels=64, neighbours=neighbours, curve_radius=radius)
    ours = build_published('stc_net', arguments, state).double()
    x = torch.randn(3, 12, frames, joints, dtype=torch.float64)
    for training in (True, False):
        plain.train(training), ours.train(training)
        expected, found = plain(x), ours(x)['out_y']
        assert relative_error(found.detach(), expected.detach().numpy()) < 1e-10
        for model, out in ((plain, expected), (ours, found)):
            model.zero_grad()
            (out * out.detach().roll(1, 0)).sum().backward()
        gradients = ours.published_gradients()
        for key, parameter in plain.named_parameters():
            if parameter.grad is not None:
                np.testing.assert_allclose(gradients[key], parameter.grad, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize('training', [False, True], ids=['eval', 'train'])
@pytest.mark.parametrize('layout, persons, frames, options', [
    ('ntu25', 2, 13, {}), ('coco17', 1, 4, {}), ('kinect20', 1, 9, dict(curve_radius=2, neighbours=3)),
    ('hand21', 2, 1, dict(windows=(1, 3)))], ids=['ntu25', 'coco17', 'kinect20', 'hand21'])
def test_network_equals_the_plain_form(layout, persons, frames, options, training):
    plain = STCNetReference(layout, 7, persons, **options)
    state = {key: torch.from_numpy(draw(key, tuple(value.shape))) for key, value in plain.state_dict().items()}
    plain.load_state_dict(state)
    ours = build_published('stc_net', dict(graph=layout, num_class=7, num_person=persons, **options), state)
    torch.manual_seed(frames)
    x, label = torch.randn(3, 3, frames, get_layout(layout).num_joints, persons).double(), torch.tensor([0, 3, 6])
    plain.double().train(training), ours.double().train(training)
    logits = [model(x) for model in (plain, ours)]
    assert relative_error(logits[1].detach(), logits[0].detach().numpy()) < 1e-8
    for out in logits:
        functional.cross_entropy(out, label).backward()
    gradients = ours.published_gradients()
    for key, parameter in plain.named_parameters():
        if parameter.grad is not None:  # float64: two nearly equal neighbours must not change places
            assert (gradients[key] - parameter.grad).abs().max() < 1e-7 * max(1, parameter.grad.abs().max()), key


def test_gradients_of_the_custom_backward_passes():
    def drawn(*shape):
        return torch.randn(*shape, dtype=torch.float64, requires_grad=True)

    def convs(plus, x, graph, weight):
        return add_graph_convs(plus * 1, x, graph, weight)
    torch.manual_seed(0)
    assert torch.autograd.gradcheck(convs, (drawn(4, 2, 3, 6), drawn(4, 2, 3, 5), drawn(2, 3, 4, 4), drawn(2, 3, 5, 3)))
    joints = torch.randint(4, (3, 3, 2, 4))
    assert torch.autograd.gradcheck(lambda taps: along_curves(taps, joints), (drawn(3, 2, 4, 6), ))
    links = nearest_links(torch.rand(2, 2, 4, 4), 2)
    assert torch.autograd.gradcheck(lambda distance: link_weights(distance, links), (drawn(2, 2, 4, 4), ))


# what data-dependent links may not do


def test_ties_take_the_first_joint_and_never_the_joint_itself():
    links = nearest_links(torch.zeros(1, 1, 4, 4), 2)
    expected = [[1, 2], [0, 2], [0, 1], [0, 1]]
    assert links.forward[0, 0].tolist() == links.backward[0, 0].tolist() == expected
    some = torch.randint(3, (5, 2, 21, 21)).float()  # many ties
    found = nearest_links(some, 5)
    for index, away in ((found.forward, some), (found.backward, some.transpose(-1, -2))):
        away = away.masked_fill(torch.eye(21, dtype=torch.bool), torch.inf)
        assert torch.equal(index, away.sort(dim=-1, stable=True).indices[..., :5])


def test_keys_by_topk_are_those_of_the_sort(monkeypatch):
    from mmskel.models.kernels import curves
    some = torch.randint(3, (2, 2, 9, 9)).float()
    by_sort = nearest_links(some, 4)
    monkeypatch.setattr(curves, 'eager', lambda: False)  # as on a GPU and where operators are recorded
    assert all(map(torch.equal, by_sort, nearest_links(some, 4)))


def test_absent_persons_are_finite_and_deterministic():
    torch.manual_seed(0)
    model = STCNet('kinect20', base_channels=16, num_stages=3).train()
    x = torch.randn(2, 2, 6, 20, 3)
    x[:, 1] = 0
    first, again = model(x), model(x)
    first.square().mean().backward()
    assert torch.equal(first, again) and all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_bfloat16_links_the_same_joints():
    torch.manual_seed(0)
    query, key = torch.randn(2, 5, 3, 17, 8).bfloat16()
    with torch.autocast('cpu', torch.bfloat16):
        rounded = frame_distances(query, key)
    exact = frame_distances(query.double(), key.double())
    assert rounded.dtype == torch.float32 and relative_error(rounded, exact.numpy()) < 1e-6
    model = STCNet('kinect20', num_person=1, base_channels=32, num_stages=2)
    x = torch.randn(4, 1, 16, 20, 3)
    for mode in (model.train(), model.eval()):
        exact = mode(x).detach()
        with torch.autocast('cpu', torch.bfloat16):
            rounded = mode(x)
        rounded.float().square().mean().backward()
        # a few joints have other neighbours when features are rounded
        assert (rounded.detach().float() - exact).square().mean() < .01 * exact.square().mean()
        assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_curves_of_a_block():
    torch.manual_seed(0)
    model = STCNet('coco17', num_person=2, base_channels=16, num_stages=3, down_stages=(2, )).eval()
    x = torch.randn(3, 2, 9, 17, 3)
    curves = model.curves(x)
    assert curves.shape == (3, 2, 9, 17) and torch.equal(curves[:, :, 0], torch.arange(17).expand(3, 2, -1))
    seen = []
    hook = model.blocks[0].gcn.stc.register_forward_hook(lambda module, inputs, out: seen.append(module.links(*inputs)))
    model(x)
    hook.remove()
    following = seen[0].forward[..., 0].unflatten(1, (3, 2))
    assert torch.equal(curves[:, :, 4], following[3].gather(-1, curves[:, :, 3]))
    assert model.curves(x, 3).shape == (3, 2, 5, 17) and model.curves(x[:, :, :1], 3).shape == (3, 2, 1, 17)
    with pytest.raises(ValueError, match='blocks 1 to 3; there is no block 4'):
        model.curves(x, 4)


def test_links_are_named_tuples():
    links = CurveModule(3, 16, neighbours=2).eval().links(torch.randn(5, 2, 4, 3))
    assert isinstance(links, Links) and links.forward.shape == links.backward.shape == (3, 2, 5, 2)


def test_initialisation():
    torch.manual_seed(0)
    model = STCNet('ntu25')
    model.init_weights()
    ours, plain = model.blocks[8], STCNetReference('ntu25', 60, 2).blocks[8]
    stc = plain.sm.stc
    for mine, theirs in ((ours.gcn.weight, plain.sm.dk[0].conv.weight), (ours.gcn.stc.embed_weight, stc.query.weight),
                         (ours.gcn.stc.edge_weight, stc.edge_centre.weight), (ours.gcn.stc.out.weight, stc.out.weight),
                         (ours.gcn.stc.curve.weight, stc.curve.weight),
                         (ours.gcn.stc.reduce.weight, stc.reduce[0].weight)):
        assert mine.std().item() == pytest.approx(theirs.std().item(), rel=.1)
    assert (ours.gcn.norm.weight == 1e-6).all() and not ours.gcn.bias.any()
    assert torch.equal(ours.gcn.graph[1], dilated('ntu25', 2))


def test_errors():
    model = STCNet('kinect20', num_person=2, base_channels=16, num_stages=2)
    with pytest.raises(ValueError, match='num_person=2, but the clips have 1 persons.*SetPersons'):
        model(torch.randn(2, 1, 8, 20, 3))
    with pytest.raises(ValueError, match='multiple of 4.*3 windows, not 16'):
        STCNet('kinect20', base_channels=16, windows=(1, 2, 3))
    with pytest.raises(ValueError, match='neighbours must be at least 1'):
        CurveModule(3, 16, neighbours=0)


def test_file_becomes_checkpoint_and_config(tmp_path):
    from mmengine.config import Config
    torch.manual_seed(0)
    plain = STCNetReference('kinect20', 5, 1, windows=(1, 3), curve_radius=2)
    with torch.no_grad():  # as if trained: the graphs have moved
        plain.blocks[0].sm.dk[1].PA += .05 * torch.randn_like(plain.blocks[0].sm.dk[1].PA)
    torch.save(plain.state_dict(), tmp_path / 'theirs.pt')
    backbone = Config.fromfile(convert_checkpoint('stc_net', tmp_path / 'theirs.pt', tmp_path / 'ours.pth')).model.backbone
    assert (backbone.layout, backbone.num_person, list(backbone.windows), backbone.curve_radius) == ('kinect20', 1, [1, 3], 2)
    for arguments, message in ((dict(graph='x'), "unknown graph 'x'"), (dict(depth=3), 'unknown constructor arguments depth'),
                               (dict(out_channels=64, graph='coco'), 'unknown constructor arguments graph')):
        with pytest.raises(ConversionError, match=message):
            build_published('stc_net', arguments, {})
    with pytest.raises(ConversionError, match='keys it does not know, e.g. blocks.10.sm.bn.weight'):
        build_published('stc_net', dict(graph='kinect20', num_class=5, num_person=1, windows=(1, 3), curve_radius=2),
                        {**plain.state_dict(), 'blocks.10.sm.bn.weight': torch.zeros(1)})
    torch.save({'fc.weight': torch.zeros(2, 2)}, tmp_path / 'other.pt')
    with pytest.raises(ConversionError, match="other.pt.*no 'blocks.0.sm.dk.0.PA'.*not an STC-Net"):
        convert_checkpoint('stc_net', tmp_path / 'other.pt', tmp_path / 'o.pth')
