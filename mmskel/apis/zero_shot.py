"""Train and test zero-shot recognition: what ``mmskel zeroshot`` does."""
from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmskel.data.feature_table import FeatureTable
from mmskel.data.zero_shot_sets import ZeroShotSet
from mmskel.evaluation.results import Results, save_results
from mmskel.evaluation.zero_shot import SMALLEST, GateSearch, evaluate_gate, zero_shot_accuracy
from mmskel.files.atomic import atomic_path
from mmskel.files.devices import device_of
from mmskel.language import ClassEmbeddings
from mmskel.models.zero_shot import Aligner, ZeroShotError, build_aligner, load_aligner, save_aligner

PICKS = ('validated', 'published', 'last')
"""The cycle that is kept: best on validation classes, best on the test clips (as published), or the last."""


@dataclass(frozen=True)
class ZeroShotConfig:
    """What a config of zero-shot recognition says.

    Args:
        model: ``type`` of the aligner and its arguments but the widths, which the data has.
        training: Arguments of its training.
        gate: Candidates of :class:`~mmskel.evaluation.zero_shot.GateSearch`: ``temperatures``, ``thresholds``; both
            rules of applying a threshold are evaluated.
        pick: One of :data:`PICKS`.
        seed: Seed of everything random.
    """
    model: Mapping[str, Any]
    training: Mapping[str, Any] = field(default_factory=dict)
    gate: Mapping[str, Any] = field(default_factory=dict)
    pick: str = 'validated'
    seed: int = 5

    def __post_init__(self):
        if self.pick not in PICKS:
            raise ZeroShotError(f"pick is {', '.join(PICKS)}, not '{self.pick}'")
        unknown = sorted(set(self.gate) - {'temperatures', 'thresholds'})
        if unknown:
            raise ZeroShotError(f"the gate takes temperatures and thresholds, not {', '.join(unknown)}")


@dataclass
class _Run:
    """What every cycle of a training said about the clips."""
    accuracies: list[float] = field(default_factory=list)
    of_unseen: list[np.ndarray] = field(default_factory=list)
    others: list[np.ndarray] = field(default_factory=list)
    states: list[dict] = field(default_factory=list)


def train_zero_shot(data: ZeroShotSet, embeddings: ClassEmbeddings, config: ZeroShotConfig, out: str | Path, *,
                    validation: ZeroShotSet | None = None, device: str = '') -> dict[str, Any]:
    """Trains an aligner and evaluates it on unseen classes alone and on all classes.

    Args:
        data: The experiment.
        embeddings: Text embeddings of all classes, in the order of the class numbers.
        config: Aligner, training, gate.
        out: Folder for ``aligner.pth``, ``zero_shot.json`` and ``results.json`` (the unseen clips, by id).
        validation: The experiment inside the seen classes; without it no cycle is picked on validation classes, and
            seen and unseen classes are not evaluated together.
        device: ``cpu``, ``cuda:0``, ...; a GPU by default, if there is one.

    Returns:
        What ``zero_shot.json`` says; accuracies in [0, 1].

    Raises:
        ZeroShotError: Texts and features that do not belong together.
    """
    labels = max(int(table.labels.max(initial=0)) for table in (data.train, data.of_unseen, data.others))
    if labels >= len(embeddings.names):
        raise ZeroShotError(f'a clip has label {labels}, but there are texts of {len(embeddings.names)} classes')
    device = device_of(device)
    model = dict(config.model, skeleton_channels=data.train.features.shape[1],
                 text_channels=embeddings.vectors.shape[1])
    run = _train(data, embeddings, model, config, device)
    picks = dict(published=int(np.argmax(run.accuracies)), last=len(run.accuracies) - 1)
    trial = _train(validation, embeddings, model, config, device) if validation is not None else None
    if trial is not None:  # of equally good cycles the last: the first ones are hardly trained
        picks['validated'] = len(trial.accuracies) - 1 - int(np.argmax(trial.accuracies[::-1]))
    pick = config.pick if config.pick in picks else 'last'
    notes = [] if pick == config.pick else ['no validation classes: the last cycle was kept']
    notes += ['the cycle was chosen on the test clips: the accuracy is optimistic'] if pick == 'published' else []
    gate = _gate(data, validation, run, trial, picks, config, notes)
    report = dict(
        zsl={name: dict(cycle=cycle, accuracy=run.accuracies[cycle]) for name, cycle in picks.items()},
        chance=1 / len(data.unseen), gzsl=gate, pick=pick, accuracies=run.accuracies,
        validation_accuracies=None if trial is None else trial.accuracies,
        seen=[embeddings.names[k] for k in data.seen], unseen=[embeddings.names[k] for k in data.unseen],
        clips=dict(train=len(data.train), of_unseen=len(data.of_unseen), others=len(data.others)),
        model=model, training=dict(config.training), seed=config.seed, recogniser=data.train.recogniser,
        texts=embeddings.record, notes=notes)
    out, cycle = Path(out), picks[pick]
    aligner = build_aligner(model)
    aligner.load_state_dict(run.states[cycle])
    meta = dict(class_names=list(embeddings.names), unseen=list(data.unseen), cycle=cycle, pick=pick, seed=config.seed,
                recogniser=data.train.recogniser, texts=embeddings.record)
    save_aligner(out / 'aligner.pth', aligner, model, meta, torch.from_numpy(embeddings.vectors))
    _write(out, report, _results(data.of_unseen, run.of_unseen[cycle], data.unseen, embeddings.names, meta))
    return report


