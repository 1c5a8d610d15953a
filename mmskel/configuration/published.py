"""MMAction2's own skeleton configs, made to take any clip and to be tested as ours are."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mmskel.configuration.datasets import datasets_of

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
# steps that only work on clips of so many coordinates
_COORDS = dict(PreNormalize2D=2, PoseCompact=2, GeneratePoseTarget=2, PreNormalize3D=3)


def unwrap_loaders(cfg) -> None:
    """Unwraps loaders that are a tuple of one dictionary: some of MMAction2's configs have a comma too many."""
    for name in _LOADERS:
        loader = cfg.get(name)
        if isinstance(loader, (tuple, list)) and len(loader) == 1 and isinstance(loader[0], Mapping):
            cfg[name] = loader[0]


def published_steps(pipeline: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The steps of a pipeline of MMAction2, preceded by the one that makes any clip one of its data sets'.

    ``DecompressPose``, which unpacks the annotations of Kinetics, is left out: clips are unpacked.

    Args:
        pipeline: Steps; those without a step that only fits 2-D or only 3-D clips are returned as they are.
    """
    steps = list(pipeline)
    coords = next((_COORDS[step['type']] for step in steps if step.get('type') in _COORDS), None)
    if coords is None or any(str(step.get('type')).startswith('PublishedClip') for step in steps):
        return steps
    squeeze = any(step['type'] == 'DecompressPose' and step.get('squeeze', True) for step in steps)
    first = dict(type='PublishedClip3D') if coords == 3 else dict(type='PublishedClip2D', squeeze=squeeze)
    return [first, *(step for step in steps if step['type'] != 'DecompressPose')]


def use_our_data(cfg, layout: str) -> None:
    """Makes a config of MMAction2 read data sets as ours do, and keep results by clip id.

    Annotation files of all kinds, layouts and splits then work as with a config of ours, and so do the report and
    fusion.

    Args:
        cfg: Config to change; one with data sets of ours is left alone.
        layout: Joint order that the network takes.
    """
    if not any(dataset.get('type') == 'PoseDataset' for dataset in datasets_of(cfg)):
        return
    for dataset in datasets_of(cfg):
        kept = {key: dataset[key] for key in ('ann_file', 'split', 'test_mode') if key in dataset}
        pipeline = published_steps(dataset['pipeline'])
        for step in pipeline:
            if step['type'] == 'PackActionInputs':
                step['meta_keys'] = ('frame_dir', )
        dataset.clear()
        dataset.update(kept, type='SkeletonDataset', layout=layout, pipeline=pipeline)
    cfg.val_evaluator = cfg.test_evaluator = [dict(type='SkeletonAccuracy')]
