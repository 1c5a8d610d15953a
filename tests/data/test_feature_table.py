"""Feature files, class splits and the folders that SA-DVAE publishes."""
import json

import numpy as np
import pytest
from zero_shot_world import NAMES, table

from mmskel.data.class_splits import PUBLISHED_SPLITS, unseen_classes
from mmskel.data.feature_table import read_features, write_features
from mmskel.data.zero_shot_sets import (
    make_test_set,
    make_validation_set,
    read_published,
    validation_folder,
    write_published,
)
from mmskel.evaluation.features import FeatureError


def sets(unseen=(1, 4), **changes):
    whole = table(**changes)
    data = make_test_set(whole.of_split('train'), whole.of_split('test'), unseen, len(NAMES))
    return data, make_validation_set(data.train, len(unseen))


def test_round_trip(tmp_path):
    before = table(trained_classes=(0, 2, 3))
    after = read_features(write_features(tmp_path / 'f.npz', before))
    for name, value in vars(before).items():
        np.testing.assert_array_equal(getattr(after, name), value)
    bare = table(logits=None, split=None, class_names=(), recogniser='')
    after = read_features(write_features(tmp_path / 'g.npz', bare))
    assert after.logits is None and after.split is None and after.class_names == () and after.recogniser == ''


def test_files_that_are_no_features(tmp_path):
    def fails(match, **arrays):
        np.savez(tmp_path / 'f.npz', **arrays)
        with pytest.raises(FeatureError, match=match):
            read_features(tmp_path / 'f.npz')
    good = dict(ids=['a', 'b'], features=np.ones((2, 3)), labels=[0, 1])
    fails("f.npz' has no labels; it has features, ids", ids=['a'], features=np.ones((1, 2)))
    fails("'a' occurs twice", **good | dict(ids=['a', 'a']))
    fails('2 ids with arrays of shape', **good | dict(features=np.ones((3, 3))))
    fails("clip 'b' has numbers that are not finite", **good | dict(features=np.array([[1.], [np.nan]])))
    fails("clip 'b' has label -1", **good | dict(labels=[0, -1]))
    fails('features of int64', **good | dict(features=np.ones((2, 3), int)))
    (tmp_path / 'f.npz').write_text('x')
    with pytest.raises(FeatureError, match="f.npz' is not an .npz"):
        read_features(tmp_path / 'f.npz')
    np.save(tmp_path / 'plain.npy', np.ones(3))
    with pytest.raises(FeatureError, match="plain.npy' is not an .npz"):
        read_features(tmp_path / 'plain.npy')
    with pytest.raises(FeatureError, match='no file of features'):
        read_features(tmp_path / 'nowhere.npz')


def test_unseen_classes_by_name_number_split_and_file(tmp_path):
    assert unseen_classes('Kick; jump', NAMES) == (1, 4) == unseen_classes('4;1', NAMES) == unseen_classes('nwucla:8_2', NAMES)
    (tmp_path / 's.json').write_text(json.dumps({'mine': {'classes': 10, 'splits': {'one': [3, 0]}}}))
    assert unseen_classes(f'{tmp_path}/s.json:mine:one', NAMES) == (0, 3)
    np.save(tmp_path / 'ru2.npy', [9, 2])
    assert unseen_classes(f'{tmp_path}/ru2.npy', NAMES) == (2, 9)
    for text, match in (('kick;KICK', r"class 1 \('kick'\) is named twice"), ('swim', "no class 'swim'; classes: wave; .*ntu60:55_5"),
                        ('10', 'there is no class 10; the 10 classes'), (';'.join(NAMES), '10 of 10 classes are unseen'),
                        ('', "no class ''"), ('ntu60:55_5', 'ntu60 has 60 classes, the texts have 10'),
                        ('nwucla:1_1', "nwucla has no split '1_1'; it has 8_2, 5_5"), ('x.json:a:b', "no file of class splits 'x.json'"),
                        (f'{tmp_path}/s.json:yours:one', "no class splits of 'yours'"), ('x.npy', "no file 'x.npy'")):
        with pytest.raises(FeatureError, match=match):
            unseen_classes(text, NAMES)


