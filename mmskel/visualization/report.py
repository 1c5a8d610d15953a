"""The report of a test: one HTML page that holds everything, and pictures and a table to pass on beside it."""
from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmskel.data.annotation_file import AnnotationFile, clip_id, load_annotation_file
from mmskel.evaluation.results import Results
from mmskel.files.atomic import atomic_path
from mmskel.skeleton import Clip
from mmskel.version import __version__
from mmskel.visualization.animation import animate
from mmskel.visualization.clip_player import Shown, choose_clips, clips_html, clips_json, shown_clips
from mmskel.visualization.confusion import confusion_html, draw_confusion_matrix, labelled_counts, pairs_html
from mmskel.visualization.curves import Curves, curves_html, read_curves
from mmskel.visualization.page import fill, json_for_html, percent, style_and_scripts

_FIGURES = (('top1', 'Top-1'), ('top5', 'Top-5'), ('mean_class', 'Mean class'))
_MOST_MISTAKES = 300  # listed clip by clip


class ClassRow(NamedTuple):
    """How one class fared. Shares are in [0, 1], NaN where there is nothing to divide by.

    Args:
        name: The class.
        clips: Clips of the class.
        correct: Those recognised.
        accuracy: ``correct / clips``.
        precision: Share of the clips taken for this class that belong to it.
        taken_for, taken: The class it is most often mistaken for ('' if none), and how often.
    """
    name: str
    clips: int
    correct: int
    accuracy: float
    precision: float
    taken_for: str
    taken: int


def class_rows(results: Results) -> list[ClassRow]:
    """One row per class, in label order.

    Raises:
        ValueError: If no clip has a label.
    """
    counts, rows = labelled_counts(results), []
    for k, name in enumerate(results.class_names):
        clips, hits, claimed = int(counts[k].sum()), int(counts[k, k]), int(counts[:, k].sum())
        others = counts[k].copy()
        others[k] = 0
        most = int(others.argmax())
        rows.append(ClassRow(name, clips, hits, hits / clips if clips else float('nan'),
                             hits / claimed if claimed else float('nan'),
                             results.class_names[most] if others[most] else '', int(others[most])))
    return rows


def write_report(results: Results, folder: str | Path, *, annotation_file: str | Path | AnnotationFile | None = None,
                 curves: str | Path | Curves | None = None, title: str | None = None,
                 notes: Sequence[str] = ()) -> Path:
    """Writes ``report.html``, ``confusion_matrix.png``, ``per_class.csv`` and, with joints, ``clips.gif``.

    Args:
        results: What the model said; clips without a label are left out.
        folder: Where to write; made if need be.
        annotation_file: The file the clips came from, or its content: shows some clips, right and wrong.
        curves: The training's work directory, or its curves.
        title: Headline; default: the config's name from ``results.meta``.
        notes: What a reader must know, e.g. ``'epoch chosen on the test split'``; shown at the top, as is
            ``results.meta['notes']``.

    Returns:
        The path of ``report.html``.

    Raises:
        ValueError: If no clip has a label, or the annotation file has none of the clips.
    """
    labelled_counts(results)
    folder = Path(folder)
    shown = [] if annotation_file is None else _shown(results, annotation_file)
    if curves is not None and not isinstance(curves, Curves):
        curves = read_curves(curves)
    draw_confusion_matrix(results, folder / 'confusion_matrix.png')
    _write_class_table(results, folder / 'per_class.csv')
    if shown:
        animate([s.clip for s in shown], folder / 'clips.gif', captions=[s.caption for s in shown],
                columns=min(len(shown), 4), size=240)
    page = _page(results, shown, curves, title or _default_title(results), notes)
    with atomic_path(folder / 'report.html') as temporary:
        temporary.write_text(page, encoding='utf-8')
    return folder / 'report.html'


def _shown(results: Results, annotation_file: str | Path | AnnotationFile) -> list[Shown]:
    file = annotation_file if isinstance(annotation_file, AnnotationFile) else load_annotation_file(annotation_file)
    items = {clip_id(item): item for item in file.annotations}
    # Kinetics' files of MMAction2 keep skeletons elsewhere, or as a list that is no clip (frame_inds)
    available = {name for name, item in items.items() if 'keypoint' in item and 'frame_inds' not in item}
    if not items.keys() & set(results.ids):
        raise ValueError(f"'{file.path}' has none of the {len(results.ids)} clips of the results (e.g. "
                         f"'{results.ids[0]}'); give the annotation file that was tested on")
    if not available & set(results.ids):
        return []
    chosen = choose_clips(results, available)
    clips = {name: Clip.from_annotation(items[name], layout=file.layout).check() for name in chosen}
    return shown_clips(results, clips, chosen)


