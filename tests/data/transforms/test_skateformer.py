"""SkateFormer's sampling and augmentation against what the published code computes, and against their description."""
import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from parity import load

from mmskel.data import transforms as T
from mmskel.files.errors import UserError
from mmskel.models import SkateEncoder
from mmskel.skeleton import get_layout, skate_parts

ARRAYS = load('skateformer_data')[1]


def ours(key):
    """A golden (C, T, V, M) array as (M, T, V, C)."""
    return ARRAYS[key].transpose(3, 1, 2, 0)


def numbered(valid, frames=300, persons=1):
    keypoint = np.zeros((persons, frames, 25, 3), np.float32)
    keypoint[:, :valid] = np.arange(1, valid + 1, dtype=np.float32)[:, None, None]
    return dict(keypoint=keypoint, rng=np.random.default_rng(0), label=0)


@pytest.mark.parametrize('valid', [30, 39, 40, 50, 64, 65, 68, 100, 128, 200, 300])
def test_published_test_sampling_exactly(valid):
    for frames in {valid, 300}:  # the frame beyond the end is zero, whether the file has it or not
        found = T.SampleTrimmed(64, share=0.95)(numbered(valid, frames))
        np.testing.assert_array_equal(found['keypoint'][0, :, 7, 1], ARRAYS[f'out_test_values_len{valid}'])
        np.testing.assert_array_equal(found['frame_time'], ARRAYS[f'out_test_index_len{valid}'])
        assert found['keypoint'].dtype == found['frame_time'].dtype == np.float32


def test_clamped_sampling_stays_inside():
    for valid in range(1, 140):
        published, clamped = (T.SampleTrimmed(64, share=0.95, clamp=clamp).make_params(numbered(valid), None)['frames']
                              for clamp in (False, True))
        assert clamped.max() < valid and (clamped.min() == 0 or valid > 64)
        assert (published.max() == valid) == (40 <= valid <= 64)


def test_training_sampling():
    transform, seen = T.SampleTrimmed(64), []
    for seed in range(60):
        for valid in (20, 64, 90, 250):
            sample = dict(numbered(valid), rng=np.random.default_rng(seed))
            params = transform.make_params(sample, sample['rng'])
            frames = params['frames']
            assert params['valid'] == valid and len(frames) == min(valid, 64) and (np.diff(frames) > 0).all()
            assert 0 <= frames[0] and frames[-1] < valid
            if valid == 250:
                seen.append((frames[-1] - frames[0] + 1, frames[0]))
    spans, starts = np.array(seen).T
    assert 120 <= spans.min() < 150 and 220 < spans.max() <= 250 and len(set(starts)) > 30
    stretched = transform(numbered(20))
    assert stretched['keypoint'].shape[1] == 64 and stretched['keypoint'][0, 0, 0, 0] == 1
    np.testing.assert_allclose(stretched['frame_time'], 2 * (stretched['keypoint'][0, :, 0, 0] - 1) / 20 - 1, atol=1e-6)


def test_published_augmentations():
    x = ours('in_input')
    for axis in range(3):
        angles = -17. * (np.arange(3) == axis)  # the published matrix turns by minus the angle; both sides are drawn alike
        turned = T.RandomRotation3D(order='xyz').move(x, angles=angles)
        np.testing.assert_allclose(turned, ours(f'out_rotate_axis{axis}_17deg'), atol=1e-5)
    s1, s2 = (.1, -.2, .3), (-.4, .25, .05)
    shear = np.array([[1, s1[0], s2[0]], [s1[1], 1, s2[1]], [s1[2], s2[2], 1]])
    np.testing.assert_allclose(T.RandomShear().move(x, shear.T), ours('out_shear'), atol=1e-5)
    factor = 1 + .2 * np.array([.5, -1, .25])
    np.testing.assert_allclose(T.RandomScale().move(x, factor), ours('out_scale'), atol=1e-5)
    flipped = T.RandomMirror('ntu25', negate=False).transform(dict(keypoint=x))['keypoint']
    np.testing.assert_array_equal(flipped, ours('out_flip'))
    np.testing.assert_allclose(T.BorrowBoneLengths('ntu25').rebuild(x, ours('in_reference')), ours('out_adain'),
                               rtol=1e-5, atol=1e-5)


