"""Videos, skeletons or annotation files in, actions out: MMEngine's inferencer for skeletons."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.infer import BaseInferencer
from mmengine.registry import DefaultScope
from torch import nn

from mmskel.apis.clip_source import ClipSource, Found, check_video
from mmskel.apis.output import OutputOptions
from mmskel.apis.training import load_weights
from mmskel.apis.vocabulary import called_classes, complete_names
from mmskel.apis.zoo import FusionRule, config_of, find_entry, weights_of
from mmskel.configuration import ConfigError, load_config, needs_video
from mmskel.configuration.building import build_model
from mmskel.configuration.clip_pipeline import pipeline_of
from mmskel.data.clip_pipeline import ClipPipeline
from mmskel.data.published_lists import published_classes
from mmskel.evaluation.prediction import ActionTrack, Prediction, fuse_predictions, save_predictions
from mmskel.evaluation.windows import WindowOptions, cut_clip, cuts_of
from mmskel.files.devices import device_of
from mmskel.files.errors import UserError
from mmskel.models.backbones import MPGCN
from mmskel.models.recognizers import HeadScorer, Scorer
from mmskel.pose.extraction import SkeletonExtractor
from mmskel.pose.models import PoseModels
from mmskel.skeleton import Clip
from mmskel.visualization.over_video import Link


class Companions(NamedTuple):
    """The recognisers that one is fused with, and how: rule and weights, the first weight being its own."""
    members: tuple[SkeletonInferencer, ...]
    rule: FusionRule


class SkeletonInferencer(BaseInferencer):
    """A recogniser with everything before it: pose models, windows, pipeline.

    Args:
        model: Config that the checkpoint was trained with: a path, one of mmskel's by name, or a config.
        weights: Checkpoint, a file. Without it the config's own initial weights are used.
        device: ``'cpu'``, ``'cuda:0'``; default: a GPU if there is one.
        pose: Short for ``source=ClipSource(pose)``: the models that find skeletons in videos.
        source: Source that makes clips of any input; default: :class:`~mmskel.apis.clip_source.ClipSource` of ``pose``.
        class_names: Names of the K classes; default: those in the checkpoint, or those that the config names. With
            an open vocabulary: the classes of calls that name none.
        scorer: Callable that gives every class a probability; default: the recogniser's own head. With one of an open
            vocabulary (:class:`~mmskel.models.recognizers.FeatureScorer`) every call may name its own ``classes``.

    Attributes:
        class_names: Names of the K classes; () for an open vocabulary without any.
        layout: Layout that the recogniser takes, or None if the config does not say.
        companions: Recognisers that it is fused with, or None, see
            :func:`~mmskel.apis.fused.published_inferencer`.
        origin: Names of published recognisers, and how they are fused; {} for one of the user's own.
        needs_video: Whether it looks at images as well, so that clips need their videos.
        graph: :class:`~mmskel.skeleton.PanoramicGraph` of a recogniser of groups, or None. Its slots are
            distinct: persons keep theirs, whoever else is seen.

    Raises:
        ConfigError: No such config, a wrong number of names, or both ``pose`` and ``source``.
        CheckpointError: No such checkpoint, or one of another model.

    Example:
        >>> inferencer = SkeletonInferencer('work_dirs/stgcn_custom/stgcn_custom.py',  # doctest: +SKIP
        ...                                 'work_dirs/stgcn_custom/epoch_20.pth')
        >>> result = inferencer('clip.mp4', window=2.)['predictions'][0]  # doctest: +SKIP
        >>> result['tracks'][0]['label'], result['tracks'][0]['score']  # doctest: +SKIP
        ('wave', 0.93)
        >>> for clip, prediction in inferencer.stream('videos'):  # doctest: +SKIP
        ...     print(clip.id, prediction.tracks[0].label)
    """
    preprocess_kwargs = {'window', 'stride', 'per_person'}
    forward_kwargs = {'classes'}
    visualize_kwargs = {'out_dir', 'min_score', 'group'}
    postprocess_kwargs = {'output'}

    def __init__(self, model: str | Path | Config, weights: str | Path | None = None, device: str | None = None, *,
                 pose: SkeletonExtractor | PoseModels | None = None, source: ClipSource | None = None,
                 class_names: Sequence[str] | None = None, scorer: Scorer | None = None):
        if pose is not None and source is not None:
            raise ConfigError('pose and source were both given; a source has its own pose models')
        cfg = model if isinstance(model, Config) else load_config(str(model), fit=False)
        if cfg.get('fit_to_data'):
            raise ConfigError(f"'{cfg.filename}' takes classes and joints from the training clips; give the config in "
                              'the work dir of the training')
        self.meta: dict[str, Any] = dict(class_names=published_classes(cfg))
        self.origin: dict[str, Any] = {}
        self.companions: Companions | None = None
        self._drawn: dict[Path, str] = {}
        with DefaultScope.overwrite_default_scope('mmaction'):
            super().__init__(cfg, None if weights is None else str(weights), device_of(device), 'mmaction',
                             show_progress=False)
        self.scorer = scorer or HeadScorer()
        self.class_names = self._names(class_names)
        self.layout = self.pipeline.layout
        self.needs_video = needs_video(cfg)
        self.graph = self.model.backbone.graph if isinstance(self.model.backbone, MPGCN) else None
        self.source = source or ClipSource(pose)
        if self.graph is not None:
            self.source.limit_group(self.graph.num_person)

    @classmethod
    def from_name(cls, name: str, weights: str | Path | None = None, device: str | None = None, *,
                  source: ClipSource | None = None, class_names: Sequence[str] | None = None,
                  scorer: Scorer | None = None) -> SkeletonInferencer:
        """A published recogniser, e.g. ``'stgcnpp_ntu60_xsub_2d_bone'``; see :mod:`mmskel.cards.zoo`.

        Args:
            name: Short name of the recogniser.
            weights: File or URL of its weights; default: see :mod:`mmskel.apis.zoo`.
            device, source, class_names, scorer: Arguments of the constructor.

        Raises:
            ZooError: No such recogniser, or weights that are neither on this machine nor to be downloaded.
        """
        entry = find_entry(name)
        file = weights_of(entry, weights)
        made = cls(config_of(entry), file, device, source=source, class_names=class_names, scorer=scorer)
        made.origin = dict(models=[entry.name], checkpoints=[Path(file).name])
        return made

    def _init_model(self, cfg, weights: str | None, device: str = 'cpu') -> nn.Module:
        model = build_model(cfg)
        if weights is not None:
            self.meta.update(load_weights(model, weights, cfg).get('dataset_meta') or {})
        return model.to(device).eval()

    def _init_pipeline(self, cfg) -> ClipPipeline:
        return pipeline_of(cfg)

    def _init_visualizer(self, cfg) -> None:
        """None: MMAction2's visualizer is not used, :meth:`draw` is."""

    def _names(self, given: Sequence[str] | None) -> tuple[str, ...]:
        if self.scorer.open_vocabulary:
            return tuple(given or ())
        return complete_names(given, self.meta.get('class_names') or (), self.model.cls_head.num_classes)

    def classes_of(self, named: Sequence[str] | None) -> tuple[str, ...]:
        """The classes of a call that names some, or None; see :func:`~mmskel.apis.vocabulary.called_classes`."""
        return called_classes(named, self.class_names, self.scorer.open_vocabulary)

    def __call__(self, inputs: Any, return_datasamples: bool = False, batch_size: int = 8, *,
                 window: float | None = None, stride: float | None = None, per_person: bool = False,
                 classes: Sequence[str] | None = None, output: OutputOptions = OutputOptions()) -> dict:
        """Recognises the actions in the inputs.

        Args:
            inputs: See :meth:`~mmskel.apis.clip_source.ClipSource.__call__`.
            return_datasamples: Whether ``predictions`` are :class:`~mmskel.evaluation.prediction.Prediction` instead
                of plain data.
            batch_size: Number of windows per pass.
            window, stride, per_person: See :class:`~mmskel.evaluation.windows.WindowOptions`; ``window`` is its
                ``length``.
            classes: Names of the classes, with an open vocabulary; default: :attr:`class_names`.
            output: Videos and tables to write; ``output.video`` is a folder.

        Returns:
            ``predictions`` of every clip; ``visualization``: the paths of the videos.

        Raises:
            ClipError, LayoutError, VideoError, PoseModelError: Inputs that cannot be used; the message names them.
            ConfigError: See :meth:`classes_of`.
        """
        predictions, videos = [], []
        for found, prediction in self.stream(inputs, batch_size, window=window, stride=stride, per_person=per_person,
                                             classes=classes):
            predictions.append(prediction)
            if output.video is not None:
                videos += map(str, self.visualize([found], [prediction], out_dir=output.video,
                                                  min_score=output.min_score, group=output.group))
        if output.table is not None:
            save_predictions(predictions, output.table, output.min_score)
        return self.postprocess(predictions, videos, return_datasamples)

    def stream(self, inputs: Any, batch_size: int = 8, *, window: float | None = None, stride: float | None = None,
               per_person: bool = False, classes: Sequence[str] | None = None, failed: dict[str, str] | None = None
               ) -> Iterator[tuple[Found, Prediction]]:
        """The clips of a source and their predictions, one by one, each as soon as it is ready.

        Args:
            inputs, batch_size, window, stride, per_person, classes: Arguments as for a call.
            failed: See :meth:`~mmskel.apis.clip_source.ClipSource.__call__`.

        Raises:
            The errors of a call.
        """
        self.classes_of(classes)  # a mistake is reported before the first video is read
        for found in self.source(inputs, failed):
            yield found, self.predict(found.clip, batch_size, window=window, stride=stride, per_person=per_person,
                                      video=found.video, classes=classes)

    def predict(self, clip: Clip, batch_size: int = 8, *, window: float | None = None, stride: float | None = None,
                per_person: bool = False, video: Any = None, classes: Sequence[str] | None = None) -> Prediction:
        """The prediction for one clip.

        Args:
            clip: Clip to recognise; it may have no persons, M = 0.
            batch_size, window, stride, per_person, classes: Arguments as for a call.
            video: Video it was found in, for recognisers that look at images as well: anything that
                :func:`~mmskel.video.reading.open_video` can open again. Default: the file that the clip names. Every
                window is decoded from the video's beginning.

        Raises:
            VideoError: Such a recogniser, and no video, or one that cannot be read twice.
            ConfigError: See :meth:`classes_of`.
        """
        windows = WindowOptions(window, stride, per_person)
        alone = self._predict_alone(clip, batch_size, windows, video, self.classes_of(classes))
        if self.companions is None:
            return alone
        others = [one.predict(clip, batch_size, window=window, stride=stride, per_person=per_person, video=video)
                  for one in self.companions.members]
        return fuse_predictions([alone, *others], self.companions.rule.weights)

    def _predict_alone(self, clip: Clip, batch_size: int, windows: WindowOptions, video: Any, names: tuple[str, ...]
                       ) -> Prediction:
        if self.needs_video and len(clip.keypoint):
            check_video(clip, video)
        fps = clip.rate
        whole = self.pipeline.fitted(clip) if len(clip.keypoint) else clip
        cuts = cuts_of(whole, fps, windows)
        slots, scored = self.graph is not None, 'keypoint_score' in whole.to_annotation()
        samples = (self.pipeline(cut_clip(whole, cut, slots), video, cut.start, scored) for cut in cuts)
        scores = [score for batch in _batches(samples, batch_size)
                  for score in self.forward(pseudo_collate(batch), classes=names)]
        tracks = []
        for person in range(len(whole.keypoint)) if windows.per_person else [None]:
            mine = [i for i, cut in enumerate(cuts) if cut.person == person]
            tracks.append(ActionTrack(np.array([cuts[i][1:] for i in mine], int).reshape(-1, 2),
                                      np.array([scores[i] for i in mine], np.float32).reshape(-1, len(names)), person))
        return Prediction(clip.id, names, clip.num_frames, fps, tuple(tracks), self.origin)

    def forward(self, inputs: dict, *, classes: Sequence[str] | None = None) -> np.ndarray:
        """(N, K) float32 probabilities of the samples of a collated batch.

        Raises:
            UserError: A scorer that returns something else.
        """
        names = self.classes_of(None) if classes is None else classes
        with torch.inference_mode():
            scores = self.scorer(self.model, inputs, names).float().cpu().numpy()
        if scores.shape != (len(inputs['data_samples']), len(names)):
            raise UserError(f'{type(self.scorer).__name__} gave scores {scores.shape} of '
                            f'{len(inputs["data_samples"])} clips and {len(names)} classes')
        return scores

    def links(self, clip: Clip) -> list[Link]:
        """The links of a group recogniser's graph in a clip, see
        :func:`~mmskel.visualization.over_video.graph_links`; [] for other recognisers."""
        from mmskel.visualization.over_video import graph_links
        return [] if self.graph is None else graph_links(self.graph, clip)

    def draw(self, found: Found, prediction: Prediction, path: str | Path, min_score: float = 0., group: bool = False
             ) -> Path:
        """Writes the annotated video of a clip; on paper if it came without one.

        With ``group``, draws :meth:`links`, too; for a network that sees a heatmap of the joints, the heatmap.
        """
        from mmskel.visualization.labelled_video import draw_labelled
        links = self.links(found.clip) if group else ()
        return draw_labelled(found.clip, prediction, path, found.video, min_score, links,
                             getattr(self.model.data_preprocessor, 'heatmap', False))

    def visualize(self, inputs: Sequence[Found], preds: Sequence[Prediction], show: bool = False, *,
                  out_dir: str | Path = '.', min_score: float = 0., group: bool = False) -> list[Path]:
        """Annotated videos of several clips; ``show``, an argument of MMEngine's, is ignored: the videos are files.

        A video is called after its clip, with ``_`` for ``/``; a second clip of that name gets a number.
        """
        paths = []
        for found, one in zip(inputs, preds):
            stem = one.id.replace('/', '_')
            names = (Path(out_dir) / f'{stem}{number}.mp4' for number in chain([''], (f'_{k}' for k in count(2))))
            path = next(path for path in names if self._drawn.setdefault(path, one.id) == one.id)
            paths.append(self.draw(found, one, path, min_score, group))
        return paths

    def postprocess(self, preds: Sequence[Prediction], visualization: Sequence,
                    return_datasample: bool = False) -> dict:
        """The result of a call."""
        return dict(predictions=list(preds) if return_datasample else [one.as_dict() for one in preds],
                    visualization=list(visualization))


def _batches(items: Iterator, size: int) -> Iterator[list]:
    while batch := list(islice(items, size)):
        yield batch
