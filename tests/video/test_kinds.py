"""What a source is, decided in one place."""
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmskel.video.kinds import Kind, are_frames, kind_of, passes_once
from mmskel.video.listing import list_videos
from mmskel.video.reading import open_video
from mmskel.video.sources import VideoError
from mmskel.video.writing import video_writer

IMAGE = np.zeros((8, 8, 3), np.uint8)


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp('sources')
    with video_writer(folder / 'clip.mp4', 25.) as write:
        write(IMAGE)
    (folder / 'clip.data').write_bytes((folder / 'clip.mp4').read_bytes())
    (folder / 'images').mkdir(), (folder / 'mixed').mkdir(), (folder / 'nothing').mkdir()
    cv2.imwrite(str(folder / 'images/1.png'), IMAGE)
    cv2.imwrite(str(folder / 'mixed/1.png'), IMAGE)
    (folder / 'mixed/a.mp4').write_bytes(b'x')
    (folder / 'all.txt').write_text('clip.mp4\n')
    (folder / 'clips.pkl').write_bytes(b'x')
    (folder / 'empty.mp4').write_bytes(b'')
    for name in ('clip.json', 'S001C001P001R001A001.skeleton', 'table.csv', 'README'):
        (folder / name).write_text('{"skeletons": [[[0, 0, 0]]]}\n')
    np.savez(folder / 'clip.npz', np.ones(3))
    (folder / '7').write_bytes((folder / 'clip.mp4').read_bytes())
    return folder


@pytest.mark.parametrize('source, kind', [
    ('clip.mp4', 'file'), ('clip.data', 'file'), ('empty.mp4', 'file'), ('images', 'images'), ('images/1.png', 'images'),
    ('mixed', 'folder'), ('nothing', 'folder'), ('.', 'folder'), ('all.txt', 'list'), ('clips.pkl', 'annotations'),
    ('7', 'file'), ('0', 'camera'), ('rtsp://camera/1', 'stream'), ('https://site/a.mp4', 'stream')])
def test_every_kind(place, monkeypatch, source, kind):
    monkeypatch.chdir(place)
    assert kind_of(source) is Kind(kind)
    if Path(source).exists():
        assert kind_of(place / source) is Kind(kind)
    assert Kind(kind).several == (kind in ('folder', 'list', 'annotations'))


def test_what_is_no_path():
    assert kind_of(0) is kind_of(np.int64(3)) is Kind.CAMERA
    assert kind_of(np.zeros((2, 8, 8, 3), np.uint8)) is kind_of([IMAGE]) is Kind.ARRAYS
    assert kind_of(['1.png', Path('2.png')]) is Kind.IMAGES
    assert are_frames([IMAGE, IMAGE[..., 0]]) and not are_frames([]) and not are_frames(np.zeros((2, 8, 8, 3)))
    for wrong in (None, True, 1.5):
        with pytest.raises(VideoError, match='was given as a video; expected a video file'):
            kind_of(wrong)


@pytest.mark.parametrize('name', ['clip.json', 'clip.npz', 'S001C001P001R001A001.skeleton', 'table.csv', 'README'])
def test_what_is_neither_video_nor_clips_is_refused(place, name):
    for ask in (kind_of, open_video, list_videos):
        with pytest.raises(VideoError, match=rf"{name}'.*Accepted: a video file, .*annotation file \(.pkl\).*mmskel prepare"):
            ask(place / name)


def test_messages_of_those_who_ask(place):
    with pytest.raises(VideoError, match=r"gone.mp4': no such file or folder; expected a video file.*camera's number"):
        kind_of(place / 'gone.mp4')
    with pytest.raises(VideoError, match='holds skeletons already'):
        list_videos(place / 'clips.pkl')
    assert [item.id for item in list_videos(place / 'clip.data')] == ['clip']
    with open_video(place / 'clip.data') as video:
        assert len(list(video)) == 1


@pytest.mark.parametrize('source, once', [
    (0, True), ('0', True), ('rtsp://camera/1', True), ('UDP://239.0.0.1:1234', True), ('http://camera/mjpg', True),
    ('https://site/live.m3u8', True), ('https://site/a.mp4', False), ('https://site/a.MP4?token=1', False), ('7', False),
    ('clip.mp4', False), (Path('0'), False), (None, False), ([IMAGE], False)])
def test_what_is_over_once_it_was_read(place, monkeypatch, source, once):
    monkeypatch.chdir(place)
    assert passes_once(source) is once
