"""Weights of the classes in the loss of any recogniser, given or counted from the training clips."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmskel.configuration.datasets import dataset_of
from mmskel.configuration.find import ConfigError
from mmskel.configuration.parts import arguments_of, class_of
from mmskel.data.store import open_store, rows_of, split_name


def set_class_weights(cfg) -> None:
    """Writes the config's ``class_weights`` into the loss of its head.

    ``class_weights`` is ``'balanced'``, which weights every class by the inverse of its number of training clips, with
    a mean of 1 over the clips, or a list of a number per class. The list replaces ``'balanced'``, so that the
    config in the work dir is complete without the data.

    Args:
        cfg: Config to change; one without ``class_weights`` stays as it is.

    Raises:
        ConfigError: If the head takes no weights, or they are not a positive number per class.
    """
    wanted = cfg.get('class_weights')
    if wanted is None:
        return
    head = cfg.model.get('cls_head') or {}
    cls = class_of('MODELS', head.get('type'))
    if cls is None or 'loss_cls' not in arguments_of(cls).defaults:
        raise ConfigError(f"'{cfg.filename}': class_weights need a head with an argument loss_cls; the head is "
                          f"{head.get('type', 'none')}")
    loss = dict(head.get('loss_cls') or dict(type='CrossEntropyLoss'))
    known = class_of('MODELS', loss.get('type'))
    if known is None or 'class_weight' not in arguments_of(known).defaults:
        raise ConfigError(f"'{cfg.filename}': class_weights need a loss with an argument class_weight; the loss is "
                          f"{loss.get('type')}")
    classes = head.get('num_classes')
    weights = balanced_weights(cfg, classes) if wanted == 'balanced' else wanted
    numbers = not isinstance(weights, str) and isinstance(weights, Sequence) and \
        all(isinstance(one, (int, float)) and 0 < one < float('inf') for one in weights)
    if not numbers or len(weights) != classes:
        raise ConfigError(f"class_weights={wanted!r}: expected 'balanced' or {classes} positive numbers, one per class")
    head['loss_cls'] = dict(loss, class_weight=[float(one) for one in weights])
    cfg.class_weights = head['loss_cls']['class_weight']


def balanced_weights(cfg, num_classes: int) -> list[float]:
    """Clips over classes and clips of the class, for every class of the training set.

    Raises:
        ConfigError: A class without a training clip.
    """
    dataset = dataset_of(cfg, 'train_dataloader') or {}
    store = open_store(dataset.get('ann_file'))
    labels = store.labels[rows_of(store, split_name(store, dataset.get('split'), dataset.get('part') or 'train'))]
    chosen = dataset.get('classes')
    counts = np.array([int((labels == one).sum()) for one in (chosen or range(num_classes))])
    if not counts.all():
        absent = int(np.flatnonzero(counts == 0)[0])
        raise ConfigError(f"class_weights='balanced': '{store.path}' has no training clip of class {absent}; give the "
                          'numbers, or choose the classes')
    return (counts.sum() / (len(counts) * counts)).round(6).tolist()
