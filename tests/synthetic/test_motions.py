import subprocess
import sys
import time

import numpy as np
import pytest

from mmskel.data.annotation_file import load_annotation_file
from mmskel.skeleton import LayoutError, get_layout
from mmskel.synthetic.motions import ACTIONS, CLASS_NAMES, IMAGE_SIZE, make_motion_clips, write_motion_dataset

# bones between joints of one rigid segment, in every layout that has them
_RIGID = [(f'{side}_{a}', f'{side}_{b}') for side in ('left', 'right') for a, b in (
    ('shoulder', 'elbow'), ('elbow', 'wrist'), ('hip', 'knee'), ('knee', 'ankle'))]


@pytest.fixture(scope='module')
def clips():
    return make_motion_clips(30, seed=5)


def _clean(num, **options):
    return make_motion_clips(num, noise=0, dropout=0, **options)


def _joint(clip, name):
    """(T, C)."""
    return clip.keypoint[0, :, get_layout(clip.layout).index(name)]


def _descriptor(clip, frames=32):
    """Resampled joints about the clip's mean, missing ones at the mean."""
    at = np.linspace(0, clip.num_frames - 1, frames).round().astype(int)
    known = (clip.score[0, at] > 0)[..., None]
    joints = clip.keypoint[0, at]
    return ((joints - (joints * known).sum((0, 1)) / known.sum((0, 1))) * known).ravel()


def test_ten_classes_of_checked_clips_of_varied_length(clips):
    assert len(clips) == 300 and len(CLASS_NAMES) == 10 and len({clip.id for clip in clips}) == 300
    assert np.bincount([clip.check().label for clip in clips]).tolist() == [30] * 10
    lengths = [clip.num_frames for clip in clips]
    assert min(lengths) >= 20 and max(lengths) <= 80 and len(set(lengths)) > 40
    assert clips[0].layout == 'kinect20' and clips[0].unit == 'metre' and clips[0].keypoint.shape[-1] == 3


def test_the_same_for_the_same_seed_and_more_clips_add_to_fewer():
    few, again, other = make_motion_clips(2, 3), make_motion_clips(2, 3), make_motion_clips(2, 4)
    many = {clip.id: clip for clip in make_motion_clips(12, 3)}
    for a, b, c in zip(few, again, other):
        assert a.id == b.id == c.id
        np.testing.assert_array_equal(a.keypoint, b.keypoint)
        np.testing.assert_array_equal(a.keypoint, many[a.id].keypoint)
        assert a.keypoint.shape != c.keypoint.shape or np.abs(a.keypoint - c.keypoint).max() > .1
    assert few[0].id == 'wave_s00_r00' and 'wave_s01_r01' in many


@pytest.mark.parametrize('layout', ['kinect20', 'ntu25', 'smpl24'])
def test_every_bone_keeps_its_length(layout):
    table = get_layout(layout)
    # the neck turns about the end of the spine, so it is no one length from smpl24's lower spine3
    child, parent = np.array([e for e in table.edges if [table.joints[j] for j in e] != ['neck', 'spine3']]).T
    for clip in _clean(2, layout=layout):
        length = np.linalg.norm(clip.keypoint[0, :, child] - clip.keypoint[0, :, parent], axis=-1)
        assert np.ptp(length, axis=1).max() < 1e-5, clip.id
        assert length.min() > .02


def test_noise_has_the_stated_size():
    for clean, noisy in zip(_clean(1, seed=1), make_motion_clips(1, seed=1, noise=.02, dropout=0)):
        assert (noisy.keypoint - clean.keypoint).std() == pytest.approx(.02, rel=.05)


def test_bodies_have_human_proportions_and_differ():
    thighs = {}
    for clip in _clean(8):
        thigh = np.linalg.norm(_joint(clip, 'left_hip') - _joint(clip, 'left_knee'), axis=1).mean()
        thighs.setdefault(clip.id.rsplit('_', 2)[1], []).append(thigh)
    assert len(thighs) == 8
    means = [np.mean(lengths) for lengths in thighs.values()]
    assert all(np.ptp(lengths) < 1e-4 for lengths in thighs.values())
    assert .33 < min(means) and max(means) < .52 and np.ptp(means) > .04


