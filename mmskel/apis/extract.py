"""Videos into an annotation file: what ``mmskel extract`` does."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread
from typing import Any

from mmskel.data.annotation_file import AnnotationFile
from mmskel.data.converting import check_output
from mmskel.data.prepare import save_with_skipped
from mmskel.data.store import ColumnarStore
from mmskel.files.devices import device_of
from mmskel.files.progress import progress_bar
from mmskel.parallel.cluster import Cluster
from mmskel.parallel.shards import Shard
from mmskel.pose.extraction import SkeletonExtractor
from mmskel.pose.journal import Journal, fingerprint
from mmskel.pose.models import ExtractError, PoseModels
from mmskel.pose.object_tracks import ObjectTracks
from mmskel.skeleton import Clip
from mmskel.version import __version__
from mmskel.video.listing import VideoItem, classes_of, list_videos, splits_of
from mmskel.video.sources import VideoError


@dataclass(frozen=True)
class Work:
    """The options of processing videos.

    Args:
        jobs: Number of processes, each with models of its own.
        threads: Number of threads of each process; default: its share of the cores.
        fps: Frames per second of all videos, instead of their own rates.
        keep_going: Whether to take the frames before the damage of a damaged video.
        progress: Whether to show a progress bar.
        shard: Part of the videos to extract; labels are numbered as for all of them.
        cluster: Ray cluster to work on, instead of processes on this machine; it has to see the same folders.
    """
    jobs: int = 1
    threads: int | None = None
    fps: float | None = None
    keep_going: bool = False
    progress: bool = True
    shard: Shard = Shard()
    cluster: Cluster | None = None


def extract(source: str | Path, out: str | Path, models: PoseModels, *, labels: str | Path | None = None,
            object_tracks: str | Path | None = None, work: Work = Work()) -> AnnotationFile | ColumnarStore:
    """Extracts every video once; a run that was killed continues where it stopped.

    Finished videos are kept in ``<out>.journal`` until the file is written. A video that cannot be read, or shows
    nobody, does not stop the others: it is listed in ``<out>.skipped.txt`` (id, tab, reason) and tried again next time.

    Args:
        source: Video, folder or list, see :func:`~mmskel.video.listing.list_videos`.
        out: Annotation file to write, ``.pkl``, or store, ``.mmsk``.
        models: Models that find the skeletons.
        labels: Table of labels and splits.
        object_tracks: Table of object positions, see :class:`~mmskel.pose.object_tracks.ObjectTracks`. It is read
            when the file is written, so a corrected table needs no second extraction.
        work: Processes, threads, and options of the videos.

    Returns:
        The file; ``meta['skipped']`` lists what is not in it.

    Raises:
        ExtractError: Invalid arguments, or not a single clip.
        VideoError: No videos; a table of objects that does not fit them; a journal of other settings, or one that
            another process is writing.
        OutputError: An output that cannot be written, or that is one of the inputs.
        PoseModelError: See :meth:`PoseModels.build`.
    """
    out = Path(out)
    inputs = [path for path in (source, labels, object_tracks) if path and Path(path).is_file()]
    check_output(out, *inputs)
    if work.jobs < 1:
        raise ExtractError(f'jobs={work.jobs}; expected at least 1')
    if work.threads is not None and work.threads < 1:
        raise ExtractError(f'threads={work.threads}; expected at least 1')
    device_of(models.device)
    videos = list_videos(source, labels)
    items = list(work.shard.of(videos))
    if not items:
        raise ExtractError(f'shard {work.shard.number}/{work.shard.count} is empty: there are {len(videos)} videos')
    tables = ObjectTracks(object_tracks) if object_tracks else None
    if tables is not None:
        if models.lift_config:
            raise ExtractError('object_tracks=... has places in the image, but lifted skeletons are not in it; leave '
                               'out one of them')
        tables.check(item.id for item in items)
    journal = Journal(out, _settings(models, work))
    try:
        journal.forget_failures()
        keys = {item.id: journal.key(item.id, item.path) for item in items}
        todo = [item for item in items if not journal.is_done(keys[item.id])]
        for _ in progress_bar(_run(todo, keys, journal, models, work), 'extract', total=len(items),
                              done=len(items) - len(todo), unit='video', wanted=work.progress):
            pass
        file = _assemble(items, classes_of(videos), keys, journal, out, tables)
        journal.remove()
        return file
    finally:
        journal.close()


def _settings(models: PoseModels, work: Work) -> dict[str, Any]:
    """What clips depend on beside their video: options, versions, and the models' files by content."""
    options = asdict(models)
    files = {name: fingerprint(value) for name, value in options.items()
             if isinstance(value, str) and value and Path(value).is_file()}
    return dict(options, fps=work.fps, keep_going=work.keep_going, files=files, mmskel_version=__version__)


