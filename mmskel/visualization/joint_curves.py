"""The curves that STC-Net follows through a clip, as one image: from pose to pose, and as a map of all joints.

Images are (H, W, 3) uint8 red, green, blue.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmskel.files.errors import UserError
from mmskel.skeleton import Clip, get_layout
from mmskel.visualization import palette
from mmskel.visualization.skeleton_drawing import Scene, _dot, _line

_POSES = 7  # frames of the strip
_ROW = 17  # pixels of a joint in the map


def draw_curves(clip: Clip, curves: np.ndarray, joints: Sequence[int] = (), title: str = '',
                size: int = 230) -> np.ndarray:
    """Poses side by side with curves from each to the next, and below them the joint of every curve in every frame.

    Args:
        clip: (M, T, V, C), the frames that the network saw. Its first person is drawn.
        curves: (T, V) joints: the position in every frame of the curve that begins at each joint, see
            :meth:`~mmskel.models.STCNet.curves`.
        joints: Joints whose curves are drawn thick; default: the ends of the skeleton's limbs.
        title: Title above the image.
        size: Side of a pose's square in pixels.

    Raises:
        ClipError: If the clip is wrong.
        UserError: If the curves are not those of the clip's frames and joints, or a joint does not exist.
    """
    layout = get_layout(clip.layout)
    frames, names = clip.num_frames, layout.joints
    if curves.shape != (frames, len(names)):
        raise UserError(f"clip '{clip.id}' has {frames} frames and {len(names)} joints, but the curves are of shape "
                        f'{curves.shape}')
    if wrong := [joint for joint in joints if not 0 <= joint < len(names)]:
        raise UserError(f"layout '{layout.name}' has joints 0 to {len(names) - 1}; there is no joint {wrong[0]}")
    ends = [joint for joint in range(len(names)) if joint not in layout.parents]
    marked = list(joints) or ends or list(range(len(names)))
    colours = _marks(layout, marked)
    strip = _strip(clip, curves, marked, colours, size)
    picture = np.concatenate((strip, _map(layout, curves, marked, colours, strip.shape[1])))
    return np.concatenate((_heading(title, picture.shape[1]), picture)) if title else picture


def _marks(layout, marked: Sequence[int]) -> dict[int, palette.Colour]:
    """Curves take the colours of tracks, which differ from one joint to the next, whatever the side."""
    tones = (*palette.PERSONS[1:], (200, 60, 30), (20, 110, 60), (48, 120, 190), (222, 142, 46))
    return {joint: tones[place % len(tones)] for place, joint in enumerate(marked)}


def _strip(clip: Clip, curves: np.ndarray, marked, colours, size: int) -> np.ndarray:
    import cv2
    one = replace(clip, keypoint=clip.keypoint[:1], score=clip.score[:1], track_id=None, objects={})
    scene = Scene(one, size, turn=0)
    shown = range(min(_POSES, clip.num_frames))
    tiles = [_pale(scene.frame(t)) for t in shown]
    strip = np.concatenate(tiles, 1)
    places = np.stack([scene.stage.place(one.keypoint[0, t], t)[0] + (t * size, 0) for t in shown])
    known = one.score[0] > 0

    def follow(joint: int, colour, width: float) -> None:
        way = [places[t, curves[t, joint]] for t in shown if known[t, curves[t, joint]]]
        for ends in zip(way, way[1:]):
            _line(strip, np.array(ends), colour, width, cv2)
        for at in way:
            _dot(strip, at, 1.8 * width, colour, cv2)

    for joint in marked:
        follow(joint, palette.PAPER, 4)
        follow(joint, colours[joint], 2)
    return strip


def _pale(image: np.ndarray) -> np.ndarray:
    """Half way to white, so that curves stand out."""
    return (image.astype(np.uint16) // 2 + 127).astype(np.uint8)


def _map(layout, curves: np.ndarray, marked, colours, width: int) -> np.ndarray:
    """Joints from top to bottom, frames from left to right: a line per curve."""
    import cv2
    from PIL import Image, ImageDraw, ImageFont
    frames, joints = curves.shape
    font, left, top = ImageFont.load_default(12), 150, 22
    sheet = Image.new('RGB', (width, top + _ROW * joints + 30), palette.PAPER)
    pen = ImageDraw.Draw(sheet)
    rows = top + _ROW * (np.arange(joints) + .5)
    columns = left + (width - left - 24) * np.arange(frames) / max(frames - 1, 1)
    for joint, row in enumerate(rows):
        pen.line([(left, row), (columns[-1], row)], palette.LINE)
        pen.text((left - 10, row), layout.joints[joint], colours.get(joint, palette.MUTED), font, anchor='rm')
    for frame in range(0, frames, max(frames // 8, 1)):
        pen.text((columns[frame], rows[-1] + _ROW), f'frame {frame}' if not frame else str(frame), palette.MUTED, font,
                 anchor='mm')
    image = np.array(sheet)
    for joint in [*(j for j in range(joints) if j not in marked), *marked]:
        way = np.stack((columns, rows[curves[:, joint]]), 1)
        for ends in zip(way, way[1:]):
            _line(image, np.array(ends), colours.get(joint, palette.SHADOW), 2 if joint in marked else 1, cv2)
    return image


def _heading(title: str, width: int) -> np.ndarray:
    from PIL import Image, ImageDraw, ImageFont
    strip = Image.new('RGB', (width, 34), palette.PAPER)
    ImageDraw.Draw(strip).text((14, 22), title, palette.INK, ImageFont.load_default(15), anchor='ls')
    return np.array(strip)
