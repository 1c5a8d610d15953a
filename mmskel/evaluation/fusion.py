"""Fusion of the scores of several models, or of several streams of one. Scores are joined by clip id, never by
position.

Symbols: S results (one per stream), n clips, K classes. A rule turns every result into (n, K) terms; their weighted
mean is the fused score.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from mmskel.evaluation.results import Results
from mmskel.files.errors import UserError

_TINY = 1e-12  # lower bound of a probability, so that one stream's zero does not veto all others


class FusionError(UserError):
    """Results that do not belong together, or weights that do not fit them."""


@dataclass(frozen=True)
class Preset:
    """A published way of fusing.

    Args:
        rule: One of :data:`RULES`.
        weights: Stream -> weight, one table per set of streams that was published; none: any results, equal weights.
        source: Publication it is from.
    """
    rule: str
    weights: tuple[Mapping[str, float], ...]
    source: str


PRESETS = {
    'pyskl': Preset('softmax', (dict(joint=2, bone=2, joint_motion=1, bone_motion=1), dict(joint=1, bone=1)),
                    'PYSKL (H. Duan et al., 2022), arXiv 2205.09443'),
    'ctrgcn': Preset('logits', (dict(joint=.6, bone=.6, joint_motion=.4, bone_motion=.4), dict(joint=1, bone=1)),
                     'CTR-GCN (Y. Chen et al., ICCV 2021), arXiv 2107.12213'),
    'hdgcn': Preset('l2norm', (), 'HD-GCN (J. Lee et al., ICCV 2023), arXiv 2208.10741'),
}


def _logits(results: Results, name: str) -> np.ndarray:
    if results.logits is None:
        raise FusionError(f'{name} holds no logits, which this rule needs: test its checkpoint again (`mmskel test`), '
                          "or use the rule 'softmax' or 'product'")
    return results.logits.astype(np.float64)


def _unit_logits(results: Results, name: str) -> np.ndarray:
    logits = _logits(results, name)
    return logits / np.maximum(np.linalg.norm(logits, axis=1, keepdims=True), _TINY)


def _probabilities(results: Results, name: str) -> np.ndarray:
    scores = results.scores.astype(np.float64)
    if (scores < 0).any() or not np.allclose(scores.sum(1), 1, atol=1e-3):
        raise FusionError(f'the scores of {name} are not probabilities (not negative, sum 1); test its checkpoint '
                          'again with `mmskel test`')
    return scores


def _log_probabilities(results: Results, name: str) -> np.ndarray:
    return np.log(np.maximum(_probabilities(results, name), _TINY))


RULES: dict[str, Callable[[Results, str], np.ndarray]] = {
    'logits': _logits, 'softmax': _probabilities, 'l2norm': _unit_logits, 'product': _log_probabilities}

# meaning of the fused scores
_SCORE = dict(logits='softmax of the weighted mean of logits', softmax='probability',
              l2norm='softmax of the weighted mean of logits of length 1',
              product='weighted geometric mean of probabilities, made to sum to 1')


def preset_weights(preset: str, streams: Sequence[str]) -> list[float]:
    """The published weights of these streams, in their order.

    Args:
        preset: A name in :data:`PRESETS`.
        streams: Stream of each result.

    Raises:
        FusionError: Unknown preset; a stream that is missing, occurs twice or has no published weight.
    """
    if preset not in PRESETS:
        raise FusionError(f"unknown preset '{preset}'; known: {', '.join(PRESETS)}")
    tables = PRESETS[preset].weights
    if not tables:
        return [1.0] * len(streams)
    for table in tables:
        if sorted(table) == sorted(streams):
            return [float(table[stream]) for stream in streams]
    nearest = min(tables, key=lambda table: len(set(table) ^ set(streams)))
    wrong = [f"'{s}' is missing" for s in nearest if s not in streams]
    wrong += [f"'{s}' occurs twice" for s in dict.fromkeys(streams) if list(streams).count(s) > 1]
    wrong += [f"'{s}' is none of them" for s in dict.fromkeys(streams) if s not in nearest]
    known = ', or '.join(' '.join(table) for table in tables)
    raise FusionError(f"the preset '{preset}' has weights for {known}: {'; '.join(wrong)}. Give a rule and weights")


def joined(results: Sequence[Results], names: Sequence[str]) -> list[Results]:
    """The same results, all in the order of the first one's clips.

    Args:
        results: Results to fuse, at least two.
        names: Names of the results in messages, e.g. their files.

    Raises:
        FusionError: If they differ in clips, true labels or classes; names the first difference.
    """
    if len(results) < 2:
        raise FusionError(f'fusion needs at least two results, not {len(results)}')
    first, out = results[0], []
    for other, name in zip(results, names):
        check_classes(first, other, names[0], name)
        missing, more = ([c for c in a.ids if c not in b]
                         for a, b in ((first, set(other.ids)), (other, set(first.ids))))
        if missing or more:
            said = [f'{len(clips)} clips are only in {where}, e.g. {clips[0]}'
                    for clips, where in ((missing, names[0]), (more, name)) if clips]
            raise FusionError(f'{names[0]} and {name} are not for the same clips: {"; ".join(said)}')
        out.append(other.in_order(first.ids))
        differ = np.flatnonzero(out[-1].labels != first.labels)
        if len(differ):
            i = differ[0]
            raise FusionError(f"clip '{first.ids[i]}' has label {first.labels[i]} in {names[0]} and "
                              f'{out[-1].labels[i]} in {name}; they were tested on different annotation files')
    return out


def check_classes(first: Results, other: Results, first_name: str, other_name: str) -> None:
    """Raises FusionError if two results have different classes."""
    if len(first.class_names) != len(other.class_names):
        raise FusionError(f'{first_name} has {len(first.class_names)} classes, {other_name} has '
                          f'{len(other.class_names)}; they are of different data sets')
    for k, (a, b) in enumerate(zip(first.class_names, other.class_names)):
        if a != b:
            raise FusionError(f"class {k} is '{a}' in {first_name} and '{b}' in {other_name}")


def terms(results: Sequence[Results], rule: str, names: Sequence[str]) -> np.ndarray:
    """The terms that a rule sums: (S, n, K) float64.

    Raises:
        FusionError: Unknown rule, or a result that lacks what the rule needs.
    """
    if rule not in RULES:
        raise FusionError(f"unknown rule '{rule}'; known: {', '.join(RULES)}")
    return np.stack([RULES[rule](result, name) for result, name in zip(results, names)])


def checked_weights(weights: Sequence[float] | None, count: int) -> list[float]:
    """One weight per result; equal ones for None.

    Raises:
        FusionError: Not ``count`` of them, a negative one, or nothing but zeros.
    """
    weights = [1.0] * count if weights is None else [float(weight) for weight in weights]
    if len(weights) != count:
        raise FusionError(f'{len(weights)} weights for {count} results; give one for each')
    if not all(0 <= weight < np.inf for weight in weights) or not sum(weights):
        raise FusionError(f'weights must be non-negative and not all 0; given: {" ".join(f"{w:g}" for w in weights)}')
    return weights


def stream_of(results: Results) -> str:
    """The stream of a result, by its meta; '' if it does not say."""
    return results.meta.get('stream') or results.meta.get('member') or ''


def fuse(results: Sequence[Results], rule: str | None = None, weights: Sequence[float] | None = None, *,
         preset: str | None = None, names: Sequence[str] | None = None) -> Results:
    """The fused results, in the order of the first one's clips.

    The rules, per clip, w the weights:

    * ``'softmax'`` (default): mean of w * probabilities.
    * ``'logits'``: mean of w * logits.
    * ``'l2norm'``: mean of w * logits / (the L2 norm of the clip's logits).
    * ``'product'``: product of probabilities ** w.

    The fused ``scores`` sum to 1: with ``'softmax'`` they are probabilities, with the others a softmax of the weighted
    mean, which has the rule's order; ``meta['score']`` says so.

    Args:
        results: S results of the same clips, in any order.
        rule: One of :data:`RULES`.
        weights: S numbers; default: equal.
        preset: A published rule with its weights, instead of both; see :data:`PRESETS`.
        names: Names of the results in messages, e.g. their files.

    Returns:
        Results with ``rule``, ``weights``, ``preset`` and ``members`` in its meta.

    Raises:
        FusionError: Results that do not belong together, or a rule or weights that do not fit them.

    Example:
        >>> import numpy as np
        >>> from mmskel.evaluation import Results
        >>> labels, classes = np.array([0, 1]), ['wave', 'kick']
        >>> joint = Results(['a', 'b'], np.array([[.9, .1], [.6, .4]]), labels, classes)
        >>> bone = Results(['b', 'a'], np.array([[.1, .9], [.7, .3]]), labels[::-1], classes)  # another order of clips
        >>> fused = fuse([joint, bone], weights=[2, 1])
        >>> fused.ids, fused.scores.argmax(1).tolist(), fused.summary()['top1']
        (['a', 'b'], [0, 1], 1.0)
    """
    names = list(names or (f'result {i}' for i in range(1, len(results) + 1)))
    if preset is not None:
        if rule is not None or weights is not None:
            raise FusionError('a preset includes its rule and weights; give either the preset or rule and weights')
        weights = preset_weights(preset, [stream_of(result) for result in results])
        rule = PRESETS[preset].rule
    rule, weights = rule or 'softmax', checked_weights(weights, len(results))
    members, first = joined(results, names), results[0]
    mean = np.tensordot(np.array(weights) / sum(weights), terms(members, rule, names), 1)
    subsets = {name: ids for name, ids in first.subsets.items()
               if all(set(other.subsets.get(name, ())) == set(ids) for other in results)}
    for member in members:
        member.subsets = subsets
    meta = dict(_common(members), rule=rule, weights=weights, preset=preset or '', score=_SCORE[rule],
                notes=list(dict.fromkeys(note for member in members for note in member.meta.get('notes', ()))),
                members=[_facts(*one) for one in zip(members, names, weights)])
    return Results(list(first.ids), mean if rule == 'softmax' else softmax(mean), first.labels, first.class_names, meta,
                   subsets)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Softmax over the last axis."""
    return special.softmax(scores, -1)


def _common(members: Sequence[Results]) -> dict[str, Any]:
    """The entries on which all members' meta agree; of configs, all."""
    first = members[0].meta
    meta = {key: first[key] for key in ('split', 'ann_file', 'layout', 'model', 'seed')
            if key in first and all(member.meta.get(key) == first[key] for member in members)}
    configs = list(dict.fromkeys(str(member.meta.get('config', '')) for member in members))
    return dict(config=configs[0] if len(configs) == 1 else configs, **meta)


def _facts(member: Results, name: str, weight: float) -> dict[str, Any]:
    """The entry of a member in the fused meta: its origin, its weight, its own accuracy on the same clips."""
    meta = member.meta
    facts = {key: meta[key] for key in ('config', 'stream', 'member', 'checkpoint', 'epoch', 'seed', 'split')
             if meta.get(key) not in (None, '')}
    own = {key: value for key, value in member.summary().items() if key.rpartition('/')[2] == 'top1'}
    return dict(facts, file=name, weight=weight, **own)
