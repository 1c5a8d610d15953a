"""Checks an annotation file and says in words what is wrong: in clips, between clips, between splits.

``report.exit_code`` is 1 if there is any error, and clips shared between training and test are errors; warnings
alone give 0.
"""
from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmskel.data.annotation_file import AnnotationFile, load_annotation_pickle, split_and_meta
from mmskel.data.checking.classes import class_findings
from mmskel.data.checking.clips import ERROR, KINDS, WARNING, findings, unit_of, usable_keypoint
from mmskel.data.checking.joints import JointStatistics
from mmskel.data.checking.report import ALL, CheckReport, Problem, counted
from mmskel.data.checking.shared_poses import MAX_CLIPS, PoseIndex
from mmskel.data.checking.splits import find_conflicts, find_leaks, find_overlaps, find_repeats, split_families
from mmskel.data.foreign import foreign_value
from mmskel.data.store import is_store, open_store
from mmskel.data.store.columnar import StoredAnnotations
from mmskel.files.errors import UserError
from mmskel.files.progress import progress_bar
from mmskel.skeleton import Clip, ClipError, clip_id

_SUBJECT = re.compile(r'a\d\d_s(\d\d)(?=_|$)|S\d{3}C\d{3}P(\d{3})')
_NUM_EXAMPLES = 8


def check_file(path: str | Path, max_jump: float | None = None, progress: bool = False) -> CheckReport:
    """Checks an annotation file of ours, PYSKL or MMAction2, or a store; continues after every problem.

    The clips of a store are read one by one: memory holds a hash of every pose, and not the poses.

    Args:
        path: Path of the file or store.
        max_jump: Largest distance a joint may move between two frames, in the file's unit. Default: 1 metre, or a
            quarter of the image's diagonal.
        progress: Whether to show a progress bar.

    Raises:
        FileNotFoundError: If there is no such file. Everything else that is wrong is in the report.

    Example:
        >>> report = check_file('data/mine.pkl')  # doctest: +SKIP
        >>> report.verdict, report.exit_code  # doctest: +SKIP
        ('0 errors, 2 warnings', 0)
    """
    report = CheckReport(str(path))
    try:
        data = _stored(path) if is_store(Path(path)) else load_annotation_pickle(path)
    except UserError as error:
        report.problems.append(Problem(ERROR, 'file', str(error)))
        return report
    _Check(report, data).run(max_jump, progress)
    report.problems.sort(key=lambda p: p.severity != ERROR)
    return report


def _stored(path: str | Path) -> dict[str, Any]:
    """A store in the form of an annotation file; its annotations are read when they are looked at."""
    store = open_store(path)
    return dict(annotations=StoredAnnotations(store), split=dict(store.split), meta=dict(store.meta))


