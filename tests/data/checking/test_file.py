import pickle
import time
import zlib

import numpy as np
import pytest

from mmskel.data import check_file, prepare
from mmskel.data.checking.file import subject_of
from mmskel.data.checking.report import ALL
from mmskel.data.checking.shared_poses import MAX_CLIPS, PoseIndex
from mmskel.data.checking.splits import split_families, split_role


def item(name, label=0, seed=None, frames=5, **more):
    """A clip of 20 joints within half a metre, so that nothing teleports."""
    rng = np.random.default_rng(zlib.crc32(name.encode()) if seed is None else seed)
    keypoint = rng.uniform(.1, .4, (1, frames, 20, 3)).astype(np.float32)
    return dict(frame_dir=name, total_frames=frames, label=label, keypoint=keypoint, **more)


def check(tmp_path, annotations, split=None, **meta):
    path = tmp_path / 'set.pkl'
    path.write_bytes(pickle.dumps(dict(annotations=annotations, split=split or {}, meta=meta)))
    return check_file(path)


def kinds(report):
    return {problem.kind: problem for problem in report.problems}


def test_a_sound_file_has_no_problem(tmp_path):
    names = ['a01_s01_e01', 'a01_s02_e01', 'a02_s01_e01', 'a02_s02_e01']
    items = [item(name, label=int(name[2]) - 1) for name in names]
    report = check(tmp_path, items, dict(train=names[::2], val=names[1::2]), class_names=['sit', 'stand'])
    assert report.problems == [] and report.exit_code == 0 and report.verdict == '0 errors, 0 warnings'
    assert report.class_counts == {ALL: {0: 2, 1: 2}, 'train': {0: 1, 1: 1}, 'val': {0: 1, 1: 1}}
    assert report.subject_counts == {ALL: {'1': 2, '2': 2}, 'train': {'1': 2}, 'val': {'2': 2}}
    assert report.lengths == [5] * 4 and report.num_clips == 4 and len(report.examples) == 2
    assert report.facts['layout'] == 'kinect20'
    text = str(report)
    assert 'set.pkl' in text and 'stand' in text and text.endswith('0 errors, 0 warnings')


def test_everything_that_is_wrong_is_listed_at_once(tmp_path):
    nan, empty, missing, jump, short = (item(name) for name in ('nan', 'empty', 'lost', 'jump', 'short'))
    nan['keypoint'][0, 2, 3] = np.nan
    empty['keypoint'][:, 1:3] = 0
    missing['keypoint'][0, 4, 5:7] = 0
    jump['keypoint'][0, 3:, 8, 2] += 1.5
    short['keypoint'], short['total_frames'] = short['keypoint'][:, :1], 1
    items = [nan, empty, missing, jump, short, item('jump'), item('negative', -1), item('far', 7), item('text', 'sit'),
             item('none', None), 'no dict', dict(label=1), dict(frame_dir='no keypoint', label=0),
             dict(item('odd'), total_frames=9), dict(item('joints'), keypoint=np.ones((1, 5, 17, 3))),
             dict(item('ragged'), keypoint=[[1, 2], [3]]),
             dict(item('scores'), keypoint_score=np.ones((1, 4, 20))), item('other', layout='coco17')]
    report = check(tmp_path, items, dict(train=['nan', 'gone'], val=['lost', 'nan']),
                   class_names=['sit', 'stand'], layout='kinect20')
    found = kinds(report)
    assert found['nan'].clips == ('nan', ) and '1 of 5 frames (first: frame 2)' in found['nan'].details[0][1]
    assert dict(found['empty frames'].details)['empty'] == '2 of 5 frames'
    assert dict(found['origin joints'].details)['lost'] == '2 joints in 1 frames, the first: frame 4'
    assert found['teleport'].clips == ('jump', ) and 'joint 8, frames 2 to 3' in found['teleport'].details[0][1]
    assert found['one frame'].clips == ('short', )
    assert found['duplicate id'].clips == ('jump', )
    assert found['label'].clips == ('negative', 'far', 'text')
    assert found['no label'].clips == ('none', )
    assert set(found['annotation'].clips) == {'annotation 10', 'annotation 11', 'no keypoint'}
    assert set(found['shape'].clips) == {'odd', 'ragged', 'scores'}
    assert set(found['layout'].clips) == {'joints', 'other'}
    assert found['empty class'].details == (('', 'stand'), )
    assert found['split'].clips == ('gone', ) and 'empty' in found['no split'].clips
    assert found['leak'].clips == ('nan', )
    errors = [problem.severity for problem in report.problems]
    assert errors == sorted(errors) and report.exit_code == 1
    for kind in found:
        assert f'[{kind}]' in str(report)


