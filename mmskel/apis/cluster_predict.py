"""Recognition of many videos on a Ray cluster: every worker has the models, this process gathers the predictions."""
from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from mmskel.apis.clip_source import ClipSource
from mmskel.apis.output import OutputOptions
from mmskel.apis.recogniser_options import RecogniserOptions
from mmskel.evaluation.prediction import Prediction
from mmskel.evaluation.windows import WindowOptions
from mmskel.files.progress import progress_bar
from mmskel.parallel.cluster import Cluster
from mmskel.video.listing import VideoItem, list_videos
from mmskel.video.sources import VideoError


def predict_on_cluster(source: str | Path, recogniser: RecogniserOptions, clips: ClipSource, windows: WindowOptions,
                       output: OutputOptions, cluster: Cluster, progress: bool = True
                       ) -> tuple[list[Prediction], dict[str, str]]:
    """Recognises the videos of a folder or list.

    Args:
        source: Folder of videos or ``.txt`` list; all machines see it under this name.
        recogniser, clips, windows, output: See :func:`~mmskel.apis.predict.predict`; workers write the videos.
        cluster: Cluster to work on.
        progress: Whether to show a progress bar.

    Returns:
        The predictions in the order of the videos, and why videos failed, by id.
    """
    items = list_videos(source)
    found: dict[str, tuple[Prediction | None, str] | None] = {}
    make = partial(_worker, recogniser, clips, windows, output, os.getcwd())
    for item, one in progress_bar(cluster.map(make, items), 'predict', total=len(items), unit='video', wanted=progress):
        found[item.id] = one
    predictions, failed = [], {}
    for item in items:
        prediction, why = found[item.id] or (None, f"'{item.path}': every process that tried it ended too early")
        predictions += [prediction] if prediction is not None else []
        if why:
            failed[item.id] = why
    return predictions, failed


def _worker(recogniser: RecogniserOptions, clips: ClipSource, windows: WindowOptions, output: OutputOptions,
            folder: str) -> Callable[[VideoItem], tuple[Prediction | None, str]]:
    """What a worker does; relative paths begin where they were given."""
    if os.path.isdir(folder):
        os.chdir(folder)
    inferencer = recogniser.build(clips)

    def predict(item: VideoItem) -> tuple[Prediction | None, str]:
        try:
            one = clips.extract(item.path, item.id)
            prediction = inferencer.predict(one.clip, window=windows.length, stride=windows.stride,
                                            per_person=windows.per_person, video=one.video,
                                            classes=recogniser.classes)
        except VideoError as error:
            return None, str(error)
        if output.video is not None:
            inferencer.visualize([one], [prediction], out_dir=output.video, min_score=output.min_score,
                                 group=output.group)
        nobody = not len(one.clip.keypoint)
        return prediction, f'nobody was found in {prediction.num_frames} frames' if nobody else ''
    return predict