def test_published_streams_exactly():
    import torch
    x = torch.from_numpy(ours('in_input').copy())
    for stream, key in (('bone', 'out_bone'), ('joint_motion', 'out_motion')):
        np.testing.assert_array_equal(SkateEncoder('ntu25', stream).encode(dict(keypoint=x)), ours(key))


def test_published_nucla_test_features_exactly():
    import torch
    sample = dict(keypoint=ARRAYS['in_nucla_clip'][None], label=0, rng=np.random.default_rng(0))
    for transform in (T.CentreOnJoint('spine', 'kinect20', keep_missing=False), T.RangeNormalize(keep_missing=False),
                      T.ResampleFrames(64, with_time=True)):
        sample = transform(sample)
    np.testing.assert_array_equal(sample['frame_time'], ARRAYS['out_nucla_index_t'])
    order = np.ravel(skate_parts('kinect20'))
    for stream, key in (('joint', 'j'), ('bone', 'b'), ('joint_motion', 'jm'), ('bone_motion', 'bm')):
        found = SkateEncoder('kinect20', stream).encode(dict(keypoint=torch.from_numpy(sample['keypoint'])))[0, :, order]
        np.testing.assert_allclose(found, ARRAYS[f'out_nucla_{key}'].transpose(1, 2, 0), atol=1e-6)


def test_published_nucla_view_change():
    clip = ARRAYS['in_nucla_clip'][None]
    centred = T.CentreOnJoint('spine', 'kinect20', keep_missing=False)(dict(keypoint=clip))['keypoint']
    turned = T.RandomScale().move(T.RandomRotation3D().move(centred, angles=np.array([30, -20, 0])), 1.2)
    np.testing.assert_allclose(turned[0], ARRAYS['out_nucla_view_transform'], atol=1e-5)


def sample(seed=0, frames=64, persons=2):
    rng = np.random.default_rng(5)
    return dict(frame_dir='x', label=1, rng=np.random.default_rng(seed),
                keypoint=rng.uniform(1, 2, (persons, frames, 25, 3)).astype(np.float32),
                keypoint_score=np.ones((persons, frames, 25), np.float32),
                frame_time=np.linspace(-1, 1, frames, endpoint=False, dtype=np.float32),
                classmate=lambda rng: dict(keypoint=rng.uniform(1, 2, (1, 30, 25, 3)).astype(np.float32)))


RANDOM = [T.RandomRotation3D((30, 30, 30), one_axis=True, probability=0.5), T.RandomScale(0.8, 1.2, True, 0.5),
          T.RandomShear(0.5, 0.5), T.RandomMirror('ntu25', 0.5, negate=False), T.RandomDropAxis(0.5), T.RandomDropJoints(),
          T.RandomSwapPersons(0.5), T.BorrowBoneLengths('ntu25', 0.5)]


@pytest.mark.parametrize('transform', RANDOM, ids=lambda t: type(t).__name__)
def test_probability_is_kept_and_randomness_is_the_generators(transform, monkeypatch):
    monkeypatch.setenv('MMSKEL_DEBUG', '1')
    before = sample()['keypoint']
    changed = [not np.array_equal(transform(sample(seed))['keypoint'], before) for seed in range(200)]
    assert 0.38 < np.mean(changed) < 0.62
    np.testing.assert_array_equal(transform(sample(3))['keypoint'], transform(sample(3))['keypoint'])
    given = sample(4)
    kept = given['keypoint']
    transform(given)
    np.testing.assert_array_equal(kept, before)


def test_one_axis_is_turned_about():
    angles = np.stack([T.RandomRotation3D((30, 30, 30), one_axis=True).make_params({}, np.random.default_rng(s))['angles']
                       for s in range(100)])
    assert ((angles != 0).sum(1) == 1).all() and ((angles != 0).sum(0) > 20).all() and 25 < np.abs(angles).max() <= 30


