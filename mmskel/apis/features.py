"""Features of a data set by clip id: what ``mmskel features`` does."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader, Dataset

from mmskel.apis.inferencer import SkeletonInferencer
from mmskel.configuration import ConfigError, dataset_of, load_config
from mmskel.data.annotation_file import AnnotationError, AnnotationFile, clip_id, load_annotation_file
from mmskel.data.clip_pipeline import ClipPipeline
from mmskel.evaluation.features import FeatureError, Features, save_features
from mmskel.models.recognizers import pooled_features
from mmskel.skeleton import Clip
from mmskel.version import __version__


def extract_features(config: str | Path | Config, checkpoint: str | Path, out: str | Path | None = None, *,
                     data: str | Path | None = None, split: str | None = None, stream: str | None = None,
                     device: str | None = None, progress: bool = True) -> Features:
    """The pooled features of every clip of an annotation file: what the recogniser's classifier takes.

    Clips go through the config's test pipeline; features of several views are averaged. Classes play no part, so clips
    of classes that the recogniser never saw are welcome, and so are clips without a label.

    Args:
        config: The config that the checkpoint was trained with: a path, one of mmskel's by name, or a config from
            :func:`~mmskel.configuration.load_config`, e.g. with ``videos``.
        checkpoint: Its weights.
        out: ``.npz`` to write, see :func:`~mmskel.evaluation.features.save_features`; None: nothing is written.
        data: Annotation file; default: the one that the config names.
        split: Split of the file, e.g. ``'xsub_train'``, or a protocol, ``'xsub'``, with all its parts; default: all
            clips.
        stream: Stream or member of the config; default: the config's own.
        device: ``'cpu'``, ``'cuda:0'``; default: a GPU if there is one.
        progress: Whether to show a progress bar.

    Returns:
        Features by clip id, in the order of the file.

    Raises:
        FeatureError: A file that cannot be written.
        ValueError: A head without pooled features.
        ConfigError: No such config, checkpoint or stream; ``data`` or ``stream`` beside a config that was loaded.
        AnnotationError, ClipError, LayoutError: A file, split or clip that cannot be used; named.
    """
    if out is not None and Path(out).suffix.lower() != '.npz':
        raise FeatureError(f"'{out}': features are written as .npz")
    if isinstance(config, Config) and (data or stream):
        raise ConfigError('data and stream are arguments of load_config; this config is loaded already')
    cfg = config if isinstance(config, Config) else load_config(
        str(config), data=None if data is None else str(data), stream=stream, fit=False)
    file = load_annotation_file(dataset_of(cfg, 'test_dataloader')['ann_file'])
    items = _chosen(file, split)
    recogniser = SkeletonInferencer(cfg, checkpoint, device)
    ids, rows, labels = [], [], []
    batches = _batches(items, file, recogniser.pipeline, cfg.test_dataloader)
    for batch, batch_ids, batch_labels in _shown(batches, progress):
        with torch.inference_mode():
            rows.append(pooled_features(recogniser.model, batch).cpu().numpy())
        ids += batch_ids
        labels += batch_labels
    known = set(ids)
    features = Features(ids, np.concatenate(rows), np.array(labels), file.class_names,
                        {name: kept for name, members in file.split.items()
                         if (kept := [one for one in members if one in known])},
                        _origin(cfg, checkpoint, file, recogniser))
    if out is not None:
        save_features(out, features)
    return features


def _chosen(file: AnnotationFile, split: str | None) -> list[dict[str, Any]]:
    """The annotations of a split, or of all parts of a protocol, in the order of the file."""
    if split is None or split in file.split:
        return file.of(split)
    parts = [f'{split}_{part}' for part in ('train', 'val', 'test') if f'{split}_{part}' in file.split]
    if not parts:
        raise AnnotationError(f"'{file.path}' has no split '{split}', and none of its parts; it has: "
                              f'{", ".join(sorted(file.split)) or "none"}')
    wanted = {name for part in parts for name in file.split[part]}
    return [item for item in file.annotations if clip_id(item) in wanted]


class _Samples(Dataset):
    """The clips of a file through a test pipeline, with their ids and labels."""

    def __init__(self, items: Sequence[dict[str, Any]], layout: str, pipeline: ClipPipeline):
        self.items, self.layout, self.pipeline = items, layout, pipeline

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[dict[str, Any], str, int]:
        clip = Clip.from_annotation(self.items[index], self.layout).check()
        return self.pipeline(self.pipeline.fitted(clip)), clip.id, -1 if clip.label is None else clip.label


def _batches(items: Sequence[dict[str, Any]], file: AnnotationFile, pipeline: ClipPipeline, loader: Any) -> DataLoader:
    return DataLoader(_Samples(items, file.layout, pipeline), loader.get('batch_size', 1),
                      num_workers=loader.get('num_workers', 0), collate_fn=_collate)


def _collate(triples: Sequence[tuple[dict[str, Any], str, int]]) -> tuple[dict[str, Any], list[str], list[int]]:
    samples, ids, labels = zip(*triples)
    return pseudo_collate(samples), list(ids), list(labels)


def _origin(cfg: Config, checkpoint: str | Path, file: AnnotationFile, recogniser: SkeletonInferencer
            ) -> dict[str, Any]:
    return dict(model=type(recogniser.model.backbone).__name__, config=Path(cfg.filename or '').name,
                checkpoint=Path(checkpoint).name, stream=cfg.model.get('data_preprocessor', {}).get('stream', ''),
                data=Path(file.path).name, source=str(file.meta.get('source', '')),
                layout=recogniser.layout or file.layout, mmskel_version=__version__)


def _shown(batches: DataLoader, progress: bool) -> DataLoader:
    from tqdm import tqdm
    return tqdm(batches, 'features', unit='batch', disable=None if progress else True)
