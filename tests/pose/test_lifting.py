"""Lifting: mmpose's own poses frame by frame, upright in metres; gaps, ends, missing joints; errors that teach."""
import numpy as np
import pytest
import torch
from pose_models import DETECTOR, TINYPOSE, random_weights

from mmskel.data.annotation_file import load_annotation_file, save_annotation_file
from mmskel.pose.extraction import ExtractionOptions, SkeletonExtractor
from mmskel.pose.lifting import PoseLifter, joint_shares, to_h36m
from mmskel.pose.loading import PoseModelError
from mmskel.pose.models import ExtractError, PoseModels
from mmskel.pose.poses import Poses
from mmskel.skeleton import Clip, ClipError, Layout, LayoutError, get_layout
from mmskel.video.reading import open_video
from mmskel.visualization.over_video import Overlay
from mmskel.visualization.stage import Stage

LIFTERS = 'mmpose::body_3d_keypoint'
VIDEO = f'{LIFTERS}/video_pose_lift/h36m/video-pose-lift_tcn-27frm-supv_8xb128-160e_h36m.py'
SEMI = f'{LIFTERS}/video_pose_lift/h36m/video-pose-lift_tcn-27frm-semi-supv_8xb64-200e_h36m.py'
IMAGE = f'{LIFTERS}/image_pose_lift/h36m/image-pose-lift_tcn_8xb64-200e_h36m.py'
BERT = f'{LIFTERS}/motionbert/h36m/motionbert_dstformer-ft-243frm_8xb32-120e_h36m.py'
TCN = dict(backbone=dict(stem_channels=64), head=dict(in_channels=64))
SMALL = {VIDEO: TCN, IMAGE: TCN, SEMI: dict(TCN, traj_backbone=TCN['backbone'], traj_head=TCN['head']),
         BERT: dict(backbone=dict(feat_size=32, depth=2, num_heads=4), head=dict(in_channels=32, embedding_size=32))}
WIDTH, HEIGHT = 640, 360


@pytest.fixture(scope='module')
def lifter_of(tmp_path_factory):
    """Narrow lifters with random weights, by config and what is changed in its model and data set."""
    def make(base, normalise=True, model=None, **dataset):
        folder = tmp_path_factory.mktemp('lifter')
        (folder / 'lifter.py').write_text(f"_base_ = ['{base}']\nmodel = {model or SMALL[base]}\n"
                                          f'test_dataloader = dict(dataset={dataset})\n')
        weights = random_weights(folder / 'lifter.py', folder / 'lifter.pth')
        return PoseLifter(folder / 'lifter.py', weights, device='cpu', batch_size=20, normalise=normalise)
    return make


@pytest.fixture(scope='module')
def video_lifter(lifter_of):
    return lifter_of(VIDEO)


def walkers(M=2, T=12, layout='coco17', seed=0):
    """Persons of 17 joints who cross the image and wave about."""
    rng = np.random.default_rng(seed)
    t = np.arange(T)[None, :, None, None]
    place = rng.uniform((-30, -80), (30, 80), (M, 1, 17, 2)) + rng.uniform((150, 140), (400, 220), (M, 1, 1, 2))
    keypoint = place + 15 * np.sin(.4 * t + rng.uniform(0, 6, (M, 1, 17, 2))) + t * rng.uniform(-6, 6, (M, 1, 1, 2))
    return Clip('walk', keypoint, rng.uniform(.3, 1, (M, T, 17)), layout, image_size=(HEIGHT, WIDTH), fps=25.)


def sample(points, box, person):
    from mmengine.structures import InstanceData
    from mmpose.structures import PoseDataSample
    one = PoseDataSample(gt_instances=InstanceData())
    one.pred_instances = InstanceData(keypoints=points[None], bboxes=box[None])
    one.set_field(person, 'track_id')
    return one


