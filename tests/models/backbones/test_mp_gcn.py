"""MP-GCN: the goldens that make the graph audible, and the fast form against the plain one, any graph, in both modes."""
import pytest
import torch
from mmaction.registry import MODELS
from parity import draw, load, relative_error
from reference.mp_gcn import MPGCNReference
from torch.nn import functional

from mmskel.interop import SYSTEMS, ConversionError, build_published, convert_checkpoint
from mmskel.interop.mp_gcn import persons_first
from mmskel.models import MPGCN
from mmskel.skeleton import panoramic_graph

GOLDEN = ['mp_gcn_baseline_persons', 'mp_gcn_noatt', 'mp_gcn_volleyball']
# name -> published graph, streams, channels of one, partitions - 1, attention, graphs of a clip
CASES = {
    'kinetics': (dict(graph='coco-4', labeling='distance', part='person'), 4, 6, 2, dict(reduct_ratio=1), 1),
    'one stream': (dict(graph='coco-2', labeling='distance', inter_link='full'), 1, 3, 2, dict(reduct_ratio=2), 1),
    'nba': (dict(graph='coco_ball_net-4', labeling='intra-inter', inter_link='pairwise', hop=1, dilation=2, part='person'),
            4, 6, 2, dict(reduct_ratio=1), 1),
    'two groups': (dict(graph='coco-3', labeling='intra-inter', inter_link='linear'), 2, 4, 2, dict(reduct_ratio=2), 2),
    'spatial': (dict(graph='coco_ball-3', labeling='spatial', inter_link='full', base=[5, 6]), 2, 4, 2, dict(reduct_ratio=2), 1),
    'no links': (dict(graph='coco-2', labeling='intra-inter'), 1, 4, 2, dict(use_att=False), 1),
    'openpose': (dict(graph='openpose', labeling='spatial'), 1, 4, 4, dict(reduct_ratio=2), 2),
    'adaptive': (dict(graph='coco-2', labeling='intra-inter', inter_link='full'), 1, 4, 2, dict(adaptive=True), 1),
}
LAYOUTS = dict(coco=('coco17', ()), coco_ball=('coco17', ('ball', )), coco_ball_net=('coco17', ('ball', 'net')),
               openpose=('openpose25', ()))


def arguments_of(graph, streams, channels, distance, attention, graphs):
    return dict(data_shape=[streams, channels, 9, 0, graphs], num_class=5, graph=graph,
                model_args=dict(kernel_size=[3, distance], **attention))


def twins(graph, streams, channels, distance, attention, graphs):
    """The plain model under drawn weights with audible masks, ours from its state dict, and an input."""
    name, _, persons = graph['graph'].partition('-')
    options = {key: value for key, value in graph.items() if key not in ('graph', 'labeling', 'part')}
    made = panoramic_graph(LAYOUTS[name][0], int(persons or 1), LAYOUTS[name][1], parts=graph.get('part', 'body'), **options)
    ratio = attention.get('reduct_ratio', 2) if attention.get('use_att', True) else 0
    plain = MPGCNReference(streams, channels, 5, made.partitions(graph['labeling'], keep=distance + 1), made.part_of_node, 3, ratio)
    state = {key: torch.from_numpy(draw(key, tuple(value.shape))) for key, value in plain.state_dict().items()}
    for key, value in plain.state_dict().items():
        if key.endswith(('scn.A', 'att.joints', 'att.mat')):
            state[key] = value
        elif key.endswith('scn.edge'):
            state[key] = state[key] * value.shape[-1] + 1
    if attention.get('adaptive'):
        state = {key: value + 0.01 if key.endswith('scn.A') else value for key, value in state.items()}
    plain.load_state_dict(state)
    torch.manual_seed(channels)
    x = torch.randn(2, streams, channels, 9, made.num_nodes, graphs)
    return plain, build_published('mp_gcn', arguments_of(graph, streams, channels, distance, attention, graphs), state), x


