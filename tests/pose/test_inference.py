"""Models made ready for inference: the same numbers as before, or left as they came."""
import numpy as np
import pytest
import torch
from mmcv.cnn import ConvModule
from pose_models import DETECTOR, TINYPOSE
from torch import nn

from mmskel.compat.channel_shuffle import keep_layout_in_shuffles
from mmskel.pose import inference
from mmskel.pose.detection import PersonDetector
from mmskel.pose.estimation import PoseEstimator
from mmskel.pose.inference import (
    BatchRunner,
    batch_size_for,
    fuse_convolutions,
    noise_picture,
    trace_backbone,
    use_channels_last,
)
from mmskel.video.reading import open_video

LAST = torch.channels_last


def with_statistics(model):
    """In evaluation, every normalisation with numbers of its own."""
    generator = torch.Generator().manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                if tensor is not None:
                    tensor.data.uniform_(0.5, 1.5, generator=generator)
    return model.eval()


class Shared(nn.Module):
    """Two blocks, one convolution, two normalisations, as in RTMDet's heads."""

    def __init__(self):
        super().__init__()
        self.one, self.other = (ConvModule(3, 3, 3, padding=1, norm_cfg=dict(type='BN')) for _ in range(2))
        self.other.conv = self.one.conv

    def forward(self, x):
        return self.other(self.one(x))


def block(**kwargs):
    return ConvModule(3, 3, 3, padding=1, norm_cfg=dict(type='BN'), **kwargs)


def hooked():
    model = block()
    model.conv.register_forward_hook(lambda module, inputs, output: output * 2)
    return model


@pytest.mark.parametrize('make, fused', [
    (block, 1), (Shared, 2), (lambda: block(order=('act', 'conv', 'norm')), 1),
    (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 3, 1), nn.BatchNorm2d(3)), 2),
    (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, affine=False)), 1),
    (lambda: block(order=('norm', 'conv', 'act')), 0), (hooked, 0), (lambda: block(with_spectral_norm=True), 0),
    (lambda: block(efficient_conv_bn_eval=True), 0),
    (lambda: nn.Sequential(nn.Conv2d(3, 3, 3), nn.ReLU(), nn.BatchNorm2d(3)), 0),
    (lambda: nn.Sequential(nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3, track_running_stats=False)), 0)],
    ids=['block', 'shared', 'order', 'sequence', 'without weights', 'before', 'hook', 'spectral', 'by itself', 'apart', 'no statistics'])
def test_normalisation_moves_only_where_it_follows_a_convolution(make, fused):
    torch.manual_seed(0)
    model = with_statistics(make())
    x = torch.rand(2, 3, 12, 12)
    with torch.no_grad():
        before = model(x)
        assert fuse_convolutions(model) == fused
        torch.testing.assert_close(model(x), before, rtol=1e-4, atol=1e-5)


def test_nothing_moves_in_training():
    assert fuse_convolutions(block().train()) == 0


class Toy(nn.Module):
    """What the checks need of a model of mmdet or mmpose."""

    def __init__(self, after=lambda x: x):
        super().__init__()
        self.conv, self.after = nn.Conv2d(3, 8, 3), after

    def data_preprocessor(self, batch, training):
        return batch

    def forward(self, inputs, mode):
        assert mode == 'tensor'
        return dict(maps=[self.after(self.conv(inputs))])

    def test_step(self, batch):
        return self(**batch, mode='tensor')


def unreadable(x):
    raise KeyError('any error')


@pytest.mark.parametrize('after, stays', [
    (lambda x: x, True), (lambda x: x.flatten(1), True), (lambda x: x.view(len(x), -1), False),
    (lambda x: torch.as_strided(x, x.shape, torch.empty(x.shape).stride()), False), (unreadable, False),
    (lambda x: None, False)], ids=['plain', 'flatten', 'view', 'blind', 'error', 'nothing to compare'])
def test_channels_last_only_where_nothing_changes(after, stays):
    model = Toy(after).eval()
    x = torch.rand(2, 3, 9, 7)
    assert use_channels_last(model, lambda: dict(inputs=x)) is stays
    weight = model.conv.weight
    assert weight.is_contiguous(memory_format=LAST) is stays and weight.is_contiguous() is not stays


def test_shuffles_keep_the_layout(monkeypatch):
    from mmpose.models.backbones import shufflenet_v2 as module
    from mmpose.models.backbones.utils import channel_shuffle
    monkeypatch.setattr(module, 'channel_shuffle', channel_shuffle)  # it is mmpose's again afterwards
    keep_layout_in_shuffles(module.ShuffleNetV2())
    x = torch.rand(2, 8, 5, 4)
    expected = channel_shuffle(x, 2)
    with torch.inference_mode():
        last = module.channel_shuffle(x.contiguous(memory_format=LAST), 2)
        assert last.is_contiguous(memory_format=LAST) and torch.equal(last, expected)
        assert torch.equal(module.channel_shuffle(x, 2), expected) and module.channel_shuffle(x, 2).is_contiguous()
    x.requires_grad_()
    assert torch.equal(module.channel_shuffle(x.contiguous(memory_format=LAST), 4), channel_shuffle(x, 4))


