"""Cleaning of skeletons over time, against values by hand, scipy's filter and a loop written from the paper."""
from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import median_filter
from scipy.signal import savgol_filter

from mmskel.pose.cleaning import CleaningOptions, clean, drop_low_scores, fill_gaps, reject_outliers
from mmskel.pose.smoothing import present_joints, smooth_one_euro, smooth_savgol

FULL = CleaningOptions(min_score=.2, outlier_window=7, max_gap=5, smooth='savgol')


def line(*values) -> tuple[np.ndarray, np.ndarray]:
    """(1, T, 1, 2), (1, T, 1): one joint at (v, 10 v); None is missing."""
    keypoint = np.array([(0, 0) if v is None else (v, 10 * v) for v in values], np.float32)[None, :, None]
    return keypoint, np.array([v is not None for v in values], np.float32)[None, :, None]


def motion(T=60, C=2, M=2, V=5, seed=0) -> tuple[np.ndarray, np.ndarray]:
    """Smooth paths with noise; all joints present."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 6, (M, 1, V, C))
    keypoint = 300 + 80 * np.sin(.1 * np.arange(T)[:, None, None] + phase) + rng.normal(0, 2, (M, T, V, C))
    return keypoint.astype(np.float32), rng.uniform(.5, 1, (M, T, V)).astype(np.float32)


def with_holes(T=60, C=2, seed=0) -> tuple[np.ndarray, np.ndarray]:
    """The same with 15 % of the joints missing, a person absent in the middle, a joint never seen."""
    keypoint, score = motion(T, C, seed=seed)
    gone = np.random.default_rng(seed).random(score.shape) < .15
    gone[1, 20:35], gone[0, :, 3] = True, True
    keypoint[gone], score[gone] = 0, 0
    return keypoint, score


@pytest.mark.parametrize('C', [2, 3])
def test_nothing_is_done_by_default(C):
    keypoint, score = with_holes(C=C)
    out, kept = clean(keypoint, score)
    np.testing.assert_array_equal(out, keypoint)
    np.testing.assert_array_equal(kept, score)
    assert CleaningOptions().steps == () and out is not keypoint and kept is not score


EVERY = [CleaningOptions(min_score=.6), CleaningOptions(outlier_window=5), CleaningOptions(outlier_window=5, outlier_action='drop'),
         CleaningOptions(max_gap=3), CleaningOptions(smooth='one_euro'), CleaningOptions(smooth='savgol'), FULL,
         replace(FULL, smooth='one_euro')]


@pytest.mark.parametrize('C', [2, 3])
@pytest.mark.parametrize('options', EVERY, ids=lambda o: '+'.join(o.steps))
def test_float32_shapes_and_inputs_untouched(options, C):
    keypoint, score = with_holes(C=C)
    before = keypoint.copy(), score.copy()
    out, kept = clean(keypoint.astype(float), score, 30, options)
    assert out.shape == keypoint.shape and kept.shape == score.shape and out.dtype == kept.dtype == np.float32
    clean(keypoint, score, 30, options)
    np.testing.assert_array_equal(keypoint, before[0])
    np.testing.assert_array_equal(score, before[1])
    assert np.isfinite(out).all() and not out[0, :, 3].any() and not kept[0, :, 3].any()
    missing = kept == 0
    assert not out[missing].any() and (np.abs(out[~missing]) > 100).all(), 'zeros stay zeros and pull at nothing'
    if not options.max_gap:
        assert missing[score == 0].all()
    for T in (0, 1, 2):
        assert clean(keypoint[:, :T], score[:, :T], 30, options)[0].shape == keypoint[:, :T].shape
    assert clean(keypoint[:0], score[:0], 30, options)[1].shape == (0, 60, 5)


def test_threshold():
    keypoint, score = motion(T=4)
    score[0, 1, 2], score[0, 2, 2] = .3, .2999
    out, kept = drop_low_scores(keypoint, score, .3)
    changed = np.argwhere(kept != score).tolist()
    assert changed == [[0, 2, 2]] and not out[0, 2, 2].any() and kept[0, 2, 2] == 0
    assert np.argwhere((out != keypoint).any(-1)).tolist() == changed


def test_gaps_by_hand():
    keypoint, score = line(None, 1, None, None, 4, None, None, None, 8, None)
    score[0, 1], score[0, 4] = .8, .4
    out, kept = fill_gaps(keypoint, score, 2)
    np.testing.assert_allclose(out[0, :, 0, 0], [0, 1, 2, 3, 4, 0, 0, 0, 8, 0], rtol=1e-6)
    np.testing.assert_allclose(out[0, :, 0, 1], [0, 10, 20, 30, 40, 0, 0, 0, 80, 0], rtol=1e-6)
    np.testing.assert_allclose(kept[0, :, 0], [0, .8, .2, .2, .4, 0, 0, 0, 1, 0])
    out, kept = fill_gaps(keypoint, score, 3, gap_score=1)
    np.testing.assert_allclose(out[0, :, 0, 0], [0, 1, 2, 3, 4, 5, 6, 7, 8, 0], rtol=1e-6)
    np.testing.assert_allclose(kept[0, 5:8, 0], .4)
    np.testing.assert_array_equal(fill_gaps(keypoint, score, 0)[0], keypoint)


def test_a_joint_with_a_score_but_no_place_is_missing():
    keypoint, score = line(1, 0, 3)
    assert present_joints(keypoint, np.ones((1, 3, 1))).ravel().tolist() == [True, False, True]
    np.testing.assert_allclose(fill_gaps(keypoint, score, 1)[0][0, 1, 0], [2, 20])
    one_axis = keypoint.copy()
    one_axis[0, 1, 0, 1] = 5  # x = 0 is a place
    assert present_joints(one_axis, score).all()


def test_only_gaps_are_touched_by_filling():
    keypoint, score = with_holes()
    out, kept = fill_gaps(keypoint, score, 4)
    np.testing.assert_array_equal(out[score > 0], keypoint[score > 0])
    np.testing.assert_array_equal(kept[score > 0], score[score > 0])
    assert (kept > 0).sum() > (score > 0).sum() and not kept[1, 20:35].any()


def test_hampel_by_hand():
    keypoint, score = line(1, 2, 3, 90, 5, 6, 7)
    # window 5 around the fourth: 2 3 90 5 6, median 5, deviations 3 2 85 0 1, MAD 2, limit 3 * 1.4826 * 2 = 8.9
    out, kept = reject_outliers(keypoint, score, window=5)
    np.testing.assert_array_equal(out[0, :, 0, 0], [1, 2, 3, 5, 5, 6, 7])
    np.testing.assert_array_equal(kept, score)
    out, kept = reject_outliers(keypoint, score, window=5, action='drop')
    np.testing.assert_array_equal(kept[0, :, 0], [1, 1, 1, 0, 1, 1, 1])
    np.testing.assert_array_equal(out[0, 3, 0], [0, 0])
    np.testing.assert_array_equal(reject_outliers(keypoint, score, window=5, sigmas=30)[0], keypoint)
    # even number of present frames: 1 2 90 4 -> median 3, deviations 2 1 87 1, MAD 1.5
    keypoint, score = line(1, 2, 90, None, 4)
    assert reject_outliers(keypoint, score, window=5)[0][0, 2, 0].tolist() == [3, 30]
    keypoint, score = line(1, None, 90)  # two frames judge nobody
    np.testing.assert_array_equal(reject_outliers(keypoint, score, window=3)[0], keypoint)


def test_hampel_only_one_coordinate():
    keypoint, score = motion(T=21, M=1, V=2)
    keypoint[0, 10, 1, 0] += 500
    out, _ = reject_outliers(keypoint, score, window=7, sigmas=6)
    assert np.argwhere(out != keypoint).tolist() == [[0, 10, 1, 0]]
    expected = median_filter(keypoint, (1, 7, 1, 1))[0, 10, 1, 0]
    assert out[0, 10, 1, 0] == expected
    out, kept = reject_outliers(keypoint, score, window=7, sigmas=6, action='drop')
    assert np.argwhere(kept != score).tolist() == [[0, 10, 1]] and not out[0, 10, 1].any()


def test_hampel_never_takes_zeros_for_values():
    keypoint, score = line(5, 5.5, None, None, None, None, 6, 5, 5.2)
    out, _ = reject_outliers(keypoint, score, window=9)
    np.testing.assert_array_equal(out, keypoint)


def one_euro_loop(values: list[float], fps: float, min_cutoff: float, beta: float, d_cutoff: float) -> list[float]:
    """Algorithm 1 of Casiez et al. 2012, word by word."""
    def alpha(cutoff):
        tau, te = 1 / (2 * math.pi * cutoff), 1 / fps
        return 1 / (1 + tau / te)

    filtered, dx_filtered, out = None, None, []
    for x in values:
        dx = 0.0 if filtered is None else (x - filtered) * fps
        dx_filtered = dx if dx_filtered is None else alpha(d_cutoff) * dx + (1 - alpha(d_cutoff)) * dx_filtered
        a = alpha(min_cutoff + beta * abs(dx_filtered))
        filtered = x if filtered is None else a * x + (1 - a) * filtered
        out.append(filtered)
    return out


@pytest.mark.parametrize('settings', [(30, 1, .007, 1), (25, .5, .1, 2), (120, 3, 0, 1)])
def test_one_euro_is_the_papers(settings):
    keypoint, score = motion(C=3, M=1, V=2)
    out = smooth_one_euro(keypoint, score, *settings)
    for v in range(2):
        for c in range(3):
            np.testing.assert_allclose(out[0, :, v, c], one_euro_loop(keypoint[0, :, v, c].tolist(), *settings), rtol=2e-6)
    assert np.abs(np.diff(out, 2, axis=1)).mean() < .8 * np.abs(np.diff(keypoint, 2, axis=1)).mean()


def test_one_euro_begins_anew_after_a_gap():
    keypoint, score = line(1, 2, 3, None, 100, 101, None, None, 7)
    out = smooth_one_euro(keypoint, score, 30)
    np.testing.assert_allclose(out[0, :, 0, 0], [*one_euro_loop([1, 2, 3], 30, 1, .007, 1), 0,
                                                 *one_euro_loop([100, 101], 30, 1, .007, 1), 0, 0, 7], rtol=1e-6)


@pytest.mark.parametrize('window, degree', [(7, 2), (5, 3), (11, 1), (3, 0)])
def test_savgol_is_scipys_without_gaps(window, degree):
    keypoint, score = motion(C=3)
    expected = savgol_filter(keypoint, window, degree, axis=1)
    np.testing.assert_allclose(smooth_savgol(keypoint, score, window, degree), expected, rtol=1e-6)


def test_savgol_within_runs():
    rng = np.random.default_rng(1)
    x = (100 + rng.normal(0, 5, 26)).tolist()
    keypoint, score = line(*x[:10], None, *x[11:16], None, *x[17:19], None, *x[20:26])
    out = smooth_savgol(keypoint, score, window=7, polyorder=2)[0, :, 0, 0]
    given = keypoint[0, :, 0, 0]
    np.testing.assert_allclose(out[:10], savgol_filter(given[:10], 7, 2), rtol=1e-6)
    np.testing.assert_allclose(out[11:16], savgol_filter(given[11:16], 5, 2), rtol=1e-6)  # the window shrinks
    np.testing.assert_array_equal(out[[10, 16, 17, 18, 19]], given[[10, 16, 17, 18, 19]])  # too short: left alone
    np.testing.assert_allclose(out[20:], savgol_filter(given[20:], 5, 2), rtol=1e-6)


def test_a_parabola_is_left_by_savgol():
    t = np.arange(20.)
    keypoint, score = line(*(5 + t + .1 * t * t))
    np.testing.assert_allclose(smooth_savgol(keypoint, score, 7, 2), keypoint, rtol=1e-5)


def test_steps_in_their_order():
    """A doubtful joint far away is dropped, the gap filled, the run smoothed as if it had never been there."""
    keypoint, score = line(*range(100, 112))
    keypoint[0, 5], score[0, 5] = 900, .1
    options = CleaningOptions(min_score=.3, outlier_window=5, max_gap=1, smooth='savgol', window=5, polyorder=1)
    assert options.steps == ('threshold', 'outliers', 'gaps', 'savgol')
    out, kept = clean(keypoint, score, options=options)
    np.testing.assert_allclose(out[0, :, 0, 0], range(100, 112), rtol=1e-5)
    assert kept[0, 5, 0] == .5 and replace(options, smooth='one_euro').steps[-1] == 'one_euro'
    # without the threshold the outlier filter catches it, and the score tells nothing
    out, kept = clean(keypoint, np.ones_like(score), options=replace(options, min_score=0, outlier_action='drop'))
    np.testing.assert_allclose(out[0, :, 0, 0], range(100, 112), rtol=1e-5)


def test_scores_may_be_left_out():
    keypoint, _ = line(1, None, 3)
    out, score = clean(keypoint, options=CleaningOptions(max_gap=1))
    np.testing.assert_allclose(out[0, 1, 0], [2, 20])
    np.testing.assert_allclose(score[0, :, 0], [1, .5, 1])


def test_cleaning_brings_noisy_joints_closer_to_the_truth():
    t = np.arange(120)[:, None, None]
    truth = (300 + 80 * np.sin(.08 * t + np.arange(10).reshape(5, 2))).astype(np.float32)[None]
    rng = np.random.default_rng(5)
    noisy, score = truth + rng.normal(0, 3, truth.shape).astype(np.float32), np.ones(truth.shape[:3], np.float32)
    noisy[rng.random(score.shape) < .03] += 120
    gone = rng.random(score.shape) < .05
    noisy[gone], score[gone] = 0, 0
    options = CleaningOptions(outlier_window=7, outlier_action='drop', max_gap=6, smooth='savgol')
    out, kept = clean(noisy, score, 30, options)
    there = (kept > 0) & (score > 0)
    error = [np.sqrt(((a - truth)[there]**2).mean()) for a in (noisy, out)]
    assert error[1] < .2 * error[0] and (kept > 0).mean() > .99


@pytest.mark.parametrize('make, words', [
    (lambda: clean(np.zeros((3, 4, 2))), 'expected (M, T, V, C)'),
    (lambda: clean(np.zeros((1, 3, 4, 5))), 'expected (M, T, V, C)'),
    (lambda: clean(np.zeros((1, 3, 4, 2)), np.zeros((1, 3, 5))), 'expected (1, 3, 4)'),
    (lambda: clean(np.full((1, 3, 4, 2), np.nan)), 'NaN'),
    (lambda: clean(np.ones((1, 3, 4, 2)), options=CleaningOptions(smooth='one_euro')), 'needs fps'),
    (lambda: clean(np.ones((1, 3, 4, 2)), fps=0, options=CleaningOptions(smooth='one_euro')), 'positive'),
    (lambda: CleaningOptions(smooth='kalman'), 'none, one_euro, savgol'),
    (lambda: CleaningOptions(min_score=-1), 'min_score'),
    (lambda: CleaningOptions(outlier_window=4), 'odd window'),
    (lambda: CleaningOptions(outlier_window=1), 'odd window'),
    (lambda: CleaningOptions(outlier_window=5, outlier_action='x'), 'median, drop'),
    (lambda: CleaningOptions(outlier_window=5, outlier_sigmas=0), 'sigmas'),
    (lambda: CleaningOptions(max_gap=-1), 'max_gap'),
    (lambda: CleaningOptions(max_gap=3, gap_score=0), 'gap_score'),
    (lambda: CleaningOptions(min_cutoff=0), 'One-Euro'),
    (lambda: CleaningOptions(beta=-1), 'One-Euro'),
    (lambda: CleaningOptions(window=6), 'odd window'),
    (lambda: CleaningOptions(window=3, polyorder=3), 'polynomial'),
])
def test_mistakes_are_told(make, words):
    with pytest.raises(ValueError) as error:
        make()
    assert words in str(error.value)