@pytest.mark.parametrize('training', [False, True], ids=['eval', 'train'])
@pytest.mark.parametrize('case', CASES)
def test_equals_the_plain_form(case, training):
    plain, ours, x = (part.double() for part in twins(*CASES[case]))
    plain.train(training), ours.train(training)
    found = []
    for model in (plain, ours):
        logits = model(x)
        functional.cross_entropy(logits, torch.tensor([1, 4])).backward()
        found.append(logits.detach())
    assert relative_error(found[1], found[0].numpy()) < 1e-9
    gradients, checked = ours.published_gradients(), set()
    largest = max(p.grad.abs().max() for p in plain.parameters() if p.grad is not None)
    for key, parameter in plain.named_parameters():
        if parameter.grad is None or (training and key.endswith('bias')):  # before a norm: rounding errors
            continue
        torch.testing.assert_close(gradients[key], parameter.grad, rtol=1e-7, atol=float(largest) * 1e-10, msg=key)
        checked.add(key.rpartition('.')[2])
    assert {'weight', 'edge'} <= checked
    if training:
        for ours_value, key in ((ours.model.backbone.main[3].gcn.norm.running_mean, 'main_stream.3.scn.bn.running_mean'),
                                (ours.model.backbone.main[3].tcn.norm.running_var[-64:], 'main_stream.3.tcn.branches.3.1.running_var')):
            torch.testing.assert_close(ours_value, plain.state_dict()[key])


@pytest.mark.parametrize('name', GOLDEN)
def test_the_graph_is_audible(name):
    """The ``edge_*`` arrays: masks of size 1, so that a wrong graph would be heard; and the features inside.

    In float64: in float32, a ReLU's input near 0 decides on a gradient by the processor's rounding.
    """
    description, arrays, state = load(name)
    state = {key: value * value.shape[-1] + 1 if key.endswith('.edge') else value for key, value in state.items()}
    state |= {key[4:]: arrays[key] for key in arrays if key.startswith('buf_')}  # the graph is compared with ours
    model = build_published('mp_gcn', description['model_kwargs'], state).eval().double()
    backbone, x = model.model.backbone, torch.from_numpy(arrays['in_x']).double()
    seen = {}
    for place, block in (('branch0', backbone.branches[0][-1]), ('main0', backbone.main[0])):
        block.register_forward_hook(lambda m, i, o, place=place: seen.__setitem__(place, o.detach()))
    backbone.input_norms[0].register_forward_hook(lambda m, i, o: seen.__setitem__('norm', o.detach()))
    logits = model(x)
    functional.cross_entropy(logits, torch.from_numpy(arrays['in_label'])).backward()
    assert relative_error(logits.detach(), arrays['edge_out_logits']) < 1e-5
    first = backbone.branches[0][0].gcn
    rows = persons_first(x, backbone.num_person)
    nodes, batch = backbone.graph.num_nodes, seen['branch0'].shape[1]
    seen['graph_conv0'] = backbone.pattern.convolve(seen['norm'].view(nodes, batch, x.shape[3], -1), first.adjacency * first.edge,
                                                    first.weight, first.bias).detach()
    for place in ('graph_conv0', 'branch0', 'main0'):
        found = seen[place].permute(1, 3, 2, 0)[:, :6, :, :20]  # (B, C, T, V)
        assert relative_error(found, arrays[f'edge_out_{place}']) < 1e-5, place
    graphs = x.shape[-1]
    features = backbone(rows).detach()  # (N, M P, C, T, v)
    features = features.view(len(x), graphs, backbone.num_person, *features.shape[2:]).permute(0, 3, 4, 2, 5, 1).flatten(3, 4)
    assert relative_error(features[:, :6, :, :20], arrays['edge_out_feature']) < 1e-5
    gradients = model.published_gradients()
    listed = [key for key in arrays if key.startswith('edge_grad_')]
    assert any(key.endswith('scn.edge') for key in listed)
    for key in listed:
        assert relative_error(gradients[key.removeprefix('edge_grad_')], arrays[key]) < 1e-4, key


def test_another_graph_is_refused():
    description, arrays, state = load('mp_gcn_baseline_persons')
    key = 'input_branches.0.layers.0.scn.A'
    wrong = arrays[f'buf_{key}'].copy()
    wrong[1, 3, 1] = 0
    with pytest.raises(ConversionError, match=f'1 fixed tensors of another graph, e.g. {key}'):
        build_published('mp_gcn', description['model_kwargs'], {**state, key: wrong})
    arguments = description['model_kwargs']
    with pytest.raises(ConversionError, match='do not fit.*a graph of shape'):
        build_published('mp_gcn', dict(arguments, graph=dict(arguments['graph'], graph='coco')), state)
    with pytest.raises(ConversionError, match="unknown graph 'coco_rim-12'; expected one of coco, coco_ball"):
        build_published('mp_gcn', dict(arguments, graph=dict(graph='coco_rim-12')), state)
    with pytest.raises(ConversionError, match='unknown model_args arguments dropout'):
        build_published('mp_gcn', dict(arguments, model_args=dict(dropout=1)), state)
    with pytest.raises(ConversionError, match='1 keys it does not know, e.g. main_stream.6.scn.edge'):
        build_published('mp_gcn', arguments, {**state, 'main_stream.6.scn.edge': wrong})