def test_warnings_alone_give_exit_status_0(tmp_path):
    report = check(tmp_path, [item('a', label=None, frames=1)])
    assert [p.kind for p in report.problems] == ['one frame'] and report.exit_code == 0


@pytest.mark.parametrize('changes, jump, found', [
    (dict(img_shape=(300, 400)), 124, False), (dict(img_shape=(300, 400)), 126, True),
    (dict(unit='normalised'), .35, False), (dict(unit='normalised'), .36, True)])
def test_a_jump_in_two_dimensions_is_a_quarter_of_the_diagonal(tmp_path, changes, jump, found):
    keypoint = np.full((1, 3, 17, 2), .2, np.float32)
    keypoint[0, 1:, 4, 0] += jump
    report = check(tmp_path, [dict(frame_dir='a', keypoint=keypoint, keypoint_score=np.ones((1, 3, 17)), **changes)])
    assert ('teleport' in kinds(report)) == found


def test_lost_joints_are_told_from_missing_ones(tmp_path):
    keypoint, score = np.full((1, 2, 17, 2), 9.), np.ones((1, 2, 17))
    keypoint[0, 1, [3, 4]] = 0
    score[0, 1, 3] = 0  # missing, as its score says; joint 4 claims to be at the origin
    base = dict(frame_dir='a', keypoint=keypoint, img_shape=(480, 640))
    assert kinds(check(tmp_path, [dict(base, keypoint_score=score)]))['origin joints'].details == (
        ('a', '1 joints in 1 frames, the first: frame 1'), )
    score[0, 1, 4] = 0
    assert check(tmp_path, [dict(base, keypoint_score=score)]).problems == []
    assert 'no image size' in kinds(check(tmp_path, [dict(base, keypoint_score=score, img_shape=None)]))


def test_test_clips_that_share_poses_with_training_are_leaks(tmp_path):
    twin, part, free = item('twin', seed=1), item('part', seed=2, frames=8), item('free', seed=3)
    train = [dict(twin, frame_dir='train_twin'), item('train_part', seed=4)]
    train[1]['keypoint'] = train[1]['keypoint'].copy()
    train[1]['keypoint'][0, :3] = part['keypoint'][0, 2:5]
    split = dict(xsub_train=['train_twin', 'train_part'], xsub_val=['twin', 'part', 'free'], other_val=['twin'])
    report = check(tmp_path, [twin, part, free, *train], split)
    [leak] = report.leaks
    assert (leak.train, leak.test, leak.num_test) == ('xsub_train', 'xsub_val', 3)
    assert [(o.clip, o.twin, o.poses, o.total, o.identical) for o in leak.overlaps] == [
        ('twin', 'train_twin', 5, 5, True), ('part', 'train_part', 3, 8, False)]
    assert report.exit_code == 1 and "2 of 3 clips of 'xsub_val'" in kinds(report)['leak'].message


def test_one_person_of_two_is_enough(tmp_path):
    pair = item('pair')
    pair['keypoint'] = np.concatenate([item('x')['keypoint'], np.zeros((1, 5, 20, 3), np.float32)])
    report = check(tmp_path, [pair, item('x')], dict(train=['pair'], test=['x']))
    assert report.leaks[0].overlaps[0].poses == 5 and not report.leaks[0].overlaps[0].identical


def test_the_same_poses_under_two_labels_are_a_conflict(tmp_path):
    a, b, c = item('a', 0, seed=1), item('b', 1, seed=1), item('c', 1, seed=1)
    report = check(tmp_path, [a, b, c], dict(train=['a', 'b', 'c']))
    assert [(o.clip, o.twin, o.labels) for o in report.conflicts] == [('a', 'b', (0, 1)), ('a', 'c', (0, 1))]
    assert kinds(report)['repeated poses'].details == (('b', 'the same clip as c'), )
    assert report.leaks == [] and report.exit_code == 0


