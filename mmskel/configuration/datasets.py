"""The data sets of a config, below wrappers and in all loaders."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def dataset_of(cfg, loader: str) -> dict[str, Any] | None:
    """The innermost data set config of a loader, below wrappers such as ``RepeatDataset``; None if it has none."""
    found = cfg.get(loader)
    dataset = found.get('dataset') if isinstance(found, Mapping) else None
    while dataset is not None and 'dataset' in dataset:
        dataset = dataset['dataset']
    return dataset


def datasets_of(cfg) -> Iterator[dict[str, Any]]:
    """The innermost data set configs of all of a config's loaders."""
    for loader in _LOADERS:
        dataset = dataset_of(cfg, loader)
        if dataset is not None:
            yield dataset
