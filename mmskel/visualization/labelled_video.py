"""The annotated video: skeletons over the image, and below it the action, its probability and a timeline."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmskel.evaluation.prediction import ActionTrack, Prediction, Segment
from mmskel.files.errors import UserError
from mmskel.skeleton import Clip
from mmskel.video.kinds import passes_once
from mmskel.video.reading import Video, open_video
from mmskel.video.writing import video_writer
from mmskel.visualization import palette
from mmskel.visualization.heatmap_overlay import HeatmapOverlay
from mmskel.visualization.over_video import TRACKS, Link, Overlay
from mmskel.visualization.skeleton_drawing import Scene

# of the classes, in order of appearance; light enough for dark letters
_SEGMENTS = ((140, 198, 236), (246, 196, 112), (134, 204, 170), (232, 160, 190), (190, 178, 226), (240, 226, 130),
             (238, 156, 126), (176, 190, 200))
_MOST_ROWS = 8
_PAPER_SIDE = 480


class Panel:
    """The panel below the image: a row per track with its label, its probability and its timeline.

    Args:
        prediction: Prediction of the clip.
        clip: Clip whose tracks' numbers and colours are shown.
        width: Width of the image in pixels.
        min_score: Lowest score of segments to show.
    """

    def __init__(self, prediction: Prediction, clip: Clip, width: int, min_score: float = 0.):
        self.prediction, self.clip, self.width = prediction, clip, width
        self.text = int(np.clip(width / 34, 13, 40))
        self.rows = prediction.tracks[:_MOST_ROWS]
        self.segments = [prediction.segments(track, min_score) for track in self.rows]
        self.margin, self.row_height = round(.7 * self.text), round(2.9 * self.text)
        self.height = self.row_height * len(self.rows) + self.margin
        turn_up = dict.fromkeys(s.label for row in self.segments for s in sorted(row, key=lambda s: s.start))
        self.colours = {label: _SEGMENTS[i % len(_SEGMENTS)] for i, label in enumerate(turn_up)}
        self.blank = self._blank()

    def segment(self, row: int, index: int) -> Segment | None:
        """The segment of a row's track in a frame; None if nothing was recognised."""
        time = (index + .5) / self.prediction.fps
        return next((s for s in self.segments[row] if s.start <= time < s.stop), None)

    def frame(self, index: int) -> np.ndarray:
        """(height, width, 3) uint8 red, green, blue."""
        from PIL import Image, ImageDraw, ImageFont
        image = Image.fromarray(self.blank)
        draw, big = ImageDraw.Draw(image), ImageFont.load_default(self.text)
        prediction = self.prediction
        clock = f'{index / prediction.fps:.1f} / {prediction.num_frames / prediction.fps:.1f} s'
        clock_width = draw.textlength(clock, big)
        for row, track in enumerate(self.rows):
            base = self.row_height * row + round(1.45 * self.text)
            segment, left = self.segment(row, index), self.margin + self._swatch_width(track)
            if segment is not None:
                score = f'   {100 * segment.score:.0f} %'
                room = self.width - left - 2 * self.margin - clock_width - draw.textlength(score, big)
                name = shortened(draw, prediction.class_names[segment.label], big, room)
                draw.text((left, base), name, palette.INK, big, anchor='ls')
                draw.text((left + draw.textlength(name, big), base), score, palette.MUTED, big, anchor='ls')
            if not row:
                draw.text((self.width - self.margin, base), clock, palette.MUTED, big, anchor='rs')
            top, bottom = self._bar(row)
            at = self._x((index + .5) / prediction.num_frames)
            draw.line([(at, top - 3), (at, bottom + 3)], palette.INK, max(round(self.text / 7), 2))
        return np.array(image)

    def names(self, index: int) -> list[str]:
        """The text at every person's head in a frame: the track's number and, if persons are recognised separately, the
        action
        it does."""
        does = {track.person: self.segment(row, index) for row, track in enumerate(self.rows)}
        said = [does.get(person) for person in range(len(self.clip.keypoint))]
        return [person_name(self.clip, person) + (f' {self.prediction.class_names[s.label]}' if s else '')
                for person, s in enumerate(said)]

    def _blank(self) -> np.ndarray:
        """The panel without its moving parts."""
        from PIL import Image, ImageDraw, ImageFont
        image = Image.new('RGB', (self.width, self.height), palette.PAPER)
        draw, small = ImageDraw.Draw(image), ImageFont.load_default(max(round(.72 * self.text), 10))
        seconds = self.prediction.num_frames / self.prediction.fps
        for row, (track, segments) in enumerate(zip(self.rows, self.segments)):
            top, bottom = self._bar(row)
            draw.rectangle([self._x(0), top, self._x(1), bottom], palette.LINE)
            for segment in segments:
                left, right = self._x(segment.start / seconds), self._x(segment.stop / seconds)
                draw.rectangle([left, top, right - 1, bottom], self.colours[segment.label])
                name = shortened(draw, self.prediction.class_names[segment.label], small, right - left - self.text)
                if len(name) > 3:
                    draw.text(((left + right) / 2, (top + bottom) / 2), name, palette.INK, small, anchor='mm')
            if track.person is not None:
                self._swatch(draw, track, row, small)
        return np.array(image)

    def _swatch(self, draw, track: ActionTrack, row: int, font) -> None:
        """The number of a person on a patch of its colour."""
        top = self.row_height * row + round(.5 * self.text)
        colour = TRACKS[track.person % len(TRACKS)]
        number = person_name(self.clip, track.person)
        draw.rectangle([self.margin, top, self.margin + 1.5 * self.text, top + 1.15 * self.text], colour)
        draw.text((self.margin + .75 * self.text, top + .58 * self.text), number, palette.readable_on(colour), font,
                  anchor='mm')

    def _swatch_width(self, track: ActionTrack) -> int:
        return 0 if track.person is None else round(2. * self.text)

    def _bar(self, row: int) -> tuple[int, int]:
        top = self.row_height * row + round(1.95 * self.text)
        return top, top + round(.95 * self.text)

    def _x(self, share: float) -> int:
        return self.margin + round(share * (self.width - 2 * self.margin))


