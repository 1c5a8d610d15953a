"""Videos and clips recognised, said and shown: what ``mmskel predict`` does."""
from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mmskel.apis.clip_source import ClipSource, Found, holds_videos
from mmskel.apis.inferencer import SkeletonInferencer
from mmskel.data.annotation_file import clip_id, load_annotation_file
from mmskel.evaluation.prediction import Prediction, save_predictions
from mmskel.pose.models import ExtractError, PoseModels
from mmskel.pose.object_tracks import ObjectTracks
from mmskel.skeleton import ClipError
from mmskel.video.listing import VideoItem, list_videos
from mmskel.video.sources import VideoError
from mmskel.video.writing import SUFFIXES


def predict(source: str | Path, config: str, checkpoint: str | Path, pose: PoseModels, *,
            class_names: str | Path | None = None, out: str | Path | None = None, save_to: str | Path | None = None,
            window: float | None = None, stride: float | None = None, per_person: bool = False, min_score: float = 0.,
            group: bool = False, object_tracks: str | Path | None = None, fps: float | None = None,
            keep_going: bool = False, progress: bool = True) -> tuple[list[Prediction], dict[str, str]]:
    """Recognises everything in a source. Of several videos, one that cannot be read does not stop the others.

    Args:
        source: See :meth:`~mmskel.apis.clip_source.ClipSource.__call__`.
        config, checkpoint: Of the recogniser.
        pose: How skeletons are found in videos.
        class_names: A file with a name per line.
        out: Annotated video; a folder where there are several clips.
        save_to: ``.json`` or ``.csv``.
        window, stride, per_person, min_score: See :meth:`~mmskel.apis.inferencer.SkeletonInferencer.__call__`.
        group: Of a group: the video shows what the recogniser's graph joins; ``pose`` finds at most as many persons as
            the recogniser has slots, unless it says how many.
        object_tracks: Table of places of objects, see :class:`~mmskel.pose.object_tracks.ObjectTracks`.
        fps, keep_going: See :class:`~mmskel.apis.clip_source.ClipSource`.
        progress: Show a progress bar.

    Returns:
        The predictions, and why videos failed, by id.

    Raises:
        ExtractError: Arguments that do not go together.
        ConfigError, PoseModelError: Models that cannot be loaded.
        VideoError, AnnotationError: A single source, or a table of objects, that cannot be read.
        ClipError, LayoutError: Skeletons that the recogniser cannot take.
    """
    items = _items(source)
    several = len(items) > 1 or Path(source).suffix.lower() in ('.pkl', '.pickle')
    _check_outputs(out, save_to, several)
    tables = ObjectTracks(object_tracks) if object_tracks else None
    if tables is not None:
        tables.check(_ids(items))
    inferencer = SkeletonInferencer(config, checkpoint, pose.device or None, class_names=_read_names(class_names))
    if group and inferencer.graph is not None and pose.options.max_persons is None:
        pose = replace(pose, options=replace(pose.options, max_persons=inferencer.graph.num_person))
    inferencer.source = ClipSource(pose, fps, keep_going, tables)
    predictions: list[Prediction] = []
    failed: dict[str, str] = {}
    unsaid = set(inferencer.graph.person.objects) if inferencer.graph is not None else set()
    for found in _shown(_found(inferencer, items, failed), len(items), progress and several):
        prediction = inferencer.predict(found.clip, window=window, stride=stride, per_person=per_person,
                                        video=found.video)
        predictions.append(prediction)
        if lost := sorted(unsaid - set(found.clip.objects)):
            unsaid -= set(lost)
            warnings.warn(f"the graph has {', '.join(lost)}, but clip '{prediction.id}' does not say where; "
                          'it counts as never seen, here and in all such clips; to find it: '
                          f'--objects {lost[0]}=CLASS, or --object-tracks TABLE', stacklevel=2)
        if not len(found.clip.keypoint):
            failed[prediction.id] = f'nobody was found in {prediction.num_frames} frames'
        if out is not None:
            if several:
                inferencer.visualize([found], [prediction], out_dir=out, min_score=min_score, group=group)
            else:
                inferencer.draw(found, prediction, out, min_score, group)
    if save_to is not None:
        save_predictions(predictions, save_to, min_score)
    return predictions, failed


