import numpy as np
import pytest
import torch
from parity import load, relative_error

from mmskel.interop import SYSTEMS, ConversionError, build_published, convert_checkpoint

GOLDEN = ['hd_gcn_ntu_com1', 'hd_gcn_ucla_com2', 'mp_gcn_baseline_persons', 'mp_gcn_noatt', 'mp_gcn_volleyball',
          'posec3d_c3d_light', 'posec3d_slowonly', 'posec3d_x3d_shallow', 'skateformer_ntu60', 'skateformer_nucla',
          'st_gcn_ntu_spatial']
# of the largest entry; MP-GCN's logits saturate the softmax (see the notes of its parity files)
GRADIENTS = dict(mp_gcn=3e-3)


@pytest.fixture(scope='module', params=GOLDEN)
def published(request):
    description, arrays, state = load(request.param)
    return description, arrays, state, build_published(description['system'].lower(), description['model_kwargs'], state).eval()


def test_logits_loss_and_gradients(published):
    description, arrays, _, model = published
    inputs = [torch.from_numpy(arrays[k]) for k in arrays if k.startswith('in_') and k != 'in_label']
    logits = model(*inputs)
    assert relative_error(logits.detach(), arrays['out_logits']) < 1e-4
    with torch.no_grad():  # another way for some
        assert relative_error(model(*inputs), arrays['out_logits']) < 1e-4
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(arrays['in_label']))
    assert relative_error(loss.detach(), arrays['out_loss']) < 1e-4
    loss.backward()
    found = model.published_gradients()
    listed = [k for k in arrays if k.startswith('grad_')]
    assert listed
    for key in listed:
        name, _, part = key.removeprefix('grad_').partition('[')
        gradient = found[name][int(part[:-1])] if part else found[name]
        assert relative_error(gradient, arrays[key]) < GRADIENTS.get(description['system'], 1e-4), key


def test_parameter_count(published):
    description, _, state, model = published
    assert model.published_parameters() == description['n_params']
    links = [key for key in state if key.endswith('.edge')]  # masks of MP-GCN: one number per pair of nodes, or per link
    ours = sum(p.numel() for p in model.parameters())
    if links:
        dropped = sum(state[key].size for key in links) - len(links) * model.model.backbone.pattern.links
        assert ours == description['n_params'] - dropped
    else:
        assert ours == description['n_params']


def test_our_weights_under_the_published_names(published):
    *_, state, model = published
    back = model.published_state()
    for key, value in back.items():
        assert value.shape == state[key].shape, key
        if not key.endswith('.edge'):
            np.testing.assert_array_equal(value.numpy(), state[key], err_msg=key)
    assert {key for key in state if key not in back} <= {key for key in state if '.conv_d.' in key}
    again = build_published(model.system.name, published[0]['model_kwargs'], back)
    for (key, a), b in zip(again.model.state_dict().items(), model.model.state_dict().values()):
        assert torch.equal(a, b), key


def test_inner_features_of_st_gcn():
    description, arrays, state = load('st_gcn_ntu_spatial')
    backbone = build_published('st_gcn', description['model_kwargs'], state).eval().model.backbone
    seen = {}
    for place, block in enumerate(backbone.gcn):
        block.register_forward_hook(lambda m, i, o, place=place: seen.__setitem__(place, o.detach()))
    backbone(torch.from_numpy(arrays['in_x']).permute(0, 4, 2, 3, 1))
    assert relative_error(seen[0].mean(2), arrays['out_block0_tmean']) < 1e-4
    assert relative_error(seen[4].mean((2, 3)), arrays['out_block4_tvmean']) < 1e-4
    assert relative_error(seen[9].mean((2, 3)), arrays['out_feat']) < 1e-4
    np.testing.assert_array_equal(backbone.gcn[3].gcn.A, arrays['buf_A'])


