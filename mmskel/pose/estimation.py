"""Keypoints of persons: any mmpose top-down model, and any one-stage or bottom-up one, several frames at a time."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mmskel.files.devices import device_of
from mmskel.pose.detection import Boxes
from mmskel.pose.inference import BatchRunner, noise_picture, prepare
from mmskel.pose.loading import PoseModelError, find_model_config, is_lifter, load_weights, no_warnings
from mmskel.pose.poses import Poses
from mmskel.skeleton import ALIASES, LAYOUTS, Layout


class PoseEstimator:
    """An mmpose model.

    Args:
        config: A file, or ``'mmpose::...'``.
        weights: A file or a URL.
        device: ``'cpu'``, ``'cuda:0'``; default: a GPU if there is one.
        batch_size: Persons (top-down) or frames (one-stage) per pass; default: 8 on a CPU, 32 on a GPU.

    Attributes:
        layout: Layout of the joints that the model finds.
        needs_boxes: Whether the model is top-down; others find the persons themselves.

    Raises:
        PoseModelError: See :mod:`mmskel.pose.loading`.
    """

    def __init__(self, config: str | Path, weights: str, device: str | None = None,
                 batch_size: int | None = None):
        from mmengine.dataset import Compose
        from mmengine.registry import DefaultScope
        from mmpose.apis import init_model
        self.config, self.weights = str(config), str(weights)
        cfg = find_model_config(config, 'pose_config')
        if is_lifter(cfg):
            raise PoseModelError(f"pose_config='{config}' is a lifter, which reads joints, not images; give it to "
                                 'lift_config=...')
        with DefaultScope.overwrite_default_scope('mmpose'):
            with no_warnings():
                self.model = init_model(cfg, None, device=device_of(device))
            pipeline = Compose(cfg.test_dataloader.dataset.pipeline)
        meta = load_weights(self.model, self.weights, 'pose_weights')
        if 'keypoint_id2name' in meta.get('dataset_meta', {}):
            self.model.dataset_meta = meta['dataset_meta']
        self.needs_boxes = type(self.model).__name__ == 'TopdownPoseEstimator'
        self.layout = layout_of(self.model.dataset_meta)
        noise = noise_picture()
        whole = np.array([0, 0, *noise.shape[1::-1]], np.float32)
        sample = self._person(noise, whole) if self.needs_boxes else dict(img=noise)
        prepare(self.model, lambda: self._batch([sample], pipeline))
        self.run = BatchRunner(self.model, pipeline, self._batch, batch_size)

    def __call__(self, images: Sequence[np.ndarray], boxes: Sequence[Boxes] | None = None) -> list[Poses]:
        """The persons of several frames; persons of different frames share passes.

        Args:
            images: (H, W, 3) uint8 BGR.
            boxes: Boxes of each frame, for top-down models.
        """
        if not self.needs_boxes:
            return [self._found(one) for one in self.run([dict(img=image) for image in images])]
        if boxes is None or len(boxes) != len(images):
            raise PoseModelError(f"'{self.config}' is a top-down model: it needs the boxes of every frame")
        persons = [self._person(image, box) for image, found in zip(images, boxes) for box in found.boxes]
        results = iter(self.run(persons))
        return [self._of_boxes(found, [next(results) for _ in found.boxes]) for found in boxes]

    @staticmethod
    def _person(image: np.ndarray, box: np.ndarray) -> dict:
        return dict(img=image, bbox=box[None], bbox_score=np.ones(1, np.float32))

    def _batch(self, inputs: Sequence[dict], pipeline: Callable[[dict], dict]) -> dict[str, list]:
        from mmengine.dataset import pseudo_collate
        return pseudo_collate([pipeline(dict(one, **self.model.dataset_meta)) for one in inputs])

    def _of_boxes(self, found: Boxes, samples: list) -> Poses:
        joints = self.layout.num_joints
        keypoint = [np.asarray(s.pred_instances.keypoints, np.float32).reshape(joints, 2) for s in samples]
        score = [np.asarray(s.pred_instances.keypoint_scores, np.float32).reshape(joints) for s in samples]
        return Poses(found.boxes, found.scores, np.reshape(keypoint, (-1, joints, 2)).astype(np.float32),
                     np.reshape(score, (-1, joints)).astype(np.float32))

    def _found(self, sample) -> Poses:
        """A one-stage model's own persons; with boxes around the joints if it gives none."""
        found, joints = sample.pred_instances, self.layout.num_joints
        keypoint = np.asarray(found.keypoints, np.float32).reshape(-1, joints, 2)
        score = np.asarray(found.keypoint_scores, np.float32).reshape(-1, joints)
        if 'bboxes' in found:
            boxes = np.asarray(found.bboxes, np.float32).reshape(-1, 4)
        else:
            boxes = np.concatenate([keypoint.min(1), keypoint.max(1)], 1) if len(keypoint) else \
                np.zeros((0, 4), np.float32)
        box_scores = np.asarray(found.bbox_scores, np.float32).ravel() if 'bbox_scores' in found else score.mean(1)
        return Poses(boxes, box_scores, keypoint, score)


def layout_of(dataset_meta: dict) -> Layout:
    """The layout of an mmpose model: ours if joints and their order are the same, else one made from its data set.

    Also ours if the data set is known by name but names joints differently: Human3.6M's ``right_foot`` is an ankle.
    """
    names = tuple(dataset_meta['keypoint_id2name'][i] for i in range(len(dataset_meta['keypoint_id2name'])))
    for layout in LAYOUTS.values():
        if layout.joints == names:
            return layout
    known = LAYOUTS.get(ALIASES.get(dataset_meta.get('dataset_name', ''), ''))
    if known and known.num_joints == len(names):
        return known
    upper = set(dataset_meta.get('upper_body_ids', ()))
    swap = {a: b for pair in dataset_meta.get('flip_pairs', ()) for a, b in (pair, pair[::-1])}
    joints = {i: dict(id=i, name=name, type='upper' if i in upper else 'lower',
                      swap=names[swap[i]] if i in swap else '') for i, name in enumerate(names)}
    links = {i: dict(link=(names[a], names[b])) for i, (a, b) in enumerate(dataset_meta.get('skeleton_links', ()))}
    return Layout.from_mmpose(dict(dataset_name=dataset_meta.get('dataset_name', 'custom'), keypoint_info=joints,
                                   skeleton_info=links))
