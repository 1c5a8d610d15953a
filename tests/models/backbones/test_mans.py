import pytest
import torch
from mmaction.registry import MODELS
from reference.mans import MANsReference

from mmskel.checkpoints import CheckpointError
from mmskel.interop import build_published


def build(**options):
    torch.manual_seed(0)
    return MODELS.build(dict(dict(type='MANs', layout='kinect20', num_person=1, base_channels=4, hidden=8), **options))


@pytest.mark.parametrize('training', [False, True])
def test_a_plain_transcription_computes_the_same(training):
    torch.manual_seed(0)
    plain = MANsReference().double()
    for module in plain.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    ours = build_published('mans', {}, plain.state_dict()).double().train(training)
    ours.model.backbone.tarm.gru.dropout = ours.model.backbone.tarm.gru.recurrent_dropout = 0.
    x = torch.randn(3, 50, 50, 3, dtype=torch.float64)
    torch.testing.assert_close(ours(x)['out_logits'], plain.train(training)(x))


def test_rows_and_columns_of_the_image():
    network = build(num_frames=10, columns=27)
    x = torch.randn(2, 1, 4, 20, 3)
    image = network.image(x)
    assert image.shape == (2, 3, 10, 27)
    torch.testing.assert_close(image[:, :, 3:7, 3:23], x[:, 0].permute(0, 3, 1, 2))
    assert not image[:, :, :3].any() and not image[:, :, :, :3].any() and not image[:, :, :, 23:].any()
    stretched = build(num_frames=4, columns=40, resize='bilinear').image(x)
    wanted = torch.nn.functional.interpolate(x[:, 0].permute(0, 3, 1, 2), (4, 40), mode='bilinear')
    torch.testing.assert_close(stretched, wanted)
    two = build(num_person=2, num_frames=4)
    assert two.columns == 40
    x = torch.randn(1, 2, 4, 20, 3)
    torch.testing.assert_close(two.image(x)[0, :, 2], torch.cat([x[0, 0, 2], x[0, 1, 2]]).T)


def test_a_gate_that_is_not_trained_stays_but_is_kept():
    network = build(gate='untrained')
    network(torch.randn(2, 1, 50, 20, 3)).sum().backward()
    gate = [p for name, p in network.named_parameters() if 'squeeze' in name or 'excite' in name]
    assert len(gate) == 4 and all(p.grad is None for p in gate) and 'tarm.squeeze.weight' in network.state_dict()


def test_densenet_takes_checkpoints_of_any_age(tmp_path):
    network = build(network='densenet161', num_frames=32, columns=32, gru='keras')
    assert network.out_channels == 23 * 4 and network(torch.randn(2, 1, 9, 20, 3)).shape == (2, 1, 92, 1, 1)
    state = {f'features.{key.removeprefix("features.")}': torch.randn_like(value) if value.is_floating_point() else value
             for key, value in network.stcm.state_dict().items()}
    early = {key.replace('norm1', 'norm.1').replace('conv2', 'conv.2'): value for key, value in state.items()}
    torch.save(dict(early, **{'classifier.weight': torch.zeros(1000, 92)}), tmp_path / 'a.pth')
    loaded = build(network='densenet161', num_frames=32, columns=32, pretrained=str(tmp_path / 'a.pth'))
    loaded.init_weights()
    for key, value in state.items():
        assert torch.equal(loaded.stcm.state_dict()[key], value), key
    torch.save({'features.conv0.weight': torch.zeros(2, 3, 7, 7)}, tmp_path / 'b.pth')
    wrong = build(network='densenet161', num_frames=32, columns=32, pretrained=str(tmp_path / 'b.pth'))
    with pytest.raises(CheckpointError, match="b.pth' is not a DenseNet of this size.*features.conv0.weight"):
        wrong.init_weights()


@pytest.mark.parametrize('options, message', [
    (dict(network='resnet'), "unknown network 'resnet'; known: small, densenet161"),
    (dict(resize='crop'), "resize must be 'pad' or 'bilinear'"), (dict(gate='off'), "gate 'trained' or 'untrained'"),
    (dict(columns=19), "do not fit into 19 columns; set columns=20, or resize='bilinear'"),
    (dict(pretrained='x.pth'), "pretrained is a checkpoint of network='densenet161'")])
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_clips_of_another_kind_are_refused():
    with pytest.raises(ValueError, match='num_person=1, 20 joints.*the clips have 2 persons'):
        build()(torch.randn(1, 2, 50, 20, 3))
