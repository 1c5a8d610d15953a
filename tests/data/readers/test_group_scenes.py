"""Composed scenes: only who has the ball, and with whom, tells their classes apart."""
import numpy as np
import pytest

from mmskel.data import prepare, save_annotation_file
from mmskel.data.readers import GroupScenes, ReadError
from mmskel.data.scenes import compose, couples_of, flat, mirrored
from mmskel.skeleton import Clip, LayoutError, get_layout

NAMES = ['stand', 'throw', 'sit']


def person(name, label=None, layout='kinect20', coords=3, persons=1, frames=30):
    """A figure whose height in frame t is 1 + label / 10 at all times, and whose arms tell its label."""
    table = get_layout(layout)
    rng = np.random.default_rng(len(name))
    keypoint = rng.normal(0, .2, (persons, frames, table.num_joints, coords)) + 3
    keypoint[..., 1] = np.linspace(0, 1.5, table.num_joints) + .2 * (label or 0)
    return Clip(name, keypoint, layout=layout, label=label)


def source(folder, **more):
    clips = [person(f'{part}{i}', i % 3, **more) for part in ('a', 'bb') for i in range(9)]
    ids = [clip.id for clip in clips]
    save_annotation_file(folder / 'one.pkl', clips, dict(xview_train=ids[:9], xview_test=ids[9:]), dict(class_names=NAMES))
    return folder / 'one.pkl'


def test_from_clips_of_one_to_scenes_of_six(tmp_path):
    file = prepare('group_scenes', source(tmp_path), tmp_path / 'scenes.pkl', progress=False,
                   options=dict(actions='throw,sit', train=8, test=4, frames=12))
    assert file.class_names == ['throw, partner: throw', 'throw, partner: sit', 'sit, partner: throw', 'sit, partner: sit']
    assert {name: len(ids) for name, ids in file.split.items()} == dict(train=8, test=4)
    clips = list(file.clips())
    assert [clip.label for clip in clips] == [0, 1, 2, 3] * 3
    apart = []
    for clip in clips:
        assert clip.check().keypoint.shape == (6, 12, 20, 2) and clip.unit == 'pixel'
        x, size = clip.keypoint[..., 0].mean((1, 2)), clip.image_size
        assert (np.diff(np.sort(x)) > 100).all()
        apart += np.abs(np.diff(x.argsort().argsort().reshape(3, 2))).ravel().tolist()  # places between partners
        assert (clip.keypoint >= 0).all() and (clip.keypoint <= size[::-1]).all()
    assert set(apart) >= {1, 2, 3, 4} and np.mean(apart) > 1.8  # 2.33 of six in a row at random
    again = prepare('group_scenes', source(tmp_path), tmp_path / 'again.pkl', progress=False,
                    options=dict(actions='throw,sit', train=8, test=4, frames=12))
    np.testing.assert_array_equal(next(iter(again.clips())).keypoint, clips[0].keypoint)


@pytest.mark.parametrize('actions', [2, 3])
def test_every_class_has_the_same_persons_and_the_same_couples(actions, monkeypatch):
    from mmskel.data import scenes
    seen = []
    monkeypatch.setattr(scenes, 'compose', lambda name, cast, holder, *rest: seen.append((cast, holder)))
    for label in range(actions**2):
        for seed in range(5):
            scenes.scene_of('s', label, [[action] for action in range(actions)], 10, np.random.default_rng(seed))
            cast, (couple, who) = seen[-1]
            assert cast == couples_of(actions)
            assert (cast[couple][who], cast[couple][1 - who]) == divmod(label, actions)


def test_the_ball_is_at_a_hand_of_the_holder_and_sometimes_unseen():
    clips = [person(f'p{i}') for i in range(4)]
    hands = [get_layout('kinect20').joints.index(f'{side}_hand') for side in ('left', 'right')]
    missing = 0
    for seed in range(20):
        scene = compose('s', [(clips[0], clips[1]), (clips[2], clips[3])], (1, 0), 0, 40, np.random.default_rng(seed))
        ball = scene.objects['ball']
        missing += (ball[:, 2] == 0).sum()
        assert not ball[ball[:, 2] == 0].any()
        seen = ball[:, 2] > 0
        far = np.linalg.norm(scene.keypoint[:, :, hands] - ball[None, :, None, :2], axis=-1)[:, seen]  # (M, T, 2)
        near = far.mean(1).min()
        assert near < 8 and (far.mean(1) < 8).sum() == 1
    assert 40 < missing < 130


def test_seen_from_the_front_one_unit_tall():
    points = flat(person('p'), 10)
    assert points.shape == (10, 20, 2)
    np.testing.assert_allclose(points.mean((0, 1)), 0, atol=1e-9)
    np.testing.assert_allclose(np.ptp(points[..., 1], 1), 1, atol=1e-6)
    assert points[0, 0, 1] > points[0, -1, 1], 'up in metres is up in the image'
    layout = get_layout('kinect20')
    turned = mirrored(points, layout)
    left, right = layout.pairs[0]
    np.testing.assert_array_equal(turned[:, left], points[:, right] * [-1, 1])
    np.testing.assert_array_equal(mirrored(turned, layout), points)
    gone = person('p')
    gone.keypoint[:], gone.score[:] = 0, 0
    assert not flat(gone, 5).any()


def test_other_layouts(tmp_path):
    reader = GroupScenes(source(tmp_path, layout='coco17', coords=2), frames=5)
    assert reader.read('test00001').keypoint.shape == (6, 5, 17, 2) and reader.meta()['layout'] == 'coco17'
    with pytest.raises(LayoutError, match='neither hands nor wrists'):
        GroupScenes(source(tmp_path, layout='hand21')).read('train00000')


def test_sources_that_will_not_do(tmp_path):
    path = source(tmp_path)
    for options, said in ((dict(actions='throw'), 'two or more'), (dict(actions='throw,fly'), 'stand, throw, sit'),
                          (dict(actions='throw,throw'), 'each once'), (dict(split='xsub'), 'no split xsub .*xview_train')):
        with pytest.raises(ReadError, match=said):
            GroupScenes(path, **options)
    clips = [person(f'p{i}', 0) for i in range(4)]
    save_annotation_file(path, clips, dict(train=['p0', 'p1'], test=['p2', 'p3']), dict(class_names=NAMES))
    with pytest.raises(ReadError, match="split 'train' has no clip of one person of: throw"):
        GroupScenes(path)
    (tmp_path / 'no.pkl').write_text('x')
    with pytest.raises(ReadError, match='no.pkl'):
        GroupScenes(tmp_path / 'no.pkl')
