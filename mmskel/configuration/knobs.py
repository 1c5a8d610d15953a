"""Knobs: one value at the top of a config, passed to every part that takes an argument of that name.

A config lists the names as its ``knobs`` (all of ours do, by ``_base_/loaders.py``) and gives values at its top::

    clip_len = 52
    num_person = 1

Where a part (a step of a pipeline, a data set, encoder, backbone or head) takes an argument of that name and its
dictionary does not state one, loading writes the value into it; a value that a part states itself stays. A value that
is given from outside, ``--cfg-options clip_len=32``, or read from the data (:func:`~mmskel.configuration.fit_to_data`),
replaces those as well. If an argument has another name, the part's class says so by its attribute ``knobs``.
"""
from __future__ import annotations

import ast
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mmskel.configuration.datasets import dataset_of
from mmskel.configuration.find import ConfigError
from mmskel.configuration.parts import (
    Part,
    arguments_of,
    backbone_arguments,
    build_encoder,
    class_of,
    encoder_of,
    parts_of,
    renamed_knobs,
)
from mmskel.skeleton import get_layout

# number of times clips are seen: only in training, a test sees every clip once
_TRAINING = ('repeat', )
# the layouts that MMAction2's graph networks know by name
_GRAPHS = dict(coco17='coco', ntu25='nturgb+d', openpose18='openpose')


class Place(NamedTuple):
    """The destination of a knob's value: a key of a dictionary in the config."""
    config: dict[str, Any]
    key: str
    of_graph: bool = False  # a layout as MMAction2's ``graph_cfg`` takes it

    def value(self, knob: Any) -> Any:
        """The value to write here for a knob's value."""
        return graph_layout(knob) if self.of_graph else knob


def graph_layout(layout: str) -> str | dict[str, Any]:
    """A layout as the ``graph_cfg`` of MMAction2's networks (AAGCN, STGCN) takes it: its name there, or its links."""
    table = get_layout(layout)
    return _GRAPHS.get(table.name) or dict(
        num_node=table.num_joints, inward=[list(edge) for edge in table.edges], center=table.centre)


def knobs_of(cfg) -> tuple[str, ...]:
    """The knobs that a config lists."""
    return tuple(cfg.get('knobs') or ())


def places_of(cfg, name: str) -> Iterator[Place]:
    """The arguments that a knob sets."""
    tests = [id(dataset_of(cfg, loader)) for loader in ('val_dataloader', 'test_dataloader')]
    for part in parts_of(cfg):
        if name not in _TRAINING or id(part.config) not in tests:
            yield from _places_in(part, name)


def _places_in(part: Part, name: str) -> Iterator[Place]:
    key = renamed_knobs(part.cls).get(name, name)
    taken = arguments_of(part.cls).defaults
    if key in taken:
        yield Place(part.config, key)
    elif name == 'layout' and 'graph_cfg' in taken:
        yield Place(part.config.setdefault('graph_cfg', {}), 'layout', of_graph=True)


def set_knob(cfg, name: str, value: Any) -> None:
    """Sets a knob: writes the value into every part that takes it, whatever the part states.

    The head's ``in_channels`` follow ``base_channels``, to which they are proportional in all networks that have it.

    Args:
        cfg: Config to change.
        name: Name of the knob, listed by the config or not.
        value: Value of the knob.

    Raises:
        ConfigError: If no part of the config takes it.
    """
    places = list(places_of(cfg, name))
    if not places:
        raise ConfigError(f"'{cfg.filename}': no part of the config takes '{name}', neither model nor data sets nor "
                          'steps of the pipelines')
    if name == 'base_channels':
        _scale_head(cfg, value)
    for place in places:
        place.config[place.key] = place.value(value)
    cfg[name] = value


def _scale_head(cfg, width: int) -> None:
    backbone, head = cfg.model.get('backbone') or {}, cfg.model.get('cls_head') or {}
    cls = class_of('MODELS', backbone.get('type'))
    before = backbone.get('base_channels', arguments_of(cls).defaults.get('base_channels') if cls else None)
    if isinstance(before, int) and isinstance(head.get('in_channels'), int):
        head['in_channels'] = head['in_channels'] * width // before


def fill_knobs(cfg, names: Collection[str] | None = None) -> None:
    """Writes the values at the config's top into the parts that take them and do not state their own.

    Args:
        cfg: Config to change.
        names: Knobs; default: those that the config lists.
    """
    for name in knobs_of(cfg) if names is None else names:
        if name not in cfg:
            continue
        places = list(places_of(cfg, name))
        for place in places:
            place.config.setdefault(place.key, place.value(cfg[name]))
        if places and not _reached(cfg, name) and name in _own_names(cfg):
            stated = ', '.join(sorted({str(place.config[place.key]) for place in places}))
            warnings.warn(f"'{cfg.filename}': {name} = {cfg[name]!r} changes nothing, since every part states a value "
                          f'of its own ({stated}); remove {name} from the parts', stacklevel=2)


def _own_names(cfg) -> set[str]:
    """Names that the config's own file assigns, not its base configs."""
    path = Path(cfg.filename or '')
    if path.suffix != '.py' or not path.is_file():
        return set()
    return {target.id for node in ast.parse(path.read_text()).body if isinstance(node, ast.Assign)
            for target in node.targets if isinstance(target, ast.Name)}


def _reached(cfg, name: str) -> bool:
    return any(place.config.get(place.key) == place.value(cfg[name]) for place in places_of(cfg, name))


def forget_idle_knobs(cfg) -> None:
    """Removes values from the config's top that its parts no longer have because options changed them individually."""
    for name in knobs_of(cfg):
        if name in cfg and any(True for _ in places_of(cfg, name)) and not _reached(cfg, name):
            cfg.pop(name)


def fit_channels(cfg, coords: int | None = None) -> None:
    """Gives the backbone the arguments that follow from its encoder, such as ``in_channels``.

    Args:
        cfg: Config to change.
        coords: Number of coordinates per joint that the encoder gets. None: the number that the encoder takes, if there
            is only one; otherwise nothing changes.
    """
    encoder = encoder_of(cfg)
    if encoder is None or not cfg.model.get('backbone'):
        return
    if len(encoder.coords) == 1:
        coords = encoder.coords[0]
    if coords is None:
        return
    backbone = cfg.model.backbone
    target = backbone.get(encoder.pathway) or backbone
    target.update(backbone_arguments(cfg, build_encoder(cfg), coords))
