"""The report of a test: one HTML page that holds everything, and beside it images and a table to share."""
from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmskel.data.annotation_file import AnnotationFile
from mmskel.data.store import AnnotationStore, open_store
from mmskel.evaluation.results import Results
from mmskel.files.atomic import atomic_path
from mmskel.files.errors import UserError
from mmskel.files.text import csv_cell
from mmskel.version import __version__
from mmskel.visualization.animation import animate
from mmskel.visualization.clip_player import Shown, choose_clips, clips_html, clips_json, shown_clips
from mmskel.visualization.confusion import confusion_html, draw_confusion_matrix, labelled_counts, pairs_html
from mmskel.visualization.curves import Curves, curves_html, read_curves
from mmskel.visualization.page import write_page

_FIGURES = (('top1', 'Top-1'), ('top5', 'Top-5'), ('mean_class', 'Mean class'))
_MOST_MISTAKES = 300  # listed clip by clip


class ClassRow(NamedTuple):
    """The results of one class. Shares are in [0, 1], NaN where there is nothing to divide by.

    Args:
        name: Name of the class.
        clips: Number of clips of the class.
        correct: Number of correctly recognised clips.
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
        UserError: If no clip has a label.
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
        results: Results of the model; clips without a label are left out.
        folder: Folder to write to; created if necessary.
        annotation_file: Annotation file the clips came from, or its content; some clips, right and wrong, are shown.
        curves: The training's work directory, or its curves.
        title: Headline; default: the config's name from ``results.meta``.
        notes: Facts a reader must know, e.g. ``'epoch chosen on the test split'``; shown at the top, as is
            ``results.meta['notes']``.

    Returns:
        The path of ``report.html``.

    Raises:
        UserError: If no clip has a label, or the annotation file has none of the clips.
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
    return write_page(folder / 'report.html', 'report.html', title=title or _default_title(results),
                      curves=curves_html(curves) if curves is not None else '',
                      players=clips_html(shown) if shown else '', clips=clips_json(shown), **_values(results, notes))


def _shown(results: Results, annotation_file: str | Path | AnnotationFile) -> list[Shown]:
    store = AnnotationStore(annotation_file) if isinstance(annotation_file, AnnotationFile) else \
        open_store(annotation_file)
    rows = {name: row for row, name in enumerate(store.ids)}
    if not rows.keys() & set(results.ids):
        raise UserError(f"'{store.path}' has none of the {len(results.ids)} clips of the results (e.g. "
                        f"'{results.ids[0]}'); give the annotation file that was tested on")
    available = {name for name in results.ids if name in rows and store.has_clip(rows[name])}
    if not available:
        return []
    chosen = choose_clips(results, available)
    clips = {name: store.clip(rows[name]).check() for name in chosen}
    return shown_clips(results, clips, chosen)


def _default_title(results: Results) -> str:
    config = results.meta.get('config')
    return Path(config).stem if isinstance(config, str) and config else 'Test report'


def _write_class_table(results: Results, path: Path) -> None:
    with atomic_path(path) as temporary, temporary.open(
            'w', newline='', encoding='utf-8', errors='backslashreplace') as file:
        table = csv.writer(file)
        table.writerow(('class', 'clips', 'correct', 'accuracy', 'precision', 'most_often_taken_for', 'times'))
        for row in class_rows(results):
            shares = ('' if np.isnan(share) else f'{share:.6f}' for share in (row.accuracy, row.precision))
            table.writerow((csv_cell(row.name), row.clips, row.correct, *shares, csv_cell(row.taken_for),
                            row.taken or ''))


def _values(results: Results, notes: Sequence[str]) -> dict[str, Any]:
    """The part of ``report.html`` about results, apart from the players and the curves."""
    summary, K = results.summary(), len(results.class_names)
    split = results.meta.get('split')
    headline = (*([f'split {split}'] if split else []), f'{summary["n"]:,.0f} clips', f'{K} classes')
    figures = [figure for figure in _FIGURES if figure[0] != 'top5' or K > 5]
    subsets = [dict(name=name, clips=summary[f'{name}/n'], shares=[summary[f'{name}/{key}'] for key, _ in figures])
               for name in results.subsets if f'{name}/top1' in summary]
    mistakes = _mistakes(results)
    return dict(
        headline=' \u00b7 '.join(headline), summary=summary, figures=figures, subsets=subsets,
        interval=_interval(summary['top1'], summary['n']),
        notes=[*notes, *(note for note in results.meta.get('notes', ()) if note not in notes)],
        members=_members(results), matrix=confusion_html(results), pairs=pairs_html(results),
        classes=class_rows(results), mistakes=mistakes[:_MOST_MISTAKES], num_mistakes=len(mistakes),
        facts=_facts(results), version=__version__)


def _interval(share: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of n clips."""
    from scipy.stats import binomtest  # takes most of a second to import
    interval = binomtest(round(share * n), int(n)).proportion_ci(method='wilson')
    return float(interval.low), float(interval.high)


def member_rows(results: Results) -> tuple[list[str], list[tuple[str, float | None, list[float]]]]:
    """The accuracies of a fused result and its members, for tables.

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


def _members(results: Results) -> dict[str, Any] | None:
    if not results.meta.get('members'):
        return None
    keys, rows = member_rows(results)
    return dict(parts=[key.rpartition('/')[0] for key in keys], rows=rows)


def _mistakes(results: Results) -> list[tuple[str, str, str]]:
    """(clip, true class, predicted class) of every clip that was not recognised."""
    predicted, names = results.scores.argmax(1), results.class_names
    return [(results.ids[i], names[label], names[predicted[i]]) for i, label in enumerate(results.labels)
            if label >= 0 and predicted[i] != label]


def _facts(results: Results) -> list[tuple[str, str]]:
    """The origin of the numbers: name and text."""
    facts = [(str(key).replace('_', ' '), _fact(value)) for key, value in results.meta.items()
             if key not in ('notes', 'members') and value not in (None, '', [], {})]
    unlabelled = int((results.labels < 0).sum())
    return facts + ([('left out', f'{unlabelled:,} clips without a true label')] if unlabelled else [])


def _fact(value) -> str:
    """A value as text; of an absolute path only the last two parts, since reports are shared."""
    if isinstance(value, (str, Path)):
        path = Path(value)
        return '/'.join(path.parts[-2:]) if path.is_absolute() and len(path.parts) > 2 else str(value)
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)
