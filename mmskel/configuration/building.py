"""Builds a config's network; a config without a valid one is the user's mistake, not the program's."""
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mmskel.configuration.find import ConfigError
from mmskel.files.errors import UserError
from mmskel.files.text import brief

if TYPE_CHECKING:
    from torch import nn

_PARTS = ('backbone', 'cls_head', 'data_preprocessor', 'neck')


def build_model(cfg) -> nn.Module:
    """The network of a config.

    Args:
        cfg: Config with ``model``.

    Raises:
        ConfigError: A type that is in no registry, an argument that its class does not take, or values that it refuses.
    """
    from mmaction.registry import MODELS
    try:
        model = MODELS.build(cfg.model)
    except UserError as error:
        raise ConfigError(f'{_name(cfg)}: {error}') from error
    except (TypeError, KeyError, AttributeError, ValueError, AssertionError, IndexError, RuntimeError,
            ZeroDivisionError) as error:
        said = (str(error.args[0] if error.args else error).strip().splitlines() or [''])[0][:300]
        raise ConfigError(f"{_name(cfg)}: its model cannot be built: {type(error).__name__}: {said}") from error
    model.cfg = cfg
    return model


def _name(cfg) -> str:
    return f"'{cfg.filename}'" if cfg.filename else 'the config'


def check_shape(cfg) -> None:
    """Refuses a config whose parts are not dictionaries of parts.

    Raises:
        ConfigError: A part of another kind; names the part, what it is and what it should be.
    """
    model, name = cfg.model, _name(cfg)
    parts = [('model', model), ('test_dataloader', cfg.test_dataloader)]
    if isinstance(model, Mapping):
        parts += [(f'model.{key}', model[key]) for key in _PARTS if model.get(key) is not None]
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        found = cfg.get(loader)
        if found is not None:
            parts.append((loader, found))
        if isinstance(found, Mapping) and found.get('dataset') is not None:
            parts.append((f'{loader}.dataset', found['dataset']))
            pipeline = found['dataset'].get('pipeline') if isinstance(found['dataset'], Mapping) else None
            if pipeline is not None and not isinstance(pipeline, (list, tuple)):
                raise ConfigError(f'{name}: {loader}.dataset.pipeline is {brief(pipeline)}; expected a list of steps')
            parts += [(f'{loader}.dataset.pipeline.{place}', step) for place, step in enumerate(pipeline or ())
                      if not callable(step)]
    for where, part in parts:
        if not isinstance(part, Mapping):
            raise ConfigError(f'{name}: {where} is {brief(part)}; expected a dictionary')
        if not where.endswith('dataloader') and not (isinstance(part.get('type'), str) or callable(part.get('type'))):
            raise ConfigError(f'{name}: {where} has the type {brief(part.get("type"))}; expected the name of a class')
