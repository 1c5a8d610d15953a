"""The boxes that are worth a skeleton: uncertain ones only where somebody would be lost without them."""
from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from mmskel.pose.detection import Boxes
from mmskel.pose.similarity import box_iou
from mmskel.pose.tracking import TrackingOptions

_SAME = 0.1  # overlap (IoU) from which a certain box may be the person of an earlier one


class Candidates:
    """Goes through the detections of one video, in order.

    The tracker uses an uncertain box (a score from ``low`` to ``high``) for one thing: to follow a person for whom no
    certain one is left. A detector finds several such boxes around everybody, and their skeletons would cost more than
    all the others.

    Args:
        options: Options of the tracker that will get the skeletons.
    """

    def __init__(self, options: TrackingOptions = TrackingOptions()):
        self.options = options
        self._live = np.zeros((0, 4), np.float32)
        self._missed = np.zeros(0, int)  # number of detections in which each was not seen

    def __call__(self, found: Boxes) -> Boxes:
        """The boxes of the next detection that the tracker can use."""
        high = found.scores >= self.options.high
        low = (found.scores >= self.options.low) & ~high
        overlap = box_iou(self._live, found.boxes[high])
        rows, columns = linear_sum_assignment(-overlap)
        without = np.ones(len(self._live), bool)
        without[rows[overlap[rows, columns] >= _SAME]] = False
        lost, missed = self._live[without], self._missed[without] + 1
        near = box_iou(lost, found.boxes)
        keep = high | (low & (near > 0).any(0)) if len(lost) else high
        if keep[low].any():
            nearest = np.where(keep & low, near, 0).argmax(1)
            followed = near[np.arange(len(lost)), nearest] * (keep & low)[nearest] >= _SAME
            lost, missed = np.where(followed[:, None], found.boxes[nearest], lost), np.where(followed, 0, missed)
        stays = missed <= self.options.max_lost
        self._live = np.concatenate([found.boxes[high], lost[stays]])
        self._missed = np.concatenate([np.zeros(high.sum(), int), missed[stays]])
        return Boxes(found.boxes[keep], found.scores[keep])