def test_joints_are_dropped_in_some_frames_for_all_persons():
    sizes = set()
    for seed in range(100):
        found = T.RandomDropJoints((5, 15), (16, 32), probability=1)(sample(seed))
        gone = (found['keypoint'] == 0).all(-1)
        assert (gone[0] == gone[1]).all() and ((found['keypoint_score'] == 0) == gone).all()
        frames, joints = gone[0].any(1).sum(), gone[0].any(0).sum()
        assert gone[0].sum() == frames * joints
        sizes.add((int(joints), int(frames)))
    assert {5, 15} <= {j for j, _ in sizes} <= set(range(5, 16)) and {f for _, f in sizes} <= set(range(16, 33))
    few = T.RandomDropJoints(probability=1)(dict(sample(), keypoint=np.ones((1, 4, 3, 2), np.float32), keypoint_score=np.ones((1, 4, 3))))
    assert not few['keypoint'].any()  # never more than there are


def test_bone_lengths_come_from_the_classmate():
    given = sample()
    other = T.BorrowBoneLengths('ntu25').make_params(given, np.random.default_rng(0))['other']
    assert other[0, :63].all() and not other[1].any()  # the classmate has one person
    assert not other[0, 63].any()  # and 30 frames: the last time is rounded to its frame 30, which is none
    found = T.BorrowBoneLengths('ntu25').rebuild(given['keypoint'], other)
    np.testing.assert_array_equal(found[0, :, 1], other[0, :, 1])  # the root
    for child, origin in ((3, 2), (7, 6), (22, 7)):
        lengths = [np.linalg.norm(x[0, :, child] - x[0, :, origin], axis=-1) for x in (found, other)]
        np.testing.assert_allclose(*lengths, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found[1], 0, atol=1e-3)  # missing there: a point
    with pytest.raises(UserError, match="clip 'x': BorrowBoneLengths needs classmate"):
        T.BorrowBoneLengths('ntu25')({k: v for k, v in given.items() if k != 'classmate'})


def test_one_branch_of_several():
    branch = TRANSFORMS.build(dict(type='OneBranch', branches=[
        dict(probability=0.5, transforms=[dict(type='RandomDropAxis', probability=1)] * 9),
        dict(probability=0.2, transforms=[dict(type='RandomScale', low=2, high=2)])]))
    before, counts = sample()['keypoint'], dict(same=0, dropped=0, scaled=0)
    for seed in range(400):
        found = branch(sample(seed))['keypoint']
        counts['same' if np.array_equal(found, before) else 'scaled' if np.array_equal(found, 2 * before) else 'dropped'] += 1
    assert abs(counts['dropped'] - 200) < 40 and abs(counts['scaled'] - 80) < 30 and abs(counts['same'] - 120) < 35
    with pytest.raises(ValueError, match='sum to at most 1'):
        T.OneBranch([dict(probability=0.7, transforms=[]), dict(probability=0.7, transforms=[])])


def test_classes_and_classmates_of_a_data_set(tmp_path):
    from mmskel.data import save_annotation_file
    from mmskel.data.dataset import SkeletonDataset
    from mmskel.synthetic.motions import make_motion_clips
    clips = make_motion_clips(3, layout='ntu25', dropout=0)
    names = [f'action {i}' for i in range(10)]
    save_annotation_file(tmp_path / 'x.pkl', clips, dict(train=[c.id for c in clips]), dict(class_names=names))
    data = SkeletonDataset(str(tmp_path / 'x.pkl'), [], split='train', num_classes=2, classes=(7, 4))
    labels = [data.get_data_info(i)['label'] for i in range(len(data))]
    assert sorted(labels) == [0] * 3 + [1] * 3 and data.metainfo['class_names'] == ['action 7', 'action 4']
    mine = data.get_data_info(0)
    found = {(mate['frame_dir'], mate['label']) for mate in map(mine['classmate'], map(np.random.default_rng, range(40)))}
    assert len(found) == 3 and {label for _, label in found} == {mine['label']}
    few = SkeletonDataset(str(tmp_path / 'x.pkl'), [], split='train', indices=[0, 29])
    assert few.get_data_info(1)['classmate'](np.random.default_rng(0))['frame_dir'] == few.get_data_info(1)['frame_dir']
    from mmskel.data.annotation_file import AnnotationError
    with pytest.raises(AnnotationError, match='no clip of split .train. has one of the labels 77'):
        SkeletonDataset(str(tmp_path / 'x.pkl'), [], split='train', classes=(77, ))


def test_swap_of_the_layout_is_the_published_one():
    published = [0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 16, 17, 18, 19, 12, 13, 14, 15, 20, 23, 24, 21, 22]
    assert get_layout('ntu25').swap.tolist() == published
