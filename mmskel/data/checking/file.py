"""Checks an annotation file and says in words what is wrong: in clips, between clips, between splits.

``report.exit_code`` is 1 if there is any error, and clips shared between training and test are errors; warnings
alone give 0.
"""
from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
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
from mmskel.files.errors import UserError
from mmskel.skeleton import Clip, ClipError, clip_id

_SUBJECT = re.compile(r'a\d\d_s(\d\d)(?=_|$)|S\d{3}C\d{3}P(\d{3})')
_NUM_EXAMPLES = 8


def check_file(path: str | Path, max_jump: float | None = None) -> CheckReport:
    """Checks an annotation file of ours, PYSKL or MMAction2; continues after every problem.

    Args:
        path: Path of the file.
        max_jump: Largest distance a joint may move between two frames, in the file's unit. Default: 1 metre, or a
            quarter of the image's diagonal.

    Raises:
        FileNotFoundError: If there is no such file. Everything else that is wrong is in the report.

    Example:
        >>> report = check_file('data/mine.pkl')  # doctest: +SKIP
        >>> report.verdict, report.exit_code  # doctest: +SKIP
        ('0 errors, 2 warnings', 0)
    """
    report = CheckReport(str(path))
    try:
        data = load_annotation_pickle(path)
    except UserError as error:
        report.problems.append(Problem(ERROR, 'file', str(error)))
        return report
    _Check(report, data).run(max_jump)
    report.problems.sort(key=lambda p: p.severity != ERROR)
    return report


class _Check:
    """One pass over the content of a file, which fills a report."""

    def __init__(self, report: CheckReport, data: Any):
        self.report = report
        other = foreign_value(data)
        data = dict(annotations=data) if isinstance(data, list) and not other else data
        data = data if isinstance(data, dict) else {}
        annotations = data.get('annotations')
        if not isinstance(annotations, list) or not annotations:
            found = 'something else' if other else type(annotations).__name__
            self.add(ERROR, 'file', f'no clips: expected a list of annotations, found {found}. {other}'.strip(' .'))
        self.annotations = annotations if isinstance(annotations, list) else []
        self.split, self.meta, wrong = split_and_meta(data)
        for what in wrong:
            self.add(ERROR, 'split' if what.startswith('split') else 'file', what)
        self.cases: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.items: dict[str, dict[str, Any]] = {}

    def add(self, severity: str, kind: str, message: str, details: Iterable[tuple[str, str]] = ()) -> None:
        self.report.problems.append(Problem(severity, kind, message, tuple(details)))

    def run(self, max_jump: float | None) -> None:
        self.report.class_names = list(self.meta.get('class_names', ()))
        for place, item in enumerate(self.annotations):
            try:
                name = clip_id(item)
            except ClipError as error:
                self.cases['annotation'].append((f'annotation {place}', str(error)))
                continue
            if name in self.items:
                self.cases['duplicate id'].append((name, f'again as annotation {place}'))
            else:
                self.items[name] = item
        layout = AnnotationFile(list(self.items.values()), meta=self.meta).layout
        num_classes = len(self.report.class_names) or None
        for name, item in self.items.items():
            for kind, detail in findings(item, layout, num_classes, max_jump):
                self.cases[kind].append((name, detail))
        labelled = {name: int(item['label']) for name, item in self.items.items()
                    if isinstance(item.get('label'), (int, np.integer)) and not isinstance(item['label'], bool)}
        if labelled:
            self.cases['no label'] += [(n, 'no label') for n, item in self.items.items() if item.get('label') is None]
        for kind, cases in self.cases.items():
            if cases:
                severity, what, advice = KINDS[kind]
                self.add(severity, kind, f'{_sentence(what)}: {len({clip for clip, _ in cases})} of '
                                         f'{len(self.annotations)} clips. {_sentence(advice)}', cases)
        self._check_splits(labelled)
        self._count(labelled)
        self._check_shared(labelled)
        self._check_joints(layout)
        self._describe(layout)

    def _check_splits(self, labels: dict[str, int]) -> None:
        for name, members in self.split.items():
            missing = [i for i in members if i not in self.items]
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
        outside = [i for i in self.items if i not in inside]
        if self.split and outside:
            self.add(WARNING, 'no split', f'{len(outside)} of {len(self.items)} clips are in no split',
                     [(i, 'in no split') for i in outside])

    def _count(self, labels: dict[str, int]) -> None:
        subjects = {name: subject for name, item in self.items.items()
                    if (subject := subject_of(name, item)) is not None}
        for name, members in {ALL: list(self.items), **self.split}.items():
            self.report.class_counts[name] = dict(sorted(Counter(labels[i] for i in members if i in labels).items()))
            if subjects:
                self.report.subject_counts[name] = dict(Counter(subjects[i] for i in members if i in subjects))
        self.report.problems += class_findings(self.report.class_counts, self.report.class_names,
                                               self.report.class_name)

    def _check_joints(self, layout: str) -> None:
        joints = JointStatistics(layout)
        for item in self.items.values():
            try:
                joints.add(Clip.from_annotation(item, layout=layout))
            except ClipError:
                continue  # reported already
        self.report.problems += joints.problems()

    def _check_shared(self, labels: dict[str, int]) -> None:
        index, ids = PoseIndex(), list(self.items)
        arrays = [usable_keypoint(self.items[name]) for name in ids]
        totals = [0 if a is None else index.add(place, a) for place, a in enumerate(arrays)]
        shared = index.shared()
        same = {(a, b): arrays[a].shape == arrays[b].shape and bool((arrays[a] == arrays[b]).all())
                for a, b in shared.pairs}
        overlaps = find_overlaps(shared, ids, [labels.get(i) for i in ids], totals, same)
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

    def _describe(self, layout: str) -> None:
        report, persons, coords, units, seen = self.report, [], set(), set(), set()
        for item in self.items.values():
            keypoint = usable_keypoint(item)
            if keypoint is None:
                continue
            report.lengths.append(keypoint.shape[1])
            persons.append(keypoint.shape[0])
            coords.add(keypoint.shape[3])
            units.add(unit_of(item))
            if len(report.examples) < _NUM_EXAMPLES and str(item.get('label')) not in seen:
                try:
                    report.examples.append(Clip.from_annotation(item, layout=layout).check())
                    seen.add(str(item.get('label')))
                except ClipError:
                    continue  # its problems are already in the report
        if not persons:
            return
        lengths = np.array(report.lengths)
        report.facts = dict(
            clips=f'{len(lengths)} with {lengths.sum()} frames',
            frames=f'{lengths.min()} to {lengths.max()}, median {np.median(lengths):g}, mean {lengths.mean():.1f}',
            classes=str(len(report.labels())), splits=str(len(self.split)), layout=layout or 'unknown',
            persons=f'{min(persons)} to {max(persons)}' if min(persons) != max(persons) else str(max(persons)),
            coordinates=f'{" and ".join(map(str, sorted(coords)))}, {" and ".join(sorted(units))}')
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