def _default_title(results: Results) -> str:
    config = results.meta.get('config')
    return Path(config).stem if isinstance(config, str) and config else 'Test report'


def _write_class_table(results: Results, path: Path) -> None:
    with atomic_path(path) as temporary, temporary.open('w', newline='', encoding='utf-8') as file:
        table = csv.writer(file)
        table.writerow(('class', 'clips', 'correct', 'accuracy', 'precision', 'most_often_taken_for', 'times'))
        for row in class_rows(results):
            shares = ('' if np.isnan(share) else f'{share:.6f}' for share in (row.accuracy, row.precision))
            table.writerow((row.name, row.clips, row.correct, *shares, row.taken_for, row.taken or ''))


def _page(results: Results, shown: Sequence[Shown], curves: Curves | None, title: str, notes: Sequence[str]) -> str:
    summary = results.summary()
    notes = [*notes, *(note for note in results.meta.get('notes', ()) if note not in notes)]
    split = results.meta.get('split')
    subtitle = ' \u00b7 '.join((*([f'split {escape(str(split))}'] if split else []), f'{summary["n"]:,.0f} clips',
                                f'{len(results.class_names)} classes'))
    drawn = curves_html(curves) if curves is not None else ''
    sections = [
        _card(_figures_html(summary, results)),
        _card(''.join(f'<p>{escape(note)}</p>' for note in notes), 'card notes') if notes else '',
        _card(f'<h2>What was fused</h2>{_members_html(results)}') if results.meta.get('members') else '',
        _card(clips_html(shown)) if shown else '',
        _card(f'<h2>Training</h2>{drawn}') if drawn else '',
        _card(f'<div class="confusion"><div class="whole"><h2>Confusion matrix</h2>{confusion_html(results)}</div>'
              f'<div class="worst"><h2>Most confused</h2>{pairs_html(results)}</div></div>', 'card wide'),
        _card(f'<h2>Classes</h2>{_classes_html(results)}'),
        _mistakes_html(results),
        _card(f'<h2>Where these numbers come from</h2>{_facts_html(results)}'),
    ]
    return fill('report.html', title=escape(title), subtitle=subtitle, sections='\n'.join(filter(None, sections)),
                footer=f'Written by mmskel {__version__}. This page needs no network.',
                clips=json_for_html(clips_json(shown)),
                **style_and_scripts('tables.js', *(['player.js'] if shown else [])))


def _card(body: str, kind: str = 'card') -> str:
    return f'<section class="{kind}">{body}</section>'


