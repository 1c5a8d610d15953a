"""Volleyball's files: the real annotations and tracks, and made-up skeletons in the published layouts."""
import json
import pickle
import shutil

import numpy as np
import pytest

from mmskel.data import load_annotation_file, prepare
from mmskel.data.readers import NBA, KineticsHRNet, ReadError, Volleyball, VolleyballWeak
from mmskel.data.readers.file_tree import FileTree
from mmskel.data.readers.volleyball import VolleyballIndex
from mmskel.data.readers.volleyball_text import PLAYER_ACTIONS, activity, parse_annotations, parse_tracks

LINE = '100.jpg r-pass 10 20 30 40 standing 50 60 70 80 blocking'


def words(text):
    return [line.split() for line in text.splitlines() if line.split()]


# the real files


@pytest.fixture(scope='module')
def real(shared):
    folder = shared / 'data' / 'volleyball'
    if not folder.is_dir():
        pytest.skip('no volleyball annotations at hand')
    return folder


def test_real_annotations_parse_and_come_back(real):
    clips, players, labels = {}, set(), set()
    for video in ('7', '10', '39', '41'):
        text = (real / 'videos' / video / 'annotations.txt').read_text()
        clips[video] = parse_annotations(text, video)
        assert [clip.line().split() for clip in clips[video]] == words(text)
        players |= {len(clip.boxes) for clip in clips[video]}
        labels |= {activity(clip.label, clip.clip) for clip in clips[video]}
    assert {video: len(found) for video, found in clips.items()} == {'7': 106, '10': 103, '39': 2, '41': 2}
    assert min(players) >= 8 and max(players) == 12 and len(players) > 1 and labels == set(range(8))


def test_real_annotations_are_indexed(real):
    index = VolleyballIndex(FileTree(real))
    assert len(index.clips) == 213 and index.label('10/32270') == 3 and len(index.clips['10/32270'].actions) == 11
    assert {name.split('/')[0] for name in index.splits(list(index.clips))['train']} == {'7', '10', '39', '41'}
    six = VolleyballIndex(FileTree(real), 'six')
    assert six.label('10/32270') == 4 and six.meta()['class_names'][4] == 'l_spike'


def test_real_tracks_parse_and_come_back(real):
    found = {}
    for path in sorted((real / 'volleyball_tracking_annotation').rglob('*.txt')):
        text, clip = path.read_text(), int(path.stem)
        tracks = found[f'{path.parts[-3]}/{clip}'] = parse_tracks(text, path.name)
        assert sorted(map(str.split, tracks.rows())) == sorted(words(text))
        assert tracks.frame.tolist() == list(range(clip - 10, clip + 10)) and tracks.present.all()
        assert set(np.unique(tracks.action_at(clip))) <= set(range(len(PLAYER_ACTIONS)))
    assert len(found) == 4 and len(found['10/20525'].player) == 11
    assert found['7/38025'].lost.sum() == 15 and (~found['7/38025'].seen).sum() == 15
    changing = [(tracks.action != tracks.action[:, :1]).any() for tracks in found.values()]
    assert (found['7/51725'].action != found['7/51725'].action[:, :1]).any() and sum(changing) >= 1


def test_real_annotations_with_made_up_skeletons(real, tmp_path):
    """Clips of 8 to 12 players, each with as many skeletons, through to the annotation file."""
    shutil.copytree(real / 'videos', tmp_path / 'videos')
    index = VolleyballIndex(FileTree(real))
    by_size = {len(clip.boxes): name for name, clip in index.clips.items()}
    for name in by_size.values():
        write_composer(tmp_path, name, len(index.clips[name].boxes))
    lost = len(index.clips) - len(by_size)
    file = prepare('volleyball', tmp_path, tmp_path / 'volleyball.pkl', keep_going=True, progress=False)
    assert len(file.annotations) == len(by_size) and len(file.meta['skipped']) == lost
    shapes = {len(index.clips[item['frame_dir']].boxes): item['keypoint'].shape for item in file.annotations}
    assert shapes == {players: (players, 20, 17, 2) for players in by_size}


