"""What a conversion reads off the tensors, what it must assume and says so, and what it refuses."""
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from parity import load, relative_error

from mmskel import cli
from mmskel.apis.training import load_weights
from mmskel.interop import SYSTEMS, ConversionError, build_published, convert_checkpoint
from mmskel.skeleton import hierarchy_graph, hierarchy_rings, partition


def tensors(state):
    return {key: torch.from_numpy(np.asarray(value)) for key, value in state.items()}


def built(config, weights):
    from mmaction.registry import MODELS
    init_default_scope('mmaction')
    model = MODELS.build(config.model).eval()
    load_weights(model, weights)
    return model


@pytest.mark.parametrize('name, option, value', [('c3d_light', 'temporal_downsample', True),
                                                 ('slowonly', 'temporal_strides', [1, 1, 1])])
def test_strides_of_time_are_assumed_aloud_or_said(name, option, value, tmp_path, capsys):
    description, arrays, state = load(f'posec3d_{name}')
    torch.save(tensors(state), tmp_path / 'official.pth')
    command = ['convert', 'posec3d', str(tmp_path / 'official.pth'), str(tmp_path / 'ours.pth')]
    assert cli.main(command) == 0
    printed = capsys.readouterr().out
    config = Config.fromfile(tmp_path / 'ours.py')
    usual = config.model.backbone[option]
    assert f'backbone.{option}={usual}: ' in printed and "stream='joint': " in printed and '--arguments' in printed
    assert [line.partition('=')[0] for line in config.assumed] == ['stream', f'backbone.{option}']
    assert torch.load(tmp_path / 'ours.pth', weights_only=True)['meta']['assumed'] == list(config.assumed)

    text = str(value).replace(' ', '')
    assert cli.main([*command, '--arguments', f'backbone.{option}={text}', 'stream=limb']) == 0
    assert 'assumed' not in capsys.readouterr().out
    config = Config.fromfile(tmp_path / 'ours.py')
    assert config.model.backbone[option] == value and config.model.data_preprocessor.stream == 'limb'
    assert 'assumed' not in config
    arguments = dict(description['model_kwargs'])
    arguments['backbone'] = {**arguments['backbone'], option: value}
    x = torch.from_numpy(arrays['in_imgs'])
    with torch.no_grad():
        model = built(config, tmp_path / 'ours.pth')
        found = model.cls_head(model.backbone(x))
        torch.testing.assert_close(found, build_published('posec3d', arguments, state).eval()(x))
        assert relative_error(found, arrays['out_logits']) > 1e-3, 'another network'


def test_arguments_without_a_value_are_refused(tmp_path, capsys):
    assert cli.main(['convert', 'posec3d', 'x.pth', str(tmp_path / 'o.pth'), '--arguments', 'stream']) == 1
    assert "--arguments takes KEY=VALUE pairs; 'stream' has no '='" in capsys.readouterr().err


@pytest.mark.parametrize('strategy, hops', [('distance', dict(max_hop=2)), ('spatial', dict(max_hop=2)), ('uniform', dict(max_hop=3)),
                                            ('distance', dict(max_hop=4, dilation=2)), ('spatial', {})])
def test_the_partition_of_st_gcn_is_the_one_that_equals_the_files(strategy, hops, tmp_path):
    description, _, state = load('st_gcn_ntu_spatial')
    graph = partition('ntu25', strategy, **hops).astype(np.float32)
    arguments = dict(description['model_kwargs'], graph_args=dict(layout='ntu-rgb+d', strategy=strategy, **hops))
    rng = np.random.default_rng(0)
    state = dict(state, A=graph)
    for i in range(10):
        conv = state[f'st_gcn_networks.{i}.gcn.conv.weight']
        out = len(state[f'st_gcn_networks.{i}.tcn.0.weight']) * len(graph)
        state[f'st_gcn_networks.{i}.gcn.conv.weight'] = rng.standard_normal((out, *conv.shape[1:])).astype(np.float32) * .05
        state[f'st_gcn_networks.{i}.gcn.conv.bias'] = np.zeros(out, np.float32)
        state[f'edge_importance.{i}'] = rng.uniform(.5, 1.5, graph.shape).astype(np.float32)
    torch.save(tensors(state), tmp_path / 'official.pt')
    config = Config.fromfile(convert_checkpoint('st_gcn', tmp_path / 'official.pt', tmp_path / 'ours.pth'))
    assert config.model.backbone.partition == strategy
    x = torch.randn(1, 3, 20, 25, 2)
    with torch.no_grad():
        found = SYSTEMS['st_gcn'].logits(built(config, tmp_path / 'ours.pth'), x)
        torch.testing.assert_close(found, build_published('st_gcn', arguments, state).eval()(x))