def _interval(share: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of n clips."""
    z = 1.959964
    middle, half = share + z * z / (2 * n), z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max((middle - half) / (1 + z * z / n), 0.), min((middle + half) / (1 + z * z / n), 1.)


def _figures_html(summary: dict[str, float], results: Results) -> str:
    low, high = _interval(summary['top1'], summary['n'])
    figures = [f'<div class="figure first"><b>{percent(summary["top1"])}</b><span title="Wilson interval, as if the '
               'clips were a random sample">Top-1 accuracy, 95\u00a0% interval '
               f'{100 * low:.1f} to {100 * high:.1f}</span></div>']
    wanted = [figure for figure in _FIGURES[1:] if figure[0] != 'top5' or len(results.class_names) > 5]
    figures += [f'<div class="figure"><b>{percent(summary[key])}</b><span>{text}</span></div>' for key, text in wanted]
    subsets = [name for name in results.subsets if f'{name}/top1' in summary]
    if not subsets:
        return f'<div class="figures">{"".join(figures)}</div>'
    columns = (_FIGURES[0], *wanted)
    head = ''.join(f'<th class="num">{text}' for _, text in columns)
    rows = ''.join(f'<tr><td>{escape(name)}<td class="num">{summary[f"{name}/n"]:,.0f}'
                   + ''.join(f'<td class="num">{percent(summary[f"{name}/{key}"])}' for key, _ in columns)
                   for name in subsets)
    return (f'<div class="figures">{"".join(figures)}</div><div class="subsets"><table class="plain narrow"><thead><tr>'
            f'<th>Subset<th class="num">Clips{head}</thead><tbody>{rows}</tbody></table></div>')


def member_rows(results: Results) -> tuple[list[str], list[tuple[str, float | None, list[float]]]]:
    """What a fused result and its members reach: for tables.

    Returns:
        The accuracies' names (``'top1'``, ``'clean/top1'``, ...), and rows of name, weight (None in the last row, the
        fused result) and accuracies in [0, 1], NaN where unknown.
    """
    summary, members = results.summary(), results.meta.get('members', [])
    keys = [key for key in summary if key.rpartition('/')[2] == 'top1']
    rows = [(_member_name(member), member['weight'], [member.get(key, float('nan')) for key in keys])
            for member in members]
    return keys, [*rows, ('fused', None, [summary[key] for key in keys])]


def _member_name(member: Mapping[str, Any]) -> str:
    return member.get('member') or member.get('stream') or _fact(Path(member['file']))


def _members_html(results: Results) -> str:
    keys, rows = member_rows(results)
    head = ''.join(f'<th class="num">Top-1{f", {escape(part)}" if part else ""}'
                   for part in (key.rpartition('/')[0] for key in keys))
    body = ''.join(f'<tr><td>{escape(name)}<td class="num">{"" if weight is None else f"{weight:g}"}'
                   + ''.join(f'<td class="num">{percent(value)}' for value in values) for name, weight, values in rows)
    return (f'<table class="plain narrow"><thead><tr><th>Stream<th class="num">Weight{head}</thead>'
            f'<tbody>{body}</tbody></table>')


def _classes_html(results: Results) -> str:
    def share(value: float) -> str:
        return f'data-v="{-1 if np.isnan(value) else round(value, 6)}"'

    rows = ''.join(
        f'<tr><td>{escape(row.name)}<td class="num">{row.clips}'
        f'<td class="bar" {share(row.accuracy)}><b>{percent(row.accuracy, 1)}</b><span class="meter">'
        f'<i style="width:{0 if np.isnan(row.accuracy) else 100 * row.accuracy:.1f}%"></i></span>'
        f'<td class="num" {share(row.precision)}>{percent(row.precision, 1)}'
        f'<td data-v="{row.taken}">{escape(row.taken_for)}{f" ({row.taken})" if row.taken else ""}'
        for row in class_rows(results))
    return ('<div class="scroll"><table class="plain sortable"><thead><tr><th data-sort="text">Class'
            '<th class="num" data-sort="high">Clips<th data-sort="low">Accuracy<th class="num" data-sort="low">'
            f'Precision<th data-sort="high">Most often taken for</thead><tbody>{rows}</tbody></table></div>')


def _mistakes_html(results: Results) -> str:
    predicted = results.scores.argmax(1)
    wrong = [i for i, label in enumerate(results.labels) if label >= 0 and predicted[i] != label]
    if not wrong:
        return ''
    names = results.class_names
    rows = ''.join(f'<tr><td>{escape(results.ids[i])}<td>{escape(names[results.labels[i]])}'
                   f'<td>{escape(names[predicted[i]])}' for i in wrong[:_MOST_MISTAKES])
    more = f'<p class="muted">The first {_MOST_MISTAKES} of {len(wrong):,}; all are in the results file.</p>'
    return _card(f'<details><summary>All mistakes, clip by clip ({len(wrong):,})</summary><div class="scroll">'
                 '<table class="plain sortable"><thead><tr><th data-sort="text">Clip<th data-sort="text">True'
                 f'<th data-sort="text">Predicted</thead><tbody>{rows}</tbody></table></div>'
                 f'{more if len(wrong) > _MOST_MISTAKES else ""}</details>')


def _facts_html(results: Results) -> str:
    facts = ''.join(f'<dt>{escape(str(key).replace("_", " "))}<dd>{escape(_fact(value))}'
                    for key, value in results.meta.items()
                    if key not in ('notes', 'members') and value not in (None, '', [], {}))
    unlabelled = int((results.labels < 0).sum())
    left_out = f'<dt>left out<dd>{unlabelled:,} clips without a true label' if unlabelled else ''
    return f'<dl class="facts">{facts}{left_out}</dl>' if facts or left_out else '<p class="muted">Not recorded.</p>'


def _fact(value) -> str:
    """A value as text; of an absolute path only the last two parts, since reports are passed on."""
    if isinstance(value, (str, Path)):
        path = Path(value)
        return '/'.join(path.parts[-2:]) if path.is_absolute() and len(path.parts) > 2 else str(value)
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)
