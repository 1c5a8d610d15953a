"""The page of ``mmskel check``: the contents of an annotation file and its problems, as one HTML file.

Plots are images inside the page; it needs no network and runs no script.
"""
from __future__ import annotations

import io
import warnings
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmskel.data.checking.clips import ERROR
from mmskel.data.checking.report import ALL, CheckReport, counted
from mmskel.data.checking.splits import split_families, split_role
from mmskel.skeleton import Clip
from mmskel.visualization import palette
from mmskel.visualization.lettering import literal
from mmskel.visualization.page import write_page
from mmskel.visualization.skeleton_drawing import Scene

_MAX_CASES = 500  # cases of a problem; a page with more is slow to open
_MAX_PANELS = 4
_NAMED_CLASSES = 32  # more classes than this are drawn without their names
_TRAIN, _TEST = palette.css(palette.CORRECT_CELL), '#d9822b'
_INK, _MUTED, _LINE = palette.css(palette.INK), palette.css(palette.MUTED), palette.css(palette.LINE)


def write_check_page(report: CheckReport, path: str | Path) -> Path:
    """Writes a report as one HTML file.

    Args:
        report: Report from :func:`mmskel.data.check_file`.
        path: Page to write, ``.html``.

    Returns:
        The path.
    """
    plots = []
    if report.class_counts.get(ALL):
        plots.append(('Clips per class', _encoded(draw_class_counts(report)), 'Number of clips per class and split'))
    if report.lengths:
        plots.append(('Length of clips', _encoded(draw_lengths(report.lengths)), 'Histogram of clip lengths'))
    return write_page(
        path, 'check.html', title=Path(report.path).name, headline=report.verdict, figures=_figures(report),
        problems=report.problems, most_cases=_MAX_CASES, examples=[_example(clip, report) for clip in report.examples],
        plots=plots, tables=[('Splits', *_split_table(report)), ('Subjects', *_subject_table(report))],
        facts=report.facts, counted=counted)


def draw_class_counts(report: CheckReport) -> bytes:
    """A PNG: a panel for each protocol (training and test side by side), or one for the file if it has no splits."""
    labels = report.labels()
    panels = _panels(report)
    named = len(labels) <= _NAMED_CLASSES
    height = max(.26 * len(labels), .9) + .9 if named else 2.6
    figure = _figure(11.3, height)
    grid = figure.subplots(1, len(panels), sharey=named, squeeze=False)[0]
    for axes, (title, parts) in zip(grid, panels):
        start = np.zeros(len(labels))
        for name, colour in parts:
            counts = np.array([report.class_counts[name].get(label, 0) for label in labels])
            text = f'{counts.sum():,} {split_role(name)[1] or "clips"}'
            if named:
                axes.barh(labels, counts, left=start, color=colour, height=.72, label=text)
            else:
                axes.bar(labels, counts, bottom=start, color=colour, width=.85, label=text)
            start += counts
        axes.set_title(literal(title), fontsize=10, color=_INK, loc='left', pad=20, fontweight='bold')
        axes.legend(loc='lower left', bbox_to_anchor=(0, 1), borderaxespad=.1, ncols=2, frameon=False, fontsize=8,
                    labelcolor=_MUTED, handlelength=.8, handletextpad=.5, columnspacing=1.2, borderpad=0)
        _plain_axes(axes, 'x' if named else 'y')
        if named:
            axes.set_yticks(labels, [literal(report.class_name(label)) for label in labels], fontsize=9, color=_INK)
            axes.set_ylim(len(labels) - .4, -.6)
    return _png(figure)


def draw_lengths(lengths: Sequence[int]) -> bytes:
    """A PNG: a histogram of clip lengths, with the median."""
    figure = _figure(11.3, 2.5)
    axes = figure.subplots()
    low, high = min(lengths), max(lengths)
    step = max(int(np.ceil((high - low + 1) / 60)), 1)  # whole frames, at most 60 bars
    axes.hist(lengths, bins=np.arange(low, high + step + 1, step) - .5, color=_TRAIN, rwidth=.86)
    median = float(np.median(lengths))
    axes.axvline(median, color=_TEST, linewidth=1.5)
    axes.annotate(f'median {median:g}', (median, 1), xycoords=('data', 'axes fraction'), xytext=(5, -2),
                  textcoords='offset points', va='top', fontsize=9, color=_TEST)
    axes.set_xlabel('frames', fontsize=9, color=_MUTED)
    axes.set_ylabel('clips', fontsize=9, color=_MUTED)
    _plain_axes(axes, 'y')
    return _png(figure)


