"""Recognises videos and clips, and reports and shows the results: what ``mmskel predict`` does.

The path of a prediction, function by function, is described in docs/architecture.md.
"""
from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from mmskel.apis.clip_source import ClipSource
from mmskel.apis.cluster_predict import predict_on_cluster
from mmskel.apis.output import OutputOptions
from mmskel.apis.recogniser_options import RecogniserOptions
from mmskel.apis.zoo import check_skeletons
from mmskel.cards.zoo import find_entry
from mmskel.evaluation.prediction import Prediction, save_predictions
from mmskel.evaluation.windows import WindowOptions
from mmskel.files.atomic import output_path
from mmskel.files.progress import progress_bar
from mmskel.parallel.cluster import Cluster
from mmskel.pose.models import ExtractError
from mmskel.skeleton import Clip
from mmskel.video.kinds import Kind, kind_of
from mmskel.video.writing import SUFFIXES


def predict(source: str | Path, recogniser: RecogniserOptions, clips: ClipSource, *,
            windows: WindowOptions = WindowOptions(), output: OutputOptions = OutputOptions(), progress: bool = True,
            cluster: Cluster | None = None) -> tuple[list[Prediction], dict[str, str]]:
    """Recognises everything in a source. Among several videos, one that cannot be read does not stop the others.

    A published recogniser that looks at two persons gets those with the longest and surest tracks.

    Args:
        source: See :func:`~mmskel.video.kinds.kind_of`.
        recogniser: Recogniser: config, checkpoint, classes.
        clips: Options of turning the source into clips.
        windows: Options of dividing clips into windows.
        output: Videos and tables to write.
        progress: Whether to show a progress bar.
        cluster: Ray cluster to work on, for a folder or list of videos.

    Returns:
        The predictions, and why videos failed, by id.

    Raises:
        ExtractError: Arguments that do not fit together.
        ConfigError, PoseModelError: Models that cannot be loaded.
        ZooError: A published recogniser that does not exist, wants other skeletons, or cannot be downloaded.
        VideoError, AnnotationError: A single source, or a table of objects, that cannot be read.
        ClipError, LayoutError: Skeletons that the recogniser cannot take.
    """
    several = kind_of(source).several
    total = clips.check(source)
    several = several and total != 1
    _check_outputs(output.video, output.table, several,
                   [path for path in (source, recogniser.config, recogniser.checkpoint, recogniser.class_names,
                                      *recogniser.weights)
                    if isinstance(path, (str, Path)) and '\0' not in str(path) and Path(path).is_file()])
    entries = [find_entry(name) for name in recogniser.names]
    for entry in entries:
        check_skeletons(entry, source, clips)
    limits = [entry.persons for entry in entries if entry.persons]
    if limits and not windows.per_person:  # those who count are found and drawn, not just the first tracks
        clips.limit_persons(min(limits))
    if cluster is not None:
        if not several or kind_of(source) is Kind.ANNOTATIONS:
            raise ExtractError(f"'{source}' is not a folder or list of videos; only those are spread over a cluster")
        predictions, failed = predict_on_cluster(source, recogniser, clips, windows, output, cluster, progress)
        if output.table is not None:
            save_predictions(predictions, output.table, output.min_score)
        return predictions, failed
    inferencer = recogniser.build(clips)
    predictions: list[Prediction] = []
    failed: dict[str, str] = {}
    unsaid = set(inferencer.graph.person.objects) if inferencer.graph is not None else set()
    found = inferencer.stream(source, window=windows.length, stride=windows.stride, per_person=windows.per_person,
                              classes=recogniser.classes, failed=failed)
    for one, prediction in progress_bar(found, 'predict', total=total, wanted=progress and several):
        predictions.append(prediction)
        unsaid -= _warn_of_objects(unsaid, one.clip)
        if not len(one.clip.keypoint):
            failed[prediction.id] = f'nobody was found in {prediction.num_frames} frames'
        if output.video is not None and several:
            inferencer.visualize([one], [prediction], out_dir=output.video, min_score=output.min_score,
                                 group=output.group)
        elif output.video is not None:
            inferencer.draw(one, prediction, output.video, output.min_score, output.group)
    if output.table is not None:
        save_predictions(predictions, output.table, output.min_score)
    return predictions, failed


def _warn_of_objects(unsaid: set[str], clip: Clip) -> set[str]:
    """Warns once that a graph's objects are unknown in a clip; returns those it named."""
    missing = sorted(unsaid - set(clip.objects))
    if missing:
        warnings.warn(f"the graph has {', '.join(missing)}, but clip '{clip.id}' does not say where; it counts as "
                      f'never seen, here and in all such clips; to find it, name a class of the '
                      'detector for it, or give a table of its positions', stacklevel=3)
    return set(missing)


def _check_outputs(out: str | Path | None, save_to: str | Path | None, several: bool,
                   inputs: Sequence[str | Path]) -> None:
    """Refuses, before any long work, outputs that cannot be written, and those that would replace an input."""
    if out is not None:
        video = Path(out).suffix.lower() in SUFFIXES
        if several and Path(out).suffix:
            raise ExtractError(f"video='{out}' names one file, but there are several clips; give a folder")
        if not several and not video:
            raise ExtractError(f"video='{out}': expected a video, {', '.join(SUFFIXES)}")
    if save_to is not None and Path(save_to).suffix.lower() not in ('.json', '.csv'):
        raise ExtractError(f"table='{save_to}': expected .json (everything) or .csv (segments)")
    if save_to is not None:
        output_path(save_to, *inputs)
    if out is not None:
        output_path(Path(out) / 'clip.mp4' if several else out, *inputs)