def by_mmpose(lifter, clip, frames=slice(None)):
    """What mmpose makes of every frame: {(person, frame): (17, 3)} in our axes."""
    from mmengine.registry import DefaultScope
    from mmpose.apis import convert_keypoint_definition, extract_pose_sequence, inference_pose_lifter_model
    points = np.stack([convert_keypoint_definition(one, 'coco', 'h36m') for one in clip.keypoint])
    seen = clip.score.any(-1)
    low, high = points.min(2), points.max(2)
    sides = [1.2 * np.median((h - w).max(-1)[s]) for w, h, s in zip(low, high, seen)]
    boxes = np.concatenate([(low + high) / 2 - np.reshape(sides, (-1, 1, 1)) / 2,
                            (low + high) / 2 + np.reshape(sides, (-1, 1, 1)) / 2], -1)
    found = [[sample(points[m, t], boxes[m, t], m) for m in np.flatnonzero(seen[:, t])]
             for t in range(clip.num_frames)][frames]
    size = (1000, 1000) if lifter.normalise else (WIDTH, HEIGHT)
    data, poses = lifter.model.cfg.test_dataloader.dataset, {}
    for t, here in enumerate(found):
        sequence = extract_pose_sequence(found, t, data.get('causal', False), data.get('seq_len', 1),
                                         data.get('seq_step', 1))
        with DefaultScope.overwrite_default_scope('mmpose'):  # which it would leave behind
            out = inference_pose_lifter_model(lifter.model, sequence, image_size=size, norm_pose_2d=lifter.normalise)
        for person, lifted in zip(here, out):
            poses[person.track_id, t] = in_our_axes(np.asarray(lifted.pred_instances.keypoints).reshape(17, 3))
    return poses


def in_our_axes(pose):
    """x to the right, y down -> x to the left, y up from the lowest joint."""
    return np.stack([-pose[:, 0], pose[:, 1].max() - pose[:, 1], pose[:, 2]], -1)


def assert_same(lifted, expected, atol=1e-4):
    assert expected
    for (m, t), pose in expected.items():
        np.testing.assert_allclose(lifted.keypoint[m, t], pose, atol=atol, err_msg=f'person {m}, frame {t}')


@pytest.mark.parametrize('normalise', [True, False])
def test_every_frame_is_mmposes(lifter_of, normalise):
    lifter, clip = lifter_of(VIDEO, normalise=normalise), walkers(T=31)
    lifted, expected = lifter(clip).check(), by_mmpose(lifter, clip)
    assert lifted.keypoint.shape == (2, 31, 17, 3) and len(expected) == 62
    assert_same(lifted, expected)
    assert np.abs(np.diff(lifted.keypoint, axis=1)).mean() > 1e-3, 'they move'


@pytest.mark.parametrize('causal, step', [(True, 2), (False, 3)])
def test_causal_and_spaced_windows(lifter_of, causal, step):
    model = dict(TCN, backbone=dict(TCN['backbone'], causal=causal))
    lifter, clip = lifter_of(VIDEO, model=model, causal=causal, seq_step=step), walkers(T=17)
    assert_same(lifter(clip), by_mmpose(lifter, clip))


@pytest.mark.parametrize('base', [IMAGE, SEMI, BERT])
def test_other_lifters(lifter_of, base):
    lifter, clip = lifter_of(base), walkers(T=1 if base == BERT else 5)
    assert_same(lifter(clip), by_mmpose(lifter, clip))


def test_motionbert_sees_many_frames_at_once(lifter_of):
    """mmpose's inferencer gives it one frame; its groups here are 0-7, 8-15 and, for 16-20, 13-20."""
    lifter = lifter_of(BERT, False, dict(SMALL[BERT], test_cfg=dict(flip_test=False)), multiple_target=8)
    for T, groups in ((21, ((0, 8, 0), (8, 16, 0), (13, 21, 3))), (3, ((0, 3, 0), ))):
        clip = walkers(T=T)
        points = to_h36m(clip)[0]
        put = np.concatenate([points / WIDTH * 2 - (1, HEIGHT / WIDTH), np.ones((2, T, 17, 1))], -1).astype(np.float32)
        lifted, parts = lifter(clip), []
        for start, stop, new in groups:
            with torch.no_grad():
                out = lifter.model(torch.from_numpy(put[:, start:stop]), None).numpy()
            out[:, :, 0] = 0
            parts.append(out[:, new:] * WIDTH / 2 * 4 / 1000)  # pixels, 4 mm each
        expected = np.concatenate(parts, 1)
        assert_same(lifted, {(m, t): in_our_axes(expected[m, t]) for m in range(2) for t in range(T)})