def test_lost_joints_are_zero_with_score_zero(clips):
    missing = sum((clip.score == 0).sum() for clip in clips)
    assert 0 < missing / sum(clip.score.size for clip in clips) < .02
    for clip in clips:
        np.testing.assert_array_equal(clip.score == 0, (clip.keypoint == 0).all(-1))
    assert all((clip.score == 1).all() for clip in _clean(1))


def test_axes_are_those_of_a_person_before_a_kinect():
    right_of_left = []
    for clip in _clean(5):
        assert _joint(clip, 'head')[:, 1].mean() > _joint(clip, 'left_foot')[:, 1].mean() + .6
        assert clip.keypoint[..., 2].min() > .5
        right_of_left.append((_joint(clip, 'right_shoulder') - _joint(clip, 'left_shoulder'))[:, 0].mean())
    assert np.mean(np.array(right_of_left) > 0) > .95  # they face the camera, more or less


def test_actions_do_what_they_are_called():
    by_action = {name: [c for c in _clean(10, seed=2) if c.label == k] for k, name in enumerate(ACTIONS)}

    def height(clip, name):  # the camera is tilted by a few degrees at most
        return _joint(clip, name)[:, 1]

    for clip in by_action['sit_down']:
        assert height(clip, 'pelvis')[-1] < height(clip, 'pelvis')[0] - .15
    for clip in by_action['stand_up']:
        assert height(clip, 'pelvis')[-1] > height(clip, 'pelvis')[0] + .15
    for clip in by_action['jump']:
        rise = np.minimum(height(clip, 'left_foot'), height(clip, 'right_foot'))
        assert np.ptp(rise) > .08
    for clip in by_action['bow']:
        assert np.ptp(height(clip, 'head') - height(clip, 'pelvis')) > .08
    for clip in by_action['kick']:
        assert max(np.ptp(height(clip, 'left_foot')), np.ptp(height(clip, 'right_foot'))) > .12
    for clip in by_action['wave_both']:
        assert min(np.ptp(_joint(clip, f'{side}_hand') - _joint(clip, f'{side}_elbow'), axis=0).max()
                   for side in ('left', 'right')) > .1
    sides = {max(('left', 'right'), key=lambda side: np.ptp(height(c, f'{side}_foot'))) for c in by_action['kick']}
    assert sides == {'left', 'right'}


def test_standing_feet_do_not_slide():
    for clip in (c for c in _clean(3) if c.id.startswith(('bow', 'sit_down', 'clap'))):
        # the view drifts by up to 60 degrees, so only distances between joints are the figure's own
        feet = np.linalg.norm(_joint(clip, 'left_ankle') - _joint(clip, 'right_ankle'), axis=1)
        steps = np.linalg.norm(np.diff(_joint(clip, 'left_ankle'), axis=0), axis=1)
        assert steps.max() < .1 and feet.max() < 1.2


def test_nearest_neighbour_is_well_above_chance_and_clearly_below_all():
    accuracy = []
    for seed in (0, 5):
        clips = make_motion_clips(30, seed)
        test = np.array([int(clip.id.rsplit('_', 2)[1][1:]) >= 7 for clip in clips])
        points, labels = np.stack([_descriptor(clip) for clip in clips]), np.array([clip.label for clip in clips])
        seen, new = points[~test], points[test]
        distance = (new**2).sum(1)[:, None] - 2 * new @ seen.T + (seen**2).sum(1)
        accuracy.append((labels[~test][distance.argmin(1)] == labels[test]).mean())
    assert .6 <= min(accuracy) and max(accuracy) <= .9


def test_sitting_down_and_standing_up_differ_in_order_alone(clips):
    def posture(action):  # how the knees are bent, whenever
        bent = [np.linalg.norm(_joint(c, 'left_hip') - _joint(c, 'left_ankle'), axis=1) for c in clips
                if c.id.startswith(action)]
        return np.median([np.quantile(b, (.1, .5, .9)) for b in bent], 0)

    np.testing.assert_allclose(posture('sit_down'), posture('stand_up'), atol=.12)


