"""The annotated video: every frame with its label, its place on the line of time, and the image itself."""
import av
import numpy as np
import pytest

from mmskel.evaluation.prediction import ActionTrack, Prediction
from mmskel.skeleton import Clip
from mmskel.video.writing import video_writer
from mmskel.visualization import palette
from mmskel.visualization.labelled_video import Panel, draw_labelled
from mmskel.visualization.over_video import TRACKS


def people(frames=8, persons=2, coords=2):
    keypoint = np.zeros((persons, frames, 17, coords), np.float32)
    keypoint[..., 0] = 20 + 12 * np.arange(17)
    keypoint[..., 1] = 60 + 60 * np.arange(persons)[:, None, None]
    return Clip('film', keypoint, layout='coco17', image_size=(200, 320) if coords == 2 else None, fps=4.,
                track_id=np.arange(persons) + 5)


def predicted(clip, per_person=False):
    """The first half is 'wave', the second 'a rather long name of an action'."""
    half = clip.num_frames // 2
    windows = np.array([[0, half], [half, clip.num_frames]])
    tracks = [ActionTrack(windows, np.array([[.9, .1], [.2, .8]], np.float32), p)
              for p in (range(len(clip.keypoint)) if per_person else [None])]
    return Prediction('film', ('wave', 'a rather long name of an action'), clip.num_frames, 4., tuple(tracks))


def decoded(path):
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format='rgb24').astype(int) for frame in file.decode(video=0)]


def test_the_line_of_time():
    panel = Panel(predicted(people()), people(), 640)
    top, bottom = panel._bar(0)
    assert 0 < top < bottom < panel.height
    colours = [panel.colours[0], panel.colours[1]]
    for index in range(8):
        image = panel.frame(index)
        assert image.shape == (panel.height, 640, 3)
        # a quarter and three quarters along, where no name stands
        assert tuple(image[top + 2, 60]) == colours[0] and tuple(image[top + 2, 600]) == colours[1]
        dark = np.flatnonzero((image[top - 2] == palette.INK).all(-1))
        assert len(dark) and abs(dark.mean() - panel._x((index + .5) / 8)) < 2
    assert [panel.segment(0, i).label for i in range(8)] == [0] * 4 + [1] * 4


def test_what_stands_at_the_heads():
    clip = people()
    assert Panel(predicted(clip), clip, 640).names(0) == ['5', '6']
    alone = Panel(predicted(clip, per_person=True), clip, 640)
    assert alone.names(0) == ['5 wave', '6 wave'] and alone.names(7)[1] == '6 a rather long name of an action'
    assert alone.height > Panel(predicted(clip), clip, 640).height
    for person in (0, 1):
        assert (alone.frame(0) == TRACKS[person]).all(-1).any(), 'a row per person, in its colour'
    doubtful = Panel(predicted(clip, per_person=True), clip, 640, min_score=.85)
    assert doubtful.names(0) == ['5 wave', '6 wave'] and doubtful.names(7) == ['5', '6']


def test_over_its_video(tmp_path):
    with video_writer(tmp_path / 'film.mp4', 4.) as write:
        for t in range(8):
            write(np.full((200, 320, 3), 40 + 20 * t, np.uint8))
    clip = people()
    for video in (tmp_path / 'film.mp4', [np.full((200, 320, 3), 40 + 20 * t, np.uint8) for t in range(8)]):
        frames = decoded(draw_labelled(clip, predicted(clip), tmp_path / 'out.mp4', video))
        assert len(frames) == 8 and frames[0].shape[1] == 320 and frames[0].shape[0] > 230
        for t, frame in enumerate(frames):
            assert abs(frame[190, 10].mean() - (40 + 20 * t)) < 13
            assert np.abs(frame[60, 30:200] - TRACKS[0]).sum(1).min() < 120
    with pytest.raises(ValueError, match='the video itself'):
        draw_labelled(clip, predicted(clip), tmp_path / 'film.mp4', tmp_path / 'film.mp4')


@pytest.mark.parametrize('coords, persons', [(2, 2), (3, 1), (2, 0)])
def test_on_paper_and_nobody(tmp_path, coords, persons):
    clip = people(persons=persons, coords=coords)
    frames = decoded(draw_labelled(clip, predicted(clip), tmp_path / 'out.mp4'))
    assert len(frames) == 8 and frames[0].shape[1] == 480
    drawn = (np.abs(frames[0][:480] - 255).sum(-1) > 90).sum()
    assert drawn > 100 if persons else drawn == 0


def test_a_three_dimensional_clip_stands_beside_its_video(tmp_path):
    with video_writer(tmp_path / 'film.mp4', 4.) as write:
        for _ in range(8):
            write(np.full((200, 320, 3), 90, np.uint8))
    clip = people(persons=1, coords=3)
    frames = decoded(draw_labelled(clip, predicted(clip), tmp_path / 'out.mp4', tmp_path / 'film.mp4'))
    assert len(frames) == 8 and frames[0].shape[1] == 520
    assert np.abs(frames[0][100, 100] - 90).max() < 9 and frames[0][5, 500].min() > 245


@pytest.mark.parametrize('video', [0, '0', 'rtsp://camera/stream', 'http://camera/mjpg'])
def test_what_is_over_is_not_opened_again(tmp_path, monkeypatch, video):
    monkeypatch.setattr('mmskel.visualization.labelled_video.open_video', lambda *_, **__: pytest.fail('opened twice'))
    clip = people()
    frames = decoded(draw_labelled(clip, predicted(clip), tmp_path / 'out.mp4', video))
    assert len(frames) == 8 and frames[0].shape[1] == 480, 'on paper'
