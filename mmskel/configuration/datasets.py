"""The data sets of a config, below wrappers and in all loaders."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmskel.configuration.find import ConfigError

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def dataset_of(cfg, loader: str) -> dict[str, Any] | None:
    """The innermost data set config of a loader, below wrappers such as ``RepeatDataset``; None if it has none."""
    dataset = (cfg.get(loader) or {}).get('dataset')
    while dataset is not None and 'dataset' in dataset:
        dataset = dataset['dataset']
    return dataset


def datasets_of(cfg) -> Iterator[dict[str, Any]]:
    """The innermost data set configs of all loaders that a config has."""
    for loader in _LOADERS:
        dataset = dataset_of(cfg, loader)
        if dataset is not None:
            yield dataset


def set_videos(cfg, folder: str) -> None:
    """Tells every data set where the videos are.

    Raises:
        ConfigError: There is no such folder, or no pipeline that would look into it.
    """
    if not Path(folder).is_dir():
        raise ConfigError(f"--videos '{folder}': there is no such folder")
    datasets = list(datasets_of(cfg))
    if not any(step['type'] == 'LoadClipFrames' for dataset in datasets for step in dataset['pipeline']):
        raise ConfigError(f"--videos '{folder}': '{cfg.filename}' looks at skeletons alone; its pipelines have no "
                          'LoadClipFrames')
    for dataset in datasets:
        dataset['data_prefix'] = dict(video=folder)
