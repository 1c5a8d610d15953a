"""What other programs write about people in videos: COCO's results, YOLO's, marker files; OpenPose and MMPose are cases."""
import json

import numpy as np
import pytest

from mmskel.data.readers import READERS, ReadError
from mmskel.pose.tying import tie


def walk(frames=6, at=(100., 100.), seed=0):
    """(T, 17, 3) pixels and scores of somebody who walks."""
    rng = np.random.default_rng(seed)
    points = np.array(at) + rng.uniform(0, 120, (1, 17, 2)) + 4 * np.arange(frames)[:, None, None]
    return np.concatenate([points, rng.uniform(.3, .9, (frames, 17, 1))], -1).round(3).astype(np.float32)


def read(format, source, **options):
    reader = READERS[format](source, **options)
    clips = [reader.read(item).check() for item in reader.items()]
    facts = reader.meta(), reader.notes(), reader.splits([clip.id for clip in clips])
    reader.close()
    return clips, facts


def test_people_change_places_and_are_tied():
    a, b = walk(40), walk(40, at=(500, 100), seed=1)
    frames = [np.stack([a[t], b[t]][::1 if t % 3 else -1]) for t in range(40)]
    for scale in (1, 1 / 1000):  # also as fractions of the image
        tied = tie([frame * np.float32([scale, scale, 1]) for frame in frames], 'coco17')
        assert tied.keypoint.shape == (2, 40, 17, 2)
        order = [0, 1] if a[..., 2].sum() > b[..., 2].sum() else [1, 0]
        np.testing.assert_allclose(tied.keypoint[order] / scale, np.stack([a, b])[..., :2], rtol=1e-5)


def test_coco_results(tmp_path):
    a, b = walk(), walk(at=(500, 100), seed=1)
    rows = [dict(image_id=f'{t}.jpg', category_id=1, keypoints=person[t].ravel().tolist(), score=2.5)
            for t in (0, 1, 2, 4, 5) for person in ((b, a) if t == 1 else (a, b))]  # AlphaPose; nobody in frame 3
    (tmp_path / 'walk.json').write_text(json.dumps(rows))
    (clip, ), (meta, notes, splits) = read('coco_results', tmp_path)
    assert (clip.id, clip.layout, clip.unit, clip.label) == ('walk', 'coco17', 'pixel', None) and not splits
    assert clip.keypoint.shape == (2, 6, 17, 2) and not clip.seen[:, 3].any() and meta['layout'] == 'coco17'
    wanted = sorted((a, b), key=lambda person: -person[[0, 1, 2, 4, 5], :, 2].sum())
    for m in (0, 1):
        np.testing.assert_array_equal(clip.keypoint[m, [0, 1, 2, 4, 5]], wanted[m][[0, 1, 2, 4, 5], :, :2])
    ground = [dict(image_id=900 + t, keypoints=np.concatenate([a[t, :, :2], np.tile([[2], [1], [0]], (6, 1))[:17]], 1).ravel().tolist())
              for t in range(6)]
    (tmp_path / 'walk.json').write_text(json.dumps(ground))
    clip = read('coco_results', tmp_path / 'walk.json')[0][0]
    assert clip.keypoint.shape == (1, 6, 17, 2) and clip.score[0, 0].tolist() == ([1, 1, 0] * 6)[:17]
    assert not clip.keypoint[0, :, 2::3].any()  # not annotated
    for bad, words in (({}, 'expected a list of people'), ([dict(image_id='a', keypoints=[1, 2, 3])], 'the number of a frame'),
                       ([dict(image_id=1, keypoints=[1, 2])], 'x, y and score of every joint')):
        (tmp_path / 'walk.json').write_text(json.dumps(bad))
        with pytest.raises(ReadError, match=words) as error:
            read('coco_results', tmp_path)
        assert 'walk.json' in str(error.value)


@pytest.mark.parametrize('channels, tail', [(3, ''), (3, ' 0.8'), (3, ' 0.8 {n}'), (2, ' 0.8 {n}'), (3, ' {n}')])
def test_ultralytics_text(tmp_path, channels, tail):
    size = np.float32([640, 480])
    a, b = walk(), walk(at=(400, 100), seed=1)
    folder = tmp_path / 'runs/labels'
    folder.mkdir(parents=True)
    for t in (0, 1, 2, 4, 5):
        lines = []
        for number, person in ((7, a), (3, b))[::1 if t % 2 else -1]:
            points = np.concatenate([person[t, :, :2] / size, person[t, :, 2:]], 1)[:, :channels]
            lines.append('0 0.5 0.5 0.1 0.2 ' + ' '.join(f'{x:.7f}' for x in points.ravel()) + tail.format(n=number))
        (folder / f'walk_{t + 1}.txt').write_text('\n'.join(lines) + '\n')
    (clip, ), _ = read('ultralytics', tmp_path / 'runs', width=640, height=480)
    assert (clip.id, clip.unit, clip.image_size) == ('walk', 'pixel', (480, 640)) and clip.keypoint.shape == (2, 6, 17, 2)
    if '{n}' in tail:
        assert set(clip.track_id) == {3, 7}
    first = [clip.keypoint[m, 0, 0, 0] for m in (0, 1)].index(min(clip.keypoint[:, 0, 0, 0]))
    np.testing.assert_allclose(clip.keypoint[first, [0, 1, 2, 4, 5]], a[[0, 1, 2, 4, 5], :, :2], atol=.01)
    assert not clip.seen[:, 3].any()
    assert read('ultralytics', tmp_path / 'runs')[0][0].unit == 'normalised'
    (folder / 'walk_2.txt').write_text('0 0.5 0.5 0.1 0.2 0.3\n')
    with pytest.raises(ReadError, match="walk_2.txt', line 1: 6 numbers; expected class, box"):
        read('ultralytics', tmp_path / 'runs')


