"""The models that find the skeletons in a video, and the extractor built from them."""
from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace

from mmskel.files.errors import UserError
from mmskel.pose.extraction import ExtractionOptions, SkeletonExtractor
from mmskel.pose.presets import PRESETS
from mmskel.skeleton import LAYOUTS


class ExtractError(UserError):
    """An extraction that cannot start or found nothing."""


@dataclass(frozen=True)
class PoseModels:
    """The models that find the skeletons.

    Args:
        det_config, det_weights: Detector; both '' for a pose model that finds persons itself.
        pose_config, pose_weights: Pose model.
        device: ``'cpu'``, ``'cuda:0'``; '' takes a GPU if there is one.
        min_score: Lowest score of boxes to look at; default: the tracker's lower threshold.
        options: Options of the extraction.
        lift_config, lift_weights: Lifter; both '' for clips that stay 2-D.
        objects: Pairs of an object's name and the detector's class, see :class:`~mmskel.pose.objects.ObjectDetector`.
        object_config, object_weights: Detector for them; both '': the one that finds the persons.
        object_min_score: Lowest score of boxes of objects to look at.

    Raises:
        ExtractError: A config without weights, or weights without a config; a detector for objects without objects.

    Example:
        >>> extractor = PoseModels(device='cpu').with_preset('lightweight').build()  # doctest: +SKIP
        >>> clip = extractor('clip.mp4')  # doctest: +SKIP
        >>> clip.keypoint.shape, clip.layout  # doctest: +SKIP
        ((2, 300, 17, 2), 'coco17')
    """
    det_config: str = ''
    det_weights: str = ''
    pose_config: str = ''
    pose_weights: str = ''
    device: str = ''
    min_score: float = 0.1
    options: ExtractionOptions = field(default_factory=ExtractionOptions)
    lift_config: str = ''
    lift_weights: str = ''
    objects: tuple[tuple[str, str], ...] = ()
    object_config: str = ''
    object_weights: str = ''
    object_min_score: float = 0.2

    def __post_init__(self):
        for kind in ('lift', 'object'):
            if bool(getattr(self, f'{kind}_config')) != bool(getattr(self, f'{kind}_weights')):
                raise ExtractError(f'{kind}_config=... and {kind}_weights=... belong together; give both or none')
        if self.object_config and not self.objects:
            raise ExtractError('object_config=... is a detector for objects; say which with objects=...')

    def with_preset(self, name: str) -> PoseModels:
        """The same models, completed from a preset.

        Raises:
            ExtractError: Unknown preset; or a config without its weights.
        """
        if name not in PRESETS:
            raise ExtractError(f"unknown preset '{name}'; known: {', '.join(PRESETS)}")
        for kind in ('det', 'pose'):
            config, weights = getattr(self, f'{kind}_config'), getattr(self, f'{kind}_weights')
            if config and not weights:
                raise ExtractError(f'{kind}_config=... needs {kind}_weights=...: weights belong to one config')
        known = asdict(PRESETS[name])
        return replace(self, **{key: value for key, value in known.items() if not getattr(self, key)})

    @property
    def coords(self) -> int:
        """Number of coordinates per joint of the skeletons: 3 with a lifter."""
        return 3 if self.lift_config else 2

    @property
    def layout(self) -> str:
        """Name of the layout that the pose model finds, by its config, without loading it; '' with a lifter.

        Raises:
            PoseModelError: A config that cannot be read.
        """
        if self.lift_config:
            return ''
        from mmpose.apis.inference import dataset_meta_from_config
        from mmpose.datasets.datasets.utils import parse_pose_metainfo

        from mmskel.pose.estimation import layout_of
        from mmskel.pose.loading import find_model_config, no_warnings
        config = find_model_config(self.pose_config, 'pose_config')
        with no_warnings():  # the data set's file is found among those that mmpose carries
            found = dataset_meta_from_config(config)
            # as mmpose does for a config that names no data set
            return layout_of(found or parse_pose_metainfo(dict(from_file='configs/_base_/datasets/coco.py'))).name

    def build(self) -> SkeletonExtractor:
        """Loads the models.

        Raises:
            PoseModelError: A model that cannot be loaded; names file and argument.
            ExtractError: Joints without a known layout, which an annotation file must name.
            LayoutError: A pose model that lacks joints which the lifter needs.
        """
        from mmskel.pose.detection import PersonDetector
        from mmskel.pose.estimation import PoseEstimator
        from mmskel.pose.lifting import PoseLifter
        from mmskel.pose.objects import ObjectDetector
        estimator = PoseEstimator(self.pose_config, self.pose_weights, self.device or None)
        if estimator.layout.name not in LAYOUTS and not self.lift_config:
            raise ExtractError(f"'{self.pose_config}' finds the joints of '{estimator.layout.name}', which is not a "
                               f'known layout ({", ".join(sorted(LAYOUTS))}); nobody could read a file of such clips')
        detector = PersonDetector(self.det_config, self.det_weights, self.device or None, min_score=self.min_score) \
            if estimator.needs_boxes else None
        lifter = PoseLifter(self.lift_config, self.lift_weights, self.device or None) if self.lift_config else None
        objects = None
        if self.objects:
            finder = PersonDetector(self.object_config, self.object_weights, self.device or None,
                                    kind='object') if self.object_config else detector
            if finder is None:
                raise ExtractError('the pose model finds persons itself, so there is no detector that could find '
                                   'objects; give one with object_config=... and object_weights=...')
            objects = ObjectDetector(finder, dict(self.objects), self.object_min_score)
        return SkeletonExtractor(detector, estimator, self.options, lifter, objects)
