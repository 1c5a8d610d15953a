"""CascadeFormer: the plain form, the options, what the versions are."""
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from reference.cascadeformer import CascadeFormerReference
from torch import nn

from mmskel.interop import build_published
from mmskel.models.kernels.relu_perceptron import relu_perceptron
from mmskel.models.layers.frame_embedding import FRAME_EMBEDDINGS
from mmskel.models.layers.post_norm import PostNormEncoder, PostNormLayer, attend
from mmskel.skeleton import get_layout, skate_parts
from mmskel.skeleton.graphs.bones import PUBLISHED_PAIRS, bone_pairs


def build(layout='kinect20', **options):
    torch.manual_seed(0)
    return MODELS.build(dict(type='CascadeFormer', layout=layout, channels=40, num_heads=2, num_layers=1, **options))


def close(found, expected, tolerance=1e-9):
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize('version, joints, coords, ntu', [
    ('1.0', 20, 3, False), ('1.1', 13, 2, False), ('1.2 penn', 20, 3, False), ('1.2 ntu', 25, 3, True), ('1.1', 25, 3, True)])
def test_plain_form_agrees_in_values_and_gradients(version, joints, coords, ntu):
    torch.manual_seed(0)
    plain = CascadeFormerReference(version, joints, coords, 7, width=100, heads=2, layers=2, ntu=ntu).double().eval()
    arguments = dict(d_model=100, nhead=2, num_layers=2, num_classes=7, num_joints=joints, three_d=coords == 3)
    ours = build_published('cascadeformer', arguments, plain.state_dict()).double().eval()
    assert sum(p.numel() for p in plain.parameters()) == sum(p.numel() for p in ours.parameters())
    x = torch.randn(3, 11, joints, coords, dtype=torch.float64)
    expected, found = plain(x), ours(x)
    close(found['out_logits'], expected)
    close(found['out_logits_nograd'], expected)
    for output in (expected, found['out_logits']):
        output.square().sum().backward()
    gradients = ours.published_gradients()
    for key, parameter in plain.named_parameters():
        if not key.startswith('t1.reconstruction_head'):
            close(gradients[key], parameter.grad)


def test_a_layer_is_pytorchs_with_and_without_padding():
    torch.manual_seed(0)
    ours, stock = PostNormLayer(24, 3, 50, dropout=0.).double(), nn.TransformerEncoderLayer(24, 3, 50, 0., batch_first=True)
    stock = stock.double()
    stock.load_state_dict(ours.state_dict())
    x = torch.randn(2, 6, 24, dtype=torch.float64, requires_grad=True)
    padding = torch.tensor([[False] * 6, [False] * 4 + [True] * 2])
    for mask in (None, padding):
        close(ours(x, mask), stock(x, src_key_padding_mask=mask))
    grads = [torch.autograd.grad(layer(x).square().sum(), [x, *layer.parameters()]) for layer in (ours, stock)]
    for found, expected in zip(*grads):
        close(found, expected, 1e-8)


def test_heads_are_drawn_apart_where_asked():
    torch.manual_seed(0)
    stock = nn.MultiheadAttention(24, 2, batch_first=True).eval()
    fewer = nn.MultiheadAttention(24, 6, batch_first=True).eval()
    fewer.load_state_dict(stock.state_dict())
    query, context = torch.randn(2, 5, 24), torch.randn(2, 7, 24)
    close(attend(stock, query, context), stock(query, context, context)[0], 1e-5)
    close(attend(stock, query, context, num_heads=6), fewer(query, context, context)[0], 1e-5)


def test_dropout_between_the_layers_keeps_the_mean_and_its_gradient_is_that_of_the_kept():
    torch.manual_seed(0)
    first, second = nn.Linear(4, 4000).double(), nn.Linear(4000, 3).double()
    x = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    mean = torch.stack([relu_perceptron(x, first, second, 0.25).detach() for _ in range(200)]).mean(0)
    close(mean, relu_perceptron(x, first, second).detach(), 0.05)
    torch.manual_seed(1)
    found = relu_perceptron(x, first, second, 0.25)
    gradient, = torch.autograd.grad(found[:, 0].sum(), x)
    step = 1e-6
    for place in range(4):  # the same numbers are dropped with the same seed
        moved = x.detach().clone()
        moved[0, place] += step
        torch.manual_seed(1)
        difference = relu_perceptron(moved.requires_grad_(), first, second, 0.25)[0, 0] - found[0, 0]
        assert float(difference.detach()) / step == pytest.approx(float(gradient[0, place]), rel=1e-3, abs=1e-6)


def test_layers_of_a_stack_start_alike():
    stack = PostNormEncoder(16, 2, 3)
    first = stack.layers[0].state_dict()
    for layer in stack.layers[1:]:
        assert all(torch.equal(value, first[key]) for key, value in layer.state_dict().items())
    assert stack.layers[0].linear1.weight is not stack.layers[1].linear1.weight