def test_another_graph_of_st_gcn_is_refused(tmp_path):
    description, arrays, state = load('st_gcn_ntu_spatial')
    graph = arrays['buf_A'].copy()
    build_published('st_gcn', description['model_kwargs'], dict(state, A=graph))
    graph[1, 3, 20] += .1
    with pytest.raises(ConversionError, match='1 fixed tensors of another graph, e.g. A'):
        build_published('st_gcn', description['model_kwargs'], dict(state, A=graph))
    torch.save(tensors(dict(state, A=graph)), tmp_path / 'own.pt')
    with pytest.raises(ConversionError, match="own.pt.*'A' .3, 25, 25. is not a partition of .*'ntu-rgb.d'"):
        convert_checkpoint('st_gcn', tmp_path / 'own.pt', tmp_path / 'o.pth')


@pytest.mark.parametrize('centre', [1, 2, 21])
@pytest.mark.parametrize('shrunk, moved', [(1, .1), (.3, .02), (.6, .1)])
def test_the_centre_of_hd_gcn_is_clear_or_refused(centre, shrunk, moved):
    _, _, state = load('hd_gcn_ntu_com1')
    rng = np.random.default_rng(0)
    start = hierarchy_graph(hierarchy_rings('ntu25', centre - 1)).astype(np.float32)
    trained = {key: shrunk * start + moved * rng.standard_normal(start.shape).astype(np.float32) if key.endswith('.PA') else value
               for key, value in state.items()}
    assert SYSTEMS['hd_gcn'].guess(tensors(trained))['graph_args']['CoM'] == centre


@pytest.mark.parametrize('case', ['noise', 'half-way', 'zeros', 'another'])
def test_a_graph_between_two_centres_is_refused(case, tmp_path):
    _, _, state = load('hd_gcn_ntu_com1')
    one, two, other = (hierarchy_graph(hierarchy_rings('ntu25', joint)).astype(np.float32) for joint in (0, 20, 20))
    graph = {'half-way': (one + two) / 2, 'zeros': 0 * one, 'another': other[:, :, ::-1].copy()}
    if case != 'noise':
        state = {key: graph[case] if key.endswith('.PA') else value for key, value in state.items()}
    torch.save(tensors(state), tmp_path / 'odd.pt')
    with pytest.raises(ConversionError, match='odd.pt.*not clearly that of one centre joint .cosines.*1: .*21: .*CoM'):
        convert_checkpoint('hd_gcn', tmp_path / 'odd.pt', tmp_path / 'o.pth')
    if case == 'noise':  # whoever knows it says it
        arguments = load('hd_gcn_ntu_com1')[0]['model_kwargs']
        config = Config.fromfile(convert_checkpoint('hd_gcn', tmp_path / 'odd.pt', tmp_path / 'o.pth', arguments))
        assert config.model.backbone.centre == 0


def test_rgbpose_by_its_published_arguments(tmp_path):
    from mmaction.registry import MODELS

    from mmskel.interop.rgbpose import pose_pathway, rgb_pathway
    rgb, pose = rgb_pathway(8, (1, 1, 1, 1)), pose_pathway(17, 4, (1, 1, 1))
    backbone = dict(type='RGBPoseConv3D', speed_ratio=4, channel_ratio=4, pretrained=None, rgb_pathway=rgb, pose_pathway=pose)
    head = dict(type='RGBPoseHead', num_classes=5, in_channels=[256, 64], loss_components=['rgb', 'pose'], loss_weights=[1., 1.],
                dropout=0.5, average_clips='prob')
    init_default_scope('mmaction')
    plain = MODELS.build(dict(type='MMRecognizer3D', backbone=backbone, cls_head=head,
                              data_preprocessor=MODELS.build(dict(type='ActionDataPreprocessor')))).eval()
    state = {key: value for key, value in plain.state_dict().items() if not key.startswith('data_preprocessor')}
    frames, heatmaps = torch.randn(2, 3, 2, 64, 64), torch.rand(2, 17, 8, 16, 16)
    with torch.no_grad():
        expected = plain.cls_head(plain.backbone(frames, heatmaps))
        for system in ('posec3d', 'rgbpose'):
            for arguments in (dict(backbone=backbone, cls_head=head), dict(
                    kind='rgbpose', backbone={k: v for k, v in backbone.items() if k != 'type'}, cls_head=dict(num_classes=5))):
                found = build_published(system, arguments, state).eval()(frames, heatmaps)
                torch.testing.assert_close(found, {f'out_logits_{key}': value for key, value in expected.items()})
    torch.save(state, tmp_path / 'official.pth')
    config = Config.fromfile(convert_checkpoint('posec3d', tmp_path / 'official.pth', tmp_path / 'ours.pth'))
    assert config.model.backbone.type == 'RGBPoseConv3D' and config.model.data_preprocessor.layout == 'coco17'
    with pytest.raises(ConversionError, match='unknown arguments of the backbone with_pool'):
        build_published('posec3d', dict(backbone=dict(backbone, with_pool=1), cls_head=head), state)
    with pytest.raises(ConversionError, match='unknown arguments of the head relu'):
        build_published('posec3d', dict(backbone=backbone, cls_head=dict(head, relu=1)), state)