def test_a_placeholder_pose_is_told_once(tmp_path):
    items = [item(f'clip {i}', label=None, seed=i) for i in range(MAX_CLIPS + 1)]
    for one in items:
        one['keypoint'][0, 2] = .25
    report = check(tmp_path, items)
    assert [p.kind for p in report.problems] == ['frozen pose'] and report.conflicts == []
    assert f'in {MAX_CLIPS + 1} clips, e.g. clip 0, clip 1' in report.problems[0].details[0][1]


def test_negative_zero_is_zero_and_nothing_else_is_equal():
    index, pose = PoseIndex(), np.zeros((1, 1, 5, 3), np.float32)
    pose[0, 0, 0] = 1
    almost, signed = pose.copy(), pose.copy()
    almost[0, 0, 0, 0] = np.nextafter(np.float32(1), np.float32(2))
    signed[0, 0, 4] = -0.
    assert [index.add(i, p) for i, p in enumerate((pose, almost, signed, np.zeros_like(pose)))] == [1, 1, 1, 0]
    assert index.shared().pairs == {(0, 2): (1, 1)}
    assert PoseIndex().shared().pairs == {}


def test_families_of_splits():
    names = ['xsub_train', 'xsub_val', 'xview_train', 'xview_test', 'xview_train_clean', 'xview_test_clean', 'train1',
             'test1', 'test2', 'training', 'all', 'se3_01_train', 'se3_01_test']
    assert split_families(names) == [('xsub_train', 'xsub_val'), ('xview_train', 'xview_test'),
                                     ('xview_train_clean', 'xview_test_clean'), ('train1', 'test1'),
                                     ('se3_01_train', 'se3_01_test')]
    assert split_role('xview_train_clean') == ('xview*clean', 'train')
    assert split_role('constraint') == ('constraint', '')


@pytest.mark.parametrize('name, more, subject', [
    ('a01_s07_e00_v01', {}, '7'), ('a01_s07_e00', {}, '7'), ('S001C002P013R002A008', {}, '13'),
    ('v_Diving_g03', {}, None), ('a01_s07_e00', dict(subject='anna'), 'anna'), ('x', dict(subject=0), '0')])
def test_subjects(name, more, subject):
    assert subject_of(name, more) == subject


@pytest.mark.parametrize('content', [b'', b'text', pickle.dumps(3), pickle.dumps(dict(a=1)), pickle.dumps([]),
                                     pickle.dumps(dict(annotations=[], split=3)), pickle.dumps(pytest.raises)])
def test_a_file_that_is_none_is_an_error_in_the_report(tmp_path, content):
    (tmp_path / 'set.pkl').write_bytes(content)
    report = check_file(tmp_path / 'set.pkl')
    assert report.exit_code == 1 and report.problems[0].kind == 'file' and str(report)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.pkl'):
        check_file(tmp_path / 'nowhere.pkl')


def test_many_splits_do_not_flood_the_text(tmp_path):
    split = {f'fold{i}_{part}': ['a'] for i in range(30) for part in ('train', )}
    assert 'and 24 more splits' in str(check(tmp_path, [item('a')], split))


