"""Makes the images of the documentation: ``python docs/images/make.py [REPORT | DEMO VIDEO... | group VIDEO]``.

Without an argument: ``motions.png``, ten made-up motions, animated. With the ``report.html`` of ``mmskel demo``: also
``report.png``, the upper part of that page, photographed by a headless ``chromium``. With the folder of a demo that
went from videos to labels (``mmskel demo --video``) and videos: ``labelled.jpg``, frames of a recognised film, and
``extracted.jpg``, a frame of each video with its skeletons. ``group`` and a video: ``group.jpg``, a frame as ``mmskel
predict --group`` shows it, with a ball that is made up and an untrained network. Skeletons
are found by the preset ``lightweight``. Nobody in the images can be recognised: they are blurred.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from mmskel.synthetic.motions import CLASS_NAMES, make_motion_clips
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


def blurred(video: Path) -> list[np.ndarray]:
    """All frames, nobody recognisable."""
    import cv2

    from mmskel.video.reading import open_video
    with open_video(video) as frames:
        return [cv2.GaussianBlur(frame.image, (0, 0), frame.image.shape[0] / 45) for frame in frames]


def pose_models():
    """RTMDet and RTMPose, small."""
    from mmskel.pose.models import PoseModels
    return PoseModels().with_preset('lightweight')


def labelled(demo: Path) -> None:
    """Three frames of the demo's film, recognised again over blurred frames."""
    from mmskel.apis import SkeletonInferencer
    from mmskel.apis.clip_source import ClipSource, Found
    from mmskel.synthetic.acted_videos import FPS
    config = next((demo / 'train').glob('stgcn_*.py'))
    recognise = SkeletonInferencer(config, max((demo / 'train').glob('epoch_*.pth')), pose=pose_models())
    film = demo / 'videos' / 'film.mp4'
    clip = ClipSource(pose_models()).extract(film).clip
    seconds = clip.num_frames / 3 / FPS
    prediction = recognise.predict(clip, window=seconds, stride=seconds / 4)
    with tempfile.TemporaryDirectory() as folder:
        path = recognise.draw(Found(clip, blurred(film)), prediction, Path(folder) / 'film.mp4')
        third = clip.num_frames // 3
        save_jpeg([frame for i, frame in enumerate(frames_of(path)) if i % third == third // 2],
                  FOLDER / 'labelled.jpg', 340)


def extracted(videos: list[Path]) -> None:
    """The middle frame of every video with its skeletons."""
    from mmskel.apis.clip_source import ClipSource
    from mmskel.visualization.over_video import Overlay
    source, images = ClipSource(pose_models()), []
    for video in videos:
        clip = source.extract(video).clip
        middle = clip.num_frames // 2
        images.append(Overlay(clip).paint(blurred(video)[middle], middle)[..., ::-1])
        seen = (clip.score > 0).any(-1)
        print(f'{video.name}: {clip.num_frames} frames, {seen.sum(0).mean():.2f} persons per frame, {len(seen)} tracks '
              f'of {sorted(seen.sum(1).tolist(), reverse=True)} frames')
    save_jpeg(images, FOLDER / 'extracted.jpg', 270)


def grouped(video: Path) -> None:
    """The middle frame of a group of two with their links; the ball is where a hand of the second person is."""
    from dataclasses import replace

    from mmskel.apis import SkeletonInferencer
    from mmskel.apis.clip_source import ClipSource, Found
    from mmskel.configuration import load_config
    from mmskel.pose.extraction import ExtractionOptions
    clip = ClipSource(replace(pose_models(), options=ExtractionOptions(group=True))).extract(video).clip
    hand = 9
    clip.objects['ball'] = np.concatenate([clip.keypoint[1, :, hand], clip.score[1, :, hand, None]], -1)
    steps = [dict(type='SetPersons', num_person=2), dict(type='AddObjects', names=['ball']),
             dict(type='ResampleFrames', clip_len=20), dict(type='PackSkeleton')]
    recognise = SkeletonInferencer(load_config('mpgcn/mpgcn_volleyball.py', fit=False, cfg_options={
        'model.backbone.num_person': 2, 'model.cls_head.num_classes': 2, 'test_dataloader.dataset.pipeline': steps}),
        class_names=['meet', 'part'])
    with tempfile.TemporaryDirectory() as folder:
        path = recognise.draw(Found(clip, blurred(video)), recognise.predict(clip), Path(folder) / 'a.mp4', group=True)
        save_jpeg([frames_of(path)[clip.num_frames // 2]], FOLDER / 'group.jpg', 440)


def frames_of(video: Path) -> list[np.ndarray]:
    """(H, W, 3) red, green, blue."""
    from mmskel.video.reading import open_video
    with open_video(video) as frames:
        return [frame.image[..., ::-1] for frame in frames]


def save_jpeg(images: list[np.ndarray], path: Path, height: int) -> None:
    """Images side by side, all of one height."""
    small = [Image.fromarray(np.ascontiguousarray(one)) for one in images]
    small = [one.resize((round(one.width * height / one.height), height), Image.Resampling.LANCZOS) for one in small]
    Image.fromarray(np.concatenate([np.array(one) for one in small], 1)).save(path, quality=82, optimize=True)


if __name__ == '__main__':
    given = [Path(argument) for argument in sys.argv[1:]]
    if sys.argv[1:2] == ['group']:
        grouped(given[1])
    elif given and given[0].is_dir():
        labelled(given[0])
        extracted(given[1:])
    else:
        motions()
        if given:
            report(given[0])
