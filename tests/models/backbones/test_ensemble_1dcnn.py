import pytest
import torch
from mmaction.registry import MODELS
from reference.ensemble_1dcnn import BaseReference, product

from mmskel.interop import build_published
from mmskel.models.backbones.ensemble_1dcnn import NETWORKS, STREAMS


def build(network='base', layout='kinect20', persons=1, **options):
    torch.manual_seed(0)
    options = dict(dict(base_channels=4, num_frames=16), **options)
    return MODELS.build(dict(type='Ensemble1DCNN', layout=layout, num_person=persons, network=network, **options))


def head(network):
    return MODELS.build(dict(type='StreamProductHead', num_classes=3, in_channels=16, num_streams=STREAMS.get(network, 1)))


@pytest.mark.parametrize('training', [False, True])
def test_a_plain_transcription_computes_the_same(training):
    torch.manual_seed(0)
    plain = BaseReference().double()
    ours = build_published('ensemble_1dcnn', {}, plain.state_dict()).double().train(training)
    x = torch.randn(3, 45, 150, dtype=torch.float64)
    torch.testing.assert_close(ours(x)['out_logits0'], plain.train(training)(x))


@pytest.mark.parametrize('frames', [1, 13, 16, 40])
@pytest.mark.parametrize('layout, persons', [('coco17', 1), ('ntu25', 2), ('kinect20', 2), ('hand21', 1)])
@pytest.mark.parametrize('network', NETWORKS)
def test_any_skeleton_and_length(network, layout, persons, frames):
    backbone = build(network, layout, persons)
    x = torch.randn(4, persons, frames, backbone.num_joints, 3)
    features = backbone.eval()(x)
    assert features.shape[:3] == (4, STREAMS.get(network, 1), 16)
    torch.testing.assert_close(backbone(x[:2]), features[:2], rtol=1e-4, atol=1e-5)
    assert torch.isfinite(head(network)(backbone(torch.zeros_like(x)))).all()


@pytest.mark.parametrize('network', NETWORKS)
def test_gradients_reach_every_parameter(network):
    backbone, classifier = build(network, dropout=0., frame_attention='time'), head(network)
    classifier.init_weights()
    classifier(backbone(torch.randn(4, 1, 16, 20, 3))).log_softmax(-1)[:, 0].sum().backward()
    dead = [name for part in (backbone, classifier) for name, p in part.named_parameters()
            if p.grad is None or not p.grad.any()]
    assert not [name for name in dead if not name.endswith('bias')], dead


def test_the_head_multiplies_probabilities():
    p, q = torch.tensor([[0.5, 0.3, 0.2]]), torch.tensor([[0.2, 0.6, 0.2]])
    torch.testing.assert_close(product(p, q), torch.tensor([[0.3125, 0.5625, 0.125]]))
    one = head('two_stream')
    x = torch.randn(5, 2, 16, 3, 1)
    scores = one.stream_scores(x)
    torch.testing.assert_close(one(x).softmax(-1), product(*(s.softmax(-1) for s in scores)))
    with pytest.raises(ValueError, match='num_streams=2, but the backbone has features of 5'):
        one(torch.randn(1, 5, 16, 3, 1))


def test_body_parts_are_five_trunks_of_their_own_joints():
    backbone = build('body_part', 'ntu25', 2).eval()
    x = torch.randn(2, 2, 9, 25, 3)
    series = backbone.part_series(x)
    assert series.shape == (2, 5, 9, 36)
    torch.testing.assert_close(series[:, 0, :, :18], x[:, 0][:, :, [8, 9, 10, 11, 24, 23]].flatten(2))
    torch.testing.assert_close(series[:, 2, :, 18:30], x[:, 1][:, :, [16, 17, 18, 19]].flatten(2))
    assert not series[:, 2, :, 12:18].any()
    moved = x.clone()
    moved[:, :, :, 13] += 1  # of the left leg, the fourth part
    same = (backbone(moved) == backbone(x)).flatten(2).all(2)
    assert same[:, [0, 1, 2, 4]].all() and not same[:, 3].any()


def test_differences_and_the_spike_behind_the_clip():
    clip = torch.tensor([2., 5, 4, 0, 0]).view(1, 1, 5)
    assert build('frame_difference').difference(clip).flatten().tolist() == [0, 3, -1, -4, 0]
    assert build('frame_difference', keep_spike=False).difference(clip).flatten().tolist() == [0, 3, -1, 0, 0]


def test_frame_attention_of_the_reference_does_nothing():
    backbone = build('attention').eval()
    x = torch.randn(2, 1, 12, 20, 3)
    before = backbone(x)
    for group in backbone.trunk.groups:
        torch.nn.init.normal_(group.att[0].weight)
    torch.testing.assert_close(backbone(x), before, rtol=0, atol=0)
    attending = build('attention', frame_attention='time').eval()
    attending.load_state_dict(backbone.state_dict())
    assert not torch.allclose(attending(x), before)


def test_the_mean_goes_off_the_leading_run_of_frames():
    x = torch.ones(1, 1, 2, 5, 20, 3)
    x[:, :, 1] = 0  # an absent person
    x[:, :, :, 3] = 0
    encoder = MODELS.build(dict(type='SeriesEncoder', layout='kinect20', mean=0.25))
    found = encoder.encode(dict(keypoint=x))[0, 0, :, :, 0, 0]
    assert found.tolist() == [[0.75, 0.75, 0.75, 0, 1], [-0.25, -0.25, -0.25, 0, 0]]
    negative = MODELS.build(dict(type='SeriesEncoder', layout='kinect20', mean=0.25, positive_frames=True))
    torch.testing.assert_close(negative.encode(dict(keypoint=-x)), -x)


@pytest.mark.parametrize('options, message', [
    (dict(network='conv'), "unknown network 'conv'; known: base, two_stream"),
    (dict(frame_attention='all'), "'reference' or 'time'")])
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_clips_of_another_kind_are_refused():
    with pytest.raises(ValueError, match='the clips have 1 persons, 25 joints and 3 coordinates'):
        build()(torch.randn(1, 1, 5, 25, 3))
