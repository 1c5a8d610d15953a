"""Training curves: read from a work directory, drawn as SVG.

MMEngine writes one JSON object per line into ``<work_dir>/<time>/vis_data/scalars.json``: training lines have
``loss`` and ``step`` (iterations) and, where training counts epochs, ``epoch``; validation lines have metrics such as
``acc/top1`` and ``step`` (epochs, or iterations where training counts those).
"""
from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import numpy as np

from mmskel.visualization import palette
from mmskel.visualization.page import percent

_METRICS = {'acc/top1': 'top-1', 'acc/top5': 'top-5', 'acc/mean_class': 'mean class', 'acc/mean1': 'mean class'}
_WIDTH, _HEIGHT = 560, 300
_MOST_POINTS = 500  # of a line; more are neither seen nor pointed at
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 34, 34  # margins in SVG units


@dataclass
class Curves:
    """How a training went. Steps are ``unit``\\ s: epochs, or iterations.

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
            raise ValueError(f'curves do not fit together: {len(self.loss_step)} steps for {len(self.loss)} losses, '
                             f'{len(self.metric_step)} validations for {", ".join(wrong) or "the metrics"}')


def read_curves(work_dir: str | Path) -> Curves:
    """Reads the curves of a work directory of MMEngine; several runs (a resumed training) are joined.

    A run takes the place of everything that was logged from its first step on: a resumed training goes on where it
    resumed, and one that began anew stands alone.

    Raises:
        FileNotFoundError: If there is no ``vis_data/scalars.json`` below it.
        ValueError: If a line is no JSON object; names file and line.
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
            raise ValueError(f"'{path}', line {number}, is no JSON: {error}") from None
        if not isinstance(line, dict):
            raise ValueError(f"'{path}', line {number}: expected a JSON object, found {type(line).__name__}")
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
    return f'<div class="curves">{"".join(drawings)}</div>' if drawings else ''


_BLUE, _ORANGE, _GREEN = palette.css(palette.CORRECT_CELL), '#d9822b', palette.css(palette.RIGHT)


def _round_step(reach: float, pieces: int) -> float:
    """The smallest of 1, 2, 5 times a power of ten that cuts a reach into at most ``pieces``."""
    rough = max(reach, 1e-9) / pieces
    power = 10. ** np.floor(np.log10(rough))
    return float(power * next(s for s in (1, 2, 5, 10) if s * power >= rough * .9999))


def _drawing(title: str, unit: str, lines: Sequence[tuple[str, np.ndarray, np.ndarray, str]],
             share: bool = False) -> str:
    """One drawing: lines (name, x (n,), y (n,), colour) over steps; ``share``: y in percent and the best marked."""
    x = np.concatenate([line[1] for line in lines])
    y = np.concatenate([line[2] for line in lines])
    low, high = float(np.nanmin(y)), float(np.nanmax(y))
    low = 0. if low < .55 * high or low == high else low
    step = _round_step(high - low, 5)
    bottom, top = np.floor(low / step + 1e-9) * step, np.ceil(high / step - 1e-9) * step
    top = top if top > bottom else bottom + step
    last = max(float(x.max()), 1.)
    first = min(float(x.min()), last - 1)

    def at(step_: float, value: float) -> tuple[float, float]:
        return (_LEFT + (step_ - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT),
                _HEIGHT - _BOTTOM - (value - bottom) / (top - bottom) * (_HEIGHT - _TOP - _BOTTOM))

    parts = [f'<text class="strong" x="0" y="14">{escape(title)}</text>']
    for k in range(int(round((top - bottom) / step)) + 1):
        value = bottom + k * step
        height = at(first, value)[1]
        parts.append(f'<path d="M{_LEFT} {height:.1f}H{_WIDTH - _RIGHT}" stroke="{palette.css(palette.LINE)}"/>'
                     f'<text x="{_LEFT - 8}" y="{height + 4:.1f}" text-anchor="end">'
                     f'{percent(value, 0 if step >= .01 else 1) if share else f"{value:.6g}"}</text>')
    tick = max(_round_step(last - first, 8), 1)
    for value in np.arange(np.ceil(first / tick) * tick, last + 1e-6, tick):
        parts.append(f'<text x="{at(value, bottom)[0]:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">'
                     f'{value:,.0f}</text>')
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 1}" text-anchor="end">{unit}</text>')
    for place, (name, steps, values, colour) in enumerate(lines):
        parts.append(_line(name, steps, values, colour, at, unit, share))
        if len(lines) > 1:
            right = _WIDTH - _RIGHT - 96 * (len(lines) - place) + 20
            parts.append(f'<path d="M{right} 10h16" stroke="{colour}" stroke-width="2.2"/>'
                         f'<text x="{right + 21}" y="14">{escape(name)}</text>')
    if share:
        parts.append(_best(*lines[0], at=at, unit=unit))
    return (f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)} per {unit}" fill="none">'
            f'{"".join(parts)}</svg>')


def _line(name: str, steps: np.ndarray, values: np.ndarray, colour: str, at, unit: str, share: bool) -> str:
    points = [(step, value, *at(step, value)) for step, value in zip(steps, values) if np.isfinite(value)]
    points = points[::-(-len(points) // _MOST_POINTS)]
    path = 'M' + 'L'.join(f'{x:.1f} {y:.1f}' for _, _, x, y in points)
    # wide invisible dots make the values of single steps easy to point at
    tips = ''.join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7" fill="transparent"><title>{unit} {step:g}, '
                   f'{escape(name)}: {percent(value) if share else f"{value:.4g}"}</title></circle>'
                   for step, value, x, y in points)
    _, _, x, y = points[0]
    single = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' if len(points) == 1 else ''
    return f'<path d="{path}" stroke="{colour}" stroke-width="2" stroke-linejoin="round"/>{single}{tips}'


def _best(name: str, steps: np.ndarray, values: np.ndarray, colour: str, at, unit: str) -> str:
    place = int(np.nanargmax(values))
    x, y = at(steps[place], values[place])
    anchor = 'end' if x > _WIDTH / 2 else 'start'
    text = f'best {name} {percent(values[place])}, {unit} {steps[place]:g}'
    return (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}" stroke="#fff" stroke-width="1.5"/>'
            f'<text class="strong" x="{x:.1f}" y="{y + 24:.1f}" text-anchor="{anchor}" stroke="#fff" stroke-width="4" '
            f'paint-order="stroke">{escape(text)}</text>')