def _run(todo: Sequence[VideoItem], keys: Mapping[str, str], journal: Journal, models: PoseModels, work: Work
         ) -> Iterator[str]:
    """Extracts the videos, in this process, in several, or on a cluster; yields each id when its record is written."""
    if work.cluster is not None:
        yield from _run_on_cluster(todo, keys, journal, models, work)
        return
    if work.jobs == 1 or len(todo) <= 1:
        with limited_threads(work.threads):
            extractor = models.build() if todo else None
            for item in todo:
                _extract_one(extractor, item, keys[item.id], journal, work)
                yield item.id
        return
    threads = work.threads or max(1, (os.cpu_count() or 1) // work.jobs)
    models.build()  # a mistake shows here, once, and downloads are done
    with ProcessPoolExecutor(min(work.jobs, len(todo)), get_context('spawn'), _begin, (models, threads)) as pool:
        futures = {pool.submit(_extract_in_process, item, keys[item.id], journal, work): item for item in todo}
        try:
            for future in as_completed(futures):
                future.result()
                yield futures[future].id
        except BrokenProcessPool:
            raise ExtractError('a process was killed, perhaps for lack of memory; what is finished is '
                               'kept: run the same extraction again with fewer processes (jobs=...)') from None
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _run_on_cluster(todo: Sequence[VideoItem], keys: Mapping[str, str], journal: Journal, models: PoseModels,
                    work: Work) -> Iterator[str]:
    """Workers return clips, and this process writes them."""
    for item, found in work.cluster.map(partial(_extractor_of, models, work, os.getcwd()), todo):
        _keep(found or f"'{item.path}': every process that tried it ended too early", keys[item.id], journal)
        yield item.id


def _extractor_of(models: PoseModels, work: Work, folder: str) -> Callable[[VideoItem], Clip | str]:
    """What a worker does; relative paths begin where they were given."""
    if os.path.isdir(folder):
        os.chdir(folder)
    return partial(_clip_or_reason, models.build(), work)


@contextmanager
def limited_threads(threads: int | None) -> Iterator[None]:
    """Sets PyTorch's number of threads in this process while it lasts; None changes nothing."""
    import torch
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


_EXTRACTOR: SkeletonExtractor | None = None  # of a worker process


def _begin(models: PoseModels, threads: int) -> None:
    import torch
    Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(threads)
    global _EXTRACTOR
    _EXTRACTOR = models.build()


def _end_with_parent() -> None:
    """Ends a worker whose parent was killed: nobody else would."""
    wait([parent_process().sentinel])
    os._exit(1)


def _extract_in_process(item: VideoItem, key: str, journal: Journal, work: Work) -> None:
    _extract_one(_EXTRACTOR, item, key, journal, work)


def _extract_one(extractor: SkeletonExtractor, item: VideoItem, key: str, journal: Journal, work: Work) -> None:
    _keep(_clip_or_reason(extractor, work, item), key, journal)


def _clip_or_reason(extractor: SkeletonExtractor, work: Work, item: VideoItem) -> Clip | str:
    """The clip of a video, or why there is none."""
    try:
        clip = extractor(item.path, item.id, fps=work.fps, keep_going=work.keep_going)
    except VideoError as error:
        return str(error)
    return clip if len(clip.keypoint) else f"'{item.path}': nobody was found in {clip.num_frames} frames"


def _keep(found: Clip | str, key: str, journal: Journal) -> None:
    if isinstance(found, str):
        journal.keep_failure(key, found)
    else:
        journal.keep(key, found)


def _assemble(items: Sequence[VideoItem], classes: tuple[dict[str, int], list[str]], keys: Mapping[str, str],
              journal: Journal, out: Path, tables: ObjectTracks | None) -> AnnotationFile | ColumnarStore:
    """Writes the annotation file and the list of what is missing in it."""
    skipped = {item.id: why for item in items if (why := journal.failure(keys[item.id]))}
    kept = [item for item in items if item.id not in skipped]
    if not kept:
        raise ExtractError(f'none of the {len(items)} videos gave a clip; the first: {next(iter(skipped.values()))}')
    (numbers, names), clips = classes, []
    for item in kept:
        clip: Clip = journal.clip(keys[item.id])
        clip.label = numbers.get(item.label)
        clips.append(clip if tables is None else tables.add_to(clip))
    meta: dict[str, Any] = dict(layout=clips[0].layout, **({'class_names': names} if names else {}),
                                source='videos, mmskel extract', made_by=clips[0].extra.get('made_by', {}))
    if skipped:
        meta['skipped'] = skipped
    return save_with_skipped(out, clips, splits_of(kept), meta, skipped)
