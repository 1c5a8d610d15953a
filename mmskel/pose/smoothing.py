"""Smoothing of joint coordinates over time, within runs of frames in which a joint is present.

A missing joint (score 0, or all coordinates 0) stays as it is and ends a run: nothing is smoothed across it, so the
zeros that stand for "missing" never affect a real joint. Fill short gaps first if the run should continue across them.
"""
from __future__ import annotations

import numpy as np
from scipy.signal import savgol_filter

from mmskel.files.errors import UserError
from mmskel.skeleton.runs import runs


def present_joints(keypoint: np.ndarray, score: np.ndarray) -> np.ndarray:
    """(M, T, V, C) and (M, T, V) -> (M, T, V) bool: score above 0 and any coordinate not 0."""
    return (score > 0) & (keypoint != 0).any(-1)


def smooth_one_euro(keypoint: np.ndarray, score: np.ndarray, fps: float, min_cutoff: float = 1.0, beta: float = 0.007,
                    d_cutoff: float = 1.0) -> np.ndarray:
    """One-Euro filter: a low-pass filter whose cut-off rises with speed; joints at rest are steadied, fast ones lag
    little.

    Casiez, Roussel, Vogel, CHI 2012, algorithm 1: ``alpha(f) = 1 / (1 + fps / (2 pi f))``;
    ``speed <- low-pass((x - last filtered x) fps)`` with the cut-off ``d_cutoff``, 0 in the first frame of a run;
    ``filtered x <- low-pass(x)`` with the cut-off ``min_cutoff + beta |speed|``. Causal, so it delays.

    Args:
        keypoint: (M, T, V, C) float32.
        score: (M, T, V) float32.
        fps: Frames per second.
        min_cutoff: Cut-off of a joint at rest in Hz; lower: calmer.
        beta: Slope in Hz per (unit of the coordinates per second); higher: less lag. Coordinates in pixels: 0.001 to
            0.05; in metres a hundred times that and more.
        d_cutoff: Cut-off for the speed in Hz.

    Returns:
        (M, T, V, C) float32; a run begins with its own first value.

    Raises:
        UserError: If ``fps`` or a cut-off is not positive, or ``beta`` is negative.
    """
    if not (fps and fps > 0 and min_cutoff > 0 and d_cutoff > 0 and beta >= 0):
        raise UserError(f'fps = {fps}, min_cutoff = {min_cutoff}, d_cutoff = {d_cutoff}, beta = {beta}; One-Euro '
                        'needs positive numbers (beta may be 0)')
    out = np.array(keypoint, np.float32)
    present = present_joints(out, score)[..., None]
    per_turn = np.float32(fps / (2 * np.pi))
    alpha_speed = np.float32(1 / (1 + fps / (2 * np.pi * d_cutoff)))
    speed = np.float32(0)
    for t in range(1, out.shape[1]):
        goes_on = present[:, t] & present[:, t - 1]
        last, now = out[:, t - 1], out[:, t]
        speed = np.where(goes_on, alpha_speed * (now - last) * np.float32(fps) + (1 - alpha_speed) * speed, 0)
        alpha = 1 / (1 + per_turn / (np.float32(min_cutoff) + np.float32(beta) * np.abs(speed)))
        out[:, t] = np.where(goes_on, alpha * now + (1 - alpha) * last, now)
    return out


def smooth_savgol(keypoint: np.ndarray, score: np.ndarray, window: int = 7, polyorder: int = 2) -> np.ndarray:
    """Savitzky-Golay filter: the value of a polynomial fitted to the frames around; without delay, keeps peaks.

    Savitzky, Golay, Analytical Chemistry 1964, as :func:`scipy.signal.savgol_filter` with ``mode='interp'``: near the
    ends of a run the polynomial of the outermost window is evaluated. A run shorter than the window gets the longest
    odd window that fits, and is left alone if that is not longer than ``polyorder + 1``.

    Args:
        keypoint: (M, T, V, C) float32.
        score: (M, T, V) float32.
        window: Number of frames, odd.
        polyorder: Degree of the polynomial, below ``window``.

    Returns:
        (M, T, V, C) float32.

    Raises:
        UserError: If ``window`` is even or not above ``polyorder``, or ``polyorder`` is negative.
    """
    if window % 2 == 0 or not 0 <= polyorder < window:
        raise UserError(f'window = {window}, polyorder = {polyorder}; Savitzky-Golay needs an odd window longer than '
                        'the degree of its polynomial, which is at least 0')
    out = np.array(keypoint, np.float32)
    present = present_joints(out, score)
    for person, there in zip(out, present):
        joints_of: dict[tuple[int, int], list[int]] = {}
        for v in range(there.shape[1]):
            for run in runs(there[:, v]):
                joints_of.setdefault(run, []).append(v)
        for (start, stop), joints in joints_of.items():
            fits = min(window, (stop - start - 1) // 2 * 2 + 1)
            if fits > polyorder + 1:
                person[start:stop, joints] = savgol_filter(person[start:stop, joints], fits, polyorder, axis=0)
    return out
