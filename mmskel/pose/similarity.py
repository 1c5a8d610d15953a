"""The similarity of two persons in two frames: box IoU, object keypoint similarity, skeleton proportions.

The object keypoint similarity (OKS) is that of the COCO keypoint challenge (https://cocodataset.org/#keypoints-eval):
``mean_i exp(-d_i^2 / (2 s^2 (2 sigma_i)^2))`` over the joints both skeletons have; ``d_i`` distance of joint i in
pixels, ``s^2`` the person's area, ``sigma_i`` how much annotators disagree on the joint relative to ``s``.
"""
from __future__ import annotations

import numpy as np

from mmskel.skeleton.layout import Layout
from mmskel.skeleton.tables import get_layout

# COCO's published sigmas, by joint name without its side
COCO_SIGMAS = {'nose': 0.026, 'eye': 0.025, 'ear': 0.035, 'shoulder': 0.079, 'elbow': 0.072, 'wrist': 0.062,
               'hip': 0.107, 'knee': 0.087, 'ankle': 0.089}
DEFAULT_SIGMA = 0.067  # joints COCO has no number for: the mean of its 17
MIN_COMMON_JOINTS = 3  # fewer are not conclusive


def sigmas_of(layout: str | Layout) -> np.ndarray:
    """(V,) float64 sigmas of a layout's joints: COCO's where it has a joint of that name, else 0.067.

    For ``coco17`` these are the published 17 values. Hands are measured against the hand's own box, so COCO's value
    of the wrist of a body is not theirs: a layout without shoulders is uniform.
    """
    joints = get_layout(layout).joints
    if not any(joint.endswith('shoulder') for joint in joints):
        return np.full(len(joints), DEFAULT_SIGMA)
    words = [joint.removeprefix('left_').removeprefix('right_') for joint in joints]
    return np.array([COCO_SIGMAS.get(word, DEFAULT_SIGMA) for word in words])


def box_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Boxes (n, 4) and (m, 4) x1, y1, x2, y2 -> (n, m) intersection over union in [0, 1]; empty boxes have 0."""
    a, b = np.asarray(a, float)[:, None], np.asarray(b, float)[None]
    sides = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None)
    common = sides.prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def keypoint_similarity(a: np.ndarray, b: np.ndarray, seen_a: np.ndarray, seen_b: np.ndarray, area: np.ndarray,
                        sigmas: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """OKS of all pairs, over the joints seen in both.

    Args:
        a: (n, V, 2) pixels.
        b: (m, V, 2) pixels.
        seen_a: (n, V) bool.
        seen_b: (m, V) bool.
        area: (n, m) s^2, square pixels.
        sigmas: (V,), or one for all.

    Returns:
        (n, m) OKS in [0, 1], and (n, m) bool: whether at least three joints were common; OKS is 0 where not.
    """
    common = seen_a[:, None] & seen_b[None]
    scale = 2 * area[..., None] * (2 * np.asarray(sigmas))**2
    squared = ((np.asarray(a, float)[:, None] - np.asarray(b, float)[None])**2).sum(-1)
    near = np.exp(-squared / np.maximum(scale, 1e-9))
    count = common.sum(-1)
    valid = count >= MIN_COMMON_JOINTS
    oks = np.divide((near * common).sum(-1), count, out=np.zeros(count.shape), where=valid)
    return oks, valid


def log_bone_lengths(keypoints: np.ndarray, seen: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """(n, V, 2) pixels, (n, V) bool, (B, 2) joint pairs -> (n, B) natural logarithms of lengths; NaN if not seen."""
    child, parent = edges[:, 0], edges[:, 1]
    length = np.linalg.norm(np.asarray(keypoints, float)[:, child] - keypoints[:, parent], axis=-1)
    known = seen[:, child] & seen[:, parent] & (length > 0)
    return np.log(length, out=np.full(length.shape, np.nan), where=known)


def proportion_distance(a: np.ndarray, b: np.ndarray) -> float:
    """The difference between the proportions of two skeletons, whatever their size.

    Args:
        a: (B,) logarithms of bone lengths, NaN where unknown.
        b: (B,) likewise.

    Returns:
        The median over the bones of ``|log ratio - median log ratio|``: 0 for two sizes of the same skeleton, 0.7 if
        a typical bone has twice or half the relative length; 0 if fewer than three bones are common. In the image a
        limb that points to the camera is short, so this shows only gross differences.
    """
    ratio = a - b
    ratio = ratio[np.isfinite(ratio)]
    if len(ratio) < MIN_COMMON_JOINTS:
        return 0.0
    return float(np.median(np.abs(ratio - np.median(ratio))))