def describe_predictions(predictions: Sequence[Prediction], failed: Mapping[str, str], min_score: float = 0.) -> str:
    """What was recognised, a line per clip, person and segment."""
    lines = []
    for prediction in predictions:
        lines.append(f'{prediction.id}   ({prediction.num_frames} frames, {prediction.fps:g} per second)')
        for track in prediction.tracks:
            label, score = prediction.best(track)
            who = '' if track.person is None else f'person {track.person}: '
            lines.append(f'  {who}{label}   {100 * score:.1f} %' if label else f'  {who}nobody was found')
            segments = prediction.segments(track, min_score)
            if len(track.windows) > 1:
                lines += [f'  {s.start:8.2f} - {s.stop:7.2f} s   {prediction.class_names[s.label]}   '
                          f'{100 * s.score:.1f} %' for s in segments]
    known = {prediction.id for prediction in predictions}
    return '\n'.join(lines + [f'{name}: {why}' for name, why in failed.items() if name not in known])


def _items(source: str | Path) -> list[VideoItem]:
    """The videos of a folder or a list; one item, whatever it is, for anything else."""
    if not Path(source).exists() and '://' not in str(source) and not str(source).isdecimal():
        raise VideoError(f"'{source}': no such file or folder; expected a video, a folder, a .txt list, an annotation "
                         "file, a stream's address or a camera's number")
    return list_videos(source) if holds_videos(source) else [VideoItem('', str(source))]


def _found(inferencer: SkeletonInferencer, items: Sequence[VideoItem], failed: dict[str, str]) -> Iterator[Found]:
    for item in items:
        if not item.id:
            yield from inferencer.source(item.path)
            continue
        try:
            yield inferencer.source.extract(item.path, item.id)
        except VideoError as error:
            if len(items) == 1:
                raise
            failed[item.id] = str(error)


def _ids(items: Sequence[VideoItem]) -> Iterator[str]:
    """Of all clips that will come."""
    for item in items:
        if Path(item.path).suffix.lower() in ('.pkl', '.pickle'):
            yield from map(clip_id, load_annotation_file(item.path).annotations)
        else:
            yield item.id or Path(item.path).stem


def _shown(found: Iterator[Found], total: int, progress: bool) -> Iterator[Found]:
    from tqdm import tqdm
    return tqdm(found, 'predict', total if total > 1 else None, unit='clip', disable=None if progress else True)


def _check_outputs(out: str | Path | None, save_to: str | Path | None, several: bool) -> None:
    """Refuses, before anything long begins, outputs that could not be written."""
    if out is not None:
        video = Path(out).suffix.lower() in SUFFIXES
        if several and Path(out).suffix:
            raise ExtractError(f"--out '{out}' names one file, but there are several clips; give a folder")
        if not several and not video:
            raise ExtractError(f"--out '{out}': expected a video, {', '.join(SUFFIXES)}")
    if save_to is not None and Path(save_to).suffix.lower() not in ('.json', '.csv'):
        raise ExtractError(f"--save '{save_to}': expected .json (everything) or .csv (segments)")
    for path in filter(None, (out, save_to)):
        parent = Path(path).absolute().parent
        while not parent.exists():
            parent = parent.parent
        if not parent.is_dir():
            raise ExtractError(f"'{path}' cannot be written: '{parent}' is a file, not a folder")


def _read_names(path: str | Path | None) -> list[str] | None:
    if path is None:
        return None
    try:
        names = [line.strip() for line in Path(path).read_text().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise ClipError(f"--class-names '{path}' cannot be read: {error}; expected a name per line") from None
    return names
