"""The page of ``mmskel check``: what an annotation file holds and what is wrong with it, as one HTML file.

Plots are pictures inside the page; it needs no network and runs no script.
"""
from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from mmskel.data.checking.clips import ERROR
from mmskel.data.checking.report import ALL, CheckReport, Problem, counted
from mmskel.data.checking.splits import split_families, split_role
from mmskel.files.atomic import atomic_path
from mmskel.skeleton import Clip
from mmskel.visualization import palette
from mmskel.visualization.page import asset, fill
from mmskel.visualization.skeleton_drawing import Scene

_MAX_CASES = 500  # of a problem; a page with more is slow to open
_MAX_PANELS = 4
_NAMED_CLASSES = 32  # more classes than this are drawn without their names
_TRAIN, _TEST = palette.css(palette.CORRECT_CELL), '#d9822b'
_INK, _MUTED, _LINE = palette.css(palette.INK), palette.css(palette.MUTED), palette.css(palette.LINE)


def write_check_page(report: CheckReport, path: str | Path) -> Path:
    """Writes a report as one HTML file.

    Args:
        report: From :func:`mmskel.data.check_file`.
        path: The page to write; ``.html``.

    Returns:
        The path.
    """
    sections = []
    if report.examples:
        drawn = ''.join(_example(clip, report) for clip in report.examples)
        sections.append(('Examples', f'<div class="clips">{drawn}</div>'
                         '<p class="muted">First, middle and last frame of a clip. Left is blue, right is orange.</p>'))
    if report.class_counts.get(ALL):
        sections.append(('Clips per class', _picture(draw_class_counts(report), 'Number of clips per class and split')))
    if report.lengths:
        sections.append(('Length of clips', _picture(draw_lengths(report.lengths), 'Histogram of clip lengths')))
    cards = ''.join(f'<section class="card"><h2>{title}</h2>{html}</section>' for title, html in sections)
    tables = ''.join(f'<section class="card"><details><summary>{title}</summary>{html}</details></section>'
                     for title, html in (('Splits', _split_table(report)), ('Subjects', _subject_table(report)))
                     if html)
    facts = ''.join(f'<dt>{escape(name)}</dt><dd>{escape(value)}</dd>' for name, value in report.facts.items())
    card = f'<section class="card"><h2>The file</h2><dl class="facts">{facts}</dl></section>' if facts else ''
    page = fill('check.html', title=escape(Path(report.path).name), headline=escape(report.verdict),
                style=asset('report.css'), figures=_figures(report), problems=_problems(report.problems),
                sections=cards + tables + card, footer='Written by mmskel check.')
    with atomic_path(path) as temporary:
        temporary.write_text(page, encoding='utf-8')
    return Path(path)


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
        axes.set_title(title, fontsize=10, color=_INK, loc='left', pad=20, fontweight='bold')
        axes.legend(loc='lower left', bbox_to_anchor=(0, 1), borderaxespad=.1, ncols=2, frameon=False, fontsize=8,
                    labelcolor=_MUTED, handlelength=.8, handletextpad=.5, columnspacing=1.2, borderpad=0)
        _plain_axes(axes, 'x' if named else 'y')
        if named:
            axes.set_yticks(labels, [report.class_name(label) for label in labels], fontsize=9, color=_INK)
            axes.set_ylim(len(labels) - .4, -.6)
    return _png(figure)


def draw_lengths(lengths: Sequence[int]) -> bytes:
    """A PNG: how many clips have how many frames, with the median."""
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
    figure.savefig(buffer, format='png')
    return buffer.getvalue()


def _picture(png: bytes, text: str) -> str:
    return f'<img class="plot" alt="{escape(text)}" src="data:image/png;base64,{b64encode(png).decode()}">'


def _example(clip: Clip, report: CheckReport) -> str:
    """A card with the first, middle and last frame of a clip side by side."""
    import cv2
    scene = Scene(clip, (300, 210), turn=0)
    frames = [scene.frame(index) for index in (0, clip.num_frames // 2, clip.num_frames - 1)]
    png = cv2.imencode('.png', np.concatenate(frames, 1)[..., ::-1])[1].tobytes()
    what = 'no label' if clip.label is None else report.class_name(clip.label)
    return (f'<figure class="clip">{_picture(png, f"skeleton of {clip.id}")}<figcaption><b>{escape(what)}</b>'
            f'<span>{escape(clip.id)}, {counted(clip.num_frames, "frame")}</span></figcaption></figure>')


def _figures(report: CheckReport) -> str:
    errors = sum(problem.severity == ERROR for problem in report.problems)
    leaked = {overlap.clip for leak in report.leaks[:1] for overlap in leak.overlaps}
    numbers = [(f'{report.num_clips:,}', 'clips'), (str(len(report.labels())), 'classes'),
               (f'{sum(report.lengths):,}', 'frames'), (str(errors), 'kinds of errors'),
               (str(len(report.problems) - errors), 'kinds of warnings')]
    if leaked:
        leak = report.leaks[0]
        numbers.append((f'{len(leaked)} of {leak.num_test}', f'clips of {leak.test} are in training'))
    return ''.join(f'<div class="figure{" first" * (place == 0)}"><b>{number}</b><span>{escape(text)}</span></div>'
                   for place, (number, text) in enumerate(numbers))


def _problems(problems: Sequence[Problem]) -> str:
    return ''.join(map(_problem, problems)) or '<p><span class="pill good">fine</span>Nothing was found.</p>'


def _problem(problem: Problem) -> str:
    cases = ''.join(f'<li>{f"<b>{escape(clip)}</b>" if clip else ""}{escape(what)}</li>'
                    for clip, what in problem.details[:_MAX_CASES])
    more = len(problem.details) - _MAX_CASES
    cases += f'<li class="muted">and {more:,} more</li>' if more > 0 else ''
    listing = (f'<details><summary>{counted(len(problem.details), "case")}</summary>'
               f'<ul class="cases">{cases}</ul></details>' if cases else '')
    return (f'<div class="problem"><p><span class="pill {problem.severity}">{problem.severity}</span>'
            f'<b>{escape(problem.kind)}</b></p><p>{escape(problem.message)}</p>{listing}</div>')


def _split_table(report: CheckReport) -> str:
    if len(report.class_counts) < 2:
        return ''
    rows = [(name, sum(counts.values()), len(counts), min(counts.values(), default=0), max(counts.values(), default=0))
            for name, counts in report.class_counts.items()]
    return _table(('split', 'clips', 'classes', 'fewest per class', 'most per class'), rows)


def _subject_table(report: CheckReport) -> str:
    subjects = sorted(report.subject_counts.get(ALL, {}), key=lambda s: (s.zfill(9) if s.isdigit() else 'x' + s))
    splits = list(report.subject_counts)[:7]
    rows = [(subject, *(report.subject_counts[split].get(subject, 0) for split in splits)) for subject in subjects]
    return _table(('subject', *splits), rows) if rows else ''


def _table(head: Sequence[str], rows: Sequence[Sequence]) -> str:
    def cell(tag: str, place: int, value) -> str:
        text = f'{value:,}' if isinstance(value, int) else escape(str(value))
        return f'<{tag}{" class=num" * (place > 0)}>{text}</{tag}>'

    lines = ''.join(f'<tr>{"".join(cell("td", i, value) for i, value in enumerate(row))}</tr>' for row in rows)
    return (f'<div class="scroll"><table class="plain narrow"><thead><tr>'
            f'{"".join(cell("th", i, name) for i, name in enumerate(head))}</tr></thead><tbody>{lines}</tbody></table>'
            '</div>')
