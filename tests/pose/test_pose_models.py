"""Detector and pose model: the same boxes and joints as mmdet's and mmpose's own calls, for models of every kind;
errors that say what to do."""
import numpy as np
import pytest
import torch
from pose_models import DETECTOR, TINYPOSE, random_weights

from mmskel.pose.detection import Boxes, PersonDetector, _suppressed
from mmskel.pose.estimation import PoseEstimator, layout_of
from mmskel.pose.extraction import ExtractionOptions, SkeletonExtractor
from mmskel.pose.loading import PoseModelError, find_model_config, load_weights
from mmskel.pose.presets import PRESETS
from mmskel.video.reading import open_video


@pytest.fixture(scope='module')
def tinypose(tmp_path_factory):
    path = tmp_path_factory.mktemp('config') / 'tinypose.py'
    path.write_text(TINYPOSE)
    return path


@pytest.fixture(scope='module')
def models(shared, tinypose):
    weights = shared / 'weights'
    return (PersonDetector(DETECTOR, str(weights / 'rtmdet_nano_person_320.pth'), device='cpu'),
            PoseEstimator(tinypose, str(weights / 'pp_tinypose_256x192.pth'), device='cpu'))


@pytest.fixture(scope='module')
def frames(shared):
    with open_video(shared / 'videos/demo_skeleton.mp4') as video:
        return [frame.image for frame, _ in zip(video, range(9))][::4]


def test_batched_boxes_and_joints_are_those_of_mmdet_and_mmpose(models, frames):
    from mmdet.apis import inference_detector
    from mmengine.registry import DefaultScope
    from mmpose.apis import inference_topdown
    detector, estimator = models
    boxes = detector(frames)
    poses = estimator(frames, boxes)
    for image, found, pose in zip(frames, boxes, poses):
        with DefaultScope.overwrite_default_scope('mmdet'):
            expected = inference_detector(detector.model, image).pred_instances
        keep = expected.scores >= detector.min_score
        np.testing.assert_allclose(found.scores, expected.scores[keep].sort(descending=True)[0], atol=1e-4)
        order = expected.scores[keep].argsort(descending=True)
        np.testing.assert_allclose(found.boxes, expected.bboxes[keep][order], atol=0.1)
        with DefaultScope.overwrite_default_scope('mmpose'):
            people = inference_topdown(estimator.model, image, found.boxes)
        assert len(people) == len(pose) == 2
        for i, person in enumerate(people):
            np.testing.assert_allclose(pose.keypoint[i], person.pred_instances.keypoints[0], atol=0.1)
            np.testing.assert_allclose(pose.score[i], person.pred_instances.keypoint_scores[0], atol=1e-3)


def test_nobody_in_the_picture(models):
    detector, estimator = models
    images = [np.full((90, 120, 3), 127, np.uint8)] * 2
    boxes = detector(images)
    assert [len(found.boxes) for found in boxes] == [0, 0] and detector([]) == []
    poses = estimator(images, boxes)
    assert [(len(p), p.keypoint.shape) for p in poses] == [(0, (0, 17, 2))] * 2
    with pytest.raises(PoseModelError, match='top-down model: it needs the boxes'):
        estimator(images)


WHOLE_BODY = 'mmpose::wholebody_2d_keypoint/rtmpose/ubody/rtmpose-t_8xb64-270e_coco-ubody-wholebody-256x192.py'
HAND = 'mmpose::hand_2d_keypoint/rtmpose/hand5/rtmpose-m_8xb256-210e_hand5-256x256.py'
RTMO = 'mmpose::body_2d_keypoint/rtmo/coco/rtmo-s_8xb32-600e_coco-640x640.py'
LIFTER = 'mmpose::body_3d_keypoint/video_pose_lift/h36m/video-pose-lift_tcn-27frm-supv_8xb128-160e_h36m.py'


class TwoBoxes:
    """Finds the same two boxes everywhere."""
    config = weights = 'two boxes'
    min_score = 0.3
    boxes = np.array([[10, 20, 120, 220], [150, 30, 300, 200]], np.float32)

    def __call__(self, images):
        return [Boxes(self.boxes, np.array([0.9, 0.8], np.float32)) for _ in images]


@pytest.fixture(scope='module')
def pictures():
    return [np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)] * 3


