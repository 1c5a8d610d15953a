"""SA-DVAE and the linear map: what they learn, their schedules, and that one interface fits both."""
import copy
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from reference.sa_dvae import SADVAEReference

from mmskel.interop.sa_dvae import SA_DVAE, WithClassifier
from mmskel.models.zero_shot import (
    SADVAE,
    LinearAligner,
    LinearTraining,
    SADVAETraining,
    ZeroShotError,
    build_aligner,
    load_aligner,
    save_aligner,
)
from mmskel.models.zero_shot.sa_dvae import LatentClassifier
from mmskel.models.zero_shot.sa_dvae_training import GeneratorNoise, loss_weights

ALIGNERS = {
    'SADVAE': (lambda d, e: SADVAE(d, e, 8, 2), SADVAETraining(cycles=4, lr=3e-3, min_steps=150)),
    'LinearAligner': (LinearAligner, LinearTraining(cycles=2, steps_per_cycle=150)),
}


def world(seen=12, unseen=4, clips=30, seed=0, text_dim=10, feature_dim=16):
    """Classes with a text each; a clip is a linear image of its class's text, a style and a little noise; >= 0."""
    rng = np.random.default_rng(seed)
    texts = rng.standard_normal((seen + unseen, text_dim))
    texts = np.abs(texts) / np.linalg.norm(texts, axis=1, keepdims=True)
    to_clip, to_style = rng.standard_normal((text_dim, feature_dim)), rng.standard_normal((3, feature_dim))
    labels = np.repeat(np.arange(seen + unseen), clips)
    features = texts[labels] @ to_clip + 0.2 * rng.standard_normal((len(labels), 3)) @ to_style + 1
    features = np.maximum(features, 0)
    return *(torch.tensor(x, dtype=torch.float32) for x in (features, texts)), torch.tensor(labels), seen


@cache
def trained(name, seed=5, run=0, cycles=None):
    """An aligner trained on the seen classes; ``run`` distinguishes two of the same seeds."""
    features, texts, labels, seen = world()
    build, training = ALIGNERS[name]
    training = training if cycles is None else replace(training, cycles=cycles)
    torch.manual_seed(0)
    aligner = build(features.shape[1], texts.shape[1])
    known = labels < seen
    cycles = list(aligner.training_cycles(features[known], labels[known], texts, training, seed))
    assert cycles == list(range(training.cycles))
    return aligner


@pytest.mark.parametrize('name', ALIGNERS)
def test_unseen_classes_are_recognised_by_their_texts(name):
    features, texts, labels, seen = world()
    unseen = labels >= seen
    aligner = trained(name)
    scores = aligner.scores(features[unseen], texts[seen:])
    assert scores.shape == (120, 4) and torch.allclose(scores.sum(1), torch.ones(120))
    accuracy = float((scores.argmax(1) + seen == labels[unseen]).float().mean())
    assert accuracy > dict(SADVAE=0.35, LinearAligner=0.7)[name], 'chance is 0.25'
    if name == 'LinearAligner':  # SA-DVAE trains a classifier from random weights, whose ReLUs may die
        order = torch.tensor([2, 0, 3, 1])
        torch.testing.assert_close(aligner.scores(features[unseen], texts[seen:][order]), scores[:, order])


@pytest.mark.parametrize('name', ALIGNERS)
def test_a_run_is_a_function_of_its_seed(name):
    features, texts, *_ = world()
    first, again, other = (trained(name, seed, run, cycles=1).scores(features, texts) for seed, run in ((5, 0), (5, 1), (6, 0)))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_loop_agrees_with_the_plain_transcription():
    features, texts, labels, seen = world(seen=6, unseen=2, clips=7)
    torch.manual_seed(1)
    plain = SADVAEReference(16, 10, 8, 4)
    arguments = dict(vis_emb_input_size=16, text_emb_input_size=10, latent_size=8, i_latent_size=4, ss=2)
    both = WithClassifier(arguments)
    state = {**plain.state_dict(), 'clf.model.0.weight': both.classifier.fc.weight, 'clf.model.0.bias': both.classifier.fc.bias}
    both.load_state_dict(SA_DVAE.convert(state, both))
    training = SADVAETraining(cycles=4, batch_size=5, lr=1e-2, discriminator_every=3, min_steps=15)
    list(both.aligner.training_cycles(features, labels, texts, training, seed=3))
    noise = GeneratorNoise(3)

    class Batches(list):
        """56 clips in batches of 5, twice: the permutations are drawn when their pass begins."""

        def __len__(self):
            return 24

        def __iter__(self):
            for _ in range(2):
                for rows in noise.permutation(56).split(5):
                    yield features[rows], texts[labels[rows]]
    plain.train_cycles(lambda cycle: Batches(), 4, 1e-2, 3, noise)
    ours = both.aligner
    torch.testing.assert_close(ours.skeleton_encoder.weight, torch.stack([plain.se[k][0].weight for k in ('mu', 'logvar')]),
                               rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.text_decoder.weight, plain.td['model'][0].weight, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.discriminator.hidden.weight, plain.dis['net'][0].weight, rtol=1e-4, atol=1e-5)


