"""The gate and the figures of zero-shot recognition."""
import numpy as np
import pytest
from parity import load

from mmskel.evaluation.zero_shot import (
    Gate,
    GateSearch,
    evaluate_gate,
    fit_gate,
    gate_features,
    harmonic_mean,
    seen_scores,
    zero_shot_accuracy,
)


def golden():
    return {key[3:]: value for key, value in load('sa_dvae_gating')[1].items() if key.startswith('in_')}


def test_accuracy_is_per_clip_among_sorted_unseen_classes():
    scores = np.eye(3)[[0, 0, 1, 2, 2]]
    assert zero_shot_accuracy(scores, [2, 5, 5, 9, 2], [9, 2, 5]) == 3 / 5
    with pytest.raises(ValueError, match=r'unseen classes \[2, 5, 9\]; found \[4\]'):
        zero_shot_accuracy(scores[:1], [4], [9, 2, 5])
    with pytest.raises(ValueError, match='no clip'):
        zero_shot_accuracy(scores[:0], [], [9, 2, 5])
    assert harmonic_mean(0.5, 0.25) == pytest.approx(1 / 3) and harmonic_mean(0, 0) == 0


def test_gate_looks_at_the_highest_scores_of_both():
    found = gate_features(np.array([[.1, .6, .3]]), np.array([[.2, .1, .5, .2]]), 2)
    np.testing.assert_allclose(found, [[.6, .3, .5, .2]])
    with pytest.raises(ValueError, match='the 4 highest .* 3 and 4 classes'):
        gate_features(np.ones((1, 3)), np.ones((1, 4)), 4)
    soft = seen_scores(np.array([[900., 0.]], np.float32), 1)  # beyond what a float32's exponential holds
    np.testing.assert_allclose(soft, [[1, 0]])


def test_fit_is_scikit_learns_up_to_where_it_stops():
    linear = pytest.importorskip('sklearn.linear_model')
    g = golden()
    unseen = gate_features(g['unseen_zs'], seen_scores(g['unseen_logits'], 1), 5)
    seen = gate_features(g['seen_zs'], seen_scores(g['seen_logits'], 1), 5)
    gate, held = fit_gate(unseen, seen, np.arange(15), np.arange(15))
    x, y = np.concatenate([unseen[15:], seen[15:]]), np.repeat((0, 1), (75, 115))
    model = linear.LogisticRegression(C=2, tol=1e-8, max_iter=10_000).fit(x, y)
    np.testing.assert_allclose(gate.probabilities(held), model.predict_proba(held), atol=2e-3)


def test_published_threshold_and_the_consistent_one():
    probabilities = np.array([[0.5, 0.5], [0.55, 0.45], [0.6, 0.4]])
    gate = Gate(np.zeros(10), 0., 1, 0.42, 0.9)
    # chosen so that above 0.42 is unseen; the published evaluation asks whether 1 - p is above it
    assert gate.takes_as_seen(probabilities).tolist() == [True, True, False]
    consistent = Gate(np.zeros(10), 0., 1, 0.42, 0.9, consistent=True)
    assert consistent.takes_as_seen(probabilities).tolist() == [False, False, False]
    half = [Gate(np.zeros(10), 0., 1, 0.5, 0.9, consistent=c).takes_as_seen(probabilities[1:]) for c in (False, True)]
    assert np.array_equal(*half)
    g, accuracies = golden(), []
    for consistent in (False, True):
        gate = GateSearch(consistent=consistent).run(g['unseen_zs'], g['unseen_logits'], g['seen_zs'], g['seen_logits'], 5)
        result = evaluate_gate(gate, g['test_zs'], g['test_logits'], g['test_label'], g['unseen_classes'], g['seen_classes'])
        accuracies.append((result.seen, result.unseen))
    assert accuracies[0][0] > accuracies[1][0] and accuracies[0][1] < accuracies[1][1]


def test_logits_of_seen_classes_alone_are_as_good():
    g = golden()
    gate = Gate(np.linspace(-1, 1, 10), 0.1, 2, 0.5, 0.9)
    seen = np.sort(g['seen_classes'])
    wide = np.full_like(g['test_logits'], -1e4)
    wide[:, seen] = g['test_logits'][:, seen]
    arguments = g['test_label'], g['unseen_classes'], g['seen_classes']
    whole = evaluate_gate(gate, g['test_zs'], wide, *arguments)
    part = evaluate_gate(gate, g['test_zs'], g['test_logits'][:, seen], *arguments)
    np.testing.assert_array_equal(whole.predictions, part.predictions)
    only_seen = evaluate_gate(gate, g['test_zs'][:3], wide[:3], [seen[0]] * 3, *arguments[1:])
    assert np.isnan(only_seen.unseen) and np.isnan(only_seen.harmonic)


def test_too_few_validation_clips():
    with pytest.raises(ValueError, match='5 unseen and 9 seen validation clips; .* at least 6'):
        GateSearch().run(np.ones((5, 2)), np.ones((5, 4)), np.ones((9, 2)), np.ones((9, 4)), 2)