# made up, in the published layouts


def write_composer(folder, name, players=12, frames=range(-10, 10), ball=False):
    video, clip = name.split('/')
    (folder / 'joints' / video).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(players)
    poses = {int(clip) + t: np.concatenate([rng.uniform(100, 900, (players, 17, 2)), np.ones((players, 17, 1))], -1) for t in frames}
    (folder / 'joints' / video / f'{clip}.pickle').write_bytes(pickle.dumps(poses))
    if ball:
        (folder / 'volleyball_ball_annotation' / video).mkdir(parents=True, exist_ok=True)
        rows = [f'{t} {2 * t}' for t in range(41)]
        (folder / 'volleyball_ball_annotation' / video / f'{clip}.txt').write_text('\n'.join(rows))
    return poses


def annotate(folder, **videos):
    for video, lines in videos.items():
        (folder / 'videos' / video[1:]).mkdir(parents=True, exist_ok=True)
        (folder / 'videos' / video[1:] / 'annotations.txt').write_text('\n'.join(lines))


def test_skeletons_on_given_boxes(tmp_path):
    annotate(tmp_path, v3=[LINE], v4=[LINE.replace('100', '200')])
    poses = write_composer(tmp_path, '3/100', ball=True)
    write_composer(tmp_path, '4/200', 9, frames=(-11, -10, 3, 10))
    labels = {('3', '100'): {100: np.arange(12)[:, None] % 10}}
    (tmp_path / 'tracks_normalized_with_person_action_label.pkl').write_bytes(pickle.dumps(labels))
    reader = Volleyball(tmp_path)
    clip = reader.read('3/100').check()
    assert clip.keypoint.shape == (12, 20, 17, 2) and clip.label == 4 and clip.image_size == (720, 1280)
    np.testing.assert_allclose(clip.keypoint[:, 0], poses[90][..., :2], rtol=1e-6)
    np.testing.assert_allclose(clip.keypoint[:, 19], poses[109][..., :2], rtol=1e-6)
    assert clip.objects['ball'][0].tolist() == [10, 20, 1] and clip.objects['ball'][19].tolist() == [29, 58, 1]
    assert clip.extra['person_label'].tolist() == [-1, *range(9), -1, 0]
    few = reader.read('4/200').check()
    assert few.keypoint.shape == (9, 20, 17, 2) and not few.objects and 'person_label' not in few.extra
    assert np.flatnonzero(few.keypoint.any((0, 2, 3))).tolist() == [0, 13]  # frames outside of the twenty are not read
    assert reader.splits(reader.items()) == dict(train=['3/100'], test=['4/200'])
    assert reader.notes() == ['1 clips have no ball: 4/200']
    file = prepare('volleyball', tmp_path, tmp_path / 'v.pkl', progress=False, options=dict(classes='six'))
    assert file.class_names[0] == 'r_set-pass' and file.meta['person_class_names'][0] == 'blocking'
    again = next(load_annotation_file(tmp_path / 'v.pkl').clips('train'))
    assert again.label == 0 and again.extra['person_label'].tolist() == [-1, *range(9), -1, 0]
    np.testing.assert_array_equal(again.objects['ball'], clip.objects['ball'])


def person(x, track=None, confidence=.5):
    found = dict(name='person', confidence=confidence, box=dict(x1=0, y1=0, x2=1, y2=1), keypoints=dict(
        x=[x] * 17, y=[x + 1] * 17, visible=[.9] * 17))
    found['class'] = 0
    return found if track is None else dict(found, track_id=track)


def write_frames(folder, place, frames):
    (folder / place).mkdir(parents=True)
    for t, data in frames.items():
        (folder / place / f'{t:06d}').write_text(json.dumps(data))


