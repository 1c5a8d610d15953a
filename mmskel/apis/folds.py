"""Cross-validation: a training per fold of a protocol, and one report of all of them.

A fold is a split of the annotation file whose name is the protocol's with a number: ``loseqo01_train`` and
``loseqo01_test`` of the protocol ``loseqo``.
"""
from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmskel.configuration import ConfigError
from mmskel.data.store import open_store
from mmskel.evaluation import Results, save_results
from mmskel.files.atomic import atomic_path


def folds_of(file: str | Path, split: str) -> list[str]:
    """The folds of a protocol, in the order of their numbers.

    Args:
        file: Annotation file.
        split: Protocol, e.g. ``'loseqo'`` (UT-Kinect), ``'fold'`` (SBU, HDM05), ``'set2'`` (SYSU-3D).

    Returns:
        Names such as ``'loseqo01'``; [] if the protocol has no folds.
    """
    pattern = re.compile(rf'({re.escape(split)}_?(\d+))_train')
    found = {match[1]: int(match[2]) for name in open_store(file).split if (match := pattern.fullmatch(name))}
    return sorted(found, key=found.get)


def checked_folds(file: str | Path, split: str | None) -> list[str]:
    """As :func:`folds_of`.

    Raises:
        ConfigError: No protocol, or one with fewer than two folds; lists those that have.
    """
    folds = folds_of(file, split) if split else []
    if len(folds) < 2:
        names = (re.fullmatch(r'(\D\w*?)_?\d+_train', name) for name in open_store(file).split)
        known = sorted({match[1] for match in names if match})
        raise ConfigError(f"'{file}' has no folds of split {split!r}; splits with folds: {', '.join(known) or 'none'}")
    return folds


def summarise(results: Mapping[str, Results]) -> dict[str, Any]:
    """Accuracies over folds.

    Args:
        results: Fold -> results of its test.

    Returns:
        ``folds`` (fold -> top-1), ``mean`` and ``std`` (of the folds as they are, n in the denominator), and
        ``clips``: top-1 of all tested clips together.
    """
    top1 = {fold: float(one.summary()['top1']) for fold, one in results.items()}
    values, sizes = np.array(list(top1.values())), np.array([len(one.ids) for one in results.values()])
    return dict(folds=top1, mean=float(values.mean()), std=float(values.std()),
                clips=float((values * sizes).sum() / sizes.sum()))


def pooled(results: Sequence[Results]) -> Results | None:
    """The results of all folds as one; None where folds test the same clips."""
    ids = sum((one.ids for one in results), [])
    if len(set(ids)) < len(ids):
        return None
    first = results[0]
    logits = None if any(one.logits is None for one in results) else np.concatenate([one.logits for one in results])
    meta = dict(first.meta, split='all folds', checkpoint='', notes=[
        f'The clips of {len(results)} folds, each tested by the network that was trained without it.'])
    return Results(ids, np.concatenate([one.scores for one in results]),
                   np.concatenate([one.labels for one in results]), first.class_names, meta, {}, logits)


def write_folds(found: Mapping[str, Mapping[str, Results]], folder: str | Path,
                annotation_file: str | Path) -> dict[str, dict[str, Any]]:
    """Writes the report of a cross-validation: ``folds.json``, and results and page of all clips together.

    Args:
        found: Network (a stream, ``'fused'``, or ``''`` for one alone) -> fold -> results.
        folder: Where to; results of several networks go into a folder each.
        annotation_file: What was tested on.

    Returns:
        Network -> :func:`summarise`.
    """
    from mmskel.visualization.report import write_report
    said = {}
    for name, results in found.items():
        said[name], place = summarise(results), Path(folder) / name
        together = pooled(list(results.values()))
        if together is not None:
            place.mkdir(parents=True, exist_ok=True)
            save_results(place / 'results.json', together)
            write_report(together, place, annotation_file=annotation_file, title=f'{len(results)} folds {name}'.strip())
    Path(folder).mkdir(parents=True, exist_ok=True)
    with atomic_path(Path(folder) / 'folds.json') as temporary:
        temporary.write_text(json.dumps(said, indent=1), encoding='utf-8')
    return said


def describe_folds(said: Mapping[str, Mapping[str, Any]]) -> str:
    """The accuracies over folds, a line per network."""
    return '\n'.join(f'{name or "top-1":>18}: mean {100 * one["mean"]:6.2f} %   standard deviation '
                     f'{100 * one["std"]:5.2f} %   of {len(one["folds"])} folds; {100 * one["clips"]:6.2f} % of all '
                     'clips' for name, one in said.items())
