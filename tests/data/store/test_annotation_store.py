"""The annotation file as a store of clips."""
import pickle

import numpy as np
import pytest

from mmskel.data.annotation_file import AnnotationError, AnnotationFile
from mmskel.data.store import AnnotationStore, fingerprint, open_store, rows_of, split_name
from mmskel.skeleton import Clip, ClipError


def item(name, label=0, M=1, T=4, **more):
    return dict(dict(frame_dir=name, total_frames=T, keypoint=np.ones((M, T, 25, 3), np.float32), label=label), **more)


def store_of(items, split=None, **meta):
    return AnnotationStore(AnnotationFile(items, split or {}, meta, 'a.pkl'))


def test_columns_without_reading_a_clip(monkeypatch):
    one_person = dict(item('c'), keypoint=np.ones((4, 25, 3), np.float32), label=None)
    store = store_of([item('a', 2, T=6), item('b', np.int64(1), M=2, keypoint_score=np.ones((2, 4, 25))), one_person],
                     dict(train=['a', 'c']), layout='ntu25')
    monkeypatch.setattr(Clip, 'from_annotation', None)
    assert list(store.ids) == ['a', 'b', 'c'] and len(store) == 3 and store.layout == 'ntu25'
    assert store.labels.tolist() == [2, 1, -1] and store.scored.tolist() == [False, True, False]
    assert store.shapes.tolist() == [[1, 6, 25, 3], [2, 4, 25, 3], [1, 4, 25, 3]]
    assert store.class_names == ['class 0', 'class 1', 'class 2'] and rows_of(store, 'train').tolist() == [0, 2]


def test_opening_checks_nothing_clip_by_clip():
    store = store_of([item('a'), item('b', 'run', keypoint=None), item('c', keypoint=np.full((1, 4, 25, 3), np.nan))])
    assert len(store) == 3 and list(store.ids) == ['a', 'b', 'c']
    with pytest.raises(AnnotationError, match="clip 'b' in 'a.pkl' has label 'run'"):
        store.labels
    with pytest.raises(AnnotationError, match="clip 'b' in 'a.pkl': keypoint is NoneType; expected an array"):
        store.shapes
    with pytest.raises(ClipError, match="clip 'c'.*NaN"):
        store.clip(2).check()


def test_splits():
    store = store_of([item('a'), item('b')], dict(xsub_train=['a'], xsub_val=['b'], train1=['b'], odd=['a', 'x', 'y']))
    assert split_name(store, 'xsub', 'test') == 'xsub_val' and split_name(store, '1', 'train') == 'train1'
    assert split_name(store, None, 'test') is None and rows_of(store, None).tolist() == [0, 1]
    with pytest.raises(AnnotationError, match=r"no split 'xview' with a part for train \(xview_train\); it has: odd, "):
        split_name(store, 'xview', 'train')
    with pytest.raises(AnnotationError, match="split 'odd' names 2 clips that the file does not have, e.g. x, y"):
        rows_of(store, 'odd')
    with pytest.raises(AnnotationError, match="no split 'none'; it has"):
        rows_of(store, 'none')


@pytest.mark.parametrize('label', [True, 1.5, -1, 'run', [1]])
def test_labels_that_are_no_class_indices(label):
    with pytest.raises(AnnotationError, match="clip 'b' .* expected a class index"):
        store_of([item('a'), item('b', label)]).labels


def test_one_huge_label_makes_no_names():
    with pytest.raises(AnnotationError, match="clip 'b' .* has label 1000000000; expected class indices 0, 1, ... below"):
        store_of([item('a'), item('b', 10**9)]).class_names


def test_fingerprint_is_of_the_clips_not_the_name():
    rows = np.arange(2)
    first = fingerprint(store_of([item('a'), item('b')]), rows)
    assert first.startswith('2 clips, ') and first == fingerprint(store_of([item('a'), item('b')], layout='ntu25'), rows)
    for other in ([item('a'), item('c')], [item('a'), item('b', 1)], [item('a'), item('b', T=5)]):
        assert fingerprint(store_of(other), rows) != first


def test_a_store_is_opened_once_while_it_is_used(tmp_path):
    path = tmp_path / 'a.pkl'
    path.write_bytes(pickle.dumps([item('a')]))
    store = open_store(path)
    assert open_store(str(path)) is store
    path.write_bytes(pickle.dumps([item('a'), item('b')]))
    assert len(open_store(path)) == 2
    with pytest.raises(FileNotFoundError, match='none.pkl'):
        open_store(tmp_path / 'none.pkl')
