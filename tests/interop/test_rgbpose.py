"""The start of a joint training, and official joint checkpoints."""
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmskel import cli
from mmskel.apis.training import load_weights
from mmskel.interop import ConversionError, build_published, load_published_state, start_rgbpose

K = 5


def single(stream, classes=K, seed=0, **more):
    """A narrow SlowOnly as stage 1 trains it, with statistics as if trained."""
    torch.manual_seed(seed)
    if stream == 'rgb':
        backbone = dict(base_channels=8, stage_blocks=(1, 2, 1, 1), conv1_kernel=(1, 7, 7), inflate=(0, 0, 1, 1))
    else:
        backbone = dict(base_channels=4, stage_blocks=(1, 2, 1), num_stages=3, out_indices=(2, ), in_channels=17,
                        conv1_stride_s=1, pool1_stride_s=1, inflate=(0, 1, 1), spatial_strides=(2, 2, 2),
                        temporal_strides=(1, 1, 1), dilations=(1, 1, 1))
    backbone.update(more)
    model = MODELS.build(dict(
        type='Recognizer3D', data_preprocessor=MODELS.build(dict(type='PictureEncoder')),
        backbone=dict(type='ResNet3dSlowOnly', depth=50, pretrained=None, **backbone),
        cls_head=dict(type='I3DHead', num_classes=classes, in_channels=256 if stream == 'rgb' else 64)))
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            module.running_mean.uniform_(-.1, .1)
            module.weight.data.uniform_(.5, 1)
    return model.eval()


@pytest.fixture(scope='module')
def singles(tmp_path_factory):
    folder = tmp_path_factory.mktemp('single')
    models = {}
    for stream in ('rgb', 'pose'):
        models[stream] = single(stream)
        torch.save(dict(state_dict=models[stream].state_dict()), folder / f'{stream}.pth')
    return models, folder


def started(folder, name='start.pth'):
    init_default_scope('mmaction')
    model = MODELS.build(Config.fromfile(folder / name.replace('.pth', '.py')).model)
    load_weights(model, folder / name)
    return model.eval()


def test_a_started_network_computes_what_both_computed_alone(singles, capsys):
    models, folder = singles
    assert cli.main(['convert', 'rgbpose', str(folder / 'rgb.pth'), str(folder / 'start.pth'), '--pose',
                     str(folder / 'pose.pth')]) == 0
    assert 'start.py' in capsys.readouterr().out
    joint = started(folder)
    images, heatmaps = torch.randn(2, 3, 2, 64, 64), torch.rand(2, 17, 8, 16, 16)
    with torch.no_grad():
        for lateral in ('random', 'zero'):
            if lateral == 'zero':
                for name, value in joint.named_parameters():
                    value.data *= '_lateral.' not in name
            scores = joint.cls_head(joint.backbone(images, heatmaps))
            for stream, x in (('rgb', images), ('pose', heatmaps)):
                alone = models[stream].cls_head(models[stream].backbone(x))
                torch.testing.assert_close(scores[stream], alone, rtol=1e-5, atol=1e-6)


def test_new_channels_come_last_and_are_zero(singles):
    models, folder = singles
    start_rgbpose(folder / 'rgb.pth', folder / 'pose.pth', folder / 'again.pth')
    state = load_published_state(folder / 'again.pth')
    wider = {f'backbone.rgb_path.layer{layer}.0' for layer in (3, 4)} | {f'backbone.pose_path.layer{layer}.0' for layer in (2, 3)}
    found = set()
    for stream, model in models.items():
        for key, value in model.state_dict().items():
            joint = state[key.replace('backbone.', f'backbone.{stream}_path.').replace('fc_cls', f'fc_{stream}')]
            if joint.shape != value.shape:
                found.add(key.replace('backbone.', f'backbone.{stream}_path.').rpartition('.conv.')[0].rpartition('.')[0])
                assert torch.equal(joint[:, :value.shape[1]], value) and not joint[:, value.shape[1]:].any()
            else:
                assert torch.equal(joint, value)
    assert found == wider
    laterals = [key for key in state if '_lateral.conv' in key]
    assert len(laterals) == 4 and all(state[key].any() for key in laterals)
    first = load_published_state(start_rgbpose(folder / 'rgb.pth', folder / 'pose.pth', folder / 'third.pth').with_suffix('.pth'))
    assert all(torch.equal(first[key], state[key]) for key in state), 'the same start for everybody'


def test_an_official_joint_checkpoint_is_taken_as_it_is(singles):
    _, folder = singles
    start_rgbpose(folder / 'rgb.pth', folder / 'pose.pth', folder / 'joint.pth')
    assert cli.main(['convert', 'rgbpose', str(folder / 'joint.pth'), str(folder / 'ours.pth')]) == 0
    one, other = started(folder, 'joint.pth'), started(folder, 'ours.pth')
    inputs = torch.randn(1, 3, 2, 64, 64), torch.rand(1, 17, 8, 16, 16)
    state = load_published_state(folder / 'joint.pth')
    arguments = dict(num_classes=K, rgb_pathway=Config.fromfile(folder / 'ours.py').model.backbone.rgb_pathway,
                     pose_pathway=Config.fromfile(folder / 'ours.py').model.backbone.pose_pathway)
    published = build_published('rgbpose', arguments, state).eval()
    with torch.no_grad():
        expected = one.cls_head(one.backbone(*inputs))
        found = other.cls_head(other.backbone(*inputs))
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(published(*inputs)['out_logits_pose'], expected['pose'])


def test_networks_that_do_not_go_together(singles, tmp_path, capsys):
    _, folder = singles
    for name, model in (('classes', single('pose', classes=7)), ('wide', single('pose', base_channels=8)),
                        ('stages', single('rgb', stage_blocks=(1, 2, 2, 1), seed=1))):
        torch.save(model.state_dict(), tmp_path / f'{name}.pth')
    with pytest.raises(ConversionError, match="rgb.pth' and '.*classes.pth.*5 classes and the pose network 7"):
        start_rgbpose(folder / 'rgb.pth', tmp_path / 'classes.pth', tmp_path / 'o.pth')
    with pytest.raises(ConversionError, match='half its width'):
        start_rgbpose(folder / 'rgb.pth', tmp_path / 'wide.pth', tmp_path / 'o.pth')
    with pytest.raises(ConversionError, match='Were the two files swapped'):
        start_rgbpose(folder / 'pose.pth', folder / 'rgb.pth', tmp_path / 'o.pth')
    with pytest.raises(ConversionError, match='pose'):
        from mmskel.interop import convert_checkpoint
        convert_checkpoint('rgbpose', folder / 'rgb.pth', tmp_path / 'o.pth')
    assert cli.main(['convert', 'posec3d', str(folder / 'pose.pth'), str(tmp_path / 'o.pth'), '--pose', 'x.pth']) == 1
    assert '--pose belongs to rgbpose' in capsys.readouterr().err
    assert not (tmp_path / 'o.pth').exists()
