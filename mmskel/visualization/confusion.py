"""Confused classes: the confusion matrix as an image and as an interactive page, and the most confused pairs.

Blue cells are recognised clips, red ones mistakes, both as a share of their row (true class). ``K`` classes.
"""
from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmskel.evaluation.metrics import confusion_matrix
from mmskel.evaluation.results import Results
from mmskel.files.atomic import atomic_path
from mmskel.files.errors import UserError
from mmskel.visualization import palette
from mmskel.visualization.lettering import literal
from mmskel.visualization.page import percent, render, write_page

_COUNTS_UP_TO = 40  # classes; beyond, numbers in cells are too small to be read
_NAMES_UP_TO = 120  # classes that are all named in the image


class Confusion(NamedTuple):
    """One pair of confused classes: how often, and as which share of the true class's clips."""
    truth: str
    predicted: str
    count: int
    share: float


def labelled_counts(results: Results) -> np.ndarray:
    """(K, K) clips by true class (row) and predicted class (column); clips without a label do not count.

    Raises:
        UserError: If no clip has a label.
    """
    known = results.labels >= 0
    if not known.any():
        raise UserError(f'none of the {len(results.ids)} clips has a true label; there is nothing to compare '
                        'predictions with')
    return confusion_matrix(results.scores[known], results.labels[known])


def row_shares(counts: np.ndarray) -> np.ndarray:
    """(K, K) counts -> (K, K) shares of the row in [0, 1]; rows without clips are zeros."""
    total = counts.sum(1, keepdims=True)
    return np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)


def most_confused(results: Results, limit: int = 10) -> list[Confusion]:
    """The most frequent mistakes, most clips first; of equal counts the larger share of the true class first."""
    counts = labelled_counts(results)
    shares, names = row_shares(counts), results.class_names
    wrong = np.argwhere((counts > 0) & ~np.eye(len(counts), dtype=bool))
    order = sorted(wrong.tolist(), key=lambda at: (-counts[tuple(at)], -shares[tuple(at)], at))
    return [Confusion(names[t], names[p], int(counts[t, p]), float(shares[t, p])) for t, p in order[:limit]]


def _colours(counts: np.ndarray) -> np.ndarray:
    """(K, K, 3) uint8 cell colours; rows without clips in a quiet grey."""
    shares = row_shares(counts)
    image = np.array([[palette.cell_colour(share, t == p) for p, share in enumerate(row)]
                      for t, row in enumerate(shares)], np.uint8)
    image[counts.sum(1) == 0] = (244, 245, 247)
    return image


def _shorter(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most - 1].rstrip() + '\u2026'


