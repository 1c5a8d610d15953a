"""``mmskel extract``: every video once, whatever happens; what is missing is listed."""
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from mmskel import cli
from mmskel.data.annotation_file import load_annotation_file
from mmskel.files.locks import InUseError
from mmskel.pose.journal import Journal
from mmskel.pose.models import ExtractError, PoseModels
from mmskel.skeleton import Clip
from mmskel.video.reading import open_video
from mmskel.video.sources import VideoError


def write_video(path, images):
    import av
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('mpeg4', rate=25)
        stream.height, stream.width, stream.bit_rate = *images[0].shape[:2], 2_000_000
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format='bgr24')))
        container.mux(stream.encode())


@pytest.fixture(scope='module')
def films(shared, tmp_path_factory):
    """Six clips of six frames with two persons, in two classes and two splits; one of nobody; one that is not a video."""
    import cv2
    folder = tmp_path_factory.mktemp('films')
    with open_video(shared / 'videos/demo_skeleton.mp4') as video:
        images = [cv2.resize(frame.image, (480, 270)) for frame, _ in zip(video, range(36))]
    for i in range(6):
        write_video(folder / ('train', 'test')[i % 2] / ('meet', 'part')[i // 3] / f'clip{i}.mp4', images[6 * i:6 * i + 6])
    write_video(folder / 'train/meet/nobody.mp4', [np.full((270, 480, 3), 90, np.uint8)] * 3)
    (folder / 'train/part/broken.mp4').write_bytes(b'no video at all')
    return folder


@pytest.fixture(scope='module')
def flags(pose_flags):
    return [*pose_flags, '--device', 'cpu', '--det-every', '3']


def test_a_folder_becomes_a_file_and_what_is_missing_is_listed(films, flags, tmp_path, capsys):
    out = tmp_path / 'a.pkl'
    assert cli.main(['extract', str(films), str(out), *flags]) == 1  # not all of them
    assert 'skipped' in capsys.readouterr().out
    file = load_annotation_file(out)
    assert [a['frame_dir'] for a in file.annotations] == sorted(
        f'{("train", "test")[i % 2]}/{("meet", "part")[i // 3]}/clip{i}' for i in range(6))
    assert file.class_names == ['meet', 'part'] and [a['label'] for a in file.annotations] == [0, 1, 1, 0, 0, 1]
    assert {k: len(v) for k, v in file.split.items()} == dict(train=3, test=3) and file.layout == 'coco17'
    for item in file.annotations:
        assert item['keypoint'].shape[1:] == (6, 17, 2) and item['keypoint'].dtype == np.float32
        assert item['img_shape'] == (270, 480) and item['fps'] == 25
    listed = (tmp_path / 'a.pkl.skipped.txt').read_text().splitlines()
    assert [line.split('\t')[0] for line in listed] == ['train/meet/nobody', 'train/part/broken']
    assert 'nobody was found in 3 frames' in listed[0] and "broken.mp4'" in listed[1]
    assert not (tmp_path / 'a.pkl.journal').exists()


def test_killed_again_and_again_it_ends_in_the_same_file(films, flags, tmp_path):
    command = [sys.executable, '-m', 'mmskel', 'extract', str(films), *flags]
    env = dict(os.environ, OMP_NUM_THREADS='1')
    undisturbed, killed = tmp_path / 'undisturbed.pkl', tmp_path / 'killed.pkl'
    start = time.time()
    subprocess.run([*command[:5], str(undisturbed), *flags], env=env, capture_output=True)
    whole, rng = time.time() - start, random.Random(0)
    for _ in range(2):
        process = subprocess.Popen([*command[:5], str(killed), *flags], env=env, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(whole * rng.uniform(0.6, 0.9))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not killed.exists() or killed.read_bytes() == undisturbed.read_bytes()
    subprocess.run([*command[:5], str(killed), *flags], env=env, capture_output=True)
    assert killed.read_bytes() == undisturbed.read_bytes()


def test_several_processes_write_the_same_clips(films, flags, tmp_path):
    for jobs in (1, 2):
        command = ['extract', str(films / 'test'), str(tmp_path / f'{jobs}.pkl'), '--jobs', str(jobs), '--threads', '1']
        before = torch.get_num_threads()
        assert cli.main([*command, *flags]) == 0 and torch.get_num_threads() == before
    one, two = (load_annotation_file(tmp_path / f'{jobs}.pkl') for jobs in (1, 2))
    for a, b in zip(one.annotations, two.annotations):
        assert a['frame_dir'] == b['frame_dir']
        assert a['keypoint'].shape == b['keypoint'].shape
        np.testing.assert_array_equal(a['keypoint'], b['keypoint'])  # as many threads: the same rounding


def test_journal(tmp_path):
    out, film = tmp_path / 'a.pkl', tmp_path / 'film.mp4'
    film.write_bytes(b'a film')
    Journal(out, dict(det_every=7)).close()  # nothing kept: other settings may follow
    journal = Journal(out, dict(det_every=1))
    good, bad = journal.key('x/y', film), journal.key('bad', film)
    clip = Clip('x/y', np.ones((1, 2, 17, 2)), track_id=np.array([4]), extra=dict(note='z'))
    journal.keep(good, clip)
    journal.keep_failure(bad, 'no video')
    with pytest.raises(InUseError, match=f"a.pkl' is being written by another extraction .process {os.getpid()}"):
        Journal(out, dict(det_every=1))
    journal.close()
    again = Journal(out, dict(det_every=1))
    assert again.is_done(good) and again.is_done(bad) and not again.is_done(again.key('new', film))
    np.testing.assert_array_equal(again.clip(good).keypoint, clip.keypoint)
    assert again.failure(bad) == 'no video' and again.failure(good) == '' and again.clip(bad) is None
    again.forget_failures()
    assert not again.is_done(bad) and again.is_done(good)
    again.close()
    with pytest.raises(VideoError, match=r'started with other settings \(det_every\)'):
        Journal(out, dict(det_every=2))
    settings = Path(f'{out}.journal/settings.json')
    for content in ('{', None):  # damaged, or made before settings were written
        settings.write_text(content) if content else settings.unlink()
        with pytest.raises(VideoError, match='does not say with which settings it was started'):
            Journal(out, dict(det_every=1))
    settings.write_text('{"det_every": 1}')
    again = Journal(out, dict(det_every=1))
    again.remove()
    assert not Path(f'{out}.journal').exists()


def test_another_film_of_the_same_name_is_another_film(tmp_path):
    film, journal = tmp_path / 'film.mp4', Journal(tmp_path / 'a.pkl', {})
    keys = set()
    for content in (b'a film', b'b film', b'a' * 9_000_000, b'a' * 4_500_000 + b'b' + b'a' * 4_499_999):
        film.write_bytes(content)
        keys.add(journal.key('film', film))
    assert len(keys) == 4
    film.write_bytes(b'a film')
    assert journal.key('film', film) in keys and journal.key('other', film) not in keys
    (tmp_path / 'copy').mkdir()
    (tmp_path / 'copy/film.mp4').write_bytes(b'a film')
    assert journal.key('film', tmp_path / 'copy/film.mp4') == journal.key('film', film), 'a copied folder is the same'
    assert journal.key('live', 'rtsp://camera') != journal.key('live', 'rtsp://camera')


def test_workers_end_with_a_killed_extraction(films, flags, tmp_path):
    command = [sys.executable, '-m', 'mmskel', 'extract', str(films), str(tmp_path / 'a.pkl'), '--jobs', '2', *flags]
    process = subprocess.Popen(command, env=dict(os.environ, OMP_NUM_THREADS='1'), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    journal = tmp_path / 'a.pkl.journal'
    while not any(journal.glob('*.pkl')) and process.poll() is None:
        time.sleep(0.05)
    workers = _children(process.pid)
    assert len(workers) >= 2
    process.send_signal(signal.SIGTERM)
    process.wait()
    end = time.time() + 60
    while any(map(_runs, workers)) and time.time() < end:
        time.sleep(0.1)
    assert not any(map(_runs, workers))


def _children(parent):
    found = []
    for stat in Path('/proc').glob('[0-9]*/stat'):
        try:
            if int(stat.read_text().rpartition(')')[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
        except OSError:  # ended meanwhile
            continue
    return found


def _runs(pid):
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


def test_models_and_presets():
    assert PoseModels().with_preset('lightweight').pose_weights.startswith('https://download.openmmlab.com')
    mine = PoseModels(pose_config='p.py', pose_weights='p.pth').with_preset('balanced')
    assert mine.pose_config == 'p.py' and 'rtmdet_m' in mine.det_config
    with pytest.raises(ExtractError, match="unknown preset 'fast'; known: lightweight"):
        PoseModels().with_preset('fast')
    with pytest.raises(ExtractError, match='pose_config=... needs pose_weights=...'):
        PoseModels(pose_config='p.py').with_preset('balanced')


@pytest.mark.parametrize('words, message', [
    (['no_such.mp4', 'o.pkl'], 'no_such'), (['.', 'o.txt'], "cannot write to 'o.txt'"), (['.', '.'], "cannot write to '.'"),
    (['.', 'o.pkl', '--preset', 'fast'], "unknown preset 'fast'"), (['.', 'o.pkl', '--jobs', '0'], '--jobs 0; expected'),
    (['.', 'o.pkl', '--threads', '0'], '--threads 0; expected'),
    (['.', 'o.pkl', '--det-every', '0'], 'det_every = 0'), (['.', 'o.pkl'], 'a folder without videos'),
    (['film.mp4', 'o.pkl', '--pose-config', 'x.py', '--pose-weights', 'x.pth'], "--pose-config 'x.py': there is no such config"),
    (['film.mp4', 'o.pkl', '--min-joint-score', '-1'], 'min_score is -1')])
def test_mistakes_are_one_line(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'film.mp4').write_bytes(b'x')
    if words[0] == '.':
        (tmp_path / 'film.mp4').unlink()
    assert cli.main(['extract', *words]) == 1
    error = capsys.readouterr().err.strip()
    assert message in error and len(error.splitlines()) == 1 and not (tmp_path / 'o.pkl').exists()