def test_detected_people(tmp_path):
    annotate(tmp_path, v3=[LINE])
    write_frames(tmp_path, 'joints/3/100', {0: [person(10, 2), person(20)], 1: [], 40: [person(i, i) for i in range(1, 16)]})
    clip = VolleyballWeak(tmp_path).read('3/100').check()
    assert clip.keypoint.shape == (12, 41, 17, 2) and clip.extra['tracking'].shape == (41, 12)
    assert clip.keypoint[:3, 0, 0].tolist() == [[20, 21], [10, 11], [0, 0]] and clip.score[1, 0, 0] == np.float32(.9)
    assert not clip.keypoint[:, 1].any() and (clip.extra['tracking'][40] > 0).all()
    assert VolleyballWeak(tmp_path, num_person=5).read('3/100').keypoint.shape[0] == 5


def test_nba(tmp_path):
    (tmp_path / 'train_video_ids').write_text('21800909,\n')
    (tmp_path / 'test_video_ids').write_text('21800919,')
    annotate(tmp_path, v21800909=['13 3p-succ.'], v21800919=['4 2p-layup-fail.-def.'])
    things = [dict(name=name, confidence=c, box=dict(x1=x, y1=0, x2=x + 2, y2=4))
              for name, c, x in (('Basketball', .9, 10), ('Basketball', .4, 50), ('Net', .7, 80), ('Referee', .9, 0))]
    write_frames(tmp_path, 'joints/21800909/13', {0: [person(10, 1)]})
    write_frames(tmp_path, 'objects/21800909/13', {0: things})
    reader = NBA(tmp_path)
    clip = reader.read('21800909/13').check()
    assert clip.keypoint.shape == (12, 72, 17, 2) and clip.label == 6 and set(clip.objects) == {'ball', 'net'}
    assert np.round(clip.objects['ball'][0].astype(float), 3).tolist() == [51, 2, .4]  # the last one listed
    assert np.round(NBA(tmp_path, best_object=True).read('21800909/13').objects['ball'][0].astype(float), 3).tolist() == [11, 2, .9]
    assert not clip.objects['net'][1].any()
    assert reader.splits(reader.items()) == dict(train=['21800909/13'], test=['21800919/4'])
    with pytest.raises(ReadError, match="clip '21800919/4': expected frames 000000 to 000071"):
        reader.read('21800919/4')
    annotate(tmp_path, v5=['1 4p-succ.'])
    with pytest.raises(ReadError, match="annotations.txt' line 1: expected '<clip> <label>'"):
        NBA(tmp_path)


def test_kinetics_hrnet(tmp_path):
    (tmp_path / 'kpfiles').mkdir()
    poses = np.arange(7 * 17 * 3, dtype=np.float16).reshape(7, 17, 3) / 100
    entry = dict(frame_dir='abc', label=3, raw_file='$ROOT/kpfiles/abc.pkl', frame_inds=np.array([1, 1, 1, 3, 3, 3, 301]),
                 box_score=np.array([.1, .9, .5, .2, .8, .8, .9]), img_shape=(240, 320))
    other = dict(entry, frame_dir='lost', raw_file='kpfiles/lost.pkl')
    data = dict(split=dict(train=['abc'], val=['lost']), annotations=[entry, other])
    (tmp_path / 'k400_hrnet.pkl').write_bytes(pickle.dumps(data))
    (tmp_path / 'kpfiles' / 'abc.pkl').write_bytes(pickle.dumps(dict(abc=dict(keypoint=poses))))
    reader = KineticsHRNet(tmp_path, max_persons=2)
    clip = reader.read('abc').check()
    assert clip.keypoint.shape == (2, 300, 17, 2) and clip.label == 3 and clip.image_size == (240, 320)
    np.testing.assert_allclose(clip.keypoint[:, 0], poses[[1, 2], :, :2].astype(np.float32))
    np.testing.assert_allclose(clip.keypoint[:, 2], poses[[4, 5], :, :2].astype(np.float32))
    np.testing.assert_allclose(clip.score[0, 0], poses[1, :, 2].astype(np.float32))
    with pytest.raises(ReadError, match="clip 'lost': there is no 'kpfiles/lost.pkl'"):
        reader.read('lost')
    assert KineticsHRNet(tmp_path, part='train').items() == ['abc']
    assert reader.splits(['abc', 'lost']) == dict(train=['abc'], val=['lost'])


