"""Overlap of boxes and non-maximum suppression. Boxes are ``x1, y1, x2, y2``."""
from __future__ import annotations

import torch
from torch import Tensor

from mmskel.compat.mmcv_ext.torchvision_ops import torchvision_ops

BLOCK = 256  # NMS candidates that are compared with each other at a time


def _overlap(a: Tensor, b: Tensor, offset: int = 0, over_first: bool = False) -> Tensor:
    """Intersection over union (or over the first area) of broadcastable boxes ``(..., 4)``."""
    ax1, ay1, ax2, ay2 = a[..., :4].unbind(-1)
    bx1, by1, bx2, by2 = b[..., :4].unbind(-1)
    width = (torch.minimum(ax2, bx2) - torch.maximum(ax1, bx1) + offset).clamp_(0)
    height = (torch.minimum(ay2, by2) - torch.maximum(ay1, by1) + offset).clamp_(0)
    inter = width.mul_(height)
    area_a = (ax2 - ax1 + offset) * (ay2 - ay1 + offset)
    if over_first:
        return inter / area_a.clamp(min=offset or 1e-12)
    area_b = (bx2 - bx1 + offset) * (by2 - by1 + offset)
    return inter / (area_a + area_b - inter)


def bbox_overlaps(boxes1: Tensor, boxes2: Tensor, ious: Tensor, mode: int, aligned: bool,
                  offset: int) -> None:
    """Write the overlaps of boxes ``(N, 4)`` and ``(M, 4)`` into ``ious``.

    Args:
        boxes1: Boxes ``(N, 4)``.
        boxes2: ``(M, 4)``; N equals M if ``aligned``.
        ious: ``(N, M)``, or ``(N,)`` if ``aligned``.
        mode: 0 for intersection over union, 1 for intersection over the first area.
        aligned: Whether pairs are compared instead of all with all.
        offset: 1 if the corners are pixels that belong to the box.
    """
    first = boxes1 if aligned else boxes1[:, None]
    ious.copy_(_overlap(first, boxes2, offset, over_first=mode == 1))


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Indices of the boxes ``(N, 4)`` that no better kept box overlaps, best first.

    torchvision's kernel if there is one, else exact greedy suppression in blocks.
    """
    ops = torchvision_ops()
    if ops is not None and offset == 0:
        return ops.nms(boxes, scores, iou_threshold)
    order = scores.argsort(descending=True, stable=True)
    boxes, kept = boxes[order], []
    rest = torch.arange(len(boxes), device=boxes.device)
    while len(rest):
        block, rest = rest[:BLOCK], rest[BLOCK:]
        block = block[_best_of(boxes[block], iou_threshold, offset)]
        kept.append(block)
        beaten = _overlap(boxes[block, None], boxes[None, rest], offset) > iou_threshold
        rest = rest[~beaten.any(0)]
    return order[torch.cat(kept)] if kept else order


def _best_of(boxes: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """``(N,)`` mask of the boxes, sorted by score, that greedy suppression keeps.

    A fixed point: a box is kept if and only if no kept, better box overlaps it.
    """
    better = (_overlap(boxes[:, None], boxes[None], offset) > iou_threshold).triu_(1)
    keep = torch.ones(len(boxes), dtype=torch.bool, device=boxes.device)
    while True:
        new = ~(better & keep[:, None]).any(0)
        if torch.equal(new, keep):
            return keep
        keep = new


def softnms(boxes: Tensor, scores: Tensor, dets: Tensor, iou_threshold: float, sigma: float,
            min_score: float, method: int, offset: int) -> Tensor:
    """Lower the scores of overlapping boxes instead of dropping them (Bodla et al., ICCV 2017).

    Args:
        boxes: ``(N, 4)``.
        scores: ``(N,)``.
        dets: ``(N, 5)``; the kept boxes with their new scores are written into its first rows.
        iou_threshold: Overlap from which a box is affected (naive and linear).
        sigma: Width of the Gaussian.
        min_score: Boxes that fall below are dropped.
        method: 0 naive, 1 linear, 2 Gaussian.
        offset: 1 if the corners are pixels that belong to the box.

    Returns:
        Indices of the kept boxes.
    """
    boxes, scores = boxes.detach().float().clone(), scores.detach().float().clone()
    indices = torch.arange(len(boxes), device=boxes.device)
    done = 0
    while done < len(boxes):
        best = done + int(scores[done:].argmax())
        for tensor in (boxes, scores, indices):
            tensor[[done, best]] = tensor[[best, done]]
        dets[done, :4], dets[done, 4] = boxes[done], scores[done]
        iou = _overlap(boxes[done], boxes[done + 1:], offset)
        if method == 2:
            weight = torch.exp(-iou * iou / sigma)
        else:
            lowered = 1 - iou if method == 1 else torch.zeros_like(iou)
            weight = torch.where(iou >= iou_threshold, lowered, torch.ones_like(iou))
        scores[done + 1:] *= weight
        keep = scores >= min_score
        keep[:done + 1] = True
        boxes, scores, indices = boxes[keep], scores[keep], indices[keep]
        done += 1
    return indices


def nms_match(dets: Tensor, iou_threshold: float) -> list[list[int]]:
    """Group detections ``(N, 5)`` into each kept box and those that it suppresses, best first."""
    rest = dets[:, 4].argsort(descending=True, stable=True)
    groups = []
    while len(rest):
        best, others = rest[0], rest[1:]
        beaten = _overlap(dets[best], dets[others]) >= iou_threshold
        groups.append([int(best), *others[beaten].tolist()])
        rest = others[~beaten]
    return groups