def test_a_gap_ends_a_window(video_lifter):
    clip = walkers()
    clip.keypoint[1, 5:7], clip.score[1, 5:7] = 0, 0
    lifted = video_lifter(clip)
    assert not lifted.keypoint[1, 5:7].any() and not lifted.score[1, 5:7].any()
    assert (lifted.score > 0).all(-1).sum() == 22
    expected = by_mmpose(video_lifter, clip)
    assert_same(lifted, {at: pose for at, pose in expected.items() if at[0] == 0 or at[1] > 6})
    # before a gap mmpose puts zeros in; it is right where the clip ends there, with the same median box
    alone = by_mmpose(video_lifter, clip, slice(0, 5))
    assert_same(lifted, {at: pose for at, pose in alone.items() if at[0] == 1})
    assert np.abs(lifted.keypoint[1, 4] - expected[1, 4]).max() > 1e-2


def test_a_joint_that_was_not_seen(video_lifter):
    clip, filled = walkers(M=1), walkers(M=1)
    clip.keypoint[0, 4:6, 9], clip.score[0, 4:6, 9] = 0, 0  # left wrist
    clip.keypoint[0, 2, 11], clip.score[0, 2, 11] = 0, 0  # left hip, hence pelvis and spine
    for c in range(2):
        filled.keypoint[0, 4:6, 9, c] = np.interp([4, 5], [3, 6], filled.keypoint[0, [3, 6], 9, c])
    filled.keypoint[0, 2, 11] = filled.keypoint[0, [1, 3], 11].mean(0)
    # the hip's neighbours lie on lines as well
    filled.keypoint[0, 2, 12] = clip.keypoint[0, 2, 12] = filled.keypoint[0, [1, 3], 12].mean(0)
    filled.keypoint[0, 2, 5:7] = clip.keypoint[0, 2, 5:7] = filled.keypoint[0, [1, 3], 5:7].mean(0)
    lifted, expected = video_lifter(clip), video_lifter(filled)
    gone = lifted.score[0] == 0
    assert np.argwhere(gone).tolist() == [[2, 0], [2, 4], [2, 7], [4, 13], [5, 13]]
    assert not lifted.keypoint[0][gone].any()
    np.testing.assert_allclose(lifted.keypoint[0][~gone], expected.keypoint[0][~gone], atol=1e-4)
    clip.keypoint[0, :, 15:], clip.score[0, :, 15:] = 0, 0  # ankles, in all frames
    assert np.isfinite(video_lifter(clip).keypoint).all()


def test_joints_and_scores_are_converted_as_mmpose_does():
    from mmpose.apis import convert_keypoint_definition
    clip = walkers()
    keypoint, score = to_h36m(clip)
    for mine, theirs in zip(keypoint, clip.keypoint):
        np.testing.assert_allclose(mine, convert_keypoint_definition(theirs, 'coco', 'h36m'), rtol=1e-6)
    np.testing.assert_array_equal(score[..., 0], clip.score[..., 11:13].min(-1))  # pelvis
    np.testing.assert_array_equal(score[..., 7], clip.score[..., [5, 6, 11, 12]].min(-1))  # spine
    np.testing.assert_array_equal(score[..., 16], clip.score[..., 10])


def test_which_layouts_give_the_joints():
    from mmpose.apis import convert_keypoint_definition
    coco = joint_shares('coco17')
    assert coco[11, 0] == coco[12, 0] == .5 and (coco[[5, 6, 11, 12], 7] == .25).all()
    for name in ('coco_wholebody133', 'halpe26'):  # COCO's joints come first
        assert (joint_shares(name)[:17] == coco).all() and not joint_shares(name)[17:].any()
    by_name = joint_shares('openpose18')
    assert (by_name[[2, 5], 8] == .5).all() and by_name[:, 8].sum() == 1  # between the shoulders, as of COCO
    np.testing.assert_array_equal(joint_shares('h36m'), np.eye(17))
    kinect = get_layout('ntu25')
    assert joint_shares('ntu25')[kinect.index('spine'), 7] == 1
    crowd = Layout.from_mmpose(crowdpose())
    points = np.random.default_rng(0).normal(size=(3, 14, 2)).astype(np.float32)
    np.testing.assert_allclose(np.einsum('tvc,vj->tjc', points, joint_shares(crowd)),
                               convert_keypoint_definition(points, 'crowdpose', 'h36m'), atol=1e-6)
    with pytest.raises(LayoutError, match="'hand21' has nothing for these of the 17 joints .*: pelvis, .*right_wrist"):
        joint_shares('hand21')


