"""Detector and pose model: the same boxes and joints as mmdet's and mmpose's own calls; errors that say what to do."""
import numpy as np
import pytest
import torch
from pose_models import DETECTOR, TINYPOSE

from mmskel.pose.detection import PersonDetector, _suppressed
from mmskel.pose.estimation import PoseEstimator, layout_of
from mmskel.pose.loading import PoseModelError, find_model_config, load_weights
from mmskel.pose.presets import PRESETS
from mmskel.pose.video import open_video


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


def test_a_better_box_suppresses_one_that_overlaps_it():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [5, 0, 15, 10], [30, 30, 40, 40]], np.float32)
    assert _suppressed(boxes, 0.5) == [0, 2, 3] and _suppressed(boxes, 0.9) == [0, 1, 2, 3]


def test_layout_of_any_mmpose_data_set():
    from mmpose.datasets.datasets.utils import parse_pose_metainfo
    assert layout_of(parse_pose_metainfo(dict(from_file='configs/_base_/datasets/coco.py'))).name == 'coco17'
    animal = layout_of(parse_pose_metainfo(dict(from_file='configs/_base_/datasets/ap10k.py')))
    assert animal.num_joints == 17 and animal.name != 'coco17' and len(animal.edges) == 16 and animal.pairs


@pytest.mark.parametrize('name', PRESETS)
def test_presets_name_configs_that_mmpose_has(name):
    preset = PRESETS[name]
    for config, weights, kind in ((preset.det_config, preset.det_weights, 'rtmdet'),
                                  (preset.pose_config, preset.pose_weights, 'rtmpose')):
        assert 'model' in find_model_config(config, '--det-config')
        assert weights.startswith('https://download.openmmlab.com/') and weights.endswith('.pth') and kind in weights


def test_errors_name_file_and_flag(tmp_path, tinypose):
    (tmp_path / 'text.py').write_text('hello world')
    (tmp_path / 'empty.py').write_text('x = 1')
    for config, message in ((tmp_path / 'no.py', "--pose-config: there is no config '.*no.py'; give a file"),
                            ('mmpose::no/such.py', '--pose-config: there is no config'),
                            ('mmnothing::a.py', "--pose-config: 'mmnothing::a.py' needs the package mmnothing"),
                            (tmp_path / 'text.py', "text.py' is no config that can be read"),
                            (tmp_path / 'empty.py', 'has no model and test_dataloader')):
        with pytest.raises(PoseModelError, match=message):
            find_model_config(config, '--pose-config')
    model = torch.nn.Linear(2, 3)
    (tmp_path / 'text.pth').write_text('hello')
    torch.save(dict(state_dict=dict(weight=torch.zeros(3, 2))), tmp_path / 'half.pth')
    torch.save(dict(state_dict=dict(weight=torch.zeros(2, 2), bias=torch.zeros(3))), tmp_path / 'other.pth')
    for weights, message in ((tmp_path / 'no.pth', "--pose-weights: there is no file '.*no.pth'"),
                             (tmp_path / 'text.pth', "text.pth' is no checkpoint that can be read"),
                             (tmp_path / 'half.pth', '1 tensors are missing, e.g. bias; config and weights belong'),
                             (tmp_path / 'other.pth', r'weight is \(2, 2\), not \(3, 2\)'),
                             ('http://127.0.0.1:9/model.pth', 'cannot be fetched .* --pose-weights FILE')):
        with pytest.raises(PoseModelError, match=message):
            load_weights(model, str(weights), '--pose-weights')


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    import pickle

    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / 'ran'), 'w'))
    (tmp_path / 'bomb.pth').write_bytes(pickle.dumps(dict(state_dict=Bomb())))
    torch.save(dict(state_dict=dict(weight=torch.zeros(3, 2), bias=torch.zeros(3)), meta=Bomb()), tmp_path / 'new.pth')
    for name in ('bomb.pth', 'new.pth'):
        with pytest.raises(PoseModelError, match='no checkpoint that can be read'):
            load_weights(torch.nn.Linear(2, 3), str(tmp_path / name), '--det-weights')
    assert not (tmp_path / 'ran').exists()
