"""Joint angles over time as one figure: left and right together, the plausible range shaded."""
from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmskel.files.atomic import atomic_path
from mmskel.files.errors import UserError
from mmskel.visualization import palette
from mmskel.visualization.lettering import literal

_COLUMNS = 5
_SIDES = {'r': ('right', (236, 146, 50)), 'l': ('left', (62, 136, 208))}
SUFFIXES = ('.png', '.svg', '.pdf')


def draw_angle_curves(path: str | Path, angles: np.ndarray, names: Sequence[str], fps: float,
                      limits: np.ndarray | None = None, known: np.ndarray | None = None, title: str = '') -> Path:
    """Draws the angles of one person, in degrees; angles whose names differ in side alone share a panel.

    Args:
        path: Image to write, ``.png``, ``.svg`` or ``.pdf``.
        angles: (T, A) in radians.
        names: Names of the angles; parts ``l`` and ``r``, or ``left`` and ``right``, are sides: ``knee_flexion_r``,
            ``left_knee``.
        fps: Frames per second.
        limits: (A, 2) plausible range of each in radians, infinite where there is none; default: none are drawn.
        known: (T,) bool, frames that have angles; default: all.
        title: Title above the figure.

    Returns:
        The path.

    Raises:
        UserError: Arrays that do not fit together, or a suffix that cannot be written.
    """
    path, angles = Path(path), np.degrees(np.asarray(angles, float))
    if angles.ndim != 2 or angles.shape[1] != len(names) or not angles.size \
            or limits is not None and np.shape(limits) != (len(names), 2):
        raise UserError(f'angles have shape {angles.shape} for {len(names)} names; expected (T, A), A names and (A, 2) '
                        'limits')
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"cannot draw angles to '{path}'; expected a name that ends in {', '.join(SUFFIXES)}")
    if known is not None:
        angles[~np.asarray(known, bool)] = np.nan
    panels: dict[str, list[tuple[str, int]]] = {}
    for place, name in enumerate(names):
        title_of, side = _side_of(name)
        panels.setdefault(title_of, []).append((side, place))
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    rows, time = -(-len(panels) // _COLUMNS), np.arange(len(angles)) / fps
    with matplotlib.rc_context({'font.size': 8}), warnings.catch_warnings():
        warnings.simplefilter('ignore')  # names in a script that the font lacks
        figure = Figure(figsize=(2.6 * _COLUMNS, 1.7 * rows + .9), dpi=110, layout='constrained')
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
        for axis, (panel, lines) in zip(axes, panels.items()):
            for side, place in lines:
                colour = _rgb(_SIDES[side][1] if side else (76, 87, 102))
                if limits is not None:
                    _shade(axis, np.degrees(limits[place]), angles[:, [one for _, one in lines]], colour)
                axis.plot(time, angles[:, place], color=colour, linewidth=1.4)
            axis.set_title(literal(panel.replace('_', ' ')), fontsize=8, color=_rgb(palette.INK))
            axis.grid(color=_rgb(palette.LINE), linewidth=.6)
            axis.spines[['top', 'right']].set_visible(False)
            axis.set_xlim(0, max(time[-1], 1 / fps))
        for axis in axes[len(panels):]:
            axis.set_axis_off()
        figure.supxlabel('seconds')
        figure.supylabel('degrees')
        ranges = '; shaded: the plausible range' if limits is not None else ''
        figure.suptitle(literal(f'{title}   left blue, right orange{ranges}'.strip()), fontsize=10)
        with atomic_path(path) as temporary:
            figure.savefig(temporary)
    return path


def _side_of(name: str) -> tuple[str, str]:
    """``('knee angle', 'r')`` of ``'knee_angle_r'``; '' for an angle of the midline."""
    for letter in _SIDES:
        if f'_{letter}_' in f'{name}_':  # knee_flexion_r, shoulder_r_x
            return f'{name}_'.replace(f'_{letter}_', '_', 1).rstrip('_'), letter
    for side, (word, _) in _SIDES.items():
        if f'{word}_' in name:
            return name.replace(f'{word}_', ''), side
    return name, ''


def _shade(axis, limits: np.ndarray, values: np.ndarray, colour) -> None:
    """A band between two limits; one that is open, or far from the curves, ends at the panel's edge."""
    low, high = limits
    if np.isfinite(limits).all():
        axis.axhspan(low, high, color=colour, alpha=.08, linewidth=0)
    shown = values[np.isfinite(values)]
    near = np.concatenate([shown, [0.]])
    room = max(np.ptp(near) * .15, 5)
    axis.set_ylim(near.min() - room, near.max() + room)


def _rgb(colour: palette.Colour) -> tuple[float, ...]:
    return tuple(part / 255 for part in colour)