def crowdpose():
    from mmengine.hub import get_config
    return get_config('mmpose::_base_/datasets/crowdpose.py').dataset_info


def test_a_standing_person_stands(lifter_of, tmp_path):
    """A model without weights hands out the mean pose of Human3.6M, which its config knows."""
    lifter = lifter_of(IMAGE)
    torch.nn.init.zeros_(lifter.model.head.conv.weight)
    torch.nn.init.zeros_(lifter.model.head.conv.bias)
    lifted = lifter(walkers(T=2))
    height = dict(zip(get_layout('h36m17').joints, lifted.keypoint[0, 0, :, 1]))
    assert height['left_ankle'] == 0 and height['pelvis'] == pytest.approx(.70828, abs=1e-4)
    assert height['head'] == pytest.approx(.70828 + .58395, abs=1e-4) and lifted.unit == 'metre'
    rows = Stage.of(lifted, (480, 480)).place(lifted.keypoint[0, 0], 0)[0][:, 1]
    assert rows[10] < rows[8] < rows[0] < rows[[2, 5]].min() < rows[[3, 6]].min(), 'head above feet in the image'
    with pytest.raises(ClipError, match='only 2-D clips in pixels can be drawn over a video'):
        Overlay(lifted)
    assert lifted.image_size is None and lifted.extra['lifted_from'] == dict(layout='coco17', image_size=(360, 640))
    save_annotation_file(tmp_path / 'a.pkl', [lifted], {}, dict(layout='h36m17'))
    again = next(iter(load_annotation_file(tmp_path / 'a.pkl').clips()))
    np.testing.assert_array_equal(again.keypoint, lifted.keypoint)
    np.testing.assert_array_equal(again.score, lifted.score)
    assert again.layout == 'h36m17' and again.unit == 'metre'


def test_size_and_place_in_the_video_do_not_matter(video_lifter):
    clip = walkers()
    larger = Clip('large', 3 * clip.keypoint + (40, -70), clip.score, 'coco17', image_size=(1080, 1920))
    np.testing.assert_allclose(video_lifter(larger).keypoint, video_lifter(clip).keypoint, atol=1e-4)


def test_nobody(video_lifter):
    lifted = video_lifter(Clip('empty', np.zeros((0, 5, 17, 2)), layout='coco17'))
    assert lifted.keypoint.shape == (0, 5, 17, 3)
    lifted = video_lifter(Clip('absent', np.zeros((1, 5, 17, 2)), layout='coco17'))
    assert lifted.keypoint.shape == (1, 5, 17, 3) and not lifted.keypoint.any() and not lifted.score.any()


def test_errors_teach(video_lifter, lifter_of, tmp_path):
    with pytest.raises(ClipError, match="'flat' has 3 coordinates in metre; only 2-D clips in pixels can be lifted"):
        video_lifter(Clip('flat', np.ones((1, 2, 17, 3)), layout='coco17'))
    with pytest.raises(ClipError, match='2 coordinates in normalised'):
        video_lifter(Clip('small', np.ones((1, 2, 17, 2)), layout='coco17', unit='normalised'))
    with pytest.raises(LayoutError, match='left_shoulder'):
        video_lifter(Clip('hand', np.ones((1, 2, 21, 2)), layout='hand21'))
    with pytest.raises(LayoutError, match="clip 'odd' has 18 joints, layout 'coco17' 17"):
        video_lifter(Clip('odd', np.ones((1, 2, 18, 2)), layout='coco17'))
    with pytest.raises(ClipError, match='no image_size'):
        lifter_of(VIDEO, normalise=False)(Clip('bare', np.ones((1, 2, 17, 2)), layout='coco17'))
    (tmp_path / 'tinypose.py').write_text(TINYPOSE)
    with pytest.raises(PoseModelError, match="lift_config='.*tinypose.py': the model is not a PoseLifter; .*body_3d"):
        PoseLifter(tmp_path / 'tinypose.py', 'w.pth')
    with pytest.raises(PoseModelError, match='lift_config=.*: there is no such config'):
        PoseLifter('mmpose::no/such.py', 'w.pth')
    with pytest.raises(PoseModelError, match='lift_weights=...: there is no checkpoint'):
        PoseLifter(VIDEO, str(tmp_path / 'w.pth'))
    with pytest.raises(PoseModelError, match='lift_weights=...: .* checkpoint of another model.* Use the config it was trained with'):
        PoseLifter(IMAGE, video_lifter.weights)
    for half in (dict(lift_config='a.py'), dict(lift_weights='a.pth')):
        with pytest.raises(ExtractError, match='lift_config=... and lift_weights=... belong together'):
            PoseModels(**half)
    assert PoseModels(lift_config='a.py', lift_weights='a.pth').with_preset('balanced').lift_weights == 'a.pth'