def test_published_splits(shared):
    listed = json.loads((shared / 'data/zero_shot/splits.json').read_text())
    for name, (classes, splits) in PUBLISHED_SPLITS.items():
        for split, unseen in splits.items():
            assert len(set(unseen)) == len(unseen) and max(unseen) < classes and list(unseen) == sorted(unseen)
            if name != 'nwucla':
                assert list(unseen) in listed[name]['splits'].values(), (name, split)


def test_experiment_and_its_twin():
    data, validation = sets()
    assert data.seen == (0, 2, 3, 5, 6, 7, 8, 9) and set(data.train.labels) == set(data.seen)
    assert set(data.of_unseen.labels) == {1, 4} and len(data.of_unseen) == 8 and len(data.others) == 40
    assert len(validation.unseen) == 2 and set(validation.unseen) < set(data.seen)
    ids = [set(part.ids) for part in (validation.train, validation.of_unseen, validation.others)]
    assert sum(map(len, ids)) == len(set.union(*ids)) == len(data.train) and len(ids[2]) == 9
    assert set(validation.others.labels) <= set(validation.seen)
    # half of five seen classes at most
    five = make_validation_set(table().of_split('train').of_classes([0, 2, 5, 7, 9]), 5)
    assert len(five.unseen) == 2 and make_validation_set(table().of_classes([0, 1, 2]), 1) is None


def test_validation_by_a_recogniser_of_its_own():
    data, _ = sets()
    own = table(seed=1, trained_classes=(0, 2, 3, 5, 6, 7))
    validation = make_validation_set(data.train, 2, own=own)
    assert validation.unseen == (8, 9) and validation.train.features[0, 0] in own.features
    for classes, match in ((None, 'do not say which classes'), (tuple(range(10)), 'trained on all seen classes')):
        with pytest.raises(FeatureError, match=match):
            make_validation_set(data.train, 2, own=table(trained_classes=classes))


def test_unseen_classes_that_were_seen(tmp_path):
    with pytest.raises(FeatureError, match=r'recogniser of these features was trained on the classes \[4\], which are called unseen'):
        sets(trained_classes=(0, 4))
    data, _ = sets()
    write_published(tmp_path / 'x_mine_2_r', data)
    np.save(tmp_path / 'x_mine_2_r/train_label.npy', np.where(data.train.labels == 9, 4, data.train.labels))
    with pytest.raises(FeatureError, match=r"x_mine_2_r': classes \[4\] are unseen, but 8 training clips belong to them"):
        read_published(tmp_path / 'x_mine_2_r')
    with pytest.raises(FeatureError, match='there is no unseen clip'):
        make_test_set(table().of_split('train'), table().of_classes([0]), [1], 10)
    with pytest.raises(FeatureError, match='label 9, but there are texts of 8 classes'):
        make_test_set(table(), table(), [1], 8)


def test_published_folders(tmp_path):
    data, validation = sets()
    folder = tmp_path / 'stgcn_mine_2_r'
    twin = validation_folder(folder)
    assert twin.name == 'stgcn_mine_val_2_r'
    write_published(folder, data)
    write_published(twin, validation, validation=True)
    names = dict(folder={'train', 'train_label', 'ztest', 'z_label', 'gtest', 'g_label', 'gtest_out'},
                 twin={'train', 'train_label', 'ztest', 'z_label', 'ztest_out', 'val', 'val_label', 'val_out'})
    assert {path.stem for path in folder.iterdir()} == names['folder'] and {path.stem for path in twin.iterdir()} == names['twin']
    for before, after in ((data, read_published(folder)), (validation, read_published(twin))):
        assert before.unseen == after.unseen and before.seen == after.seen
        for part in ('train', 'of_unseen', 'others'):
            np.testing.assert_array_equal(getattr(before, part).features, getattr(after, part).features)
            np.testing.assert_array_equal(getattr(before, part).labels, getattr(after, part).labels)
        np.testing.assert_array_equal(before.others.logits, after.others.logits)
    (folder / 'ztest.npy').write_text('x')
    with pytest.raises(FeatureError, match="ztest.npy' is not a plain array"):
        read_published(folder)
    (folder / 'ztest.npy').unlink()
    with pytest.raises(FeatureError, match="no file .*ztest.npy"):
        read_published(folder)