@pytest.mark.parametrize('config, layout, joints', [(WHOLE_BODY, 'coco_wholebody133', 133), (HAND, 'hand21', 21)])
def test_whole_bodies_and_hands(config, layout, joints, pictures, tmp_path):
    from mmengine.registry import DefaultScope
    from mmpose.apis import inference_topdown
    estimator = PoseEstimator(config, random_weights(config, tmp_path / 'w.pth'), device='cpu')
    assert estimator.layout.name == layout and estimator.needs_boxes
    clip = SkeletonExtractor(TwoBoxes(), estimator, ExtractionOptions(chunk=1))(pictures, fps=25.).check()
    assert clip.keypoint.shape == (2, 3, joints, 2) and clip.layout == layout
    with DefaultScope.overwrite_default_scope('mmpose'):
        people = inference_topdown(estimator.model, pictures[0], TwoBoxes.boxes)
    for i, person in enumerate(people):
        m = np.abs(clip.keypoint[:, 0] - person.pred_instances.keypoints).sum((1, 2)).argmin()
        np.testing.assert_allclose(clip.keypoint[m, 2], person.pred_instances.keypoints[0], atol=1e-3)
        np.testing.assert_allclose(clip.score[m, 2], person.pred_instances.keypoint_scores[0], rtol=1e-4)


def test_one_stage_without_detector(pictures, tmp_path):
    from mmengine.registry import DefaultScope
    from mmpose.apis import inference_bottomup
    config = tmp_path / 'rtmo.py'
    config.write_text(f"_base_ = ['{RTMO}']\nmodel = dict(test_cfg=dict(score_thr=0.5, nms_thr=0.1))\n")
    checkpoint = torch.load(random_weights(config, tmp_path / 'w.pth'), weights_only=True)
    for key, value in checkpoint['state_dict'].items():  # large boxes, the scores of which differ
        if 'out_cls' in key:
            value.mul_(0 if key.endswith('bias') else 100)
        if 'out_bbox' in key and key.endswith('bias'):
            value[2:] = 2.5
    torch.save(checkpoint, tmp_path / 'w.pth')
    estimator = PoseEstimator(config, str(tmp_path / 'w.pth'), device='cpu')
    assert estimator.layout.name == 'coco17' and not estimator.needs_boxes
    found = estimator(pictures[:2])[1]
    with DefaultScope.overwrite_default_scope('mmpose'):
        expected = inference_bottomup(estimator.model, pictures[0])[0].pred_instances
    assert len(found) == len(expected) > 1
    for ours, theirs in ((found.keypoint, expected.keypoints), (found.score, expected.keypoint_scores),
                         (found.boxes, expected.bboxes), (found.box_scores, expected.bbox_scores)):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)
    clip = SkeletonExtractor(None, estimator, ExtractionOptions(chunk=2, max_persons=2))(pictures, fps=25.).check()
    assert clip.keypoint.shape == (2, 3, 17, 2) and 'det_config' not in clip.extra['made_by']
    assert all(np.abs(found.keypoint - person[0]).max((1, 2)).min() < 1e-3 for person in clip.keypoint)


class Versioned(torch.nn.Linear):
    """Says which version of its tensors it was handed."""
    _version = 2

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
        self.seen = local_metadata.get('version')
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)


def test_models_are_told_the_version_of_their_weights(tmp_path):
    """Else mmpose's CID takes its own weights for old ones, and renames them to what it does not have."""
    model = torch.nn.Sequential(Versioned(2, 3))
    torch.save(dict(state_dict=torch.nn.DataParallel(model).state_dict()), tmp_path / 'new.pth')
    load_weights(model, str(tmp_path / 'new.pth'), 'pose_weights')
    assert model[0].seen == 2
    torch.save(dict(state_dict=dict(model.state_dict())), tmp_path / 'bare.pth')
    load_weights(model, str(tmp_path / 'bare.pth'), 'pose_weights')
    assert model[0].seen is None


def test_weights_of_older_versions_of_mmpose(tmp_path):
    """Before 1.0 a head was called ``keypoint_head``: so it is in mmpose's weights of VideoPose3D."""
    config = tmp_path / 'small.py'
    config.write_text(f"_base_ = ['{LIFTER}']\n"
                      'model = dict(backbone=dict(stem_channels=8), head=dict(in_channels=8))\n')
    state = torch.load(random_weights(config, tmp_path / 'new.pth'), weights_only=True)['state_dict']
    old = {key.replace('head.', 'keypoint_head.'): value for key, value in state.items()}
    torch.save(dict(state_dict=old), tmp_path / 'old.pth')
    from mmpose.models import build_pose_estimator
    model = build_pose_estimator(find_model_config(config, 'lift_config').model)
    load_weights(model, str(tmp_path / 'old.pth'), 'lift_weights')
    assert torch.equal(model.head.conv.weight, state['head.conv.weight'])