class Corners:
    """Finds one person whose joints lie along the diagonal of the image."""
    config = weights = 'corners'
    needs_boxes = False

    def __init__(self, layout='coco17'):
        self.layout = get_layout(layout)

    def __call__(self, images):
        share = np.linspace(.1, .9, self.layout.num_joints, dtype=np.float32)[None, :, None]
        sizes = [np.float32(image.shape[1::-1]) for image in images]
        return [Poses(np.array([[0, 0, *size]]), np.ones(1), share * size, np.full((1, share.size), .9))
                for size in sizes]


def test_extraction_lifts_what_it_cleaned(video_lifter):
    images = [np.zeros((90, 160, 3), np.uint8)] * 6
    flat = SkeletonExtractor(None, Corners())(images, fps=25.)
    clip = SkeletonExtractor(None, Corners(), ExtractionOptions(), video_lifter)(images, fps=25.).check()
    assert clip.keypoint.shape == (1, 6, 17, 3) and clip.layout == 'h36m17' and clip.fps == 25
    assert len(clip.track_id) == 1
    np.testing.assert_array_equal(clip.keypoint, video_lifter(flat).keypoint)
    made_by = clip.extra['made_by']
    assert made_by['lift_config'] == video_lifter.config and made_by['lift_weights'] == 'lifter.pth'
    assert 'lift_config' not in flat.extra['made_by'] and clip.extra['lifted_from']['image_size'] == (90, 160)
    with pytest.raises(LayoutError, match="'hand21' has nothing for"):
        SkeletonExtractor(None, Corners('hand21'), ExtractionOptions(), video_lifter)


def test_joints_that_no_layout_is_known_for_are_refused_before_the_first_video(video_lifter, monkeypatch):
    crowd = Corners()
    crowd.layout = Layout.from_mmpose(crowdpose())
    monkeypatch.setattr('mmskel.pose.estimation.PoseEstimator', lambda *_: crowd)
    with pytest.raises(ExtractError, match="the joints of 'crowdpose', which is not a known layout"):
        PoseModels(pose_config='rtmo.py').build()
    lifting = PoseModels(pose_config='rtmo.py', lift_config=video_lifter.config, lift_weights=video_lifter.weights)
    assert lifting.build()([np.zeros((90, 160, 3), np.uint8)] * 3, fps=25.).check().layout == 'h36m17'


def test_real_persons(shared, video_lifter, tmp_path):
    import cv2
    (tmp_path / 'tinypose.py').write_text(TINYPOSE)
    weights = shared / 'weights'
    models = PoseModels(DETECTOR, str(weights / 'rtmdet_nano_person_320.pth'), str(tmp_path / 'tinypose.py'),
                        str(weights / 'pp_tinypose_256x192.pth'), 'cpu', lift_config=video_lifter.config,
                        lift_weights=video_lifter.weights)
    with open_video(shared / 'videos/demo_skeleton.mp4') as video:
        images = [cv2.resize(frame.image, (480, 270)) for frame, _ in zip(video, range(4))]
    clip = models.build()(images, fps=28.).check()
    assert clip.keypoint.shape == (2, 4, 17, 3) and (clip.score > 0).all()
