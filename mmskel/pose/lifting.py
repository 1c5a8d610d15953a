"""From two dimensions to three: any mmpose ``PoseLifter`` for Human3.6M's 17 joints (VideoPose3D, MotionBERT, ...)."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numpy as np
import torch

from mmskel.files.devices import device_of
from mmskel.pose.loading import PoseModelError, find_model_config, is_lifter, load_weights, no_warnings
from mmskel.pose.smoothing import present_joints
from mmskel.skeleton import Clip, ClipError, Layout, LayoutError, get_layout, joint_map
from mmskel.skeleton.runs import runs

LAYOUT = 'h36m17'
IMAGE = 1000, 1000  # width and height of Human3.6M's images, in whose pixels mmpose's stats_info are
BOX_MARGIN = 1.2  # a person's box over the extent of the joints: how Human3.6M's boxes were made (preprocess_h36m.py)
_RULED = ('posetrack18', 'aic', 'crowdpose')  # layouts besides COCO that mmpose converts by rules of their own


@dataclass(frozen=True)
class _Window:
    """Frames of one person that go through the model together, and those among them that come out.

    Args:
        person: Slot of the person.
        frames: (F,) frames that go in.
        places: Indices of the wanted ones among the poses the model returns.
        targets: Frames of these poses.
    """
    person: int
    frames: np.ndarray
    places: np.ndarray
    targets: np.ndarray

    @property
    def length(self) -> int:
        """F."""
        return len(self.frames)


class PoseLifter:
    """An mmpose model that makes 3-D joints of 2-D ones.

    Every frame in which a person was seen gets a pose from the frames around it, as in mmpose's ``Pose3DInferencer``:
    from the config's ``seq_len`` frames, ``seq_step`` apart, around it (``causal``: before it). They do not reach
    across frames without the person; there, as at the ends of the clip, the nearest frame is used instead
    (``collate_pose_sequence`` does so on the left, but puts zeros on the right). Models of many frames at once
    (``multiple_target``: MotionBERT) get all of them, where mmpose's inferencer gives them one.

    Args:
        config: A file, or ``'mmpose::...'``, of a lifter for Human3.6M's 17 joints.
        weights: A file or a URL.
        device: ``'cpu'``, ``'cuda:0'``; default: a GPU if there is one.
        batch_size: Number of poses per pass.
        normalise: Whether every person is moved to where those of Human3.6M stood on average, in their size and in an
            image of theirs, so that neither the size of the video nor the place in it matters. mmpose's inferencer does
            so too, but by the size of each frame's box, which makes somebody who crouches large, and in an image of the
            video's size; here a person has one scale, that of the median frame. False: the pixels as they are.

    Raises:
        PoseModelError: Not a lifter, or one for other joints; see also :mod:`mmskel.pose.loading`.
    """

    def __init__(self, config: str | Path, weights: str, device: str | None = None, batch_size: int = 256,
                 normalise: bool = True):
        from mmengine.dataset import Compose
        from mmengine.registry import DefaultScope
        from mmpose.apis import init_model
        self.config, self.weights = str(config), str(weights)
        self.batch_size, self.normalise = batch_size, normalise
        cfg = find_model_config(config, 'lift_config')
        if not is_lifter(cfg):
            raise PoseModelError(f"lift_config='{config}': the model is not a PoseLifter; those that mmpose "
                                 'carries are below mmpose::body_3d_keypoint, e.g. '
                                 'mmpose::body_3d_keypoint/video_pose_lift/'
                                 'h36m/video-pose-lift_tcn-243frm-supv-cpn-ft_8xb128-200e_h36m.py')
        dataset = cfg.test_dataloader.dataset
        if 'train_dataloader' not in cfg:  # where mmpose looks for the joints; semi-supervised models have none
            cfg.train_dataloader = cfg.test_dataloader
        with DefaultScope.overwrite_default_scope('mmpose'):
            with no_warnings():
                self.model = init_model(cfg, None, device=device_of(device))
            self.pipeline = Compose(dataset.pipeline)
        load_weights(self.model, self.weights, 'lift_weights')
        self.meta = self.model.dataset_meta
        if self.meta.get('dataset_name') != 'h36m':
            raise PoseModelError(f"lift_config='{config}' lifts the joints of '{self.meta.get('dataset_name')}'; "
                                 "expected a model of Human3.6M, 'h36m'")
        self.step, self.causal = dataset.get('seq_step', 1), dataset.get('causal', False)
        self.length, self.together = dataset.get('seq_len', 1), dataset.get('multiple_target', 0)

    def __call__(self, clip: Clip, layout: Layout | None = None) -> Clip:
        """The clip in three dimensions.

        Args:
            clip: (M, T, V, 2) in pixels.
            layout: Layout of its joints, if that is not known by name.

        Returns:
            (M, T, 17, 3) of layout ``h36m17`` in metres, with Kinect's axes: x to the left of the image, y up, z away
            from the camera. In every frame everybody's pelvis is near x = z = 0 and the lowest joint at y = 0: lifters
            do not say where somebody is or how high they jump. All persons have about the size of Human3.6M's.
            Scores are those of the joints in the image; joints not seen there are zero. ``extra['lifted_from']`` has
            the layout and the image's size before.

        Raises:
            ClipError: A clip that is 3-D already or not in pixels.
            LayoutError: A layout that lacks joints.
        """
        if clip.keypoint.shape[-1] != 2 or clip.unit != 'pixel':
            raise ClipError(f"clip '{clip.id}' has {clip.keypoint.shape[-1]} coordinates in {clip.unit}; only 2-D "
                            'clips in pixels can be lifted')
        if not self.normalise and clip.image_size is None:
            raise ClipError(f"clip '{clip.id}' has no image_size, by which its pixels are scaled; give it, or "
                            'normalise=True')
        keypoint, score = to_h36m(clip, layout)
        out = np.zeros((*score.shape, 3), np.float32)
        windows, points, seen = [], np.empty_like(keypoint), score.any(-1)
        for person in range(len(keypoint)):
            points[person] = self._placed(_filled(keypoint[person], score[person]), seen[person])
            windows += self._windows(person, seen[person])
        for window, poses in self._lifted(windows, points, clip.image_size):
            out[window.person, window.targets] = poses[window.places]
        out *= np.array([-1, -1, 1], np.float32)  # mmpose has x to the right, y down
        out[..., 1] -= out[..., 1].min(-1, keepdims=True)
        out[score == 0] = 0
        was = dict(layout=clip.layout, image_size=clip.image_size)
        return replace(clip, keypoint=out, score=score, layout=LAYOUT, unit='metre', image_size=None, objects={},
                       extra=dict(clip.extra, lifted_from=was))

    def _placed(self, points: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """(T, 17, 2) pixels of the video -> of Human3.6M's images, if that is asked for."""
        if not (self.normalise and seen.any()):
            return points
        centre, side = person_boxes(points, seen)
        stats = self.meta['stats_info']
        return (points - centre[:, None]) / side * np.float32(stats['bbox_scale']) + np.float32(stats['bbox_center'])

    def _windows(self, person: int, seen: np.ndarray) -> Iterator[_Window]:
        for first, end in runs(seen):
            last = end - 1
            if self.together:
                yield from self._groups(person, first, last)
                continue
            left = self.length - 1 if self.causal else (self.length - 1) // 2
            right = 0 if self.causal else left
            offsets = self.step * np.arange(-left, right + 1)
            for frame in range(first, last + 1):
                yield _Window(person, np.clip(frame + offsets, first, last), np.array([0]), np.array([frame]))

    def _groups(self, person: int, first: int, last: int) -> Iterator[_Window]:
        """Full groups in a row; the last one begins earlier, so that it is full as well."""
        size = len(range(0, self.together, self.step))
        for phase in range(first, min(first + self.step, last + 1)):
            frames = np.arange(phase, last + 1, self.step)
            for start in range(0, len(frames), size):
                begin = max(min(start, len(frames) - size), 0)
                group, targets = frames[begin:begin + size], frames[start:start + size]
                yield _Window(person, group, np.arange(start - begin, start - begin + len(targets)), targets)

    def _lifted(self, windows: list[_Window], points: np.ndarray, image_size: tuple[int, int] | None
                ) -> Iterator[tuple[_Window, np.ndarray]]:
        """Every window with its poses (n, 17, 3): metres, x to the right, y down."""
        width, height = IMAGE if self.normalise else image_size[::-1]
        length_of = attrgetter('length')
        for length, group in groupby(sorted(windows, key=length_of), length_of):  # one pass, one length
            same = list(group)
            out = length if self.together else 1
            size = max(self.batch_size // out, 1)
            for start in range(0, len(same), size):
                batch = same[start:start + size]
                found = self._run([points[w.person, w.frames] for w in batch], out, dict(w=width, h=height))
                yield from zip(batch, found)

    def _run(self, sequences: list[np.ndarray], out: int, camera: dict[str, int]) -> list[np.ndarray]:
        """Sequences (F, 17, 2) through the model, each with ``out`` poses (out, 17, 3).

        The pipeline requires targets, of which only the shapes matter here.
        """
        from mmengine.dataset import pseudo_collate
        samples = [self.pipeline(dict(
            self.meta, keypoints=sequence, keypoints_visible=np.ones(sequence.shape[:2], np.float32),
            lifting_target=np.zeros((out, 17, 3), np.float32), lifting_target_visible=np.ones((out, 17, 1), np.float32),
            factor=np.zeros(len(sequence), np.float32), camera_param=camera)) for sequence in sequences]
        with torch.inference_mode():
            found = self.model.test_step(pseudo_collate(samples))
        return [np.asarray(one.pred_instances.keypoints, np.float32).reshape(-1, 17, 3) for one in found]


def joint_shares(layout: str | Layout) -> np.ndarray:
    """(V, 17) float32: how much of each joint of a layout is in each of Human3.6M's.

    COCO, and layouts that have COCO's joints, follow the rule of mmpose's ``convert_keypoint_definition``, and so do
    PoseTrack18, AIC and CrowdPose; others go by name (:func:`~mmskel.skeleton.joint_map`).

    Raises:
        LayoutError: If joints are missing; names them.
    """
    table, coco = get_layout(layout), get_layout('coco17')
    if table.name in _RULED:
        return _ruled(table.name, table.num_joints)
    if set(coco.joints) <= set(table.joints):
        return np.eye(table.num_joints, dtype=np.float32)[:, [table.index(j) for j in coco.joints]] @ _ruled('coco', 17)
    origins = joint_map(table, LAYOUT, missing='zero')
    if origins.missing:
        absent = ', '.join(get_layout(LAYOUT).joints[j] for j in origins.missing)
        raise LayoutError(f"layout '{table.name}' has nothing for these of the 17 joints that a lifter of Human3.6M "
                          f'needs: {absent}')
    shares = np.zeros((table.num_joints, len(origins.joints)), np.float32)
    for joint, of in enumerate(origins.joints):
        shares[list(of), joint] = 1 / len(of)
    return shares


def _ruled(name: str, joints: int) -> np.ndarray:
    """mmpose's rule as a matrix (V, 17): the conversion of each joint on its own."""
    from mmpose.apis import convert_keypoint_definition
    return convert_keypoint_definition(np.eye(joints, dtype=np.float32)[..., None], name, 'h36m')[..., 0]


def to_h36m(clip: Clip, layout: Layout | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(M, T, 17, 2) and (M, T, 17): a 2-D clip in Human3.6M's joints; a joint has the lowest score of its sources.

    Args:
        clip: (M, T, V, 2).
        layout: Layout of its joints, if that is not known by name.

    Raises:
        LayoutError: See :func:`joint_shares`; or another number of joints.
    """
    table = get_layout(layout or clip.layout)
    if clip.keypoint.shape[2] != table.num_joints:
        raise LayoutError(f"clip '{clip.id}' has {clip.keypoint.shape[2]} joints, layout '{table.name}' "
                          f'{table.num_joints}')
    shares = joint_shares(table)
    there = np.where(present_joints(clip.keypoint, clip.score), clip.score, np.float32(0))
    score = np.stack([there[..., of].min(-1) for of in (shares > 0).T], -1)
    return np.einsum('mtvc,vj->mtjc', clip.keypoint, shares), score


def person_boxes(points: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.float32]:
    """The position and size of a person: (T, 2) middles of the boxes around the joints, and one side for all frames.

    Args:
        points: (T, 17, 2).
        seen: (T,) bool; the side is the median of these frames.
    """
    low, high = points.min(1), points.max(1)
    side = BOX_MARGIN * np.median((high - low).max(1)[seen])
    return (low + high) / 2, np.float32(max(side, 1))


def _filled(points: np.ndarray, score: np.ndarray) -> np.ndarray:
    """(T, 17, 2): joints that were not seen lie between their places before and after, or in the person's middle."""
    points, frames = points.copy(), np.arange(len(points))
    known = score > 0
    for joint in np.flatnonzero(known.any(0)):
        at = np.flatnonzero(known[:, joint])
        for c in range(2):
            points[:, joint, c] = np.interp(frames, at, points[at, joint, c])
    never = ~known.any(0)
    if never.any() and not never.all():
        points[:, never] = points[:, ~never].mean(1, keepdims=True)
    return points
