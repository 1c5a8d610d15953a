"""Training curves: read from a work directory, drawn as SVG.

MMEngine writes one JSON object per line into ``<work_dir>/<time>/vis_data/scalars.json``: training lines have
``loss`` and ``step`` (iterations) and, where training counts epochs, ``epoch``; validation lines have metrics such as
``acc/top1`` and ``step`` (epochs, or iterations where training counts those).
"""
from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmskel.files.errors import UserError
from mmskel.visualization import palette
from mmskel.visualization.page import percent, render

_METRICS = {'acc/top1': 'top-1', 'acc/top5': 'top-5', 'acc/mean_class': 'mean class', 'acc/mean1': 'mean class'}
_WIDTH, _HEIGHT = 560, 300
_MOST_POINTS = 500  # of a line; more could neither be seen nor pointed at
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 34, 34  # margins in SVG units


@dataclass
class Curves:
    """The course of a training. Steps are ``unit``\\ s: epochs, or iterations.

    Args:
        loss_step, loss: (n,) steps and the mean training loss of each.
        metric_step: (m,) steps of the validations.
        metrics: Metric -> (m,) values in [0, 1], e.g. ``acc/top1``; NaN where a validation did not report it.
        unit: ``'epoch'`` or ``'iteration'``.
    """
    loss_step: np.ndarray = field(default_factory=lambda: np.zeros(0))
    loss: np.ndarray = field(default_factory=lambda: np.zeros(0))
    metric_step: np.ndarray = field(default_factory=lambda: np.zeros(0))
    metrics: dict[str, np.ndarray] = field(default_factory=dict)
    unit: str = 'epoch'

    def __post_init__(self):
        self.loss_step, self.loss = np.asarray(self.loss_step, float), np.asarray(self.loss, float)
        self.metric_step = np.asarray(self.metric_step, float)
        self.metrics = {name: np.asarray(values, float) for name, values in self.metrics.items()}
        wrong = [name for name, values in self.metrics.items() if values.shape != self.metric_step.shape]
        if self.loss_step.shape != self.loss.shape or wrong:
            raise UserError(f'curves do not fit together: {len(self.loss_step)} steps for {len(self.loss)} losses, '
                            f'{len(self.metric_step)} validations for {", ".join(wrong) or "the metrics"}')


def read_curves(work_dir: str | Path) -> Curves:
    """Reads the curves of a work directory of MMEngine; several runs (a resumed training) are joined.

    A run replaces everything that was logged from its first step on: a resumed training continues where it
    resumed, and one that started again stands alone.

    Raises:
        FileNotFoundError: If there is no ``vis_data/scalars.json`` below it.
        UserError: If a line is not a JSON object; names file and line.
    """
    files = sorted(Path(work_dir).glob('**/vis_data/scalars.json'))  # run folders are named by time
    if not files:
        raise FileNotFoundError(f"'{work_dir}' holds no vis_data/scalars.json; expected the work_dir of a training, "
                                'which MMEngine fills from its first logged iteration on')
    losses: dict[float, list[float]] = {}
    metrics: dict[float, dict[str, float]] = {}
    by_epoch = False
    for path in files:
        lines = _lines(path)
        trained = [line for line in lines if 'loss' in line]
        by_epoch |= any('epoch' in line for line in trained)
        steps = [float(line['epoch'] if 'epoch' in line else line.get('step', 0)) for line in trained]
        if steps:
            losses = {step: values for step, values in losses.items() if step < min(steps)}
            metrics = {step: values for step, values in metrics.items() if step < min(steps)}
        for step, line in zip(steps, trained):
            losses.setdefault(step, []).append(_number(line['loss']))
        for line in lines:
            found = {name: _number(value) for name, value in line.items() if name.startswith('acc/')}
            if found and 'loss' not in line:
                metrics[float(line.get('step', 0))] = found
    names = sorted({name for found in metrics.values() for name in found})
    return Curves(sorted(losses), [np.mean(losses[step]) for step in sorted(losses)], sorted(metrics),
                  {name: [metrics[step].get(name, np.nan) for step in sorted(metrics)] for name in names},
                  'epoch' if by_epoch or not losses else 'iteration')


