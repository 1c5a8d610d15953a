"""PYSKL's checkpoints: its graph networks as MMAction2's and ours, its configs read without running them."""
import mmaction.models  # noqa: F401  (registers)
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from parity import draw, load, relative_error

from mmskel.apis.training import load_weights
from mmskel.cli import main
from mmskel.interop import SYSTEMS, ConversionError, build_published, convert_checkpoint
from mmskel.interop.pyskl_configs import model_in_config

SMALL = dict(base_channels=8, num_stages=3, inflate_stages=[3], down_stages=[3])
NETWORKS = {
    'ST-GCN': dict(type='STGCN', graph_cfg=dict(layout='coco', mode='stgcn_spatial'), **SMALL),
    'ST-GCN++': dict(type='STGCN', graph_cfg=dict(layout='nturgb+d', mode='spatial'), gcn_adaptive='init',
                     gcn_with_res=True, tcn_type='mstcn', **SMALL),
    'ST-GCN of two persons': dict(type='STGCN', graph_cfg=dict(layout='openpose', mode='spatial'), data_bn_type='MVC',
                                  num_person=2, gcn_adaptive='offset', gcn_conv_pos='post', **SMALL),
    'hands': dict(type='STGCN', in_channels=2, graph_cfg=dict(layout='handmp', mode='spatial'), gcn_adaptive='init',
                  gcn_with_res=True, tcn_type='mstcn', **SMALL),
    'AAGCN': dict(type='AAGCN', graph_cfg=dict(layout='nturgb+d', mode='spatial'), **SMALL),
    '2s-AGCN': dict(type='AAGCN', graph_cfg=dict(layout='coco', mode='spatial'), gcn_attention=False, num_person=1,
                    **SMALL),
    'CTR-GCN': dict(type='CTRGCN', graph_cfg=dict(layout='coco', mode='spatial'), num_person=1, **SMALL)}
JOINTS = dict(coco=17, openpose=18, handmp=21)


def arguments_of(name):
    return dict(type='RecognizerGCN', backbone=NETWORKS[name], cls_head=dict(type='GCNHead', num_classes=5, in_channels=16))


def published(name):
    """(arguments, state under PYSKL's names, the network as MMAction2 or ours builds it with the same numbers, input)."""
    init_default_scope('mmaction')
    backbone = dict(NETWORKS[name])
    layout = backbone['graph_cfg']['layout']
    if backbone['type'] == 'CTRGCN':
        backbone.update(layout='coco17')
        del backbone['graph_cfg']
    elif layout == 'handmp':
        inward = [(i, 0 if i % 4 == 1 else i - 1) for i in range(1, 21)]
        backbone['graph_cfg'] = dict(layout=dict(num_node=21, inward=inward, center=0), mode='spatial')
    plain = torch.nn.ModuleDict(dict(backbone=MODELS.build(backbone), cls_head=MODELS.build(
        dict(type='GCNHead', num_classes=5, in_channels=16)))).eval()
    state = {key: value.clone() if key.endswith(('.A', 'backbone.A')) else torch.from_numpy(draw(key, tuple(value.shape)))
             for key, value in plain.state_dict().items()}
    if backbone['type'] == 'STGCN' and 'gcn_adaptive' not in backbone:  # factors start at 1, and stay near it
        state.update({key: 1 + value for key, value in state.items() if key.endswith('.PA')})
    plain.load_state_dict(state)
    with_names = {key.replace('cls_head.fc.', 'cls_head.fc_cls.'): value for key, value in state.items()}
    torch.manual_seed(0)
    persons = backbone.get('num_person', 2)
    return arguments_of(name), with_names, plain, torch.randn(
        2, persons, 12, JOINTS.get(layout, 25), backbone.get('in_channels', 3))