def test_zero_shot(aligner: str | Path, clips: FeatureTable, unseen: tuple[int, ...] | None = None,
                   embeddings: ClassEmbeddings | None = None, *, out: str | Path | None = None) -> dict[str, Any]:
    """Tests an aligner on clips of unseen classes.

    Args:
        aligner: The file of a training, or of ``mmskel convert sa_dvae``.
        clips: Clips; only those of the unseen classes are used.
        unseen: Class numbers; by default those of the training.
        embeddings: Text embeddings of all classes; default: those of the training.
        out: Folder for ``zero_shot.json`` and ``results.json``; nothing is written by default.

    Returns:
        ``accuracy`` and ``chance`` in [0, 1], ``clips``, ``unseen``.

    Raises:
        ZeroShotError: Features of another recogniser, embeddings of another encoder, or no clip to test on.
    """
    model, meta, texts = load_aligner(aligner)
    check_recogniser(aligner, meta, clips)
    if embeddings is not None:
        names, texts, record = embeddings.names, torch.from_numpy(embeddings.vectors), embeddings.record
    elif texts is None:
        raise ZeroShotError(f"'{aligner}' holds no class embeddings; give the texts of the classes")
    else:
        names, record = meta['class_names'], meta.get('texts', {})
    unseen = tuple(sorted(unseen if unseen is not None else meta.get('unseen', ())))
    if not unseen:
        raise ZeroShotError(f"'{aligner}' does not say which classes are unseen; give them")
    clips = clips.of_classes(unseen)
    if not len(clips):
        raise ZeroShotError(f'there is no clip of the unseen classes {", ".join(names[k] for k in unseen)}')
    seed = int(meta.get('seed', 5))
    scores = model.scores(torch.from_numpy(clips.features), texts[list(unseen)], seed).numpy()
    report = dict(accuracy=zero_shot_accuracy(scores, clips.labels, unseen), chance=1 / len(unseen), clips=len(clips),
                  unseen=[names[k] for k in unseen], texts=record)
    if out is not None:
        _write(Path(out), report, _results(clips, scores, unseen, names, dict(meta, checkpoint=Path(aligner).name)))
    return report


def check_recogniser(aligner: str | Path, meta: Mapping[str, Any], clips: FeatureTable) -> None:
    """Refuses features of another recogniser than the aligner was trained with, where both say which it was.

    Raises:
        ZeroShotError: Names both.
    """
    known = meta.get('recogniser')
    if known and clips.recogniser and clips.recogniser != known:
        raise ZeroShotError(f"'{aligner}' was trained on features of {known}, these are of {clips.recogniser}; "
                            'features of different recognisers have nothing in common, even of one width')


def describe_zero_shot(report: Mapping[str, Any]) -> str:
    """The figures of a training as readable lines."""
    lines = [f'{"unseen":>12}: {"; ".join(report["unseen"])}   (chance {100 * report["chance"]:.1f} %)']
    said = dict(published='best on the test clips, as published', validated='best on validation classes', last='last')
    for name, one in report['zsl'].items():
        kept = '  <- kept' if name == report['pick'] else ''
        lines.append(f'{"ZSL":>12}: {100 * one["accuracy"]:6.2f} %   cycle {one["cycle"] + 1}, {said[name]}{kept}')
    for one in report['gzsl'] or ():
        lines.append(f'{"GZSL":>12}: H {_percent(one["harmonic"])}, seen {_percent(one["seen"])}, unseen '
                     f'{_percent(one["unseen"])}   cycle {said[one["pick"]]}, {one["rule"]} threshold')
    return '\n'.join(lines + [f'{"note":>12}: {note}' for note in report['notes']])


