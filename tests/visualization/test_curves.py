import json
import re

import numpy as np
import pytest

from mmskel.visualization.curves import Curves, curves_html, read_curves


def _write(folder, lines):
    path = folder / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text(''.join(line if isinstance(line, str) else json.dumps(line) + '\n' for line in lines))


def _train(epoch, step, loss):
    return dict(lr=.1, loss=loss, loss_cls=loss, top1_acc=.5, time=.3, epoch=epoch, iter=step, step=step)


def test_epochs_losses_and_accuracies_are_read(tmp_path):
    _write(tmp_path / '20260101_000000', [
        _train(1, 10, 2.), _train(1, 20, 1.), {'acc/top1': .25, 'acc/top5': .5, 'time': .1, 'step': 1},
        _train(2, 30, .5), {'acc/top1': .75, 'step': 2}, '\n'])
    curves = read_curves(tmp_path)
    assert curves.unit == 'epoch' and curves.loss_step.tolist() == [1, 2] and curves.loss.tolist() == [1.5, .5]
    assert curves.metric_step.tolist() == [1, 2] and curves.metrics['acc/top1'].tolist() == [.25, .75]
    np.testing.assert_array_equal(curves.metrics['acc/top5'], [.5, np.nan])


def test_a_resumed_training_is_joined_and_the_later_run_wins(tmp_path):
    _write(tmp_path / '20260101_000000', [_train(1, 10, 4.), _train(2, 20, 9.), _train(2, 25, 9.),
                                          {'acc/top1': .1, 'step': 2}])
    _write(tmp_path / '20260102_000000', [_train(2, 20, 2.), {'acc/top1': .6, 'step': 2}, _train(3, 30, 1.)])
    curves = read_curves(tmp_path)
    assert curves.loss.tolist() == [4, 2, 1] and curves.metrics['acc/top1'].tolist() == [.6]


def test_a_training_that_began_anew_stands_alone(tmp_path):
    _write(tmp_path / '20260101_000000', [_train(e, 10 * e, 9.) for e in range(1, 6)] + [{'acc/top1': .9, 'step': 5}])
    _write(tmp_path / '20260102_000000', [_train(1, 10, 3.), {'acc/top1': .2, 'step': 1}, _train(2, 20, 2.)])
    curves = read_curves(tmp_path)
    assert curves.loss.tolist() == [3, 2] and curves.metric_step.tolist() == [1]


def test_trainings_that_count_iterations(tmp_path):
    _write(tmp_path / 'run', [dict(loss=3., iter=100, step=100), dict(loss=2., iter=200, step=200),
                              {'acc/top1': .5, 'step': 200}])
    curves = read_curves(tmp_path)
    assert curves.unit == 'iteration' and curves.loss_step.tolist() == [100, 200]
    assert 'iteration 200' in curves_html(curves)


def test_a_folder_without_curves_and_a_broken_line_are_explained(tmp_path):
    with pytest.raises(FileNotFoundError, match='work_dir'):
        read_curves(tmp_path)
    _write(tmp_path / 'run', [_train(1, 1, 1.), '{"loss": 1,'])
    with pytest.raises(ValueError, match='line 2'):
        read_curves(tmp_path)


def test_curves_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match='acc/top1'):
        Curves([1], [1.], [1, 2], {'acc/top1': [.5]})


def test_drawing_marks_the_best_and_tells_each_value():
    html = curves_html(Curves([1, 2, 3], [3, 2, 1], [1, 2, 3], {'acc/top1': [.2, .8, .7], 'acc/top5': [.5, .9, .9]}))
    assert html.count('<svg') == 2 and html.count('<circle') == 3 + 6 + 1
    assert 'best top-1 80.00\u00a0%, epoch 2' in html and 'epoch 3, loss: 1' in html
    assert 'http' not in html


def test_lines_go_down_where_values_fall():
    html = curves_html(Curves([1, 2, 3, 4], [4, 3, 2, 1]))
    [path] = re.findall(r'<path d="M([\d. L]+)" stroke=[^>]*linejoin', html)
    x, y = np.array([point.split() for point in path.split('L')], float).T
    assert (np.diff(x) > 0).all() and (np.diff(y) > 0).all()
    np.testing.assert_allclose(np.diff(y), np.diff(y)[0], atol=.2)


def test_nan_losses_and_single_points_are_drawn_without_complaint(recwarn):
    html = curves_html(Curves([1, 2, 3], [1, np.nan, .5], [3], {'acc/top1': [0.]}))
    assert html.count('<svg') == 2 and 'nan' not in html.lower()
    assert curves_html(Curves([1], [np.nan])) == '' and curves_html(Curves()) == ''
    assert not recwarn.list


def test_very_long_trainings_stay_small():
    steps = np.arange(50_000)
    assert len(curves_html(Curves(steps, 1 / (steps + 1), unit='iteration'))) < 120_000