@pytest.mark.parametrize('strategy, layout', [('uniform', 'openpose'), ('distance', 'ntu_edge'), ('spatial', 'ntu_edge')])
def test_official_file_becomes_checkpoint_and_config(tmp_path, strategy, layout):
    from mmaction.registry import MODELS
    from mmengine.config import Config
    from mmengine.registry import init_default_scope

    from mmskel.apis.training import load_weights
    arguments = dict(in_channels=3, num_class=7, graph_args=dict(layout=layout, strategy=strategy))
    twin = official_state(arguments)
    torch.save(twin, tmp_path / 'official.pt')
    config = convert_checkpoint('st_gcn', tmp_path / 'official.pt', tmp_path / 'ours.pth')
    init_default_scope('mmaction')
    assert Config.fromfile(config).model.data_preprocessor.with_score == (layout == 'openpose')
    model = MODELS.build(Config.fromfile(config).model).eval()
    load_weights(model, tmp_path / 'ours.pth')
    x = torch.randn(2, 3, 20, model.backbone.data_bn.num_features // 3, 2)
    expected = build_published('st_gcn', arguments, twin).eval()(x)
    torch.testing.assert_close(SYSTEMS['st_gcn'].logits(model, x), expected)


def official_state(arguments):
    """A state dict as the official code would write it: our model's tensors under the published names."""
    system = SYSTEMS['st_gcn']
    from mmaction.registry import MODELS
    config = system.config(arguments)
    config['data_preprocessor'] = MODELS.build(config['data_preprocessor'])
    ours = MODELS.build(config).state_dict()
    keys = [f'st_gcn_networks.{i}.{part}.{leaf}' for i in range(10)
            for part in ('gcn.conv', 'tcn.0', 'tcn.2', 'tcn.3', 'residual.0', 'residual.1')
            for leaf in ('weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked')]
    keys += [f'data_bn.{leaf}' for leaf in ('weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked')]
    keys += [f'edge_importance.{i}' for i in range(10)] + ['fcn.weight', 'fcn.bias']
    state = {key: ours[system.rename(key, 0)[0].key] for key in keys if system.rename(key, 0)[0].key in ours}
    state['fcn.weight'] = state['fcn.weight'][:, :, None, None]
    return dict(state, A=ours['backbone.gcn.0.gcn.A'])


def test_wrong_checkpoints_are_refused(tmp_path):
    description, _, state = load('st_gcn_ntu_spatial')
    arguments = description['model_kwargs']
    with pytest.raises(ConversionError, match="unknown system 'st_gnc'; known: .*st_gcn"):
        build_published('st_gnc', arguments, state)
    with pytest.raises(ConversionError, match='1 keys it does not know, e.g. head.w'):
        build_published('st_gcn', arguments, {**state, 'head.w': np.zeros(3)})
    with pytest.raises(ConversionError, match='1 tensors that are missing, e.g. cls_head.fc.weight'):
        build_published('st_gcn', arguments, {k: v for k, v in state.items() if k != 'fcn.weight'})
    with pytest.raises(ConversionError, match='do not fit'):
        build_published('st_gcn', dict(arguments, num_class=61), state)
    with pytest.raises(ConversionError, match='unknown constructor arguments num_classes'):
        build_published('st_gcn', dict(num_classes=60), state)
    torch.save({'l1.gcn1.PA': torch.zeros(2)}, tmp_path / 'hd_gcn.pt')
    with pytest.raises(ConversionError, match="hd_gcn.pt.*not an ST-GCN"):
        convert_checkpoint('st_gcn', tmp_path / 'hd_gcn.pt', tmp_path / 'o.pth')
    (tmp_path / 'text.pt').write_text('hello')
    with pytest.raises(ConversionError, match="text.pt' .5 bytes. is not a checkpoint"):
        convert_checkpoint('st_gcn', tmp_path / 'text.pt', tmp_path / 'o.pth')
    assert not (tmp_path / 'o.pth').exists()


@pytest.mark.parametrize('layout, centre, persons', [('ntu25', 21, 2), ('ntu25', 2, 1), ('kinect20', 3, 1)])
def test_hd_gcn_file_with_second_names_becomes_checkpoint_and_config(tmp_path, layout, centre, persons):
    from mmaction.registry import MODELS
    from mmengine.config import Config
    from mmengine.registry import init_default_scope
    from reference.hd_gcn import HDGCNReference

    from mmskel.apis.training import load_weights
    torch.manual_seed(0)
    plain = HDGCNReference(layout, centre - 1, 7, persons).eval()
    with torch.no_grad():  # as if trained: the graph has moved
        plain.l2.gcn1.PA += 0.1 * torch.randn_like(plain.l2.gcn1.PA)
    official = {f'module.{key}': value for key, value in plain.state_dict().items()}
    last = len(plain.l1.gcn1.conv) - 1
    official |= {key.replace(f'.conv.{last}.', '.conv_d.'): value for key, value in official.items()
                 if f'gcn1.conv.{last}.' in key}
    torch.save(official, tmp_path / 'official.pt')
    config = Config.fromfile(convert_checkpoint('hd_gcn', tmp_path / 'official.pt', tmp_path / 'ours.pth'))
    assert config.model.backbone.centre == centre - 1 and config.model.backbone.num_person == persons
    init_default_scope('mmaction')
    model = MODELS.build(config.model).eval()
    load_weights(model, tmp_path / 'ours.pth')
    x = torch.randn(2, 3, 20, {'ntu25': 25, 'kinect20': 20}[layout], persons)
    assert relative_error(SYSTEMS['hd_gcn'].logits(model, x).detach(), plain(x).detach().numpy()) < 1e-4


def test_wrong_hd_gcn_checkpoints_are_refused(tmp_path):
    description, _, state = load('hd_gcn_ucla_com2')
    arguments = description['model_kwargs']
    for unknown in ('l11.gcn1.PA', 'l2.gcn1.conv.0.4.0.weight', 'l2.tcn1.branches.2.5.bias', 'l3.gcn1.PB'):
        with pytest.raises(ConversionError, match=f'1 keys it does not know, e.g. {unknown}'):
            build_published('hd_gcn', arguments, {**state, unknown: np.zeros(3)})
    missing = 'l4.gcn1.conv.3.1.0.weight'
    with pytest.raises(ConversionError, match='1 tensors that are missing, e.g. backbone.blocks.3.gcn.weight'):
        build_published('hd_gcn', arguments, {k: v for k, v in state.items() if k != missing})
    with pytest.raises(ConversionError, match='do not fit'):
        build_published('hd_gcn', dict(arguments, graph_args=dict(CoM=1)), state)
    with pytest.raises(ConversionError, match="unknown graph 'coco'; known: ntu_hierarchy, ucla_hierarchy"):
        build_published('hd_gcn', dict(arguments, graph='coco'), state)
    with pytest.raises(ConversionError, match='unknown constructor arguments dropout'):
        build_published('hd_gcn', dict(arguments, dropout=0.5), state)
    torch.save({'A': torch.zeros(3, 25, 25), 'fcn.weight': torch.zeros(1)}, tmp_path / 'st_gcn.pt')
    with pytest.raises(ConversionError, match="st_gcn.pt.*not an HD-GCN"):
        convert_checkpoint('hd_gcn', tmp_path / 'st_gcn.pt', tmp_path / 'o.pth')


@pytest.mark.parametrize('points, persons, ratio', [(24, 2, 4.), (24, 1, 1.), (20, 1, 1.)])
def test_skateformer_file_becomes_checkpoint_and_config(tmp_path, points, persons, ratio):
    from mmaction.registry import MODELS
    from mmengine.config import Config
    from mmengine.registry import init_default_scope
    from reference.skateformer import SkateFormerReference

    from mmskel.apis.training import load_weights
    torch.manual_seed(0)
    near = 8 if points == 24 else 4
    sizes = [(8, near), (8, points // 4 * persons)] * 2
    plain = SkateFormerReference(7, persons, points, *sizes, mlp_ratio=ratio).eval()
    torch.save({f'module.{key}': value for key, value in plain.state_dict().items()}, tmp_path / 'official.pt')
    config = Config.fromfile(convert_checkpoint('skateformer', tmp_path / 'official.pt', tmp_path / 'ours.pth'))
    assert config.model.backbone.mlp_ratio == ratio and config.model.backbone.num_person == persons
    assert config.model.cls_head.num_classes == 7 and config.model.data_preprocessor.type == 'SkateEncoder'
    init_default_scope('mmaction')
    model = MODELS.build(config.model).eval()
    load_weights(model, tmp_path / 'ours.pth')
    x, time = torch.randn(1, 3, 64, points, persons), torch.rand(1, 64)
    with torch.no_grad():
        found, expected = SYSTEMS['skateformer'].logits(model, x, time), plain(x, time)
        assert relative_error(found, expected.numpy()) < 1e-4
        # the same through our own door: joints in the layout's order, the time as a channel
        order = model.backbone.joints
        clip = torch.zeros(1, persons, 64, model.backbone.num_joints, 3)
        clip[:, :, :, order] = x.permute(0, 4, 2, 3, 1)
        ours = model.cls_head(model.backbone(model.data_preprocessor.append_time(clip, time)))
    assert relative_error(ours, expected.numpy()) < 1e-4


def test_wrong_skateformer_checkpoints_are_refused(tmp_path):
    description, _, state = load('skateformer_nucla')
    arguments = description['model_kwargs']
    for unknown in ('stages.0.blocks.0.downsample.bn.weight', 'stages.1.blocks.0.transformer.attention.4.table', 'stem.6'):
        with pytest.raises(ConversionError, match=f'e.g. {unknown}'):
            build_published('skateformer', arguments, {**state, unknown: np.zeros(3)})
    missing = 'stages.3.blocks.1.transformer.gconv'
    with pytest.raises(ConversionError, match='1 tensors that are missing, e.g. backbone.stages.3.2.gconv'):
        build_published('skateformer', arguments, {k: v for k, v in state.items() if k != missing})
    with pytest.raises(ConversionError, match='do not fit'):
        build_published('skateformer', dict(arguments, mlp_ratio=4.0), state)
    with pytest.raises(ConversionError, match="index_t=False; every published model has True"):
        build_published('skateformer', dict(arguments, index_t=False), state)
    with pytest.raises(ConversionError, match=r'type_1_size=\(8, 5\); every published model .* \(8, 4\)'):
        build_published('skateformer', dict(arguments, type_1_size=[8, 5]), state)
    with pytest.raises(ConversionError, match='unknown constructor arguments dropout'):
        build_published('skateformer', dict(arguments, dropout=0.5), state)
    torch.save({'A': torch.zeros(3, 25, 25), 'fcn.weight': torch.zeros(1)}, tmp_path / 'st_gcn.pt')
    with pytest.raises(ConversionError, match="st_gcn.pt.*not a SkateFormer"):
        convert_checkpoint('skateformer', tmp_path / 'st_gcn.pt', tmp_path / 'o.pth')
