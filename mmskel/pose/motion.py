"""The prediction of a tracked box: a Kalman filter with constant velocity on centre, width and height.

The noise model is that of DeepSORT (Wojke et al., ICIP 2017, arXiv 1703.07402), which ByteTrack uses: standard
deviations are shares of the person's size, 1/20 for positions and 1/160 per frame for velocities. Differences: width
is filtered instead of the aspect ratio (as BoT-SORT does, arXiv 2206.14651), "size" is the longer side, so that a
lying person has the noise of a standing one, and as no coordinate influences another under this model, the eight
dimensional filter is written as four filters of two dimensions, without matrices.
"""
from __future__ import annotations

import numpy as np

POSITION_NOISE = 1 / 20  # of the size
VELOCITY_NOISE = 1 / 160  # of the size, per frame


def to_centre(boxes: np.ndarray) -> np.ndarray:
    """(..., 4) x1, y1, x2, y2 -> (..., 4) centre x, centre y, width, height; float64."""
    boxes = np.asarray(boxes, float)
    low, high = boxes[..., :2], boxes[..., 2:]
    return np.concatenate([(low + high) / 2, high - low], -1)


def to_corners(boxes: np.ndarray) -> np.ndarray:
    """(..., 4) centre x, centre y, width, height -> (..., 4) x1, y1, x2, y2."""
    half = boxes[..., 2:] / 2
    return np.concatenate([boxes[..., :2] - half, boxes[..., :2] + half], -1)


class BoxMotion:
    """Constant-velocity Kalman filter of one box. Units: pixels and frames.

    Args:
        box: (4,) x1, y1, x2, y2.
        velocity: (2,) of the centre, pixels per frame. Default: unknown, 0.

    Attributes:
        position: (4,) centre x, centre y, width, height.
        velocity: (4,) their change per frame.
    """

    def __init__(self, box: np.ndarray, velocity: np.ndarray | None = None):
        self.position = to_centre(box)
        self.velocity = np.zeros(4)
        if velocity is not None:
            self.velocity[:2] = velocity
        # variances of position and velocity and their covariance
        self._pp = np.full(4, (2 * POSITION_NOISE * self.size)**2)
        self._pv = np.zeros(4)
        self._vv = np.full(4, (10 * VELOCITY_NOISE * self.size)**2)

    @property
    def size(self) -> float:
        """The longer side in pixels, at least 1."""
        return max(float(self.position[2:].max()), 1.0)

    @property
    def box(self) -> np.ndarray:
        """(4,) x1, y1, x2, y2."""
        return to_corners(self.position)

    def predict(self, keep_size: bool) -> None:
        """Moves on by one frame.

        Args:
            keep_size: Whether width and height stay; for a person who is not seen, whose box would otherwise grow or
                vanish.
        """
        if keep_size:
            self.velocity[2:] = 0
        self.position = self.position + self.velocity
        self.position[2:] = np.maximum(self.position[2:], 1e-3)
        self._pp = self._pp + 2 * self._pv + self._vv + (POSITION_NOISE * self.size)**2
        self._pv = self._pv + self._vv
        self._vv = self._vv + (VELOCITY_NOISE * self.size)**2

    def update(self, box: np.ndarray) -> None:
        """Takes in a measured (4,) box x1, y1, x2, y2."""
        difference = to_centre(box) - self.position
        total = self._pp + (POSITION_NOISE * self.size)**2
        gain, gain_velocity = self._pp / total, self._pv / total
        self.position = self.position + gain * difference
        self.position[2:] = np.maximum(self.position[2:], 1e-3)
        self.velocity = self.velocity + gain_velocity * difference
        self._vv = self._vv - gain_velocity * self._pv
        self._pv = (1 - gain) * self._pv
        self._pp = (1 - gain) * self._pp
