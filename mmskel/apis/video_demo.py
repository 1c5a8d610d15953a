"""The whole path on one's own videos: video -> skeletons -> training -> labels for videos never seen."""
from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmskel.apis.clip_source import ClipSource
from mmskel.apis.extract import extract
from mmskel.apis.inferencer import SkeletonInferencer
from mmskel.apis.training import describe, train
from mmskel.configuration import bar_instead_of_log, load_config
from mmskel.evaluation.prediction import Prediction, save_predictions
from mmskel.pose.extraction import SkeletonExtractor
from mmskel.pose.models import PoseModels
from mmskel.synthetic.acted_videos import ACTIONS, FPS, Cutout, act, cutouts, write_acted_videos
from mmskel.video.listing import VideoItem, list_videos
from mmskel.video.sources import VideoError
from mmskel.video.writing import video_writer

_CONFIG = 'stgcn_custom_small.py'


@dataclass(frozen=True)
class DemoSize:
    """The size of the demo: videos per class for training and test, frames per video, epochs."""
    train: int = 16
    test: int = 6
    num_frames: int = 32
    epochs: int = 12


def video_demo(videos: Sequence[str | Path], out: str | Path, models: PoseModels, size: DemoSize = DemoSize(),
               actions: Sequence[str] = tuple(ACTIONS), seed: int = 0) -> float:
    """Cuts people out of videos, lets them act, and recognises their actions from the video files alone.

    Args:
        videos: Videos, folders or lists, with people who stand alone for half a second or more.
        out: Folder of everything: ``videos``, ``clips.pkl``, ``train`` (work dir), ``predictions.json``,
            ``report.html`` and ``labelled.mp4``, three actions in a row with the timeline. Replaced if
            they exist.
        models: Detector and pose model.
        size: Numbers of videos, frames and epochs.
        actions: Keys of :data:`~mmskel.synthetic.acted_videos.ACTIONS`.
        seed: Seed of videos and training.

    Returns:
        The share of test videos that were recognised.

    Raises:
        VideoError: No videos, or nobody to cut out.
    """
    out, found = Path(out), [item for source in videos for item in list_videos(source)]
    for stale in (out / 'videos', out / 'train'):
        shutil.rmtree(stale, ignore_errors=True)
    models = replace(models, options=replace(models.options, det_every=4, max_persons=None))
    extractor = models.build()
    people = _people(found, extractor)
    made = write_acted_videos(out / 'videos', people, (size.train, size.test), size.num_frames, seed, actions)
    print(f'Cut {len(people)} people out and made {len(made)} videos of {len(actions)} actions: {", ".join(actions)}')

    alone = replace(models, options=replace(models.options, max_persons=1))
    extract(out / 'videos', out / 'clips.pkl', alone)
    cfg = load_config(f'custom/{_CONFIG}', data=str(out / 'clips.pkl'), work_dir=str(out / 'train'), seed=seed,
                      epochs=size.epochs)
    bar_instead_of_log(cfg)
    results = train(cfg, report_to=out, overwrite=True)

    config, checkpoint = out / 'train' / _CONFIG, out / 'train' / f'epoch_{size.epochs}.pth'
    inferencer = SkeletonInferencer(config, checkpoint, models.device or None, pose=alone)
    tested = list_videos(out / 'videos' / 'test')
    predictions = [replace(inferencer.predict(inferencer.source.extract(item.path).clip), id=item.id)
                   for item in tested]
    save_predictions(predictions, out / 'predictions.json')
    right = np.mean([_label(one) == item.label for one, item in zip(predictions, tested)])
    _labelled(people[-1], actions, inferencer, extractor, size, seed, out)
    print(f'\n{describe(results)}\n{100 * right:.1f} % of {len(tested)} test videos were recognised from their files'
          f'\nLook at {out / "labelled.mp4"} and {out / "report.html"}; for a video of your own:\n  mmskel predict '
          f'VIDEO --config {config} --checkpoint {checkpoint} --out labelled.mp4 --window 2s')
    return float(right)


def _people(videos: Sequence[VideoItem], extractor: SkeletonExtractor) -> list[Cutout]:
    people = [one for item in videos for one in cutouts(extractor(item.path, keep_going=True), item.path)]
    if not people:
        raise VideoError(f"'{videos[0].path}': nobody stands alone for half a second, so nobody can be cut out; give "
                         'videos with people who are apart from each other')
    return people


def _label(prediction: Prediction) -> str:
    return prediction.best(prediction.tracks[0])[0]


def _labelled(person: Cutout, actions: Sequence[str], inferencer: SkeletonInferencer, extractor: SkeletonExtractor,
              size: DemoSize, seed: int, out: Path) -> None:
    """A video of up to three actions one after another, recognised in windows as long as one of them."""
    film, rng = out / 'videos' / 'film.mp4', np.random.default_rng(seed + 1)
    with video_writer(film, FPS) as write:
        for action in list(actions)[-3:]:
            for frame in act(person, action, size.num_frames, rng):
                write(frame)
    # the person jumps from one action to the next, which makes another track
    found = ClipSource(extractor).extract(film)
    seconds = size.num_frames / FPS
    inferencer.draw(found, inferencer.predict(found.clip, window=seconds, stride=seconds / 4), out / 'labelled.mp4')