@pytest.mark.parametrize('name', NETWORKS)
def test_logits_and_gradients_are_those_of_the_network(name):
    arguments, state, plain, x = published(name)
    model = build_published('PYSKL', arguments, state).eval()
    expected = plain['cls_head'](plain['backbone'](x))
    found = model(x)
    assert relative_error(found.detach(), expected.detach().numpy()) < 1e-5
    found.square().sum().backward()
    expected.square().sum().backward()
    gradients = model.published_gradients()
    for key, parameter in plain.named_parameters():
        if parameter.grad is not None and parameter.grad.abs().max() > 1e-4:
            key = key.replace('cls_head.fc.', 'cls_head.fc_cls.')
            assert relative_error(gradients[key], parameter.grad.numpy()) < 1e-4, key
    several = torch.stack([x, x.flip(2)], 1)
    with torch.no_grad():
        mean = (model(x).softmax(-1) + model(x.flip(2)).softmax(-1)) / 2
        torch.testing.assert_close(model(several), mean)


@pytest.mark.parametrize('name', NETWORKS)
def test_a_file_becomes_checkpoint_and_config_without_arguments(name, tmp_path):
    arguments, state, plain, x = published(name)
    torch.save(dict(state_dict=state, meta=dict(epoch=16)), tmp_path / 'j.pth')
    config = Config.fromfile(convert_checkpoint('pyskl', tmp_path / 'j.pth', tmp_path / 'ours.pth'))
    said = NETWORKS[name]
    backbone = config.model.backbone
    if said['type'] == 'STGCN':
        assert backbone.gcn_adaptive == said.get('gcn_adaptive', 'importance')
        assert backbone.get('data_bn_type', 'VC') == said.get('data_bn_type', 'VC')
    assert config.model.data_preprocessor.with_score == (said['graph_cfg']['layout'] in ('coco', 'openpose'))
    assert any(line.startswith("stream='joint'") for line in config.assumed)
    init_default_scope('mmaction')
    model = MODELS.build(config.model).eval()
    load_weights(model, tmp_path / 'ours.pth')
    with torch.no_grad():
        assert relative_error(SYSTEMS['pyskl'].logits(model, x),
                              plain['cls_head'](plain['backbone'](x)).numpy()) < 1e-5


TEXT = '''
graph = 'coco'
modality = 'bm'
model = dict(
    type='RecognizerGCN',
    backbone=dict(type='STGCN', base_channels=8, num_stages=3, inflate_stages=[3], down_stages=[3],
                  graph_cfg=dict(layout=graph, mode='stgcn_spatial')),
    cls_head=dict(type='GCNHead', num_classes=5, in_channels=16))
test_pipeline = [dict(type='PreNormalize2D'), dict(type='GenSkeFeat', dataset=graph, feats=[modality])]
work_dir = f'./work_dirs/{graph}'
lr = 0.1 * 8
'''


def test_the_config_says_the_stream_from_a_file_or_inside_the_checkpoint(tmp_path, capsys):
    _, state, *_ = published('ST-GCN')
    torch.save(dict(state_dict=state, meta=dict(config=TEXT)), tmp_path / 'with.pth')
    torch.save(dict(state_dict=state), tmp_path / 'without.pth')
    (tmp_path / 'bm.py').write_text(TEXT)
    for name, options in (('with', ()), ('without', ('--config', str(tmp_path / 'bm.py')))):
        target = tmp_path / f'{name}_ours.pth'
        assert main(['convert', 'pyskl', str(tmp_path / f'{name}.pth'), str(target), *options]) == 0
        config = Config.fromfile(target.with_suffix('.py'))
        assert config.model.data_preprocessor.stream == 'bone_motion'
        assert config.model.backbone.graph_cfg.mode == 'stgcn_spatial'
        assert 'assumed' not in config
    assert main(['convert', 'pyskl', str(tmp_path / 'with.pth'), str(tmp_path / 'other.pth'), '--arguments',
                 'stream=bone']) == 0
    assert Config.fromfile(tmp_path / 'other.py').model.data_preprocessor.stream == 'bone'
    assert main(['convert', 'st_gcn', str(tmp_path / 'with.pth'), str(tmp_path / 'no.pth'), '--config', 'bm.py']) == 1
    assert '--config belongs to pyskl' in capsys.readouterr().err