@pytest.mark.parametrize('case', ['kinetics', 'nba', 'two groups', 'no links', 'openpose', 'spatial'])
def test_official_file_becomes_checkpoint_and_config(case, tmp_path):
    """Without arguments: the graph, and all else, is read off the tensors."""
    from mmengine.config import Config
    from mmengine.registry import init_default_scope

    from mmskel.apis.training import load_weights
    plain, ours, x = twins(*CASES[case])
    torch.save(dict(model=plain.state_dict(), epoch=65), tmp_path / 'official.pth.tar')
    config = Config.fromfile(convert_checkpoint('mp_gcn', tmp_path / 'official.pth.tar', tmp_path / 'ours.pth'))
    init_default_scope('mmaction')
    model = MODELS.build(config.model).eval()
    load_weights(model, tmp_path / 'ours.pth')
    assert relative_error(SYSTEMS['mp_gcn'].logits(model, x).detach(), plain.eval()(x).detach().numpy()) < 1e-4


def test_file_without_a_known_graph_is_refused(tmp_path):
    torch.save({'A': torch.zeros(3, 25, 25), 'fcn.weight': torch.zeros(1)}, tmp_path / 'st_gcn.pt')
    with pytest.raises(ConversionError, match='st_gcn.pt.*not an MP-GCN'):
        convert_checkpoint('mp_gcn', tmp_path / 'st_gcn.pt', tmp_path / 'o.pth')
    plain, *_ = twins(*CASES['spatial'])
    own = {key: value.roll(1, -1) if key.endswith('scn.A') else value for key, value in plain.state_dict().items()}
    torch.save(own, tmp_path / 'own.pt')
    with pytest.raises(ConversionError, match='graph of 54 nodes that is not one of the published ones.*model_kwargs'):
        convert_checkpoint('mp_gcn', tmp_path / 'own.pt', tmp_path / 'o.pth')


def test_masks_are_links():
    model = MPGCN('coco17', objects=['ball'], streams=4, extended=True)
    masks = [p for key, p in model.named_parameters() if key.endswith('.edge')]
    assert len(masks) == 18 and sum(p.numel() for p in masks) == 11_880
    assert not [key for key in model.state_dict() if 'pattern' in key or 'adjacency' in key or 'pooling' in key]
    frozen = MPGCN('coco17', num_person=2, edge_importance=False)
    assert not any(p.requires_grad for key, p in frozen.named_parameters() if key.endswith('.edge'))


def test_published_initialisation():
    torch.manual_seed(0)
    model = MPGCN('coco17', objects=['ball'])
    model.init_weights()
    block = model.main[4]
    assert float(block.gcn.weight.std()) == pytest.approx((2 / 768)**.5, rel=.02)
    assert float(block.tcn.convs[0].std()) == pytest.approx((2 / 192)**.5, rel=.02)
    assert all((m.weight == 1).all() for m in model.modules() if isinstance(m, torch.nn.BatchNorm1d))
    assert all(not p.any() for key, p in model.named_parameters() if key.endswith('bias'))


@pytest.mark.parametrize('training', [False, True], ids=['eval', 'train'])
def test_bfloat16(training):
    torch.manual_seed(0)
    model = MPGCN('coco17', num_person=2, objects=['ball'], inter_link='full', base_channels=16)
    x = torch.randn(4, 2, 8, 18, 2)
    for norm in [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm1d)]:
        norm.momentum = None  # the mean of all: statistics as after a training, else numbers grow from block to block
    model(x)
    model.train(training)
    exact = model(x).detach()
    with torch.autocast('cpu', torch.bfloat16):
        rounded = model(x)
    rounded.float().square().mean().backward()
    assert relative_error(rounded.detach().float(), exact.numpy()) < 0.1


def test_errors():
    model = MPGCN('coco17', num_person=2, objects=['ball'], base_channels=8)
    assert model(torch.randn(1, 6, 4, 18, 2)).shape == (1, 6, 32, 1, 18)
    with pytest.raises(ValueError, match='multiple of 2 persons of 18 nodes with 2 channels, but the clips have 3 persons of 18'):
        model(torch.randn(1, 3, 4, 18, 2))
    with pytest.raises(ValueError, match='2 persons of 17 nodes with 2. Its num_person must be that of SetPersons'):
        model(torch.randn(1, 2, 4, 17, 2))
    with pytest.raises(ValueError, match='multiple of 8'):
        MPGCN('coco17', base_channels=12)
