"""Situations that users describe in public: what mmskel makes of their files, by its right value.

Inputs are made here. Each docstring names a public thread.
"""
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from mmskel.cli import main
from mmskel.data import load_annotation_file
from mmskel.data.checking.file import check_file
from mmskel.skeleton import get_layout

COCO = get_layout('coco17')
# a standing person, x and y in units of its height, in the order of coco17
STAND = np.array([[0, 0], [.03, -.03], [-.03, -.03], [.06, 0], [-.06, 0], [.14, .16], [-.14, .16], [.2, .36], [-.2, .36], [.22, .54],
                  [-.22, .54], [.09, .54], [-.09, .54], [.1, .76], [-.1, .76], [.1, .98], [-.1, .98]]) + [0, .1]


def figure(frames=12, height=400., at=(640., 150.), swing=.1, seed=0):
    """(T, 17, 2) pixels of somebody who moves a little."""
    rng = np.random.default_rng(seed)
    sway = swing * np.sin(np.linspace(0, 6, frames) + rng.uniform(0, 6))[:, None]
    pose = np.repeat(STAND[None], frames, 0)
    pose[:, 9:11, 1] -= sway
    return (pose * height + np.array(at)).astype(np.float32)


def clip(name, label=0, keypoint=None, size=(720, 1280), **more):
    keypoint = figure()[None] if keypoint is None else keypoint
    return dict(dict(frame_dir=name, label=label, total_frames=keypoint.shape[1], img_shape=size, keypoint=keypoint,
                     keypoint_score=np.full(keypoint.shape[:3], .9, np.float32)), **more)


def dump(path, clips, split=None):
    names = [one['frame_dir'] for one in clips]
    Path(path).write_bytes(pickle.dumps(dict(split=dict(train=names[::2], test=names[1::2]) if split is None else split,
                                             annotations=clips)))


def kinds(path):
    return {problem.kind: problem for problem in check_file(path).problems}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('MMSKEL_DEBUG', raising=False)


@pytest.fixture
def line(capsys):
    """Runs a command that must fail; its one line."""
    def run(*words):
        capsys.readouterr()
        assert main(list(words)) == 1
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1 and lines[0].startswith('mmskel: '), lines
        return lines[0]
    return run


def test_actor_in_slot_three(small, capsys):
    """kennymckormick/pyskl#195: two people, and the one who acts is the third."""
    clips = []
    for i in range(6):
        persons = np.zeros((3, 12, 17, 2), np.float32)
        persons[0, :3], persons[1, :2], persons[2] = figure(3), figure(2), figure(12, seed=i)
        clips.append(clip(f'c{i}', i % 2, persons, keypoint_score=np.where(persons.any(-1), np.float32(.9), np.float32(0))))
    dump('p.pkl', clips)
    assert len(kinds('p.pkl')['person order'].clips) == 6
    training = ['train', 'custom/stgcn_custom_small.py', '--data', 'p.pkl', '--epochs', '1', '--no-test', '--cfg-options', *small]
    assert main([*training, '--work-dir', 'first']) == 0
    said = capsys.readouterr().out
    assert 'in 3 of 3 training clips, somebody is left out who is seen longer than the 2 that are kept' in said
    assert "'c0': person 2 is seen in 12 frames, persons 0 and 1 in 3 and 2" in said and 'person_order=score' in said
    assert main([*training, 'person_order=score', '--work-dir', 'second']) == 0
    assert 'left out' not in capsys.readouterr().out
    from mmskel.configuration import dataset_of, load_config
    from mmskel.data.dataset import SkeletonDataset
    cfg = load_config('second/stgcn_custom_small.py', fit=False)
    for loader, split in (('train_dataloader', 'train'), ('test_dataloader', 'test')):
        step = dict(dataset_of(cfg, loader)['pipeline'][0])
        assert step['sort'] == 'score'
        kept = SkeletonDataset('p.pkl', [step], split=split)[0]['keypoint']
        assert kept[0].any(-1).all() and kept.shape[0] == 2  # the one who acts comes first


