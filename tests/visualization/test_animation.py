import cv2
import numpy as np
import pytest
from PIL import Image

from mmskel.synthetic.motions import make_motion_clips
from mmskel.visualization import palette
from mmskel.visualization.animation import Caption, animate, draw_caption


@pytest.fixture(scope='module')
def clips():
    """Three clips of different lengths."""
    found = make_motion_clips(4, 2)
    return sorted(found, key=lambda clip: clip.num_frames)[:9:4]


def _share(image, colour):
    return (np.abs(image.astype(int) - colour).sum(-1) < 40).mean()


def test_gif_has_a_frame_per_step_of_its_clock(clips, tmp_path):
    path = animate(clips[0], tmp_path / 'one.gif', fps=20, size=120)
    with Image.open(path) as picture:
        assert picture.n_frames == int(np.ceil(clips[0].num_frames * 20 / 30))
        assert picture.info['duration'] == 50 and picture.info['loop'] == 0 and picture.size == (120, 120)
        picture.seek(picture.n_frames - 1)
        assert (np.array(picture.convert('RGB'))[0, 0] == 255).all()  # the background stays white


def test_gif_keeps_real_time_though_it_counts_hundredths(clips, tmp_path):
    with Image.open(animate(clips[2], tmp_path / 'a.gif', fps=15, size=60)) as picture:
        seconds = picture.n_frames * picture.info['duration'] / 1000
    assert seconds == pytest.approx(clips[2].num_frames / 30, abs=.1)


def test_clips_stand_side_by_side_until_the_longest_is_over(clips, tmp_path):
    captions = [Caption('wave', 'wave'), Caption('wave', 'clap'), Caption('wave')]
    path = animate(clips, tmp_path / 'wall.png', captions=captions, columns=2, size=100, fps=10)
    with Image.open(path) as picture:
        assert picture.n_frames == max(int(np.ceil(clip.num_frames / 3)) for clip in clips)
        width, height = picture.size
        assert width == 200 and height == 2 * (100 + draw_caption(captions[0], 100).shape[0])
        picture.seek(0)
        first = np.array(picture.convert('RGB'))
        assert (first[height // 2:, 100:] == 255).all()  # no fourth clip


@pytest.mark.parametrize('suffix', ['.mp4', '.avi', '.apng'])
def test_other_formats_by_suffix(clips, tmp_path, suffix):
    path = animate(clips[0], tmp_path / f'clip{suffix}', size=101, fps=10)
    expected = int(np.ceil(clips[0].num_frames / 3))
    if suffix == '.apng':
        with Image.open(path) as picture:
            assert picture.n_frames == expected
        return
    video = cv2.VideoCapture(str(path))
    frames = []
    while (read := video.read())[0]:
        frames.append(read[1])
    assert len(frames) == expected and frames[0].shape == (102, 102, 3)
    assert frames[0].mean() > 200  # a light image, whatever the codec did to it


def test_captions_are_green_when_right_red_when_wrong_and_name_the_truth():
    right, wrong, truth, guess = (draw_caption(c, 300) for c in (
        Caption('wave', 'wave'), Caption('wave', 'clap'), Caption('wave'), Caption(None, 'wave')))
    assert _share(right, palette.RIGHT) > .005 and not _share(right, palette.WRONG)
    assert _share(wrong, palette.WRONG) > .005 and not _share(wrong, palette.RIGHT)
    assert _share(truth, palette.INK) > .003 and not _share(truth, palette.RIGHT) and not _share(guess, palette.RIGHT)
    lower = slice(right.shape[0] // 2 + 6, None)
    assert (wrong[lower] < 200).any() and not (right[lower] < 200).any()
    assert right.shape == wrong.shape == (right.shape[0], 300, 3)


def test_long_names_are_cut_and_stay_inside():
    strip = draw_caption(Caption('a' * 200, 'walking towards each other and shaking hands for a long time'), 200)
    assert (strip[:, -2:] == 255).all() and (strip < 200).any()


def test_what_cannot_be_animated_is_explained(clips, tmp_path):
    with pytest.raises(ValueError, match=r"'x.webm'.*\.gif"):
        animate(clips[0], tmp_path / 'x.webm')
    with pytest.raises(ValueError, match='2 captions for 1 clips'):
        animate(clips[0], tmp_path / 'x.gif', captions=[Caption(), Caption()])
    with pytest.raises(ValueError, match='no clips'):
        animate([], tmp_path / 'x.gif')
    with pytest.raises(ValueError, match='fps is 0'):
        animate(clips[0], tmp_path / 'x.gif', fps=0)
    assert not list(tmp_path.iterdir())
