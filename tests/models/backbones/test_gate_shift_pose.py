"""Gate-Shift-Pose's networks: sizes, pretrained ResNets, frozen and dropped attention, clips that do not mix, errors."""
import pytest
import torch
from reference.gate_shift_pose import ResNet

from mmskel.checkpoints import CheckpointError
from mmskel.files.errors import UserError
from mmskel.models import GSFLateFusion, GSFResNet, JointConvNet, SegmentHead

NARROW = dict(base_channels=8, stage_blocks=(1, 1, 1, 1))


@pytest.mark.parametrize('depth, early, late, gsf', [(34, 21.40, 23.32, 0.110), (50, 23.95, 45.89, 0.439)])
def test_published_sizes(depth, early, late, gsf):
    with torch.device('meta'):
        network, fused = GSFResNet(depth, in_channels=4), GSFLateFusion('coco17', depth=depth)
        heads = SegmentHead(2, network.out_channels), SegmentHead(2, fused.out_channels)

    def count(*modules):
        return round(sum(p.numel() for module in modules for p in module.parameters()) / 1e6, 2)

    assert count(network, heads[0]) == early and count(fused, heads[1]) == late
    layers = [module for module in network.modules() if type(module).__name__ == 'GateShiftFuse']
    assert len(layers) == 16 and round(sum(p.numel() for layer in layers for p in layer.parameters()) / 1e6, 3) == gsf
    assert sum(p.numel() for p in JointConvNet('coco17').parameters()) == 146082 - 258


def test_clips_do_not_mix_and_any_number_of_frames_will_do():
    torch.manual_seed(0)
    network = GSFResNet(18, **NARROW).eval()
    x = torch.randn(3, 3, 5, 40, 48)
    found = network(x)
    assert found.shape == (3, 64, 5, 2, 2)
    torch.testing.assert_close(found[1:2], network(x[1:2]))
    assert not torch.allclose(network(x[:, :, :4])[:, :, 3], found[:, :, 3])  # the last frame has no successor
    assert not torch.allclose(GSFResNet(18, **NARROW, ratio=0)(x), found)


# pretrained networks


def imagenet(folder, name='resnet18', channels=3, width=8, blocks=(1, 1, 1, 1), **more):
    torch.manual_seed(1)
    plain = ResNet(name, channels, 2, width=width, blocks=blocks)
    state = {key: value for key, value in plain.state_dict().items() if '.gsf.' not in key}
    path = folder / f'{name}-f37072fd.pth'
    torch.save({**state, 'fc.weight': torch.zeros(1000, plain.features), 'fc.bias': torch.zeros(1000), **more}, path)
    return str(path), plain


@pytest.mark.parametrize('depth, name', [(18, 'resnet18'), (50, 'resnet50')])
def test_an_imagenet_file_fills_the_network(tmp_path, depth, name):
    path, plain = imagenet(tmp_path, name)
    network = GSFResNet(depth, ratio=0, pretrained=path, **NARROW)
    network.init_weights()
    frames = torch.randn(2, 3, 40, 40)
    for module in plain.modules():
        if type(module).__name__ == 'GSF':
            module.forward = lambda x: x
    expected = plain.eval()(frames)
    torch.testing.assert_close(network.eval()(frames[:, :, None])[:, :, 0].mean((2, 3)), expected)


def test_the_heatmaps_weights_and_gsf_stay_random(tmp_path):
    path, plain = imagenet(tmp_path)
    torch.manual_seed(0)
    network = GSFResNet(18, in_channels=4, pretrained=path, **NARROW)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    network.init_weights()
    assert torch.equal(network.conv1.weight[:, :3], plain.conv1.weight)
    assert torch.equal(network.conv1.weight[:, 3:], before['conv1.weight'][:, 3:])
    many = torch.cat([GSFResNet(18, in_channels=4, base_channels=64, stage_blocks=(1, )).conv1.weight[:, 3].flatten()
                      for _ in range(4)])
    assert abs(many.std().item() - (2 / (64 * 49))**0.5) < 1e-3
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items() if '.gsf.' in key)


def test_a_shallower_file_fills_the_first_blocks_as_released(tmp_path):
    path, plain = imagenet(tmp_path, blocks=(2, 2, 2, 2))
    network = GSFLateFusion('coco17', depth=34, base_channels=8, pretrained=path)
    network.init_weights()
    assert torch.equal(network.rgb.layers[2][1].convs[1].weight, plain.layer3[1].conv2.weight)
    assert len(network.rgb.layers[2]) == 6


@pytest.mark.parametrize('channels, wanted, message', [
    (4, 3, "resnet18-f37072fd.pth': the first convolution has 4 channels, the network has 3"),
    (1, 4, 'the first convolution has 1 channels, the network has 4'),
])
def test_files_of_other_channels(tmp_path, channels, wanted, message):
    path, _ = imagenet(tmp_path, channels=channels)
    with pytest.raises(CheckpointError, match=message):
        GSFResNet(18, in_channels=wanted, pretrained=path, **NARROW).init_weights()


