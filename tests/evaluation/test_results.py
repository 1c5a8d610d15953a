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


def test_scores_that_are_not_finite_are_no_results():
    from mmskel.evaluation.results import ResultsError
    for scores, logits, what in (([[np.nan, 1]], None, 'scores'), ([[.5, .5]], [[np.inf, 0]], 'logits')):
        with pytest.raises(ResultsError, match=f"the {what} of 1 of 1 clips are NaN or infinite .first: clip 'a'"):
            Results(['a'], np.array(scores), np.array([0]), ['x', 'y'], logits=None if logits is None else np.array(logits))


@pytest.mark.parametrize('change, message', [
    (lambda d: d.update(clips=[1]), "expected 'class_names'"), (lambda d: d.update(class_names='ab'), "expected 'class_names'"),
    (lambda d: d.update(subsets=dict(a=3)), "expected 'class_names'"), (lambda d: d['clips'].update(a=3), "clip 'a' has no label"),
    (lambda d: d['meta'].update(notes=[['x']]), 'notes are texts'),
    (lambda d: d['clips']['a'].update(scores=[1]), "clip 'a': expected 2 scores"),
    (lambda d: d['clips']['a'].update(scores=[True, 0]), "clip 'a': expected 2 scores"),
    (lambda d: d['clips']['a'].update(label='run'), "clip 'a' has no label"),
    (lambda d: d['clips']['a'].update(label=10**30), "clip 'a' has no label"),
    (lambda d: d['clips']['a'].update(logits=[1, 2]), '1 of 2 clips have logits'),
    (lambda d: d['clips']['a'].update(scores=[float('nan'), 0]), 'it holds NaN')])
def test_odd_results_files_are_one_clear_line(tmp_path, change, message):
    import json

    from mmskel.evaluation.results import ResultsError
    data = dict(meta={}, class_names=['x', 'y'], subsets={}, clips={name: dict(label=0, scores=[.5, .5]) for name in 'ab'})
    change(data)
    (tmp_path / 'r.json').write_text(json.dumps(data))
    with pytest.raises(ResultsError, match=f"r.json' is not a results file: .*{message}"):
        load_results(tmp_path / 'r.json')


def test_results_that_name_a_clip_twice_or_never_end(tmp_path):
    from mmskel.evaluation.results import ResultsError
    (tmp_path / 'r.json').write_text('{"class_names": ["x"], "clips": {"a": {"label": 0, "scores": [1]}, "a": {}}}')
    with pytest.raises(ResultsError, match="'a' occurs twice"):
        load_results(tmp_path / 'r.json')
    (tmp_path / 'r.json').write_text('[' * 100_000)
    with pytest.raises(ResultsError, match='nested too deeply'):
        load_results(tmp_path / 'r.json')