def test_a_lifter_is_no_pose_model(tmp_path):
    with pytest.raises(PoseModelError, match='pose_config=.* is a lifter, .* give it to lift_config=...'):
        PoseEstimator(LIFTER, str(tmp_path / 'w.pth'))


def test_a_better_box_suppresses_one_that_overlaps_it():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [5, 0, 15, 10], [30, 30, 40, 40]], np.float32)
    assert _suppressed(boxes, 0.5) == [0, 2, 3] and _suppressed(boxes, 0.9) == [0, 1, 2, 3]


def test_layout_of_any_mmpose_data_set():
    from mmpose.datasets.datasets.utils import parse_pose_metainfo
    assert layout_of(parse_pose_metainfo(dict(from_file='configs/_base_/datasets/coco.py'))).name == 'coco17'
    animal = layout_of(parse_pose_metainfo(dict(from_file='configs/_base_/datasets/ap10k.py')))
    assert layout_of(parse_pose_metainfo(dict(from_file='configs/_base_/datasets/h36m.py'))).name == 'h36m17'
    assert animal.num_joints == 17 and animal.name != 'coco17' and len(animal.edges) == 16 and animal.pairs


@pytest.mark.parametrize('name', PRESETS)
def test_presets_name_configs_that_mmpose_has(name):
    preset = PRESETS[name]
    for config, weights, kind in ((preset.det_config, preset.det_weights, 'rtmdet'),
                                  (preset.pose_config, preset.pose_weights, 'rtmpose')):
        assert 'model' in find_model_config(config, 'det_config')
        assert weights.startswith('https://download.openmmlab.com/') and weights.endswith('.pth') and kind in weights


def test_errors_name_file_and_flag(tmp_path, tinypose):
    (tmp_path / 'text.py').write_text('hello world')
    (tmp_path / 'empty.py').write_text('x = 1')
    for config, message in ((tmp_path / 'no.py', "pose_config='.*no.py': there is no such config; give a file"),
                            ('mmpose::no/such.py', 'pose_config=.*: there is no such config'),
                            ('mmnothing::a.py', "pose_config='mmnothing::a.py' needs the package mmnothing"),
                            (tmp_path / 'text.py', "text.py' is not a config that can be read"),
                            (tmp_path / 'empty.py', 'has no model and test_dataloader')):
        with pytest.raises(PoseModelError, match=message):
            find_model_config(config, 'pose_config')
    model = torch.nn.Linear(2, 3)
    (tmp_path / 'text.pth').write_text('hello')
    torch.save(dict(state_dict=dict(weight=torch.zeros(3, 2))), tmp_path / 'half.pth')
    torch.save(dict(state_dict=dict(weight=torch.zeros(2, 2), bias=torch.zeros(3))), tmp_path / 'other.pth')
    for weights, message in ((tmp_path / 'no.pth', "pose_weights=...: there is no checkpoint '.*no.pth'"),
                             (tmp_path / 'text.pth', "text.pth' .5 bytes. is not a checkpoint that can be read"),
                             (tmp_path / 'half.pth', '1 tensors are missing, e.g. bias. Use the config'),
                             (tmp_path / 'other.pth', r'another shape or type, e.g. weight: \(2, 2\) float32, the model has \(3, 2\)'),
                             ('http://127.0.0.1:9/model.pth', 'cannot be downloaded .* pose_weights=FILE')):
        with pytest.raises(PoseModelError, match=message):
            load_weights(model, str(weights), 'pose_weights')


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    import pickle

    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / 'ran'), 'w'))
    (tmp_path / 'bomb.pth').write_bytes(pickle.dumps(dict(state_dict=Bomb())))
    torch.save(dict(state_dict=dict(weight=torch.zeros(3, 2), bias=torch.zeros(3)), meta=Bomb()), tmp_path / 'new.pth')
    for name in ('bomb.pth', 'new.pth'):
        with pytest.raises(PoseModelError, match='not a checkpoint that can be read'):
            load_weights(torch.nn.Linear(2, 3), str(tmp_path / name), 'det_weights')
    assert not (tmp_path / 'ran').exists()