def test_projection_is_the_documented_pinhole():
    solid = _clean(2, layout='coco17')
    flat = _clean(2, layout='coco17', project=True)
    for clip, image in zip(solid, flat):
        assert image.check().unit == 'pixel' and image.image_size == IMAGE_SIZE and image.fps == 30
        x, y, z = np.moveaxis(clip.keypoint.astype(float), -1, 0)
        expected = np.stack((320 - 525 * x / z, 240 - 525 * y / z), -1)
        np.testing.assert_allclose(image.keypoint, expected, atol=.01)
        assert .55 <= image.score.min() and image.score.max() <= 1
    noisy = make_motion_clips(1, layout='coco17', project=True, noise=.01, dropout=0)
    clean = _clean(1, layout='coco17', project=True)
    assert np.std(np.concatenate([(a.keypoint - b.keypoint).ravel() for a, b in zip(noisy, clean)])) \
        == pytest.approx(2, rel=.05)


@pytest.mark.parametrize('layout', ['ntu25', 'coco17', 'openpose18', 'openpose25', 'halpe26', 'smpl24', 'kinect20_msr'])
def test_other_bodies_by_joint_name(layout):
    reference, clips = _clean(1), _clean(1, layout=layout)
    table = get_layout(layout)
    shared = [joint for joint in get_layout('kinect20').joints if joint in table.joints]
    assert len(shared) >= 12
    for a, b in zip(reference, clips):
        assert b.check().layout == layout
        for joint in ('left_knee', 'right_wrist', 'left_elbow'):
            # the depth offset follows the outermost joints, which differ between layouts
            drift = _joint(a, joint) - _joint(b, joint)
            assert np.abs(drift - drift.mean(0)).max() < .1
        for first, last in _RIGID:
            np.testing.assert_allclose(np.linalg.norm(_joint(b, first) - _joint(b, last), axis=1),
                                       np.linalg.norm(_joint(a, first) - _joint(a, last), axis=1), atol=1e-4)


def test_file_splits_by_subject(tmp_path):
    made = write_motion_dataset(tmp_path / 'motions.pkl', num_per_class=10, seed=1, num_subjects=5)
    file = load_annotation_file(tmp_path / 'motions.pkl')
    assert file.layout == 'kinect20' and file.class_names == list(CLASS_NAMES) and file.meta['num_subjects'] == 5
    assert file.split == made.split and len(file.annotations) == 100
    subjects = {name: {i.rsplit('_', 2)[1] for i in ids} for name, ids in file.split.items()}
    assert subjects['train'] == {'s00', 's01', 's02'} and subjects['test'] == {'s03', 's04'}
    for split in ('train', 'test'):
        assert {clip.label for clip in file.clips(split)} == set(range(10))


def test_two_clips_per_class_already_make_both_splits(tmp_path):
    file = write_motion_dataset(tmp_path / 'few.pkl', num_per_class=2, test_share=.99)
    assert {k: len(v) for k, v in file.split.items()} == dict(train=10, test=10)


def test_wrong_arguments_are_explained(tmp_path):
    with pytest.raises(LayoutError, match='thumb1.*hand21'):
        make_motion_clips(1, layout='hand21')
    with pytest.raises(ValueError, match='at least 1'):
        make_motion_clips(0)
    with pytest.raises(ValueError, match='dropout 1.5'):
        make_motion_clips(1, dropout=1.5)
    with pytest.raises(ValueError, match='at least two'):
        write_motion_dataset(tmp_path / 'x.pkl', num_per_class=1)
    assert not (tmp_path / 'x.pkl').exists()


def test_five_hundred_clips_take_seconds():
    begin = time.process_time()
    make_motion_clips(50)
    assert time.process_time() - begin < 5


def test_needs_no_torch():
    code = ('import sys; import mmskel.synthetic.motions as s; s.make_motion_clips(1); '
            'print("torch" in sys.modules, "matplotlib" in sys.modules)')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.stdout.split() == ['False', 'False'], done.stderr
