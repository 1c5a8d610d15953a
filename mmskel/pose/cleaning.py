"""Offline cleaning of tracked skeletons; every step is optional, a pure function, and off by default.

The order is fixed (:class:`CleaningOptions`): doubtful joints go first, so that they count neither as neighbours nor
as the ends of gaps; gaps are filled before smoothing, so that smoothing can run through them. A joint is missing where
its score or all its coordinates are 0. Arrays are float32 throughout; the arguments are never changed.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmskel.files.errors import UserError
from mmskel.pose.smoothing import present_joints, smooth_one_euro, smooth_savgol
from mmskel.skeleton.clip import derived_score

SMOOTHERS = ('none', 'one_euro', 'savgol')
OUTLIER_ACTIONS = ('median', 'drop')
MAD_TO_SIGMA = 1.4826  # median absolute deviation -> standard deviation of a normal distribution
MIN_WINDOW = 3  # present frames a window needs for a decision


def drop_low_scores(keypoint: np.ndarray, score: np.ndarray, min_score: float) -> tuple[np.ndarray, np.ndarray]:
    """(M, T, V, C), (M, T, V) -> the same; joints with a score below ``min_score`` are zero, their score too."""
    return _without(keypoint, score, score < min_score)


def _without(keypoint: np.ndarray, score: np.ndarray, gone: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.where(gone[..., None], np.float32(0), keypoint), np.where(gone, np.float32(0), score)


def reject_outliers(keypoint: np.ndarray, score: np.ndarray, window: int = 7, sigmas: float = 3.0,
                    action: str = 'median') -> tuple[np.ndarray, np.ndarray]:
    """Hampel filter per joint and coordinate: is a value far from the median of its window?

    Hampel, JASA 1974; Pearson et al., EURASIP 2016: outlier where ``|x - median| > sigmas 1.4826 MAD``, MAD the
    median of ``|x - median|`` in the window. The window is centred, cut off at the ends of the clip, and holds only
    frames in which the joint is present; with fewer than three of them nothing is an outlier.

    Args:
        keypoint: (M, T, V, C) float32.
        score: (M, T, V) float32.
        window: Number of frames, odd, at least 3.
        sigmas: Number of standard deviations, above 0.
        action: ``'median'``: the outlying coordinate becomes the median, the score stays. ``'drop'``: the joint
            becomes missing.

    Raises:
        UserError: If an argument is out of range.
    """
    if window < 3 or window % 2 == 0 or not sigmas > 0 or action not in OUTLIER_ACTIONS:
        raise UserError(f"outlier window = {window}, sigmas = {sigmas}, action = '{action}'; expected an odd window "
                        f'of at least 3, sigmas above 0, one of {", ".join(OUTLIER_ACTIONS)}')
    present = present_joints(keypoint, score)
    median = np.array(keypoint, np.float32)
    outlier = np.zeros(keypoint.shape, bool)
    half = window // 2
    for m in range(len(keypoint) if keypoint.shape[1] else 0):  # one person at a time bounds the memory
        values = np.where(present[m, ..., None], keypoint[m], np.float32(np.nan))
        values = np.pad(values, ((half, half), (0, 0), (0, 0)), constant_values=np.nan)
        around = np.lib.stride_tricks.sliding_window_view(values, window, axis=0)  # (T, V, C, window)
        median[m] = _median(around)
        spread = _median(np.abs(around - median[m, ..., None]))
        judged = present[m] & ((~np.isnan(around[:, :, 0])).sum(-1) >= MIN_WINDOW)
        far = np.abs(keypoint[m] - median[m]) > np.float32(sigmas * MAD_TO_SIGMA) * spread
        outlier[m] = judged[..., None] & far
    if action == 'drop':
        return _without(keypoint, score, outlier.any(-1))
    return np.where(outlier, median, keypoint), np.array(score, np.float32)


def _median(values: np.ndarray) -> np.ndarray:
    """Median over the last axis without the NaN; 0 where there is nothing else."""
    count = (~np.isnan(values)).sum(-1, keepdims=True)
    values = np.sort(values, -1)  # NaN last
    low = np.take_along_axis(values, np.maximum(count - 1, 0) // 2, -1)
    high = np.take_along_axis(values, count // 2, -1)
    return np.where(count > 0, (low + high) / 2, np.float32(0))[..., 0]


def fill_gaps(keypoint: np.ndarray, score: np.ndarray, max_gap: int, gap_score: float = 0.5
              ) -> tuple[np.ndarray, np.ndarray]:
    """Joints that are missing for at most ``max_gap`` frames between two present ones are interpolated linearly.

    Args:
        keypoint: (M, T, V, C) float32.
        score: (M, T, V) float32.
        max_gap: Longest gap in frames, at least 0.
        gap_score: Factor of a filled joint's score, which multiplies the lower of the scores at the two ends; above 0,
            as 0 would mark it as missing again, and at most 1.

    Raises:
        UserError: If an argument is out of range.
    """
    if max_gap < 0 or not 0 < gap_score <= 1:
        raise UserError(f'max_gap = {max_gap}, gap_score = {gap_score}; expected max_gap of at least 0 and gap_score '
                        'above 0, at most 1')
    present = present_joints(keypoint, score)
    T = keypoint.shape[1]
    frame = np.arange(T)[:, None]
    before = np.maximum.accumulate(np.where(present, frame, -1), 1)
    after = np.minimum.accumulate(np.where(present, frame, T)[:, ::-1], 1)[:, ::-1]
    m, t, v = np.nonzero(~present & (before >= 0) & (after < T) & (after - before - 1 <= max_gap))
    start, stop = before[m, t, v], after[m, t, v]
    share = ((t - start) / np.maximum(stop - start, 1)).astype(np.float32)[:, None]
    keypoint, score = np.array(keypoint, np.float32), np.array(score, np.float32)
    keypoint[m, t, v] = (1 - share) * keypoint[m, start, v] + share * keypoint[m, stop, v]
    score[m, t, v] = np.float32(gap_score) * np.minimum(score[m, start, v], score[m, stop, v])
    return keypoint, score


@dataclass(frozen=True)
class CleaningOptions:
    """The steps of :func:`clean`, in this order; the defaults do nothing.

    Args:
        min_score: 1. Joints with a lower score become missing. 0: off.
        outlier_window: 2. Frames of the Hampel filter's window, odd. 0: off.
        outlier_sigmas: Standard deviations from the window's median beyond which a coordinate is an outlier.
        outlier_action: ``'median'`` puts the median in the coordinate's place, ``'drop'`` makes the joint missing.
        max_gap: 3. Gaps of at most this many frames are filled by linear interpolation. 0: off.
        gap_score: Factor of a filled joint's score, which multiplies the lower of the scores at the gap's two ends.
        smooth: 4. ``'none'``, ``'one_euro'`` or ``'savgol'``.
        min_cutoff: One-Euro: cut-off at rest, Hz.
        beta: One-Euro: Hz per (unit per second).
        d_cutoff: One-Euro: cut-off for the speed, Hz.
        window: Savitzky-Golay: frames, odd.
        polyorder: Savitzky-Golay: degree of the polynomial.

    Raises:
        UserError: If a value is out of range.
    """
    min_score: float = 0.0
    outlier_window: int = 0
    outlier_sigmas: float = 3.0
    outlier_action: str = 'median'
    max_gap: int = 0
    gap_score: float = 0.5
    smooth: str = 'none'
    min_cutoff: float = 1.0
    beta: float = 0.007
    d_cutoff: float = 1.0
    window: int = 7
    polyorder: int = 2

    def __post_init__(self):
        if self.smooth not in SMOOTHERS:
            raise UserError(f"smooth is '{self.smooth}'; expected one of {', '.join(SMOOTHERS)}")
        if self.min_score < 0:
            raise UserError(f'min_score is {self.min_score}; expected a number not below 0')
        # every step checks its own arguments
        one = np.ones((1, 1, 1, 2), np.float32), np.ones((1, 1, 1), np.float32)
        if self.outlier_window:
            reject_outliers(*one, self.outlier_window, self.outlier_sigmas, self.outlier_action)
        fill_gaps(*one, self.max_gap, self.gap_score)
        smooth_one_euro(*one, 1.0, self.min_cutoff, self.beta, self.d_cutoff)
        smooth_savgol(*one, self.window, self.polyorder)

    @property
    def steps(self) -> tuple[str, ...]:
        """Names of the steps that are on, in order; () by default."""
        named = (('threshold', self.min_score > 0), ('outliers', self.outlier_window > 0), ('gaps', self.max_gap > 0),
                 (self.smooth, self.smooth != 'none'))
        return tuple(name for name, on in named if on)


def clean(keypoint: np.ndarray, score: np.ndarray | None = None, fps: float | None = None,
          options: CleaningOptions = CleaningOptions()) -> tuple[np.ndarray, np.ndarray]:
    """Cleaned copies of a clip's arrays.

    Args:
        keypoint: (M, T, V, C), C = 2 or 3; missing joints are zeros.
        score: (M, T, V), 0 where missing. Default: 1 where a joint is not zero.
        fps: Frames per second; only One-Euro needs it.
        options: Steps to apply.

    Returns:
        (M, T, V, C) and (M, T, V) float32.

    Raises:
        UserError: If a shape is wrong, a value is not finite, or One-Euro is asked for without ``fps``.

    Example:
        >>> keypoint = np.ones((1, 9, 17, 2), np.float32)
        >>> keypoint[0, 4, 9] = 0  # a joint that is missing in one frame
        >>> cleaned, score = clean(keypoint, options=CleaningOptions(max_gap=2))
        >>> cleaned[0, 4, 9].tolist(), float(score[0, 4, 9])
        ([1.0, 1.0], 0.5)
    """
    keypoint = np.array(keypoint, np.float32)
    if keypoint.ndim != 4 or keypoint.shape[-1] not in (2, 3):
        raise UserError(f'keypoint has shape {keypoint.shape}; expected (M, T, V, C) = persons, frames, joints, '
                        '2 or 3 coordinates')
    score = derived_score(keypoint) if score is None else np.array(score, np.float32)
    if score.shape != keypoint.shape[:3]:
        raise UserError(f'score has shape {score.shape}; expected {keypoint.shape[:3]} like keypoint')
    if not (np.isfinite(keypoint).all() and np.isfinite(score).all()):
        raise UserError('keypoint or score holds NaN or infinity; write missing joints as zeros with score 0')
    if options.smooth == 'one_euro' and fps is None:
        raise UserError('One-Euro smoothing needs fps, the frames per second; Savitzky-Golay does not')
    o = options
    if o.min_score > 0:
        keypoint, score = drop_low_scores(keypoint, score, o.min_score)
    if o.outlier_window:
        keypoint, score = reject_outliers(keypoint, score, o.outlier_window, o.outlier_sigmas, o.outlier_action)
    if o.max_gap:
        keypoint, score = fill_gaps(keypoint, score, o.max_gap, o.gap_score)
    if o.smooth == 'one_euro':
        keypoint = smooth_one_euro(keypoint, score, fps, o.min_cutoff, o.beta, o.d_cutoff)
    elif o.smooth == 'savgol':
        keypoint = smooth_savgol(keypoint, score, o.window, o.polyorder)
    return keypoint, score