class Doubling(nn.Module):
    """Notes on itself how many samples each pass had, as some models keep what they computed last."""

    def __init__(self):
        super().__init__()
        self.factor, self.seen = nn.Parameter(torch.tensor(2.)), []

    def test_step(self, batch):
        assert torch.is_inference_mode_enabled()
        self.seen.append(len(batch))
        return [one * float(self.factor) for one in batch]


@pytest.mark.parametrize('threads, count, passes', [(1, 20, [6, 7, 7]), (2, 20, [5, 5, 5, 5]), (2, 1, [1]), (2, 0, []),
                                                    (4, 4, [1, 1, 1, 1]), (16, 9, [2, 2, 2, 3])])
def test_batches_side_by_side_keep_their_order(threads, count, passes):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        models = []

        def batch(inputs, pipeline):
            return [pipeline(one) for one in inputs]
        run = BatchRunner(Doubling().eval(), lambda one: one + 1, batch)
        assert run(range(count)) == [2. * (i + 1) for i in range(count)]
        while not run._idle.empty():
            models.append(run._idle.get()[0])
        assert torch.get_num_threads() == threads and len({id(m.factor) for m in models}) <= 1  # one set of tensors
        assert sorted(n for m in models for n in m.seen) == sorted(passes)
    finally:
        torch.set_num_threads(before)


class Plain(nn.Module):
    """A model as mmdet's and mmpose's are, around a backbone."""

    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone
        self.data_preprocessor = lambda data, training: dict(inputs=data['inputs'])

    def forward(self, inputs, mode):
        return self.backbone(inputs)


class Counted(nn.Module):
    """Sees how often its Python runs."""

    def __init__(self, number=lambda x: x.shape[0]):
        super().__init__()
        self.conv, self.calls, self.number = nn.Conv2d(3, 4, 3), 0, number

    def forward(self, x):
        self.calls += 1
        return (self.conv(x).relu(), x.reshape(self.number(x), -1).mean(1))


def test_a_recorded_backbone_answers_for_its_size_alone():
    model = Plain(Counted()).eval()
    plain = model.backbone.forward
    assert trace_backbone(model, lambda: dict(inputs=torch.rand(2, 3, 8, 6)))
    model.backbone.calls = 0
    for shape, calls in (((5, 3, 8, 6), 0), ((1, 3, 8, 6), 0), ((2, 3, 9, 6), 1)):
        x, model.backbone.calls = torch.rand(shape), 0
        with torch.inference_mode():
            found = model.backbone(x)
            assert model.backbone.calls == calls and isinstance(found, tuple)
            torch.testing.assert_close(found, plain(x))


def test_a_backbone_that_cannot_be_recorded_stays():
    model = Plain(Counted(len)).eval()  # the number of images is recorded
    before = model.backbone.forward
    assert not trace_backbone(model, lambda: dict(inputs=torch.rand(1, 3, 8, 6))) and model.backbone.forward == before


def test_noise_is_the_same_everywhere():
    assert np.array_equal(noise_picture(), noise_picture()) and noise_picture().dtype == np.uint8


def test_real_models_find_the_same_as_unprepared(shared, tmp_path, monkeypatch):
    (tmp_path / 'tinypose.py').write_text(TINYPOSE)

    def load():
        return (PersonDetector(DETECTOR, str(shared / 'weights/rtmdet_nano_person_320.pth'), 'cpu', batch_size=2),
                PoseEstimator(tmp_path / 'tinypose.py', str(shared / 'weights/pp_tinypose_256x192.pth'), 'cpu'))
    fast = load()
    monkeypatch.setattr('mmskel.pose.detection.prepare', lambda model, sample: None)
    monkeypatch.setattr('mmskel.pose.estimation.prepare', lambda model, sample: None)
    plain = load()
    for model in (fast[0].model, fast[1].model):
        assert not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in model.modules())
        assert all(m.weight.is_contiguous(memory_format=LAST) for m in model.modules() if type(m) is nn.Conv2d)
        assert batch_size_for(model) == 8
    with open_video(shared / 'videos/demo_skeleton.mp4') as video:
        frames = [frame.image for frame, _ in zip(video, range(9))][::4]
    boxes, expected = fast[0](frames), plain[0](frames)
    for found, of_plain in zip(boxes, expected):
        np.testing.assert_allclose(found.boxes, of_plain.boxes, atol=0.1)
        np.testing.assert_allclose(found.scores, of_plain.scores, atol=1e-4)
    for found, of_plain in zip(fast[1](frames, expected), plain[1](frames, expected)):
        np.testing.assert_allclose(found.keypoint, of_plain.keypoint, atol=0.1)
        np.testing.assert_allclose(found.score, of_plain.score, atol=1e-4)
    maps = [inference._outputs(e.model, lambda: e._batch([e._person(noise_picture(), expected[0].boxes[0])], e.run.pipeline))[0]
            for e in (fast[1], plain[1])]
    torch.testing.assert_close(*maps, rtol=0, atol=1e-4)
