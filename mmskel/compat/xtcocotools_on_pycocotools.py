"""The part of xtcocotools that mmpose uses, on top of pycocotools.

Stands in for ``xtcocotools`` and its modules ``coco``, ``cocoeval`` and ``mask`` if the package is
absent. Equal to the original for ``iouType`` keypoints, bbox and segm.
"""
from __future__ import annotations

from collections import defaultdict

import numpy as np
from pycocotools import coco as _coco
from pycocotools import cocoeval as _cocoeval
from pycocotools.mask import area, decode, encode, frPyObjects, iou, merge, toBbox

__all__ = [
    'COCO', 'COCOeval', 'area', 'decode', 'encode', 'frPyObjects', 'iou', 'merge', 'toBbox'
]


class COCO(_coco.COCO):
    """COCO annotations, optionally reduced to some keypoints.

    Args:
        annotation_file: Path of a COCO json file.
        test_index: Indices of the keypoints to keep of each annotation, all if None.
        ann_data: Content of the file, if it was read before.
    """

    def __init__(self, annotation_file: str | None = None, test_index=None,
                 ann_data: dict | None = None) -> None:
        super().__init__(annotation_file if ann_data is None else None)
        if ann_data is not None:
            self.dataset = ann_data
            self.createIndex()
        self.anno_file, self.test_index = [annotation_file], test_index
        for ann in self.dataset.get('annotations', ()):
            ann.setdefault('iscrowd', False)
            if test_index is not None:
                keypoints = np.reshape(ann['keypoints'], (-1, 3))[test_index]
                ann['keypoints'] = keypoints.reshape(-1).tolist()


class COCOeval(_cocoeval.COCOeval):
    """COCO evaluation with free keypoint sigmas.

    Args:
        cocoGt: Ground truth.
        cocoDt: Results, from ``cocoGt.loadRes``.
        iouType: 'keypoints', 'bbox' or 'segm'.
        sigmas: ``(V,)`` standard deviations of the keypoints, COCO's 17 if None.
        use_area: Whether the area is taken from the annotation instead of 0.53 of its box.

    Raises:
        NotImplementedError: ``iouType`` is one of the crowd and whole-body kinds.
    """

    def __init__(self, cocoGt=None, cocoDt=None, iouType: str = 'keypoints', sigmas=None,
                 use_area: bool = True) -> None:
        if iouType not in ('keypoints', 'bbox', 'segm'):
            raise NotImplementedError(
                f'{iouType!r} evaluation needs the real xtcocotools, which has wheels for '
                'Python <= 3.11 only; without it, only keypoints, bbox and segm are supported')
        super().__init__(cocoGt, cocoDt, iouType)
        if sigmas is not None:
            self.params.kpt_oks_sigmas = np.asarray(sigmas)
        self.use_area = use_area

    def _prepare(self) -> None:
        """Collect annotations per image and category, by the rules of xtcocotools."""
        poses, masks = self.params.iouType == 'keypoints', self.params.iouType == 'segm'
        self._gts, self._dts = defaultdict(list), defaultdict(list)
        for gt in self._annotations(self.cocoGt):
            # id + 1: pycocotools mistakes a match with id 0 for no match.
            gt = dict(gt, id=gt['id'] + 1)
            gt['ignore'] = bool(gt.get('iscrowd')) or (poses and not _has_visible(gt))
            if not self.use_area or 'area' not in gt:
                gt['area'] = gt['bbox'][2] * gt['bbox'][3] * 0.53
            if masks:
                gt['segmentation'] = self.cocoGt.annToRLE(gt)
            self._gts[gt['image_id'], gt['category_id']].append(gt)
        for dt in self._annotations(self.cocoDt):
            if masks:
                dt['segmentation'] = self.cocoDt.annToRLE(dt)
            if not poses or _has_visible(dt):
                self._dts[dt['image_id'], dt['category_id']].append(dt)
        self.evalImgs, self.eval = defaultdict(list), {}

    def _annotations(self, coco) -> list[dict]:
        params = self.params
        categories = params.catIds if params.useCats else []
        return coco.loadAnns(coco.getAnnIds(imgIds=params.imgIds, catIds=categories))


def _has_visible(ann: dict) -> bool:
    return bool((np.asarray(ann['keypoints'])[2::3] > 0).any())
