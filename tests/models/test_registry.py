"""Every backbone of ours, found in the registry: a model added later is tested by existing.

One that takes a layout takes joints; one that does not takes volumes, and stands behind :class:`HeatmapEncoder` here.
"""
import inspect

import pytest
import torch
from mmaction.registry import MODELS
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import mmskel.models  # noqa: F401  (registers)
from mmskel.cards import CARDS
from mmskel.skeleton import get_layout

BACKBONES = {name: cls for name, cls in MODELS.module_dict.items() if cls.__module__.startswith('mmskel.models.backbones')}
# an aligner has a card, too, but takes features
CARD_OF = {card.backbone: card for card in CARDS.values() if len(card.reference.input_shape) == 4}
CASES = [pytest.param((name, layout, persons), id=f'{name}-{layout}-{persons}') for name in BACKBONES
         for layout in ('coco17', 'ntu25', 'kinect20', 'hand21') for persons in (1, 2)
         if name not in CARD_OF or CARD_OF[name].takes(layout)]
FRAMES = (13, 4, 1)  # odd; shorter than a temporal kernel; a still
CLIPS = 4
# what compares frames has nothing to do in blocks that see one frame
PAIRS_OF_FRAMES = dict(STCNet='embed_weight')


class BehindEncoder(nn.Module):
    """(N, M, T, V, C) joints to (N, 1, channels, T', H' * W') features of the volume that all persons share."""

    def __init__(self, encoder, backbone):
        super().__init__()
        self.encoder, self.backbone = encoder, backbone

    def forward(self, x):
        features = self.backbone(self.encoder.draw(x * 4 + 8))
        return features.flatten(3)[:, None]


class WithImages(nn.Module):
    """(N, M, T, V, C) joints to (N, 1, channels, T, 1) features of the first person and of images that depend on it."""

    def __init__(self, layout, backbone):
        super().__init__()
        self.encoder = MODELS.build(dict(type='HeatmapEncoder', layout=layout, size=(16, 16)))
        self.backbone = backbone

    def forward(self, x):
        images = self.encoder.draw(x[:, :1] * 4 + 8)[:, :3]
        return self.backbone(images, x[:, 0, ..., :2].flatten(2)).flatten(3)[:, None]


def build(name, layout, persons):
    """A backbone of 3 channels, initialised as a training would."""
    torch.manual_seed(0)
    accepted = inspect.signature(BACKBONES[name]).parameters
    if 'layout' not in accepted:
        encoder = MODELS.build(dict(type='HeatmapEncoder', layout=layout, size=(16, 16)))
        light = dict(depth=18, base_channels=8) if name == 'GSFResNet' else {}
        backbone = MODELS.build(dict(type=name, in_channels=encoder.channels(), **light))
        backbone.init_weights()
        for module in backbone.modules():  # a gain of 0 hides its branch from the first step's gradients, as published
            if isinstance(module, nn.BatchNorm3d) and not module.weight.any():
                nn.init.constant_(module.weight, 0.5)
        return BehindEncoder(encoder, backbone)
    if 'pose' in inspect.signature(BACKBONES[name].forward).parameters:  # images and joints
        backbone = MODELS.build(dict(type=name, layout=layout, depth=18, base_channels=8))
        backbone.init_weights()
        return WithImages(layout, backbone)
    options = dict(num_person=persons) if 'num_person' in accepted else {}
    model = MODELS.build(dict(type=name, layout=layout, in_channels=3, **options))
    model.init_weights()
    for key, parameter in model.named_parameters():  # a strength of 0 hides its branch in the same way
        if key.endswith('.alpha'):
            nn.init.constant_(parameter, 0.5)
    return model


def batch(layout, persons, frames):
    torch.manual_seed(frames)
    return torch.randn(CLIPS, persons, frames, get_layout(layout).num_joints, 3)


@pytest.fixture(scope='module', params=CASES)
def case(request):
    """(model, layout, persons); tests of one case share the model, and leave its weights as they are."""
    return build(*request.param), *request.param[1:]


