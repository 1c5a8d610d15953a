"""Skeletons over the video that they were found in: a colour per person, its number at its head."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmskel.skeleton import Clip, ClipError, PanoramicGraph, get_layout
from mmskel.video.reading import open_video
from mmskel.video.writing import video_writer
from mmskel.visualization.palette import readable_on
from mmskel.visualization.skeleton_drawing import _dot, _line, _ring

# red, green, blue: bright, which the colour-blind can distinguish as well (Okabe and Ito's, without black)
TRACKS = ((86, 180, 233), (230, 159, 0), (0, 158, 115), (240, 228, 66), (204, 121, 167), (213, 94, 0), (0, 114, 178))
OBJECT = (255, 255, 255)
LINK = (255, 255, 255)
_RIM = (20, 24, 30)

Node = tuple[int | None, int | str]  # a person's joint, or an object
Link = tuple[Node, Node]


class Overlay:
    """Paints the persons of a clip into frames of its video.

    Args:
        clip: (M, T, V, 2) in pixels.
        names: Texts at the persons' heads, one per person; default: the track's number.
        min_score: Lowest score of joints to draw.
        links: Pairs of nodes that are joined, each ``(person, joint)`` or ``(None, object)``; drawn as thin lines,
            behind the persons, if both are seen.

    Objects of the clip are rings with their names.

    Raises:
        ClipError: If the clip is not in pixels, or names are not one per person.
    """

    def __init__(self, clip: Clip, names: Sequence[str] | None = None, min_score: float = 0.3,
                 links: Sequence[Link] = ()):
        if clip.keypoint.shape[-1] != 2 or clip.unit != 'pixel':
            raise ClipError(f"clip '{clip.id}' has {clip.keypoint.shape[-1]} coordinates in {clip.unit}; only 2-D "
                            'clips in pixels can be drawn over a video')
        persons = len(clip.keypoint)
        numbers = range(persons) if clip.track_id is None else clip.track_id
        self.names = [str(number) for number in numbers] if names is None else list(names)
        if len(self.names) != persons:
            raise ClipError(f"clip '{clip.id}': {len(self.names)} names for {persons} persons")
        layout = get_layout(clip.layout)
        self.clip, self.ends = clip, np.array([*layout.edges, *layout.links]).reshape(-1, 2)
        self.seen, self.links = clip.score >= min_score, links

    def paint(self, image: np.ndarray, index: int, names: Sequence[str] | None = None) -> np.ndarray:
        """Paints frame ``index`` into (H, W, 3) uint8 BGR; returns the same array.

        Args:
            image: Image of the frame.
            index: Number of the frame.
            names: Texts in this frame, instead of those of the clip.
        """
        import cv2
        names = self.names if names is None else names
        thick = max(min(image.shape[:2]) / 220, 1.5)
        self._link(image, index, thick, cv2)
        for person, (points, seen) in enumerate(zip(self.clip.keypoint[:, index], self.seen[:, index])):
            colour = TRACKS[person % len(TRACKS)][::-1]
            bones = [ends for ends in self.ends if seen[ends].all()]
            for width, paint in ((2.2 * thick, _RIM), (1.2 * thick, colour)):
                for ends in bones:
                    _line(image, points[ends], paint, width, cv2)
            for joint in np.flatnonzero(seen):
                _dot(image, points[joint], 1.5 * thick, _RIM, cv2)
                _dot(image, points[joint], thick, colour, cv2)
            if seen.any():
                self._tag(image, points[seen], names[person], TRACKS[person % len(TRACKS)], thick)
        for name, track in self.clip.objects.items():
            if track[index, 2] > 0:
                at = np.asarray(track[index, :2], np.float32)
                for width, paint in ((2.4 * thick, _RIM), (1.2 * thick, OBJECT[::-1])):
                    _ring(image, at, 5 * thick, paint, width, cv2)
                self._tag(image, at[None] - [[0, 5 * thick]], name, OBJECT, thick)
        return image

    def _link(self, image: np.ndarray, index: int, thick: float, cv2) -> None:
        """Draws the links, half transparent."""
        ends = [(self._place(a, index), self._place(b, index)) for a, b in self.links]
        ends = [pair for pair in ends if pair[0] is not None and pair[1] is not None]
        if ends:
            lines = image.copy()
            for pair in ends:
                for width, paint in ((1.6 * thick, _RIM), (.8 * thick, LINK[::-1])):
                    _line(lines, np.stack(pair), paint, width, cv2)
            cv2.addWeighted(lines, .6, image, .4, 0, image)

    def _place(self, node: Node, index: int) -> np.ndarray | None:
        person, part = node
        if person is None:
            track = self.clip.objects.get(part)
            return track[index, :2] if track is not None and track[index, 2] > 0 else None
        known = person < len(self.seen) and self.seen[person, index, part]
        return self.clip.keypoint[person, index, part] if known else None

    def _tag(self, image: np.ndarray, points: np.ndarray, text: str, colour, thick: float) -> None:
        """A label above the highest joint, inside the image."""
        from PIL import Image, ImageDraw, ImageFont
        font = ImageFont.load_default(max(round(6 * thick), 11))
        left, top, right, bottom = ImageDraw.Draw(Image.new('L', (1, 1))).textbbox((0, 0), text, font)
        pad = max(round(1.5 * thick), 2)
        height, width = bottom - top + 2 * pad, right - left + 2 * pad
        room_y, room_x = image.shape[0] - height, image.shape[1] - width
        if room_y < 0 or room_x < 0:
            return
        x = int(np.clip(points[points[:, 1].argmin(), 0] - width / 2, 0, room_x))
        y = int(np.clip(points[:, 1].min() - height - 6 * thick, 0, room_y))
        tag = Image.new('RGB', (width, height), colour)
        ImageDraw.Draw(tag).text((pad - left, pad - top), text, readable_on(colour), font)
        image[y:y + height, x:x + width] = np.array(tag)[..., ::-1]


def draw_over_video(clip: Clip, video: str | Path, path: str | Path, names: Sequence[str] | None = None,
                    min_score: float = 0.3) -> Path:
    """Writes a video with the skeletons of a clip painted over it.

    Args:
        clip: Clip that was extracted from it, frame by frame.
        video: Path of the video.
        path: File to write: ``.mp4``, ``.mkv``, ``.mov`` or ``.avi``.
        names, min_score: See :class:`Overlay`.

    Raises:
        ClipError: If clip and video differ in their number of frames or their size.
        VideoError: If the video cannot be read.
    """
    overlay = Overlay(clip, names, min_score)
    with open_video(video) as source:
        if clip.image_size is not None and tuple(clip.image_size) != tuple(source.size):
            raise ClipError(f"clip '{clip.id}' is for images of {clip.image_size[1]} x {clip.image_size[0]}, but "
                            f"'{video}' has {source.size[1]} x {source.size[0]}; give the video it was extracted from")
        with video_writer(path, source.fps) as write, source.prefetch() as frames:
            index = -1
            for index, _, image in frames:
                if index >= clip.num_frames:
                    break
                write(overlay.paint(np.array(image), index))
            if index + 1 != clip.num_frames:
                more = 'more' if index >= clip.num_frames else f'only {index + 1}'
                raise ClipError(f"clip '{clip.id}' has {clip.num_frames} frames, '{video}' has {more}; give the video "
                                'it was extracted from')
    return Path(path)


def graph_links(graph: PanoramicGraph, clip: Clip) -> list[Link]:
    """The links of a group recogniser's graph in a clip, as :class:`Overlay` takes them.

    Args:
        graph: Graph that links persons to persons and joints to objects.
        clip: Clip to find them in; one of another layout than the graph's has none.
    """
    if clip.layout != graph.person.layout.name:
        return []
    person, persons = graph.person, min(len(clip.keypoint), graph.num_person)
    joints = person.layout.num_joints
    inside = [(p * person.num_nodes + a, p * person.num_nodes + b) for p in range(persons)
              for a, b in person.edges if max(a, b) >= joints]

    def node(number: int) -> Node:
        slot, part = divmod(number, person.num_nodes)
        return (None, person.objects[part - joints]) if part >= joints else (slot, part)

    return list(dict.fromkeys((node(a), node(b)) for a, b in (*inside, *graph.inter_links)))
