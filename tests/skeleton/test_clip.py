import numpy as np
import pytest

from mmskel.skeleton import Clip, ClipError


def ntu(**more):
    x = np.random.default_rng(0).normal(size=(1, 5, 25, 3)).astype(np.float32)
    return Clip(**dict(dict(id='S001C001P001R001A001', keypoint=x, label=3), **more))


def test_pyskl_dictionaries_come_back_unchanged():
    x = np.random.default_rng(1).normal(size=(2, 6, 17, 2)).astype(np.float16)
    score = np.random.default_rng(2).random((2, 6, 17)).astype(np.float16)
    flat = dict(frame_dir='a', total_frames=6, label=1, img_shape=(1080, 1920), original_shape=(1080, 1920),
                keypoint=x, keypoint_score=score)
    solid = dict(frame_dir='b', total_frames=5, label=0, keypoint=ntu().keypoint.astype(np.float16))
    for item in (flat, solid):
        back = Clip.from_annotation(item).check().to_annotation()
        assert back.keys() == item.keys()
        for key, value in item.items():
            np.testing.assert_array_equal(back[key], value, err_msg=key)


def test_our_extras_come_back():
    clip = ntu(fps=30., unit='normalised', track_id=np.array([4]), rgb='a.mp4',
               objects=dict(ball=np.zeros((5, 3), np.float32)), layout='ntu25')
    back = Clip.from_annotation(clip.to_annotation())
    for key in ('id', 'fps', 'unit', 'rgb', 'layout', 'label'):
        assert getattr(back, key) == getattr(clip, key)
    np.testing.assert_array_equal(back.keypoint, clip.keypoint)
    assert back.objects.keys() == {'ball'} and back.track_id.tolist() == [4]
    # what we do not know we keep
    odd = dict(clip.to_annotation(), valid={0.5: 3})
    assert Clip.from_annotation(odd).to_annotation()['valid'] == {0.5: 3}


def test_defaults():
    clip = ntu()
    assert clip.layout == 'ntu25' and clip.unit == 'metre' and clip.score.all() and clip.check() is clip
    clip.keypoint[0, 2, 3] = 0
    assert Clip('x', clip.keypoint).score[0, 2, 3] == 0
    assert Clip('x', np.ones((1, 2, 17, 2))).unit == 'pixel'
    assert Clip.from_annotation(dict(frame_dir='x', keypoint=np.ones((3, 25, 3)))).keypoint.shape == (1, 3, 25, 3)


@pytest.mark.parametrize('change, message', [
    (dict(keypoint=np.zeros((5, 25, 3))), r'shape \(5, 25, 3\); expected \(M, T, V, C\)'),
    (dict(keypoint=np.zeros((1, 5, 25, 4))), '2 or 3 coordinates'),
    (dict(keypoint=np.zeros((0, 5, 25, 3))), 'at least one person'),
    (dict(keypoint=np.zeros((1, 0, 25, 3))), 'at least one person, frame'),
    (dict(layout='coco17'), "has 25 joints, but layout 'coco17' has 17.*ntu25"),
    (dict(layout='cocoa'), "no known layout .found 'cocoa'"),
    (dict(keypoint=np.zeros((1, 5, 19, 3))), '19 joints but no known layout'),
    (dict(score=np.ones((1, 4, 25))), r'score has shape \(1, 4, 25\)'),
    (dict(keypoint=np.full((1, 5, 25, 3), np.nan)), 'NaN or infinity in 5 of 5 frames .first: frame 0'),
    (dict(score=np.full((1, 5, 25), np.inf)), 'score holds NaN'),
    (dict(unit='inch'), "unknown unit 'inch'"),
    (dict(image_size=(0, 5)), 'image size'),
    (dict(label=-1), 'label is -1'),
    (dict(label='wave'), "label is 'wave'"),
    (dict(fps=0), 'fps is 0'),
    (dict(track_id=[1, 2]), '2 track ids for 1 persons'),
    (dict(objects=dict(ball=np.zeros((4, 3)))), "object 'ball' has shape"),
])
def test_wrong_clips_say_what_is_wrong(change, message):
    with pytest.raises(ClipError, match=f"clip 'S001C001P001R001A001'.*{message}"):
        ntu(**change).check()


@pytest.mark.parametrize('item, message', [
    (dict(keypoint=np.zeros((1, 2, 17, 2))), "neither 'frame_dir' nor 'filename'"),
    (dict(frame_dir='a'), "no 'keypoint'"),
    (dict(frame_dir='a', keypoint=np.array([[None]], object)), 'array of object'),
    (dict(frame_dir='a', keypoint=np.zeros((1, 2, 17, 2)), total_frames=3), 'total_frames is 3'),
])
def test_wrong_annotations(item, message):
    with pytest.raises(ClipError, match=message):
        Clip.from_annotation(item)
