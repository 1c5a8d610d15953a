"""Makes the pictures of the documentation from made-up motions: ``python docs/images/make.py [REPORT]``.

Without an argument: ``motions.png``, the ten motions, animated. With the ``report.html`` of ``mmskel demo``: also
``report.png``, the upper part of that page, photographed by a headless ``chromium``.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from mmskel.data.synthetic import CLASS_NAMES, make_motion_clips
from mmskel.visualization import Caption, animate

FOLDER = Path(__file__).parent
FRAMES_PER_SECOND, COLOURS = 10, 48


def save_small(frames: list[Image.Image], path: Path) -> None:
    """Writes frames as a moving PNG with one table of colours for all; white stays white."""
    table = frames[len(frames) // 2].quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    entries = np.array(table.getpalette()).reshape(-1, 3)
    entries[(entries > 250).all(1)] = 255
    table.putpalette(entries.astype(np.uint8).tobytes())
    first, *others = [frame.quantize(palette=table, dither=Image.Dither.NONE) for frame in frames]
    first.save(path, optimize=True, save_all=True, append_images=others, duration=1000 / FRAMES_PER_SECOND, loop=0)


def motions() -> None:
    """One clip of every motion, side by side."""
    clips: dict[int, list] = {}
    for clip in make_motion_clips(4, seed=3, noise=.004, dropout=0):
        clips.setdefault(clip.label, []).append(clip)
    chosen = [min(some, key=lambda clip: abs(clip.num_frames - 48)) for some in clips.values()]
    captions = [Caption(CLASS_NAMES[clip.label]) for clip in chosen]
    with tempfile.TemporaryDirectory() as folder:
        path = animate(chosen, Path(folder) / 'motions.png', captions=captions, size=160, columns=5,
                       fps=FRAMES_PER_SECOND, turn=30)
        with Image.open(path) as picture:
            frames = []
            for index in range(picture.n_frames):
                picture.seek(index)
                frames.append(picture.convert('RGB'))
    save_small(frames, FOLDER / 'motions.png')


def report(page: Path) -> None:
    """The upper part of a report page."""
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / 'shot.png'
        subprocess.run([
            'chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
            '--disable-background-networking', '--disable-component-update', '--disable-sync', '--hide-scrollbars',
            f'--user-data-dir={folder}/profile', '--virtual-time-budget=4000', f'--screenshot={shot}',
            '--window-size=1200,1225', page.resolve().as_uri()], check=True, capture_output=True, timeout=120)
        with Image.open(shot) as picture:
            smaller = picture.convert('RGB').resize((960, 980), Image.Resampling.LANCZOS)
            smaller.save(FOLDER / 'report.png', optimize=True)


if __name__ == '__main__':
    motions()
    if len(sys.argv) > 1:
        report(Path(sys.argv[1]))
