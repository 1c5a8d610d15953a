"""Clips side by side as an animation, each with its true and its predicted class."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmskel.files.atomic import atomic_path
from mmskel.files.errors import UserError
from mmskel.skeleton import Clip
from mmskel.video.writing import video_writer
from mmskel.visualization import palette
from mmskel.visualization.skeleton_drawing import Scene


class Caption(NamedTuple):
    """The caption of a clip: its true class and the predicted one; None where unknown."""
    truth: str | None = None
    predicted: str | None = None


def draw_caption(caption: Caption, width: int) -> np.ndarray:
    """A strip (H, width, 3) uint8: the predicted class with a green tick or a red cross, the true class below.

    Without a prediction, only the true class is shown, in black. Names that are too long are cut.
    """
    from PIL import Image, ImageDraw, ImageFont
    big, small = max(round(width / 17), 11), max(round(width / 21), 10)
    strip = Image.new('RGB', (width, round(big * 1.7 + small * 1.7)), palette.PAPER)
    draw, left = ImageDraw.Draw(strip), round(width * .06)
    baseline = round(big * 1.5)
    truth, predicted = caption
    if predicted is None:
        _text(draw, truth or '', left, baseline, palette.INK, ImageFont.load_default(big), width - left)
        return np.array(strip)
    known = truth is not None
    colour = palette.INK if not known else palette.RIGHT if predicted == truth else palette.WRONG
    text_left = left
    if known:
        _mark(draw, predicted == truth, left, baseline, big, colour)
        text_left = left + round(1.15 * big)
    _text(draw, predicted, text_left, baseline, colour, ImageFont.load_default(big), width - text_left)
    if known and predicted != truth:
        _text(draw, f'true: {truth}', text_left, baseline + round(1.5 * small), palette.MUTED,
              ImageFont.load_default(small), width - text_left)
    return np.array(strip)


def _mark(draw, right: bool, left: int, baseline: int, size: int, colour) -> None:
    def at(*places: tuple[float, float]) -> list[tuple[float, float]]:
        return [(left + x * .75 * size, baseline - y * .72 * size) for x, y in places]

    stroke = max(round(size / 7), 2)
    if right:
        draw.line(at((0, .45), (.35, .08), (1, .95)), colour, stroke, joint='curve')
    else:
        draw.line(at((.1, .1), (.9, .9)), colour, stroke)
        draw.line(at((.1, .9), (.9, .1)), colour, stroke)


def _text(draw, text: str, left: int, baseline: int, colour, font, room: int) -> None:
    text = ' '.join(text.split())
    if draw.textlength(text, font) > room:
        while text and draw.textlength(text + '...', font) > room:
            text = text[:-1]
        text = text.rstrip() + '...'
    draw.text((left, baseline), text, colour, font, anchor='ls')


class _Wall:
    """Scenes in rows and columns, each played at its own speed and held at its end until the longest is over."""

    def __init__(self, clips: Sequence[Clip], captions: Sequence[Caption] | None, size: int, columns: int | None,
                 fps: float, turn: float):
        if captions is not None and len(captions) != len(clips):
            raise UserError(f'{len(captions)} captions for {len(clips)} clips; give one each, or none')
        if not clips:
            raise UserError('no clips to draw')
        self.scenes = [Scene(clip, size, turn) for clip in clips]
        self.heads = [draw_caption(caption, size) for caption in captions or ()]
        self.columns = min(columns or int(np.ceil(np.sqrt(len(clips)))), len(clips))
        self.fps = fps
        self.rates = [clip.rate for clip in clips]
        self.num_frames = max(int(np.ceil(clip.num_frames * fps / rate)) for clip, rate in zip(clips, self.rates))

    def frame(self, index: int) -> np.ndarray:
        tiles = []
        for place, (scene, rate) in enumerate(zip(self.scenes, self.rates)):
            image = scene.frame(min(int(index * rate / self.fps + 1e-6), scene.clip.num_frames - 1))
            tiles.append(np.concatenate((self.heads[place], image)) if self.heads else image)
        tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % self.columns)
        rows = [np.concatenate(tiles[i:i + self.columns], 1) for i in range(0, len(tiles), self.columns)]
        return np.concatenate(rows)

    def frames(self) -> Iterator[np.ndarray]:
        return (self.frame(i) for i in range(self.num_frames))


def _write_gif(path: Path, wall: _Wall) -> None:
    from PIL import Image
    # one palette for all frames: colours chosen frame by frame would flicker
    some = [wall.frame(i) for i in np.unique(np.linspace(0, wall.num_frames - 1, 4).round().astype(int))]
    colours = Image.fromarray(np.concatenate(some)).quantize(96, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    table = np.array(colours.getpalette()).reshape(-1, 3)
    # pillow matches colours in steps of four, so a clean background needs its neighbourhood to itself
    table[(np.abs(table - palette.PAPER) < 8).all(1)] = palette.PAPER
    colours.putpalette(table.astype(np.uint8).tobytes())
    frames = (Image.fromarray(f).quantize(palette=colours, dither=Image.Dither.NONE) for f in wall.frames())
    next(frames).save(path, 'GIF', save_all=True, append_images=frames, duration=1000 / wall.fps, loop=0)


def _write_png(path: Path, wall: _Wall) -> None:
    from PIL import Image
    first, *others = [Image.fromarray(f) for f in wall.frames()]
    first.save(path, 'PNG', save_all=True, append_images=others, duration=1000 / wall.fps, loop=0)


def _write_video(path: Path, wall: _Wall) -> None:
    with video_writer(path, wall.fps) as write:
        for frame in wall.frames():
            write(frame[..., ::-1])


_WRITERS: dict[str, Callable[[Path, _Wall], None]] = {
    '.gif': _write_gif, '.png': _write_png, '.apng': _write_png, '.mp4': _write_video, '.avi': _write_video}


def animate(clips: Clip | Sequence[Clip], path: str | Path, *, captions: Sequence[Caption] | None = None,
            size: int = 280, columns: int | None = None, fps: float = 15., turn: float = 40.) -> Path:
    """Writes clips as one animation, side by side; whole or not at all.

    Args:
        clips: One clip or several, of any layouts and lengths. A clip without ``fps`` is shown at 30 frames per second.
        path: ``.gif``, ``.png`` or ``.apng`` (animated), ``.mp4`` or ``.avi``.
        captions: True and predicted class of each clip.
        size: Side of a clip's square in pixels.
        columns: Number of clips in a row; default: about the number of rows.
        fps: Images per second; clips keep their own speed.
        turn: Degrees over which the view of 3-D clips swings back and forth.

    Returns:
        The path.

    Raises:
        UserError: For an unknown suffix, no clips, or captions that do not match.
        ClipError: If a clip is wrong.
    """
    path = Path(path)
    if path.suffix.lower() not in _WRITERS:
        raise UserError(f"'{path.name}': cannot animate as '{path.suffix}'; known: {', '.join(_WRITERS)}")
    if not fps > 0:
        raise UserError(f'fps is {fps}; expected a positive number')
    if path.suffix.lower() == '.gif':
        fps = 100 / max(round(100 / fps), 2)  # a GIF counts time in hundredths of a second
    wall = _Wall([clips] if isinstance(clips, Clip) else list(clips), captions, size, columns, fps, turn)
    with atomic_path(path) as temporary:
        _WRITERS[path.suffix.lower()](temporary, wall)
    return path
