"""Zero-shot evaluation: accuracy on unseen classes, and with a gate on seen and unseen ones together.

After S.-W. Li et al., ECCV 2024, arXiv 2407.13460 (section 3.4), who follow P. Gupta et al., "Syntactically Guided
Generative Embeddings for Zero-Shot Skeleton Action Recognition", ICIP 2021, arXiv 2101.11530.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

from mmskel.files.errors import UserError


class EvaluationError(UserError):
    """Scores and clips that cannot be evaluated together; the message says why."""


THRESHOLDS = tuple(percent / 100 for percent in range(25, 75))
TEMPERATURES = tuple(range(1, 10))
SMALLEST = 6
"""The smallest number of clips of either kind for a gate: a sixth is held out."""


def zero_shot_accuracy(scores: np.ndarray, labels: np.ndarray, unseen: Sequence[int]) -> float:
    """Share of unseen clips that are recognised among the unseen classes alone, in [0, 1].

    Args:
        scores: (n, U); column j belongs to the j-th smallest unseen class.
        labels: (n,) true classes.
        unseen: U class numbers.

    Raises:
        EvaluationError: If there are no clips, or some of another class.
    """
    labels, unseen = np.asarray(labels), np.sort(unseen)
    if not len(labels) or not np.isin(labels, unseen).all():
        raise EvaluationError(f'expected clips of the unseen classes {unseen.tolist()}; found '
                              f'{np.unique(labels).tolist() if len(labels) else "no clip"}')
    return float((unseen[np.argmax(scores, 1)] == labels).mean())


def harmonic_mean(seen: float, unseen: float) -> float:
    """2 s u / (s + u); 0 if both are."""
    return 2 * seen * unseen / (seen + unseen) if seen + unseen else 0.


def seen_scores(logits: np.ndarray, temperature: float) -> np.ndarray:
    """(n, W) raw scores of the skeleton classifier -> probabilities, softened by a temperature."""
    return softmax((np.asarray(logits, np.float64) + 1e-12) / temperature, 1)


def gate_features(unseen: np.ndarray, seen: np.ndarray, top: int) -> np.ndarray:
    """The features that the gate looks at: the highest scores of both classifiers.

    Args:
        unseen: (n, U) scores of the unseen classes.
        seen: (n, W) scores of the skeleton classifier.
        top: Number of scores taken from each.

    Returns:
        (n, 2 top), each half in descending order.

    Raises:
        EvaluationError: If there are fewer scores.
    """
    if min(unseen.shape[1], seen.shape[1]) < top:
        raise EvaluationError(f'the gate takes the {top} highest scores of both classifiers; they have '
                              f'{unseen.shape[1]} and {seen.shape[1]} classes')
    return np.concatenate([-np.sort(-half, 1)[:, :top] for half in (unseen, seen)], 1)


@dataclass(frozen=True)
class Gate:
    """Decides whether a clip's class was seen.

    Args:
        coefficients: (2 top,) of the features.
        intercept: Constant added to them; the class was seen with probability sigmoid of twice the sum.
        temperature: Divisor of the skeleton classifier's logits.
        threshold: Probability that decides between seen and unseen.
        accuracy: Accuracy on the held-out clips that chose temperature and threshold.
        consistent: Whether the threshold applies to the probability of unseen, as in the search; the published
            evaluation applies it to that of seen (docs/published/sa_dvae.md, D6).
    """
    coefficients: np.ndarray
    intercept: float
    temperature: float
    threshold: float
    accuracy: float
    consistent: bool = False

    @property
    def top(self) -> int:
        """The number of highest scores of each classifier it takes."""
        return len(self.coefficients) // 2

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """(n, 2 top) features -> (n, 2) probabilities of unseen and seen."""
        seen = expit(2 * (features @ self.coefficients + self.intercept))
        return np.stack([1 - seen, seen], 1)

    def takes_as_seen(self, probabilities: np.ndarray) -> np.ndarray:
        """(n, 2) probabilities -> (n,) whether the class is taken for a seen one."""
        unseen = probabilities[:, 0]
        return unseen <= self.threshold if self.consistent else 1 - unseen > self.threshold


def fit_gate(unseen: np.ndarray, seen: np.ndarray, held_unseen: np.ndarray, held_seen: np.ndarray,
             thresholds: Sequence[float] = THRESHOLDS, temperature: float = 1) -> tuple[Gate, np.ndarray]:
    """Fits the gate and chooses the threshold on held-out clips; the first of equally good ones.

    Args:
        unseen, seen: (n, 2 top) features of clips of either kind.
        held_unseen, held_seen: Rows of them that are held out.
        thresholds: Candidates.
        temperature: Temperature the features were computed with.

    Returns:
        The gate, and the features of the held-out clips, unseen ones first.
    """
    parts = [np.delete(part, rows, 0) for part, rows in ((unseen, held_unseen), (seen, held_seen))]
    x, y = np.concatenate(parts), np.repeat((0, 1), [len(part) for part in parts])
    coefficients, intercept = _logistic_regression(x, y)
    held = np.concatenate([unseen[held_unseen], seen[held_seen]])
    is_unseen = np.repeat((True, False), (len(held_unseen), len(held_seen)))
    gate = Gate(coefficients, intercept, temperature, thresholds[0], 0.)
    probability = gate.probabilities(held)[:, 0]
    for threshold in thresholds:
        accuracy = float(((probability > threshold) == is_unseen).mean())
        if accuracy > gate.accuracy:
            gate = replace(gate, threshold=threshold, accuracy=accuracy)
    return gate, held


def _logistic_regression(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """The second row of a two-class *multinomial* logistic regression, L2, C = 1.

    scikit-learn no longer fits two classes that way. Its ``LogisticRegression(C=2)`` has the same optimum, but the
    published fit stops before it, where probabilities differ by up to 1e-3; this stops where the published one did.
    """
    n, width = x.shape
    x, target = np.asarray(x, np.float64), np.eye(2)[y]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = np.split(flat.reshape(2, width + 1), [width], 1)
        logits = x @ weights.T + bias.T
        error = softmax(logits, 1) - target
        value = -(log_softmax(logits, 1) * target).sum() + 0.5 * (weights**2).sum()
        gradient = np.concatenate([error.T @ x + weights, error.sum(0)[:, None]], 1)
        return value / n, gradient.ravel() / n

    options = dict(maxiter=50_000, maxls=50, gtol=1e-4, ftol=64 * np.finfo(float).eps)
    found = minimize(loss, np.zeros(2 * (width + 1)), jac=True, method='L-BFGS-B', options=options).x
    return found[width + 1:-1], float(found[-1])


@dataclass(frozen=True)
class GateSearch:
    """The search for a gate.

    Args:
        temperatures, thresholds: Candidates; one of each if they are fixed.
        consistent: See :class:`Gate`.
        seed: Seed of the draw of clips that are left out and held out (NumPy's legacy generator, as published).
    """
    temperatures: Sequence[float] = TEMPERATURES
    thresholds: Sequence[float] = THRESHOLDS
    consistent: bool = False
    seed: int = 5

    def run(self, unseen_scores: np.ndarray, unseen_logits: np.ndarray, scores: np.ndarray, logits: np.ndarray,
            top: int) -> Gate:
        """The gate that is best on held-out clips; the first of equally good ones.

        Args:
            unseen_scores, unseen_logits: Clips of the validation classes, which play the unseen ones: scores of
                those classes (n, U), raw scores of the skeleton classifier (n, W).
            scores, logits: The same of clips of seen classes.
            top: Number of highest scores of either kind that the gate takes.

        Raises:
            EvaluationError: If there are fewer than :data:`SMALLEST` clips of either kind.
        """
        count = min(len(unseen_scores), len(scores))
        if count < SMALLEST:
            raise EvaluationError(f'{len(unseen_scores)} unseen and {len(scores)} seen validation clips; a gate '
                                  f'takes at least {SMALLEST} of each')
        random = np.random.RandomState(self.seed)
        picked = random.choice(len(scores), count, replace=False)
        scores, logits = scores[picked], logits[picked]
        best = None
        for temperature in self.temperatures:
            unseen = gate_features(unseen_scores, seen_scores(unseen_logits, temperature), top)
            seen = gate_features(scores, seen_scores(logits, temperature), top)
            held = [random.choice(len(part), min(300, len(part) // 6), replace=False) for part in (unseen, seen)]
            # the published code shuffles the other rows, which changes no sum, but does advance the generator
            random.shuffle(np.arange(len(unseen) + len(seen) - sum(map(len, held))))
            gate, _ = fit_gate(unseen, seen, *held, self.thresholds, temperature)
            if best is None or gate.accuracy > best.accuracy:
                best = gate
        return replace(best, consistent=self.consistent)


@dataclass(frozen=True)
class GeneralizedResult:
    """Seen and unseen classes together; accuracies are shares of the clips of either kind, in [0, 1].

    Args:
        seen, unseen: Accuracies; NaN where there is no such clip.
        harmonic: Their harmonic mean.
        gate: (n, 2) probabilities of unseen and seen.
        taken_as_seen: (n,) decision of the gate.
        predictions: (n,) classes.
    """
    seen: float
    unseen: float
    harmonic: float
    gate: np.ndarray
    taken_as_seen: np.ndarray
    predictions: np.ndarray


def evaluate_gate(gate: Gate, scores: np.ndarray, logits: np.ndarray, labels: np.ndarray, unseen: Sequence[int],
                  seen: Sequence[int]) -> GeneralizedResult:
    """Recognises clips of all classes: the gate chooses the classifier.

    Args:
        gate: Gate found by :class:`GateSearch`.
        scores: (n, U) scores of the unseen classes.
        logits: (n, W) raw scores of the skeleton classifier: of all classes, or of the seen ones in ascending order.
        labels: (n,) true classes.
        unseen, seen: Class numbers; the rest of the logits' columns is not used.
    """
    unseen, seen, labels = np.sort(unseen), np.sort(seen), np.asarray(labels)
    probabilities = seen_scores(logits, gate.temperature)
    opinion = gate.probabilities(gate_features(scores, probabilities, gate.top))
    as_seen = gate.takes_as_seen(opinion)
    columns = np.arange(len(seen)) if logits.shape[1] == len(seen) else seen
    predictions = np.where(as_seen, seen[probabilities[:, columns].argmax(1)], unseen[np.argmax(scores, 1)])
    right, is_seen = predictions == labels, np.isin(labels, seen)
    accuracies = [float(right[part].mean()) if part.any() else float('nan') for part in (is_seen, ~is_seen)]
    return GeneralizedResult(*accuracies, harmonic_mean(*accuracies), opinion, as_seen, predictions)