def test_ultralytics_json(tmp_path):
    a = walk()
    for t in range(6):
        one = dict(name='person', confidence=.9, track_id=4, keypoints=dict(zip(('x', 'y', 'visible'), a[t].T.tolist())))
        (tmp_path / f'clips_walk_{t + 1}.json').write_text(json.dumps([one]))
    (clip, ), _ = read('ultralytics', tmp_path)
    assert clip.id == 'clips_walk' and clip.track_id.tolist() == [4]
    np.testing.assert_array_equal(clip.keypoint[0], a[..., :2])
    np.testing.assert_array_equal(clip.score[0], a[..., 2])


def trc(names, rows, unit='m', rate=30):
    head = ['PathFileType\t4\t(X/Y/Z)\ta.trc', 'DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate',
            f'{rate}\t{rate}\t{len(rows)}\t{len(names)}\t{unit}\t{rate}', 'Frame#\tTime\t' + '\t\t\t'.join(names) + '\t\t',
            '\t\t' + '\t'.join(f'X{i}\tY{i}\tZ{i}' for i in range(1, len(names) + 1))]
    return '\n'.join([*head, *(f'{t}\t{t / rate}\t' + '\t'.join(map(str, row)) for t, row in rows)]) + '\n'


def test_trc(tmp_path):
    names = ['Hip', 'RHip', 'RKnee', 'RBigToe', 'Neck', 'Head', 'Nose', 'LShoulder']
    points = np.random.default_rng(0).uniform(1, 2, (4, 8, 3)).round(4)
    full = [(t + 1, row.ravel()) for t, row in enumerate(points)]
    (tmp_path / 'walk_person00.trc').write_text(trc(names, full))
    (tmp_path / 'walk_person01.trc').write_text(trc(names, [(t, ['' if k < 3 else x for k, x in enumerate(row)]) for t, row in full[1:]]))
    (tmp_path / 'labels.csv').write_text('id,label,split,subject\nwalk,walking,train,3\n')
    (clip, ), (meta, _, splits) = read('trc', tmp_path, labels=tmp_path / 'labels.csv')
    assert (clip.layout, clip.unit, clip.fps, clip.label) == ('halpe26', 'metre', 30, 0) and splits == dict(train=['walk'])
    assert meta['class_names'] == ['walking'] and clip.extra == dict(subject='3') and clip.keypoint.shape == (2, 4, 26, 3)
    at = [19, 12, 14, 21, 18, 17, 0, 5]
    np.testing.assert_allclose(clip.keypoint[0, :, at], points.transpose(1, 0, 2), rtol=1e-6)
    assert clip.seen[0].sum() == 4 * 8 and clip.seen[1].sum() == 3 * 7 and not clip.seen[1, 0].any()
    (tmp_path / 'walk_person01.trc').unlink()
    (tmp_path / 'walk_person00.trc').write_text(trc(names, [(t, 1000 * row) for t, row in full], 'mm'))
    np.testing.assert_allclose(read('trc', tmp_path / 'walk_person00.trc')[0][0].keypoint[0, :, at], points.transpose(1, 0, 2), rtol=1e-6)
    (tmp_path / 'walk_person00.trc').write_text(trc(names, full, 'px'))
    assert read('trc', tmp_path)[0][0].keypoint.shape == (1, 4, 26, 2)
    (tmp_path / 'walk_person00.trc').write_text(trc(['Tail'], [(1, [1, 2, 3])]))
    with pytest.raises(ReadError, match="no known joint order has all of its markers: tail"):
        read('trc', tmp_path)


def test_tables_name_what_is_missing(tmp_path):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a/walk.json').write_text(json.dumps([dict(image_id=t, keypoints=person.ravel().tolist())
                                                      for t, person in enumerate(walk())]))
    table = tmp_path / 'labels.csv'
    for rows, words in (('run,x\n', "has a line for 'run', but .* it has walk"), ('walk,x\nwalk,y\n', "a second line for 'walk'")):
        table.write_text('id,label\n' + rows)
        with pytest.raises(ReadError, match=words):
            read('coco_results', tmp_path / 'a', labels=table)
    table.write_text('id,label\nb/walk,x\n')
    reader = READERS['coco_results'](tmp_path, labels=table)
    with pytest.raises(ReadError, match="'a/walk' has no line in 'labels.csv'"):
        reader.read('a/walk')
    with pytest.raises(ReadError, match="'layout': .*|layout 'hand21' has 21"):
        read('coco_results', tmp_path, layout='hand21')
