"""The images of a clip from real files: the right frames, once decoded, and errors that name clip and file."""
import numpy as np
import pytest
from acted import SIZE, act

from mmskel.data.transforms.clip_frames import LoadClipFrames, read_frames
from mmskel.video.reading import open_video
from mmskel.video.sources import VideoError


@pytest.fixture(scope='module')
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp('film') / 'wave.mp4'
    return path, act(path, 0, 3)


def sample(clip, **more):
    return dict(clip.to_annotation(), video_inds=np.array([5, 0, 23, 5]), **more)


def test_any_order_and_red_first(film):
    with open_video(film[0]) as video:
        frames = [frame.image for frame in video]
    found = read_frames(film[0], [20, 3, 3, 0])
    np.testing.assert_array_equal(found, np.stack([frames[i][..., ::-1] for i in (20, 3, 3, 0)]))


def test_images_of_unwanted_frames_are_not_made(film):
    with open_video(film[0], wanted={4, 9}) as video:
        assert [frame.index for frame in video if frame.image is not None] == [0, 4, 9]


def test_the_video_is_found_and_joints_take_its_size(film, tmp_path):
    path, clip = film
    by_path = LoadClipFrames()(sample(clip))
    assert by_path['imgs'].shape == (4, *SIZE, 3) and by_path['img_shape'] == SIZE
    clip = type(clip)(**{**vars(clip), 'rgb': None, 'image_size': (240, 320), 'keypoint': clip.keypoint * 2})
    by_name = LoadClipFrames()(sample(clip, video_root=str(path.parent)))
    np.testing.assert_array_equal(by_name['imgs'], by_path['imgs'])
    np.testing.assert_allclose(by_name['keypoint'], by_path['keypoint'])
    assert by_name['img_shape'] == by_name['original_shape'] == SIZE
    (tmp_path / 'wave_rgb.avi').write_bytes(path.read_bytes())
    assert LoadClipFrames(str(tmp_path)).find(sample(clip)).name == 'wave_rgb.avi'
    given = LoadClipFrames()(sample(clip, video=[frame for frame in by_path['imgs'][:1]] * 40, video_start=3))
    assert given['imgs'].shape == (4, *SIZE, 3)


def test_errors_name_clip_and_file(film, tmp_path):
    path, clip = film
    with pytest.raises(VideoError, match=r"clip 'wave': '.*wave.mp4' ends after 24 frames, but frame 24 is wanted"):
        LoadClipFrames()(sample(clip, video_start=1))
    with pytest.raises(VideoError, match="clip 'wave': its video was not found; tried '.*gone.mp4', .*videos=FOLDER"):
        LoadClipFrames(str(tmp_path))(dict(sample(clip), rgb='gone.mp4'))
    broken = tmp_path / 'broken.mp4'
    broken.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(VideoError, match='broken.mp4'):
        LoadClipFrames()(dict(sample(clip), rgb=str(broken)))
    deep = dict(sample(clip), keypoint=np.ones((1, 24, 17, 3), np.float32))
    with pytest.raises(ValueError, match="clip 'wave': LoadClipFrames needs 2 coordinates"):
        LoadClipFrames()(deep)