def _percent(share: float | None) -> str:
    return 'unknown' if share is None else f'{100 * share:.2f} %'


def _train(data: ZeroShotSet, embeddings: ClassEmbeddings, model: Mapping[str, Any], config: ZeroShotConfig,
           device: str) -> _Run:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        aligner: Aligner = build_aligner(model).to(device)
    try:
        training = aligner.training_type(**config.training)
    except TypeError as error:
        raise ZeroShotError(f'training of {type(aligner).__name__}: {error}') from None
    texts = torch.from_numpy(embeddings.vectors).to(device)
    clips = [torch.from_numpy(table.features).to(device) for table in (data.train, data.of_unseen, data.others)]
    labels, run = torch.from_numpy(data.train.labels).to(device), _Run()
    for _ in aligner.training_cycles(clips[0], labels, texts, training, config.seed):
        scorer = aligner.class_scorer(texts[list(data.unseen)], config.seed)
        with torch.no_grad():
            scores = [scorer(one).softmax(1).cpu().numpy() for one in clips[1:]]
        run.accuracies.append(zero_shot_accuracy(scores[0], data.of_unseen.labels, data.unseen))
        run.of_unseen.append(scores[0])
        run.others.append(scores[1])
        run.states.append({key: value.cpu() for key, value in copy.deepcopy(aligner.state_dict()).items()})
    return run


def _gate(data: ZeroShotSet, validation: ZeroShotSet | None, run: _Run, trial: _Run | None, picks: Mapping[str, int],
          config: ZeroShotConfig, notes: list[str]) -> list[dict[str, Any]] | None:
    """Seen and unseen classes together, for the published pick and the validated one, with both thresholds."""
    if validation is None or trial is None:
        notes.append('no validation classes: seen and unseen classes were not evaluated together')
        return None
    tables = data.others, validation.of_unseen, validation.others
    if any(table.logits is None for table in tables):
        notes.append('the features come without scores of the recogniser (logits): seen and unseen classes were not '
                     'evaluated together')
        return None
    if min(len(validation.of_unseen), len(validation.others)) < SMALLEST:
        notes.append(f'fewer than {SMALLEST} validation clips of either kind: seen and unseen classes were not '
                     'evaluated together')
        return None
    if validation.train.recogniser == data.train.recogniser and validation.train.trained_classes is not None and \
            set(validation.unseen) & set(validation.train.trained_classes):
        notes.append('the recogniser was trained on the classes that play the unseen ones in validation: the gate has '
                     'seen it too sure of them')
    top = min(len(data.unseen), len(validation.unseen), *(table.logits.shape[1] for table in tables))
    found = []
    for name, chosen in (('published', int(np.argmax(trial.accuracies))), ('validated', picks['validated'])):
        for consistent in (False, True):
            search = GateSearch(**{**config.gate, 'seed': config.seed, 'consistent': consistent})
            gate = search.run(trial.of_unseen[chosen], validation.of_unseen.logits, trial.others[chosen],
                              validation.others.logits, top)
            result = evaluate_gate(gate, run.others[picks[name]], data.others.logits, data.others.labels, data.unseen,
                                   data.seen)
            accuracies = dict(seen=result.seen, unseen=result.unseen, harmonic=result.harmonic)
            found.append(dict(
                pick=name, rule='consistent' if consistent else 'published', temperature=gate.temperature,
                threshold=gate.threshold, **{k: None if np.isnan(v) else v for k, v in accuracies.items()}))
    return found


def _results(clips: FeatureTable, scores: np.ndarray, unseen: tuple[int, ...], names: list[str] | tuple[str, ...],
             meta: Mapping[str, Any]) -> Results:
    place = {k: column for column, k in enumerate(unseen)}
    return Results(list(clips.ids), scores, np.array([place[k] for k in clips.labels.tolist()]),
                   [names[k] for k in unseen], dict(meta, score='probability'))


def _write(out: Path, report: Mapping[str, Any], results: Results) -> None:
    with atomic_path(out / 'zero_shot.json') as temporary:
        temporary.write_text(json.dumps(report, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')
    save_results(out / 'results.json', results)