def draw_confusion_matrix(results: Results, path_png: str | Path) -> Path:
    """Writes the confusion matrix as an image: rows true, columns predicted, coloured by share of the row.

    Up to 40 classes the cells hold the number of clips; above 120 only every second (third, ...) class is named.

    Returns:
        The path.

    Raises:
        UserError: If no clip has a label.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    counts = labelled_counts(results)
    names = [literal(_shorter(' '.join(name.split()), 34)) for name in results.class_names]
    K = len(counts)
    sizes = ((12, .5, 10), (20, .4, 9), (40, .28, 7.5), (70, .19, 7), (np.inf, .125, 6))  # classes, inches, points
    cell, font = next((c, f) for most, c, f in sizes if K <= most)
    every = -(-K // _NAMES_UP_TO)
    side, label = max(K * cell / every, 3.2), .45 + .0082 * font * max(map(len, names))
    width, height = label + side + .35, side + label + 1.15
    figure = Figure((width, height), dpi=160 if K <= 40 else 180, facecolor='white')
    FigureCanvasAgg(figure)
    axes = figure.add_axes((label / width, label / height, side / width, side / height))
    axes.imshow(_colours(counts), interpolation='nearest', aspect='equal')
    ink, muted, line = map(palette.css, (palette.INK, palette.MUTED, palette.LINE))
    axes.set_xticks(range(0, K, every), names[::every], rotation=90, fontsize=font, color=ink)
    axes.set_yticks(range(0, K, every), names[::every], fontsize=font, color=ink)
    axes.tick_params(length=0, pad=3)
    axes.set_xticks(np.arange(0, K + 1, every) - .5, minor=True)
    axes.set_yticks(np.arange(0, K + 1, every) - .5, minor=True)
    axes.grid(which='minor', color='white' if K <= 20 else line, linewidth=1.2 if K <= 20 else .3)
    axes.tick_params(which='minor', length=0)
    axes.spines[:].set_color(line)
    if K <= _COUNTS_UP_TO:
        colours = _colours(counts)
        for t, p in np.argwhere(counts > 0):
            axes.text(p, t, str(counts[t, p]), ha='center', va='center', fontsize=.92 * font,
                      color=palette.css(palette.readable_on(tuple(colours[t, p].tolist()))))
    figure.text(.12 / width, (label + side / 2) / height, 'true', rotation=90, ha='left', va='center',
                fontsize=10, color=muted)
    figure.text((label + side / 2) / width, .1 / height, 'predicted', ha='center', va='bottom', fontsize=10,
                color=muted)
    _head(figure, results, counts, label, width, height)
    with atomic_path(path_png) as temporary, warnings.catch_warnings():
        # letters that matplotlib's font lacks become boxes here; the page has them in the reader's own fonts
        warnings.filterwarnings('ignore', r'Glyph \d+')
        figure.savefig(temporary, format='png')
    return Path(path_png)


def _head(figure, results: Results, counts: np.ndarray, left: float, width: float, height: float) -> None:
    """Title and colour scale above the matrix; lengths in inches."""
    ink, muted = palette.css(palette.INK), palette.css(palette.MUTED)
    clips = int(counts.sum())
    figure.text(left / width, 1 - .42 / height, f'{percent(results.summary()["top1"])} of {clips:,} clips recognised',
                fontsize=13, color=ink, va='baseline')
    ramp = np.linspace(0, 1, 60)
    for place, (correct, text) in enumerate(((True, 'recognised'), (False, 'taken for another class'))):
        x = left + place * 1.55
        bar = figure.add_axes((x / width, 1 - .72 / height, .62 / width, .09 / height))
        bar.imshow(np.array([[palette.cell_colour(s, correct) for s in ramp]], np.uint8), aspect='auto')
        bar.set_axis_off()
        figure.text((x + .68) / width, 1 - .675 / height, text, fontsize=7.5, color=muted, va='center')
    figure.text(left / width, 1 - .9 / height, 'white 0 % to full 100 % of the row', fontsize=7, color=muted)


def confusion_html(results: Results) -> str:
    """The matrix as an HTML table that describes a cell on hover; needs the page's style and scripts."""
    counts = labelled_counts(results)
    K, colours = len(counts), _colours(counts)
    sizes = ((12, 42, 13), (20, 32, 12), (40, 24, 11), (70, 14, 10), (np.inf, 11, 9))  # classes, pixels, pixels
    cell, font = next((c, f) for most, c, f in sizes if K <= most)
    names = [' '.join(name.split()) for name in results.class_names]

    def shown(truth: int, predicted: int) -> dict[str, Any] | None:
        if not counts[truth, predicted]:
            return None
        colour = tuple(colours[truth, predicted].tolist())
        return dict(count=int(counts[truth, predicted]), ground=palette.css(colour),
                    ink=palette.css(palette.readable_on(colour)))

    rows = [(name, int(counts[truth].sum()), [shown(truth, predicted) for predicted in range(K)])
            for truth, name in enumerate(names)]
    ramps = [(_gradient(True), 'recognised'), (_gradient(False), 'taken for another class')]
    return render('matrix.html', names=names, rows=rows, ramps=ramps, cell=cell, font=font,
                  numbers=K <= _COUNTS_UP_TO)


def _gradient(correct: bool) -> list[str]:
    return [palette.css(palette.cell_colour(share, correct)) for share in np.linspace(0, 1, 7)]


def pairs_html(results: Results, limit: int = 12) -> str:
    """The most confused pairs as an HTML list."""
    return render('pairs.html', pairs=most_confused(results, limit))


def write_confusion_page(results: Results, path: str | Path) -> Path:
    """Writes the confusion matrix as one HTML file that needs no network: hover for counts, most confused pairs.

    Returns:
        The path.

    Raises:
        UserError: If no clip has a label.
    """
    headline = f'{percent(results.summary()["top1"])} of {int((results.labels >= 0).sum()):,} clips recognised'
    return write_page(path, 'confusion.html', title='Confusion matrix', headline=headline,
                      matrix=confusion_html(results), pairs=pairs_html(results, 20))