def test_schedules():
    n = 1700  # the length that the published numbers are written for
    assert loss_weights(1000, n, 9) == (0, 0, 0) and loss_weights(1001, n, 0).skeleton == pytest.approx(0.1 / 3000)
    assert loss_weights(1699, n, 5).skeleton == pytest.approx(0.0233, abs=1e-4)
    assert loss_weights(1699, n, 5).text == pytest.approx(0.0113, abs=1e-4)
    assert loss_weights(1699, n, 1).text == 0 and loss_weights(1699, n, 2).text > 0
    assert [loss_weights(i, n, 0).alignment for i in (1360, 1361)] == [0, 1]
    assert loss_weights(566, n, 0, (1, 2))[:2] == (0, 0)
    assert loss_weights(1699, n, 0, (1, 2))[:2] == pytest.approx((1, 2), abs=2e-3)


def test_classifier_of_unseen_classes_leaves_the_aligner_alone():
    aligner = trained('SADVAE')
    before, state = copy.deepcopy(aligner.state_dict()), torch.get_rng_state()
    scorer = aligner.class_scorer(world()[1][:3], seed=5)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[key]) for key, value in aligner.state_dict().items())
    assert not any(p.grad is not None for p in LatentClassifier(aligner, 3).parameters())
    assert (scorer(world()[0]) >= 0).all(), 'published: a ReLU ends it'


def test_files(tmp_path):
    aligner = trained('LinearAligner')
    config = dict(type='LinearAligner', skeleton_channels=16, text_channels=10)
    save_aligner(tmp_path / 'a.pth', aligner, config, dict(class_names=['x']), torch.ones(1, 10))
    back, meta, texts = load_aligner(tmp_path / 'a.pth')
    features, others, *_ = world()
    assert torch.equal(back.scores(features, others), aligner.scores(features, others))
    assert meta['class_names'] == ['x'] and texts.shape == (1, 10)
    with pytest.raises(ZeroShotError, match="no file 'nowhere.pth'"):
        load_aligner('nowhere.pth')
    torch.save(dict(state_dict={}), tmp_path / 'b.pth')
    with pytest.raises(ZeroShotError, match='b.pth.*not an aligner'):
        load_aligner(tmp_path / 'b.pth')
    (tmp_path / 'c.pth').write_text('x')
    with pytest.raises(ZeroShotError, match='c.pth.*read safely'):
        load_aligner(tmp_path / 'c.pth')


@pytest.mark.parametrize('name', ALIGNERS)
def test_arrays_that_do_not_belong_together(name):
    features, texts, labels, _ = world()
    build, training = ALIGNERS[name]
    aligner = build(16, 10)

    def fails(match, **changed):
        arrays = dict(features=features, labels=labels, texts=texts) | changed
        with pytest.raises(ZeroShotError, match=match):
            list(aligner.training_cycles(**arrays, training=training, seed=0))
    fails(r'clip features of shape \(480, 15\); this aligner takes \(n, 16\)', features=features[:, 1:])
    fails(r'class embeddings of shape \(16, 9\).*use the text encoder', texts=texts[:, 1:])
    fails('labels reach from 0 to 15, but there are texts of 4 classes', texts=texts[:4])
    fails('480 features with 479 labels', labels=labels[1:])
    broken = features.clone()
    broken[7, 3] = float('nan')
    fails('clip features: row 7 has numbers that are not finite', features=broken)
    with pytest.raises(ZeroShotError, match="'ResNet' is not an aligner; known: .*LinearAligner"):
        build_aligner(dict(type='ResNet'))
    with pytest.raises(ZeroShotError, match='batch_size must be at least 1, not 0'):
        SADVAETraining(batch_size=0)
