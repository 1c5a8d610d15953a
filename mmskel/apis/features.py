"""Features of a data set by clip id: what ``mmskel features`` does."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader, Dataset

from mmskel.apis.inferencer import SkeletonInferencer
from mmskel.configuration import ConfigError, dataset_of, load_config
from mmskel.data.annotation_file import AnnotationError
from mmskel.data.clip_pipeline import ClipPipeline
from mmskel.data.store import ClipStore, fingerprint, open_store, rows_of
from mmskel.evaluation.features import Features, features_path, save_features
from mmskel.models.recognizers import clip_features
from mmskel.version import __version__


def extract_features(config: str | Path | Config, checkpoint: str | Path, out: str | Path | None = None, *,
                     data: str | Path | None = None, split: str | None = None, stream: str | None = None,
                     device: str | None = None, progress: bool = True) -> Features:
    """The pooled features of every clip of an annotation file, which are the input of the recogniser's classifier, and
    its logits.

    Clips go through the config's test pipeline; features of several views are averaged. Classes play no part, so clips
    of classes that the recogniser never saw, and clips without a label, are welcome.

    Args:
        config: Config that the checkpoint was trained with: a path, one of mmskel's by name, or a config from
            :func:`~mmskel.configuration.load_config`, e.g. with ``videos``.
        checkpoint: Weights of the recogniser.
        out: File to write, ``.npz``, see :func:`~mmskel.evaluation.features.save_features`; None: nothing is written.
        data: Annotation file; default: the one that the config names.
        split: Split of the file, e.g. ``'xsub_train'``, or a protocol, ``'xsub'``, with all its parts; default: all
            clips.
        stream: Stream or member of the config; default: the config's own.
        device: ``'cpu'``, ``'cuda:0'``; default: a GPU if there is one.
        progress: Whether to show a progress bar.

    Returns:
        Features by clip id, in the order of the file.

    Raises:
        FeatureError, OutputError: A file that cannot be written.
        ValueError: A head without pooled features.
        ConfigError, CheckpointError: No such config, checkpoint or stream; ``data`` or ``stream`` beside a config that
            was loaded.
        AnnotationError, ClipError, LayoutError: A file, split or clip that cannot be used; the message names it.
    """
    if out is not None:
        features_path(out)
    if isinstance(config, Config) and (data or stream):
        raise ConfigError('data and stream are arguments of load_config; this config is loaded already')
    cfg = config if isinstance(config, Config) else load_config(
        str(config), data=None if data is None else str(data), stream=stream, fit=False)
    store = open_store(dataset_of(cfg, 'test_dataloader')['ann_file'])
    rows = _chosen(store, split)
    recogniser = SkeletonInferencer(cfg, checkpoint, device)
    pooled, logits = [], []
    for batch in _shown(_batches(store, rows, recogniser.pipeline, cfg.test_dataloader), progress):
        with torch.inference_mode():
            features, scores = clip_features(recogniser.model, batch)
        pooled.append(features.cpu().numpy())
        logits += [] if scores is None else [scores.cpu().numpy()]
    ids = [store.ids[row] for row in rows]
    known = set(ids)
    features = Features(ids, np.concatenate(pooled), store.labels[rows], list(store.class_names),
                        {name: kept for name, members in store.split.items()
                         if (kept := [one for one in members if one in known])},
                        _origin(cfg, checkpoint, store, recogniser), np.concatenate(logits) if logits else None)
    if out is not None:
        save_features(out, features)
    return features


def _chosen(store: ClipStore, split: str | None) -> np.ndarray:
    """The rows of a split, or of all parts of a protocol, in the order of the store."""
    parts = [f'{split}_{part}' for part in ('train', 'val', 'test') if f'{split}_{part}' in store.split]
    if split in store.split or not parts:
        rows = rows_of(store, split)
    else:
        rows = np.unique(np.concatenate([rows_of(store, part) for part in parts]))
    if not len(rows):
        raise AnnotationError(f"'{store.path}': split '{split}' holds no clip")
    return rows


class _Samples(Dataset):
    """Clips of a store through a test pipeline."""

    def __init__(self, store: ClipStore, rows: np.ndarray, pipeline: ClipPipeline):
        self.store, self.rows, self.pipeline = store, rows, pipeline
        self.with_score = bool(store.scored[rows].any())  # a batch cannot mix clips with and without

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        clip = self.pipeline.fitted(self.store.clip(int(self.rows[index])).check())
        return self.pipeline(clip, with_score=self.with_score)


def _batches(store: ClipStore, rows: np.ndarray, pipeline: ClipPipeline, loader: Mapping[str, Any]) -> DataLoader:
    return DataLoader(_Samples(store, rows, pipeline), loader.get('batch_size', 1),
                      num_workers=loader.get('num_workers', 0), collate_fn=pseudo_collate)


def _origin(cfg: Config, checkpoint: str | Path, store: ClipStore, recogniser: SkeletonInferencer) -> dict[str, Any]:
    trained = (dataset_of(cfg, 'train_dataloader') or {}).get('classes')
    said = {} if trained is None else dict(trained_classes=list(trained))
    return dict(model=type(recogniser.model.backbone).__name__, config=Path(cfg.filename or '').name,
                checkpoint=Path(checkpoint).name, stream=cfg.model.get('data_preprocessor', {}).get('stream', ''),
                data=Path(store.path).name, clips=fingerprint(store, np.arange(len(store))),
                layout=recogniser.layout or store.layout, mmskel_version=__version__, **said)


def _shown(batches: DataLoader, progress: bool) -> DataLoader:
    from tqdm import tqdm
    return tqdm(batches, 'features', unit='batch', disable=None if progress else True)