class _Check:
    """One pass over the content of a file, which fills a report."""

    def __init__(self, report: CheckReport, data: Any):
        self.report = report
        other = foreign_value(data)
        data = dict(annotations=data) if isinstance(data, list) and not other else data
        data = data if isinstance(data, dict) else {}
        annotations = data.get('annotations')
        if not isinstance(annotations, (list, StoredAnnotations)) or not annotations:
            found = 'something else' if other else type(annotations).__name__
            self.add(ERROR, 'file', f'no clips: expected a list of annotations, found {found}. {other}'.strip(' .'))
        self.annotations = annotations if isinstance(annotations, (list, StoredAnnotations)) else []
        self.split, self.meta, wrong = split_and_meta(data)
        for what in wrong:
            self.add(ERROR, 'split' if what.startswith('split') else 'file', what)
        self.cases: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.places: dict[str, int] = {}  # of the clips that have an id of their own
        self.labels: dict[str, int] = {}
        self.subjects: dict[str, str] = {}
        self.poses, self.num_poses = PoseIndex(), []
        self.persons, self.coords, self.units, self.shown = [], set(), set(), set()

    def add(self, severity: str, kind: str, message: str, details: Iterable[tuple[str, str]] = ()) -> None:
        self.report.problems.append(Problem(severity, kind, message, tuple(details)))

    def run(self, max_jump: float | None, progress: bool) -> None:
        self.report.class_names = list(self.meta.get('class_names', ()))
        layout, joints, unlabelled = None, None, []
        for place, item in enumerate(progress_bar(self._read(), 'check', total=len(self.annotations), wanted=progress)):
            if item is None:
                continue
            try:
                name = clip_id(item)
            except ClipError as error:
                self.cases['annotation'].append((f'annotation {place}', str(error)))
                continue
            if name in self.places:
                self.cases['duplicate id'].append((name, f'again as annotation {place}'))
                continue
            if layout is None:
                layout = AnnotationFile([item], meta=self.meta).layout
                joints = JointStatistics(layout)
            self.places[name] = place
            self._take(name, item, layout, joints, max_jump)
            if item.get('label') is None:
                unlabelled.append((name, 'no label'))
        if self.labels:
            self.cases['no label'] += unlabelled
        for kind, cases in self.cases.items():
            if cases:
                severity, what, advice = KINDS[kind]
                self.add(severity, kind, f'{_sentence(what)}: {len({clip for clip, _ in cases})} of '
                                         f'{len(self.annotations)} clips. {_sentence(advice)}', cases)
        self._check_splits(self.labels)
        self._count(self.labels)
        self._check_shared(self.labels)
        self.report.problems += joints.problems() if joints else ()
        self._describe(layout)

    def _read(self) -> Iterator[Any]:
        """The annotations; None for one that a store holds, but cannot read."""
        for place in range(len(self.annotations)):
            try:
                yield self.annotations[place]
            except UserError as error:
                self.cases['annotation'].append((f'annotation {place}', str(error)))
                yield None

    def _take(self, name: str, item: dict[str, Any], layout: str, joints: JointStatistics,
              max_jump: float | None) -> None:
        """What a clip says for itself, and what is needed of it to compare it with others."""
        for kind, detail in findings(item, layout, len(self.report.class_names) or None, max_jump):
            self.cases[kind].append((name, detail))
        if isinstance(item.get('label'), (int, np.integer)) and not isinstance(item['label'], bool):
            self.labels[name] = int(item['label'])
        if (subject := subject_of(name, item)) is not None:
            self.subjects[name] = subject
        try:
            clip = Clip.from_annotation(item, layout=layout)
            joints.add(clip)
        except ClipError:
            clip = None  # its problems are already in the report
        keypoint = usable_keypoint(item)
        self.num_poses.append(0 if keypoint is None else self.poses.add(len(self.num_poses), keypoint))
        if keypoint is None:
            return
        self.report.lengths.append(keypoint.shape[1])
        self.persons.append(keypoint.shape[0])
        self.coords.add(keypoint.shape[3])
        self.units.add(unit_of(item))
        if clip is not None and len(self.report.examples) < _NUM_EXAMPLES and str(item.get('label')) not in self.shown \
                and not any(clip.problems()):
            self.report.examples.append(clip)
            self.shown.add(str(item.get('label')))

    def _check_splits(self, labels: dict[str, int]) -> None:
        for name, members in self.split.items():
            missing = [i for i in members if i not in self.places]
            if missing:
                self.add(ERROR, 'split', f"split '{name}' names {len(missing)} of {len(members)} clips that the file "
                         'does not have. Remove them from the split or add the clips',
                         [(i, 'not in the file') for i in missing])
            twice = [i for i, times in Counter(members).items() if times > 1]
            if twice:
                self.add(WARNING, 'split', f"split '{name}' names {len(twice)} clips more than once",
                         [(i, 'named more than once') for i in twice])
        for train, test in split_families(list(self.split)):
            both = sorted(set(self.split[train]) & set(self.split[test]))
            if both:
                self.add(ERROR, 'leak', f"{len(both)} clips are both in '{train}' and in '{test}'",
                         [(i, 'in both') for i in both])
            unseen = sorted({labels[i] for i in self.split[test] if i in labels} -
                            {labels[i] for i in self.split[train] if i in labels})
            if unseen:
                self.add(WARNING, 'unseen class', f"{len(unseen)} classes of '{test}' are not in '{train}'. That is "
                         'intended only in zero-shot work', [('', self.report.class_name(k)) for k in unseen])
        if not self.split and labels:
            self.add(WARNING, 'no splits', 'The file has no splits, so no config of ours can train and test on it; '
                     '`mmskel prepare` writes them from a table, or add a dictionary of clip ids to the file')
        inside = {i for members in self.split.values() for i in members}
        outside = [i for i in self.places if i not in inside]
        if self.split and outside:
            self.add(WARNING, 'no split', f'{len(outside)} of {len(self.places)} clips are in no split',
                     [(i, 'in no split') for i in outside])

    def _count(self, labels: dict[str, int]) -> None:
        subjects = self.subjects
        for name, members in {ALL: list(self.places), **self.split}.items():
            self.report.class_counts[name] = dict(sorted(Counter(labels[i] for i in members if i in labels).items()))
            if subjects:
                self.report.subject_counts[name] = dict(Counter(subjects[i] for i in members if i in subjects))
        self.report.problems += class_findings(self.report.class_counts, self.report.class_names,
                                               self.report.class_name)

    def _check_shared(self, labels: dict[str, int]) -> None:
        ids, shared = list(self.places), self.poses.shared()
        same = {pair: self._are_equal(*(ids[clip] for clip in pair)) for pair in shared.pairs}
        overlaps = find_overlaps(shared, ids, [labels.get(i) for i in ids], self.num_poses, same)
        self.report.leaks = find_leaks(overlaps, self.split)
        self.report.conflicts = find_conflicts(overlaps)
        together = defaultdict(list)
        for leak in self.report.leaks:
            together[leak.overlaps].append(leak)
        for found, leaks in together.items():
            whole = sum(o.identical for o in found)
            also = ''.join(f"; the same holds for '{leak.test}' and '{leak.train}'" for leak in leaks[1:])
            self.add(ERROR, 'leak', f"{len(found)} of {leaks[0].num_test} clips of '{leaks[0].test}' share poses with "
                     f"clips of '{leaks[0].train}'{f', {whole} as whole copies' if whole else ''}{also}. "
                     'Report results without them as well, or take their twins out of training',
                     [(o.clip, str(o)) for o in found])
        for kind, found, what in (
                ('label conflict', self.report.conflicts, 'different labels. A pose or two means overlapping cuts; '
                                                          'more means that one of the labels is wrong'),
                ('repeated poses', find_repeats(overlaps, self.report.leaks), 'the same label, on one side of every '
                                                                              'split. They count twice')):
            if found:
                self.add(WARNING, kind, f'{counted(len(found), "pair")} of clips with shared poses (at most '
                                        f'{found[0].poses}) and {what}', [(o.clip, str(o)) for o in found])
        if shared.widespread:
            self.add(WARNING, 'frozen pose', f'{len(shared.widespread)} poses occur in more than {MAX_CLIPS} clips '
                     'each: a placeholder or a frozen tracker? They were not compared further',
                     [('', f'in {len(c)} clips, e.g. {ids[c[0]]}, {ids[c[1]]}') for c in shared.widespread])

    def _are_equal(self, *names: str) -> bool:
        first, second = (usable_keypoint(self.annotations[self.places[name]]) for name in names)
        return first.shape == second.shape and bool((first == second).all())

    def _describe(self, layout: str | None) -> None:
        report, persons = self.report, self.persons
        if not persons:
            return
        lengths = np.array(report.lengths)
        report.facts = dict(
            clips=f'{len(lengths)} with {lengths.sum()} frames',
            frames=f'{lengths.min()} to {lengths.max()}, median {np.median(lengths):g}, mean {lengths.mean():.1f}',
            classes=str(len(report.labels())), splits=str(len(self.split)), layout=layout or 'unknown',
            persons=f'{min(persons)} to {max(persons)}' if min(persons) != max(persons) else str(max(persons)),
            coordinates=f'{" and ".join(map(str, sorted(self.coords)))}, {" and ".join(sorted(self.units))}')
        if isinstance(self.meta.get('source'), str):
            report.facts['source'] = self.meta['source']
        if isinstance(self.meta.get('skipped'), Mapping) and self.meta['skipped']:
            report.facts['skipped'] = f'{len(self.meta["skipped"])} broken clips, when the file was prepared'


def subject_of(name: str, item: dict[str, Any]) -> str | None:
    """The subject of a clip: from the annotation, else from an id like a01_s02_... or S001C001P003...."""
    if item.get('subject') not in (None, ''):
        return str(item['subject'])
    found = _SUBJECT.match(name)
    return str(int(found[1] or found[2])) if found else None


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
