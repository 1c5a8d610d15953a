"""Predictions by clip id, never by position."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmskel.evaluation.metrics import mean_class_accuracy, top_k_accuracy
from mmskel.files.atomic import atomic_path
from mmskel.files.errors import UserError
from mmskel.files.tables import TableError, read_text


class ResultsError(UserError):
    """Results that do not belong together, or a file of results that cannot be read."""


@dataclass
class Results:
    """The predictions of a model for n clips of K classes.

    Args:
        ids: Ids of the n clips.
        scores: (n, K) float32 that sum to 1; the highest is the prediction. Probabilities, unless ``meta['score']``
            says otherwise.
        labels: (n,) true classes; -1 where unknown.
        class_names: Names of the K classes.
        meta: Origin of the numbers: ``config``, ``checkpoint``, ``split``, ``score``, ``seed``, ...
        subsets: Name -> clip ids of part of the clips, reported on its own (e.g. N-UCLA's ``clean``).
        logits: (n, K) float32, the network's raw scores, averaged over the views of a clip; None where unknown.

    Example:
        >>> results = Results(['a', 'b'], np.array([[.9, .1], [.6, .4]]), np.array([0, 1]), ['wave', 'kick'])
        >>> results.summary()['top1'], results.only({'b'}).ids
        (0.5, ['b'])
    """
    ids: list[str]
    scores: np.ndarray
    labels: np.ndarray
    class_names: list[str]
    meta: dict[str, Any] = field(default_factory=dict)
    subsets: dict[str, list[str]] = field(default_factory=dict)
    logits: np.ndarray | None = None

    def __post_init__(self):
        self.scores, self.labels = np.asarray(self.scores, np.float32), np.asarray(self.labels, np.int64)
        if self.scores.ndim != 2 or len(self.ids) != len(self.scores) or len(self.ids) != len(self.labels):
            raise ResultsError(f'{len(self.ids)} ids, scores {self.scores.shape} and {len(self.labels)} labels do not '
                               'belong together; expected n ids, (n, K) scores, n labels')
        if len(set(self.ids)) != len(self.ids):
            raise ResultsError('clip ids occur twice; results are kept by id')
        if len(self.class_names) != self.scores.shape[1]:
            raise ResultsError(f'{len(self.class_names)} class names for {self.scores.shape[1]} classes')
        if self.logits is not None:
            self.logits = np.asarray(self.logits, np.float32)
            if self.logits.shape != self.scores.shape:
                raise ResultsError(f'logits {self.logits.shape} for scores {self.scores.shape}')
        for what, values in (('scores', self.scores), ('logits', self.logits)):
            bad = np.zeros(0, bool) if values is None else ~np.isfinite(values).all(1)
            if bad.any():
                raise ResultsError(f"the {what} of {int(bad.sum())} of {len(self.ids)} clips are NaN or infinite "
                                   f"(first: clip '{self.ids[int(bad.argmax())]}'): the network's weights or its "
                                   'input are not finite')

    def only(self, ids: set[str]) -> Results:
        """The results of some clips, in the same order."""
        return self.in_order([name for name in self.ids if name in ids])

    def in_order(self, ids: Sequence[str]) -> Results:
        """The results of these clips, in this order, without subsets; KeyError for an id that is not here."""
        row = {name: i for i, name in enumerate(self.ids)}
        keep = [row[name] for name in ids]
        return Results(list(ids), self.scores[keep], self.labels[keep], self.class_names, self.meta,
                       logits=None if self.logits is None else self.logits[keep])

    def summary(self) -> dict[str, float]:
        """``n``, ``top1``, ``top5``, ``mean_class`` in [0, 1], and the same of every subset as ``<subset>/top1``."""
        known = self.labels >= 0
        out: dict[str, float] = {'n': float(known.sum())}
        if known.any():
            scores, labels = self.scores[known], self.labels[known]
            out.update(top1=top_k_accuracy(scores, labels), top5=top_k_accuracy(scores, labels, 5),
                       mean_class=mean_class_accuracy(scores, labels))
        for name, ids in self.subsets.items():
            part = self.only(set(ids))
            if part.ids:
                out.update({f'{name}/{k}': v for k, v in part.summary().items()})
        return out


def save_results(path: str | Path, results: Results) -> None:
    """Writes JSON, whole or not at all: ``meta``, ``summary``, ``class_names``, ``subsets``, ``clips`` (id -> label,
    prediction, scores and, where known, logits)."""
    names = results.class_names
    clips = {name: dict(label=int(label), prediction=int(score.argmax()), scores=_numbers(score))
             for name, score, label in zip(results.ids, results.scores, results.labels)}
    if results.logits is not None:
        for name, logits in zip(results.ids, results.logits):
            clips[name]['logits'] = _numbers(logits)
    data = dict(meta=results.meta, summary=results.summary(), class_names=names, subsets=results.subsets, clips=clips)
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(data, indent=1) + '\n')


def _numbers(row: np.ndarray) -> list[float]:
    return [float(f'{value:.7g}') for value in row]


def load_results(path: str | Path) -> Results:
    """Reads what :func:`save_results` wrote; older files have no logits.

    Raises:
        ResultsError: If the file is not a results file, or if anything in it is missing or wrong; names file and
            clip.
    """
    try:
        data = json.loads(read_text(path, 'results file'), object_pairs_hook=_once, parse_constant=_no_number)
    except TableError as error:
        raise ResultsError(f'{error}; `mmskel test` writes one') from None
    except (ValueError, RecursionError) as error:
        said = 'it is nested too deeply' if isinstance(error, RecursionError) else str(error)[:200]
        raise ResultsError(f"'{path}' is not a results file: {said}; `mmskel test` writes one") from None
    try:
        return _results(data)
    except ResultsError as error:
        raise ResultsError(f"'{path}' is not a results file: {error}; `mmskel test` writes one") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ResultsError(f"'{next(name for name in names if names.count(name) > 1)}' occurs twice")
    return found


_TEXTS = ('config', 'checkpoint', 'stream', 'member', 'head', 'split', 'score', 'ann_file')  # of meta


def _no_number(text: str) -> None:
    raise ResultsError(f'it holds {text}, which is not a number')


def _results(data: Any) -> Results:
    """The content of a results file, with every part checked."""
    missing = [key for key in ('clips', 'class_names') if not isinstance(data, Mapping) or key not in data]
    if missing:
        raise ResultsError(f'it has no {" and no ".join(missing)}')
    clips, names = data['clips'], data['class_names']
    meta, subsets = data.get('meta') or {}, data.get('subsets') or {}
    if not _is_text(names) or not isinstance(clips, Mapping) or not isinstance(meta, Mapping) \
            or not isinstance(subsets, Mapping) or not all(map(_is_text, subsets.values())) \
            or not _is_text(meta.get('notes') or []):
        raise ResultsError("expected 'class_names' to be a list of names, 'clips' and 'meta' dictionaries, and "
                           "'subsets' a dictionary of lists of clip ids; notes are texts")
    odd = [key for key in _TEXTS if not isinstance(meta.get(key) or '', str)]
    if odd or not isinstance(meta.get('epoch') or 0, int) or not isinstance(meta.get('seed') or 0, int):
        raise ResultsError(f"its meta gives {odd[0] if odd else 'epoch or seed'} in a form that `mmskel test` does not "
                           'write; names are texts, epoch and seed whole numbers')
    with_logits = [name for name, clip in clips.items() if isinstance(clip, Mapping) and 'logits' in clip]
    if with_logits and len(with_logits) < len(clips):
        raise ResultsError(f"{len(with_logits)} of {len(clips)} clips have logits, e.g. '{with_logits[0]}'; expected "
                           'all or none')
    for name, clip in clips.items():
        if not isinstance(clip, Mapping) or not isinstance(clip.get('label'), int) or not -1 <= clip['label'] < 2**31:
            raise ResultsError(f"clip '{name}' has no label that is a class index")
        for key in ('scores', 'logits')[:2 if with_logits else 1]:
            row = clip.get(key)
            if not isinstance(row, list) or len(row) != len(names) or any(
                    isinstance(one, bool) or not isinstance(one, (int, float)) or not abs(one) < 1e30 for one in row):
                raise ResultsError(f"clip '{name}': expected {len(names)} {key}, one number per class")

    def rows(key: str) -> np.ndarray:
        return np.array([clip[key] for clip in clips.values()], np.float32).reshape(len(clips), len(names))

    return Results(list(clips), rows('scores'), np.array([clip['label'] for clip in clips.values()], np.int64), names,
                   dict(meta), dict(subsets), rows('logits') if with_logits else None)


def _is_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
