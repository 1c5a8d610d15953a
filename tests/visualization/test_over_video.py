"""Skeletons over their video: right frames, right places, right colours; videos that do not belong are refused."""
import av
import numpy as np
import pytest

from mmskel.data import save_annotation_file
from mmskel.skeleton import Clip, ClipError
from mmskel.video.sources import VideoError
from mmskel.video.writing import video_writer
from mmskel.visualization.over_video import TRACKS, Overlay, draw_over_video


def film(path, frames=5, height=120, width=161):
    with video_writer(path, 25) as write:
        for t in range(frames):
            write(np.full((height, width, 3), 60 + 30 * t, np.uint8))


def people(frames=5, persons=2, size=(120, 162), **more):
    """Everybody a line of joints from (20, 40 + 30 p) to (116, ...); the second is missing in frame 2."""
    keypoint = np.zeros((persons, frames, 17, 2), np.float32)
    keypoint[..., 0] = 20 + 6 * np.arange(17)
    keypoint[..., 1] = 40 + 30 * np.arange(persons)[:, None, None]
    score = np.ones((persons, frames, 17), np.float32)
    if persons > 1 and frames > 2:
        keypoint[1, 2], score[1, 2] = 0, 0
    return Clip('film', keypoint, score, layout='coco17', image_size=size, fps=25., **more)


def decoded(path):
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format='rgb24').astype(int) for frame in file.decode(video=0)]


def test_frames_places_and_colours(tmp_path):
    film(tmp_path / 'film.mp4')
    draw_over_video(people(), tmp_path / 'film.mp4', tmp_path / 'out.mp4')
    frames = decoded(tmp_path / 'out.mp4')
    assert len(frames) == 5 and frames[0].shape == (120, 162, 3)  # even sides
    for t, frame in enumerate(frames):
        assert abs(int(frame[5, 150].mean()) - (60 + 30 * t)) < 13, 'each frame at its place'
        for person, y in enumerate((40, 70)):
            near = np.abs(frame[y, 60:80] - TRACKS[person]).sum(1).min() < 120
            assert near == (not (person == 1 and t == 2))


def test_names_stand_at_the_heads_and_inside_the_picture():
    overlay = Overlay(people(track_id=np.array([3, 8])))
    assert overlay.names == ['3', '8']
    image = overlay.paint(np.zeros((120, 162, 3), np.uint8), 0)
    assert (image[15:35, 10:40] == TRACKS[0][::-1]).all(-1).sum() > 30
    clip = people()
    clip.keypoint[0, :, :, 1] = 1  # at the upper edge
    assert Overlay(clip, ['somebody', 'else']).paint(np.zeros((120, 162, 3), np.uint8), 0).any()
    with pytest.raises(ClipError, match='1 names for 2 persons'):
        Overlay(people(), ['a'])


def test_objects_and_links_are_drawn_where_both_ends_are_seen():
    ball = np.array([[140., 100, 1], [0, 0, 0], [140, 100, .4], [0, 0, 0], [0, 0, 0]], np.float32)
    clip = people(objects=dict(ball=ball))
    links = [((0, 8), (1, 8)), ((1, 16), (None, 'ball')), ((0, 3), (7, 3)), ((0, 3), (None, 'net'))]
    black = np.zeros((120, 162, 3), np.uint8)
    frames = [Overlay(clip, links=links).paint(black.copy(), t).astype(int) for t in range(5)]
    plain = [Overlay(people()).paint(black.copy(), t).astype(int) for t in range(5)]

    def changed(t, y, x):
        return np.abs(frames[t][y - 1:y + 2, x - 1:x + 2] - plain[t][y - 1:y + 2, x - 1:x + 2]).sum() > 200

    assert changed(0, 55, 68) and changed(1, 55, 68), 'between a joint of both persons'
    assert not changed(2, 55, 68), 'the second person is missing in frame 2'
    assert changed(0, 85, 128) and not changed(1, 85, 128) and not changed(2, 85, 128), 'from a joint to the ball'
    ring = frames[2][100, 125:156]
    assert (ring > 200).all(-1).sum() >= 2 and not (frames[1][92:108, 132:148] > 200).all(-1).any()


def test_doubtful_joints_are_not_drawn():
    clip = people(persons=1)
    clip.score[:] = 0.2
    assert not Overlay(clip).paint(np.zeros((120, 162, 3), np.uint8), 0).any()
    assert Overlay(clip, min_score=0.1).paint(np.zeros((120, 162, 3), np.uint8), 0).any()


def test_what_does_not_belong_together(tmp_path):
    film(tmp_path / 'film.mp4')
    out = tmp_path / 'out.mp4'
    for clip, message in ((people(4), 'has 4 frames, .* has more'), (people(7), 'has 7 frames, .* has only 5'),
                          (people(size=(60, 80)), 'is for images of 80 x 60, but .* has 162 x 120'),
                          (Clip('metres', np.ones((1, 5, 25, 3))), 'has 3 coordinates in metre')):
        with pytest.raises(ClipError, match=message):
            draw_over_video(clip, tmp_path / 'film.mp4', out)
    with pytest.raises(VideoError, match='no such file'):
        draw_over_video(people(), tmp_path / 'no.mp4', out)
    with pytest.raises(ValueError, match="cannot write a video as '.txt'"):
        draw_over_video(people(), tmp_path / 'film.mp4', tmp_path / 'out.txt')
    assert not out.exists(), 'whole or not at all'


def test_videos_need_frames_and_a_rate(tmp_path):
    with pytest.raises(ValueError, match='there are no frames to write'), video_writer(tmp_path / 'a.mp4', 25):
        pass
    with pytest.raises(ValueError, match='fps is 0'), video_writer(tmp_path / 'a.mp4', 0):
        pass
    assert not (tmp_path / 'a.mp4').exists()


def test_draw_finds_clip_and_video(tmp_path, monkeypatch, capsys):
    from mmskel import cli
    monkeypatch.chdir(tmp_path)
    film(tmp_path / 'film.mp4')
    flat, solid = people(rgb=str(tmp_path / 'film.mp4')), Clip('solid', np.random.default_rng(0).random((1, 5, 25, 3)))
    save_annotation_file('one.pkl', [flat], {}, {})
    save_annotation_file('two.pkl', [flat, solid], {}, {})
    assert cli.main(['draw', 'one.pkl']) == 0 and len(decoded('film_skeleton.mp4')) == 5
    assert cli.main(['draw', 'two.pkl', '--clip', 'solid', '--out', 'solid.gif']) == 0
    assert cli.main(['draw', 'two.pkl', '--clip', 'film', '--plain', '--out', 'plain.png']) == 0
    assert (tmp_path / 'solid.gif').stat().st_size > 1000 and (tmp_path / 'plain.png').stat().st_size > 1000
    for words, message in ((['two.pkl'], "has 2 clips; name one with --clip: film, solid"),
                           (['two.pkl', '--clip', 'x'], "has no clip 'x': film, solid"),
                           (['one.pkl', '--out', 'a.doc'], "cannot animate as '.doc'"),
                           (['one.pkl', '--out', 'film.mp4'], 'is the video itself')):
        assert cli.main(['draw', *words]) == 1
        assert message in capsys.readouterr().err
