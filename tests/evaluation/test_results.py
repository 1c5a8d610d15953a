import json

import numpy as np
import pytest

from mmskel.evaluation import Results, load_results, save_results


def results():
    return Results(['b', 'a', 'c'], [[.9, .1], [.2, .8], [.6, .4]], [0, 1, 1], ['sit', 'stand'],
                   dict(split='xsub_test'), dict(clean=['a', 'c']))


def test_summary_of_all_and_of_subsets():
    summary = results().summary()
    assert summary['n'] == 3 and summary['top1'] == pytest.approx(2 / 3) and summary['mean_class'] == .75
    assert summary['clean/n'] == 2 and summary['clean/top1'] == .5


def test_unlabelled_clips_are_not_counted():
    some = results()
    some.labels[2] = -1
    assert some.summary()['n'] == 2 and some.summary()['top1'] == 1


def test_round_trip(tmp_path):
    save_results(tmp_path / 'r.json', results())
    back = load_results(tmp_path / 'r.json')
    assert back.ids == ['b', 'a', 'c'] and back.subsets == dict(clean=['a', 'c']) and back.meta['split'] == 'xsub_test'
    np.testing.assert_array_equal(back.scores, results().scores)
    assert back.summary() == results().summary()
    assert json.loads((tmp_path / 'r.json').read_text())['clips']['c']['prediction'] == 0
    assert back.logits is None and 'logits' not in json.loads((tmp_path / 'r.json').read_text())['clips']['c']


def test_logits_are_kept_with_their_clips(tmp_path):
    some = results()
    some.logits = np.array([[4, 1], [0, 2.5], [1, .5]], np.float32)
    save_results(tmp_path / 'r.json', some)
    np.testing.assert_array_equal(load_results(tmp_path / 'r.json').logits, some.logits)
    np.testing.assert_array_equal(some.only({'c', 'a'}).logits, [[0, 2.5], [1, .5]])
    turned = some.in_order(['c', 'b'])
    assert turned.labels.tolist() == [1, 0]
    np.testing.assert_array_equal(turned.logits, [[1, .5], [4, 1]])


@pytest.mark.parametrize('change, message', [
    (dict(ids=['a', 'a', 'b']), 'occur twice'), (dict(ids=['a']), '1 ids'),
    (dict(class_names=['x']), '1 class names for 2 classes'), (dict(logits=[[1, 2]]), r'logits \(1, 2\) for scores')])
def test_what_does_not_belong_together(change, message):
    good = dict(vars(results()))
    with pytest.raises(ValueError, match=message):
        Results(**dict(good, **change))


@pytest.mark.parametrize('text', ['{"clips": ', '[]', '{"clips": {}}'])
def test_other_files(tmp_path, text):
    (tmp_path / 'r.json').write_text(text)
    with pytest.raises(ValueError, match="r.json' is not a results file"):
        load_results(tmp_path / 'r.json')
