"""Scorers of classes: the recogniser's own head, or something that takes class names at the call.

A scorer is any callable with the attribute ``open_vocabulary`` and the signature of :class:`Scorer`;
:class:`~mmskel.apis.inferencer.SkeletonInferencer` takes one and needs nothing else from it.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from mmskel.models.recognizers.features import pooled_and_logits, predict_samples, recognise


class Scorer(Protocol):
    """Batches in, probabilities out.

    Attributes:
        open_vocabulary: Whether the caller names the classes. If not, they are the head's, and names are only
            labels for them.
    """
    open_vocabulary: bool

    def __call__(self, model: nn.Module, batch: Mapping[str, Any], class_names: Sequence[str]) -> Tensor:
        """(N, K) probabilities.

        Args:
            model: Recogniser in evaluation mode.
            batch: Collated batch of N clips, as the test pipeline packs them.
            class_names: Names of the K classes, in the order of the columns.
        """


class HeadScorer:
    """The recogniser's own head; its classes are those that it was trained for."""
    open_vocabulary = False

    def __call__(self, model: nn.Module, batch: Mapping[str, Any], class_names: Sequence[str]) -> Tensor:
        """(N, K) probabilities, those of a test."""
        return torch.stack([sample.probability for sample in predict_samples(model, batch)])


class FeatureScorer:
    """Any classes, by name: compares pooled features with names.

    Args:
        classify: Function of (N, D) float32 pooled features, averaged over the views of a clip, and K names, that
            returns (N, K) probabilities. It may cache its results for the names: successive calls have the same ones.

    Example:
        >>> scorer = FeatureScorer(zero_shot.probabilities)  # doctest: +SKIP
        >>> inferencer = SkeletonInferencer(config, checkpoint, scorer=scorer)  # doctest: +SKIP
        >>> inferencer('clip.mp4', classes=['wave', 'kick'])  # doctest: +SKIP
    """
    open_vocabulary = True

    def __init__(self, classify: Callable[[Tensor, Sequence[str]], Tensor]):
        self.classify = classify

    def __call__(self, model: nn.Module, batch: Mapping[str, Any], class_names: Sequence[str]) -> Tensor:
        """(N, K) probabilities."""
        return self.classify(pooled_features(model, batch), class_names)


def pooled_features(model: nn.Module, batch: Mapping[str, Any]) -> Tensor:
    """(N, D) float32: the pooled features of every clip, the mean over its views.

    Args:
        model: The recogniser.
        batch: A collated batch of N clips.
    """
    rows = recognise(model, batch, 'pooled').float()
    return rows.unflatten(0, (len(batch['data_samples']), -1)).mean(1)


def clip_features(model: nn.Module, batch: Mapping[str, Any]) -> tuple[Tensor, Tensor | None]:
    """Pooled features (N, D) and raw scores (N, K) of every clip, float32, the means over its views, in one pass.

    Args:
        model: The recogniser.
        batch: A collated batch of N clips.

    Returns:
        Features, and scores; None instead of the scores for a head with several outputs.
    """
    clips = len(batch['data_samples'])
    pooled, logits = pooled_and_logits(model, model.data_preprocessor(batch, False)['inputs'])
    return tuple(None if rows is None else rows.float().unflatten(0, (clips, -1)).mean(1) for rows in (pooled, logits))
