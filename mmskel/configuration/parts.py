"""The parts of a config: their classes, the arguments those take, and the facts they declare."""
from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from mmskel.configuration.datasets import dataset_of, datasets_of

if TYPE_CHECKING:
    from mmskel.data.transforms import SkeletonTransform
    from mmskel.models.encoders import SkeletonEncoder


class Part(NamedTuple):
    """A dictionary of a config that becomes an object, and that object's class."""
    config: dict[str, Any]
    cls: type


class Arguments(NamedTuple):
    """The arguments of a constructor: names with their defaults (:attr:`inspect.Parameter.empty` for none)."""
    defaults: dict[str, Any]
    closed: bool  # False: **kwargs may take further, unknown names


def class_of(registry: str, name: Any) -> type | None:
    """The class that a config's ``type`` names.

    Args:
        registry: Name of one of MMAction2's registries, e.g. ``'MODELS'``.
        name: Value of ``type``: a name in the registry, or the class itself.

    Returns:
        The class; None if no installed package has it.
    """
    import mmaction.registry
    if not isinstance(name, str):
        return name if callable(name) else None
    try:
        return vars(mmaction.registry)[registry].get(name)
    except (ImportError, KeyError):  # of a package that is not installed
        return None


@lru_cache(maxsize=None)
def arguments_of(cls: type) -> Arguments:
    """The arguments of a class, including those of the classes that it passes ``**kwargs`` on to."""
    defaults: dict[str, Any] = {}
    chain = [c.__init__ for c in cls.__mro__ if '__init__' in vars(c)] if inspect.isclass(cls) else [cls]
    for place, function in enumerate(chain):
        try:
            parameters = list(inspect.signature(function).parameters.values())[inspect.isclass(cls):]
        except (TypeError, ValueError):  # written in C
            return Arguments(defaults, False)
        for one in parameters:
            if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY):
                defaults.setdefault(one.name, one.default)
        if not any(one.kind == one.VAR_KEYWORD for one in parameters):
            return Arguments(defaults, place == 0)
    return Arguments(defaults, False)


def renamed_knobs(cls: type) -> dict[str, str]:
    """Knob -> argument, where a class says by its attribute ``knobs`` that the names differ."""
    mro = cls.__mro__ if inspect.isclass(cls) else ()
    return next((vars(one)['knobs'] for one in mro if 'knobs' in vars(one)), {})


def encoder_of(cfg) -> type[SkeletonEncoder] | None:
    """The class of the model's encoder; None for a data preprocessor that is not a :class:`SkeletonEncoder`."""
    from mmskel.models.encoders import SkeletonEncoder
    name = (cfg.model.get('data_preprocessor') or {}).get('type')
    found = class_of('MODELS', name) if name else None
    return found if inspect.isclass(found) and issubclass(found, SkeletonEncoder) else None


def steps_of(pipeline: Sequence[Any]) -> Iterator[Part]:
    """The steps of a pipeline, including those inside other steps (``OneBranch``)."""
    for step in pipeline:
        if isinstance(step, Mapping):
            cls = class_of('TRANSFORMS', step['type']) if 'type' in step else None
            if cls is not None:
                yield Part(step, cls)
            yield from steps_of([value for value in step.values() if isinstance(value, (Mapping, list, tuple))])
        elif isinstance(step, (list, tuple)):
            yield from steps_of(step)


def parts_of(cfg) -> Iterator[Part]:
    """Model, encoder, backbone and heads, the data sets of all loaders, and the steps of their pipelines."""
    model = [cfg.model, *(part for part in cfg.model.values() if isinstance(part, Mapping))]
    for part in model:
        if cls := class_of('MODELS', part.get('type')):
            yield Part(part, cls)
    for dataset in datasets_of(cfg):
        if cls := class_of('DATASETS', dataset.get('type')):
            yield Part(dataset, cls)
        yield from steps_of(dataset.get('pipeline') or ())


def needs_video(cfg) -> bool:
    """Whether clips need the videos they came from, for the encoder or a step of the pipelines."""
    encoder = encoder_of(cfg)
    return bool(encoder and encoder.needs_video) or any(
        step.needs_video for dataset in datasets_of(cfg) for step in _steps_of_ours(dataset))


def is_step(cls: type) -> bool:
    """Whether a class is a :class:`~mmskel.data.transforms.SkeletonTransform`, which declares what it takes."""
    from mmskel.data.transforms import SkeletonTransform
    return inspect.isclass(cls) and issubclass(cls, SkeletonTransform)


def _steps_of_ours(dataset: Mapping[str, Any] | None) -> list[type[SkeletonTransform]]:
    return [cls for _, cls in steps_of((dataset or {}).get('pipeline') or ()) if is_step(cls)]


def coords_of(cfg, loader: str = 'test_dataloader') -> tuple[int, ...] | None:
    """The numbers of coordinates per joint, without the confidence, that clips of a recogniser may have.

    Encoder and network determine the final number; a step of the pipeline may take another one and convert it.

    Returns:
        () if no clips fit both; None if it is not stated, as in MMAction2's own configs.
    """
    taken = _coords_of_network(cfg)
    for step in reversed(_steps_of_ours(dataset_of(cfg, loader))):
        if step.makes_coords is not None:
            taken = step.coords if taken is None or step.makes_coords in taken else ()
        elif step.coords is not None:
            taken = step.coords if taken is None else tuple(c for c in taken if c in step.coords)
    return taken


def _coords_of_network(cfg) -> tuple[int, ...] | None:
    encoder = encoder_of(cfg)
    if encoder is None or len(encoder.coords) == 1:
        return encoder and encoder.coords
    built = build_encoder(cfg)
    backbone = cfg.model.get('backbone') or {}
    cls = class_of('MODELS', backbone.get('type'))
    defaults = arguments_of(cls).defaults if cls else {}
    return tuple(coords for coords in encoder.coords if all(
        backbone.get(name, defaults.get(name)) == value
        for name, value in backbone_arguments(cfg, built, coords).items()))


def build_encoder(cfg) -> SkeletonEncoder:
    """The model's encoder, built.

    Raises:
        ValueError: If its arguments are wrong.
    """
    from mmaction.registry import MODELS
    return MODELS.build(cfg.model.data_preprocessor)


def backbone_arguments(cfg, encoder: SkeletonEncoder, coords: int) -> dict[str, Any]:
    """The arguments of the backbone that follow from the encoder, as far as the backbone takes them."""
    wanted = encoder.backbone_arguments(coords)
    backbone = cfg.model.get('backbone') or {}
    if encoder.pathway in backbone:
        return {name: wanted[name] for name in ('in_channels', ) if name in wanted}
    cls = class_of('MODELS', backbone.get('type'))
    taken = arguments_of(cls).defaults if cls else {}
    if all(name in taken for name in wanted):
        return wanted
    # made for another network, whose in_channels mean something else: the tensor decides
    return {'in_channels': encoder.channels(coords)} if 'in_channels' in taken else {}
