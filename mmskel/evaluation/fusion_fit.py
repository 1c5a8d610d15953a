"""Fitted weights of a fusion: fitted on some clips and reported on others, so that the accuracy is meaningful.

Symbols: S results (one per stream), n clips, K classes.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmskel.evaluation.fusion import FusionError, check_classes, fuse, joined, softmax, stream_of, terms
from mmskel.evaluation.metrics import top_k_accuracy
from mmskel.evaluation.results import Results

_STEPS = 20  # of the grid from 0 to 1
_MOST_SWEEPS = 50


def fit_weights(results: Sequence[Results], rule: str = 'softmax', names: Sequence[str] | None = None) -> list[float]:
    """The weights with the highest top-1 on these clips, and among those the ones with the lowest cross-entropy.

    Starting from equal weights, one weight after another is searched over a grid until none changes.
    Nothing is random.

    Args:
        results: S results of the same clips; clips without a label are left out.
        rule: One of :data:`~mmskel.evaluation.fusion.RULES`.
        names: Names of the results in messages.

    Returns:
        S weights, the largest of which is 1.

    Raises:
        FusionError: Results that do not belong together; no clip with a label.
    """
    names = list(names or (f'result {i}' for i in range(1, len(results) + 1)))
    members = joined(results, names)
    known = members[0].labels >= 0
    if not known.any():
        raise FusionError(f'weights cannot be fitted: no clip of {names[0]} has a label')
    parts, labels = terms(members, rule, names)[:, known], members[0].labels[known]
    weights = np.ones(len(parts))
    best = _quality(np.tensordot(weights, parts, 1), weights.sum(), labels, rule)
    for _ in range(_MOST_SWEEPS):
        before = weights.copy()
        for s in range(len(parts)):
            others = np.tensordot(np.delete(weights, s), np.delete(parts, s, 0), 1)
            rest = weights.sum() - weights[s]
            for weight in np.arange(0 if rest else 1, _STEPS + 1) / _STEPS:
                if rest + weight == 0:
                    continue
                found = _quality(others + weight * parts[s], rest + weight, labels, rule)
                if found > best:
                    best, weights[s] = found, weight
        if (weights == before).all():
            break
    return [float(w) for w in np.round(weights / weights.max(), 4)]


def _quality(total: np.ndarray, weight: float, labels: np.ndarray, rule: str) -> tuple[float, float]:
    """(top-1, minus the cross-entropy) of (n, K) terms' sum; rounded, so that no last bit decides."""
    mean = total / weight
    probability = (mean if rule == 'softmax' else softmax(mean))[np.arange(len(labels)), labels]
    return top_k_accuracy(mean, labels), round(float(np.log(np.maximum(probability, 1e-12)).mean()), 9)


def fuse_fitted(results: Sequence[Results], fit_on: str, rule: str | None = None,
                names: Sequence[str] | None = None) -> Results:
    """Fits the weights on some clips and fuses the others; the clips used for fitting are not in the result.

    Args:
        results: Either S results that have ``fit_on`` among their subsets: its clips are used for fitting, the rest are
            fused. Or 2 S results, half of them tested on the split ``fit_on``: those are fitted, the other half is
            fused; which two belong together is decided by config, stream and checkpoint.
        fit_on: A subset, or a split (``meta['split']``).
        rule: One of :data:`~mmskel.evaluation.fusion.RULES`; default ``'softmax'``.
        names: Names of the results in messages, e.g. their files.

    Returns:
        As :func:`~mmskel.evaluation.fusion.fuse`; ``meta['fit']`` says on what the weights were fitted.

    Raises:
        FusionError: No such subset or split; nothing left to report; a clip on both sides.
    """
    names = list(names or (f'result {i}' for i in range(1, len(results) + 1)))
    rule = rule or 'softmax'
    of_split = [i for i, result in enumerate(results) if result.meta.get('split') == fit_on]
    if of_split:
        rest = [i for i in range(len(results)) if i not in of_split]
        fitted, reported, names = _by_split(results, of_split, rest, fit_on, names)
    else:
        fitted, reported = _by_subset(results, fit_on, names)
    weights = fit_weights(fitted, rule, names)
    fused = fuse(reported, rule, weights, names=names)
    on, of = len(fitted[0].ids), len(fused.ids)
    fused.meta['fit'] = dict(on=fit_on, clips=on, top1=fuse(fitted, rule, weights, names=names).summary()['top1'])
    fused.meta['notes'].insert(0, f"The weights were fitted on the {on} clips of '{fit_on}'; all accuracies here are "
                                  f'of the other {of} clips.')
    return fused


def _by_subset(results: Sequence[Results], fit_on: str, names: Sequence[str]) -> tuple[list[Results], list[Results]]:
    """The clips of a subset, and the others, of every result."""
    for result, name in zip(results, names):
        if fit_on not in result.subsets:
            split = result.meta.get('split')
            raise FusionError(f"{name} has no subset '{fit_on}' to fit on and is not of a split of that name; its "
                              f'split: {split or "not said"}, its subsets: {", ".join(result.subsets) or "none"}')
    chosen = set(results[0].subsets[fit_on])
    for result, name in zip(results, names):
        if set(result.subsets[fit_on]) != chosen:
            raise FusionError(f"the subset '{fit_on}' is not the same in {names[0]} and {name}")
    left = [c for c in results[0].ids if c not in chosen]
    if not left or len(left) == len(results[0].ids):
        raise FusionError(f"the subset '{fit_on}' is {'all' if not left else 'none'} of the clips of {names[0]}; the "
                          'weights are fitted on one part and reported on the other')
    reported = [result.only(set(left)) for result in results]
    for part, whole in zip(reported, results):
        kept = {name: [c for c in ids if c not in chosen] for name, ids in whole.subsets.items() if name != fit_on}
        part.subsets = {name: ids for name, ids in kept.items() if ids}
    return [result.only(chosen) for result in results], reported


def _by_split(results: Sequence[Results], of_split: Sequence[int], rest: Sequence[int], fit_on: str,
              names: Sequence[str]) -> tuple[list[Results], list[Results], list[str]]:
    """The results of the split, those to report, in matching order, and the names of the latter."""
    if not rest:
        raise FusionError(f"all files are of the split '{fit_on}'; the weights are fitted on one part and reported on "
                          "another: give the same streams' files of another split, too")
    fitted = []
    for i in rest:
        partners = [j for j in of_split if _identity(results[j]) == _identity(results[i])]
        if len(partners) != 1:
            raise FusionError(f"{len(partners)} files of the split '{fit_on}' belong to {names[i]} "
                              f'({", ".join(filter(None, _identity(results[i])))}); expected one')
        fitted.append(results[partners[0]])
    spare = [names[j] for j in of_split if all(results[j] is not one for one in fitted)]
    if spare:
        raise FusionError(f"{spare[0]} is of the split '{fit_on}', and no other file is of its stream and checkpoint")
    check_classes(results[rest[0]], fitted[0], names[rest[0]], f"the files of '{fit_on}'")
    both = sorted(set(fitted[0].ids) & set(results[rest[0]].ids))
    if both:
        raise FusionError(f"{len(both)} clips, e.g. {both[0]}, would be fitted and reported: '{fit_on}' is not a split "
                          'of its own')
    return fitted, [results[i] for i in rest], [names[i] for i in rest]


def _identity(results: Results) -> tuple[str, str, str]:
    meta = results.meta
    return str(meta.get('config', '')), str(meta.get('member') or stream_of(results)), str(meta.get('checkpoint', ''))
