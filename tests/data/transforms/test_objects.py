"""Objects as nodes of every person, and labels that stay with their persons."""
import numpy as np
import pytest

from mmskel.data.transforms import AddObjects, PackSkeleton, PadFrames, SetPersons


def sample(persons=2, frames=5, **more):
    rng = np.random.default_rng(0)
    keypoint = rng.uniform(1, 2, (persons, frames, 17, 2)).astype(np.float32)
    score = np.stack([np.full((frames, 17), s, np.float32) for s in rng.permutation(persons) + 1])
    return dict(frame_dir='7/38025', keypoint=keypoint, keypoint_score=score, rng=rng, **more)


def test_every_slot_gets_the_objects(monkeypatch):
    monkeypatch.setenv('MMSKEL_DEBUG', '1')
    ball = np.arange(15, dtype=np.float32).reshape(5, 3)
    out = sample(objects=dict(ball=ball, crowd=ball))
    for step in (SetPersons(3), AddObjects(['ball', 'net']), PadFrames(7)):
        out = step(out)
    assert out['keypoint'].shape == (3, 7, 19, 2) and out['keypoint_score'].shape == (3, 7, 19)
    for person in range(3):  # the empty one, too
        np.testing.assert_array_equal(out['keypoint'][person, :5, 17], ball[:, :2])
        np.testing.assert_array_equal(out['keypoint_score'][person, :5, 17], ball[:, 2])
    assert not out['keypoint'][:, :, 18].any() and not out['keypoint'][2, :, :17].any()
    assert PackSkeleton()(out)['inputs']['keypoint'].shape == (1, 3, 7, 19, 2)


def test_wrong_objects():
    with pytest.raises(ValueError, match="clip '7/38025': AddObjects: the clip has no net; it has: ball"):
        AddObjects(['ball', 'net'], missing='error')(sample(objects=dict(ball=np.zeros((5, 3)))))
    with pytest.raises(ValueError, match=r"'ball' has shape \(4, 3\); expected \(5, 3\): of every frame 2"):
        AddObjects(['ball'])(sample(objects=dict(ball=np.zeros((4, 3)))))
    with pytest.raises(ValueError, match='before the sampling'):
        AddObjects(['ball'])(sample(num_clips=2))


def test_labels_stay_with_their_persons():
    start = sample(3, person_label=[4, 5, 6])
    order = np.argsort(-start['keypoint_score'].sum((1, 2)))
    assert SetPersons(5)(dict(start))['person_label'].tolist() == [4, 5, 6, -1, -1]
    assert SetPersons(2)(dict(start))['person_label'].tolist() == [4, 5]
    assert SetPersons(2, sort='score')(dict(start))['person_label'].tolist() == [[4, 5, 6][i] for i in order[:2]]
    assert SetPersons(2, sort='frame_score')(dict(start))['person_label'].tolist() == [-1, -1]
    assert SetPersons(2, pad='loop')(sample(1, person_label=[3]))['person_label'].tolist() == [3, 3]
    assert SetPersons(4)(sample(3, person_label=[4, 5]))['person_label'].tolist() == [-1] * 4
    assert 'person_label' not in SetPersons(2)(sample(3))
