"""Accuracies of single-label classification. ``n`` clips, ``K`` classes; NumPy in, numbers out."""
from __future__ import annotations

import numpy as np


def _checked(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores, labels = np.asarray(scores), np.asarray(labels)
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or not len(labels):
        raise ValueError(f'expected scores (n, K) and labels (n,) with n > 0; found {scores.shape} and {labels.shape}')
    if labels.min() < 0 or labels.max() >= scores.shape[1]:
        raise ValueError(f'labels reach from {labels.min()} to {labels.max()}, but there are {scores.shape[1]} classes')
    return scores, labels


def top_k_accuracy(scores: np.ndarray, labels: np.ndarray, k: int = 1) -> float:
    """Share of clips whose true class is among the k highest scores, in [0, 1].

    Ties are broken against the clip: a class counts only if fewer than k others score at least as high, so a
    constant output is no success.

    Args:
        scores: (n, K).
        labels: (n,) class indices.
        k: 1 <= k; k above K counts as K.
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
    """(K,) share of every class's clips that are recognised; NaN for classes without clips."""
    matrix = confusion_matrix(scores, labels)
    total = matrix.sum(1)
    return np.divide(matrix.diagonal(), total, out=np.full(len(total), np.nan), where=total > 0)


def mean_class_accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    """Mean of :func:`per_class_accuracy` over the classes that have clips, in [0, 1].

    Args:
        scores: (n, K).
        labels: (n,) class indices.
    """
    return float(np.nanmean(per_class_accuracy(scores, labels)))
