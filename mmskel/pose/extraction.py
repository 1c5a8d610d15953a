"""A video becomes a clip of skeletons: decode, detect, estimate, track, clean and, optionally, lift to 3-D."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from mmskel.files.errors import UserError
from mmskel.pose.candidates import Candidates
from mmskel.pose.cleaning import CleaningOptions, clean
from mmskel.pose.detection import Boxes, PersonDetector
from mmskel.pose.estimation import PoseEstimator
from mmskel.pose.grouping import assign_slots
from mmskel.pose.lifting import PoseLifter, joint_shares
from mmskel.pose.objects import ObjectDetector, ObjectRecord
from mmskel.pose.poses import Poses
from mmskel.pose.similarity import box_iou
from mmskel.pose.tracking import Tracker, TrackingOptions
from mmskel.pose.tracks import TrackRecord
from mmskel.skeleton import Clip
from mmskel.skeleton.scores import confidence
from mmskel.video.reading import Frame, Video, open_video


@dataclass(frozen=True)
class ExtractionOptions:
    """The options of going through a video.

    Args:
        det_every: Interval of detection: the detector sees every n-th frame and the last; boxes in between are
            interpolated.
        chunk: Frames that go through the models together; more need memory, fewer leave batches half empty.
        max_persons: Maximum number of persons, those with the longest and surest tracks (for a group: slots); default:
            all.
        group: Whether persons are in the slots of :func:`~mmskel.pose.grouping.assign_slots`, instead of a slot per
            track.
        tracking: Thresholds of the tracker.
        cleaning: Cleaning of the skeletons afterwards; none by default.
    """
    det_every: int = 1
    chunk: int = 16
    max_persons: int | None = None
    group: bool = False
    tracking: TrackingOptions = field(default_factory=TrackingOptions)
    cleaning: CleaningOptions = field(default_factory=CleaningOptions)

    def __post_init__(self):
        if self.det_every < 1 or self.chunk < 1:
            raise UserError(f'det_every = {self.det_every}, chunk = {self.chunk}; expected at least 1')


class SkeletonExtractor:
    """Videos in, clips out.

    Args:
        detector: Detector of persons; None for a pose model that finds them itself.
        estimator: Estimator of keypoints.
        options: See :class:`ExtractionOptions`.
        lifter: Lifter that makes the clips 3-D, after cleaning; default: they stay in pixels.
        objects: Detector of the clips' objects; looks at the same frames as the person detector.

    Raises:
        UserError: A top-down pose model without a detector; objects, which are in the image, with a lifter.
        LayoutError: A pose model that lacks joints which the lifter needs.

    Example:
        >>> from mmskel.pose.detection import PersonDetector
        >>> from mmskel.pose.estimation import PoseEstimator
        >>> from mmskel.pose.presets import PRESETS
        >>> preset = PRESETS['balanced']
        >>> extractor = SkeletonExtractor(PersonDetector(preset.det_config, preset.det_weights),  # doctest: +SKIP
        ...                               PoseEstimator(preset.pose_config, preset.pose_weights),
        ...                               ExtractionOptions(det_every=3, max_persons=2))
        >>> clip = extractor('clip.mp4')  # doctest: +SKIP
    """

    def __init__(self, detector: PersonDetector | None, estimator: PoseEstimator,
                 options: ExtractionOptions = ExtractionOptions(), lifter: PoseLifter | None = None,
                 objects: ObjectDetector | None = None):
        if estimator.needs_boxes and detector is None:
            raise UserError(f"'{estimator.config}' is a top-down model, which needs a person detector")
        self.detector = detector if estimator.needs_boxes else None
        if lifter is not None:
            joint_shares(estimator.layout)  # fails now, not after the first video
            if objects is not None:
                raise UserError('objects have places in the image, but lifted skeletons are not in it; leave out '
                                'the lifter or the objects')
        self.estimator, self.options, self.lifter = estimator, options, lifter
        self.objects = objects

    def __call__(self, source, name: str | None = None, fps: float | None = None, keep_going: bool = False) -> Clip:
        """The skeletons of a video.

        Args:
            source: See :func:`~mmskel.video.reading.open_video`.
            name: Id of the clip; default: the file's name without its suffix.
            fps: Frames per second to use instead of what the file says.
            keep_going: If true, a damaged video gives the frames before the damage.

        Returns:
            A clip of M persons in pixels, or as :meth:`PoseLifter.__call__` says; ``extra`` says what it was
            made with and, for a group, ``slots``: who had which slot when. M is 0 if nobody was found.

        Raises:
            VideoError: A video that cannot be read.
        """
        options = self.options
        tracker = Tracker(self.estimator.layout, options.tracking)
        record, sightings = TrackRecord(), ObjectRecord(self.objects.names if self.objects else ())
        with open_video(source, fps=fps, keep_going=keep_going) as video:
            for poses in self.poses(video, sightings):
                record.add(poses, tracker.update(poses))
        # a clip of two frames confirms nobody
        tracks = record.arrays(None if options.group else options.max_persons, tracker.confirmed or None)
        keypoint, score = clean(tracks.keypoint, tracks.score, video.fps, options.cleaning)
        notes = list(video.notes)
        score, outside = confidence(score)  # some models' outputs know no bounds
        if outside:
            notes.append(f'{outside} of {score.size} scores were outside of [0, 1] and were clipped')
        track_id, extra = tracks.track_id, dict(made_by=self.provenance(), notes=notes)
        if options.group:
            slots = assign_slots(tracks, options.max_persons)
            keypoint, score, track_id = slots.merge(keypoint), slots.merge(score), slots.numbers
            extra['slots'] = slots.history()
        path = str(source) if isinstance(source, (str, Path)) else None
        objects = sightings.tracks(record.num_frames, video.size, max(options.det_every - 1, options.cleaning.max_gap))
        clip = Clip(name or (Path(path).stem if path else 'clip'), keypoint, score, self.estimator.layout.name,
                    image_size=video.size, fps=video.fps, track_id=track_id, objects=objects, rgb=path, extra=extra)
        return clip if self.lifter is None else self.lifter(clip, self.estimator.layout)

    def provenance(self) -> dict[str, Any]:
        """Models, versions and options, as plain data."""
        from importlib.metadata import version
        made_by = dict(pose_config=self.estimator.config, pose_weights=Path(self.estimator.weights).name,
                       versions={package: version(package) for package in ('mmskel', 'mmpose', 'mmdet', 'torch')},
                       options=asdict(self.options))
        if self.detector is not None:
            made_by.update(det_config=self.detector.config, det_weights=Path(self.detector.weights).name,
                           det_min_score=self.detector.min_score)
        if self.objects is not None:
            made_by.update(objects=self.objects.names, object_config=self.objects.detector.config,
                           object_weights=Path(self.objects.detector.weights).name)
        if self.lifter is not None:
            made_by.update(lift_config=self.lifter.config, lift_weights=Path(self.lifter.weights).name,
                           lift_normalise=self.lifter.normalise)
        return made_by

    def poses(self, video: Video, sightings: ObjectRecord | None = None) -> Iterator[Poses]:
        """The persons of every frame of a video, frame by frame, while the next frames are decoded.

        Args:
            video: Open video.
            sightings: Record that takes in the objects.
        """
        every, waiting, known = self.options.det_every, [], None
        candidates = Candidates(self.options.tracking)
        with video.prefetch(self.options.chunk) as frames:
            for chunk, last in _chunks(frames, self.options.chunk):
                if self.detector is None:
                    self._look([frame for i, frame in enumerate(chunk)
                                if frame.index % every == 0 or (last and i == len(chunk) - 1)], sightings)
                    yield from self.estimator([frame.image for frame in chunk])
                    continue
                waiting += chunk
                asked = [i for i, frame in enumerate(waiting)
                         if frame.index % every == 0 or (last and i == len(waiting) - 1)]
                first = 0 if known is None else 1  # the first waiting frame was the last one that was looked at
                found = [candidates(one) for one in self._look([waiting[i] for i in asked[first:]], sightings)]
                found = found if known is None else [known, *found]
                boxes = [box for i, j, here, there in zip(asked, asked[1:], found, found[1:])
                         for box in interpolated(here, there, j - i)]
                boxes += found[-1:] if last else []
                yield from self.estimator([frame.image for frame in waiting[:len(boxes)]], boxes)
                waiting, known = waiting[len(boxes):], found[-1]

    def _look(self, frames: list[Frame], sightings: ObjectRecord | None) -> list[Boxes]:
        """The persons of frames, if there is a detector; their objects go into the record. One pass for both if one
        detector finds both."""
        images, objects = [frame.image for frame in frames], self.objects if sightings is not None else None
        if objects is None:
            return self.detector(images) if self.detector is not None else []
        detected = objects.detector.detect(images)
        for frame, found in zip(frames, detected):
            sightings.add(frame.index, objects(found))
        if self.detector is None:
            return []
        return [self.detector.pick(one) for one in detected] if self.detector is objects.detector else \
            self.detector(images)


def _chunks(frames: Iterator[Frame], size: int) -> Iterator[tuple[list[Frame], bool]]:
    """Lists of ``size`` frames, and whether it is the last one."""
    chunk: list[Frame] = []
    for frame in frames:
        if len(chunk) == size:
            yield chunk, False
            chunk = []
        chunk.append(frame)
    yield chunk, True


def interpolated(here: Boxes, there: Boxes, steps: int, min_overlap: float = 0.1) -> list[Boxes]:
    """The boxes of ``steps`` frames, the first of which has ``here``; ``there`` are those of one past the last frame.

    Boxes are paired by overlap (IoU) and move linearly; one without a partner stays where it is, for the half of the
    frames that is nearer to it.

    Args:
        here, there: Detected boxes.
        steps: Number of frames from here to there.
        min_overlap: Least overlap (IoU) of a pair.
    """
    if steps == 1:
        return [here]
    overlap = box_iou(here.boxes, there.boxes)
    rows, columns = linear_sum_assignment(-overlap)
    pairs = [(i, j) for i, j in zip(rows, columns) if overlap[i, j] >= min_overlap]
    left, right = [i for i, _ in pairs], [j for _, j in pairs]
    only_here = np.setdiff1d(np.arange(len(here.boxes)), left).astype(int)
    only_there = np.setdiff1d(np.arange(len(there.boxes)), right).astype(int)
    out = [here]
    for step in range(1, steps):
        share = np.float32(step / steps)
        boxes = [here.boxes[left] * (1 - share) + there.boxes[right] * share]
        scores = [here.scores[left] * (1 - share) + there.scores[right] * share]
        lone, source = (only_here, here) if share < 0.5 else (only_there, there)
        boxes.append(source.boxes[lone])
        scores.append(source.scores[lone])
        out.append(Boxes(np.concatenate(boxes), np.concatenate(scores)))
    return out