def test_configs_are_read_and_not_run(tmp_path):
    assert model_in_config(TEXT)['stream'] == 'bone_motion'
    danger = "model = dict(backbone=dict(type=__import__('os').mkdir('x')))"
    for text, message in ((danger, "has no 'model'"), ('model = (', 'not Python'), ("model = dict(**a)", "has no 'model'"),
                          (TEXT.replace('[modality]', "['j', 'b']"), r"takes the features \['j', 'b'\]")):
        with pytest.raises(ConversionError, match=message):
            model_in_config(text)
    limbs = "model = {'backbone': {'type': 'ResNet3dSlowOnly', 'temporal_strides': (1, 1, -2)}}\n" \
            "val_pipeline = [dict(type='GeneratePoseTarget', with_kp=False, with_limb=True)]"
    assert model_in_config(limbs) == dict(stream='limb', backbone=dict(type='ResNet3dSlowOnly', temporal_strides=(1, 1, -2)))


def test_networks_of_heatmaps_are_those_of_posec3d(tmp_path):
    description, arrays, state = load('posec3d_slowonly')
    state = {key: torch.from_numpy(value) for key, value in state.items()}
    text = "model = dict(type='Recognizer3D', test_cfg=dict(average_clips='prob'))\n"
    torch.save(dict(state_dict=state, meta=dict(config=text + LIMBS)), tmp_path / 'limb.pth')
    config = Config.fromfile(convert_checkpoint('pyskl', tmp_path / 'limb.pth', tmp_path / 'ours.pth'))
    assert config.model.type == 'Recognizer3D' and config.model.data_preprocessor.stream == 'limb'
    arguments = dict(description['model_kwargs'], type='Recognizer3D', test_cfg=dict(average_clips='prob'))
    with torch.no_grad():
        logits = build_published('pyskl', arguments, state).eval()(torch.from_numpy(arrays['in_imgs']))
    assert relative_error(logits, arrays['out_logits']) < 1e-4


LIMBS = "model = dict(backbone=dict(type='ResNet3dSlowOnly'))\n" \
        "test_pipeline = [dict(type='GeneratePoseTarget', with_kp=False, with_limb=True)]"


def test_branches_stay_those_of_every_stage():
    branches = [[3, 1], ['max', 3], '1x1']
    arguments = arguments_of('ST-GCN++')
    arguments['backbone'] = dict(arguments['backbone'], tcn_ms_cfg=branches)
    config = SYSTEMS['pyskl'].config(arguments)['backbone']
    init_default_scope('mmaction')
    backbone = MODELS.build(config)
    assert [len(block.tcn.branches) for block in backbone.gcn] == [3, 3, 3]


def test_what_does_not_fit_is_refused(tmp_path):
    arguments, state, *_ = published('ST-GCN')
    with pytest.raises(ConversionError, match='1 keys it does not know, e.g. backbone.gcn.0.foo|do not fit'):
        build_published('pyskl', arguments, {**state, 'backbone.gcn.0.foo': torch.zeros(2)})
    with pytest.raises(ConversionError, match='tensors that are missing, e.g. backbone.gcn.2.tcn.conv.weight'):
        build_published('pyskl', arguments, {k: v for k, v in state.items() if k != 'backbone.gcn.2.tcn.conv.weight'})
    with pytest.raises(ConversionError, match='STGCN has no arguments foo'):
        build_published('pyskl', dict(arguments, backbone=dict(arguments['backbone'], foo=1)), state)
    with pytest.raises(ConversionError, match='6 channels .* several streams'):
        build_published('pyskl', dict(arguments, backbone=dict(arguments['backbone'], in_channels=6)), state)
    with pytest.raises(ConversionError, match="the network 'SGN' is neither"):
        build_published('pyskl', dict(arguments, backbone=dict(type='SGN')), state)
    for key, kind in (('backbone.sgcn1.0.A', 'MSG3D'), ('backbone.gcn.0.gcn.pre.0.weight', 'DGSTGCN')):
        torch.save({**state, key: torch.zeros(1)}, tmp_path / 'other.pth')
        with pytest.raises(ConversionError, match=f'other.pth.*this is a {kind}'):
            convert_checkpoint('pyskl', tmp_path / 'other.pth', tmp_path / 'o.pth')
    torch.save({'fc.weight': torch.zeros(1)}, tmp_path / 'foreign.pth')
    with pytest.raises(ConversionError, match='not a graph network of PYSKL'):
        convert_checkpoint('pyskl', tmp_path / 'foreign.pth', tmp_path / 'o.pth')
    assert not (tmp_path / 'o.pth').exists()


