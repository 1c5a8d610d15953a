"""Tensors out of a recogniser: features, pooled features, logits, and the one place that averages views.

Works with MMAction2's recognisers (2-D, 3-D, GCN and of several modalities) and anything derived from them. Nothing
about a recogniser is changed, so any of this may be called while it trains or is tested.

Symbols: N clips, R = N * views rows, K classes, D channels of the pooled features.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from mmaction.models.heads.base import BaseHead
from mmaction.models.recognizers.base import BaseRecognizer
from torch import Tensor, nn

from mmskel.files.errors import UserError

STAGES = ('features', 'pooled', 'logits')


class ClipScores(NamedTuple):
    """The joint result of several views of a clip.

    Attributes:
        probability: (N, K), as the head computes it in a test.
        logits: (N, K), the mean of the views' raw scores.
    """
    probability: Tensor
    logits: Tensor


def recognise(model: nn.Module, batch: Mapping[str, Any], stage: str = 'logits') -> Any:
    """The output of a recogniser for a batch, as tensors, one row per view; gradients are kept.

    The model runs as it is: call ``model.eval()`` first, and wrap the call in ``torch.inference_mode()`` if no
    gradient is needed.

    Args:
        model: Recogniser to run.
        batch: Collated batch as the pipeline packs it: ``inputs`` and ``data_samples``.
        stage: Stage to return. ``'features'``: the head's input, from backbone and neck, e.g. (R, M, C, T, V) of a
            graph network, or (R, C, T, H, W) of volumes; ``'pooled'``: (R, D), the input of the head's classifier,
            pathways side by side; ``'logits'``: (R, K), or by the heads' names if there are several (RGB and pose).

    Returns:
        A tensor; features of several pathways are a tuple, logits of several heads a dictionary. The rows of a clip's
        views follow each other: ``rows.unflatten(0, (N, -1))``.

    Raises:
        UserError: An unknown stage, or a recogniser or head that does not have it.

    Example:
        >>> rows = recognise(model, batch, 'pooled')  # doctest: +SKIP
        >>> pooled = rows.unflatten(0, (len(batch['data_samples']), -1)).mean(1)  # doctest: +SKIP
    """
    return network_output(model, model.data_preprocessor(batch, False)['inputs'], stage)


def network_output(model: nn.Module, inputs: Any, stage: str = 'logits') -> Any:
    """Like :func:`recognise`, for the encoder's output of a batch.

    Args:
        model: A recogniser.
        inputs: Input of the network; (N, views, ...), or a dictionary of such tensors.
        stage: See :func:`recognise`.
    """
    if stage not in STAGES:
        raise UserError(f"unknown stage '{stage}'; known: {', '.join(STAGES)}")
    if not isinstance(model, BaseRecognizer):
        raise UserError(f'a {type(model).__name__} is not a recogniser of MMAction2, so it has no stages to read from')
    features, arguments = model.extract_feat(inputs, test_mode=True)
    if stage == 'features':
        return features
    if not model.with_cls_head:
        raise UserError(f"the {type(model).__name__} has no head, so it has no '{stage}'; read its 'features'")
    if stage == 'pooled':
        return _pooled(model.cls_head, features, arguments)
    return model.cls_head(features, **arguments)


def pooled_and_logits(model: nn.Module, inputs: Any) -> tuple[Tensor, Tensor | None]:
    """The stages ``'pooled'`` and ``'logits'`` of :func:`network_output`, of one pass through the backbone.

    Args:
        model: A recogniser.
        inputs: See :func:`network_output`.

    Returns:
        (R, D), and (R, K) or None if the head has several outputs.
    """
    if not isinstance(model, BaseRecognizer) or not model.with_cls_head:
        return network_output(model, inputs, 'pooled'), None
    features, arguments = model.extract_feat(inputs, test_mode=True)
    logits = model.cls_head(features, **arguments)
    return _pooled(model.cls_head, features, arguments), logits if isinstance(logits, Tensor) else None


def predict_samples(model: nn.Module, batch: Mapping[str, Any]) -> Sequence:
    """The result of ``model.test_step``, with the scores of every clip stored in its sample.

    Args:
        model: A recogniser.
        batch: A collated batch.

    Returns:
        The data samples with everything the head writes and, in addition, ``probability`` (K,) and, if the head
        averages the views as MMAction2's base head does, ``logits`` (K,). Both are float32.

    Raises:
        UserError: A head with one prediction per pathway and no joint one.
    """
    if not _is_backbone_and_head(model):
        return [_noted(sample, sample.pred_score) for sample in model.test_step(batch)]
    data = model.data_preprocessor(batch, False)
    features, arguments = model.extract_feat(data['inputs'], test_mode=True)
    head = model.cls_head
    samples = head.predict(features, data['data_samples'], **arguments)
    views = head(features, **arguments)  # a second time, at almost no cost: a prediction has no raw scores
    if type(head).average_clip is not BaseHead.average_clip or not isinstance(views, Tensor):
        return [_noted(sample, sample.pred_score) for sample in samples]
    scores = average_views(views.unflatten(0, (len(samples), -1)), head.average_clips)
    return [_noted(*row) for row in zip(samples, scores.probability, scores.logits)]


def average_views(views: Tensor, average: str | None = 'prob') -> ClipScores:
    """One probability of several views of a clip.

    Args:
        views: (N, views, K) raw scores.
        average: Rule for averaging. ``'prob'`` or None: mean of the views' probabilities; ``'score'``: probabilities of
            the mean score. As MMAction2's heads call it.
    """
    views = views.float()
    logits = views.mean(1)
    return ClipScores(logits.softmax(-1) if average == 'score' else views.softmax(-1).mean(1), logits)


def _is_backbone_and_head(model: nn.Module) -> bool:
    """Whether a prediction is exactly the head's output for the features, with nothing before, between or after."""
    return (isinstance(model, BaseRecognizer) and type(model).predict is BaseRecognizer.predict
            and model.with_cls_head and isinstance(model.cls_head, BaseHead))


def _noted(sample: Any, probability: Any, logits: Tensor | None = None) -> Any:
    if isinstance(probability, Mapping):
        raise UserError(f'the head predicts {" and ".join(probability)} separately, and not jointly; use one '
                        'that fuses them, such as RGBPoseFusionHead')
    sample.set_field(probability.float(), 'probability')
    if logits is not None:
        sample.set_field(logits, 'logits')
    return sample


def _pooled(head: nn.Module, features: Any, arguments: Mapping[str, Any]) -> Tensor:
    """(R, D): the input of the linear layers that take ``head.in_channels``, in the order in which they are called.

    Heads pool in ways of their own (over persons, frames, pixels or segments), and none of them returns the result.
    """
    widths = head.in_channels if isinstance(head.in_channels, (tuple, list)) else [head.in_channels]
    seen: list[Tensor] = []
    handles = [layer.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
               for layer in head.modules() if isinstance(layer, nn.Linear)]
    try:
        head(features, **arguments)
    finally:
        for handle in handles:
            handle.remove()
    pooled = []
    for width in widths:
        found = next((i for i, one in enumerate(seen) if one.ndim == 2 and one.shape[1] == width), None)
        if found is None:
            raise UserError(f'{type(head).__name__} has no linear layer that takes {width} pooled channels, its '
                            "in_channels; read its 'features' instead")
        pooled.append(seen.pop(found))
    return torch.cat(pooled, 1)
