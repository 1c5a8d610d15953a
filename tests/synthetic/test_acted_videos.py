"""People cut out of videos: the right pieces of the right frames, moved the way their class says."""
import numpy as np
import pytest

from mmskel.skeleton import Clip
from mmskel.synthetic.acted_videos import ACTIONS, Cutout, act, cutouts, write_acted_videos
from mmskel.video.reading import open_video
from mmskel.video.writing import video_writer


def person(left, top, frames=20):
    """Joints in a box of 30 x 80."""
    keypoint = np.zeros((1, frames, 17, 2), np.float32)
    keypoint[..., 0] = left + np.linspace(0, 30, 17)
    keypoint[..., 1] = top + np.linspace(0, 80, 17)
    return keypoint


@pytest.fixture(scope='module')
def film(tmp_path_factory):
    """20 frames: a red person at the left, a green one at the right that stands in front of the red one at first."""
    path = tmp_path_factory.mktemp('film') / 'film.mp4'
    keypoint = np.concatenate([person(50, 60), person(250, 60)])
    keypoint[1, :8] -= (190, 0)
    with video_writer(path, 10) as write:
        for t in range(20):
            image = np.full((200, 320, 3), 120, np.uint8)
            for who, colour in ((0, (20, 20, 230)), (1, (20, 230, 20))):
                x, y = keypoint[who, t, 0].astype(int)
                image[y:y + 80, x:x + 30] = colour
            write(image)
    return Clip('film', keypoint, layout='coco17', image_size=(200, 320), fps=10.), path


def test_whom_and_when(film):
    first, second = cutouts(*film)
    assert len(first.images) == len(second.images) == 12  # from frame 8 on, when nobody stands in the way
    assert first.height == second.height == pytest.approx(80, abs=.5) and first.backdrop.shape == (288, 384, 3)
    for one, channel in ((first, 2), (second, 1)):
        h, w = one.images.shape[1:3]
        assert 80 < h < 110 and 30 < w < 60
        assert one.images[:, h // 2, w // 2, channel].min() > 200 and one.images[:, :5].mean(0).std() < 5
    assert len(cutouts(*film, min_frames=13)) == 0
    halves = first.half(0), first.half(1)
    assert [len(h.images) for h in halves] == [6, 6] and (halves[1].images[0] == first.images[6]).all()


def places(frames):
    """Centre and height of what is red, per frame."""
    found = []
    for frame in frames:
        rows, columns = np.nonzero((frame[..., 2] > 150) & (frame[..., 1] < 90))
        found.append((columns.mean() / frame.shape[1], rows.mean() / frame.shape[0], np.ptp(rows) / frame.shape[0]))
    return np.array(found).T


def test_every_class_moves_in_its_way(film):
    red = cutouts(*film)[0]
    for seed in range(3):
        moves = {name: places(act(red, name, 24, np.random.default_rng(seed))) for name in ACTIONS}
        x, y, height = moves['walk right']
        assert (np.diff(x) > 0).all() and x[-1] - x[0] > .3 and np.ptp(height) < .1
        assert (np.diff(moves['walk left'][0]) < 0).all()
        assert moves['come closer'][2][-1] > 1.5 * moves['come closer'][2][0] > 0
        assert moves['go away'][2][0] > 1.5 * moves['go away'][2][-1] > 0
        x, y, height = moves['jump']
        assert np.ptp(y) > .08 and np.ptp(x) < .02 and (np.diff(np.sign(np.diff(y))) != 0).sum() >= 3
        x, y, height = moves['sway']
        assert np.ptp(x) > .05 and np.ptp(y) < .08
    with pytest.raises(KeyError):
        next(act(red, 'fly', 4, np.random.default_rng(0)))


def test_folders_are_classes_and_splits_and_persons_do_not_mix(film, tmp_path):
    people = cutouts(*film)
    made = write_acted_videos(tmp_path, people, (2, 1), 4, actions=('jump', 'walk left'))
    assert sorted(p.relative_to(tmp_path).as_posix() for p in made) == [
        'test/jump/jump_00.mp4', 'test/walk left/walk_left_00.mp4', 'train/jump/jump_00.mp4', 'train/jump/jump_01.mp4',
        'train/walk left/walk_left_00.mp4', 'train/walk left/walk_left_01.mp4']
    for path in made:
        with open_video(path) as video:
            frames = np.stack([frame.image for frame in video]).astype(int)
        red = ((frames[..., 2] > 150) & (frames[..., 1] < 110)).any()
        assert len(frames) == 4 and red == ('train' in path.parts)
    with pytest.raises(ValueError, match='nobody stands alone'):
        write_acted_videos(tmp_path, [])
    alone = Cutout(people[0].images, people[0].height, people[0].backdrop)
    assert len(write_acted_videos(tmp_path / 'alone', [alone], (1, 1), 4, actions=('jump', ))) == 2