def test_nw_ucla_leaks_as_documented(shared, tmp_path):
    prepare('nw_ucla', shared / 'data' / 'nw_ucla' / 'all_sqe.zip', tmp_path / 'nw.pkl', progress=False)
    start = time.perf_counter()
    report = check_file(tmp_path / 'nw.pkl')
    assert time.perf_counter() - start < 20
    leaks = {leak.test: leak for leak in report.leaks}
    # standard protocol: all 50 + 45 test clips of a02 and a03, byte for byte their twin of view 2, and no other
    overlaps = leaks['xview_test'].overlaps
    assert len(overlaps) == 95 and leaks['xview_test'].num_test == 464
    for o in overlaps:
        assert o.identical and o.poses == o.total and o.twin == o.clip[:-1] + '2' and o.labels[0] == o.labels[1]
    assert [sum(o.clip.startswith(a) for o in overlaps) for a in ('a02', 'a03')] == [50, 45]
    assert 'xview_test_clean' not in leaks and 'xsub_test' not in leaks
    # donning and doffing of subject 1: nine pairs, 6 to 81 frames under both labels, all in training
    pairs = [o for o in report.conflicts if '_s01_' in o.clip]
    assert len(pairs) == 9 and all({o.clip[:3], o.twin[:3]} == {'a08', 'a09'} for o in pairs)
    assert (min(o.poses for o in pairs), max(o.poses for o in pairs)) == (6, 81)
    told = {(o.clip, o.twin): (o.poses, o.total) for o in pairs}
    assert told['a09_s01_e03_v02', 'a08_s01_e03_v01'] == (56, 56)
    assert told['a08_s01_e04_v02', 'a09_s01_e03_v01'] == (81, 81)
    assert all(o.clip[-1] in '12' and o.twin[-1] in '12' for o in report.conflicts)
    found = kinds(report)
    assert len(found['teleport'].clips) == 60 and 'a04_s01_e01_v01' in found['teleport'].clips
    assert found['one frame'].clips == ('a02_s09_e04_v02', 'a02_s09_e04_v03')
    assert found['origin joints'].details == (
        ('a04_s01_e01_v01', '6 joints in 1 frames, the first: frame 34'),
        ('a04_s04_e02_v01', '6 joints in 1 frames, the first: frame 45'))
    assert not {'nan', 'empty frames', 'split', 'layout', 'label', 'empty class'} & set(found)
    assert report.class_counts['xview_test'] == dict(enumerate([48, 50, 45, 49, 47, 47, 43, 43, 47, 45]))
    assert report.subject_counts['xview_test']['5'] == 10
    assert report.exit_code == 1
    problems = {problem.kind: problem for problem in check_file(tmp_path / 'nw.pkl', max_jump=2.).problems}
    assert len(problems['teleport'].clips) == 10


def test_utkinect_shares_single_frames_at_its_cuts(shared, tmp_path):
    prepare('utkinect', shared / 'data' / 'utkinect', tmp_path / 'ut.pkl', progress=False)
    report = check_file(tmp_path / 'ut.pkl')
    assert report.exit_code == 0 and report.leaks == []
    assert len(report.conflicts) == 7 and {o.poses for o in report.conflicts} == {1}