@pytest.mark.parametrize('embedding', FRAME_EMBEDDINGS)
@pytest.mark.parametrize('layout', ['kinect20', 'hand21', 'ntu25'])
def test_every_embedding_takes_every_skeleton(embedding, layout):
    joints = get_layout(layout).num_joints
    torch.manual_seed(0)
    model = MODELS.build(dict(type='CascadeFormer', layout=layout, channels=joints * 2, num_heads=2, num_layers=1,
                              embedding=embedding))
    out = model(torch.randn(2, 2, 5, joints, 3))
    assert out.shape == (2, 2, joints * 2, 5, 1)
    out.square().mean().backward()
    lonely = [key for key, p in model.t1.embed.named_parameters() if p.grad is None]
    assert not lonely


def test_positions_say_how_long_a_clip_may_be():
    model = build(max_frames=8)
    model(torch.randn(1, 1, 8, 20, 3))
    with pytest.raises(ValueError, match='a clip of 9 frames, but the table of positions ends at 8'):
        model(torch.randn(1, 1, 9, 20, 3))
    assert build(position_std=0.).t1.position.abs().sum() == 0
    assert 0.015 < float(build().t1.position.detach().std()) < 0.025


def test_padding_mask_makes_clips_independent_of_their_batch():
    x = torch.randn(2, 1, 6, 20, 3)
    longer = torch.cat([x, torch.zeros(2, 1, 5, 20, 3)], 2)
    masked, plain = build(padding_mask=True).eval(), build().eval()
    with torch.no_grad():
        close(masked(longer).mean((3, 4)), masked(x).mean((3, 4)), 1e-5)
        assert (plain(longer).mean((3, 4)) - plain(x).mean((3, 4))).abs().max() > 1e-3
    gap = longer.clone()
    gap[0, 0, 2] = 0  # nobody is seen in a frame in the middle: a frame like any other
    assert masked.padding_of(gap[:, 0]).sum(1).tolist() == [5, 5]
    assert masked.padding_of(torch.zeros(1, 4, 20, 3)).sum() == 3, 'an empty clip keeps a token'
    with torch.no_grad():
        assert torch.isfinite(masked(torch.zeros(1, 1, 4, 20, 3))).all()


def test_joint_order():
    x = torch.randn(1, 1, 4, 20, 3)
    parts = [joint for part in skate_parts('kinect20') for joint in part]
    by_name, by_hand = build(joint_order='parts'), build(joint_order=parts)
    assert torch.equal(by_name.eval()(x), by_hand.eval()(x))
    assert torch.equal(by_name.arrange(x)[0, 0, 0, 0], x[0, 0, 0, parts[0]])
    with pytest.raises(ValueError, match="every joint of layout 'ntu25' once"):
        MODELS.build(dict(type='CascadeFormer', layout='ntu25', joint_order='parts'))
    with pytest.raises(ValueError, match='clips of 25 joints with 3 coordinates, but the network takes 20'):
        by_name(torch.randn(1, 1, 4, 25, 3))
    with pytest.raises(ValueError, match="joint_order must be 'layout'"):
        build(joint_order='parts', embedding='graph')


def test_widths_that_joints_cannot_share_name_the_nearest():
    with pytest.raises(ValueError, match=r"40 channels cannot be divided among the 20 joints of layout 'kinect20' with "
                                         '4 heads each; the nearest number that can is 80'):
        MODELS.build(dict(type='CascadeFormer', layout='kinect20', channels=40, num_heads=4, embedding='spatial'))
    with pytest.raises(ValueError, match='embedding must be one of linear'):
        build(embedding='1.1')


def test_frozen_layers_do_not_move():
    model = MODELS.build(dict(type='CascadeFormer', layout='kinect20', channels=16, num_heads=2, num_layers=3,
                              frozen_layers=2)).train()
    trained = {key for key, p in model.named_parameters() if p.requires_grad}
    assert not [key for key in trained if key.startswith(('t1.embed', 't1.position', 't1.encoder.layers.0',
                                                          't1.encoder.layers.1'))]
    assert 't1.encoder.layers.2.linear1.weight' in trained and 't2.layers.0.linear1.weight' in trained
    assert not model.t1.encoder.layers[0].training and model.t1.encoder.layers[2].training
    with pytest.raises(ValueError, match='frozen_layers must be 0 to 1, not 2'):
        build(frozen_layers=2)


def test_bones_are_the_published_list_or_the_tree():
    assert len(PUBLISHED_PAIRS['ntu25']) == 24 and bone_pairs('ntu25')[3] == (2, 20)
    for layout in ('kinect20', 'hand21', 'penn13', 'coco17'):
        pairs, edges = bone_pairs(layout), get_layout(layout).edges
        assert {frozenset(pair) for pair in pairs} == {frozenset(edge) for edge in edges}
        reached = {get_layout(layout).centre}
        for parent, child in pairs:
            assert parent in reached
            reached.add(child)


def test_initial_weights_are_pytorchs():
    layer = PostNormLayer(64, 4)
    bound = float(np.sqrt(6 / (64 + 3 * 64)))
    assert float(layer.self_attn.in_proj_weight.abs().max()) == pytest.approx(bound, rel=0.05)
    assert layer.self_attn.in_proj_bias.abs().sum() == 0 == layer.self_attn.out_proj.bias.abs().sum()
    assert layer.linear1.out_features == 2048
