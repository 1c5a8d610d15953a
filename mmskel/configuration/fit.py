"""A config takes layout, classes and persons from the data."""
from __future__ import annotations

import inspect

from mmskel.configuration.datasets import dataset_of, datasets_of
from mmskel.configuration.find import ConfigError
from mmskel.configuration.streams import _draws_volumes, fit_channels
from mmskel.data.store import open_store
from mmskel.skeleton import LAYOUTS, get_layout


def fit_to_data(cfg) -> None:
    """Sets layout, classes, persons and channels of a config by what its annotation file holds.

    For configs that say ``fit_to_data = True`` (``configs/custom``): a data set of one's own needs no config of its
    own. 2-D files give x, y and confidence to a graph network, 3-D ones x, y and z, of at most as many persons as the
    config's ``max_person`` says (2 if it does not); volumes have a channel per joint or limb and show everybody.

    Raises:
        ConfigError: If the file does not say its layout, mixes 2-D and 3-D, or has no splits.
    """
    path = next(datasets_of(cfg))['ann_file']
    file = open_store(path)
    if not file.layout:
        raise ConfigError(f"'{path}' does not say its layout, and its joint count fits none; write it with "
                          f'`mmskel prepare ... --layout NAME`, one of {", ".join(sorted(LAYOUTS))}')
    coords = set(file.shapes[:, 3].tolist())
    if len(coords) != 1:
        raise ConfigError(f"'{path}' mixes clips of {' and '.join(map(str, sorted(coords)))} coordinates")
    if not file.split:
        raise ConfigError(f"'{path}' has no splits; `mmskel prepare` writes them (a 'split' column, for your own data)")
    layout, classes = get_layout(file.layout).name, len(file.class_names)
    persons = min(int(file.shapes[:, 0].max()), cfg.get('max_person', 2))
    model = cfg.model
    model.data_preprocessor.layout = layout
    if _draws_volumes(cfg):
        fit_channels(cfg)
    else:
        model.backbone.layout, model.backbone.in_channels = layout, 3
    if _takes(model.backbone.type, 'num_person'):
        model.backbone.num_person = persons
    model.cls_head.num_classes = classes
    if 'with_score' in model.data_preprocessor:
        model.data_preprocessor.with_score = coords == {2}
    for dataset in datasets_of(cfg):
        dataset['layout'], dataset['num_classes'] = layout, classes
        for transform in dataset['pipeline']:
            for key, value in (('layout', layout), ('num_person', persons)):
                if key in transform:
                    transform[key] = value
    if 'test_pipeline' in cfg:  # which MMAction2's own inference reads
        cfg.test_pipeline = dataset_of(cfg, 'test_dataloader')['pipeline']
    cfg.fit_to_data = False  # the config in the work dir says it all, without the file


def _takes(backbone: str, argument: str) -> bool:
    from mmaction.registry import MODELS
    return argument in inspect.signature(MODELS.get(backbone)).parameters