def _panels(report: CheckReport) -> list[tuple[str, list[tuple[str, str]]]]:
    """(title, [(split, colour), ...]) for the first protocols with different counts."""
    panels, seen = [], []
    for train, test in split_families([name for name in report.class_counts if name != ALL]):
        counts = report.class_counts[train], report.class_counts[test]
        if counts not in seen:
            seen.append(counts)
            family = split_role(train)[0].replace('*', ' ')
            panels.append((family or 'splits', [(train, _TRAIN), (test, _TEST)]))
    return panels[:_MAX_PANELS] or [(ALL, [(ALL, _TRAIN)])]


def _figure(width: float, height: float):
    """A figure of its own (inches), so that no global state of pyplot is touched."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    figure = Figure(figsize=(width, height), dpi=200, layout='constrained', facecolor='white')
    FigureCanvasAgg(figure)
    return figure


def _plain_axes(axes, grid: str) -> None:
    axes.spines[:].set_visible(False)
    axes.grid(axis=grid, color=_LINE, linewidth=.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=8, labelcolor=_MUTED)
    axes.locator_params(axis=grid, nbins=5, integer=True)


def _png(figure) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', UserWarning)  # characters that the font lacks are drawn as boxes
        figure.savefig(buffer, format='png')
    return buffer.getvalue()


def _encoded(png: bytes) -> str:
    return b64encode(png).decode()


def _example(clip: Clip, report: CheckReport) -> dict[str, Any]:
    """The first, middle and last frame of a clip side by side, and their caption."""
    import cv2
    scene = Scene(clip, (300, 210), turn=0)
    frames = [scene.frame(index) for index in (0, clip.num_frames // 2, clip.num_frames - 1)]
    png = cv2.imencode('.png', np.concatenate(frames, 1)[..., ::-1])[1].tobytes()
    what = 'no label' if clip.label is None else report.class_name(clip.label)
    return dict(id=clip.id, frames=clip.num_frames, what=what, png=_encoded(png))


def _figures(report: CheckReport) -> list[tuple[str, str]]:
    """Numbers and what they count."""
    errors = sum(problem.severity == ERROR for problem in report.problems)
    leaked = {overlap.clip for leak in report.leaks[:1] for overlap in leak.overlaps}
    numbers = [(f'{report.num_clips:,}', 'clips'), (str(len(report.labels())), 'classes'),
               (f'{sum(report.lengths):,}', 'frames'), (str(errors), 'kinds of errors'),
               (str(len(report.problems) - errors), 'kinds of warnings')]
    if leaked:
        leak = report.leaks[0]
        numbers.append((f'{len(leaked)} of {leak.num_test}', f'clips of {leak.test} are in training'))
    return numbers


def _split_table(report: CheckReport) -> tuple[Sequence[str], Sequence[tuple]]:
    """Head and rows."""
    rows = [(name, sum(counts.values()), len(counts), min(counts.values(), default=0), max(counts.values(), default=0))
            for name, counts in report.class_counts.items()]
    head = ('split', 'clips', 'classes', 'fewest per class', 'most per class')
    return head, rows if len(report.class_counts) > 1 else []


def _subject_table(report: CheckReport) -> tuple[Sequence[str], Sequence[tuple]]:
    """Head and rows."""
    subjects = sorted(report.subject_counts.get(ALL, {}), key=lambda s: (s.zfill(9) if s.isdigit() else 'x' + s))
    splits = list(report.subject_counts)[:7]
    return ('subject', *splits), [(subject, *(report.subject_counts[split].get(subject, 0) for split in splits))
                                  for subject in subjects]
