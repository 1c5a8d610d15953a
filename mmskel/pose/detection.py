"""Persons in frames: any mmdet detector, several frames at a time."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmskel.files.devices import device_of
from mmskel.pose.inference import BatchRunner, noise_picture, prepare
from mmskel.pose.loading import find_model_config, load_weights, no_warnings
from mmskel.pose.similarity import box_iou


@dataclass(frozen=True)
class Boxes:
    """The detections of one frame.

    Args:
        boxes: (n, 4) float32, left, top, right, bottom in pixels.
        scores: (n,) float32 in [0, 1], in descending order.
    """
    boxes: np.ndarray
    scores: np.ndarray


class Detections(NamedTuple):
    """All boxes of one frame: (n, 4), their scores (n,) and their classes (n,)."""
    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


class PersonDetector:
    """An mmdet detector for persons.

    Args:
        config: A file, or ``'mmpose::...'``, ``'mmdet::...'``.
        weights: A file or a URL.
        device: ``'cpu'``, ``'cuda:0'``; default: a GPU if there is one.
        classes: Class indices that count as persons.
        min_score: Lowest score of boxes to keep.
        max_overlap: Largest overlap (IoU) of two boxes; beyond it the lower-scoring one is dropped. None keeps what the
            model's own suppression left.
        batch_size: Frames per pass; default: 8 on a CPU, 32 on a GPU.
        kind: Kind of detector in messages, which name ``<kind>_config`` and ``<kind>_weights``.

    Attributes:
        class_names: Names of all its classes; () where neither weights nor config say.

    Raises:
        PoseModelError: See :mod:`mmskel.pose.loading`.
    """

    def __init__(self, config: str | Path, weights: str, device: str | None = None, classes: Sequence[int] = (0, ),
                 min_score: float = 0.3, max_overlap: float | None = None, batch_size: int | None = None,
                 kind: str = 'det'):
        from mmdet.apis import init_detector
        from mmdet.utils import get_test_pipeline_cfg
        from mmengine.dataset import Compose
        from mmengine.registry import DefaultScope
        self.config, self.weights = str(config), str(weights)
        self.classes, self.min_score, self.max_overlap = tuple(classes), min_score, max_overlap
        cfg = find_model_config(config, f'{kind}_config')
        with DefaultScope.overwrite_default_scope('mmdet'):
            with no_warnings():
                self.model = init_detector(cfg, None, device=device_of(device))
            pipeline = get_test_pipeline_cfg(cfg)
            pipeline[0].type = 'mmdet.LoadImageFromNDArray'
            pipeline = Compose(pipeline)
        self.class_names = _class_names(cfg, load_weights(self.model, self.weights, f'{kind}_weights'))
        prepare(self.model, lambda: _batch([noise_picture()], pipeline))
        self.run = BatchRunner(self.model, pipeline, _batch, batch_size)

    def __call__(self, images: Sequence[np.ndarray]) -> list[Boxes]:
        """The persons in each of several frames.

        Args:
            images: (H, W, 3) uint8 BGR, of any sizes.
        """
        return [self.pick(one) for one in self.detect(images)]

    def detect(self, images: Sequence[np.ndarray]) -> list[Detections]:
        """All classes that the detector knows, in each of several frames."""
        return [Detections(*(one.pred_instances[key].cpu().numpy() for key in ('bboxes', 'scores', 'labels')))
                for one in self.run(images)]

    def pick(self, found: Detections) -> Boxes:
        """The persons of a frame."""
        keep = np.isin(found.labels, self.classes) & (found.scores >= self.min_score)
        boxes, scores = found.boxes[keep].astype(np.float32), found.scores[keep].astype(np.float32)
        order = np.argsort(-scores, kind='stable')
        boxes, scores = boxes[order], scores[order]
        if self.max_overlap is not None:
            keep = _suppressed(boxes, self.max_overlap)
            boxes, scores = boxes[keep], scores[keep]
        return Boxes(boxes, scores)


def _class_names(cfg, meta: Mapping[str, Any]) -> tuple[str, ...]:
    """The class names of a detector, from its weights or else the data set of its config; () if neither has as many as
    its
    head."""
    from mmdet.registry import DATASETS
    dataset = cfg.test_dataloader.get('dataset', {})
    heads = [cfg.model.get('bbox_head'), cfg.model.get('roi_head', {}).get('bbox_head')]
    number = next((head['num_classes'] for head in heads if isinstance(head, Mapping) and 'num_classes' in head), None)
    for said in (meta.get('dataset_meta') or meta, dataset.get('metainfo') or {},
                 getattr(DATASETS.get(str(dataset.get('type', ''))), 'METAINFO', {})):
        names = {str(key).lower(): value for key, value in said.items()}.get('classes', ())
        names = (names, ) if isinstance(names, str) else tuple(names)
        if names and number in (None, len(names)):
            return names
    return ()


def _batch(images: Sequence[np.ndarray], pipeline: Callable[[dict], dict]) -> dict[str, list]:
    samples = [pipeline(dict(img=image, img_id=i)) for i, image in enumerate(images)]
    return dict(inputs=[s['inputs'] for s in samples], data_samples=[s['data_samples'] for s in samples])


def _suppressed(boxes: np.ndarray, max_overlap: float) -> list[int]:
    """The boxes, best first, that do not overlap a better one that is kept."""
    kept: list[int] = []
    overlap = box_iou(boxes, boxes)
    for i in range(len(boxes)):
        if not (overlap[i, kept] > max_overlap).any():
            kept.append(i)
    return kept
