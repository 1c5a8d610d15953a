"""A config takes layout, classes and persons from the data."""
from __future__ import annotations

from collections.abc import Collection

from mmskel.configuration.datasets import datasets_of
from mmskel.configuration.find import ConfigError
from mmskel.configuration.knobs import fill_knobs, fit_channels, places_of, set_knob
from mmskel.configuration.parts import arguments_of, coords_of, encoder_of
from mmskel.data.store import open_store
from mmskel.skeleton import LAYOUTS, get_layout


def fit_to_data(cfg, given: Collection[str] = ()) -> None:
    """Sets layout, classes, persons and channels of a config by what its annotation file holds.

    For configs that say ``fit_to_data = True`` (``configs/custom``): a data set of one's own needs no config of its
    own. The knobs ``layout``, ``num_classes`` and ``num_person`` are turned, see :mod:`mmskel.configuration.knobs`;
    there are at most as many persons as the config's ``max_person`` says (2 if it does not). Encoders with an argument
    ``with_score`` give x, y and confidence of 2-D clips to the network, x, y and z of 3-D ones, and the network's
    ``in_channels`` follow from the encoder. A file without splits will do where no labels are needed: all its clips are
    used.

    Args:
        cfg: The config.
        given: Knobs that stay as they are, since the user has set them.

    Raises:
        ConfigError: If no file is named, or it does not say its layout, mixes 2-D and 3-D, has no splits, or has clips
            of a number of coordinates that the recogniser does not take.
    """
    path = next(datasets_of(cfg)).get('ann_file')
    if not path:
        raise ConfigError(f"'{cfg.filename}' takes layout and classes from the data, and names none; give the "
                          'annotation file (data)')
    file = open_store(path)
    if not file.layout:
        raise ConfigError(f"'{path}' does not say its layout, and its joint count fits none; write it with "
                          f'`mmskel prepare ... --layout NAME`, one of {", ".join(sorted(LAYOUTS))}')
    coords = set(file.shapes[:, 3].tolist())
    if len(coords) != 1:
        raise ConfigError(f"'{path}' mixes clips of {' and '.join(map(str, sorted(coords)))} coordinates")
    if not file.split and not any(dataset.get('need_labels', True) for dataset in datasets_of(cfg)):
        set_knob(cfg, 'split', None)  # a pretraining learns from all clips, and its error is that of all of them
    elif not file.split:
        raise ConfigError(f"'{path}' has no splits; `mmskel prepare` writes them (a 'split' column, for your own data)")
    chosen = next(datasets_of(cfg)).get('classes')
    found = dict(layout=get_layout(file.layout).name, num_classes=len(chosen or file.class_names),
                 num_person=min(int(file.shapes[:, 0].max()), cfg.get('max_person', 2)))
    for name, value in found.items():
        if name not in given and any(True for _ in places_of(cfg, name)):
            set_knob(cfg, name, value)
    fill_knobs(cfg)
    _fit_encoder(cfg, coords.pop(), path)
    cfg.fit_to_data = False  # the config in the work dir says it all, without the file


def _fit_encoder(cfg, coords: int, path: str) -> None:
    encoder = encoder_of(cfg)
    if encoder is not None and 'with_score' in arguments_of(encoder).defaults:
        cfg.model.data_preprocessor.with_score = coords == 2
    fit_channels(cfg, coords)
    taken = coords_of(cfg, 'train_dataloader')
    if taken is not None and coords not in taken:
        raise ConfigError(f"'{path}' has clips of {coords} coordinates per joint, but the recogniser of "
                          f"'{cfg.filename}' takes {' or '.join(map(str, taken)) or 'none'}")
