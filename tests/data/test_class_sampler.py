from collections import Counter

import pytest
from mmaction.registry import DATA_SAMPLERS


class Clips(list):
    def labels(self):
        return list(self)


CLIPS = Clips([0] * 10 + [1] * 4 + [2])


def build(**options):
    return DATA_SAMPLERS.build(dict(type='ClassSampler', dataset=CLIPS, **{'seed': 0, **options}))


def test_classes_are_seen_as_often_as_they_should():
    sampler = build(class_prob=[1, 2.5, 3])
    assert len(sampler) == 10 + 10 + 3
    seen = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        indices = list(sampler)
        assert len(indices) == len(sampler) and indices == list(sampler)
        counts = Counter(indices)
        assert [counts[i] for i in range(10)] == [1] * 10 and counts[14] == 3
        assert sorted(counts[i] for i in range(10, 14)) == [2, 2, 3, 3]
        seen.append(indices)
    assert seen[0] != seen[1]
    assert list(build(class_prob={2: 0}, shuffle=False)) == list(range(14))


def test_ranks_share_the_clips(monkeypatch):
    from mmskel.data import class_sampler
    parts = []
    for rank in range(2):
        monkeypatch.setattr(class_sampler, 'get_dist_info', lambda rank=rank: (rank, 2))
        parts.append(list(build(class_prob=[1, 2, 1])))
    assert len(parts[0]) == len(parts[1]) == 10
    assert set(parts[0]) | set(parts[1]) == set(range(15))


def test_wrong_weights():
    with pytest.raises(ValueError, match='class 2, but there are 2 weights'):
        build(class_prob=[1, 1])
    with pytest.raises(ValueError, match='must not be negative, found -1'):
        build(class_prob=[1, -1, 1])
    with pytest.raises(ValueError, match='no clip is ever seen'):
        build(class_prob=[0, 0, 0])
