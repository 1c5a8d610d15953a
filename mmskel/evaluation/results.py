"""Predictions by clip id, never by position."""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmskel.data.atomic import atomic_path
from mmskel.evaluation.metrics import mean_class_accuracy, top_k_accuracy


@dataclass
class Results:
    """What a model said about n clips of K classes.

    Args:
        ids: n clip ids.
        scores: (n, K) float32; probabilities or logits, ``meta['score']`` says which.
        labels: (n,) true classes; -1 where unknown.
        class_names: K names.
        meta: Where the numbers come from: ``config``, ``checkpoint``, ``split``, ``score``, ``seed``, ...
        subsets: Name -> clip ids of part of the clips, reported on its own (e.g. N-UCLA's ``clean``).
    """
    ids: list[str]
    scores: np.ndarray
    labels: np.ndarray
    class_names: list[str]
    meta: dict[str, Any] = field(default_factory=dict)
    subsets: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self):
        self.scores, self.labels = np.asarray(self.scores, np.float32), np.asarray(self.labels, np.int64)
        if self.scores.ndim != 2 or len(self.ids) != len(self.scores) or len(self.ids) != len(self.labels):
            raise ValueError(f'{len(self.ids)} ids, scores {self.scores.shape} and {len(self.labels)} labels do not '
                             'belong together; expected n ids, (n, K) scores, n labels')
        if len(set(self.ids)) != len(self.ids):
            raise ValueError('clip ids occur twice; results are kept by id')
        if len(self.class_names) != self.scores.shape[1]:
            raise ValueError(f'{len(self.class_names)} class names for {self.scores.shape[1]} classes')

    def only(self, ids: set[str]) -> Results:
        """The results of some clips, in the same order."""
        keep = [i for i, name in enumerate(self.ids) if name in ids]
        return Results([self.ids[i] for i in keep], self.scores[keep], self.labels[keep], self.class_names, self.meta)

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
    prediction, scores)."""
    names = results.class_names
    clips = {name: dict(label=int(label), prediction=int(score.argmax()), scores=[float(f'{s:.7g}') for s in score])
             for name, score, label in zip(results.ids, results.scores, results.labels)}
    data = dict(meta=results.meta, summary=results.summary(), class_names=names, subsets=results.subsets, clips=clips)
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(data, indent=1) + '\n')


def load_results(path: str | Path) -> Results:
    """Reads what :func:`save_results` wrote.

    Raises:
        ValueError: If the file is no results file; names it and what is missing.
    """
    try:
        data = json.loads(Path(path).read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"'{path}' is no results file: {error}; `mmskel test` writes one") from None
    lost = [k for k in ('clips', 'class_names') if not isinstance(data, Mapping) or k not in data]
    if lost:
        raise ValueError(f"'{path}' is no results file: it has no {' and no '.join(lost)}; `mmskel test` writes one")
    clips = data['clips']
    return Results(list(clips), np.array([c['scores'] for c in clips.values()], np.float32).reshape(len(clips), -1),
                   np.array([c['label'] for c in clips.values()], np.int64), data['class_names'],
                   data.get('meta', {}), data.get('subsets', {}))
