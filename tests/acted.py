"""Small videos with their skeletons, drawn on the spot: a figure of dots that raises its arms, or crouches."""
from pathlib import Path

import cv2
import numpy as np

from mmskel.data.annotation_file import save_annotation_file
from mmskel.skeleton import Clip
from mmskel.video.writing import video_writer

CLASSES = ['raise arms', 'crouch']
SIZE = (120, 160)  # H, W
# COCO-17, standing, in shares of the figure's height, feet at 0
_STANDING = np.array([[0, .95], [.02, .97], [-.02, .97], [.05, .95], [-.05, .95], [.12, .8], [-.12, .8], [.15, .62],
                      [-.15, .62], [.16, .45], [-.16, .45], [.08, .5], [-.08, .5], [.08, .25], [-.08, .25], [.08, 0], [-.08, 0]])


def joints(label, time, x, height):
    """(17, 2) pixels of the figure at a time in [0, 1]."""
    figure = _STANDING.copy()
    if label == 0:
        figure[7:11, 1] = .8 + (figure[7:11, 1] - .8) * np.cos(np.pi * time)
    else:
        figure[:13, 1] -= .35 * np.sin(np.pi * time)
    return np.stack([x + figure[:, 0] * height, SIZE[0] * .9 - figure[:, 1] * height], -1).astype(np.float32)


def act(path: Path, label: int, seed: int, frames: int = 24, name: str | None = None) -> Clip:
    """Writes the video, blue (class 0) or red dots; returns its clip."""
    rng = np.random.default_rng(seed)
    x, height = rng.uniform(60, 100), rng.uniform(70, 90)
    keypoint = np.stack([joints(label, t, x, height) for t in np.linspace(0, 1, frames)])
    path.parent.mkdir(parents=True, exist_ok=True)
    with video_writer(path, 25.) as write:
        for one in keypoint:
            image = np.full((*SIZE, 3), 60, np.uint8)
            for place in one:
                cv2.circle(image, tuple(int(v) for v in place), 5, (230, 60, 60) if label == 0 else (60, 60, 230), -1)
            write(image)
    return Clip(name or path.stem, keypoint[None], np.ones((1, frames, 17), np.float32), 'coco17', image_size=SIZE, fps=25.,
                label=label, rgb=str(path))


def acted_file(folder: Path, train: int = 8, test: int = 4, named: bool = True) -> Path:
    """``folder/clips.pkl`` and ``folder/videos``; ``named``: the clips say where their videos are."""
    clips = []
    for i in range(train + test):
        clips.append(act(folder / 'videos' / f'clip{i:02d}.mp4', i % 2, i))
        clips[-1].rgb = clips[-1].rgb if named else None
    ids = [clip.id for clip in clips]
    save_annotation_file(folder / 'clips.pkl', clips, dict(train=ids[:train], test=ids[train:]),
                         dict(layout='coco17', class_names=CLASSES))
    return folder / 'clips.pkl'
