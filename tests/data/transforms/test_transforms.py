import numpy as np
import pytest

from mmskel.data import transforms as T
from mmskel.files.errors import UserError
from mmskel.skeleton import get_layout


def sample(M=2, frames=7, layout='kinect20', C=3, **more):
    rng = np.random.default_rng(5)
    V = get_layout(layout).num_joints
    return dict(dict(frame_dir='clip7', keypoint=rng.normal(size=(M, frames, V, C)).astype(np.float32),
                     keypoint_score=rng.uniform(0.1, 1, (M, frames, V)).astype(np.float32), total_frames=frames,
                     label=1, rng=np.random.default_rng(0), layout=layout), **more)


RANDOM = [T.RandomRotation3D((30, 30, 30)), T.RandomScale(), T.RandomScale(per_axis=True), T.RandomShear(),
          T.RandomMirror('kinect20'), T.RandomMove(), T.ResampleFrames(9, random=True), T.CropAndResize(3), T.SampleUniformly(5),
          T.SampleUniformly(3), T.RandomWindow(4), T.RandomWindow(30)]


@pytest.mark.parametrize('transform', RANDOM, ids=repr)
def test_randomness_is_the_generators_alone(transform, monkeypatch):
    monkeypatch.setenv('MMSKEL_DEBUG', '1')  # also: only what is declared is written
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    first, second = (transform(sample(rng=np.random.default_rng(3)))['keypoint'] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    others = [transform(sample(rng=np.random.default_rng(seed)))['keypoint'] for seed in range(4, 12)]
    assert any(o.shape == first.shape and not np.array_equal(o, first) for o in others)


@pytest.mark.parametrize('transform', RANDOM, ids=repr)
def test_input_arrays_are_left_alone(transform):
    given = sample()
    before = given['keypoint'].copy()
    kept = given['keypoint']
    transform(given)
    np.testing.assert_array_equal(kept, before)


def test_missing_joints_stay_missing():
    given = sample()
    given['keypoint'][0, 2, 3] = 0
    for transform in (T.CentreOnJoint('spine', 'kinect20'), T.RandomRotation3D(), T.RandomShear(),
                      T.NormalizePixels((480, 640), keep_missing=True)):
        assert not transform(dict(given))['keypoint'][0, 2, 3].any(), transform
    assert T.CentreOnJoint('spine', 'kinect20', keep_missing=False)(dict(given))['keypoint'][0, 2, 3].any()


def test_rotation_keeps_lengths_and_turns_2d_about_z():
    given = sample()
    turned = T.RandomRotation3D((90, 90, 90))(dict(given))['keypoint']
    np.testing.assert_allclose(np.linalg.norm(turned, axis=-1), np.linalg.norm(given['keypoint'], axis=-1), rtol=1e-5)
    flat = T.RandomRotation3D().move(np.array([[[[1., 0.]]]], np.float32), angles=np.array([0, 0, 90]))
    np.testing.assert_allclose(flat[0, 0, 0], (0, 1), atol=1e-6)


def test_mirror_exchanges_sides_and_is_its_own_inverse():
    given, mirror = sample(), T.RandomMirror('kinect20')
    changed = mirror.transform(given)
    left, right = get_layout('kinect20').pairs[0]
    np.testing.assert_array_equal(changed['keypoint'][0, 0, left] * (-1, 1, 1), given['keypoint'][0, 0, right])
    np.testing.assert_array_equal(changed['keypoint_score'][..., left], given['keypoint_score'][..., right])
    np.testing.assert_array_equal(mirror.transform(changed)['keypoint'], given['keypoint'])


def test_range_normalize_guards_flat_axes():
    keypoint = np.zeros((1, 2, 3, 3), np.float32)
    keypoint[0, :, :, 0] = [[0, 1, 2], [3, 4, 5]]
    out = T.RangeNormalize(keep_missing=False)(dict(keypoint=keypoint))['keypoint']
    assert out[..., 0].min() == -1 and out[..., 0].max() == 1 and not out[..., 1:].any() and out.dtype == np.float32


def test_range_normalize_leaves_missing_joints_out():
    given = sample(M=1)
    given['keypoint'] += 5
    given['keypoint'][0, 2, 3] = 0
    out = T.RangeNormalize()(dict(given))['keypoint']
    seen = np.delete(out.reshape(-1, 3), 2 * 20 + 3, 0)
    assert not out[0, 2, 3].any() and np.allclose(seen.min(0), -1) and np.allclose(seen.max(0), 1)


def test_move_moves_missing_joints_too_and_interpolates():
    still = T.RandomMove().move(np.zeros((1, 3, 2, 2), np.float32), degrees=np.zeros(2), scale=np.ones(2),
                                shift_x=np.array([0, .2]), shift_y=np.array([.1, .1]))
    np.testing.assert_allclose(still[0, :, 0], [[0, .1], [.1, .1], [.2, .1]], atol=1e-7)
    turned = T.RandomMove().move(np.array([[[[1., 0, 7]]] * 2], np.float32).reshape(1, 2, 1, 3),
                                 degrees=np.array([0, 90]), scale=np.ones(2), shift_x=np.zeros(2), shift_y=np.zeros(2))
    np.testing.assert_allclose(turned[0, :, 0], [[1, 0, 7], [0, 1, 7]], atol=1e-6)


def test_resample_rules():
    given = dict(keypoint=np.arange(4, dtype=np.float32).reshape(1, 4, 1, 1), rng=np.random.default_rng(0))
    picked = T.ResampleFrames(7, with_time=True)(dict(given))
    assert picked['keypoint'].ravel().tolist() == [0, 0, 1, 1, 2, 2, 3]
    np.testing.assert_allclose(picked['frame_time'], 2 * picked['keypoint'].ravel() / 4 - 1)
    drawn = T.ResampleFrames(400, random=True)(dict(given))['keypoint'].ravel()
    assert drawn.tolist() == [0] * 100 + [1] * 100 + [2] * 100 + [3] * 100  # without replacement from 100 copies
    assert (T.ResampleFrames(5, random=True)(dict(given, keypoint=given['keypoint'][:, :1]))['keypoint'] == 0).all()


def test_successors_follow_the_source():
    given = sample(M=1, frames=40)
    picked = T.SampleUniformly(10, with_next=True)(dict(given))
    follow = np.minimum(picked['frame_inds'] + 1, 39)
    np.testing.assert_array_equal(picked['keypoint_next'], given['keypoint'][:, follow])
    assert picked['total_frames'] == 10 and picked['keypoint_score'].shape == (1, 10, 20)


def test_windows_and_padding():
    given = sample(M=1, frames=6)
    assert T.PadFrames(9)(dict(given))['keypoint'].shape[1] == 9
    assert not T.PadFrames(9)(dict(given))['keypoint'][:, 6:].any()
    np.testing.assert_array_equal(T.PadFrames(4)(dict(given))['keypoint'], given['keypoint'][:, :4])
    window = T.RandomWindow(4)
    np.testing.assert_array_equal(window.transform(given, offset=-2)['keypoint'], given['keypoint'][:, 2:6])
    wide = T.RandomWindow(9).transform(given, offset=2)['keypoint']
    np.testing.assert_array_equal(wide[:, 2:8], given['keypoint'])
    assert not wide[:, :2].any() and not wide[:, 8:].any()
    offsets = {T.RandomWindow(4).make_params(given, np.random.default_rng(s))['offset'] for s in range(50)}
    assert offsets == {0, -1, -2}


def test_person_slots():
    given = sample(M=2)
    assert T.SetPersons(1)(dict(given))['keypoint'].shape[0] == 1
    padded = T.SetPersons(3)(dict(given))
    assert not padded['keypoint'][2].any() and not padded['keypoint_score'][2].any()
    looped = T.SetPersons(3, pad='loop')(dict(sample(M=1)))['keypoint']
    np.testing.assert_array_equal(looped[2], looped[0])
    given['keypoint_score'][0], given['keypoint_score'][1] = 0.2, 0.5
    given['keypoint_score'][0, 3] = 0.9
    by_clip = T.SetPersons(1, sort='score')(dict(given))['keypoint'][0]
    np.testing.assert_array_equal(by_clip, given['keypoint'][1])
    by_frame = T.SetPersons(1, sort='frame_score')(dict(given))['keypoint'][0]
    np.testing.assert_array_equal(by_frame[3], given['keypoint'][0, 3])
    np.testing.assert_array_equal(by_frame[2], given['keypoint'][1, 2])


def test_pack_splits_clips():
    packed = T.PackSkeleton()(dict(sample(frames=6), num_clips=3))
    assert packed['inputs']['keypoint'].shape == (3, 2, 2, 20, 3)
    assert packed['inputs']['keypoint_score'].shape == (3, 2, 2, 20)
    assert packed['data_samples'].frame_dir == 'clip7' and int(packed['data_samples'].gt_label) == 1
    with pytest.raises(ValueError, match="clip 'clip7': 7 frames do not divide into 3"):
        T.PackSkeleton()(dict(sample(frames=7), num_clips=3))


def test_wrong_use_teaches(monkeypatch):
    with pytest.raises(UserError, match="clip 'x': RangeNormalize needs keypoint, found frame_dir"):
        T.RangeNormalize()(dict(frame_dir='x'))
    with pytest.raises(ValueError, match="clip 'clip7': AlignBody3D needs 3 coordinates"):
        T.AlignBody3D('ntu25')(sample(layout='ntu25', C=2))
    with pytest.raises(ValueError, match="pad is 'zero' or 'loop'"):
        T.SetPersons(2, pad='copy')

    class Liar(T.CoordinateTransform):
        writes = ()

        def move(self, keypoint):
            return keypoint

    monkeypatch.setenv('MMSKEL_DEBUG', '1')
    with pytest.raises(KeyError, match='declares that it writes'):
        Liar()(sample())


def test_crop_and_resize_is_linear_interpolation_between_half_pixel_centres():
    torch = pytest.importorskip('torch')
    rng = np.random.default_rng(0)
    for frames in (1, 2, 30, 64, 150):
        keypoint = rng.standard_normal((2, frames, 5, 3)).astype(np.float32)
        found = T.CropAndResize(64, share=1.)(dict(keypoint=keypoint, rng=rng))['keypoint']
        flat = torch.from_numpy(keypoint).permute(0, 2, 3, 1).reshape(1, -1, frames)
        expected = torch.nn.functional.interpolate(flat, size=64, mode='linear', align_corners=False)
        np.testing.assert_allclose(found, expected.view(2, 5, 3, 64).permute(0, 3, 1, 2).numpy(), atol=2e-6)


def test_which_part_crop_and_resize_takes():
    def part(frames, share, seed=0):
        keypoint = np.ones((1, frames, 2, 3), np.float32)
        keypoint[:, 100:] = 0  # no valid frames
        return T.CropAndResize(64, share).make_params(dict(keypoint=keypoint), np.random.default_rng(seed))
    assert part(39, 0.95) == dict(start=0, length=39) and part(40, 0.95) == dict(start=1, length=38)
    assert part(140, 0.95) == dict(start=2, length=96)  # 100 valid frames
    drawn = [part(140, (0.5, 1.0), seed) for seed in range(200)]
    lengths = {p['length'] for p in drawn}
    assert min(lengths) == 64 and 95 < max(lengths) < 100 and len(lengths) > 25 and all(p['start'] + p['length'] <= 100 for p in drawn)
    assert len({p['start'] for p in drawn}) > 20 and part(50, (0.5, 1.0)) == dict(start=0, length=50)
    empty = dict(keypoint=np.zeros((1, 7, 2, 3), np.float32))
    assert T.CropAndResize(4)(dict(empty, rng=np.random.default_rng(0)))['keypoint'].shape == (1, 4, 2, 3)
    with pytest.raises(ValueError, match=r'share must be in \(0, 1\], not 2'):
        T.CropAndResize(64, 2)


def test_order_of_the_turns():
    x = np.array([[[[1., 2, 3]]]], np.float32)
    turn = {order: T.RandomRotation3D((90, 90, 90), order=order).move(x, (90, 90, 0)) for order in ('xyz', 'yxz')}
    # about x first: (1, 2, 3) -> (1, -3, 2); then about y
    np.testing.assert_allclose(turn['xyz'].ravel(), (2, -3, -1), atol=1e-6)
    assert not np.allclose(turn['xyz'], turn['yxz'])
    with pytest.raises(ValueError, match="not 'xyy'"):
        T.RandomRotation3D(order='xyy')


def test_fractions_of_the_image():
    given = sample(C=2, layout='hand21', img_shape=(200, 400))
    given['keypoint'] = np.abs(given['keypoint']) * 60
    given['keypoint'][0, 1, 2] = 0
    whole = T.FractionsOfImage()(dict(given))['keypoint']
    np.testing.assert_allclose(whole, given['keypoint'] / (400, 200), rtol=1e-6)
    np.testing.assert_allclose(T.FractionsOfImage()(dict(given, keypoint=whole))['keypoint'], whole)  # as they are
    own = T.FractionsOfImage(own_range=True)(dict(given))['keypoint']
    assert own.reshape(-1, 2).min(0).tolist() == [-1, -1] and own.reshape(-1, 2).max(0) == pytest.approx([1, 1])
    del given['img_shape']
    with pytest.raises(UserError, match="clip 'clip7' is in pixels and does not say the size"):
        T.FractionsOfImage()(dict(given))
    np.testing.assert_allclose(T.FractionsOfImage((200, 400))(dict(given))['keypoint'], whole)
