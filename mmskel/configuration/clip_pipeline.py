"""The test pipeline of a config, for clips that do not belong to a data set."""
from __future__ import annotations

import copy

from mmskel.configuration.datasets import dataset_of
from mmskel.configuration.find import ConfigError
from mmskel.configuration.parts import coords_of
from mmskel.configuration.published import use_our_data
from mmskel.data.clip_pipeline import ClipPipeline


def pipeline_of(cfg) -> ClipPipeline:
    """The test pipeline of a recogniser, ours or MMAction2's.

    Args:
        cfg: Config of the recogniser.

    Raises:
        ConfigError: A config without a test pipeline.
    """
    cfg = copy.deepcopy(cfg)
    backbone = cfg.model.get('backbone', {})
    use_our_data(cfg, backbone.get('graph_cfg', {}).get('layout'))
    dataset = dataset_of(cfg, 'test_dataloader')
    if not dataset or 'pipeline' not in dataset:
        raise ConfigError(f"'{cfg.filename}': test_dataloader has no dataset with a pipeline")
    layout = dataset.get('layout') or backbone.get('graph_cfg', {}).get('layout')
    return ClipPipeline(list(dataset['pipeline']), layout, coords_of(cfg), backbone.get('num_person'),
                        (dataset.get('data_prefix') or {}).get('video', ''))
