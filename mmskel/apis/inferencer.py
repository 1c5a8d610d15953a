"""Videos, skeletons or annotation files in, actions out: MMEngine's inferencer for skeletons."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.infer import BaseInferencer
from mmengine.registry import DefaultScope
from torch import nn

from mmskel.apis.clip_source import ClipSource, Found
from mmskel.apis.training import load_weights
from mmskel.configuration import ConfigError, dataset_of, encoder_of, load_config
from mmskel.engine import SkeletonAccuracy, average_views, raw_scores
from mmskel.evaluation.prediction import ActionTrack, Prediction, save_predictions, sliding_windows
from mmskel.pose.extraction import SkeletonExtractor
from mmskel.pose.models import PoseModels
from mmskel.skeleton import LAYOUTS, Clip, ClipError, LayoutError, PanoramicGraph, get_layout, joint_map
from mmskel.video.sources import VideoError

_USUAL_FPS = 30.  # of clips that do not say, as in all drawing


class SkeletonInferencer(BaseInferencer):
    """A recogniser with everything in front of it.

    Args:
        model: The config that the checkpoint was trained with: a path, one of mmskel's by name, or a config.
        weights: The checkpoint, a file. Without it the config's own initial weights are used.
        device: ``'cpu'``, ``'cuda:0'``; default: a GPU if there is one.
        pose: How skeletons are found in videos, see :class:`~mmskel.apis.clip_source.ClipSource`.
        class_names: K names; default: those that the checkpoint keeps.
        fps, keep_going: See :class:`~mmskel.apis.clip_source.ClipSource`.

    Attributes:
        class_names: K names.
        layout: The joints that the recogniser takes, or None where the config does not say.
        looks: Whether it looks at pictures, too, so that clips need their videos.
        graph: The :class:`~mmskel.skeleton.PanoramicGraph` of a recogniser of groups, or None. Its slots are told
            apart: persons keep theirs, whoever is seen.

    Raises:
        ConfigError: No such config or checkpoint, one of another model, or names that are not K.
    """
    preprocess_kwargs = {'window', 'stride', 'per_person'}
    forward_kwargs: set = set()
    visualize_kwargs = {'out_dir', 'min_score', 'group'}
    postprocess_kwargs = {'save_to'}

    def __init__(self, model: str | Path | Config, weights: str | Path | None = None, device: str | None = None, *,
                 pose: SkeletonExtractor | PoseModels | None = None, class_names: Sequence[str] | None = None,
                 fps: float | None = None, keep_going: bool = False):
        cfg = model if isinstance(model, Config) else load_config(str(model), fit=False)
        if cfg.get('fit_to_data'):
            raise ConfigError(f"'{cfg.filename}' takes classes and joints from the training clips; give the config in "
                              'the work dir of the training')
        self.meta: dict[str, Any] = {}
        with DefaultScope.overwrite_default_scope('mmaction'):
            super().__init__(cfg, None if weights is None else str(weights), device, 'mmaction', show_progress=False)
        self.source = ClipSource(pose, fps, keep_going)
        dataset = dataset_of(cfg, 'test_dataloader') or {}
        layout = dataset.get('layout') or cfg.model.get('backbone', {}).get('graph_cfg', {}).get('layout')
        self.layout = get_layout(layout).name if layout else None
        self.looks = any(step['type'] == 'LoadClipFrames' for step in (dataset or {}).get('pipeline', ()))
        self.class_names = self._names(class_names)
        graph = getattr(getattr(self.model, 'backbone', None), 'graph', None)
        self.graph = graph if isinstance(graph, PanoramicGraph) else None

    def _init_model(self, cfg, weights: str | None, device: str = 'cpu') -> nn.Module:
        from mmaction.registry import MODELS
        model = MODELS.build(cfg.model)
        model.cfg = cfg
        if weights is not None:
            self.meta = load_weights(model, weights).get('dataset_meta', {})
        return model.to(device).eval()

    def _init_pipeline(self, cfg) -> Compose:
        steps = list(dataset_of(cfg, 'test_dataloader')['pipeline'])
        slots = cfg.model.get('backbone', {}).get('num_person')
        if slots and not any('num_person' in step for step in steps):
            # written for data sets that never have more persons than the network has slots for
            steps.insert(0, dict(type='SetPersons', num_person=slots))
        return Compose(steps)

    def _init_visualizer(self, cfg) -> None:
        """MMAction2's is not used: :meth:`draw` is."""

    def _names(self, given: Sequence[str] | None) -> tuple[str, ...]:
        head = getattr(self.model, 'cls_head', None)
        number = getattr(head, 'num_classes', None) or len(given or self.meta.get('class_names', ()))
        names = list(given or self.meta.get('class_names') or ())
        if given and len(given) != number:
            raise ConfigError(f'{len(given)} class names were given, but the recogniser has {number} classes')
        return (*names, *(f'class {i}' for i in range(len(names), number)))[:number]

    def __call__(self, inputs: Any, return_datasamples: bool = False, batch_size: int = 8, *,
                 window: float | None = None, stride: float | None = None, per_person: bool = False,
                 out_dir: str | Path | None = None, min_score: float = 0., group: bool = False,
                 save_to: str | Path | None = None) -> dict:
        """Recognises what is done.

        Args:
            inputs: See :meth:`~mmskel.apis.clip_source.ClipSource.__call__`.
            return_datasamples: ``predictions`` are :class:`~mmskel.evaluation.prediction.Prediction`, not plain data.
            batch_size: Windows per pass.
            window: Seconds of a sliding window; default: the whole clip at once.
            stride: Seconds between windows; default: half a window.
            per_person: Recognise every person alone.
            out_dir: Where annotated videos go, ``<id>.mp4``; default: none are made.
            min_score: Segments below it are left out, of pictures and of ``save_to``.
            group: Videos show, too, what the recogniser's graph joins.
            save_to: ``.json`` or ``.csv``.

        Returns:
            ``predictions``: per clip; ``visualization``: the paths of the videos.

        Raises:
            ClipError, LayoutError, VideoError, PoseModelError: Inputs that cannot be used; named.
        """
        predictions, videos = [], []
        for found in self.source(inputs):
            prediction = self.predict(found.clip, batch_size, window=window, stride=stride, per_person=per_person,
                                      video=found.video)
            predictions.append(prediction)
            if out_dir is not None:
                videos += map(str, self.visualize([found], [prediction], out_dir=out_dir, min_score=min_score,
                                                  group=group))
        if save_to is not None:
            save_predictions(predictions, save_to, min_score)
        return self.postprocess(predictions, videos, return_datasamples)

    def predict(self, clip: Clip, batch_size: int = 8, *, window: float | None = None, stride: float | None = None,
                per_person: bool = False, video: Any = None) -> Prediction:
        """What is done in one clip; the arguments are those of a call. A clip may have no persons, M = 0.

        Args:
            clip: Its skeletons.
            video: What it was found in, for recognisers that look at pictures, too: anything that
                :func:`~mmskel.video.reading.open_video` can open again. Default: the file that the clip names. Every
                window is decoded from the video's beginning.

        Raises:
            VideoError: Such a recogniser, and no video, or one that cannot be read twice.
        """
        if self.looks and len(clip.keypoint):
            _check_video(clip, video)
        fps = clip.fps or _USUAL_FPS
        windows = sliding_windows(clip.num_frames, fps, window, stride)
        whole = self._fitted(clip) if len(clip.keypoint) else clip
        persons = range(len(whole.keypoint)) if per_person else [None]
        cuts = [(person, start, stop) for person in persons
                for start, stop in _seen_windows(whole, person, windows, tight=window is None)]
        samples = (self.prepare(_cut(whole, *one, slots=self.graph is not None), video, one[1]) for one in cuts)
        scores = [score for batch in _batches(samples, batch_size) for score in self.forward(pseudo_collate(batch))]
        tracks = []
        for person in persons:
            mine = [i for i, one in enumerate(cuts) if one[0] == person]
            tracks.append(ActionTrack(np.array([cuts[i][1:] for i in mine], int).reshape(-1, 2),
                                      np.array([scores[i] for i in mine], np.float32
                                               ).reshape(-1, len(self.class_names)), person))
        return Prediction(clip.id, self.class_names, clip.num_frames, fps, tuple(tracks))

    def forward(self, inputs: dict) -> list[np.ndarray]:
        """(K,) probabilities of every sample of a collated batch."""
        metric = SkeletonAccuracy()  # notes how the head averages views
        with torch.inference_mode(), raw_scores(self.model, [metric]):
            return [average_views(sample.pred_score, metric.average)[0] for sample in self.model.test_step(inputs)]

    def links(self, clip: Clip) -> list[tuple]:
        """What the graph of a recogniser of groups joins in a clip, persons to persons and joints to objects, as
        :class:`~mmskel.visualization.over_video.Overlay` takes it; [] for other recognisers, and for clips of another
        layout than the graph's."""
        if self.graph is None or clip.layout != self.graph.person.layout.name:
            return []
        person, persons = self.graph.person, min(len(clip.keypoint), self.graph.num_person)
        joints = person.layout.num_joints
        inside = [(p * person.num_nodes + a, p * person.num_nodes + b) for p in range(persons)
                  for a, b in person.edges if max(a, b) >= joints]

        def node(number: int) -> tuple[int | None, int | str]:
            slot, part = divmod(number, person.num_nodes)
            return (None, person.objects[part - joints]) if part >= joints else (slot, part)

        return list(dict.fromkeys((node(a), node(b)) for a, b in (*inside, *self.graph.inter_links)))

    def draw(self, found: Found, prediction: Prediction, path: str | Path, min_score: float = 0., group: bool = False
             ) -> Path:
        """Writes the annotated video of a clip; on paper where it came without one. ``group``: with :meth:`links`."""
        from mmskel.visualization.labelled_video import draw_labelled
        links = self.links(found.clip) if group else ()
        return draw_labelled(found.clip, prediction, path, found.video, min_score, links)

    def visualize(self, inputs: Sequence[Found], preds: Sequence[Prediction], show: bool = False, *,
                  out_dir: str | Path = '.', min_score: float = 0., group: bool = False) -> list[Path]:
        """Annotated videos of several clips; ``show`` is MMEngine's and not used: a video is looked at as a file."""
        return [self.draw(found, one, Path(out_dir) / f'{one.id.replace("/", "_")}.mp4', min_score, group)
                for found, one in zip(inputs, preds)]

    def postprocess(self, preds: Sequence[Prediction], visualization: Sequence,
                    return_datasample: bool = False) -> dict:
        """The result of a call."""
        return dict(predictions=list(preds) if return_datasample else [one.as_dict() for one in preds],
                    visualization=list(visualization))

    def _fitted(self, clip: Clip) -> Clip:
        """The clip in the recogniser's joints.

        Raises:
            LayoutError: Joints that the recogniser needs and the clip cannot give.
            ClipError: 2-D for a recogniser of 3-D, or the reverse.
        """
        if self.layout and clip.layout != self.layout:
            try:
                clip = clip.to_layout(self.layout)
            except LayoutError as error:
                fits = [name for name in LAYOUTS if not joint_map(name, self.layout, 'zero').missing]
                raise LayoutError(f"clip '{clip.id}': the recogniser takes skeletons of layout '{self.layout}'; "
                                  f'{str(error).partition(";")[0]}. Skeletons that can be converted: '
                                  f'{", ".join(fits)}: use a pose model or a recogniser of another layout') from None
        encoder, backbone = self.cfg.model.get('data_preprocessor') or {}, self.cfg.model.get('backbone', {})
        coords, taken = clip.keypoint.shape[-1], backbone.get('in_channels', 3) - bool(encoder.get('with_score'))
        if getattr(encoder_of(self.cfg), 'coords', None) == (2, ):  # of volumes, which are drawn in the image
            steps = {one['type'] for one in dataset_of(self.cfg, 'test_dataloader')['pipeline']}
            taken = coords if 'FitIntoImage' in steps else 3 if 'ProjectToImage' in steps else 2
        if 'stream' in encoder and coords != taken:
            raise ClipError(f"clip '{clip.id}' has {coords} coordinates per joint, but the recogniser was made for "
                            f'{taken}; use a recogniser trained on skeletons of the same kind, or (2-D to 3-D) lift '
                            'them: --lift-config')
        return clip

    def prepare(self, clip: Clip, video: Any = None, start: int = 0) -> dict[str, Any]:
        """What the test pipeline, ours or MMAction2's, packs of a clip in the recogniser's joints; the clip begins with
        the video's frame ``start``."""
        return self.pipeline(dict(clip.to_annotation(), layout=clip.layout, start_index=0, modality='Pose', label=-1,
                                  rng=np.random.default_rng(0), video=video, video_start=start))


