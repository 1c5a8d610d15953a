"""mmskel: skeleton-based action recognition for OpenMMLab.

Importing this repairs today's OpenMMLab stack (:mod:`mmskel.compat`) and tells MMAction2's registries where our
classes are; nothing heavy is imported until a registry is first used. A stock MMAction2 config gets everything with
``custom_imports = dict(imports=['mmskel'])``.
"""
from importlib import import_module

from mmskel import compat
from mmskel.version import __version__

__all__ = ['__version__']

# registry of mmaction.registry -> modules that register into it
_LOCATIONS = dict(
    MODELS=['mmskel.models'], DATASETS=['mmskel.data.dataset'],
    TRANSFORMS=['mmskel.data.transforms', 'mmskel.models.encoders'],
    DATA_SAMPLERS=['mmskel.data.class_sampler'],
    HOOKS=['mmskel.engine'], METRICS=['mmskel.engine'], OPTIM_WRAPPERS=['mmskel.engine'],
    LOOPS=['mmskel.engine'], RUNNERS=['mmskel.engine'])


def _register(registry_module) -> None:
    for name, locations in _LOCATIONS.items():
        registry = getattr(registry_module, name)
        registry._locations += [place for place in locations if place not in registry._locations]
        if registry._imported:  # it has been used before and will not look at its locations again
            for place in locations:
                import_module(place)


compat.install()
compat.after_import('mmaction.registry', _register)