def test_files_that_are_no_such_resnet(tmp_path):
    path, _ = imagenet(tmp_path, width=4)
    with pytest.raises(CheckpointError, match='not a ResNet of this depth and width: .* e.g. conv1.weight'):
        GSFResNet(18, pretrained=path, **NARROW).init_weights()
    path, _ = imagenet(tmp_path, 'resnet50')
    with pytest.raises(CheckpointError, match='not a ResNet of this depth and width'):
        GSFResNet(18, pretrained=path, **NARROW).init_weights()
    torch.save({'A': torch.zeros(3)}, tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match="a.pth' has no 'conv1.weight'; expected a ResNet .* found A"):
        GSFResNet(18, pretrained=str(tmp_path / 'a.pth'), **NARROW).init_weights()
    with pytest.raises(CheckpointError, match='nowhere.pth'):
        GSFResNet(18, pretrained=str(tmp_path / 'nowhere.pth'), **NARROW).init_weights()


# late fusion


def late(**more):
    torch.manual_seed(0)
    return GSFLateFusion('coco17', depth=18, **NARROW, **more)


def test_the_value_projection_is_frozen_as_published():
    inputs = torch.randn(2, 3, 2, 32, 32), torch.randn(2, 2, 34)
    for more, trained in ((dict(), False), (dict(train_value=True), True), (dict(attention='segments'), True)):
        network = late(**more)
        network(*inputs).sum().backward()
        assert (network.attention.tensors.in_proj_weight.grad is not None) == trained
        assert network.attention.tensors.out_proj.weight.grad is not None


def test_attention_over_segments_is_another_model_with_the_same_tensors():
    published, over = late().eval(), late(attention='segments').eval()
    over.load_state_dict(published.state_dict())
    x = torch.randn(2, 3, published.attention.tensors.embed_dim)
    expected, _ = published.attention.tensors(x.transpose(0, 1), x.transpose(0, 1), x.transpose(0, 1))
    torch.testing.assert_close(over.attention(x), expected.transpose(0, 1))
    alone = torch.cat([over.attention(x[:, i:i + 1]) for i in range(3)], 1)
    torch.testing.assert_close(published.attention(x), alone)  # one frame at a time: softmax is 1


def test_attention_dropout_drops_heads_of_a_frame():
    attention = late().attention.train()
    torch.nn.init.eye_(attention.tensors.out_proj.weight)
    attention.tensors.out_proj.bias.data.zero_()
    x = torch.randn(50, 3, attention.tensors.embed_dim)
    ratio = attention(x) / attention.eval()(x)
    heads = ratio.unflatten(-1, (4, -1))
    assert set(ratio.round(decimals=3).unique().tolist()) == {0., 2.}
    assert (heads.round() == heads[..., :1].round()).all() and 0.3 < (heads[..., 0] > 1).float().mean() < 0.7


def test_wrong_inputs():
    with pytest.raises(UserError, match=r'joints \(2, 3, 34\) do not fit images \(2, 3, 4, 32, 32\); expected \(2, 4, 34\)'):
        late()(torch.zeros(2, 3, 4, 32, 32), torch.zeros(2, 3, 34))
    with pytest.raises(UserError, match='in_channels=4 and takes .* found'):
        GSFResNet(18, in_channels=4, **NARROW)(torch.zeros(2, 3, 4, 32, 32))
    with pytest.raises(UserError, match='depth must be one of 18, 34, 50, 101, not 20'):
        GSFResNet(20)
    with pytest.raises(UserError, match="attention must be one of linear, segments, none, not 'all'"):
        late(attention='all')
    with pytest.raises(UserError, match='do not divide into 4 heads of attention; change base_channels'):
        GSFLateFusion('coco17', depth=18, base_channels=9, stage_blocks=(1, ), ratio=0)
    with pytest.raises(UserError, match="17 joints of 'coco17' and in_channels=2; found 25 joints of 3 channels"):
        JointConvNet('coco17')(torch.zeros(1, 1, 4, 25, 3))
    with pytest.raises(UserError, match='SegmentHead takes features'):
        SegmentHead(2, 8)(torch.zeros(2, 8, 3))


# the head


def test_consensus_is_the_mean_of_the_frames_scores():
    torch.manual_seed(0)
    head = SegmentHead(3, 8, dropout=0.5).eval()
    x = torch.randn(2, 8, 4, 3, 3)
    torch.testing.assert_close(head(x), head.fc(x.mean((3, 4)).transpose(1, 2)).mean(1))
    assert head.fc.weight.std() < 0.005 and not head.fc.bias.any()
    mixed = head.train()(torch.ones(400, 8, 1, 1, 1))  # every frame for itself: of four, kept shares are quarters
    del mixed
    head.fc = torch.nn.Identity()
    kept = head(torch.ones(400, 8, 4, 1, 1))
    assert set(kept.unique().tolist()) == {0., 0.5, 1., 1.5, 2.}