def test_every_backbone_has_a_card_and_every_card_a_backbone():
    ours = {name for name in CARD_OF if MODELS.get(name).__module__.startswith('mmskel.')}
    assert set(BACKBONES) == ours


def test_features_of_every_person(case):
    model, layout, persons = case
    channels = set()
    for frames in FRAMES:
        with torch.no_grad():
            out = model.eval()(batch(layout, persons, frames))
        shown = {1} if isinstance(model, (BehindEncoder, WithImages)) else {1, persons}  # of all persons together, or of each
        assert out.ndim == 5 and len(out) == CLIPS and out.shape[1] in shown and torch.isfinite(out).all()
        channels.add(out.shape[2])
    assert len(channels) == 1, 'a linear classifier needs as many channels for a clip of any length'


@pytest.mark.parametrize('frames', FRAMES)
def test_gradients_reach_every_parameter(case, frames):
    model, layout, persons = case
    model.zero_grad()
    model.train()(batch(layout, persons, frames)).square().mean().backward()
    pairs = PAIRS_OF_FRAMES.get(type(model).__name__) if frames < max(FRAMES) else None
    dead = [key for key, p in model.named_parameters()
            if p.requires_grad and (p.grad is None or not p.grad.any() and not (pairs and key.endswith(pairs)))]
    # a bias before a batch norm has no effect, and so a gradient of rounding errors or none
    assert not [key for key in dead if not key.endswith('bias')], dead


@pytest.mark.parametrize('frames', FRAMES)
def test_eval_is_deterministic_and_clips_do_not_mix(case, frames):
    model, layout, persons = case
    x = batch(layout, persons, frames)
    model.eval()
    with torch.no_grad():
        whole = model(x)
        torch.testing.assert_close(model(x), whole, rtol=0, atol=0)
        # untrained networks have features of up to ten thousand, and what is rounded is so in proportion
        small = 1e-5 * max(1., float(whole.abs().max()))
        torch.testing.assert_close(model(x[:CLIPS // 2]), whole[:CLIPS // 2], rtol=1e-4, atol=small)


@pytest.fixture(scope='module', params=CARD_OF)
def published(request):
    """(the card, its backbone with its classifiers, billions of multiply-adds for one clip of its shape)."""
    card = CARD_OF[request.param]
    backbone = MODELS.build(dict(type=card.backbone, **card.reference.arguments)).eval()
    inputs = [torch.randn(1, *card.reference.input_shape)]
    if card.reference.encoder:
        inputs = [MODELS.build(dict(card.reference.encoder)).draw(inputs[0] * 10 + 28)]
    if card.reference.images:  # three channels, and heatmaps or joints beside them; or further channels
        channels = card.reference.arguments.get('in_channels', 3)
        beside = inputs if card.reference.encoder else [joints[:, 0].flatten(2) for joints in inputs]
        inputs = [torch.randn(1, channels, *card.reference.images), *(beside if channels == 3 else ())]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        found = backbone(*inputs)
        classifiers = nn.ModuleList()
        for features in found if isinstance(found, tuple) else (found, ):
            features = features.mean((2, 3, 4) if card.reference.encoder or card.reference.images else (1, 3, 4))
            classifiers.append(nn.Linear(features.shape[1], card.reference.num_classes))
            classifiers[-1](features)
    return card, nn.ModuleList([backbone, classifiers]), counter.get_total_flops() / 2e9


def test_parameters_are_those_of_the_card(published):
    card, model, _ = published
    assert sum(p.numel() for p in model.parameters()) == card.reference.parameters


def test_multiply_adds_are_those_of_the_card_or_fewer(published):
    card, _, ours = published
    # exact rewrites may do with less; what FlopCounterMode does not know (sums, gathers) the cards leave out, too
    assert 0.5 < ours / card.reference.gmacs < 1.05, f'{ours:.2f} G, card: {card.reference.gmacs} G'
