"""Positions on an image: a clip's coordinates to pixels, with one scale for all axes and all frames.

Two-dimensional clips are seen as they are (x to the right, y down). Three-dimensional ones are y up and right-handed,
as Kinect, NTU and SMPL have them: seen along +z from where the camera stood, in mild perspective, a little from above
and, optionally, from a slowly swinging side view.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmskel.skeleton import Clip

_PITCH = 10.  # degrees from above: enough for the floor to be a plane, not a line
_DISTANCE = 5.  # of the eye, in radii of what is seen
_MARGIN = .07  # of the image, on each side


def extent(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, C) -> (C,) lowest and highest coordinates, but not farther out than half the extent of 98 % of the points."""
    low, high = np.percentile(points, (1, 99), axis=0)
    room = .5 * (high - low)
    return np.maximum(points.min(0), low - room), np.minimum(points.max(0), high + room)


@dataclass(frozen=True)
class Stage:
    """The projection of one clip.

    Args:
        centre: (C,) point the view turns about.
        radius: Half the extent of what is seen, in units of the clip.
        yaw: (T,) angles in radians by which the view is turned about the vertical; zeros for C = 2.
        scale: Pixels per unit (3-D: at the centre's depth).
        offset: (2,) pixels of the centre.
        floor: Height of the floor, or None for C = 2.
        reach: Radius of the piece of floor that is drawn.
        size: (height, width) of the image.
    """
    centre: np.ndarray
    radius: float
    yaw: np.ndarray
    scale: float
    offset: np.ndarray
    floor: float | None
    reach: float
    size: tuple[int, int]

    @classmethod
    def of(cls, clip: Clip, size: tuple[int, int], turn: float = 40.) -> Stage:
        """The stage that shows all of a clip; joints that stray far from all others may fall off the image.

        Args:
            clip: (M, T, V, C); joints with score 0 do not count.
            size: (height, width) of the image in pixels.
            turn: Degrees between the outermost views; the view swings there and back once per clip. 3-D only.
        """
        T, C = clip.keypoint.shape[1], clip.keypoint.shape[-1]
        seen = clip.keypoint[clip.seen].astype(np.float64)
        if not len(seen):
            seen = np.array([(0., ) * C, (*(clip.image_size or (1., 1.))[::-1], 1.)[:C]])
        low, high = extent(seen)
        centre = (low + high) / 2
        # a single point has no extent, but still needs a viewing distance
        radius = max(float(np.linalg.norm(high - low)) / 2, .01 * max(clip.image_size or (1., )), 1e-6)
        solid = C == 3
        yaw = np.radians(turn / 2) * np.sin(2 * np.pi * np.arange(T) / max(T, 2)) * solid
        floor = float(np.percentile(seen[:, 1], 1)) if solid else None
        reach = max(.6 * float(np.linalg.norm((high - low)[::2])), .6 * radius)
        unit = cls(centre, radius, yaw, 1., np.zeros(2), floor, reach, size)
        flat = np.concatenate([unit.place(clip.keypoint[:, t][clip.score[:, t] > 0], t)[0] for t in range(T)])
        low, high = extent(flat if len(flat) else unit.place(seen, 0)[0])
        room = np.array(size[::-1]) * (1 - 2 * _MARGIN)
        scale = float(np.min(room / np.maximum(high - low, .02 * radius)))
        return cls(centre, radius, yaw, scale, np.array(size[::-1]) / 2 - scale * (low + high) / 2, floor, reach,
                   size)

    def place(self, points: np.ndarray, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """(..., C) points of a frame -> (..., 2) pixels (x to the right, y down) and (...) depth, larger is farther."""
        at = np.asarray(points, np.float64) - self.centre
        if at.shape[-1] == 2:
            return at * self.scale + self.offset, np.zeros(at.shape[:-1])
        x, y, z = at[..., 0], at[..., 1], at[..., 2]
        (cy, cp), (sy, sp) = (f((self.yaw[frame], np.radians(_PITCH))) for f in (np.cos, np.sin))
        x, z = cy * x + sy * z, cy * z - sy * x
        y, z = cp * y + sp * z, cp * z - sp * y
        near = _DISTANCE * self.radius / np.maximum(_DISTANCE * self.radius + z, self.radius)
        # x points to the right-hand side of somebody who faces the camera, that is to the left of the image
        return np.stack((-x * near, -y * near), -1) * self.scale + self.offset, z

    def floor_lines(self) -> np.ndarray:
        """(L, 2, 3) ends of the lines of a round grid on the floor, spaced by a round number of units."""
        reach, rough = self.reach, self.reach / 2.5
        power = 10. ** np.floor(np.log10(rough))
        step = power * max(s for s in (1, 2, 5) if s * power <= rough * 1.0001)
        lines = []
        for k in range(-int(reach / step), int(reach / step) + 1):
            half = np.sqrt(reach**2 - (k * step)**2)
            lines += [((k * step, -half), (k * step, half)), ((-half, k * step), (half, k * step))]
        grid = np.array(lines)
        return np.stack((grid[..., 0] + self.centre[0], np.full(grid.shape[:2], self.floor),
                         grid[..., 1] + self.centre[2]), -1)