def _check_video(clip: Clip, video: Any) -> None:
    if video is None and not clip.rgb:
        raise VideoError(f"clip '{clip.id}' came without its video, and the recogniser looks at pictures, too; give "
                         'the video itself, or an annotation file of `mmskel extract`, which names the videos')
    if isinstance(video, int) or '://' in str(video)[:12] or isinstance(video, str) and video.isdecimal():
        raise VideoError(f"'{video}': a camera or stream passes once, and the recogniser looks at pictures, too: it "
                         'needs a second pass after the skeletons; record it to a file')


def _seen_windows(clip: Clip, person: int | None, windows: np.ndarray, tight: bool) -> Iterator[tuple[int, int]]:
    """The windows in which someone, or the person, is seen; ``tight``: from the first such frame to the last."""
    score = clip.score if person is None else clip.score[[person]]
    seen = (score > 0).any((0, 2))
    for start, stop in windows.tolist():
        frames = np.flatnonzero(seen[start:stop])
        if len(frames):
            yield (start + int(frames[0]), start + int(frames[-1]) + 1) if tight and person is not None \
                else (start, stop)


def _cut(clip: Clip, person: int | None, start: int, stop: int, slots: bool = False) -> Clip:
    """Frames of a clip, and those persons of it that are seen in them (of whom the first come first); ``slots``: all
    persons."""
    score = clip.score[:, start:stop]
    seen = (score > 0).any((1, 2))
    keep = np.array([person]) if person is not None else np.arange(len(seen)) if slots else np.flatnonzero(seen)
    objects = {name: track[start:stop] for name, track in clip.objects.items()}
    return replace(clip, keypoint=clip.keypoint[keep, start:stop], score=score[keep], objects=objects,
                   track_id=None if clip.track_id is None else np.asarray(clip.track_id)[keep])


def _batches(items: Iterator, size: int) -> Iterator[list]:
    batch: list = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