def test_class_folders(capsys):
    """v-iashin/video_features#54: the same file names in class folders."""
    for name in ('kick', 'squat', 'wave'):
        Path('arrays', name).mkdir(parents=True)
        np.save(f'arrays/{name}/000.npy', figure())
    np.save('arrays/wave/only.npy', figure())
    Path('labels.csv').write_text('id,label\nkick/000,kick\nsquat/000,squat\nwave\\000.npy,wave\nonly,wave\n')
    assert main(['prepare', 'numpy', 'arrays', 'p.pkl', '--labels', 'labels.csv', '--layout', 'coco17']) == 0
    assert [item['frame_dir'] for item in load_annotation_file('p.pkl').annotations] == [
        'kick/000', 'squat/000', 'wave/000', 'only']
    assert 'keep one' not in capsys.readouterr().out


def test_fine_tuning_to_other_classes(small, line, capsys):
    """open-mmlab/mmskeleton#124, #355, kennymckormick/pyskl#213: another number of classes."""
    import torch
    for name, classes in (('three', 3), ('two', 2)):
        dump(f'{name}.pkl', [clip(f'c{i}', i // 2 % classes, figure(seed=i)[None]) for i in range(12)])

    def training(data, *more):
        return ['train', 'custom/stgcn_custom_small.py', '--data', data, '--epochs', '1', '--no-test', *more, '--cfg-options', *small]
    assert main(training('three.pkl', '--work-dir', 'pre')) == 0
    before = {path: path.read_bytes() for path in Path('pre').rglob('*') if path.is_file()}
    for way in (['--from', 'pre/epoch_1.pth'], []):
        more = [] if way else ['load_from=pre/epoch_1.pth']
        capsys.readouterr()
        assert main([*training('two.pkl', '--work-dir', f'fine{len(way)}', *way), *more]) == 0
        said = capsys.readouterr().out
        assert "start from 'pre/epoch_1.pth': " in said and '2 new, with initial values: cls_head.fc\n' in said
    said = line(*training('two.pkl', '--work-dir', 'resumed', '--resume', 'pre/epoch_1.pth'))
    assert 'model.cls_head.num_classes was 3, now 2' in said and "ann_file was 'three.pkl', now 'two.pkl'" in said
    torch.save(dict(state_dict={'backbone.stem.0.conv.weight': torch.ones(2, 3, 3, 3)}), 'detector.pth')
    for words in (training('two.pkl', '--work-dir', 'none', '--from', 'detector.pth'),
                  [*training('two.pkl', '--work-dir', 'none'), 'load_from=detector.pth']):
        assert "'detector.pth' has nothing for this model: none of its 1 tensors fits" in line(*words)
    assert not list(Path('none').rglob('*.pth')) and not Path('resumed').exists()
    assert {path: path.read_bytes() for path in Path('pre').rglob('*') if path.is_file()} == before


def test_portrait_videos_of_phones(shared, pose_flags):
    """CMU-Perceptual-Computing-Lab/openpose#1632, cvat-ai/cvat#1961: stored on their side, with a note to turn them."""
    films = shared / 'cases/phone_portrait'
    if not films.is_dir():
        pytest.skip('needs the public cases beside the repository')
    Path('list.txt').write_text(''.join(f'{films / name}.mp4\n' for name in ('rotated', 'upright')))
    assert main(['extract', 'list.txt', 'p.pkl', *pose_flags]) == 0
    rotated, upright = load_annotation_file('p.pkl').annotations
    assert tuple(rotated['img_shape']) == tuple(upright['img_shape']) == (360, 240)
    assert rotated['keypoint'].shape == upright['keypoint'].shape and len(rotated['keypoint']) == 2
    sure = (rotated['keypoint_score'] > .5) & (upright['keypoint_score'] > .5)
    apart = np.linalg.norm(rotated['keypoint'].astype(float) - upright['keypoint'], axis=-1)[sure]
    assert sure.mean() > .3 and np.median(apart) < 2  # pixels; the two were encoded one by one


def test_img_shape_as_width_and_height():
    """open-mmlab/mmaction2#2278: img_shape is (height, width)."""
    for name, size in (('wh', (1280, 720)), ('hw', (720, 1280))):
        dump(f'{name}.pkl', [clip(f'c{i}', i % 2, figure(at=(900, 150), seed=i)[None], size) for i in range(4)])
    found = kinds('wh.pkl')['outside the image']
    assert len(found.clips) == 4 and 'is img_shape (width, height)?' in found.details[0][1]
    assert 'outside the image' not in kinds('hw.pkl')


def test_kinetics_clips_without_anybody(line, capsys):
    """open-mmlab/mmskeleton#16 (has_skeleton, yet empty), #194 (more than 300 frames)."""
    Path('ks/kinetics_train').mkdir(parents=True)
    person = dict(pose=[.5] * 36, score=[.9] * 18)
    clips = dict(empty=[(0, [])], long=[(t, [person]) for t in range(331)], fine=[(0, [person]), (1, [person])])
    for name, frames in clips.items():
        data = [dict(frame_index=t, skeleton=people) for t, people in frames]
        Path(f'ks/kinetics_train/{name}.json').write_text(json.dumps(dict(data=data, label='bow', label_index=0)))
    entry = dict(has_skeleton=True, label='bow', label_index=0)
    Path('ks/kinetics_train_label.json').write_text(json.dumps(dict.fromkeys(clips, entry)))
    assert "'empty.json' has no person in frames 0 to 299" in line('prepare', 'kinetics_skeleton', 'ks', 'p.pkl')
    assert main(['prepare', 'kinetics_skeleton', 'ks', 'p.pkl', '--keep-going']) == 0
    assert '31 frames in 1 clips have an index outside' in capsys.readouterr().out
    assert Path('p.pkl.skipped.txt').read_text().startswith('empty\t')


def test_labels_from_one_and_with_gaps():
    """open-mmlab/mmaction#45 (labels from 1); shahroudy/NTURGB-D#50 (a few classes of NTU)."""
    dump('one.pkl', [clip(f'c{i}', 1 + i % 3) for i in range(9)])
    dump('gaps.pkl', [clip(f'c{i}', (7, 22, 42)[i % 3]) for i in range(9)])
    assert 'begin at 1' in kinds('one.pkl')['class numbers'].message
    assert '40 of 43 classes have no clip' in kinds('gaps.pkl')['class numbers'].message


def test_lists_and_tables_of_videos(line):
    """kennymckormick/pyskl#50 ('path label' lines); timeseer-ai/kukur#279 (Excel's mark), spaces, backslashes."""
    from mmskel.video.listing import classes_of, list_videos, splits_of
    for name in ('train/drinking(1).mp4', 'val/eat it.mp4'):
        Path('videos', name).parent.mkdir(parents=True, exist_ok=True)
        Path('videos', name).write_bytes(b'x')
    Path('videos/list.txt').write_text('train/drinking(1).mp4 0\nval/eat it.mp4 1\n')
    said = line('extract', 'videos/list.txt', 'o.pkl')
    assert 'looks like a label' in said and '--labels' in said
    Path('plain.csv').write_text('id,label,split\ntrain/drinking(1),drink,train\nval/eat it,eat,val\n')
    wanted = list_videos('videos', 'plain.csv')
    assert [(item.label, item.split) for item in wanted] == [('drink', 'train'), ('eat', 'val')]
    Path('excel.csv').write_bytes(b'\xef\xbb\xbf' + Path('plain.csv').read_bytes().replace(b'\n', b'\r\n'))
    Path('backslash.csv').write_text('path,label,split\ntrain\\drinking(1).mp4,drink,train\nval\\eat it.mp4,eat,val\n')
    assert list_videos('videos', 'excel.csv') == wanted == list_videos('videos', 'backslash.csv')
    Path('semicolon.csv').write_text(Path('plain.csv').read_text().replace(',', ';'))
    assert 'separated by semicolons' in line('extract', 'videos', 'o.pkl', '--labels', 'semicolon.csv')
    Path('numbers.csv').write_text('id,label\ntrain/drinking(1),10.0\nval/eat it,2\n')
    numbers, names = classes_of(list_videos('videos', 'numbers.csv'))
    assert numbers == {'10': 10, '2': 2} and names == [] and splits_of(wanted)['val'] == ['val/eat it']
    Path('negative.csv').write_text('id,label\ntrain/drinking(1),-1\nval/eat it,2\n')
    assert "label '-1' is not a class index" in line('extract', 'videos', 'o.pkl', '--labels', 'negative.csv')


def test_mediapipe():
    """kennymckormick/pyskl#205, open-mmlab/mmskeleton#452: 33 landmarks, in fractions of the image."""
    Path('mp33').mkdir()
    landmarks = np.random.default_rng(0).uniform(0, 1, (5, 33, 4))
    landmarks[2] = np.nan  # nobody was found
    np.save('mp33/a.npy', landmarks)
    Path('labels.csv').write_text('id,label\na,0\n')
    numpy = ['prepare', 'numpy', 'mp33', 'p.pkl', '--labels', 'labels.csv', '--with-score', '--layout']
    for name in ('mediapipe33', 'blazepose'):
        assert main([*numpy, name]) == 0
        clip, = load_annotation_file('p.pkl').clips()
        assert (clip.layout, clip.unit) == ('mediapipe33', 'normalised') and not clip.seen[:, 2].any()
        np.testing.assert_allclose(clip.keypoint[0, [0, 1, 3, 4]], landmarks[[0, 1, 3, 4], :, :3], rtol=1e-6)
    np.save('mp33/a.npy', landmarks[..., [0, 1, 2, 3]] - [.5, .5, 0, 0])  # world landmarks: metres from the hips
    assert main([*numpy, 'mediapipe']) == 0
    assert next(load_annotation_file('p.pkl').clips()).unit == 'metre'
    dump('fractions.pkl', [clip_of(i) for i in range(4)])
    found = kinds('fractions.pkl')['fractions']
    assert len(found.clips) == 4 and "Say unit 'normalised'" in found.message


def clip_of(i):
    return clip(f'c{i}', i % 2, (figure(seed=i) / [1280, 720]).astype(np.float32)[None])


def instance(figure, score=.9):
    return dict(keypoints=figure.tolist(), keypoint_scores=[score] * 17, bbox=[[0, 0, 9, 9]], bbox_score=.9)


def test_mmpose_json(line, capsys):
    """open-mmlab/mmpose#1851, #2151 (--save-predictions), open-mmlab/mmaction2#2839: the three forms of predictions."""
    left, right = figure(8, at=(420, 150), seed=1), figure(8, at=(860, 150), seed=2)
    frames = [dict(frame_id=t, instances=[] if t == 5 else [instance(left[t], 1.04), instance(right[t])][::-1 if t % 3 else 1])
              for t in range(8)]
    names = {str(i): name for i, name in enumerate(COCO.joints)}
    for folder in ('predictions', 'demo', 'images/walk'):
        Path(folder).mkdir(parents=True)
    Path('predictions/walk.json').write_text(json.dumps(frames))
    Path('demo/results_walk.json').write_text(json.dumps(dict(
        meta_info=dict(dataset_name='coco', keypoint_id2name=names),
        instance_info=[dict(one, frame_id=one['frame_id'] + 1) for one in frames if one['instances']])))
    for one in frames:  # 2 comes before 10
        Path(f'images/walk/{one["frame_id"] + 3}.json').write_text(json.dumps(one['instances']))
    Path('labels.csv').write_text('id,label,split\nwalk,walking,train\n')
    for folder in ('predictions', 'demo', 'images', 'predictions/walk.json'):
        assert main(['prepare', 'mmpose', folder, 'p.pkl', '--labels', 'labels.csv', '--width', '1280', '--height', '720']) == 0
        assert '119 scores in 1 clips were outside of [0, 1]' in capsys.readouterr().out
        one, = load_annotation_file('p.pkl').clips()
        assert (one.id, one.label, one.layout, one.unit, one.image_size) == ('walk', 0, 'coco17', 'pixel', (720, 1280))
        assert one.keypoint.shape == (2, 8, 17, 2) and not one.seen[:, 5].any() and one.score.max() == 1
        present = [t for t in range(8) if t != 5]
        np.testing.assert_array_equal(one.keypoint[0, present], left[present])  # the surer one comes first
        np.testing.assert_array_equal(one.keypoint[1, present], right[present])
    for words in (['prepare', 'pickle', 'demo/results_walk.json', 'q.pkl'], ['prepare', 'pickle', 'predictions/walk.json', 'q.pkl'],
                  ['prepare', 'kinetics_skeleton', 'demo', 'q.pkl'], ['prepare', 'kinetics_skeleton', 'predictions', 'q.pkl'],
                  ['train', 'custom/stgcn_custom.py', '--data', 'predictions/walk.json']):
        said = line(*words)
        assert "MMPose's predictions" in said and '`mmskel prepare mmpose' in said, said
    Path('demo/results_walk.json').write_text(json.dumps(dict(meta_info=dict(keypoint_id2name={'0': 'tail'}), instance_info=[
        dict(frame_id=t, instances=[dict(keypoints=[[9., 9.]], keypoint_scores=[.9])]) for t in (1, 2, 3)])))
    assert "'walk': 1 joints (tail) of an unknown order" in line('prepare', 'mmpose', 'demo', 'q.pkl')


def test_ntu_bodies(capsys):
    """shahroudy/NTURGB-D#6, #9, #31: ids that change, frames without a body, NaN joints, a file without anybody."""
    def lines(frames):
        out = [str(len(frames))]
        for bodies in frames:
            out.append(str(len(bodies)))
            for name, nan in bodies:
                out += [f'{name} 0 1 1 1 1 0 0.1 0.2 2', '25']
                out += [f'{"nan" if nan and j == 3 else j} 1 2 1 1 1 1 0 0 0 0 2' for j in range(25)]
        return '\n'.join(out)
    Path('ntu').mkdir()
    Path('ntu/S001C001P001R001A001.skeleton').write_text(lines([[('72057594037931101', True)], [], [('72057594037931102', False)]]))
    Path('ntu/S001C001P001R001A002.skeleton').write_text(lines([[], []]))
    assert main(['prepare', 'ntu', 'ntu', 'p.pkl', '--denoise', 'none']) == 1
    assert 'S001C001P001R001A002' in capsys.readouterr().err
    assert main(['prepare', 'ntu', 'ntu', 'p.pkl', '--denoise', 'none', '--keep-going']) == 0
    item, = load_annotation_file('p.pkl').annotations
    assert item['keypoint'].shape == (2, 3, 25, 3) and 'S001C001P001R001A002' in Path('p.pkl.skipped.txt').read_text()


def test_one_class_and_classes_that_are_never_tested():
    """felixchenfy/Realtime-Action-Recognition#20; open-mmlab/mmaction2#2827."""
    dump('one.pkl', [clip(f'c{i}') for i in range(4)])
    assert 'there is nothing to distinguish' in kinds('one.pkl')['one class'].message
    clips = [clip(f'c{i}', i % 3) for i in range(9)]
    dump('test.pkl', clips, dict(train=[one['frame_dir'] for one in clips[:6]], val=['c6']))
    assert "2 of 3 classes of 'train' have no clip in 'val'" in kinds('test.pkl')['untested class'].message


def test_clips_of_one_frame_and_of_nobody():
    """kennymckormick/pyskl#141, open-mmlab/mmaction2#2278."""
    dump('one_frame.pkl', [clip(f'c{i}', i % 2, figure(1, seed=i)[None]) for i in range(4)])
    assert 'no motion' in kinds('one_frame.pkl')['one frame'].message
    dump('nobody.pkl', [clip('c0', 0, np.zeros((1, 24, 17, 2), np.float32)), clip('c1', 1)])
    assert kinds('nobody.pkl')['nobody'].clips == ('c0', )


@pytest.mark.parametrize('joints', [18, 25])
def test_openpose_json(line, joints):
    """open-mmlab/mmskeleton#286, #185, #90, #453: a folder per video, a JSON per frame; a passer-by comes first."""
    Path('openpose/wave_00').mkdir(parents=True)
    rng = np.random.default_rng(0)
    rest = rng.uniform(0, 200, (joints, 2))
    actor = np.concatenate([rest + rng.normal(0, 1, (8, joints, 2)) + 100, np.full((8, joints, 1), .9)], -1).round(3)
    other = actor + [700, 0, 0]
    actor[:, 3] = 0  # a joint that is never found
    for t in range(8):
        people = [] if t == 2 else [other[t]] * (4 <= t < 8) + [actor[t]]
        Path(f'openpose/wave_00/wave_00_{t:012d}_keypoints.json').write_text(json.dumps(dict(version=1.3, people=[
            dict(person_id=[-1], pose_keypoints_2d=person.ravel().tolist()) for person in people])))
    assert "OpenPose's files, one JSON per frame; `mmskel prepare openpose" in line('prepare', 'kinetics_skeleton', 'openpose', 'p.pkl')
    Path('labels.csv').write_text('path,label\nwave_00,wave\n')
    assert main(['prepare', 'openpose', 'openpose', 'p.pkl', '--labels', 'labels.csv']) == 0
    one, = load_annotation_file('p.pkl').clips()
    assert (one.id, one.layout, one.label, one.unit) == ('wave_00', f'openpose{joints}', 0, 'pixel')
    assert one.keypoint.shape == (2, 8, joints, 2) and not one.seen[:, 2].any() and not one.seen[0, :, 3].any()
    wanted = np.where(np.arange(8)[:, None, None] == 2, 0, actor)
    np.testing.assert_allclose(one.keypoint[0], wanted[..., :2], atol=1e-4)
    np.testing.assert_allclose(one.keypoint[1, 4:], other[4:, :, :2], atol=1e-4)
    assert main(['prepare', 'openpose', 'openpose', 'one.pkl', '--max-persons', '1']) == 0  # no labels: for `predict`
    alone, = load_annotation_file('one.pkl').clips()
    assert alone.label is None and (alone.keypoint == one.keypoint[:1]).all()
    Path('openpose/wave_00/wave_00_000000000003_keypoints.json').write_text(json.dumps(dict(people=[
        dict(pose_keypoints_2d=[1.] * 45)])))
    assert "a person of 15 joints; expected 25 (BODY_25) or 18 (COCO)" in line('prepare', 'openpose', 'openpose', 'q.pkl')


def test_scores_outside_of_zero_and_one(capsys):
    """open-mmlab/mmpose#2755, #2939: raw outputs of pose networks."""
    def scored(name, value, label):
        one = clip(name, label)
        one['keypoint_score'][0, 3, 5] = value
        return one
    dump('above.pkl', [scored('c0', 9., 0), clip('c1', 1)])
    dump('below.pkl', [scored('c0', -.02, 0), clip('c1', 1)])
    assert 'up to 9' in kinds('above.pkl')['high score'].details[0][1]
    assert kinds('below.pkl')['score'].severity == 'error'
    assert main(['prepare', 'pickle', 'below.pkl', 'p.pkl']) == 0
    assert '1 scores in 1 clips are a little below 0 and became 0: c0' in capsys.readouterr().out
    assert min(item['keypoint_score'].min() for item in load_annotation_file('p.pkl').annotations) == 0
    Path('arrays').mkdir()
    array = np.concatenate([figure(), np.full((12, 17, 1), .5)], -1)
    array[0, 0, 2], array[1, 0, 2] = 8.5, -.02
    np.save('arrays/a.npy', array)
    Path('l.csv').write_text('id,label\na,0\n')
    numpy = ['prepare', 'numpy', 'arrays', 'n.pkl', '--labels', 'l.csv', '--layout', 'coco17', '--with-score']
    assert main(numpy) == 0
    score = load_annotation_file('n.pkl').annotations[0]['keypoint_score']
    assert score[0, 0, 0] == 1 and score[0, 1, 0] == 0 and '2 scores in 1 clips were outside of [0, 1]' in capsys.readouterr().out
    np.save('arrays/a.npy', array * [1, 1, 500])
    assert main(numpy) == 1 and 'Was a coordinate taken for a score?' in capsys.readouterr().err


def test_arrays_of_st_gcn(line):
    """open-mmlab/mmskeleton#77, KAIST-VICLab/SkateFormer#6, Uason-Chen/CTR-GCN#43."""
    rng = np.random.default_rng(0)
    data = np.zeros((6, 20, 2, 25, 3), np.float32)  # N, T, M, V, C
    for i in range(6):
        data[i, :10 + i, :1 + i % 2] = rng.normal(size=(10 + i, 1 + i % 2, 25, 3))
    Path('arrays').mkdir()
    for part, rows in (('train', slice(0, 4)), ('val', slice(4, 6))):
        np.save(f'arrays/{part}_data.npy', data[rows].transpose(0, 4, 1, 3, 2))
        names = [f'S{i}.skeleton' for i in range(6)][rows]
        Path(f'arrays/{part}_label.pkl').write_bytes(pickle.dumps((names, list(range(6))[rows])))
    np.savez('NTU60_CS.npz', x_train=data[:4].reshape(4, 20, -1), y_train=np.eye(6)[:4], x_test=data[4:].reshape(2, 20, -1),
             y_test=np.eye(6)[4:])
    for source, names, test in (('arrays', [f'S{i}' for i in range(6)], 'val'),
                                ('NTU60_CS.npz', [*(f'train_{i:06d}' for i in range(4)), 'test_000000', 'test_000001'], 'test')):
        assert main(['prepare', 'stgcn_arrays', source, 'p.pkl']) == 0
        file = load_annotation_file('p.pkl')
        assert file.split == {'train': names[:4], test: names[4:]} and file.layout == 'ntu25'
        clips = {one.id: one for one in file.clips()}
        for i, name in enumerate(names):
            wanted = data[i, :10 + i, :1 + i % 2].transpose(1, 0, 2, 3)  # padding cut off
            assert clips[name].label == i and np.array_equal(clips[name].keypoint, wanted)
    Path('labels.csv').write_text('id,label\ntrain_data,0\nval_data,0\n')
    for words in (['prepare', 'numpy', 'arrays', 'q.pkl', '--labels', 'labels.csv', '--layout', 'ntu25'],
                  ['prepare', 'pickle', 'arrays/train_label.pkl', 'q.pkl'], ['prepare', 'pickle', 'arrays/train_data.npy', 'q.pkl'],
                  ['train', 'hdgcn/hdgcn_ntu60_3d.py', '--data', 'NTU60_CS.npz']):
        said = line(*words)
        assert 'ST-GCN, 2s-AGCN and CTR-GCN' in said and '`mmskel prepare stgcn_arrays' in said, said
    assert 'NumPy archive (x_train, y_train, x_test, y_test), not a pickle' in said


def test_a_file_per_split_and_a_pickle_per_video(line, capsys):
    """open-mmlab/mmaction2#2800, #2187: where is 'split'?"""
    clips = [clip(f'c{i}', i % 2, figure(seed=i)[None]) for i in range(6)]
    for name, part in (('train', clips[:4]), ('val', clips[4:])):
        Path(f'custom_{name}.pkl').write_bytes(pickle.dumps(part))
    for one in clips:
        Path('per_video').mkdir(exist_ok=True)
        Path('per_video', f"{one['frame_dir']}.pkl").write_bytes(pickle.dumps(one))
    assert 'no splits' in kinds('custom_train.pkl')
    assert "'custom_train.pkl' has no splits" in line('train', 'custom/stgcn_custom_small.py', '--data', 'custom_train.pkl')
    assert main(['prepare', 'pickle', '.', 'both.pickle']) == 0
    both = load_annotation_file('both.pickle')
    assert both.split == dict(train=['c0', 'c1', 'c2', 'c3'], val=['c4', 'c5']) and both.layout == 'coco17'
    assert both.annotations[5]['label'] == 1 and (both.annotations[5]['keypoint'] == clips[5]['keypoint']).all()
    assert main(['prepare', 'pickle', 'per_video', 'all.pkl']) == 0
    whole = load_annotation_file('all.pkl')
    assert [item['frame_dir'] for item in whole.annotations] == [f'c{i}' for i in range(6)] and not whole.split
    said = line('prepare', 'pickle', '.', 'again.pkl')  # a result among the inputs
    assert "clip 'c0' is also in 'all.pkl'; ids must differ. If one of the two files is the result of an earlier run" in said
    assert not Path('again.pkl').exists()
    Path('empty').mkdir()
    assert "'empty' is a folder without a pickle" in line('prepare', 'pickle', 'empty', 'p.pkl')
    for name, names in (('a', ['wave', 'kick']), ('b', ['kick', 'wave'])):
        Path('named').mkdir(exist_ok=True)
        one = dict(annotations=[clip(name)], meta=dict(class_names=names))
        Path('named', f'{name}.pkl').write_bytes(pickle.dumps(one))
    assert "b.pkl' names other classes than the files before it" in line('prepare', 'pickle', 'named', 'p.pkl')
    said = line('prepare', 'pickle', 'per_video/c0.pkl', 'p.pkl')
    assert 'the annotation of a single clip' in said and '`mmskel prepare pickle FOLDER out.pkl`' in said
    assert main(['check', 'per_video/c0.pkl', '--html', 'page.html']) == 1
    assert 'the annotation of a single clip' in capsys.readouterr().out


def test_a_confidence_is_no_depth():
    """open-mmlab/mmskeleton#203, Walter0807/MotionBERT#93: what the third channel of 2-D keypoints is."""
    def xys(name, label):
        keypoint = np.concatenate([figure(), np.full((12, 17, 1), .8, np.float32)], -1)[None]
        return dict(clip(name, label), keypoint=keypoint, keypoint_score=np.ones((1, 12, 17), np.float32), layout='coco17')
    dump('xys.pkl', [xys('a', 0), xys('b', 1)])
    found = kinds('xys.pkl')['confidence as depth']
    assert len(found.clips) == 2 and 'put the third into keypoint_score' in found.message