# what is wrong is named


@pytest.mark.parametrize('line, message', [
    ('100.jpg r_pass 1 2 3 4', "'a.txt' line 1: expected .*five words"), ('x.jpg r_pass', 'line 1: expected'),
    ('100.jpg r_dance', "line 1: unknown group activity 'r_dance'; known: r_set"),
    ('100.jpg r_pass 1 2 3 4 dancing', "unknown action 'dancing'; known: blocking"),
    ('100.jpg r_pass 1 2 3.5 4 moving', 'not four whole numbers'), (f'{LINE}\n{LINE}', 'line 2: clip 100 occurs twice')])
def test_wrong_annotations(line, message):
    with pytest.raises(ReadError, match=message):
        parse_annotations(line, 'a.txt')


@pytest.mark.parametrize('text, message', [
    ('', "'t.txt' has no row"), ('0 1 2 3 4 100 0 0 0 dancing', "line 1: expected nine whole numbers .*'0 1 2"),
    ('0 1 2 3 4 100 2 0 0 moving', 'line 1: expected'),
    ('0 1 2 3 4 100 0 0 0 moving\n0 1 2 3 4 100 0 0 0 moving', 'line 2: a second row for player 0 in frame 100')])
def test_wrong_tracks(text, message):
    with pytest.raises(ReadError, match=message):
        parse_tracks(text, 't.txt')


def test_players_who_leave():
    tracks = parse_tracks('3 1 2 3 4 100 0 1 0 moving \n3 1 2 3 4 101 1 1 1 falling\n8 5 6 7 8 101 0 0 0 standing', 't.txt')
    assert tracks.seen.tolist() == [[True, False], [False, True]] and tracks.player.tolist() == [3, 8]
    assert tracks.action_at(101).tolist() == [2, 7] and tracks.action_at(100).tolist() == [4, -1]
    assert tracks.action_at(99).tolist() == [-1, -1] and not tracks.box[1, 0].any() and tracks.generated[0, 1]


def test_wrong_folders(tmp_path):
    with pytest.raises(ReadError, match="no annotated clip; expected a folder or zip archive with 'videos/<video>/annotations.txt'"):
        Volleyball(tmp_path)
    annotate(tmp_path, v3=[LINE])
    with pytest.raises(ReadError, match="1 annotated clips, but no skeletons.*volleyball_weak"):
        Volleyball(tmp_path)
    with pytest.raises(ReadError, match='has no detected people'):
        VolleyballWeak(tmp_path)
    write_composer(tmp_path, '3/100', frames=(50, ))
    with pytest.raises(ReadError, match="'joints/3/100.pickle' has nobody in the 20 frames around 100; its frames: 150"):
        Volleyball(tmp_path).read('3/100')
    (tmp_path / 'joints/3/100.pickle').write_bytes(b'no pickle')
    with pytest.raises(ReadError, match="'joints/3/100.pickle' .9 bytes. is not a readable pickle"):
        Volleyball(tmp_path).read('3/100')
    (tmp_path / 'joints/3/100.pickle').write_bytes(pickle.dumps({1: ReadError}))
    with pytest.raises(ReadError, match="100.pickle': the pickle asks for 'mmskel.data.readers.reader.ReadError'"):
        Volleyball(tmp_path).read('3/100')
    (tmp_path / 'joints/3/100').mkdir()
    (tmp_path / 'joints/3/100/000000').write_text('{}')
    with pytest.raises(ReadError, match="'joints/3/100/000000': expected a list of detections, found dict"):
        VolleyballWeak(tmp_path).read('3/100')
    (tmp_path / 'joints/3/100/000000').write_text('[{"confidence": 1, "keypoints": {"x": [1], "y": [1], "visible": [1]}}]')
    with pytest.raises(ReadError, match="has a person that is not a .*17 numbers each"):
        VolleyballWeak(tmp_path).read('3/100')