def flat(name, label=0, **more):
    """A clip of COCO's joints in an image of 1280 x 720, where a person may stand."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    keypoint = rng.uniform((300, 100), (400, 500), (1, 1, 17, 2)) + rng.normal(size=(1, 6, 17, 2))
    return dict(dict(frame_dir=name, label=label, keypoint=keypoint, img_shape=(720, 1280),
                     keypoint_score=rng.uniform(.6, 1, (1, 6, 17))), **more)


@pytest.mark.parametrize('kind, change, said', [
    ('outside the image', lambda item: dict(item, keypoint=item['keypoint'] + [600, 0], img_shape=(1280, 720)),
     r'x reaches \d+ of 720, y \d+ of 1280; is img_shape \(width, height\)'),
    ('fractions', lambda item: dict(item, keypoint=item['keypoint'] / [1280, 720]), 'of an image 1280 x 720'),
    ('confidence as depth', lambda item: dict(item, keypoint=np.concatenate(
        [item['keypoint'], item['keypoint_score'][..., None]], -1)), 'the others reach'),
    ('axes', lambda item: dict(item, keypoint=item['keypoint'].swapaxes(0, 1), keypoint_score=item[
        'keypoint_score'].swapaxes(0, 1)), '6 persons in 1 frames'),
    ('high score', lambda item: dict(item, keypoint_score=item['keypoint_score'] * 9), 'up to [78]'),
    ('low score', lambda item: dict(item, keypoint_score=item['keypoint_score'] / 9), 'half of the joints are below 0.0'),
    ('score', lambda item: dict(item, keypoint_score=item['keypoint_score'] - .7), 'the lowest score is -0'),
    ('nobody', lambda item: dict(item, keypoint=item['keypoint'] * 0), '6 frames'),
    ('label', lambda item: dict(item, label=True), 'label is True'),
    ('label', lambda item: dict(item, label=[0]), r'label is list \[0\]'),
    ('label', lambda item: dict(item, label=10**9), 'below 1000000'),
    ('image size', lambda item: dict(item, img_shape=(720.5, 1280)), 'two whole numbers'),
    ('fps', lambda item: dict(item, fps='30'), "fps is '30'"),
    ('unit', lambda item: dict(item, unit='inch'), "unknown unit 'inch'"),
    ('track', lambda item: dict(item, track_id=[1, 2]), '2 track ids for 1 persons'),
])
def test_sense_of_one_clip(tmp_path, kind, change, said):
    import re

    from mmskel.skeleton import Clip, ClipError
    good = [flat('a'), flat('b')]
    assert [p.kind for p in check(tmp_path, good).problems] == ['no splits', 'one class']
    odd = change(flat('odd'))
    found = kinds(check(tmp_path, [*good, odd]))
    assert kind in found and found[kind].clips == ('odd', ), found
    assert re.search(said, found[kind].details[0][1]), found[kind].details
    # what keeps training from using the clip is an error here, and nothing else is
    try:
        Clip.from_annotation(odd, layout='coco17').check()
        refused = False
    except ClipError as error:
        assert "'odd'" in str(error)
        refused = True
    assert refused == (found[kind].severity == 'error')


def test_a_shape_with_channels_is_an_image_size(tmp_path):
    assert 'image size' not in kinds(check(tmp_path, [flat('a', img_shape=(720, 1280, 3))]))


def test_the_actor_in_a_slot_that_recipes_drop(tmp_path):
    crowd = flat('crowd')
    crowd['keypoint'], crowd['keypoint_score'] = (np.repeat(crowd[key], 3, 0) for key in ('keypoint', 'keypoint_score'))
    crowd['keypoint'][:2, 1:] = 0
    found = kinds(check(tmp_path, [crowd]))['person order']
    assert found.details[0][1] == 'person 2 is seen in 6 frames, persons 0 and 1 in 1 and 1'


@pytest.mark.parametrize('labels, names, kind, said', [
    ([1, 2, 3], (), 'class numbers', 'Do labels begin at 1'),
    ([7, 22, 42], (), 'class numbers', r'40 of 43 classes have no clip; the labels are 7, 22, 42.*classes=\[7,22,42\]'),
    ([0, 0], (), 'one class', 'nothing to distinguish'),
    ([0, 2], ('sit', 'stand', 'walk'), 'empty class', '1 of 3 classes')])
def test_sense_of_the_classes(tmp_path, labels, names, kind, said):
    import re
    items = [flat(f'{i}', label) for i, label in enumerate(labels)]
    found = kinds(check(tmp_path, items, **(dict(class_names=names) if names else {})))
    assert re.search(said, found[kind].message), found[kind].message


def test_classes_without_a_test_clip(tmp_path):
    items = [flat(f'{i}', i % 3) for i in range(6)]
    found = kinds(check(tmp_path, items, dict(train=['0', '1', '2'], val=['3'])))
    assert found['untested class'].message.startswith("2 of 3 classes of 'train' have no clip in 'val'")
    assert 'no splits' not in found


def test_an_absent_joint_is_named(tmp_path):
    item = flat('a')
    item['keypoint'][:, :, 3:5] = 0
    item['keypoint_score'][:, :, 3:5] = 0
    assert kinds(check(tmp_path, [item]))['absent joint'].details == (('', 'left_ear'), ('', 'right_ear'))


def test_poses_in_files_are_shared_as_those_in_memory():
    from mmskel.data.checking.shared_poses import PoseIndex
    rng = np.random.default_rng(0)
    pool = rng.normal(size=(40, 17, 2)).astype(np.float32)
    found = []
    for index in (PoseIndex(), PoseIndex(most=30)):
        rng = np.random.default_rng(1)
        for clip in range(60):
            index.add(clip, np.concatenate([pool[rng.integers(0, 40, 5)], rng.normal(size=(3, 17, 2))])[None])
        found.append(index.shared())
    assert found[0].pairs == found[1].pairs and len(found[0].pairs) > 100
    assert sorted(map(sorted, found[0].widespread)) == sorted(map(sorted, found[1].widespread))