# the authors' CTR-GCN


@pytest.mark.parametrize('layout, graph, persons', [('ntu25', 'graph.ntu_rgb_d.Graph', 2), ('kinect20', 'graph.ucla.Graph', 1)])
def test_the_authors_ctr_gcn(layout, graph, persons, tmp_path):
    from reference.ctr_gcn import CTRGCNReference

    from mmskel.models import CTRGCN
    backbone = CTRGCN(layout, num_person=persons, official=True)
    ours = {key: torch.from_numpy(draw(key, tuple(value.shape))) for key, value in backbone.state_dict().items()
            if key != 'A'}
    fc = {'fc.weight': torch.randn(7, 256) / 16, 'fc.bias': torch.randn(7)}
    official = {key.replace('gcn1.A', 'gcn1.PA') if not key.startswith('net.') else
                f'l{int(key.split(".")[1]) + 1}.{key.split(".", 2)[2]}'.replace('gcn1.A', 'gcn1.PA'): value
                for key, value in ours.items()} | fc
    torch.save({f'module.{key}': value for key, value in official.items()}, tmp_path / 'official.pt')
    config = Config.fromfile(convert_checkpoint('ctr_gcn', tmp_path / 'official.pt', tmp_path / 'ours.pth'))
    assert config.model.backbone.layout == layout and config.model.backbone.official
    joints = 25 if layout == 'ntu25' else 20
    x = torch.randn(2, 3, 8, joints, persons)
    arguments = dict(num_class=7, num_point=joints, num_person=persons, graph=graph, graph_args=dict(labeling_mode='spatial'))
    model = build_published('CTR-GCN', arguments, official).eval()
    with torch.no_grad():
        found = model(x)
        features = CTRGCNReference(ours, official=True)(x.permute(0, 4, 2, 3, 1)).mean((1, 3, 4))
        expected = torch.nn.functional.linear(features, fc['fc.weight'], fc['fc.bias'])
        assert relative_error(found, expected.numpy()) < 1e-5
        if persons == 1:  # the form of a recording: (N, T, V C)
            torch.testing.assert_close(model(x[..., 0].permute(0, 2, 3, 1).flatten(2)), found, rtol=1e-4, atol=1e-3)
    assert set(model.published_state()) == set(official)
    with pytest.raises(ConversionError, match='1 keys it does not know, e.g. l11.gcn1.PA'):
        build_published('ctr_gcn', arguments, {**official, 'l11.gcn1.PA': torch.zeros(1)})
    with pytest.raises(ConversionError, match="unknown graph 'graph.coco.Graph'"):
        build_published('ctr_gcn', dict(arguments, graph='graph.coco.Graph'), official)
    torch.save({'backbone.net.0.gcn1.A': torch.zeros(1)}, tmp_path / 'p.pth')
    with pytest.raises(ConversionError, match="PYSKL's are read by `mmskel convert pyskl`"):
        convert_checkpoint('ctr_gcn', tmp_path / 'p.pth', tmp_path / 'o.pth')