def shortened(draw, text: str, font, room: float) -> str:
    """As much of a text as fits, with dots at the end if it was cut; '' if nothing fits. Line breaks become spaces."""
    text = ' '.join(text.split())
    if draw.textlength(text, font) <= room:
        return text
    while text and draw.textlength(f'{text}...', font) > room:
        text = text[:-1]
    return f'{text.rstrip()}...' if text else ''


def person_name(clip: Clip, person: int) -> str:
    """The number of a person's track, or of its slot."""
    return str(person if clip.track_id is None else int(clip.track_id[person]))


def draw_labelled(clip: Clip, prediction: Prediction, path: str | Path, video: Any = None, min_score: float = 0.,
                  links: Sequence[Link] = (), heatmap: bool = False) -> Path:
    """Writes the annotated video.

    Args:
        clip: (M, T, V, C); M may be 0.
        prediction: Prediction of this clip.
        path: ``.mp4``, ``.mkv``, ``.mov`` or ``.avi``.
        video: Video the clip was extracted from: a path, frames. For None, a camera or a live stream, which cannot be
            opened again, the clip is drawn on paper. A 3-D clip is shown beside its video.
        min_score: Lowest score of segments to show.
        links: Links of :class:`~mmskel.visualization.over_video.Overlay`; not shown on paper.
        heatmap: Whether the heatmap of the joints is drawn over the video, for recognisers that see one.

    Returns:
        The path.

    Raises:
        UserError: An unknown suffix, or the video itself as output.
        VideoError: A video that cannot be read.
    """
    path = Path(path)
    if isinstance(video, (str, Path)) and path.exists() and Path(video).exists() and path.samefile(video):
        raise UserError(f"'{path}' is the video itself; write to another file")
    if video is None or passes_once(video):  # a camera cannot be read again
        panel = Panel(prediction, clip, _PAPER_SIDE, min_score)
        return _write(path, panel, _on_paper(clip, _PAPER_SIDE))
    with open_video(video, keep_going=True) as source:  # the clip has the frames of a damaged one that can be read
        flat = clip.keypoint.shape[-1] == 2
        panel = Panel(prediction, clip, source.size[1] + (0 if flat else source.size[0]), min_score)
        frames = _over_video(source, clip, panel, links, heatmap) if flat else _beside_video(source, clip)
        return _write(path, panel, frames)


def _write(path: Path, panel: Panel, frames: Iterator[np.ndarray]) -> Path:
    with video_writer(path, panel.prediction.fps) as write:
        for index, frame in zip(range(panel.prediction.num_frames), frames):
            write(np.concatenate([frame, panel.frame(index)[..., ::-1]]))
    return path


def _over_video(source: Video, clip: Clip, panel: Panel, links: Sequence[Link], heatmap: bool) -> Iterator[np.ndarray]:
    overlay, light = Overlay(clip, links=links), HeatmapOverlay(clip)
    with source.prefetch() as frames:
        for index, _, image in frames:
            if index < clip.num_frames:
                lit = light.paint(image, index) if heatmap else np.array(image)
                yield overlay.paint(lit, index, panel.names(index))


def _beside_video(source: Video, clip: Clip) -> Iterator[np.ndarray]:
    with source.prefetch() as frames:
        for (_, _, image), paper in zip(frames, _on_paper(clip, source.size[0])):
            yield np.concatenate([image, paper], 1)


def _on_paper(clip: Clip, side: int) -> Iterator[np.ndarray]:
    """(side, side, 3) BGR images of a clip; white if nobody is in it."""
    scene = Scene(clip, side) if len(clip.keypoint) else None
    for index in range(clip.num_frames):
        yield np.full((side, side, 3), 255, np.uint8) if scene is None else scene.frame(index)[..., ::-1]
