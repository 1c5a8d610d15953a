"""SkateFormer: the fast form against the plain one, in both modes; inner features; what is ours alone; errors."""
import numpy as np
import pytest
import torch
from parity import draw, load, relative_error
from reference.skateformer import SkateFormerReference
from torch.nn import functional

from mmskel.interop import build_published
from mmskel.models import SkateFormer
from mmskel.models.backbones.skateformer import PositionBias, time_embedding
from mmskel.models.kernels import GELUPerceptron
from mmskel.models.layers import DropPath
from mmskel.skeleton import skate_parts


def twins(points, persons, ratio):
    """The plain model under drawn weights, and ours from its state dict; no randomness in either."""
    sizes = [[8, 8 if points == 24 else 4], [8, points // 4 * persons]] * 2
    plain = SkateFormerReference(7, persons, points, *sizes, mlp_ratio=ratio, attn_drop=0., drop_path=0.)
    state = {key: value if 'index' in key else torch.from_numpy(draw(key, tuple(value.shape)))
             for key, value in plain.state_dict().items()}
    plain.load_state_dict(state)
    arguments = dict(num_classes=7, num_people=persons, num_points=points, mlp_ratio=ratio, attn_drop=0., drop_path=0.)
    torch.manual_seed(points)
    x, time = torch.randn(2, 3, 64, points, persons), torch.rand(2, 64).sort(1)[0] * 2 - 1
    return plain.double(), build_published('skateformer', arguments, state).double(), x.double(), time.double()


@pytest.mark.parametrize('training', [False, True], ids=['eval', 'train'])
@pytest.mark.parametrize('case', [(24, 1, 1.), (20, 1, 4.)], ids=['ntu', 'nucla'])
def test_equals_the_plain_form(case, training):
    plain, ours, x, time = twins(*case)
    plain.train(training), ours.train(training)
    found = []
    for model in (plain, ours):
        logits = model(x, time)
        functional.cross_entropy(logits, torch.tensor([0, 6])).backward()
        found.append(logits.detach())
    assert relative_error(found[1], found[0].numpy()) < 1e-12
    gradients = ours.published_gradients()
    wanted = {k: p.grad for k, p in plain.named_parameters()}
    assert set(gradients) == set(wanted)
    for key, gradient in wanted.items():
        assert (gradients[key] - gradient).abs().max() < 1e-10 * max(1, gradient.abs().max()), key


@pytest.mark.parametrize('case', [(24, 1, 1.), (20, 2, 4.)], ids=['ntu', 'nucla'])
def test_the_same_where_no_gradient_is_wanted(case):
    ours, x, time = twins(*case)[1:]
    ours.eval()
    for _ in range(2):
        expected = ours(x, time).detach()
        with torch.no_grad():
            for _ in range(2):  # the second time with the position biases of the first
                assert relative_error(ours(x, time), expected.numpy()) < 1e-12
        for name, table in ours.named_parameters():
            if name.endswith('table'):
                table.data += torch.randn_like(table)  # as a moving average's hook does, unseen by PyTorch's counters
    with torch.no_grad():
        assert relative_error(ours(x, time), expected.numpy()) > 1e-3


@pytest.mark.parametrize('name', ['skateformer_ntu60', 'skateformer_nucla'])
def test_inner_features(name):
    description, arrays, state = load(name)
    backbone = build_published('skateformer', description['model_kwargs'], state).eval().model.backbone
    seen = {}
    for i, stage in enumerate(backbone.stages):
        stage.register_forward_hook(lambda m, x, out, i=i: seen.__setitem__(i, out))
    backbone.stages[0][0].register_forward_hook(lambda m, x, out: seen.update(embedded=x[0], block0=out))
    x = torch.from_numpy(arrays['in_x'])
    with torch.no_grad():
        backbone.encode_tokens(x.permute(0, 2, 4, 3, 1).flatten(2, 3), torch.from_numpy(arrays['in_index_t']))
    for key in ('embedded', 'block0'):
        assert relative_error(seen[key].permute(0, 3, 1, 2)[:, ::12, ::8, ::6], arrays[f'out_{key}_slice']) < 1e-5
    for i in range(4):
        assert relative_error(seen[i].mean((1, 2)), arrays[f'out_stage{i}_mean']) < 1e-5


def test_published_bias_and_embedding_exactly():
    arrays = load('skateformer_partition')[1]
    for kind in (1, 2, 3, 4):
        bias = PositionBias(2, (4, 3), kind in (2, 4))
        bias.table.data = torch.from_numpy(arrays[f'in_bias_table_type{kind}'])
        np.testing.assert_array_equal(bias().detach()[None], arrays[f'out_bias_type{kind}'])
    frames = PositionBias(1, (8, 1), False, corrected=True)  # keys before queries
    np.testing.assert_array_equal(frames.place.t(), arrays['out_relative_index_8'])
    found = time_embedding(torch.from_numpy(arrays['in_index_t']), 96)
    assert relative_error(found, arrays['out_time_embedding']) < 1e-6


def test_corrected_bias_knows_frames_and_not_joints():
    bias = PositionBias(1, (4, 3), False, corrected=True)
    full = bias().view(4, 3, 4, 3)
    assert torch.equal(full, full[:, :1, :, :1].expand_as(full))
    assert full[2, 0, 0, 0] == bias.table[2 + 3, 0] and full[0, 1, 3, 2] == bias.table[0, 0]
    description, arrays, state = load('skateformer_ntu60')
    model = build_published('skateformer', description['model_kwargs'], state).eval()
    for module in model.modules():
        if isinstance(module, PositionBias) and module.table.ndim == 2:  # types 1 and 3
            module.place = PositionBias(1, (8, 8), False, corrected=True).place
    with torch.no_grad():
        moved = model(*(torch.from_numpy(arrays[key]) for key in ('in_x', 'in_index_t'))) - torch.from_numpy(arrays['out_logits'])
    assert moved.abs().max().item() == pytest.approx(0.17, abs=0.01)  # as measured with the official code


SMALL = dict(channels=(32, 32), depths=(1, 1), attn_drop=0., drop_path=0.)


def test_joints_in_the_layouts_order_and_slots_without_a_joint():
    torch.manual_seed(0)
    model = SkateFormer('coco17', num_person=2, **SMALL).eval()
    x, slots = torch.randn(2, 2, 16, 17, 4), torch.tensor(skate_parts('coco17')).flatten()
    tokens = torch.zeros(2, 16, 2, len(slots), 3)
    tokens[..., slots >= 0, :] = x[..., slots[slots >= 0], :3].transpose(1, 2)
    expected = model.encode_tokens(tokens.flatten(2, 3), x[:, 0, :, 0, 3] * 1)
    x[..., 3] = x[:, :1, :, :1, 3]  # the encoder writes one time for all joints
    found = model(x)
    assert found.shape == (2, 2, 32, 8, 18)
    torch.testing.assert_close(found.mean((1, 3, 4)), expected.mean((1, 2)))


def test_frames_are_spread_evenly_where_no_time_is_given_and_stretched_where_they_do_not_divide():
    torch.manual_seed(0)
    model = SkateFormer('hand21', num_person=1, **SMALL).eval()
    x = torch.randn(2, 1, 16, 21, 3)
    time = torch.linspace(-1, 1, 16).view(1, 1, 16, 1, 1).expand(2, 1, 16, 21, 1)
    torch.testing.assert_close(model(x), model(torch.cat([x, time], -1)))
    assert not torch.allclose(model(x), model(torch.cat([x, time * 0], -1)))
    flat = x[:, 0, :13].flatten(2).transpose(1, 2)
    stretched = functional.interpolate(flat, 16, mode='linear').transpose(1, 2).view(2, 1, 16, 21, 3)
    times = functional.interpolate(torch.linspace(-1, 1, 13)[None, None], 16, mode='linear').view(1, 1, 16, 1, 1)
    torch.testing.assert_close(model(x[:, :, :13]), model(torch.cat([stretched, times.expand(2, 1, 16, 21, 1)], -1)))


def test_published_initialisation():
    torch.manual_seed(0)
    model = SkateFormer('ntu25')
    model.init_weights()
    blocks = [layer for stage in model.stages for layer in stage if hasattr(layer, 'gconv')]
    assert len(blocks) == 8
    for table in (model.embedding, blocks[3].gconv, blocks[5].biases[1].table, blocks[5].biases[3].table):
        assert table.std().item() == pytest.approx(0.02, rel=0.05)
    # PyTorch's own: uniform in +-1 / sqrt(fan in)
    assert blocks[4].mapping.weight.abs().max().item() == pytest.approx(192**-0.5, rel=0.01)
    assert blocks[4].tconv.weight.abs().max().item() == pytest.approx((6 * 7)**-0.5, rel=0.02)
    rates = [block.drop_path.rate for block in blocks]
    assert rates == pytest.approx([0, .0286, .0571, .0857, .1143, .1429, .1714, .2], abs=1e-4)
    assert {block.heads**-0.5 for block in blocks} == {0.5}


def test_dropout_and_stochastic_depth_act_in_training_only():
    torch.manual_seed(0)
    model = SkateFormer('kinect20', num_person=1, channels=(32, 32), depths=(1, 1), attn_drop=0.5, drop_path=0.5)
    x = torch.randn(4, 1, 16, 20, 3)
    assert not torch.equal(model(x), model(x))
    with torch.no_grad():
        assert not torch.equal(model(x), model(x))
    assert torch.equal(model.eval()(x), model(x))
    path = DropPath(0.25).train()
    kept = torch.stack([path(torch.zeros(1000, 2), torch.ones(1000, 2)) for _ in range(20)])
    assert kept.unique().tolist() == pytest.approx([0, 4 / 3]) and kept.mean().item() == pytest.approx(1, abs=0.03)
    assert torch.equal(kept[..., 0], kept[..., 1])  # per clip


def test_perceptron_in_pieces_and_with_its_own_backward_pass():
    torch.manual_seed(0)
    mlp = GELUPerceptron(3, 5).double()
    x = torch.randn(2100, 3, dtype=torch.float64)
    plain = mlp.fc2(functional.gelu(mlp.fc1(x)))
    torch.testing.assert_close(mlp(x), plain)
    with torch.no_grad():
        residual = torch.randn_like(x)
        torch.testing.assert_close(mlp.add_to_(residual.clone(), x), residual + plain)
    assert torch.autograd.gradcheck(mlp, (x[:4].requires_grad_(), ))
    wanted = torch.autograd.grad(mlp.fc2(functional.gelu(mlp.fc1(x))).square().sum(), list(mlp.parameters()))
    for found, expected in zip(torch.autograd.grad(mlp(x).square().sum(), list(mlp.parameters())), wanted):
        torch.testing.assert_close(found, expected)


def test_bfloat16_is_close():
    torch.manual_seed(0)
    model = SkateFormer('kinect20', num_person=1, **SMALL)
    x = torch.randn(4, 1, 16, 20, 3)
    for mode in (model.train(), model.eval()):
        exact = mode(x).detach()
        with torch.autocast('cpu', torch.bfloat16):
            rounded = mode(x)
            with torch.no_grad():
                assert relative_error(mode(x).float(), rounded.detach().float().numpy()) < 0.01
        rounded.float().square().mean().backward()
        assert relative_error(rounded.detach().float(), exact.numpy()) < 0.1
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


def test_it_can_be_exported():
    torch.manual_seed(0)
    model = SkateFormer('coco17', num_person=1, channels=(32, ), depths=(1, )).eval()
    x = torch.randn(2, 1, 16, 17, 4)
    with torch.no_grad():
        torch.testing.assert_close(torch.export.export(model, (x, )).module()(x), model(x))


def test_errors():
    model = SkateFormer('kinect20', num_person=2, **SMALL)
    with pytest.raises(ValueError, match='num_person=2, but the clips have 1 persons.*SetPersons'):
        model(torch.randn(2, 1, 16, 20, 3))
    with pytest.raises(ValueError, match=r"20 joints \('kinect20'\) and in_channels=3.*the clips have 25 joints and 3"):
        model(torch.randn(2, 2, 16, 25, 3))
    with pytest.raises(ValueError, match='multiple of 8 and channels of num_heads; found num_heads=32.*48'):
        SkateFormer('kinect20', channels=(48, 96), depths=(1, 1))
    with pytest.raises(ValueError, match='a width and a depth per stage'):
        SkateFormer('kinect20', channels=(32, 32))
