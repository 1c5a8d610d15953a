"""Accuracies of single-label classification. ``n`` clips, ``K`` classes; NumPy in, numbers out."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmskel.files.errors import UserError


def _checked(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores, labels = np.asarray(scores), np.asarray(labels)
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or not len(labels):
        raise UserError(f'expected scores (n, K) and labels (n,) with n > 0; found {scores.shape} and {labels.shape}')
    if not np.isfinite(scores).all():
        bad = ~np.isfinite(scores).all(1)
        raise UserError(f'the scores of {int(bad.sum())} of {len(scores)} clips are NaN or infinite (first: row '
                        f'{int(bad.argmax())}); such clips can be counted neither as right nor as wrong')
    if labels.min() < 0 or labels.max() >= scores.shape[1]:
        raise UserError(f'labels reach from {labels.min()} to {labels.max()}, but there are {scores.shape[1]} classes')
    return scores, labels


def top_k_accuracy(scores: np.ndarray, labels: np.ndarray, k: int = 1) -> float:
    """Share of clips whose true class is among the k highest scores, in [0, 1].

    Ties are broken against the clip: a class counts only if fewer than k others score at least as high, so a
    constant output is not rewarded.

    Args:
        scores: (n, K).
        labels: (n,) class indices.
        k: Number of top scores, at least 1; k above K counts as K.
    """
    scores, labels = _checked(scores, labels)
    own = scores[np.arange(len(labels)), labels][:, None]
    ahead = (scores >= own).sum(1) - 1
    return float((ahead < min(k, scores.shape[1])).mean())


def confusion_matrix(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(K, K) counts; row: true class, column: predicted class (highest score, first on ties)."""
    scores, labels = _checked(scores, labels)
    matrix = np.zeros((scores.shape[1], ) * 2, np.int64)
    np.add.at(matrix, (labels, scores.argmax(1)), 1)
    return matrix


def per_class_accuracy(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(K,) share of every class's clips that are classified correctly; NaN for classes without clips."""
    matrix = confusion_matrix(scores, labels)
    total = matrix.sum(1)
    return np.divide(matrix.diagonal(), total, out=np.full(len(total), np.nan), where=total > 0)


def merge_scores(scores: np.ndarray, labels: np.ndarray, classes: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Predictions of fine classes as predictions of coarser ones, for merged accuracies of a model of fine classes.

    The prediction becomes the coarse class of the highest fine score: every coarse class has the highest score of its
    members. (A model trained on coarse labels is something else: the reader's ``classes='six'`` for Volleyball.)

    Args:
        scores: (n, K).
        labels: (n,) fine classes.
        classes: K coarse classes, 0, 1, ...; Volleyball's six: ``MERGED_CLASS``.

    Returns:
        (n, coarse classes) scores, (n,) coarse labels; for the other functions here.

    Raises:
        UserError: If there are not K of them, or their numbering has a gap.
    """
    scores, labels = _checked(scores, labels)
    classes = np.asarray(classes)
    if classes.shape != scores.shape[1:] or set(classes.tolist()) != set(range(classes.max() + 1)):
        raise UserError(f'{classes.tolist()} does not say for each of {scores.shape[1]} classes which of the merged '
                        'ones, numbered from 0 without a gap, it becomes')
    merged = np.stack([scores[:, classes == k].max(1) for k in range(classes.max() + 1)], 1)
    return merged, classes[labels]


def mean_class_accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    """Mean of :func:`per_class_accuracy` over the classes that have clips, in [0, 1].

    Args:
        scores: (n, K).
        labels: (n,) class indices.
    """
    return float(np.nanmean(per_class_accuracy(scores, labels)))