def _lines(path: Path) -> list[dict]:
    found = []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
        except json.JSONDecodeError as error:
            raise UserError(f"'{path}', line {number}, is not JSON: {error}") from None
        if not isinstance(line, dict):
            raise UserError(f"'{path}', line {number}: expected a JSON object, found {type(line).__name__}")
        found.append(line)
    return found


def _number(value) -> float:
    return float(value) if isinstance(value, (int, float)) else float('nan')


def curves_html(curves: Curves) -> str:
    """Two drawings side by side, loss and accuracies, as inline SVG; '' if there is nothing to draw."""
    drawings = []
    if np.isfinite(curves.loss).any():
        drawings.append(_drawing('Training loss', curves.unit, [('loss', curves.loss_step, curves.loss, _BLUE)]))
    shown = [(text, name) for name, text in _METRICS.items() if np.isfinite(curves.metrics.get(name, np.nan)).any()]
    if shown:
        lines = [(text, curves.metric_step, curves.metrics[name], colour)
                 for (text, name), colour in zip(shown, (_BLUE, _ORANGE, _GREEN, _GREEN))]
        drawings.append(_drawing('Validation accuracy', curves.unit, lines, share=True))
    return render('curves.html', drawings=drawings) if drawings else ''


_BLUE, _ORANGE, _GREEN = palette.css(palette.CORRECT_CELL), '#d9822b', palette.css(palette.RIGHT)


def _round_step(reach: float, pieces: int) -> float:
    """The smallest of 1, 2, 5 times a power of ten that divides a range into at most ``pieces``."""
    rough = max(reach, 1e-9) / pieces
    power = 10. ** np.floor(np.log10(rough))
    return float(power * next(s for s in (1, 2, 5, 10) if s * power >= rough * .9999))


def _drawing(title: str, unit: str, lines: Sequence[tuple[str, np.ndarray, np.ndarray, str]],
             share: bool = False) -> dict[str, Any]:
    """The drawing of ``curves.html``: lines (name, x (n,), y (n,), colour) over steps, in SVG units.

    Args:
        title, unit: Labels of the drawing.
        lines: Curves to draw.
        share: Whether y is in percent, and the best of the first line is marked.
    """
    x = np.concatenate([line[1] for line in lines])
    y = np.concatenate([line[2] for line in lines])
    low, high = float(np.nanmin(y)), float(np.nanmax(y))
    low = 0. if low < .55 * high or low == high else low
    step = _round_step(high - low, 5)
    bottom, top = np.floor(low / step + 1e-9) * step, np.ceil(high / step - 1e-9) * step
    top = top if top > bottom else bottom + step
    last = max(float(x.max()), 1.)
    first = min(float(x.min()), last - 1)
    right, floor = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def point(at: float, value: float) -> dict[str, Any]:
        return dict(step=at, x=_LEFT + (at - first) / (last - first) * (right - _LEFT),
                    y=floor - (value - bottom) / (top - bottom) * (floor - _TOP),
                    text=percent(value) if share else f'{value:.4g}')

    levels = [bottom + k * step for k in range(int(round((top - bottom) / step)) + 1)]
    tick = max(_round_step(last - first, 8), 1)
    ticks = np.arange(np.ceil(first / tick) * tick, last + 1e-6, tick)
    drawn = []
    for place, (name, steps, values, colour) in enumerate(lines):
        points = [point(at, value) for at, value in zip(steps, values) if np.isfinite(value)]
        drawn.append(dict(name=name, colour=colour, points=points[::-(-len(points) // _MOST_POINTS)],
                          key=right - 96 * (len(lines) - place) + 20))
    best = int(np.nanargmax(lines[0][2]))
    return dict(
        title=title, unit=unit, width=_WIDTH, height=_HEIGHT, left=_LEFT, right=right, bottom=floor,
        grid=palette.css(palette.LINE), lines=drawn,
        levels=[(point(first, value)['y'],
                 percent(value, 0 if step >= .01 else 1) if share else f'{value:.6g}') for value in levels],
        steps=[(point(value, bottom)['x'], f'{value:,.0f}') for value in ticks],
        best=point(lines[0][1][best], lines[0][2][best]) if share else None)
