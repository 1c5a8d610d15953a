"""Images of a clip: bones coloured by side and body part, any layout, two- or three-dimensional, several persons.

Missing joints (score 0) and their bones are not drawn.
"""
from __future__ import annotations

import numpy as np

from mmskel.skeleton import Clip, get_layout
from mmskel.visualization import palette
from mmskel.visualization.stage import Stage

_BITS = 4  # of sub-pixel precision: OpenCV takes coordinates times 2**bits


class Scene:
    """Draws any frame of one clip.

    Args:
        clip: (M, T, V, C).
        size: Side of the square image, or its (height, width), in pixels.
        turn: Degrees over which the view of a 3-D clip swings back and forth.

    Raises:
        ClipError: If the clip is wrong.
    """

    def __init__(self, clip: Clip, size: int | tuple[int, int] = 320, turn: float = 40.):
        self.clip = clip.check()
        self.stage = Stage.of(clip, (size, size) if isinstance(size, int) else size, turn)
        layout = get_layout(clip.layout)
        self.bones = palette.bones(layout)
        self.ends = np.array([bone[:2] for bone in self.bones]).reshape(-1, 2)
        self.colours = palette.joint_colours(layout)
        self.widths = self._widths()
        self.joint_widths = self._joint_widths(layout.centre)
        self.several = int(clip.seen.any((1, 2)).sum()) > 1

    def _widths(self) -> np.ndarray:
        """(B,) line widths in pixels: thick limbs, thin fingers and faces, by the usual length of a bone."""
        first, last = self.ends.T
        known = (self.clip.score[..., first] > 0) & (self.clip.score[..., last] > 0)
        lengths = np.linalg.norm(self.clip.keypoint[..., first, :] - self.clip.keypoint[..., last, :], axis=-1)
        usual = np.array([np.median(lengths[..., b][known[..., b]]) if known[..., b].any() else 0
                          for b in range(len(self.ends))])
        thickest = max(min(self.stage.size) / 62, 1.6)
        return np.clip(.2 * usual * self.stage.scale, 1, thickest)

    def _joint_widths(self, centre: int) -> np.ndarray:
        """(V,) the width of each joint's own bone; the centre has none and takes the usual one of its neighbours."""
        widths = np.ones(self.clip.keypoint.shape[2])
        widths[self.ends[::-1, 0]] = self.widths[::-1]  # bones come before other links and take precedence
        widths[centre] = np.median(self.widths[self.ends[:, 1] == centre]) if centre in self.ends[:, 1] else 1
        return widths

    def frame(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8 red, green, blue of frame ``index``."""
        import cv2
        image = np.full((*self.stage.size, 3), palette.PAPER, np.uint8)
        points, depth = self.stage.place(self.clip.keypoint[:, index], index)
        seen = (self.clip.score[:, index] > 0) & (np.abs(points) < 4 * max(self.stage.size)).all(-1)
        if self.stage.floor is None:
            self._draw_image_border(image, cv2)
        else:
            self._draw_floor(image, index, seen, cv2)
        first, last = self.ends.T
        whole = seen[:, first] & seen[:, last]
        far = (depth[:, first] + depth[:, last]) / 2
        persons = np.argwhere(whole)
        for person, b in persons[np.argsort(-far[whole], kind='stable')]:
            ends, colour, width = points[person, self.ends[b]], self.bones[b][2], self.widths[b]
            if width > 2.5:  # a white rim separates limbs where they cross
                _line(image, ends, palette.PAPER, width + 2.5, cv2)
            _line(image, ends, colour, width, cv2)
        self._draw_joints(image, points, depth, seen, cv2)
        self._draw_objects(image, index, cv2)
        return image

    def _draw_objects(self, image, index, cv2) -> None:
        """Objects as rings; only of 2-D clips, whose objects are in the same image."""
        if self.clip.keypoint.shape[-1] != 2:
            return
        thick = max(min(self.stage.size) / 220, 1.5)
        for place, track in enumerate(self.clip.objects.values()):
            if track[index, 2] > 0:
                colour = palette.OBJECTS[place % len(palette.OBJECTS)]
                _ring(image, self.stage.place(track[index, :2], index)[0], 3 * thick, colour, 1.5 * thick, cv2)

    def _draw_joints(self, image, points, depth, seen, cv2) -> None:
        for person, joint in sorted(np.argwhere(seen).tolist(), key=lambda at: -depth[tuple(at)]):
            width = self.joint_widths[joint]
            colour = palette.PERSONS[person % len(palette.PERSONS)] if self.several else self.colours[joint]
            if width > 2.5:
                _dot(image, points[person, joint], .62 * width + 1.5, palette.PAPER, cv2)
            _dot(image, points[person, joint], .62 * width + .5 if width > 1.6 else .5 * width, colour, cv2)

    def _draw_floor(self, image, index, seen, cv2) -> None:
        for ends in self.stage.place(self.stage.floor_lines(), index)[0]:
            _line(image, ends, palette.LINE, 1, cv2)
        fallen = self.clip.keypoint[:, index].copy()
        fallen[..., 1] = self.stage.floor
        points = self.stage.place(fallen, index)[0]
        for b, (first, last) in enumerate(self.ends):
            for person in np.flatnonzero(seen[:, first] & seen[:, last]):
                _line(image, points[person, [first, last]], palette.SHADOW, .8 * self.widths[b], cv2)

    def _draw_image_border(self, image, cv2) -> None:
        if self.clip.image_size is None or self.clip.unit != 'pixel':
            return
        height, width = self.clip.image_size
        corners = self.stage.place(np.array([(0, 0), (width, 0), (width, height), (0, height)]), 0)[0]
        for ends in zip(corners, np.roll(corners, -1, 0)):
            _line(image, np.array(ends), palette.LINE, 1, cv2)


def _whole(points: np.ndarray) -> np.ndarray:
    # OpenCV takes 32-bit integers; anything this far outside is not seen
    return np.round(np.clip(points, -1e5, 1e5) * 2**_BITS).astype(int)


def _line(image: np.ndarray, ends: np.ndarray, colour, width: float, cv2) -> None:
    first, last = _whole(ends).tolist()
    cv2.line(image, first, last, colour, max(int(round(width)), 1), cv2.LINE_AA, _BITS)


def _dot(image: np.ndarray, at: np.ndarray, radius: float, colour, cv2) -> None:
    cv2.circle(image, _whole(at).tolist(), int(round(radius * 2**_BITS)), colour, -1, cv2.LINE_AA, _BITS)


def _ring(image: np.ndarray, at: np.ndarray, radius: float, colour, width: float, cv2) -> None:
    radius, width = int(round(radius * 2**_BITS)), max(int(round(width)), 1)
    cv2.circle(image, _whole(at).tolist(), radius, colour, width, cv2.LINE_AA, _BITS)


def draw_frames(clip: Clip, size: int | tuple[int, int] = 320, *, turn: float = 40.) -> np.ndarray:
    """All frames of a clip.

    Args:
        clip: (M, T, V, C).
        size: Side of the square image, or its (height, width), in pixels.
        turn: Degrees over which the view of a 3-D clip swings back and forth.

    Returns:
        (T, H, W, 3) uint8: red, green, blue.

    Raises:
        ClipError: If the clip is wrong.
    """
    scene = Scene(clip, size, turn)
    return np.stack([scene.frame(t) for t in range(clip.num_frames)])
